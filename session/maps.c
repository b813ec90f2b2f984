/* maps.c - see maps.h. */
/* SPDX-License-Identifier: MIT */
#include "session/maps.h"

#include <stdio.h>
#include <string.h>

#include "sys/dm.h"
#include "sys/sysfs.h"

#define STATUS_BYTES 2048

static bool read_uuid(int sysfs, const char *device, char uuid[static DM_TEXT_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "class/block/%.20s/dm/uuid", device);
	return sysfs_read(sysfs, path, uuid, DM_TEXT_MAX) > 0 && !strncmp(uuid, "mpath-", 6);
}

bool maps_is(int sysfs, const char *device)
{
	char uuid[DM_TEXT_MAX];

	return read_uuid(sysfs, device, uuid);
}

static void add_path(int sysfs, const char *block, const char *status, struct map_view *map)
{
	char number[PATHS_NUMBER_BYTES];

	if (map->count == MAPS_PATHS_MAX || !paths_number(sysfs, block, number))
		return;
	snprintf(map->paths[map->count].block, sizeof(map->paths[0].block), "%s", block);
	map->paths[map->count++].is = paths_status(status, number);
}

bool maps_read(int sysfs, int control, const char *device, struct map_view *out)
{
	char path[64], status[STATUS_BYTES];
	struct sysfs_dir dir;
	const char *block;

	if (!read_uuid(sysfs, device, out->uuid) || paths_name(sysfs, device, out->name) ||
	    dm_status(control, out->name, status, sizeof(status)))
		return false;
	snprintf(out->device, sizeof(out->device), "%s", device);
	snprintf(path, sizeof(path), "class/block/%.20s/slaves", device);
	out->count = 0;
	if (sysfs_dir_open(&dir, sysfs, path))
		return false;
	while ((block = sysfs_dir_next(&dir, NULL)))
		add_path(sysfs, block, status, out);
	sysfs_dir_close(&dir);
	return true;
}

bool maps_has_session(int sysfs, const struct map_view *map)
{
	char path[64], link[256];

	for (int i = 0; i < map->count; i++) {
		snprintf(path, sizeof(path), "class/block/%s", map->paths[i].block);
		if (!sysfs_read_link(sysfs, path, link, sizeof(link)) && strstr(link, "/session"))
			return true;
	}
	return false;
}
