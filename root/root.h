/* root.h - finding and mounting the root file system.
 *
 * Owns the search for root= among the block devices, the mount, and the proof that its init is there. What reads the disk
 * runs in a child. Does not decide when to give up, does not hand the machine over (switch.h), and does not know iSCSI.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_ROOT_H
#define ROOT_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"
#include "sys/child.h"

#define ROOT_MOUNT_POINT "/sysroot"

enum root_state {
	ROOT_LOOKING, /* a look at the block devices is under way */
	ROOT_MISSING, /* not there: root_step again on the next block uevent */
	ROOT_MOUNTED, /* at ROOT_MOUNT_POINT, its init is there */
	ROOT_FAILED   /* found, and it cannot be mounted or has no init: result.text says why */
};

struct root_result {
	enum root_state state;
	int error;
	char device[64]; /* "/dev/sda1"; "" not found */
	char type[18];   /* the file system */
	char init[256];  /* the program, as seen in the new root */
	bool init_named; /* init= named it: no other is tried */
	char text[1024]; /* MISSING: what was looked for and which devices are there with what; FAILED: why */
};

struct root {
	const struct root_plan *plan;
	int sysfs, dev; /* not owned */
	bool again;     /* something changed during the look */
	struct child child;
	struct root_result result;
};

/* Prepares; plan must stay. Descriptors of /sys and /dev. */
void root_begin(struct root *root, const struct root_plan *plan, int sysfs, int dev);

/* changed: block devices may have changed (a uevent of subsystem block): a new look is started, or noted for later when
   one is running. Else called because root_fd is readable. Never blocks. */
enum root_state root_step(struct root *root, bool changed);

/* To be polled for reading; -1: no look is running. */
int root_fd(const struct root *root);

/* Ends a running look and unmounts what it mounted. */
void root_stop(struct root *root);

/* The modules worth having before the disk is seen: rootfstype='s file systems, else the likeliest one, one after the
   other in *out; false at the end. Start with i = 0. None is needed: the mount asks for what it finds. */
bool root_module(const struct root_plan *plan, int i, char *out, size_t size);

/* rootflags=, ro and rw as flags of mount(2); the words that are the file system's own go to data. */
unsigned long root_mount_flags(const struct root_plan *plan, char *data, size_t size);

#endif
