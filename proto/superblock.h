/* superblock.h - which file system a block device holds, its UUID and its label.
 *
 * Owns the signatures; types are named as udev names them (and blkid, which this agrees with). Does not read devices
 * itself, does not mount, and believes nothing but sizes: a file system that it names may be damaged.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_SUPERBLOCK_H
#define PROTO_SUPERBLOCK_H

#include <stdbool.h>

#include "proto/disk.h"

struct superblock {
	char type[18];              /* "ext4" */
	char uuid[DISK_UUID_BYTES]; /* "" none; as its type writes it: 1234-ABCD for vfat */
	char label[260];            /* "" none; any bytes; longer ones are cut off */
};

/* What the device holds: ext2, ext3, ext4, xfs, btrfs, f2fs, squashfs, erofs, vfat, iso9660, swap, crypto_LUKS,
   LVM2_member, linux_raid_member. 0; -ENOENT: nothing that is known; or what disk->get returned. */
int superblock_probe(const struct disk *disk, struct superblock *found);

/* Whether the kernel can mount a device of that type. */
bool superblock_mountable(const char *type);

/* The kernel module that mounts the type ("ext4" for "ext2"), or NULL when none does. */
const char *superblock_module(const char *type);

/* Whether two UUIDs or PARTUUIDs are the same: letters count without their case. An empty one equals nothing. */
bool superblock_uuid_equal(const char *a, const char *b);

#endif
