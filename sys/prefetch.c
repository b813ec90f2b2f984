/* sys/prefetch.c - the two ends of a disk.
 *
 * Both requests are under way at once; who reads a page that is not there yet waits for it alone.
 */
#include "sys/prefetch.h"

#include <fcntl.h>

#define END_BYTES (128 << 10) /* GPT's copy and md's superblocks at the end; btrfs's at 64 KiB; one read-ahead window */

void prefetch_ends(int fd, uint64_t bytes)
{
	posix_fadvise(fd, 0, END_BYTES, POSIX_FADV_WILLNEED);
	if (bytes > END_BYTES)
		posix_fadvise(fd, (off_t)(bytes - END_BYTES), END_BYTES, POSIX_FADV_WILLNEED);
}
