/* units.c - see units.h. */
#include "session/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scsi.h"
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
static bool is_in_multipath(int sysfs, const char *block)
{
	char holders[PATH_BYTES], map[PATH_BYTES], uuid[16];

	if (snprintf(holders, sizeof(holders), "%s/holders", block) >= (int)sizeof(holders) ||
	    !find_below(sysfs, holders, "dm-", map))
		return false;
	read_text(sysfs, map, "dm/uuid", uuid, sizeof(uuid));
	return !strncmp(uuid, "mpath-", 6);
}

static void read_block(int sysfs, const char *directory, struct unit *unit)
{
	char block[PATH_BYTES], above[PATH_BYTES];

	if (!is_disk(unit->type) || snprintf(above, sizeof(above), "%s/block", directory) >= (int)sizeof(above) ||
	    !find_below(sysfs, above, "", block))
		return;
	unit->sectors = (uint64_t)number_of(sysfs, block, "size", 0);
	unit->block_bytes = (uint32_t)number_of(sysfs, block, "queue/logical_block_size", 512);
	unit->writable = number_of(sysfs, block, "ro", 0) == 0;
	unit->in_multipath = is_in_multipath(sysfs, block);
}

/* directory: .../h:c:t:l. False: nothing that a write could be held for. */
static bool read_unit(int sysfs, const char *directory, struct unit *unit)
{
	int64_t type = number_of(sysfs, directory, "type", 31);

	if (holds_nothing(type))
		return false;
	unit->lun = strtoull(strrchr(directory, ':') + 1, NULL, 10);
	unit->type = (uint8_t)type;
	unit->sectors = unit->block_bytes = 0;
	unit->writable = unit->in_multipath = false;
	read_text(sysfs, directory, "vendor", unit->vendor, sizeof(unit->vendor));
	read_text(sysfs, directory, "model", unit->model, sizeof(unit->model));
	read_id(sysfs, directory, unit);
	read_block(sysfs, directory, unit);
	return true;
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
