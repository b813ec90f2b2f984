/* disks.c - see disks.h. */
/* SPDX-License-Identifier: MIT */
#include "command/disks.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/child.h"
#include "sys/sysfs.h"

#define SECTOR_BYTES 512 /* the unit of sysfs, whatever the disk's own is */

static void read_text(int sysfs, const struct disk_entry *disk, const char *attribute, char *out, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", disk->path, attribute);
	if (sysfs_read(sysfs, path, out, size) < 0)
		out[0] = '\0';
}

/* SPC-4, peripheral device types that the sd driver takes (kernel: sd_probe). */
static bool is_disk(int64_t type)
{
	return type == 0 || type == 7 || type == 14 || type == 20;
}

/* The block device's name is the only entry of the directory. */
static void read_name(int sysfs, struct disk_entry *disk)
{
	char path[256];
	struct sysfs_dir dir;
	const char *name;

	snprintf(path, sizeof(path), "%s/block", disk->path);
	if (sysfs_dir_open(&dir, sysfs, path))
		return;
	name = sysfs_dir_next(&dir, NULL);
	if (name && strlen(name) < sizeof(disk->name))
		memcpy(disk->name, name, strlen(name) + 1);
	sysfs_dir_close(&dir);
}

/* The unit at disk->path. False: it is no disk. */
static bool read_unit(int sysfs, struct disk_entry *disk)
{
	char path[256];
	int64_t type, sectors = 0;

	snprintf(path, sizeof(path), "%s/type", disk->path);
	if (sysfs_read_number(sysfs, path, 0, 31, &type) || !is_disk(type))
		return false;
	disk->lun = strtoull(strrchr(disk->path, ':') + 1, NULL, 10);
	read_name(sysfs, disk);
	read_text(sysfs, disk, "wwid", disk->wwid, sizeof(disk->wwid));
	read_text(sysfs, disk, "state", disk->state, sizeof(disk->state));
	if (!disk->name[0])
		return true;
	snprintf(path, sizeof(path), "%s/block/%s/size", disk->path, disk->name);
	sysfs_read_number(sysfs, path, 0, INT64_MAX / SECTOR_BYTES, &sectors);
	disk->bytes = sectors * SECTOR_BYTES;
	return true;
}

/* Keeps the order by LUN: the directory has none. */
static int insert(struct disk_entry *out, int count, const struct disk_entry *disk)
{
	int at = count;

	for (; at > 0 && out[at - 1].lun > disk->lun; at--)
		out[at] = out[at - 1];
	out[at] = *disk;
	return count + 1;
}

static int list_target(int sysfs, const char *target, struct disk_entry *out, int max)
{
	struct sysfs_dir dir;
	const char *name;
	int count = 0;

	if (sysfs_dir_open(&dir, sysfs, target))
		return 0;
	while (count < max && (name = sysfs_dir_next(&dir, NULL))) {
		struct disk_entry disk = {.name = ""};

		if (name[0] >= '0' && name[0] <= '9' && strchr(name, ':') &&
		    snprintf(disk.path, sizeof(disk.path), "%s/%s", target, name) < (int)sizeof(disk.path) &&
		    read_unit(sysfs, &disk))
			count = insert(out, count, &disk);
	}
	sysfs_dir_close(&dir);
	return count;
}

/* An iSCSI session has one SCSI target. */
int disks_list(int sysfs, uint32_t sid, struct disk_entry *out, int max)
{
	char device[64], target[128] = "";
	struct sysfs_dir dir;
	const char *name;

	snprintf(device, sizeof(device), "class/iscsi_session/session%u/device", sid);
	if (sysfs_dir_open(&dir, sysfs, device))
		return 0;
	while (!target[0] && (name = sysfs_dir_next(&dir, NULL)))
		if (!strncmp(name, "target", 6))
			snprintf(target, sizeof(target), "%s/%.40s", device, name);
	sysfs_dir_close(&dir);
	return target[0] ? list_target(sysfs, target, out, max) : 0;
}

struct deletion {
	int sysfs;
	char path[sizeof(((struct disk_entry *)0)->path) + 8];
};

static void run_delete(const void *context, void *result)
{
	const struct deletion *deletion = context;

	*(int *)result = sysfs_write(deletion->sysfs, deletion->path, "1");
}

int disks_delete(int sysfs, const struct disk_entry *disk, int timeout_s)
{
	struct deletion deletion = {.sysfs = sysfs};

	snprintf(deletion.path, sizeof(deletion.path), "%s/delete", disk->path);
	return child_run(run_delete, &deletion, timeout_s);
}

void disks_visit_parts(int sysfs, const char *disk, void (*visit)(void *context, const char *name), void *context)
{
	char directory[64], path[400];
	struct sysfs_dir dir;
	const char *name;

	visit(context, disk);
	snprintf(directory, sizeof(directory), "class/block/%.*s", DISKS_NAME_MAX, disk);
	if (sysfs_dir_open(&dir, sysfs, directory))
		return;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		snprintf(path, sizeof(path), "%s/%s/partition", directory, name);
		if (!strncmp(name, disk, strlen(disk)) && sysfs_exists(sysfs, path))
			visit(context, name);
	}
	sysfs_dir_close(&dir);
}
