/* maps.h - the multipath maps that there are: name, paths, and whether and in which group each path is used. Read from the kernel
 * each time, whoever made the map. Without I/O to any disk.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_MAPS_H
#define SESSION_MAPS_H

#include <stdbool.h>

#include "session/paths.h"

#define MAPS_PATHS_MAX 64

struct map_view {
	char device[12]; /* "dm-0" */
	char name[DM_TEXT_MAX], uuid[DM_TEXT_MAX];
	int count; /* of its paths */
	struct {
		char block[32];
		struct path_status is;
	} paths[MAPS_PATHS_MAX];
};

/* Is this block device a multipath map? */
bool maps_is(int sysfs, const char *device);

/* control: of the device mapper. False: it is none, or has just gone. */
bool maps_read(int sysfs, int control, const char *device, struct map_view *out);

/* Is one of its paths a disk of an iSCSI session? */
bool maps_has_session(int sysfs, const struct map_view *map);

#endif
