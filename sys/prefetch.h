/* sys/prefetch.h - what readers of a block device will ask for, in one round trip.
 *
 * Partition tables and superblocks lie at the beginning and at the end of a device. Their readers ask for one sector
 * after the other; on a network disk each would be a round trip of its own. Does not know their formats.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_PREFETCH_H
#define SYS_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

#define PREFETCH_START_BYTES 8192

/* Start reading into the page cache of an open block device what its partition table is in, or what tells its file system
   (bytes: its size; 0: only the PREFETCH_START_BYTES where most have it). Both do not wait, and are best effort. Nothing
   else is read ahead through this descriptor from then on. What was read is kept while somebody has the device open. */
void prefetch_table(int fd);
void prefetch_contents(int fd, uint64_t bytes);

/* Reads n bytes at offset, all of them: 0 or -errno. context points to the descriptor: for struct disk (proto/disk.h). */
int prefetch_get(void *context, uint64_t offset, void *buffer, size_t n);

#endif
