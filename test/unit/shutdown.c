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
	assert_int_equal(shutdown_flush(place, -1, 10), 0);
	assert_false(is_mounted());
}

static void what_is_in_use_and_no_disk_is_taken_away_all_the_same(void **state)
{
	int fd;

	(void)state;
	mount_here("none");
	fd = make_file("held");
	assert_int_equal(shutdown_flush(place, -1, 10), 0);
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
	assert_int_equal(shutdown_flush(place, -1, 10), -EBUSY);
	assert_true(is_mounted());
	assert_true(is_read_only());
	close(fd);
	assert_int_equal(shutdown_flush(place, -1, 10), 0);
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
	assert_int_equal(shutdown_flush(place, -1, 10), 0);
	assert_false(is_mounted());
}

static void what_is_elsewhere_stays(void **state)
{
	char other[64];

	(void)state;
	mount_here("/dev/one");
	snprintf(other, sizeof(other), "%s-not", place);
	assert_int_equal(shutdown_flush(other, -1, 10), 0);
	snprintf(other, sizeof(other), "%.*s", (int)strlen(place) - 1, place);
	assert_int_equal(shutdown_flush(other, -1, 10), 0);
	assert_true(is_mounted());
	assert_false(is_read_only());
}

/* ---- how it is called ---- */

static bool is_wanted(const char *name, const char *first, const char *second)
{
	char *argv[] = {(char *)name, (char *)first, (char *)second, NULL};

	return shutdown_is_wanted(argv);
}

static void four_ways_are_known(void **state)
{
	static const struct {
		const char *text;
		enum shutdown_how how;
	} rows[] = {{"reboot", SHUTDOWN_REBOOT},
		    {"poweroff", SHUTDOWN_POWEROFF},
		    {"halt", SHUTDOWN_HALT},
		    {"kexec", SHUTDOWN_KEXEC}};
	enum shutdown_how how;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		how = (enum shutdown_how)99;
		assert_true(shutdown_read_how(rows[i].text, &how));
		assert_int_equal(how, rows[i].how);
	}
	how = (enum shutdown_how)99;
	assert_false(shutdown_read_how("suspend", &how));
	assert_false(shutdown_read_how("", &how));
	assert_int_equal(how, 99);
}

static void shutdown_is_meant_by_name_or_by_word(void **state)
{
	(void)state;
	assert_true(is_wanted("/run/initramfs/shutdown", "poweroff", NULL));
	assert_true(is_wanted("shutdown", "reboot", NULL));
	assert_true(is_wanted("/init", "shutdown", "kexec"));
	assert_false(is_wanted("/init", "shutdown", NULL));
	assert_false(is_wanted("/init", "shutdown", "later"));
	assert_false(is_wanted("/init", "poweroff", NULL));
	assert_false(is_wanted("/init", NULL, NULL));
	assert_false(is_wanted("/shutdown", NULL, NULL));
	assert_false(is_wanted("/shutdown", "list", NULL));
	assert_false(is_wanted("/shutdown/init", "poweroff", NULL));
}

/* ---- what systemd calls at the end ---- */

static bool is_same_file(const char *one, const char *other)
{
	static char a[4096], b[4096];
	int first = open(one, O_RDONLY | O_CLOEXEC), second = open(other, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0, m = 0;

	assert_true(first >= 0);
	while (second >= 0 && (n = read(first, a, sizeof(a))) > 0 && n == (m = read(second, b, sizeof(b))) &&
	       !memcmp(a, b, (size_t)n))
		;
	m = second < 0 ? -1 : n ? m : read(second, b, sizeof(b));
	close(first);
	close(second);
	return n == 0 && m == 0;
}

static void this_program_is_offered_once(void **state)
{
	char run[64], offered[96];
	struct stat before, after;
	int proc = open("/proc", O_PATH | O_CLOEXEC), fd;

	(void)state;
	snprintf(run, sizeof(run), "%s/run", place);
	snprintf(offered, sizeof(offered), "%s/initramfs/shutdown", place);
	mount_here("none");
	assert_int_equal(mkdir(run, 0755), 0);
	fd = open(run, O_PATH | O_CLOEXEC);
	shutdown_offer(proc, fd);
	assert_true(is_same_file("/proc/self/exe", offered));
	assert_int_equal(stat(offered, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0755);
	assert_int_equal(before.st_nlink, 1); /* nothing half made beside it */
	shutdown_offer(proc, fd);
	assert_int_equal(stat(offered, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino); /* what is there is another's, or ours already */
	assert_int_equal(after.st_nlink, 1);
	close(fd);
	close(proc);
	assert_int_equal(shutdown_flush(place, -1, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_uses_is_unmounted),
		cmocka_unit_test(what_is_in_use_and_no_disk_is_taken_away_all_the_same),
		cmocka_unit_test(disk_in_use_becomes_read_only),
		cmocka_unit_test(mounts_upon_mounts_go_with_names_of_any_kind),
		cmocka_unit_test(what_is_elsewhere_stays),
		cmocka_unit_test(four_ways_are_known),
		cmocka_unit_test(shutdown_is_meant_by_name_or_by_word),
		cmocka_unit_test(this_program_is_offered_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
