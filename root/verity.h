/* verity.h - a root file system that the kernel verifies block by block against one root hash.
 *
 * Owns the search for the two devices, the check of their sizes, and the device-mapper device "root" over them. The
 * superblock is proto/verity's to read; a wrong block is the kernel's to refuse. Blocks: runs in root.c's child.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_VERITY_H
#define ROOT_VERITY_H

#include <stddef.h>

#include "plan/plan.h"

#define VERITY_NAME "root" /* systemd's name: /dev/mapper/root */

enum verity_state {
	VERITY_MISSING, /* a device is not there yet */
	VERITY_FAILED,
	VERITY_READY
};

struct verity_root {
	char device[16];   /* "dm-0": relative to /dev; with VERITY_READY */
	char parts[2][48]; /* the devices under it, relative to /dev: data and hash tree */
};

/* Makes /dev/mapper/root. Not READY: text says why, in one line. Descriptors of /sys and /dev. */
enum verity_state verity_set_up(int sysfs, int dev, const struct root_plan *plan, struct verity_root *out, char *text,
				size_t size);

/* Removes it again. */
void verity_tear_down(int dev);

#endif
