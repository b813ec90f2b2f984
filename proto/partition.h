/* partition.h - the entry of a partition in the table of its disk: PARTUUID and PARTLABEL.
 *
 * GPT (UEFI 5.3, both headers, with their checksums) and MBR with its logical partitions. Partitions have the numbers
 * that the kernel gives them.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_PARTITION_H
#define PROTO_PARTITION_H

#include "proto/disk.h"

struct partition {
	uint64_t first_lba, sectors; /* in sectors of the disk */
	char uuid[DISK_UUID_BYTES];  /* lower case; of an MBR "c0ffee00-01"; "" none */
	char label[112];             /* GPT's name in UTF-8; "" none */
};

/* The partition with that number, from 1 on, on the whole disk that has sectors of sector_size bytes (512 to 4096).
   0; -ENOENT: no such partition, or no valid table; or what disk->get returned. */
int partition_find(const struct disk *disk, unsigned sector_size, unsigned number, struct partition *found);

#endif
