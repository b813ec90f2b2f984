/* sys/dm.h - device-mapper devices: make, load a table, resume, tell, remove, list.
 *
 * Eight ioctls of linux/dm-ioctl.h (interface version 4.0) behind functions that take text. libdevmapper is not used: its
 * static library needs udev and glibc, and this is all that is asked of it. Who makes a device names it; nothing is kept
 * here. Does not know what a table means.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_DM_H
#define SYS_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DM_TEXT_MAX    128 /* a name (DM_NAME_LEN) or a UUID, with the NUL */
#define DM_MESSAGE_MAX 48

/* The control device below dev (a descriptor of /dev): "mapper/control", which is made when it is missing. The descriptor,
   CLOEXEC, or -errno; -ENODEV: the kernel has no device mapper (dm_mod). */
int dm_open(int dev);

/* Makes a device without a table. *id: its number. 0 or -errno; -EBUSY: the name or the UUID is taken. */
int dm_create(int control, const char *name, const char *uuid, bool read_only, dev_t *id);

/* One target from sector 0 on as the device's next table, in effect with dm_resume. sectors of 512 bytes. 0 or -errno:
   -EINVAL when the kernel refuses it (its log says why), -ENOTBLK or so when a device in it is none. */
int dm_load(int control, const char *name, const char *target, const char *parameters, uint64_t sectors,
	    bool read_only);

/* Brings the loaded table into effect. I/O to the table before it is not flushed, but given to the new one; nothing is frozen. 0
   or -errno. */
int dm_resume(int control, const char *name);

/* A message to the target at sector 0, at most DM_MESSAGE_MAX bytes with the NUL: its words are the target's. 0 or -errno. */
int dm_message(int control, const char *name, const char *message);

/* What the first target of the device in effect says of itself, ended with a NUL and cut to size. 0 or -errno. */
int dm_status(int control, const char *name, char *out, size_t size);

/* Removes the device. 0; -EBUSY: it is open; -ENXIO: there is none of that name. */
int dm_remove(int control, const char *name);

/* The name of the i-th device, newest first; 0, -ENOENT past the end, or -errno. */
int dm_name(int control, int i, char name[static DM_TEXT_MAX]);

#endif
