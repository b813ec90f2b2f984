/* sys/prefetch.h - the two ends of a disk, read in one round trip.
 *
 * Partition tables and superblocks lie at the beginning and at the end of a device. Their readers ask for one sector
 * after the other; on a network disk each would be a round trip of its own.
 */
#ifndef SYS_PREFETCH_H
#define SYS_PREFETCH_H

#include <stdint.h>

/* Starts reading both ends of an open block device of that many bytes into its page cache. Does not wait. */
void prefetch_ends(int fd, uint64_t bytes);

#endif
