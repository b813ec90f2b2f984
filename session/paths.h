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

/* Is the path with this number ("8:0") used, by the status of its map? False: it has failed, or is none. */
bool paths_is_active(const char *status, const char *number);

/* Tells each unit's map so, with the unit's device number: "fail_path", "reinstate_path". control: of the device mapper. How many
   maps took it. */
int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message);

#endif
