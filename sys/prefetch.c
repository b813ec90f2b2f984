/* sys/prefetch.c - the two ends of a disk.
 *
 * Both requests are under way at once; who reads a page that is not there yet waits for it alone.
 */
#include "sys/prefetch.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#define PAGE_BYTES  (64 << 10)  /* the largest page of any architecture: offsets of mappings */
#define FIRST_BYTES (68 << 10)  /* up to btrfs's superblock at 64 KiB */
#define LAST_BYTES  (128 << 10) /* md's superblock of version 0.90 may be this far from the end; GPT's copy is nearer */

struct end {
	off_t start;
	size_t length;
};

/* Small devices are left alone. */
static bool find_ends(uint64_t bytes, struct end ends[PREFETCH_ENDS])
{
	uint64_t last;

	if (bytes < 4 * LAST_BYTES)
		return false;
	last = (bytes - LAST_BYTES) & ~(uint64_t)(PAGE_BYTES - 1);
	ends[0] = (struct end){.start = 0, .length = FIRST_BYTES};
	ends[1] = (struct end){.start = (off_t)last, .length = (size_t)(bytes - last)};
	return true;
}

void prefetch_ends(int fd, uint64_t bytes)
{
	struct end ends[PREFETCH_ENDS];

	for (int i = 0; find_ends(bytes, ends) && i < PREFETCH_ENDS; i++)
		posix_fadvise(fd, ends[i].start, (off_t)ends[i].length, POSIX_FADV_WILLNEED);
}

void prefetch_hold(struct prefetch *prefetch, int fd, uint64_t bytes)
{
	struct end ends[PREFETCH_ENDS];

	*prefetch = (struct prefetch){.bytes = bytes};
	prefetch_ends(fd, bytes);
	for (int i = 0; find_ends(bytes, ends) && i < PREFETCH_ENDS; i++) {
		void *at = mmap(NULL, ends[i].length, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, ends[i].start);

		prefetch->ends[i] = at == MAP_FAILED ? NULL : at;
	}
}

void prefetch_release(struct prefetch *prefetch)
{
	struct end ends[PREFETCH_ENDS];

	for (int i = 0; find_ends(prefetch->bytes, ends) && i < PREFETCH_ENDS; i++)
		if (prefetch->ends[i])
			munmap(prefetch->ends[i], ends[i].length);
	*prefetch = (struct prefetch){0};
}
