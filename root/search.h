/* search.h - which block device root= means.
 *
 * Owns the list of block devices and what their first bytes say (proto/superblock). Reads disks: call it in a child.
 * Does not mount.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_SEARCH_H
#define ROOT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

#define SEARCH_NAME_BYTES 48 /* of a block device's name, with the NUL */

struct search_result {
	char name[SEARCH_NAME_BYTES]; /* "sda1": relative to /dev; "" not found */
	char type[18];                /* what superblock found there; "" unknown */
	int fd; /* its open descriptor, where a file system was looked for, else -1: what was read stays in memory
			  until it is closed */
};

/* Looks for root= once. true with *found. Else seen says which block devices are there and what they hold. Descriptors of
   /sys and /dev. */
bool search_find(int sysfs, int dev, const struct root_plan *plan, struct search_result *found, char *seen,
		 size_t size);

/* The disk of a partition, both as sysfs names them: the partition's directory is within the disk's. False, with "", where that
   cannot be read. */
bool search_disk_of(int sysfs, const char *name, char disk[static SEARCH_NAME_BYTES]);

/* What root= says, for messages: "UUID=1234", "/dev/sda1". Returns out. */
const char *search_wanted(const struct root_plan *plan, char *out, size_t size);

#endif
