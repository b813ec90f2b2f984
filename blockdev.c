/* blockdev.c - scan, wait for the disks, set their queues, read their partition tables.
 *
 * The state is looked up in sysfs each time: <host>/session<sid>/target<h:c:t>/<h:c:t:l>/block/<name>. An event only
 * causes the next look. The scan and everything that opens or freezes a disk runs in a child: the SCSI commands need
 * a session that the loop, and nobody else, keeps alive.
 */
/* SPDX-License-Identifier: MIT */
#include "blockdev.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/partition.h"
#include "proto/scsi.h"
#include "sys/bsg.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"
#include "sys/prefetch.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

#define SETTLERS_MAX 16      /* processes that read partition tables, for each target */
#define OPEN_WAIT_MS 1000    /* without an event, until a disk that cannot be opened yet is given up */
#define NO_DEVICE    31      /* a peripheral device type */
#define NO_MEDIUM    32      /* beside the peripheral device types, 0 to 31 */
#define NEWS_MAX     8       /* that a unit tells before it does anything, one for each command */
#define FLAT_SPACE   0x4000U /* SAM-5 4.7.7.3, in a LUN's first group */

/* kernel: include/scsi/scsi_devinfo.h. A bit that a kernel does not know does nothing. Every scan skips:
   INQUIRY_36: the INQUIRY data after the first 36 bytes, which nothing uses;
   NO_VPD_SIZE (since 6.3, and in stable releases): asking how long a VPD page is before reading it; a page of more than 255
   bytes is read twice instead;
   NO_RSOC: asking which commands the unit supports; the kernel tries WRITE SAME when it wants it, and writes zeroes where
   the unit refuses it.
   A lean scan also skips:
   SKIP_VPD_PAGES: the VPD pages, so that there is no wwid and there are no limits for UNMAP;
   SKIP_IO_HINTS (since 6.10): the groups of I/O hints. */
#define INQUIRY_36      (1ULL << 10)
#define NO_VPD_SIZE     (1ULL << 13)
#define SKIP_VPD_PAGES  (1ULL << 26)
#define NO_RSOC         (1ULL << 29)
#define SKIP_IO_HINTS   (1ULL << 34)
#define FULL_FLAGS      (INQUIRY_36 | NO_VPD_SIZE | NO_RSOC)
#define LEAN_FLAGS      (FULL_FLAGS | SKIP_VPD_PAGES | SKIP_IO_HINTS)
#define FLAGS_ATTRIBUTE "module/scsi_mod/parameters/default_dev_flags"

/* Scans: the child's part. */

static int write_scan(int sysfs, unsigned host, bool has_lun, uint64_t lun)
{
	char path[64], text[64];

	/* One iSCSI session is channel 0, target 0 of its host. */
	snprintf(path, sizeof(path), "class/scsi_host/host%u/scan", host);
	if (has_lun)
		snprintf(text, sizeof(text), "0 0 %" PRIu64, lun);
	else
		snprintf(text, sizeof(text), "0 0 -");
	return sysfs_write(sysfs, path, text);
}

/* SAM-5 4.7: a LUN above 255 is in flat space addressing for tgt and most arrays; Linux's own target keeps it in peripheral
   device addressing. Scans for the former. True: the unit is there. */
static bool try_flat(const struct blockdev *blockdev, int *error)
{
	uint64_t lun = blockdev->lun | FLAT_SPACE;
	char path[64];

	if (!blockdev->has_lun || blockdev->lun < 256 || blockdev->lun >= FLAT_SPACE)
		return false;
	*error = write_scan(blockdev->sysfs, blockdev->host, true, lun);
	snprintf(path, sizeof(path), "class/scsi_device/%u:0:0:%" PRIu64, blockdev->host, lun);
	return sysfs_exists(blockdev->sysfs, path);
}

static void run_scan(const void *context, void *result);

/* What the child that scans or asks tells. */
struct finding {
	int error;
	uint8_t known[BLOCKDEV_KNOWN];
	char why[BLOCKDEV_WHY_MAX];
};

/* 0, or -EAGAIN: a scan with other flags is under way. What the kernel does not let us set is not set. */
static int take_flags(struct blockdev *blockdev)
{
	struct blockdev_flags *flags = blockdev->flags;
	bool lean = blockdev->params.value[PARAM_SCAN] == SCAN_LEAN;
	char text[32];
	int error;

	if (flags->users && flags->lean != lean)
		return -EAGAIN;
	if (!flags->users) {
		if (sysfs_read(blockdev->sysfs, FLAGS_ATTRIBUTE, flags->before, sizeof(flags->before)) < 0)
			flags->before[0] = 0;
		snprintf(text, sizeof(text), "%llu",
			 strtoull(flags->before, NULL, 0) | (lean ? LEAN_FLAGS : FULL_FLAGS));
		error = sysfs_write(blockdev->sysfs, FLAGS_ATTRIBUTE, text);
		if (error && lean)
			log_warn("scan=lean: %s cannot be set: %s: a full scan is made", FLAGS_ATTRIBUTE,
				 strerror(-error));
	}
	flags->lean = lean;
	flags->users++;
	blockdev->counted = true;
	return 0;
}

static void release_flags(struct blockdev *blockdev)
{
	if (!blockdev->counted)
		return;
	blockdev->counted = false;
	if (--blockdev->flags->users == 0 && blockdev->flags->before[0])
		sysfs_write(blockdev->sysfs, FLAGS_ATTRIBUTE, blockdev->flags->before);
}

/* What another scan of the same units has found out. */
static void remember(struct blockdev *blockdev, const struct blockdev *before)
{
	if (before->host != blockdev->host)
		return;
	memcpy(blockdev->why, before->why, sizeof(blockdev->why));
	memcpy(blockdev->known, before->known, sizeof(blockdev->known));
	blockdev->is_settled = before->is_settled;
}

int blockdev_start(struct blockdev *blockdev, int sysfs, int dev, unsigned host, const struct target_plan *plan,
		   struct blockdev_flags *flags)
{
	const struct blockdev before = *blockdev;
	int error;

	*blockdev = (struct blockdev){.sysfs = sysfs,
				      .dev = dev,
				      .host = host,
				      .flags = flags,
				      .child = CHILD_NONE,
				      .has_lun = plan->has_lun,
				      .lun = plan->lun,
				      .params = plan->params};
	remember(blockdev, &before);
	memcpy(blockdev->scheduler, plan->scheduler, sizeof(blockdev->scheduler));
	error = take_flags(blockdev);
	if (error)
		return error;
	error = child_start(&blockdev->child, run_scan, blockdev, sizeof(struct finding));
	if (error)
		release_flags(blockdev);
	else
		blockdev->state = BLOCKDEV_SCANNING;
	return error;
}

/* The look. */

struct logical_unit {
	uint64_t lun;
	unsigned type; /* SPC: peripheral device type */
	bool is_disk;
	bool empty;                    /* attached, and the driver found no medium in it: size 0 */
	bool ready;                    /* attached, has a size, has a node */
	char path[BLOCKDEV_PATH_MAX];  /* its directory in sysfs */
	char block[BLOCKDEV_NAME_MAX]; /* "" not attached */
};

typedef bool unit_visitor(void *context, const struct logical_unit *unit);

static bool is_disk_type(int64_t type)
{
	/* What the sd driver takes (kernel: sd_probe): disk, optical memory, simplified disk, zoned disk. */
	return type == 0 || type == 7 || type == 14 || type == 20;
}

static bool has_node(int dev, const char *name)
{
	struct stat status;

	return fstatat(dev, name, &status, 0) == 0 && S_ISBLK(status.st_mode);
}

/* The driver knows the size before the block device appears (kernel: sd_probe). */
static void read_attached(const struct blockdev *blockdev, struct logical_unit *unit)
{
	char path[BLOCKDEV_PATH_MAX + 64];
	int64_t sectors;

	snprintf(path, sizeof(path), "%s/block/%s/size", unit->path, unit->block);
	if (sysfs_read_number(blockdev->sysfs, path, 0, INT64_MAX, &sectors))
		return;
	unit->empty = sectors == 0;
	unit->ready = sectors > 0 && has_node(blockdev->dev, unit->block);
}

static bool first_name(int sysfs, const char *path, char *out, size_t size)
{
	struct sysfs_dir dir;
	const char *name;

	out[0] = 0;
	if (sysfs_dir_open(&dir, sysfs, path) < 0)
		return false;
	name = sysfs_dir_next(&dir, NULL);
	if (name && strlen(name) < size)
		memcpy(out, name, strlen(name) + 1);
	sysfs_dir_close(&dir);
	return out[0];
}

/* Is the name one of "h:c:t:l"? */
static bool is_unit(const char *name)
{
	return name[0] >= '0' && name[0] <= '9' && strchr(name, ':');
}

/* The unit at unit->path. False: it cannot be read. */
static bool read_unit(const struct blockdev *blockdev, struct logical_unit *unit)
{
	char path[BLOCKDEV_PATH_MAX + 16];
	int64_t type;

	unit->lun = strtoull(strrchr(unit->path, ':') + 1, NULL, 10);
	snprintf(path, sizeof(path), "%s/type", unit->path);
	if (sysfs_read_number(blockdev->sysfs, path, 0, 31, &type))
		return false;
	unit->type = (unsigned)type;
	unit->is_disk = is_disk_type(type);
	snprintf(path, sizeof(path), "%s/block", unit->path);
	if (unit->is_disk && first_name(blockdev->sysfs, path, unit->block, sizeof(unit->block)))
		read_attached(blockdev, unit);
	else if (!iscsi_class_is_connected(blockdev->sysfs, unit->path)) {
		unit->type = NO_DEVICE;
		unit->is_disk = false;
	}
	return true;
}

/* The units that one of several processes looks at. They are dealt like cards to so many hands, one after the other; a
   process has the hands from first to last. */
struct share {
	int hands, first, last;
	int dealt;
};

/* Deals the next unit. True: it is this process's. */
static bool deal(struct share *share)
{
	int hand = share->dealt++ % share->hands;

	return hand >= share->first && hand <= share->last;
}

/* How the units are walked through. */
struct tour {
	const struct blockdev *blockdev;
	unit_visitor *visitor;
	void *context;
	struct share *share; /* NULL: all of them */
};

static bool visit_target(const struct tour *tour, const char *target)
{
	struct sysfs_dir dir;
	const char *name;
	bool goes_on = true;

	if (sysfs_dir_open(&dir, tour->blockdev->sysfs, target) < 0)
		return true;
	while (goes_on && (name = sysfs_dir_next(&dir, NULL))) {
		struct logical_unit unit = {0};

		if (is_unit(name) && (!tour->share || deal(tour->share)) &&
		    snprintf(unit.path, sizeof(unit.path), "%s/%s", target, name) < (int)sizeof(unit.path) &&
		    read_unit(tour->blockdev, &unit))
			goes_on = tour->visitor(tour->context, &unit);
	}
	sysfs_dir_close(&dir);
	return goes_on;
}

/* Descends from the host by name: session<sid>, then target<h:c:t>. */
static bool visit_below(const struct tour *tour, const char *parent, int depth)
{
	static const char *const prefixes[] = {"session", "target"};
	char path[BLOCKDEV_PATH_MAX];
	struct sysfs_dir dir;
	const char *name;
	bool goes_on = true;

	if (depth == 2)
		return visit_target(tour, parent);
	if (sysfs_dir_open(&dir, tour->blockdev->sysfs, parent) < 0)
		return true;
	while (goes_on && (name = sysfs_dir_next(&dir, NULL)))
		if (!strncmp(name, prefixes[depth], strlen(prefixes[depth])) &&
		    snprintf(path, sizeof(path), "%s/%s", parent, name) < (int)sizeof(path))
			goes_on = visit_below(tour, path, depth + 1);
	sysfs_dir_close(&dir);
	return goes_on;
}

static void visit_units(const struct tour *tour)
{
	char path[64];

	snprintf(path, sizeof(path), "class/scsi_host/host%u/device", tour->blockdev->host);
	visit_below(tour, path, 0);
}

/* Which units are looked at again, and which are known: their settings may be somebody's by now. */
struct look {
	struct blockdev blockdev; /* only what the walk needs */
	bool all;
	bool tells;             /* partitions and news of what has got a size are not left to a later reading */
	const uint8_t *settled; /* those that we have made settings for; NULL: nothing is known of it */
	uint8_t *known;
};

/* A bit for each LUN, or for each 256th. */
static bool has_bit(const uint8_t *known, uint64_t lun)
{
	return known[lun / 8 % BLOCKDEV_KNOWN] & 1 << lun % 8;
}

static void set_bit(uint8_t *known, uint64_t lun)
{
	known[lun / 8 % BLOCKDEV_KNOWN] |= (uint8_t)(1 << lun % 8);
}

/* Of a size that was none before, the kernel makes no partitions, and no event for udev and the resident process. */
static void tell_size(const struct look *look, const char *where)
{
	struct logical_unit unit = {0};
	char path[BLOCKDEV_PATH_MAX + 64];
	int fd;

	memcpy(unit.path, where, sizeof(unit.path));
	if (!read_unit(&look->blockdev, &unit) || !unit.ready)
		return;
	fd = openat(look->blockdev.dev, unit.block, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKRRPART))
		log_debug("%s: the kernel does not read its partition table: %s", unit.block, strerror(errno));
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s/block/%s/uevent", unit.path, unit.block);
	if (sysfs_write(look->blockdev.sysfs, path, "change"))
		log_debug("%s: nobody is told of its size", unit.block);
}

static void write_to_unit(const struct look *look, const struct logical_unit *unit, const char *attribute)
{
	char path[BLOCKDEV_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", unit->path, attribute);
	if (sysfs_write(look->blockdev.sysfs, path, "1"))
		log_debug("%s cannot be written to", path);
}

/* A unit that had no medium is not asked for its size before an open has found one (kernel: sd_check_events). One that was not
   connected is to be found anew. */
static bool revalidate_unit(void *context, const struct logical_unit *unit)
{
	const struct look *look = context;
	int fd;

	if (unit->type == NO_DEVICE && !iscsi_class_is_connected(look->blockdev.sysfs, unit->path))
		write_to_unit(look, unit, "delete");
	if (unit->ready && (look->settled ? has_bit(look->settled, unit->lun) : look->all))
		set_bit(look->known, unit->lun);
	if (!unit->empty && !(look->all && unit->ready))
		return true;
	fd = unit->empty ? openat(look->blockdev.dev, unit->block, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd >= 0)
		close(fd);
	write_to_unit(look, unit, "rescan");
	if (look->tells && unit->empty)
		tell_size(look, unit->path);
	return true;
}

/* A unit that was not ready (standby, no medium, reserved) is attached with size 0, and a scan does not look at what is
   attached. */
static void look_at_units_again(struct look *look)
{
	const struct tour tour = {.blockdev = &look->blockdev, .visitor = revalidate_unit, .context = look};

	visit_units(&tour);
}

/* NULL: it does what the command says, or there is no answer. What it has to tell first (a unit attention) is no answer. */
static const char *ask(int dev, const char *address, const uint8_t *cdb, unsigned cdb_bytes, void *data, size_t size)
{
	struct bsg_answer answer;
	int tries = NEWS_MAX;

	do
		if (bsg_ask(dev, address, cdb, cdb_bytes, data, size, &answer) || !answer.status)
			return NULL;
	while (answer.has_sense && answer.sense.key == SCSI_UNIT_ATTENTION && --tries);
	return answer.has_sense ? scsi_sense_text(&answer.sense) : scsi_status_text(answer.status);
}

/* TEST UNIT READY */
static const char *ask_unit(int dev, const char *address)
{
	uint8_t cdb[SCSI_CDB_BYTES];

	scsi_test_unit_ready(cdb);
	return ask(dev, address, cdb, 6, NULL, 0);
}

static const char *ask_size(int dev, const char *address)
{
	uint8_t cdb[SCSI_CDB_BYTES], data[SCSI_SHORT_CAPACITY_BYTES];

	scsi_read_capacity_10(cdb);
	return ask(dev, address, cdb, 10, data, sizeof(data));
}

static void write_why(char why[BLOCKDEV_WHY_MAX], uint64_t lun, const char *text)
{
	snprintf(why, BLOCKDEV_WHY_MAX, "; LUN %" PRIu64 " says: %s", lun, text);
}

struct question {
	const struct blockdev *blockdev;
	struct finding *finding;
};

static bool ask_why(void *context, const struct logical_unit *unit)
{
	const struct question *question = context;
	const char *address = strrchr(unit->path, '/') + 1, *why = NULL;

	if (unit->is_disk && !unit->ready)
		why = ask_unit(question->blockdev->dev, address);
	if (!why && unit->empty)
		why = ask_size(question->blockdev->dev, address);
	if (why)
		write_why(question->finding->why, unit->lun, why);
	return !why;
}

/* The first unit that cannot be used says why. */
static void run_ask(const void *context, void *result)
{
	struct question question = {context, result};
	const struct tour tour = {.blockdev = context, .visitor = ask_why, .context = &question};

	visit_units(&tour);
}

static void run_scan(const void *context, void *result)
{
	const struct blockdev *blockdev = context;
	struct finding *finding = result;
	struct look look = {.blockdev = {.sysfs = blockdev->sysfs, .dev = blockdev->dev, .host = blockdev->host},
			    .all = blockdev->flags->revalidates,
			    .settled = blockdev->is_settled ? blockdev->known : NULL,
			    .known = finding->known};

	look_at_units_again(&look);
	run_ask(blockdev, finding);
	if (!try_flat(blockdev, &finding->error))
		finding->error = write_scan(blockdev->sysfs, blockdev->host, blockdev->has_lun, blockdev->lun);
}

static bool count_unit(void *context, const struct logical_unit *unit)
{
	struct blockdev *blockdev = context;

	if (!unit->is_disk || unit->empty) {
		if (blockdev->other_count++ == 0) {
			blockdev->other_lun = unit->lun;
			blockdev->other_type = unit->empty ? NO_MEDIUM : unit->type;
		}
		blockdev->empty_count += unit->empty;
		return true;
	}
	blockdev->disk_count++;
	blockdev->ready_count += unit->ready;
	if (!unit->ready)
		memcpy(blockdev->awaited, unit->path, sizeof(unit->path));
	/* The directory is in no order. */
	if (unit->ready && (!blockdev->first_disk[0] || unit->lun < blockdev->first_lun)) {
		memcpy(blockdev->first_disk, unit->block, sizeof(unit->block));
		blockdev->first_lun = unit->lun;
	}
	return true;
}

static enum blockdev_state look(struct blockdev *blockdev)
{
	const struct tour tour = {.blockdev = blockdev, .visitor = count_unit, .context = blockdev};

	blockdev->disk_count = blockdev->other_count = blockdev->ready_count = blockdev->empty_count = 0;
	blockdev->first_disk[0] = blockdev->awaited[0] = 0;
	visit_units(&tour);
	if (blockdev->disk_count == 0)
		return BLOCKDEV_EMPTY;
	return blockdev->ready_count < blockdev->disk_count ? BLOCKDEV_WAITING : BLOCKDEV_READING;
}

/* Queue settings and partitions: also the child's part. */

/* For something that the kernel has not made yet. Events, of which the disk's own come last, say when to try again. */
struct patience {
	int fd; /* -1: events are not heard yet */
	bool over;
};

#define PATIENCE         \
	{                \
		.fd = -1 \
	}

/* True: it is worth another try; the last one comes when there has been no event for a while. */
static bool await_event(struct patience *patience)
{
	struct pollfd events = {.events = POLLIN};

	if (patience->fd < 0) {
		patience->fd = uevent_open();
		return patience->fd >= 0; /* what happened before is not heard of */
	}
	if (patience->over)
		return false;
	events.fd = patience->fd;
	patience->over = poll(&events, 1, OPEN_WAIT_MS) <= 0;
	uevent_drain(patience->fd);
	return true;
}

static void end_patience(const struct patience *patience)
{
	if (patience->fd >= 0)
		close(patience->fd);
}

/* Before its queue is registered, a disk refuses any scheduler (kernel: elv_iosched_store). Up to 5.15 even a disk that can
   be opened may have none yet. */
static void set_scheduler(const struct blockdev *blockdev, const struct logical_unit *unit)
{
	struct patience patience = PATIENCE;
	char path[BLOCKDEV_PATH_MAX + 64], offered[128];
	const char *wanted = blockdev->scheduler[0] ? blockdev->scheduler : "none";
	int error;

	snprintf(path, sizeof(path), "%s/block/%s/queue/scheduler", unit->path, unit->block);
	do
		error = sysfs_write(blockdev->sysfs, path, wanted);
	while (error == -ENOENT && await_event(&patience));
	end_patience(&patience);
	if (!error)
		return;
	if (sysfs_read(blockdev->sysfs, path, offered, sizeof(offered)) < 0)
		offered[0] = 0;
	log_warn("%s: scheduler \"%s\" cannot be set: %s; the kernel offers: %s", unit->block, wanted, strerror(-error),
		 offered);
}

static void set_number(const struct blockdev *blockdev, const struct logical_unit *unit, const char *attribute,
		       int32_t wanted)
{
	char path[BLOCKDEV_PATH_MAX + 64], text[16];
	int64_t is;
	int error;

	snprintf(path, sizeof(path), "%s/%s", unit->path, attribute);
	if (!sysfs_read_number(blockdev->sysfs, path, 0, INT32_MAX, &is) && is == wanted)
		return;
	snprintf(text, sizeof(text), "%" PRId32, wanted);
	error = sysfs_write(blockdev->sysfs, path, text);
	if (error)
		log_warn("%s: %s cannot be set to %s: %s", unit->block, strrchr(attribute, '/') + 1, text,
			 strerror(-error));
}

/* A command that is in flight at each of six outages in a row fails, though I/O is to be held for ever: the kernel counts
   them. -1: it does not count (5.11 and later). */
static void set_retries(const struct blockdev *blockdev, const struct logical_unit *unit)
{
	const char *address = strrchr(unit->path, '/');
	char path[BLOCKDEV_PATH_MAX + 64];

	if (blockdev->params.value[PARAM_REPLACEMENT_TIMEOUT] >= 0 || !address)
		return;
	snprintf(path, sizeof(path), "%s/scsi_disk/%s/max_retries", unit->path, address + 1);
	if (sysfs_write(blockdev->sysfs, path, "-1"))
		log_debug("%s: max_retries cannot be set", unit->block);
}

static void set_queue(const struct blockdev *blockdev, const struct logical_unit *unit)
{
	const struct params *params = &blockdev->params;
	char attribute[BLOCKDEV_NAME_MAX + 32];

	set_scheduler(blockdev, unit);
	set_retries(blockdev, unit);
	if (params->source[PARAM_NR_REQUESTS] != SOURCE_DEFAULT && params->value[PARAM_NR_REQUESTS] > 0) {
		snprintf(attribute, sizeof(attribute), "block/%s/queue/nr_requests", unit->block);
		set_number(blockdev, unit, attribute, params->value[PARAM_NR_REQUESTS]);
	}
	snprintf(attribute, sizeof(attribute), "block/%s/queue/rotational", unit->block);
	set_number(blockdev, unit, attribute, params->value[PARAM_ROTATIONAL]);
	if (params->source[PARAM_QUEUE_DEPTH] != SOURCE_DEFAULT)
		set_number(blockdev, unit, "./queue_depth", params->value[PARAM_QUEUE_DEPTH]);
}

/* The directories of partitions begin with the name of the disk; asking all the others would be most of the work. */
static int count_partitions(int sysfs, const struct logical_unit *unit)
{
	char directory[BLOCKDEV_PATH_MAX + 64], path[2 * BLOCKDEV_PATH_MAX + 64];
	struct sysfs_dir dir;
	const char *name;
	int count = 0;

	snprintf(directory, sizeof(directory), "%s/block/%s", unit->path, unit->block);
	if (sysfs_dir_open(&dir, sysfs, directory) < 0)
		return 0;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		snprintf(path, sizeof(path), "%s/%s/partition", directory, name);
		count += !strncmp(name, unit->block, strlen(unit->block)) && sysfs_exists(sysfs, path);
	}
	sysfs_dir_close(&dir);
	return count;
}

/* Does the table say what the kernel shows? Up to the first number that neither has; where they start is enough. */
static int compare_table(int sysfs, const struct logical_unit *unit, int fd, int64_t sectors, bool *same)
{
	const struct disk disk = {.get = prefetch_get, .context = &fd, .size = (uint64_t)sectors << 9};
	struct partition entry;
	char path[BLOCKDEV_PATH_MAX + 96];
	int64_t unit_bytes, start;
	bool shown = true;
	int error = 0;

	snprintf(path, sizeof(path), "%s/block/%s/queue/logical_block_size", unit->path, unit->block);
	if (sysfs_read_number(sysfs, path, 512, 4096, &unit_bytes))
		unit_bytes = 512;
	*same = true;
	for (unsigned number = 1; *same && shown; number++) {
		snprintf(path, sizeof(path), "%s/block/%s/%s%u/start", unit->path, unit->block, unit->block, number);
		shown = !sysfs_read_number(sysfs, path, 0, INT64_MAX, &start);
		error = partition_find(&disk, (unsigned)unit_bytes, number, &entry);
		*same = error ? error == -ENOENT && !shown
			      : shown && (uint64_t)start == entry.first_lba * ((uint64_t)unit_bytes >> 9);
	}
	return error == -ENOENT ? 0 : error;
}

/* Reads the table, and lets the kernel read it again only if its partitions differ: the kernel needs ten round trips or
   more for that, and has just done it. BLKRRPART fails with EBUSY if a partition is in use, and with EINVAL if the device
   cannot have any. */
static int reread(int sysfs, const struct logical_unit *unit, int fd, int64_t sectors)
{
	bool same;
	int error;

	prefetch_table(fd);
	error = compare_table(sysfs, unit, fd, sectors, &same);
	if (same || error == -EIO) /* the kernel would take it for a disk without a table */
		return error;
	log_info("%s: the kernel is to read its partition table again", unit->block);
	if (ioctl(fd, BLKRRPART) == 0 || errno == EBUSY || errno == EINVAL || errno == EROFS)
		return 0;
	return -errno;
}

static int try_open(int dev, const char *name)
{
	int fd = openat(dev, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The node is there before the kernel lets anybody open the disk: ENXIO until then (kernel: device_add_disk). After that, open
   itself waits until the kernel's own partition scan is over (the disk's open mutex). Descriptor or -errno. */
static int open_disk(int dev, const char *name)
{
	struct patience patience = PATIENCE;
	int fd;

	do
		fd = try_open(dev, name);
	while (fd == -ENXIO && await_event(&patience));
	end_patience(&patience);
	return fd;
}

/* When open_disk and BLKRRPART have returned, the partitions are in sysfs and have their nodes. What the unit says if it cannot be
   read, or NULL: a port in standby tells the size of what it does not show. */
static const char *settle_disk(const struct blockdev *blockdev, const struct logical_unit *unit)
{
	char path[BLOCKDEV_PATH_MAX + 64];
	const char *why = NULL;
	int64_t sectors = 0;
	int fd, error = 0;
	bool has_queue;

	snprintf(path, sizeof(path), "%s/block/%s/size", unit->path, unit->block);
	sysfs_read_number(blockdev->sysfs, path, 0, INT64_MAX, &sectors);
	snprintf(path, sizeof(path), "%s/block/%s/queue/scheduler", unit->path, unit->block);
	has_queue = sysfs_exists(blockdev->sysfs, path);
	if (has_queue) /* beside the kernel's own reads of the table, which open_disk waits for */
		set_queue(blockdev, unit);
	fd = open_disk(blockdev->dev, unit->block);
	if (!has_queue)
		set_queue(blockdev, unit);
	if (fd < 0)
		error = fd;
	else if (blockdev->params.value[PARAM_PARTITIONS] == PARTITIONS_REREAD)
		error = reread(blockdev->sysfs, unit, fd, sectors);
	if (fd >= 0)
		close(fd);
	if (error)
		why = ask_unit(blockdev->dev, strrchr(unit->path, '/') + 1);
	if (why)
		return why;
	if (error)
		log_warn("%s: the partition table cannot be read: %s", unit->block, strerror(-error));
	log_info("disk %s: LUN %" PRIu64 ", %" PRId64 " MiB, %d partitions", unit->block, unit->lun, sectors >> 11,
		 count_partitions(blockdev->sysfs, unit));
	return NULL;
}

static bool settle_unit(void *context, const struct logical_unit *unit)
{
	struct blockdev *blockdev = context;
	const char *why = NULL;

	if (!unit->ready || has_bit(blockdev->known, unit->lun))
		return true;
	why = settle_disk(blockdev, unit);
	if (!why)
		set_bit(blockdev->known, unit->lun);
	else if (blockdev->unreadable++ == 0)
		write_why(blockdev->why, unit->lun, why);
	return true;
}

static void settle_share(struct blockdev *blockdev, struct share *share)
{
	const struct tour tour = {.blockdev = blockdev, .visitor = settle_unit, .context = blockdev, .share = share};

	visit_units(&tour);
}

static struct finding note_share(const struct blockdev *blockdev)
{
	struct finding finding = {.error = blockdev->unreadable};

	memcpy(finding.known, blockdev->known, sizeof(finding.known));
	memcpy(finding.why, blockdev->why, sizeof(finding.why));
	return finding;
}

static void add_finding(struct finding *sum, const struct finding *more)
{
	if (more->error && !sum->error)
		memcpy(sum->why, more->why, sizeof(sum->why));
	sum->error += more->error;
	for (int i = 0; i < BLOCKDEV_KNOWN; i++)
		sum->known[i] |= more->known[i];
}

/* The process of one hand. */
static void settle_hand(struct blockdev *blockdev, struct share *share, int pipe)
{
	struct finding finding;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	settle_share(blockdev, share);
	finding = note_share(blockdev);
	(void)!write(pipe, &finding, sizeof(finding)); /* one piece */
	_exit(0);
}

/* One process for each hand but the last, which is this process's own. If a fork fails, it takes the other hands, too. */
static void run_settle(const void *context, void *result)
{
	struct blockdev blockdev = *(const struct blockdev *)context;
	struct share share = {.hands = blockdev.ready_count < SETTLERS_MAX ? blockdev.ready_count : SETTLERS_MAX};
	struct finding *finding = result, part;
	int fds[2];
	pid_t pid = 1;

	blockdev.unreadable = 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		share.hands = 1;
	while (share.first < share.hands - 1 && (pid = fork()) > 0)
		share.last = ++share.first;
	if (pid == 0)
		settle_hand(&blockdev, &share, fds[1]);
	share.last = share.hands - 1;
	settle_share(&blockdev, &share);
	*finding = note_share(&blockdev);
	while (wait(NULL) > 0)
		if (read(fds[0], &part, sizeof(part)) == sizeof(part))
			add_finding(finding, &part);
}

/* The machine. */

static void end_scan(struct blockdev *blockdev)
{
	struct finding finding = {0};
	enum child_state state = child_step(&blockdev->child, &finding, sizeof(finding));

	if (state == CHILD_RUNNING)
		return;
	release_flags(blockdev);
	if (state == CHILD_DONE) {
		memcpy(blockdev->why, finding.why, sizeof(blockdev->why));
		memcpy(blockdev->known, finding.known, sizeof(blockdev->known));
	}
	blockdev->error = state == CHILD_DIED ? -EIO : finding.error;
	blockdev->state = blockdev->error ? BLOCKDEV_FAILED : BLOCKDEV_WAITING;
}

static void end_reading(struct blockdev *blockdev)
{
	struct finding finding = {0};
	enum child_state state = child_step(&blockdev->child, &finding, sizeof(finding));

	if (state == CHILD_RUNNING)
		return;
	if (state == CHILD_DIED)
		log_warn("the reading of the partition tables ended unexpectedly");
	memcpy(blockdev->why, finding.why, sizeof(blockdev->why));
	if (state == CHILD_DONE)
		memcpy(blockdev->known, finding.known, sizeof(blockdev->known));
	blockdev->is_settled = true;
	blockdev->unreadable = finding.error;
	blockdev->state = BLOCKDEV_READY;
}

/* There is an event for each disk, and looking at all 255 disks of a target each time would take most of its boot. While the
   disk that was missing in the last look is still missing, there is no need for another. */
static bool is_awaited(const struct blockdev *blockdev)
{
	struct logical_unit unit = {0};

	memcpy(unit.path, blockdev->awaited, sizeof(unit.path));
	return blockdev->state == BLOCKDEV_WAITING && unit.path[0] && read_unit(blockdev, &unit) && unit.is_disk &&
	       !unit.ready && !unit.empty;
}

/* What was said by a unit that can be used by now is over. */
static void start_reading(struct blockdev *blockdev)
{
	child_stop(&blockdev->child);
	if (!blockdev->empty_count)
		blockdev->why[0] = 0;
	if (child_start(&blockdev->child, run_settle, blockdev, sizeof(struct finding))) {
		log_warn("no process for the partition tables: they stay as the kernel read them");
		blockdev->state = BLOCKDEV_READY;
	}
}

static void look_and_read(struct blockdev *blockdev)
{
	if (is_awaited(blockdev))
		return;
	blockdev->state = look(blockdev);
	if (blockdev->state == BLOCKDEV_READING)
		start_reading(blockdev);
}

bool blockdev_lacks(const struct blockdev *blockdev)
{
	return blockdev->empty_count || blockdev->unreadable;
}

/* Is there a unit that cannot be used, and no other work with it? */
static bool can_be_asked(const struct blockdev *blockdev)
{
	switch (blockdev->state) {
	case BLOCKDEV_WAITING:
		return true;
	case BLOCKDEV_EMPTY:
	case BLOCKDEV_READY:
		return blockdev_lacks(blockdev);
	default:
		return false;
	}
}

void blockdev_ask(struct blockdev *blockdev)
{
	if (!can_be_asked(blockdev) || blockdev->asked || blockdev->child.fd >= 0)
		return;
	blockdev->asked = true;
	child_start(&blockdev->child, run_ask, blockdev, sizeof(struct finding));
}

static void end_asking(struct blockdev *blockdev)
{
	struct finding finding;

	if (child_step(&blockdev->child, &finding, sizeof(finding)) == CHILD_DONE)
		memcpy(blockdev->why, finding.why, sizeof(blockdev->why));
}

enum blockdev_state blockdev_step(struct blockdev *blockdev)
{
	if (blockdev->state == BLOCKDEV_SCANNING)
		end_scan(blockdev);
	if (blockdev->state == BLOCKDEV_READING)
		end_reading(blockdev);
	if (blockdev->child.fd >= 0 && can_be_asked(blockdev))
		end_asking(blockdev);
	if (blockdev->state == BLOCKDEV_WAITING || blockdev->state == BLOCKDEV_EMPTY)
		look_and_read(blockdev);
	return blockdev->state;
}

static bool note_new(void *context, const struct logical_unit *unit)
{
	const struct blockdev **blockdev = context;

	if (unit->ready && !has_bit((*blockdev)->known, unit->lun))
		*blockdev = NULL;
	return *blockdev;
}

bool blockdev_has_new(const struct blockdev *blockdev)
{
	const struct blockdev *at = blockdev;
	const struct tour tour = {.blockdev = blockdev, .visitor = note_new, .context = &at};
	bool is_idle = blockdev->state == BLOCKDEV_READY || blockdev->state == BLOCKDEV_EMPTY;

	if (is_idle && blockdev->is_settled && !blockdev->unreadable)
		visit_units(&tour);
	return !at;
}

bool blockdev_is_readable(const struct blockdev *blockdev)
{
	return blockdev->state == BLOCKDEV_READY && blockdev->unreadable < blockdev->ready_count;
}

int blockdev_fd(const struct blockdev *blockdev)
{
	return blockdev->state == BLOCKDEV_IDLE ? -1 : blockdev->child.fd;
}

void blockdev_stop(struct blockdev *blockdev)
{
	if (blockdev->state == BLOCKDEV_IDLE)
		return;
	child_stop(&blockdev->child);
	release_flags(blockdev);
	blockdev->state = BLOCKDEV_IDLE;
}

static const char *type_name(unsigned type)
{
	/* SPC-4 6.4.2, peripheral device type */
	switch (type) {
	case 5:
		return "a CD or DVD drive";
	case 12:
		return "a storage array controller";
	case 13:
		return "an enclosure";
	case NO_MEDIUM:
		return "a disk that is not ready (size 0)";
	case NO_DEVICE:
		return "nothing (no device)";
	default:
		return "no disk";
	}
}

static void describe_empty(const struct blockdev *blockdev, char *out, size_t size)
{
	char which[48] = "disk";

	if (blockdev->has_lun)
		snprintf(which, sizeof(which), "LUN %" PRIu64, blockdev->lun);
	if (blockdev->other_count == 0)
		snprintf(out, size, "the target has no %s for this initiator", which);
	else if (blockdev->has_lun)
		snprintf(out, size, "LUN %" PRIu64 " is %s, not a usable disk%s", blockdev->other_lun,
			 type_name(blockdev->other_type), blockdev->why);
	else
		snprintf(out, size,
			 "the target has no disk for this initiator, only %d other LUN%s (LUN %" PRIu64 " is %s)%s",
			 blockdev->other_count, blockdev->other_count > 1 ? "s" : "", blockdev->other_lun,
			 type_name(blockdev->other_type), blockdev->why);
}

/* The kernel sends again by itself what a unit is too busy for, and tells nobody: then our question waits, too. */
static const char *why_not_attached(const struct blockdev *blockdev)
{
	return blockdev->child.fd >= 0 ? "; its unit is busy, or slow: it does not answer" : blockdev->why;
}

const char *blockdev_describe(const struct blockdev *blockdev, char *out, size_t size)
{
	switch (blockdev->state) {
	case BLOCKDEV_IDLE:
		snprintf(out, size, "not scanned");
		break;
	case BLOCKDEV_SCANNING:
		snprintf(out, size, "the scan of SCSI host %u is under way%s", blockdev->host, blockdev->why);
		break;
	case BLOCKDEV_WAITING:
		snprintf(out, size,
			 "%d of %d disks attached: the SCSI disk driver (sd_mod) is not done with the others%s",
			 blockdev->ready_count, blockdev->disk_count, why_not_attached(blockdev));
		break;
	case BLOCKDEV_READING:
		snprintf(out, size, "partition tables are being read%s", blockdev->why);
		break;
	case BLOCKDEV_READY:
		snprintf(out, size, "%d disk%s %s%s", blockdev->disk_count, blockdev->disk_count > 1 ? "s" : "",
			 blockdev_is_readable(blockdev) ? "ready" : "that cannot be read", blockdev->why);
		break;
	case BLOCKDEV_EMPTY:
		describe_empty(blockdev, out, size);
		break;
	case BLOCKDEV_FAILED:
		snprintf(out, size, "the scan of SCSI host %u failed: %s", blockdev->host, strerror(-blockdev->error));
		break;
	}
	return out;
}

int blockdev_rescan(int sysfs, uint32_t sid)
{
	int host = iscsi_class_host(sysfs, sid), dev;
	uint8_t known[BLOCKDEV_KNOWN] = {0};
	struct look look = {.all = true, .tells = true, .known = known};

	if (host < 0)
		return host;
	dev = sysfs_open("/dev");
	look.blockdev = (struct blockdev){.sysfs = sysfs, .dev = dev, .host = (unsigned)host};
	look_at_units_again(&look);
	if (dev >= 0)
		close(dev);
	return write_scan(sysfs, (unsigned)host, false, 0);
}

int blockdev_reread(const char *device)
{
	int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = ioctl(fd, BLKRRPART) < 0 ? -errno : 0;
	close(fd);
	return error;
}
