/* The ends of a disk, held against the kernel's wish to forget them. A plain file plays the disk. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/prefetch.h"

#define SIZE (4 << 20)

static int make_file(size_t size)
{
	static char block[4096];
	char path[] = "/var/tmp/prefetch-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	for (size_t i = 0; i < size; i += sizeof(block))
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	assert_int_equal(fsync(fd), 0);
	return fd;
}

static bool is_cached(int fd, off_t at)
{
	unsigned char resident = 0;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, at);

	assert_true(page != MAP_FAILED);
	assert_int_equal(mincore(page, 4096, &resident), 0);
	munmap(page, 4096);
	return resident & 1;
}

static void ends_are_read_and_stay_while_they_are_held(void **state)
{
	int fd = make_file(SIZE);
	struct prefetch prefetch;

	(void)state;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	prefetch_hold(&prefetch, fd, SIZE);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* what BLKRRPART does to a disk */
	assert_true(is_cached(fd, 0));
	assert_true(is_cached(fd, 64 << 10));
	assert_true(is_cached(fd, SIZE - 4096));
	assert_true(is_cached(fd, SIZE - (128 << 10)));
	prefetch_release(&prefetch);
	assert_null(prefetch.ends[0]);
	assert_null(prefetch.ends[1]);
	close(fd);
}

static void last_sectors_count_when_the_size_is_odd(void **state)
{
	int fd = make_file(SIZE);
	struct prefetch prefetch;

	(void)state;
	prefetch_hold(&prefetch, fd, SIZE - 512 * 3);
	assert_non_null(prefetch.ends[1]);
	assert_int_equal(((const char *)prefetch.ends[1])[128 << 10], 0); /* beyond the page border: mapped */
	prefetch_release(&prefetch);
	close(fd);
}

static void small_device_is_left_alone(void **state)
{
	int fd = make_file(64 << 10);
	struct prefetch prefetch;

	(void)state;
	prefetch_ends(fd, 64 << 10);
	prefetch_hold(&prefetch, fd, 64 << 10);
	assert_null(prefetch.ends[0]);
	assert_null(prefetch.ends[1]);
	prefetch_release(&prefetch);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_read_and_stay_while_they_are_held),
		cmocka_unit_test(last_sectors_count_when_the_size_is_odd),
		cmocka_unit_test(small_device_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
