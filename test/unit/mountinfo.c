/* Lines of /proc/<pid>/mountinfo, as kernels and container runtimes make them. */
/* SPDX-License-Identifier: MIT */
#include "sys/mountinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

static bool take(const char *text, struct mountinfo *mount)
{
	static char line[512];

	strcpy(line, text);
	return mountinfo_read(line, mount);
}

static void a_line_is_taken_apart(void **state)
{
	struct mountinfo mount;

	(void)state;
	assert_true(take(
		"36 35 98:1 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root\\134x rw,errors=continue",
		&mount));
	assert_int_equal(mount.device, makedev(98, 1));
	assert_string_equal(mount.path, "/mnt 2");
	assert_string_equal(mount.source, "/dev/root\\x");
	assert_true(take("21 25 0:19 / /sys rw - sysfs sysfs rw\n", &mount)); /* no optional field */
	assert_string_equal(mount.path, "/sys");
	assert_string_equal(mount.source, "sysfs");
}

static void what_is_no_such_line_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"36",
		"36 35 98:1 / /mnt rw",
		"36 35 98:1 / /mnt rw shared:1 ext3 /dev/root rw",
		"36 35 98-1 / /mnt rw - ext3 /dev/root rw",
		"36 35 98:1 / /mnt rw -",
		"36 35 98:1 / /mnt rw - ext3",
	};
	struct mountinfo mount;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(take(wrong[i], &mount));
}

static void escapes_are_undone_and_nothing_else(void **state)
{
	char text[] = "/a\\011b\\04c\\999\\";

	(void)state;
	assert_string_equal(mountinfo_unescape(text), "/a\tb\\04c\\999\\");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test(escapes_are_undone_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
