/* The unmounting at the end, in a mount namespace: what is a disk's is only made read-only when it is in use, all else goes. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "root/shutdown.h"

static char place[] = "/tmp/shutdown-test-XXXXXX";
static bool allowed;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(place))
		return -1;
	allowed = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	while (umount2(place, MNT_DETACH) == 0)
		;
	return rmdir(place);
}

static int make_file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void mount_here(const char *source)
{
	if (!allowed)
		skip();
	assert_int_equal(mount(source, place, "tmpfs", 0, NULL), 0);
}

static bool is_mounted(void)
{
	struct stat here, above;

	assert_int_equal(stat(place, &here), 0);
	assert_int_equal(stat("/tmp", &above), 0);
	return here.st_dev != above.st_dev;
}

static bool is_read_only(void)
{
	struct statvfs status;

	assert_int_equal(statvfs(place, &status), 0);
	return status.f_flag & ST_RDONLY;
}

static void what_nobody_uses_is_unmounted(void **state)
{
	(void)state;
	mount_here("/dev/disk");
	assert_int_equal(shutdown_flush(place, 10), 0);
	assert_false(is_mounted());
}

static void what_is_in_use_and_no_disk_is_taken_away_all_the_same(void **state)
{
	int fd;

	(void)state;
	mount_here("none");
	fd = make_file("held");
	assert_int_equal(shutdown_flush(place, 10), 0);
	assert_false(is_mounted());
	close(fd);
}

/* A disk that is in use must not go out of sight with what was not written. */
static void disk_in_use_becomes_read_only(void **state)
{
	int fd;

	(void)state;
	mount_here("/dev/disk");
	close(make_file("held"));
	fd = open(place, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(shutdown_flush(place, 10), -EBUSY);
	assert_true(is_mounted());
	assert_true(is_read_only());
	close(fd);
	assert_int_equal(shutdown_flush(place, 10), 0);
	assert_false(is_mounted());
}

static void mounts_upon_mounts_go_with_names_of_any_kind(void **state)
{
	char below[64];

	(void)state;
	mount_here("/dev/one");
	snprintf(below, sizeof(below), "%s/a b\\c\td", place);
	assert_int_equal(mkdir(below, 0755), 0);
	assert_int_equal(mount("/dev/two", below, "tmpfs", 0, NULL), 0);
	assert_int_equal(shutdown_flush(place, 10), 0);
	assert_false(is_mounted());
}

static void what_is_elsewhere_stays(void **state)
{
	char other[64];

	(void)state;
	mount_here("/dev/one");
	snprintf(other, sizeof(other), "%s-not", place);
	assert_int_equal(shutdown_flush(other, 10), 0);
	snprintf(other, sizeof(other), "%.*s", (int)strlen(place) - 1, place);
	assert_int_equal(shutdown_flush(other, 10), 0);
	assert_true(is_mounted());
	assert_false(is_read_only());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_uses_is_unmounted),
		cmocka_unit_test(what_is_in_use_and_no_disk_is_taken_away_all_the_same),
		cmocka_unit_test(disk_in_use_becomes_read_only),
		cmocka_unit_test(mounts_upon_mounts_go_with_names_of_any_kind),
		cmocka_unit_test(what_is_elsewhere_stays),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
