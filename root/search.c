/* search.c - which block device root= means.
 *
 * Goes through /sys/class/block, in the kernel's order: first through what sessions have brought and what lies on it, then
 * through the machine's own disks. File systems are looked for on partitions and on disks without partitions; PARTUUID and
 * PARTLABEL in the tables of the disks. The first match counts.
 */
/* SPDX-License-Identifier: MIT */
#include "root/search.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proto/name.h"
#include "proto/partition.h"
#include "proto/scsi_id.h"
#include "proto/superblock.h"
#include "sys/log.h"
#include "sys/prefetch.h"
#include "sys/sysfs.h"

#define NAME_BYTES       SEARCH_NAME_BYTES
#define SEARCH_MAP_BYTES 128 /* DM_UUID_LEN */
#define PLACE_BYTES      512
#define STARTS_MAX       512 /* of 1024 descriptors that a process has */
#define PAGE_BYTES       512 /* of VPD page 0x83 */
#define SECTOR_BYTES     512 /* the unit of sysfs, whatever the disk's own */

struct device {
	char name[NAME_BYTES]; /* relative to /dev */
	char disk[NAME_BYTES]; /* of a partition: its disk */
	int64_t number;        /* of a partition; 0: a whole device */
	int64_t sectors;
	bool has_partitions;
	dev_t id;
	char map[SEARCH_MAP_BYTES]; /* the UUID of the multipath map that its disk is a path of: "mpath-36001405..." */
};

struct search {
	int sysfs, dev;
	enum root_kind kind; /* after /dev/disk/by-... is taken for what it says */
	char value[256];
	int64_t offset; /* PARTNROFF= */
	bool needs_type;
	bool is_local; /* the machine's own disks are looked at now */
	struct search_result *found;
	char *seen;
	size_t size, used;
};

const char *search_wanted(const struct root_plan *plan, char *out, size_t size)
{
	snprintf(out, size, "%s%s", plan_root_prefix(plan->kind), plan->value);
	return out;
}

/* udev's names write odd characters as \x20. */
static void unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in; out++) {
		if (in[0] == '\\' && in[1] == 'x' && isxdigit((unsigned char)in[2]) && isxdigit((unsigned char)in[3])) {
			const char digits[3] = {in[2], in[3], 0};

			*out = (char)strtoul(digits, NULL, 16);
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = 0;
}

static void read_wanted(struct search *search, const struct root_plan *plan)
{
	static const struct {
		const char *prefix;
		enum root_kind kind;
	} links[] = {
		{"/dev/disk/by-uuid/", ROOT_UUID},
		{"/dev/disk/by-label/", ROOT_LABEL},
		{"/dev/disk/by-partuuid/", ROOT_PARTUUID},
		{"/dev/disk/by-partlabel/", ROOT_PARTLABEL},
	};
	static const char of_a_map[] = "dm-mpath-"; /* CoreOS's rules: a path stands for its map anyway */
	char *offset;

	search->kind = plan->kind;
	search->needs_type = !plan->fstype[0] || !strcmp(plan->fstype, "auto");
	snprintf(search->value, sizeof(search->value), "%s", plan->value);
	for (size_t i = 0; plan->kind == ROOT_DEVICE && i < sizeof(links) / sizeof(links[0]); i++)
		if (!strncmp(plan->value, links[i].prefix, strlen(links[i].prefix))) {
			const char *value = plan->value + strlen(links[i].prefix);

			search->kind = links[i].kind;
			if (!strncmp(value, of_a_map, strlen(of_a_map)))
				value += strlen(of_a_map);
			snprintf(search->value, sizeof(search->value), "%s", value);
		}
	if (search->kind != ROOT_DEVICE)
		unescape(search->value); /* dracut makes a link's name of LABEL=, too */
	offset = search->kind == ROOT_PARTUUID ? strstr(search->value, "/PARTNROFF=") : NULL;
	if (offset) {
		*offset = 0;
		search->offset = strtol(offset + strlen("/PARTNROFF="), NULL, 10);
	}
}

/* Devices. */

/* "8:1" */
static bool read_pair(const char *text, dev_t *id)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), second;

	if (!isdigit((unsigned char)text[0]) || *end != ':' || !isdigit((unsigned char)end[1]))
		return false;
	second = strtoul(end + 1, &end, 10);
	*id = makedev((unsigned)first, (unsigned)second);
	return !*end;
}

static bool read_id(const struct search *search, const char *name, dev_t *id)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "class/block/%s/dev", name);
	return sysfs_read(search->sysfs, path, text, sizeof(text)) > 0 && read_pair(text, id);
}

static bool has_partitions(const struct search *search, const char *name)
{
	char path[128], below[2 * NAME_BYTES + 300];
	struct sysfs_dir dir;
	const char *entry;
	bool is_directory, has = false;

	snprintf(path, sizeof(path), "class/block/%s", name);
	if (sysfs_dir_open(&dir, search->sysfs, path) < 0)
		return false;
	while (!has && (entry = sysfs_dir_next(&dir, &is_directory))) {
		snprintf(below, sizeof(below), "%s/%s/partition", path, entry);
		has = is_directory && !strncmp(entry, name, strlen(name)) && sysfs_exists(search->sysfs, below);
	}
	sysfs_dir_close(&dir);
	return has;
}

/* Where in /sys/devices it is; "" when that cannot be read. */
static void read_place(const struct search *search, const char *name, char place[static PLACE_BYTES])
{
	char path[128];

	snprintf(path, sizeof(path), "class/block/%s", name);
	if (sysfs_read_link(search->sysfs, path, place, PLACE_BYTES))
		place[0] = 0;
}

bool search_disk_of(int sysfs, const char *name, char disk[static SEARCH_NAME_BYTES])
{
	const struct search search = {.sysfs = sysfs};
	char place[PLACE_BYTES], *end;

	disk[0] = 0;
	read_place(&search, name, place);
	end = strrchr(place, '/');
	if (!end)
		return false;
	*end = 0;
	end = strrchr(place, '/');
	if (!end || strlen(end + 1) >= SEARCH_NAME_BYTES)
		return false;
	memcpy(disk, end + 1, strlen(end + 1) + 1);
	return true;
}

/* The UUID or the name of a device-mapper device; "": it is none. */
static const char *read_mapper(const struct search *search, const char *name, const char *what,
			       char out[SEARCH_MAP_BYTES])
{
	char path[128];

	snprintf(path, sizeof(path), "class/block/%s/dm/%s", name, what);
	if (sysfs_read(search->sysfs, path, out, SEARCH_MAP_BYTES) < 0)
		out[0] = 0;
	return out;
}

/* The disk's holder is the map. */
static void read_map(const struct search *search, const char *disk, char map[SEARCH_MAP_BYTES])
{
	struct sysfs_dir dir;
	const char *holder;
	char path[128];

	map[0] = 0;
	snprintf(path, sizeof(path), "class/block/%s/holders", disk);
	if (sysfs_dir_open(&dir, search->sysfs, path) < 0)
		return;
	while (!map[0] && (holder = sysfs_dir_next(&dir, NULL)))
		if (strncmp(read_mapper(search, holder, "uuid", map), "mpath-", 6) != 0)
			map[0] = 0;
	sysfs_dir_close(&dir);
}

static bool has_node(const struct search *search, const struct device *device)
{
	struct stat status;

	return fstatat(search->dev, device->name, &status, 0) == 0 && S_ISBLK(status.st_mode) &&
	       status.st_rdev == device->id;
}

/* Is it a disk of the machine itself (also on USB, or an NVMe)? A system that was copied to an iSCSI disk has the same UUIDs,
   labels and partition UUIDs here, and is not meant. */
static bool is_local(const struct search *search, const char *name)
{
	char place[PLACE_BYTES];

	read_place(search, name, place);
	return !strstr(place, "/session") && !strstr(place, "/virtual/block/");
}

/* false: not a device with a size and a node. */
static bool read_device(const struct search *search, const char *name, struct device *device)
{
	char path[128];

	*device = (struct device){0};
	if (strlen(name) >= sizeof(device->name))
		return false;
	snprintf(path, sizeof(path), "class/block/%s/size", name);
	if (sysfs_read_number(search->sysfs, path, 1, INT64_MAX, &device->sectors) ||
	    !read_id(search, name, &device->id))
		return false;
	snprintf(path, sizeof(path), "class/block/%s/partition", name);
	if (sysfs_read_number(search->sysfs, path, 1, INT32_MAX, &device->number))
		device->has_partitions = has_partitions(search, name);
	else
		search_disk_of(search->sysfs, name, device->disk);
	read_map(search, device->disk[0] ? device->disk : name, device->map);
	memcpy(device->name, name, strlen(name) + 1);
	for (char *c = device->name; *c; c++)
		if (*c == '!') /* sysfs's sign for a '/' */
			*c = '/';
	return has_node(search, device);
}

/* The same of what is looked at now: the machine's own disks, or what is none of them. */
static bool read_candidate(const struct search *search, const char *name, struct device *device)
{
	return is_local(search, name) == search->is_local && read_device(search, name, device);
}

/* Matching. */

static bool is_device_number(const char *value, dev_t *id)
{
	unsigned long number;
	char *end;

	if (read_pair(value, id))
		return true;
	if (!isxdigit((unsigned char)value[0]))
		return false;
	number = strtoul(value, &end, 16); /* the kernel's old form: major << 8 | minor */
	*id = makedev((unsigned)(number >> 8 & 0xfff), (unsigned)((number & 0xff) | (number >> 12 & 0xfff00)));
	return !*end;
}

/* .../session<sid>/target<h:c:t>/<h:c:t:lun>/block/... */
static bool read_unit(const struct search *search, const struct device *device, int *sid, unsigned long long *lun)
{
	char target[PLACE_BYTES], *session, *end, *colon;

	read_place(search, device->name, target);
	session = strstr(target, "/session");
	end = strstr(target, "/block/");
	if (!session || !end)
		return false;
	*end = 0;
	colon = strrchr(session, ':');
	*sid = (int)strtol(session + strlen("/session"), NULL, 10);
	*lun = colon ? strtoull(colon + 1, NULL, 10) : 0;
	return colon;
}

static bool read_attribute(const struct search *search, const char *class, int sid, const char *name, char *out,
			   size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "class/iscsi_%s%d%s", class, sid, name);
	return sysfs_read(search->sysfs, path, out, size) > 0;
}

/* udev's name for a disk by its place: ip-<address>:<port>-iscsi-<target>-lun-<number>[-part<number>]. */
static bool is_at_path(const struct search *search, const struct device *device, const char *wanted)
{
	char name[NAME_MAX_BYTES + 1], address[64], port[16], made[400];
	unsigned long long lun;
	int sid, n;

	if (!read_unit(search, device, &sid, &lun) ||
	    !read_attribute(search, "session/session", sid, "/targetname", name, sizeof(name)) ||
	    !read_attribute(search, "connection/connection", sid, ":0/persistent_address", address, sizeof(address)) ||
	    !read_attribute(search, "connection/connection", sid, ":0/persistent_port", port, sizeof(port)))
		return false;
	n = snprintf(made, sizeof(made),
		     lun < 256 ? "ip-%s:%s-iscsi-%s-lun-%llu" : "ip-%s:%s-iscsi-%s-lun-0x%04llx%04llx00000000", address,
		     port, name, lun & 0xffff, lun >> 16 & 0xffff);
	if (device->number)
		snprintf(made + n, sizeof(made) - (size_t)n, "-part%d", (int)device->number);
	return !strcmp(made, wanted);
}

/* udev's names for a disk by what it says of itself: scsi-<WWID>[-part<number>], and for an NAA wwn-0x<its digits>. */
static bool has_id(const struct search *search, const struct device *device, const char *wanted)
{
	bool is_wwn = !strncmp(wanted, "wwn-0x", 6);
	char path[128], wwid[SCSI_ID_WWID], made[SCSI_ID_WWID + 24];
	uint8_t page[PAGE_BYTES];
	struct scsi_id id;
	ssize_t length;
	int n;

	snprintf(path, sizeof(path), "class/block/%s/device/vpd_pg83", device->disk[0] ? device->disk : device->name);
	length = sysfs_read_bytes(search->sysfs, path, page, sizeof(page));
	if (length <= 0 || scsi_id_choose(page, (size_t)length, &id) || scsi_id_wwid(&id, wwid))
		return false;
	n = snprintf(made, sizeof(made), "%s%s", is_wwn ? "wwn-0x" : "scsi-", wwid + is_wwn);
	if (device->number)
		snprintf(made + n, sizeof(made) - (size_t)n, "-part%d", (int)device->number);
	return !strcmp(made, wanted);
}

static bool is_named(const struct search *search, const struct device *device)
{
	static const char by_path[] = "/dev/disk/by-path/", by_id[] = "/dev/disk/by-id/";
	static const char *const mapped[][2] = {
		{"/dev/mapper/", "name"}, {"/dev/disk/by-id/dm-name-", "name"}, {"/dev/disk/by-id/dm-uuid-", "uuid"}};
	char text[SEARCH_MAP_BYTES];
	dev_t id;

	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		size_t length = strlen(mapped[i][0]);

		if (!strncmp(search->value, mapped[i][0], length))
			return !strcmp(read_mapper(search, device->name, mapped[i][1], text), search->value + length);
	}
	if (!strncmp(search->value, by_path, sizeof(by_path) - 1))
		return is_at_path(search, device, search->value + sizeof(by_path) - 1);
	if (!strncmp(search->value, by_id, sizeof(by_id) - 1))
		return has_id(search, device, search->value + sizeof(by_id) - 1);
	if (!strncmp(search->value, "/dev/", 5))
		return !strcmp(search->value + 5, device->name);
	return is_device_number(search->value, &id) && id == device->id;
}

/* What the first bytes of a device say. */

/* ext4 reads its superblock in blocks of 1 KiB, and the kernel drops what it has of a device whose block size changes. */
static void set_block_size(int fd)
{
	int bytes = 1024;

	ioctl(fd, BLKBSZSET, &bytes);
}

static int open_device(const struct search *search, const struct device *device)
{
	int fd = openat(search->dev, device->name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		set_block_size(fd);
	return fd;
}

static bool has_value(const struct search *search, const struct superblock *contents)
{
	return search->kind == ROOT_UUID ? superblock_uuid_equal(contents->uuid, search->value)
					 : !strcmp(contents->label, search->value);
}

/* The device that was looked at last stays open: if it is the one, mount finds in memory what was read here. */
static int keep_open(struct search *search, const struct device *device)
{
	if (search->found->fd >= 0)
		close(search->found->fd);
	search->found->fd = open_device(search, device);
	return search->found->fd;
}

static bool read_contents(struct search *search, const struct device *device, struct superblock *contents)
{
	int fd = keep_open(search, device);
	const struct disk disk = {
		.get = prefetch_get, .context = &fd, .size = (uint64_t)device->sectors * SECTOR_BYTES};

	*contents = (struct superblock){0};
	if (fd < 0)
		return false;
	prefetch_contents(fd, disk.size);
	return superblock_probe(&disk, contents) == 0;
}

/* The entry of a partition in its disk's table. */
static bool read_entry(const struct search *search, const struct device *partition, struct partition *entry)
{
	struct device whole;
	char path[128];
	int64_t sector_size;
	struct disk disk = {.get = prefetch_get};
	bool known;
	int fd;

	snprintf(path, sizeof(path), "class/block/%s/queue/logical_block_size", partition->disk);
	if (sysfs_read_number(search->sysfs, path, 512, 65536, &sector_size))
		sector_size = SECTOR_BYTES;
	if (!read_device(search, partition->disk, &whole))
		return false;
	fd = openat(search->dev, whole.name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	disk.context = &fd;
	disk.size = (uint64_t)whole.sectors * SECTOR_BYTES;
	prefetch_table(fd);
	known = partition_find(&disk, (unsigned)sector_size, (unsigned)partition->number, entry) == 0;
	close(fd);
	return known;
}

static void note(struct search *search, const char *key, const char *value)
{
	char printable[300];
	int length;

	if (!value[0] || search->used >= search->size)
		return;
	length = snprintf(search->seen + search->used, search->size - search->used, "%s%s", key,
			  log_safe(printable, sizeof(printable), value, strlen(value)));
	search->used += (size_t)length;
}

static bool matches_entry(struct search *search, const struct device *device)
{
	struct partition entry;

	if (!device->number || !read_entry(search, device, &entry))
		return false;
	note(search, " PARTUUID=", entry.uuid);
	note(search, " PARTLABEL=", entry.label);
	return search->kind == ROOT_PARTUUID ? superblock_uuid_equal(entry.uuid, search->value)
					     : !strcmp(entry.label, search->value);
}

static bool matches_contents(struct search *search, const struct device *device, struct superblock *contents)
{
	if (device->has_partitions || !read_contents(search, device, contents))
		return false;
	note(search, " ", contents->type);
	note(search, " UUID=", contents->uuid);
	note(search, " LABEL=", contents->label);
	return has_value(search, contents);
}

/* PARTUUID=.../PARTNROFF=n: the partition n further on the same disk. */
static bool find_neighbour(const struct search *search, const struct device *from, struct device *found)
{
	struct sysfs_dir dir;
	const char *name;
	bool is = false;

	if (sysfs_dir_open(&dir, search->sysfs, "class/block") < 0)
		return false;
	while (!is && (name = sysfs_dir_next(&dir, NULL)))
		is = read_device(search, name, found) && found->number == from->number + search->offset &&
		     !strcmp(found->disk, from->disk);
	sysfs_dir_close(&dir);
	return is;
}

/* A path is never mounted: what is meant is its map, or the map of its partition. */
static bool find_map_of(const struct search *search, const struct device *path, struct device *found)
{
	struct sysfs_dir dir;
	const char *name;
	char wanted[SEARCH_MAP_BYTES + 32], uuid[SEARCH_MAP_BYTES];
	bool is = false;

	snprintf(wanted, sizeof(wanted), "part%d-%s", (int)path->number, path->map);
	if (sysfs_dir_open(&dir, search->sysfs, "class/block") < 0)
		return false;
	while (!is && (name = sysfs_dir_next(&dir, NULL)))
		is = !strcmp(read_mapper(search, name, "uuid", uuid), path->number ? wanted : path->map) &&
		     read_device(search, name, found);
	sysfs_dir_close(&dir);
	return is;
}

/* "/dev/sda1" where the path sda is in standby and shows no partitions: its map's is meant. 0: it is not meant. */
static int64_t hidden_partition(const struct search *search, const struct device *device)
{
	size_t length = strlen(device->name);
	const char *value = search->value + strlen("/dev/");

	if (search->kind != ROOT_DEVICE || !device->map[0] || device->number ||
	    strncmp(search->value, "/dev/", strlen("/dev/")) || strncmp(value, device->name, length) ||
	    !isdigit((unsigned char)value[length]))
		return 0;
	return strtol(value + length, NULL, 10);
}

/* contents: what it holds, where that had to be read for the answer. */
static bool matches(struct search *search, const struct device *device, struct superblock *contents)
{
	note(search, search->used ? ", " : "", device->name);
	if (search->kind == ROOT_DEVICE)
		return is_named(search, device);
	if (search->kind == ROOT_UUID || search->kind == ROOT_LABEL)
		return matches_contents(search, device, contents);
	return matches_entry(search, device);
}

/* Notes the device as the result, if it is the one that root= means. */
static bool try_device(struct search *search, const struct device *device)
{
	struct superblock contents = {0};
	struct device neighbour, map, hidden = *device;
	bool by_contents = search->kind == ROOT_UUID || search->kind == ROOT_LABEL;

	hidden.number = hidden_partition(search, device);
	if ((device->map[0] && by_contents) || (!matches(search, device, &contents) && !hidden.number))
		return false;
	if (hidden.number)
		device = &hidden;
	if (search->offset) {
		if (!find_neighbour(search, device, &neighbour))
			return false;
		device = &neighbour;
	}
	if (device->map[0]) {
		if (!find_map_of(search, device, &map))
			return false;
		device = &map;
	}
	if (search->needs_type && !contents.type[0])
		read_contents(search, device, &contents);
	memcpy(search->found->name, device->name, sizeof(device->name));
	memcpy(search->found->type, contents.type, sizeof(contents.type));
	return true;
}

/* Where there are several devices, the beginnings of all of them are read side by side, and the first device that has the
   value there is looked at. A value elsewhere is left to the walk. Nothing is closed: this is a child that ends. */
static bool try_beginnings(struct search *search)
{
	struct superblock contents;
	struct device device;
	struct sysfs_dir dir;
	struct disk disk = {.get = prefetch_get, .size = PREFETCH_START_BYTES};
	const char *name;
	int fds[STARTS_MAX], count = 0;
	char names[STARTS_MAX][NAME_BYTES];

	if (sysfs_dir_open(&dir, search->sysfs, "class/block") < 0)
		return false;
	while (count < STARTS_MAX && (name = sysfs_dir_next(&dir, NULL)))
		if (read_candidate(search, name, &device) && !device.has_partitions && !device.map[0]) {
			fds[count] = open_device(search, &device);
			prefetch_contents(fds[count], 0);
			memcpy(names[count++], device.name, NAME_BYTES);
		}
	sysfs_dir_close(&dir);
	for (int i = 0; count > 1 && i < count; i++) {
		disk.context = &fds[i];
		if (!superblock_probe(&disk, &contents) && has_value(search, &contents))
			return read_device(search, names[i], &device) && try_device(search, &device);
	}
	return false;
}

static bool find_among(struct search *search)
{
	struct device device;
	struct sysfs_dir dir;
	const char *name;
	bool is_found = false;

	if ((search->kind == ROOT_UUID || search->kind == ROOT_LABEL) && try_beginnings(search))
		return true;
	if (sysfs_dir_open(&dir, search->sysfs, "class/block") < 0)
		return false;
	while (!is_found && (name = sysfs_dir_next(&dir, NULL)))
		is_found = read_candidate(search, name, &device) && try_device(search, &device);
	sysfs_dir_close(&dir);
	return is_found;
}

bool search_find(int sysfs, int dev, const struct root_plan *plan, struct search_result *found, char *seen, size_t size)
{
	struct search search = {.sysfs = sysfs, .dev = dev, .found = found, .seen = seen, .size = size};

	*found = (struct search_result){.fd = -1};
	seen[0] = 0;
	read_wanted(&search, plan);
	if (find_among(&search))
		return true;
	search.is_local = true;
	return find_among(&search);
}
