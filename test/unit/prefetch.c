/* What a reader of a disk will ask for is under way before it asks. A plain file plays the disk. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
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
	for (size_t i = 0; i < size; i += sizeof(block)) {
		memset(block, (int)(i / sizeof(block)), sizeof(block));
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	}
	assert_int_equal(fsync(fd), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return fd;
}

static bool is_there(int fd, off_t at)
{
	unsigned char resident = 0;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, at & ~4095L);

	assert_true(page != MAP_FAILED);
	assert_int_equal(mincore(page, 4096, &resident), 0);
	munmap(page, 4096);
	return resident & 1;
}

/* It is being read by somebody else: no event tells when that is over. */
static bool is_cached(int fd, off_t at)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 20000 && !is_there(fd, at); i++)
		nanosleep(&pause, NULL);
	return is_there(fd, at);
}

/* Where md's superblocks are: include/uapi/linux/raid/md_p.h, MD_NEW_SIZE_SECTORS, and 8 KiB from the end. */
static void file_system_is_looked_for_at_both_ends(void **state)
{
	const off_t places[] = {0, 4096, 64 << 10, SIZE - (64 << 10), SIZE - (8 << 10)};
	int fd = make_file(SIZE);

	(void)state;
	prefetch_contents(fd, SIZE);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_true(is_cached(fd, places[i]));
	assert_false(is_there(fd, 1 << 20));
	close(fd);
}

static void last_places_are_those_of_an_odd_size(void **state)
{
	int fd = make_file(SIZE);

	(void)state;
	prefetch_contents(fd, SIZE - 512 * 3);
	assert_true(is_cached(fd, SIZE - (128 << 10)));
	assert_true(is_cached(fd, SIZE - (12 << 10)));
	assert_false(is_there(fd, SIZE - (64 << 10)));
	close(fd);
}

static void table_with_128_entries_is_read_at_once(void **state)
{
	int fd = make_file(SIZE);

	(void)state;
	prefetch_table(fd);
	assert_true(is_cached(fd, 0));
	assert_true(is_cached(fd, 33 * 512));
	assert_false(is_there(fd, 64 << 10));
	close(fd);
}

static void small_device_has_no_far_end(void **state)
{
	int fd = make_file(16 << 10);

	(void)state;
	prefetch_contents(fd, 16 << 10);
	assert_true(is_cached(fd, 0));
	close(fd);
}

static void all_bytes_are_got_or_an_error(void **state)
{
	int fd = make_file(16 << 10);
	uint8_t bytes[8192];

	(void)state;
	assert_int_equal(prefetch_get(&fd, 4096, bytes, sizeof(bytes)), 0);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[8191], 2);
	assert_int_equal(prefetch_get(&fd, 12 << 10, bytes, sizeof(bytes)), -EIO);
	close(fd);
	assert_int_equal(prefetch_get(&fd, 0, bytes, 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_system_is_looked_for_at_both_ends),
		cmocka_unit_test(last_places_are_those_of_an_odd_size),
		cmocka_unit_test(table_with_128_entries_is_read_at_once),
		cmocka_unit_test(small_device_has_no_far_end),
		cmocka_unit_test(all_bytes_are_got_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
