/* paths.c - see paths.h. kernel: drivers/md/dm-mpath.c, multipath_message */
/* SPDX-License-Identifier: MIT */
#include "session/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/log.h"
#include "sys/sysfs.h"

int paths_name(int sysfs, const char *device, char name[static DM_TEXT_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "class/block/%s/dm/name", device);
	return sysfs_read(sysfs, path, name, DM_TEXT_MAX) > 0 ? 0 : -ENOENT;
}

bool paths_number(int sysfs, const char *block, char number[static PATHS_NUMBER_BYTES])
{
	char path[64];

	snprintf(path, sizeof(path), "class/block/%.40s/dev", block);
	if (sysfs_read(sysfs, path, number, PATHS_NUMBER_BYTES) <= 0)
		number[0] = '\0';
	return number[0];
}

/* The state of a path in the status of its map: ... 8:0 A 0 ... */
bool paths_is_active(const char *status, const char *number)
{
	size_t length = strlen(number);

	for (const char *at = status; (at = strstr(at, number)); at += length)
		if (at > status && at[-1] == ' ' && at[length] == ' ')
			return at[length + 1] == 'A';
	return false;
}

static int tell(int control, int sysfs, const struct unit *unit, const char *message)
{
	char map[DM_TEXT_MAX], number[PATHS_NUMBER_BYTES], text[DM_MESSAGE_MAX];
	int result;

	if (paths_name(sysfs, unit->map, map) || !paths_number(sysfs, unit->block, number))
		return 0;
	snprintf(text, sizeof(text), "%s %s", message, number);
	result = dm_message(control, map, text);
	log_debug("%s: %s (%s)%s%s", map, text, unit->block, result ? ": " : "", result ? strerror(-result) : "");
	return !result;
}

int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message)
{
	int told = 0;

	for (int i = 0; i < count; i++)
		if (units[i].map[0])
			told += tell(control, sysfs, &units[i], message);
	return told;
}
