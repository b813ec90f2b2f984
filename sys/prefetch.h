/* sys/prefetch.h - the two ends of a disk, read in one round trip.
 *
 * Partition tables and superblocks lie at the beginning and at the end of a device. Their readers ask for one sector
 * after the other; on a network disk each would be a round trip of its own.
 */
#ifndef SYS_PREFETCH_H
#define SYS_PREFETCH_H

#include <stdbool.h>
#include <stdint.h>

/* Starts reading both ends of an open block device of that many bytes into its page cache. Does not wait. */
void prefetch_ends(int fd, uint64_t bytes);

/* Reads both ends and maps them: the kernel keeps mapped pages when it drops what it has of a device, as BLKRRPART makes
   it do. They stay until prefetch_release. Best effort. */
#define PREFETCH_ENDS 2
struct prefetch {
	uint64_t bytes;
	void *ends[PREFETCH_ENDS];
};
void prefetch_hold(struct prefetch *prefetch, int fd, uint64_t bytes);
void prefetch_release(struct prefetch *prefetch);

#endif
