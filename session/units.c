/* units.c - see units.h. */
/* SPDX-License-Identifier: MIT */
#include "session/units.h"

#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/scsi.h"
#include "sys/iscsi_class.h"
#include "sys/sysfs.h"

#define PATH_BYTES 256

/* SPC-4 table 139: what holds nobody's data. */
static bool holds_nothing(int64_t type)
{
	return type == 3 || type == 12 || type == 13 ||
	       type >= 30; /* processor, array controller, enclosure, well known */
}

/* What the sd driver takes (kernel: sd_probe). */
static bool is_disk(uint8_t type)
{
	return type == 0 || type == 7 || type == 14 || type == 20;
}

static int64_t number_of(int sysfs, const char *directory, const char *name, int64_t otherwise)
{
	char path[PATH_BYTES];
	int64_t value;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
	    sysfs_read_number(sysfs, path, 0, INT64_MAX, &value))
		return otherwise;
	return value;
}

static void read_text(int sysfs, const char *directory, const char *name, char *out, size_t size)
{
	char path[PATH_BYTES];

	out[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path))
		(void)sysfs_read(sysfs, path, out, size);
}

static size_t read_page(int sysfs, const char *directory, const char *name, uint8_t page[UNIT_PAGE_MAX])
{
	char path[PATH_BYTES];
	ssize_t length;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return 0;
	length = sysfs_read_bytes(sysfs, path, page, UNIT_PAGE_MAX);
	return length > 0 ? (size_t)length : 0;
}

/* The designator that a later look at as many bytes finds, too. */
static void read_id(int sysfs, const char *directory, struct unit *unit)
{
	uint8_t page[UNIT_PAGE_MAX];
	size_t length = read_page(sysfs, directory, "vpd_pg83", page);

	unit->has_long_page = length > UNIT_PAGE_SMALL;
	if (!scsi_id_choose(page, length, &unit->id))
		return;
	length = read_page(sysfs, directory, "vpd_pg80", page);
	if (scsi_id_serial(page, length < UNIT_PAGE_SMALL ? length : UNIT_PAGE_SMALL, &unit->id))
		unit->id.kind = SCSI_ID_NONE;
}

/* The first directory below one whose name begins so, joined with it; false: none. */
static bool find_below(int sysfs, const char *directory, const char *prefix, char out[PATH_BYTES])
{
	struct sysfs_dir dir;
	const char *name;
	bool found = false;

	if (sysfs_dir_open(&dir, sysfs, directory))
		return false;
	while (!found && (name = sysfs_dir_next(&dir, NULL)))
		found = !strncmp(name, prefix, strlen(prefix)) &&
			snprintf(out, PATH_BYTES, "%s/%s", directory, name) < PATH_BYTES;
	sysfs_dir_close(&dir);
	return found;
}

/* dm-multipath names its maps so (the map's UUID, kernel: dm-sysfs.c). */
static void read_map(int sysfs, const char *block, struct unit *unit)
{
	char holders[PATH_BYTES], map[PATH_BYTES], uuid[16];

	if (snprintf(holders, sizeof(holders), "%s/holders", block) >= (int)sizeof(holders) ||
	    !find_below(sysfs, holders, "dm-", map))
		return;
	read_text(sysfs, map, "dm/uuid", uuid, sizeof(uuid));
	if (!strncmp(uuid, "mpath-", 6))
		snprintf(unit->map, sizeof(unit->map), "%.11s", strrchr(map, '/') + 1);
}

static void read_block(int sysfs, const char *directory, struct unit *unit)
{
	char block[PATH_BYTES], above[PATH_BYTES];

	if (!is_disk(unit->type) || snprintf(above, sizeof(above), "%s/block", directory) >= (int)sizeof(above) ||
	    !find_below(sysfs, above, "", block))
		return;
	snprintf(unit->block, sizeof(unit->block), "%.31s", strrchr(block, '/') + 1);
	unit->sectors = (uint64_t)number_of(sysfs, block, "size", 0);
	unit->block_bytes = (uint32_t)number_of(sysfs, block, "queue/logical_block_size", 512);
	unit->writable = number_of(sysfs, block, "ro", 0) == 0;
	read_map(sysfs, block, unit);
}

/* directory: .../h:c:t:l. False: nothing that a write could be held for. A LUNZ is what EMC's arrays (CLARiiON, VNX, Unity) have at
   LUN 0 until something is mapped there; that is another unit then. */
static bool read_unit(int sysfs, const char *directory, struct unit *unit)
{
	int64_t type = number_of(sysfs, directory, "type", 31);

	if (holds_nothing(type) || !iscsi_class_is_connected(sysfs, directory))
		return false;
	unit->lun = strtoull(strrchr(directory, ':') + 1, NULL, 10);
	unit->type = (uint8_t)type;
	unit->sectors = unit->block_bytes = 0;
	unit->block[0] = unit->map[0] = '\0';
	unit->writable = false;
	read_text(sysfs, directory, "vendor", unit->vendor, sizeof(unit->vendor));
	read_text(sysfs, directory, "model", unit->model, sizeof(unit->model));
	read_id(sysfs, directory, unit);
	read_block(sysfs, directory, unit);
	return unit->sectors || strcmp(unit->model, "LUNZ") != 0;
}

static int read_target(int sysfs, const char *target, struct unit *out, int count, int max)
{
	char path[PATH_BYTES];
	struct sysfs_dir dir;
	const char *name;
	struct unit surplus;

	if (sysfs_dir_open(&dir, sysfs, target))
		return count;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		if (name[0] >= '0' && name[0] <= '9' && strchr(name, ':') &&
		    snprintf(path, sizeof(path), "%s/%s", target, name) < (int)sizeof(path))
			count += read_unit(sysfs, path, count < max ? &out[count] : &surplus);
	}
	sysfs_dir_close(&dir);
	return count;
}

int units_read(int sysfs, uint32_t sid, struct unit *out, int max)
{
	char device[64], target[PATH_BYTES];
	struct sysfs_dir dir;
	const char *name;
	int count = 0;

	(void)snprintf(device, sizeof(device), "class/iscsi_session/session%u/device", sid);
	if (sysfs_dir_open(&dir, sysfs, device))
		return 0;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		if (!strncmp(name, "target", 6) &&
		    snprintf(target, sizeof(target), "%s/%s", device, name) < (int)sizeof(target))
			count = read_target(sysfs, target, out, count, max);
	}
	sysfs_dir_close(&dir);
	return count;
}

/* ---- what the kernel was not asked for ---- */

#define ANSWER_MS 10000

/* The page's length, or -errno. fd: of the block device. */
static int ask_page(int fd, int page, uint8_t data[UNIT_PAGE_SMALL])
{
	uint8_t cdb[SCSI_CDB_BYTES], sense[32];
	struct sg_io_hdr request = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_FROM_DEV,
		.cmd_len = 6,
		.mx_sb_len = sizeof(sense),
		.dxfer_len = UNIT_PAGE_SMALL,
		.dxferp = data,
		.cmdp = cdb,
		.sbp = sense,
		.timeout = ANSWER_MS,
	};

	scsi_inquiry(cdb, page, UNIT_PAGE_SMALL);
	if (ioctl(fd, SG_IO, &request))
		return -errno;
	if (request.status || request.host_status || request.resid < 0 || request.resid > UNIT_PAGE_SMALL)
		return -EIO;
	return UNIT_PAGE_SMALL - request.resid;
}

static bool ask_id(int dev, const struct unit *unit, struct scsi_id *out)
{
	int fd = openat(dev, unit->block, O_RDONLY | O_NONBLOCK | O_CLOEXEC), length;
	uint8_t page[UNIT_PAGE_SMALL];
	bool found;

	if (fd < 0)
		return false;
	length = ask_page(fd, SCSI_PAGE_IDENTIFIERS, page);
	found = length > 0 && !scsi_id_choose(page, (size_t)length, out);
	if (!found) {
		length = ask_page(fd, SCSI_PAGE_SERIAL, page);
		found = length > 0 && !scsi_id_serial(page, (size_t)length, out);
	}
	close(fd);
	return found;
}

struct order {
	int sysfs, dev;
	uint32_t sid;
};

static bool lacks_id(const struct unit *unit)
{
	return unit->id.kind == SCSI_ID_NONE && unit->block[0] && unit->sectors;
}

void units_ask(int dev, struct unit *units, int count)
{
	for (int i = 0; i < count; i++)
		if (lacks_id(&units[i]) && !ask_id(dev, &units[i], &units[i].id))
			units[i].id.kind = SCSI_ID_NONE;
}

static void learn(const void *context, void *result)
{
	const struct order *order = context;
	struct units_learned *learned = result;
	static struct unit units[UNITS_MAX];
	int count = units_read(order->sysfs, order->sid, units, UNITS_MAX);

	for (int i = 0; i < count && i < UNITS_MAX && learned->count < UNITS_LEARNED_MAX; i++) {
		if (!lacks_id(&units[i]) || !ask_id(order->dev, &units[i], &learned->unit[learned->count].id))
			continue;
		learned->unit[learned->count++].lun = units[i].lun;
	}
}

_Static_assert(sizeof(struct units_learned) <= CHILD_RESULT_MAX, "a child's result holds it");

int units_learn(struct child *child, int sysfs, int dev, uint32_t sid)
{
	const struct order order = {sysfs, dev, sid};
	struct unit unit;

	/* One is enough: scan=lean is a whole session's. */
	if (!units_read(sysfs, sid, &unit, 1) || !lacks_id(&unit))
		return -ENOENT;
	child_stop(child);
	return child_start(child, learn, &order, sizeof(struct units_learned));
}

void units_use_learned(struct unit *units, int count, const struct units_learned *learned)
{
	for (int i = 0; i < count; i++)
		for (int j = 0; j < learned->count && units[i].id.kind == SCSI_ID_NONE; j++)
			if (learned->unit[j].lun == units[i].lun)
				units[i].id = learned->unit[j].id;
}
