/* overlay.h - a writable layer over a root file system that is only read.
 *
 * The shared disk is made read-only in the kernel before anything is mounted from it, and is mounted below /run; what is
 * written goes to a tmpfs or to another device. Both layers stay reachable at OVERLAY_LOWER and OVERLAY_UPPER. Blocks:
 * runs in root.c's child. Layouts that others know: overlayroot's /media/root-ro and root-rw, and systemd-volatile-root's
 * root with nothing but /usr.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_OVERLAY_H
#define ROOT_OVERLAY_H

#include <stddef.h>

#include "plan/plan.h"

#define OVERLAY_LOWER "/run/iscsi-init/root-ro"
#define OVERLAY_UPPER "/run/iscsi-init/root-rw"

/* Makes a block device (name relative to /dev, sysfs's with '!' for '/'), and the disk that it is a partition of, read-only in
   the kernel (BLKROSET). Descriptors of /sys and /dev. 0 or -errno; -ENODEV: sysfs does not show the partition's disk. */
int overlay_protect(int sysfs, int dev, const char *name);

/* Makes the directory that the lower layer is to be mounted on. 0 or -errno. */
int overlay_prepare(void);

/* Root is mounted at OVERLAY_LOWER: puts the writable layer over it and mounts both as one at `root`. upper_device: the
   device of OVERLAY_DEVICE ("/dev/sdb1") with the type of its file system; else not used. 0; -errno with *step, a constant
   text that says what failed; what was mounted is then unmounted. */
int overlay_mount(const struct overlay_plan *plan, const char *root, const char *upper_device, const char *upper_type,
		  const char **step);

#endif
