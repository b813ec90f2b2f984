/* paths.h - what a session says to the maps that its units are paths of. See multipath.h. */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_PATHS_H
#define SESSION_PATHS_H

#include <stdbool.h>

#include "session/units.h"
#include "sys/dm.h"

#define PATHS_NUMBER_BYTES 16

/* The name of a map ("dm-0"), which somebody may have changed. 0 or -ENOENT. */
int paths_name(int sysfs, const char *device, char name[static DM_TEXT_MAX]);

/* The number of a block device ("8:0"). False, with "": sysfs does not show it. */
bool paths_number(int sysfs, const char *block, char number[static PATHS_NUMBER_BYTES]);

/* What the status of a map says of it, and of the path with a number ("8:0"). */
struct path_status {
	int group;   /* of the path, from 1: the first is the best; 0: it is no path of the map */
	bool active; /* it has not failed */
	int groups, in_use;
};

struct path_status paths_status(const char *status, const char *number);

/* Tells each unit's map so, with the unit's device number: "fail_path", "reinstate_path". control: of the device mapper. How many
   maps took it. */
int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message);

#endif
