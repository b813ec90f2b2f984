/* sys/prefetch.c - places on a disk.
 *
 * All requests are under way at once; who reads a page that is not there yet waits for it alone. They are small: a
 * connection that was idle, or is new, sends no more than some ten packets in its first round trip (RFC 6928).
 */
/* SPDX-License-Identifier: MIT */
#include "sys/prefetch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGE_BYTES  4096
#define TABLE_BYTES (20 << 10) /* UEFI 5.3.1: a GPT's header and 16 KiB of entries, the MBR before them */
#define FAR_AT      (64 << 10) /* btrfs's superblock, and reiserfs's */
#define RAID_BACK \
	(64 << 10) /* md's superblock of version 0.90 is at a multiple of this, the last but one from the end */
#define LAST_BYTES (8 << 10) /* md's of version 1.0 */

static void prefetch(int fd, uint64_t at, uint64_t length)
{
	posix_fadvise(fd, (off_t)at, (off_t)length, POSIX_FADV_WILLNEED);
}

void prefetch_table(int fd)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	prefetch(fd, 0, TABLE_BYTES);
}

void prefetch_contents(int fd, uint64_t bytes)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	prefetch(fd, 0, PREFETCH_START_BYTES);
	if (bytes < 4 * FAR_AT)
		return;
	prefetch(fd, FAR_AT, PAGE_BYTES);
	prefetch(fd, (bytes & ~(uint64_t)(RAID_BACK - 1)) - RAID_BACK, PAGE_BYTES);
	prefetch(fd, (bytes - LAST_BYTES) & ~(uint64_t)(PAGE_BYTES - 1), PAGE_BYTES);
}

int prefetch_get(void *context, uint64_t offset, void *buffer, size_t n)
{
	const int *fd = context;
	char *at = buffer;

	while (n > 0) {
		ssize_t got = pread(*fd, at, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		at += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}
