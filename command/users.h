/* users.h - who uses a disk: what detach must not take it away from, and what list shows.
 *
 * A user is a mount (in any mount namespace), swap, a device that is stacked on it (device mapper, md, bcache), a loop
 * device, or a process that has it open for writing. What the kernel alone holds shows only when the disk is claimed.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_USERS_H
#define COMMAND_USERS_H

#include <stddef.h>

#define USERS_MAX 32

enum user_kind { USER_MOUNT, USER_SWAP, USER_DEVICE, USER_PROCESS, USER_CLAIM };

struct user {
	enum user_kind kind;
	char device[32]; /* which part of the disk: "sda1" */
	char what[200]; /* MOUNT: the mount point; DEVICE: "dm-0 (vg-root)"; PROCESS: "process 312 (qemu)"; printable */
};

/* The users of a disk ("sda") and of its partitions, at most max. sysfs, proc: descriptors. Reads nothing from the
   disk. Returns how many. */
int users_find(int sysfs, int proc, const char *disk, struct user *out, int max);

/* Can the disk be opened exclusively? 0: nobody holds it; -EBUSY; -ETIMEDOUT: it does not answer; or -errno. Blocks for
   at most timeout_s seconds. */
int users_claim(int dev, const char *disk, int timeout_s);

/* "sda1 is mounted at /home". Returns out. */
const char *users_describe(const struct user *user, char *out, size_t size);

/* "mount", "swap", "device", "process", "claim": for programs. */
const char *users_kind_name(enum user_kind kind);

#endif
