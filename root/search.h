/* search.h - which block device root= means.
 *
 * Owns the list of block devices and what their first bytes say (proto/superblock). Reads disks: call it in a child.
 * Does not mount.
 */
#ifndef ROOT_SEARCH_H
#define ROOT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

struct root_candidate {
	char name[48]; /* "sda1": relative to /dev; "" not found */
	char type[18]; /* what superblock found there; "" unknown */
	int fd;        /* where a file system was looked for: keeps what was read until it is closed; else -1 */
};

/* Looks for root= once. true with *found. Else seen says which block devices are there and what they hold. Descriptors of
   /sys and /dev. */
bool root_search(int sysfs, int dev, const struct root_plan *plan, struct root_candidate *found, char *seen,
		 size_t size);

/* What root= says, for messages: "UUID=1234", "/dev/sda1". Returns out. */
const char *root_search_name(const struct root_plan *plan, char *out, size_t size);

#endif
