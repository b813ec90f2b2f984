/* paths.h - what a session says to the maps that its units are paths of. See multipath.h. */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_PATHS_H
#define SESSION_PATHS_H

#include "session/units.h"

/* Tells each unit's map so, with the unit's device number: "fail_path", "reinstate_path". control: of the device mapper. How many
   maps took it. */
int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message);

#endif
