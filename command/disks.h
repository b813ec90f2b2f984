/* disks.h - the disks of a session that is in the kernel, as sysfs shows them.
 *
 * For list, attach and detach. Does not know who uses a disk (users.h).
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_DISKS_H
#define COMMAND_DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISKS_MAX      256
#define DISKS_NAME_MAX 32

struct disk_entry {
	char name[DISKS_NAME_MAX]; /* "sda"; "" while no driver has it */
	uint64_t lun;
	int64_t bytes;
	char wwid[96];  /* "naa.6001405..."; "": the kernel does not know it (scan=lean, or no VPD page 0x83) */
	char state[24]; /* of the SCSI device: "running", "offline", "blocked", ... */
	char path[200]; /* the SCSI device's directory in sysfs */
};

/* The disks of a session, by ascending LUN, at most max. sysfs: descriptor of /sys. Returns how many. */
int disks_list(int sysfs, uint32_t sid, struct disk_entry *out, int max);

/* Removes the disk from the kernel, which syncs its write cache first. Blocks until the disk has answered, so a child
   process does it, for at most timeout_s seconds. 0; -ETIMEDOUT; or -errno. */
int disks_delete(int sysfs, const struct disk_entry *disk, int timeout_s);

/* The partitions of a disk: calls visit for the disk itself and then for each partition, with its name. */
void disks_visit_parts(int sysfs, const char *disk, void (*visit)(void *context, const char *name), void *context);

#endif
