/* multipath.c - see multipath.h. kernel: drivers/md/dm-mpath.c for the table, drivers/md/dm-linear.c for partitions. */
/* SPDX-License-Identifier: MIT */
#include "session/multipath.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "session/access.h"
#include "session/paths.h"
#include "session/units.h"
#include "sys/dm.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sysfs.h"
#include "sys/udev_db.h"

#define PATHS_MAX     512
#define TABLE_BYTES   2048
#define GROUPS_BYTES  2000 /* of these */
#define MAP_PATHS_MAX PLAN_TARGETS_MAX
#define ALUA_MODULE   "module/scsi_dh_alua" /* also where it is built in: it has parameters */
#define MAPPER        "/dev/mapper/"
#define INQUIRY_TPGS  5
#define TPGS          0x30
#define TPGS_EXPLICIT 0x20   /* and not implicit */
#define SAME_BYTES    131072 /* of a disk's begin: its table of partitions, or its file system's superblock */
#define PIECE_BYTES   32768
#define SAME_TRIES    3 /* somebody may be writing there */

/* One unit of one session. */
struct path {
	struct unit unit;
	uint8_t session;
	bool is_up; /* its session can be asked */
	bool done;
	enum access access;
};

/* What a look knows. */
struct look {
	const struct multipath *of;
	int control, count;
	bool named; /* the map that root= names is made */
	struct path paths[PATHS_MAX];
};

/* A map that is to be made, or to get more paths. */
struct map {
	char name[DM_TEXT_MAX], wwid[SCSI_ID_WWID], separator[8]; /* separator: before a partition's number */
	char device[12];                                          /* "dm-0"; "": it is not there yet */
	int count;
	struct {
		char number[PATHS_NUMBER_BYTES];
		enum access access;
	} paths[MAP_PATHS_MAX];
};

/* ---- what there is ---- */

static bool is_wanted(const struct multipath *of, int i)
{
	const struct session *s = &of->sessions[i];

	return s->in_kernel && session_was_up(s) && of->wants[i].mode != MULTIPATH_NO;
}

static void collect_session(struct look *look, int i)
{
	const struct multipath *of = look->of;
	struct unit units[UNITS_MAX];
	int count = units_read(of->sysfs, of->sessions[i].sid, units, UNITS_MAX);

	if (count > UNITS_MAX)
		count = UNITS_MAX;
	if (of->sessions[i].state == SESSION_UP)
		units_ask(of->dev, units, count);
	for (int k = 0; k < count && look->count < PATHS_MAX; k++)
		if (units[k].block[0] && units[k].sectors && units[k].id.kind >= SCSI_ID_T10)
			look->paths[look->count++] = (struct path){
				.unit = units[k],
				.session = (uint8_t)i,
				.is_up = of->sessions[i].state == SESSION_UP,
				.access = access_ask(of->sysfs, of->dev, units[k].block, !units[k].map[0])};
}

static void collect(struct look *look)
{
	for (int i = 0; i < look->of->count; i++)
		if (is_wanted(look->of, i))
			collect_session(look, i);
}

/* ---- which belong together ---- */

/* The same name for a unit counts where it is the same target's, where nobody else can have it, or where the command line says
   so. */
static bool belong_together(const struct multipath *of, const struct path *a, const struct path *b)
{
	return scsi_id_is_same(&a->unit.id, &b->unit.id) &&
	       (of->wants[a->session].target == of->wants[b->session].target || scsi_id_is_unique(&a->unit.id) ||
		(of->wants[a->session].mode == MULTIPATH_YES && of->wants[b->session].mode == MULTIPATH_YES));
}

static bool read_piece(int dev, const char *block, off_t at, uint8_t *out)
{
	int fd = openat(dev, block, O_RDONLY | O_DIRECT | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, out, PIECE_BYTES, at);

	if (fd >= 0)
		close(fd);
	memset(out + (n < 0 ? 0 : n), 0, (size_t)(PIECE_BYTES - (n < 0 ? 0 : n)));
	return n >= 0;
}

/* Two disks whose makers gave both one name differ at least in what they hold. */
static bool holds_same(int dev, const char *a, const char *b)
{
	_Alignas(4096) uint8_t first[PIECE_BYTES], second[PIECE_BYTES];

	for (off_t at = 0; at < SAME_BYTES; at += PIECE_BYTES) {
		bool same = false;

		for (int tries = 0; !same && tries < SAME_TRIES; tries++)
			same = read_piece(dev, a, at, first) && read_piece(dev, b, at, second) &&
			       !memcmp(first, second, PIECE_BYTES);
		if (!same)
			return false;
	}
	return true;
}

/* Is there a reason not to join a path with another? NULL: none. A path in standby cannot be read. */
static const char *objection(int dev, const struct path *a, const struct path *b)
{
	if (a->unit.sectors != b->unit.sectors || a->unit.block_bytes != b->unit.block_bytes)
		return "their sizes differ";
	if (a->unit.writable != b->unit.writable)
		return "only one of them is write-protected";
	if (a->access > ACCESS_UNKNOWN || b->access > ACCESS_UNKNOWN)
		return NULL;
	return holds_same(dev, a->unit.block, b->unit.block) ? NULL : "they do not hold the same";
}

/* ---- the name ---- */

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length > strlen(end) && !strncmp(text + length - strlen(end), end, strlen(end));
}

/* Of "mpatha2", "mpatha-part2", "mpath1p2": how long the map's own name is. end: where the partition's number begins. */
static size_t alias_length(const char *name, size_t end)
{
	if (!name[end])
		return end;
	if (ends_with(name, end, "-part"))
		return end - strlen("-part");
	return ends_with(name, end, "p") && isdigit((unsigned char)name[end - 2]) ? end - 1 : end;
}

/* The WWID; or the first map: what root= calls it. WWIDs begin with a digit, and LVM's names have a '-'. */
static void choose_name(struct look *look, struct map *map)
{
	const struct root_plan *root = &look->of->plan->root;
	const char *wanted = root->value + strlen(MAPPER);
	size_t end = strlen(root->value) - strlen(MAPPER), length = strlen(map->wwid);

	snprintf(map->name, sizeof(map->name), "%s", map->wwid);
	snprintf(map->separator, sizeof(map->separator), "-part");
	if (root->kind != ROOT_DEVICE || strncmp(root->value, MAPPER, strlen(MAPPER)) ||
	    root->verity.options.hash_length)
		return;
	while (end && isdigit((unsigned char)wanted[end - 1]))
		end--;
	if (!strncmp(wanted, map->wwid, length)) {
		end = end > length ? end : length;
	} else {
		length = alias_length(wanted, end);
		if (look->named || !isalpha((unsigned char)wanted[0]) || memchr(wanted, '-', length))
			return;
		snprintf(map->name, sizeof(map->name), "%.*s", (int)length, wanted);
		look->named = true;
	}
	if (wanted[end])
		snprintf(map->separator, sizeof(map->separator), "%.*s", (int)(end - length), wanted + length);
}

/* ---- making ---- */

static void add_path(const struct look *look, struct map *map, const char *block, enum access access)
{
	if (map->count < MAP_PATHS_MAX && paths_number(look->of->sysfs, block, map->paths[map->count].number))
		map->paths[map->count++].access = access;
}

/* One that is not of our sessions may be anybody's. */
static enum access access_of(const struct look *look, const char *block)
{
	for (int i = 0; i < look->count; i++)
		if (!strcmp(look->paths[i].unit.block, block))
			return look->paths[i].access;
	return access_ask(look->of->sysfs, look->of->dev, block, false);
}

/* Those that it has stay, whoever has put them there, but for one. */
static void add_present(const struct look *look, struct map *map, const char *but)
{
	struct sysfs_dir dir;
	const char *name;
	char path[64];

	snprintf(path, sizeof(path), "class/block/%s/slaves", map->device);
	if (sysfs_dir_open(&dir, look->of->sysfs, path))
		return;
	while ((name = sysfs_dir_next(&dir, NULL)))
		if (strcmp(name, but) != 0)
			add_path(look, map, name, access_of(look, name));
	sysfs_dir_close(&dir);
}

/* A group of paths for each kind of access. What its number is in the table is counted in *groups. */
static void write_group(const struct map *map, enum access access, const char *selector, char table[GROUPS_BYTES],
			int *groups)
{
	size_t used = strlen(table);
	int count = 0;

	for (int i = 0; i < map->count; i++)
		count += map->paths[i].access == access;
	if (!count)
		return;
	++*groups;
	used += (size_t)snprintf(table + used, GROUPS_BYTES - used, " %s 0 %d 1", selector, count);
	for (int i = 0; i < map->count && used < GROUPS_BYTES; i++)
		if (map->paths[i].access == access)
			used += (size_t)snprintf(table + used, GROUPS_BYTES - used, " %s 1", map->paths[i].number);
}

/* In a new table every path is used: one that is lost must not be. before: the status of the table before. */
static void fail_again(const struct look *look, const struct map *map, const char *before)
{
	char text[DM_MESSAGE_MAX];

	for (int i = 0; i < map->count; i++) {
		struct path_status was = paths_status(before, map->paths[i].number);

		snprintf(text, sizeof(text), "fail_path %s", map->paths[i].number);
		if (map->paths[i].access == ACCESS_UNKNOWN && was.group && !was.active)
			(void)dm_message(look->control, map->name, text);
	}
}

/* The better paths are used while there are any. I/O is held while no path is left. The kernel's handler for such units, where it
   has one, tells them which group is used. */
static int load(const struct look *look, const struct map *map, const struct unit *unit)
{
	static const char *const selectors[] = {"service-time", "round-robin"};
	char groups[GROUPS_BYTES], table[TABLE_BYTES], before[TABLE_BYTES];
	bool has_groups = false;
	int result = -EINVAL, count;

	if (dm_status(look->control, map->name, before, sizeof(before)))
		before[0] = '\0';
	for (int i = 0; i < map->count; i++)
		has_groups = has_groups || map->paths[i].access != ACCESS_UNKNOWN;
	for (int i = has_groups && sysfs_exists(look->of->sysfs, ALUA_MODULE) ? 0 : 2; i < 4 && result == -EINVAL;
	     i++) {
		groups[0] = '\0';
		count = 0;
		for (int access = 0; access < ACCESS_COUNT; access++)
			write_group(map, (enum access)access, selectors[i % 2], groups, &count);
		snprintf(table, sizeof(table), "1 queue_if_no_path %s %d 1%s", i < 2 ? "1 alua" : "0", count, groups);
		result = dm_load(look->control, map->name, "multipath", table, unit->sectors, !unit->writable);
	}
	if (!result)
		result = dm_resume(look->control, map->name);
	if (!result)
		fail_again(look, map, before);
	return result;
}

static int compare(long a, long b)
{
	return (a > b) - (a < b);
}

/* Are the paths in the groups that they should be in? Then the first group is used, if any of its paths can be. */
static bool is_in_order(const struct look *look, const struct map *map)
{
	struct path_status now[MAP_PATHS_MAX];
	char status[TABLE_BYTES];
	bool switches = false;

	if (dm_status(look->control, map->name, status, sizeof(status)))
		return true;
	for (int i = 0; i < map->count; i++) {
		now[i] = paths_status(status, map->paths[i].number);
		switches = switches || (now[i].group == 1 && now[i].active && now[i].in_use > 1);
		for (int k = 0; k < i; k++)
			if (map->paths[i].access != ACCESS_UNKNOWN && map->paths[k].access != ACCESS_UNKNOWN &&
			    compare(map->paths[i].access, map->paths[k].access) != compare(now[i].group, now[k].group))
				return false;
	}
	if (switches)
		(void)dm_message(look->control, map->name, "switch_group 1");
	return true;
}

/* Without udev: the link that root= and the next system know it by. */
static void publish(const struct look *look, const char *name, dev_t id)
{
	char from[DM_TEXT_MAX + 8], to[24];

	snprintf(from, sizeof(from), "mapper/%s", name);
	snprintf(to, sizeof(to), "../dm-%u", minor(id));
	(void)!symlinkat(to, look->of->dev, from);
	udev_db_note_dm(id);
}

/* -1: the entry has no such attribute. */
static int64_t read_attribute(const struct look *look, const char *entry, const char *attribute)
{
	char path[112];
	int64_t value;

	snprintf(path, sizeof(path), "class/block/%.40s/%s", entry, attribute);
	return sysfs_read_number(look->of->sysfs, path, 0, INT64_MAX, &value) ? -1 : value;
}

static void make_partition(const struct look *look, const struct map *map, bool read_only, const char *entry)
{
	int64_t number = read_attribute(look, entry, "partition"), start = read_attribute(look, entry, "start"),
		size = read_attribute(look, entry, "size");
	char name[DM_TEXT_MAX], uuid[DM_TEXT_MAX], table[40], on[PATHS_NUMBER_BYTES];
	dev_t id;
	int result;

	if (number < 0 || start < 0 || size <= 0)
		return;
	snprintf(name, sizeof(name), "%.100s%s%" PRId64, map->name, map->separator, number);
	snprintf(uuid, sizeof(uuid), "part%" PRId64 "-mpath-%s", number, map->wwid);
	(void)paths_number(look->of->sysfs, map->device, on);
	snprintf(table, sizeof(table), "%s %" PRId64, on, start);
	result = dm_create(look->control, name, uuid, read_only, &id);
	if (!result)
		result = dm_load(look->control, name, "linear", table, (uint64_t)size, read_only);
	if (!result)
		result = dm_resume(look->control, name);
	if (result)
		log_err("%s: its partition %s cannot be made: %s", map->name, name, strerror(-result));
	else
		publish(look, name, id);
}

static void make_partitions(const struct look *look, const struct map *map, const struct unit *unit)
{
	struct sysfs_dir dir;
	const char *name;
	char path[64];

	snprintf(path, sizeof(path), "class/block/%s", unit->block);
	if (sysfs_dir_open(&dir, look->of->sysfs, path))
		return;
	while ((name = sysfs_dir_next(&dir, NULL)))
		if (!strncmp(name, unit->block, strlen(unit->block)))
			make_partition(look, map, !unit->writable, name);
	sysfs_dir_close(&dir);
}

/* INQUIRY data, SPC-4 6.6.2: TPGS. Who has no handler for such units cannot tell them anything. */
static void warn_of_explicit(const struct look *look, const struct map *map, const struct unit *unit)
{
	uint8_t inquiry[INQUIRY_TPGS + 1];
	char path[64];

	snprintf(path, sizeof(path), "class/block/%s/device/inquiry", unit->block);
	if (sysfs_read_bytes(look->of->sysfs, path, inquiry, sizeof(inquiry)) == sizeof(inquiry) &&
	    (inquiry[INQUIRY_TPGS] & TPGS) == TPGS_EXPLICIT && !sysfs_exists(look->of->sysfs, ALUA_MODULE))
		log_warn(
			"%s: the target makes another port active only when it is told to (explicit ALUA), which takes "
			"the kernel's module scsi_dh_alua: without it no path in standby takes over",
			map->name);
}

static int make_map(struct look *look, struct map *map, const struct unit *unit)
{
	char uuid[DM_TEXT_MAX], path[64];
	dev_t id;
	int result;

	snprintf(uuid, sizeof(uuid), "mpath-%s", map->wwid);
	result = dm_create(look->control, map->name, uuid, !unit->writable, &id);
	if (result)
		return result;
	result = load(look, map, unit);
	if (result) {
		dm_remove(look->control, map->name);
		return result;
	}
	snprintf(map->device, sizeof(map->device), "dm-%u", minor(id));
	publish(look, map->name, id);
	snprintf(path, sizeof(path), "class/block/%s/device/wwid", unit->block);
	if (sysfs_read(look->of->sysfs, path, uuid, sizeof(uuid)) > 0)
		udev_db_hide_paths(uuid);
	make_partitions(look, map, unit);
	warn_of_explicit(look, map, unit);
	return 0;
}

/* ---- one unit ---- */

/* The path that the others are held against: one that is in a map, and the best of them that can be asked. NULL: none can. */
static const struct path *choose_first(const struct look *look, const struct path *as)
{
	const struct path *first = NULL;

	for (int i = 0; i < look->count; i++) {
		const struct path *path = &look->paths[i];

		if (path->is_up && belong_together(look->of, as, path) &&
		    (!first || (path->unit.map[0] && !first->unit.map[0]) ||
		     (!path->unit.map[0] == !first->unit.map[0] && path->access < first->access)))
			first = path;
	}
	return first;
}

static void object(const struct path *a, const struct path *b, const char *why)
{
	char text[SCSI_ID_TEXT];

	log_err("%s and %s are both called %s, but %s: they are not joined. Two disks with one identity are an error "
		"of the target",
		a->unit.block, b->unit.block, scsi_id_text(&a->unit.id, text), why);
}

/* Gathers the paths of a map that is to be made or to grow. How many are new. */
static int gather(struct look *look, const struct path *first, struct map *map)
{
	int added = 0;

	add_present(look, map, "");
	for (int i = 0; i < look->count; i++) {
		struct path *path = &look->paths[i];
		const char *why;

		if (path->done || !belong_together(look->of, first, path))
			continue;
		path->done = true;
		if (path->unit.map[0] || !path->is_up)
			continue;
		why = path == first ? NULL : objection(look->of->dev, first, path);
		if (why) {
			object(first, path, why);
			continue;
		}
		add_path(look, map, path->unit.block, path->access);
		added++;
	}
	return added;
}

static void join(struct look *look, const struct path *as)
{
	const struct path *first = choose_first(look, as);
	struct map map = {.device = ""};
	bool exists;
	int added, result;

	if (!first || scsi_id_wwid(&first->unit.id, map.wwid))
		return;
	exists = first->unit.map[0];
	memcpy(map.device, first->unit.map, sizeof(map.device));
	added = gather(look, first, &map);
	if (!exists && (!added || look->of->grows || (map.count < 2 && !look->of->wants[first->session].expected)))
		return;
	if (!exists)
		choose_name(look, &map);
	else if (paths_name(look->of->sysfs, map.device, map.name))
		return;
	if (exists && look->of->takes_back)
		(void)dm_message(look->control, map.name, "queue_if_no_path");
	if (exists && !added && is_in_order(look, &map))
		return;
	result = exists ? load(look, &map, &first->unit) : make_map(look, &map, &first->unit);
	if (result)
		log_err("%s: the paths of this disk (%s and others) cannot be joined: %s", map.name, first->unit.block,
			result == -EBUSY    ? "one of them is in use already"
			: result == -EINVAL ? "the kernel refuses the table (is its module dm_multipath there?)"
					    : strerror(-result));
	else
		log_info("disk %s: LUN %" PRIu64 ", %d path%s", map.name, first->unit.lun, map.count,
			 map.count > 1 ? "s" : "");
}

/* Of those that have not been looked at, that of the lowest session and LUN: directories are in no order. NULL: none. */
static struct path *next_path(struct look *look)
{
	struct path *next = NULL;

	for (int i = 0; i < look->count; i++) {
		struct path *path = &look->paths[i];

		if (!path->done && (!next || (path->session == next->session && path->unit.lun < next->unit.lun)))
			next = path;
	}
	return next;
}

/* A path that comes later is multipathd's to add: it would do so in groups of its own. 0: none runs. */
static pid_t find_multipathd(int proc)
{
	struct sysfs_dir dir;
	const char *name;
	char comm[20];
	pid_t found = 0;

	if (sysfs_dir_open(&dir, proc, "."))
		return 0;
	while (!found && (name = sysfs_dir_next(&dir, NULL))) {
		pid_t pid = process_of_name(name);

		if (pid && !strcmp(process_name(proc, pid, comm, sizeof(comm)), "multipathd") &&
		    process_is_hosts_root(proc, pid))
			found = pid;
	}
	sysfs_dir_close(&dir);
	return found;
}

static void run_look(const void *context, void *result)
{
	const struct multipath *of = context;
	struct look look = {.of = of};
	struct path *path;
	pid_t met = of->grows ? find_multipathd(of->proc) : 0;

	memcpy(result, &met, sizeof(met));
	if (met)
		return;
	collect(&look);
	for (int i = 0; i < look.count; i++)
		log_debug("%s: session %d, LUN %" PRIu64 ", in %s", look.paths[i].unit.block, look.paths[i].session,
			  look.paths[i].unit.lun, look.paths[i].unit.map);
	look.control = look.count ? dm_open(look.of->dev) : -ENODEV;
	if (look.count && look.control < 0)
		log_err("this kernel has no device mapper to join the paths of a disk: %s (module dm_mod)",
			strerror(-look.control));
	while (look.control >= 0 && (path = next_path(&look))) {
		join(&look, path);
		path->done = true;
	}
}

int multipath_take_out(int sysfs, int dev, const struct unit *unit)
{
	const struct multipath of = {.sysfs = sysfs, .dev = dev};
	struct look look = {.of = &of, .control = dm_open(dev)};
	struct map map = {.name = ""};
	int result = look.control < 0 ? look.control : paths_name(sysfs, unit->map, map.name);

	memcpy(map.device, unit->map, sizeof(map.device));
	if (!result)
		add_present(&look, &map, unit->block);
	if (!result)
		result = map.count ? load(&look, &map, unit) : -EBUSY;
	if (look.control >= 0)
		close(look.control);
	return result;
}

/* ---- the machine ---- */

static void read_plan(struct multipath *m)
{
	for (int i = 0; i < m->count; i++) {
		m->wants[i].mode = (uint8_t)plan_multipath(m->plan, i);
		m->wants[i].target = (uint8_t)i;
		m->wants[i].expected = m->wants[i].mode == MULTIPATH_YES;
		for (int k = m->count - 1; k >= 0; k--) {
			if (!strcmp(m->plan->targets[k].name, m->plan->targets[i].name))
				m->wants[i].target = (uint8_t)k;
			if (k != i && plan_are_paths(m->plan, k, i))
				m->wants[i].expected = true;
		}
	}
}

static void start(struct multipath *m)
{
	int result;

	read_plan(m);
	result = child_start(&m->child, run_look, m, sizeof(m->met));

	m->again = false;
	m->takes_back = m->takes_back && result;
	if (result)
		log_err("the paths of disks cannot be joined: %s", strerror(-result));
}

void multipath_look(struct multipath *multipath)
{
	if (multipath->child.fd >= 0)
		multipath->again = true;
	else
		start(multipath);
}

static void run_meet(const void *context, void *result)
{
	const struct multipath *of = context;
	pid_t met = find_multipathd(of->proc);

	memcpy(result, &met, sizeof(met));
}

void multipath_meet(struct multipath *multipath)
{
	int result = child_start(&multipath->child, run_meet, multipath, sizeof(multipath->met));

	if (result)
		log_err("multipathd cannot be looked for: %s", strerror(-result));
}

bool multipath_step(struct multipath *multipath)
{
	multipath->met = 0;
	if (child_step(&multipath->child, &multipath->met, sizeof(multipath->met)) == CHILD_RUNNING)
		return false;
	if (multipath->control < 0)
		multipath->control = dm_open(multipath->dev);
	if (multipath->again)
		start(multipath);
	return multipath->child.fd < 0;
}
