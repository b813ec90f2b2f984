/* paths.c - see paths.h. kernel: drivers/md/dm-mpath.c, multipath_message */
/* SPDX-License-Identifier: MIT */
#include "session/paths.h"

#include <stdio.h>
#include <string.h>

#include "sys/dm.h"
#include "sys/log.h"
#include "sys/sysfs.h"

static int tell(int control, int sysfs, const struct unit *unit, const char *message)
{
	char path[64], map[DM_TEXT_MAX], number[16], text[DM_MESSAGE_MAX];
	int result;

	snprintf(path, sizeof(path), "class/block/%s/dm/name", unit->map);
	if (sysfs_read(sysfs, path, map, sizeof(map)) <= 0)
		return 0;
	snprintf(path, sizeof(path), "class/block/%s/dev", unit->block);
	if (sysfs_read(sysfs, path, number, sizeof(number)) <= 0)
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
