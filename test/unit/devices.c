/* devices.c: which devices of a session are offline, and setting them running, on a tree that looks like sysfs. */
/* SPDX-License-Identifier: MIT */
#include "session/devices.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/sysfs.h"

#define SESSION "class/iscsi_session/session7/device/"

static const struct {
	const char *path, *text;
} files[] = {
	{SESSION "target3:0:0/3:0:0:0/state", "running\n"},
	{SESSION "target3:0:0/3:0:0:1/state", "offline"}, /* its newline is to be written */
	{SESSION "target3:0:0/power/state", "offline\n"}, /* not a device */
	{SESSION "target3:0:1/3:0:1:0/state", "transport-offline\n"},
	{SESSION "target3:0:1/3:0:1:2/state", "offline"},
	{SESSION "iscsi_session/state", "offline\n"},
	{SESSION "iscsi_session/5:0:0:0/state", "offline\n"}, /* of no target */
	{"class/iscsi_session/session11/device/target1", "no folder\n"},
	{"class/iscsi_session/session8/device/target4:0:0/4:0:0:0/state", "offline\n"},
	{"class/iscsi_session/session10/device/target0:0:0/0:0:0:0/state", "offline\n"},
	{"class/iscsi_session/session10/device/target9:0:0/9:0:0:0/state", "offline\n"},
	{"class/iscsi_session/session10/device/target9:0:0/#:0:0:0/state", "offline\n"}, /* no device */
};

static char folder[] = "/tmp/devices.XXXXXX";

static void make_folders(char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

static int make_tree(void **state)
{
	int *sysfs = malloc(sizeof(*sysfs));

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[160];
		int fd;

		(void)snprintf(path, sizeof(path), "%s", files[i].path);
		make_folders(path);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		assert_true(write(fd, files[i].text, strlen(files[i].text)) > 0);
		(void)close(fd);
	}
	*sysfs = sysfs_open(".");
	*state = sysfs;
	return 0;
}

static int remove_tree(void **state)
{
	char command[64];

	(void)close(*(int *)*state);
	free(*state);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT: our own folder */
}

static void only_offline_devices_of_the_session_count(void **state)
{
	int sysfs = *(int *)*state;

	assert_int_equal(devices_offline(sysfs, 7), 2);
	assert_int_equal(devices_offline(sysfs, 8), 1);
	assert_int_equal(devices_offline(sysfs, 9), 0);
	assert_int_equal(devices_offline(sysfs, 10), 2);
	assert_int_equal(devices_offline(sysfs, 11), 0);
}

static void looking_leaves_nothing_open(void **state)
{
	int sysfs = *(int *)*state, before = dup(sysfs), after;

	(void)close(before);
	assert_int_equal(devices_offline(sysfs, 7), 2);
	after = dup(sysfs);
	(void)close(after);
	assert_int_equal(after, before);
}

/* A second order takes the place of the first. */
static void child_of_before_is_ended(void **state)
{
	int sysfs = *(int *)*state, fd;
	struct child child = CHILD_NONE;

	assert_int_equal(devices_set_running(&child, sysfs, 9), 0);
	fd = child.fd;
	assert_int_equal(devices_set_running(&child, sysfs, 9), 0);
	assert_int_equal(child.fd, fd); /* it was free again */
	child_stop(&child);
}

static void they_are_set_running_and_no_other(void **state)
{
	int sysfs = *(int *)*state, count = 0;
	struct child child = CHILD_NONE;
	struct pollfd fd;
	char text[32];

	assert_int_equal(devices_set_running(&child, sysfs, 7), 0);
	fd = (struct pollfd){.fd = child.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(child_step(&child, &count, sizeof(count)), CHILD_DONE);
	assert_int_equal(count, 2);
	assert_int_equal(devices_offline(sysfs, 7), 0);
	assert_int_equal(devices_offline(sysfs, 8), 1);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int file = openat(sysfs, files[i].path, O_RDONLY);
		ssize_t length = read(file, text, sizeof(text) - 1);

		assert_int_equal(close(file), 0);
		assert_true(length > 0);
		text[length] = '\0';
		assert_int_equal(strcmp(text, "running\n") == 0, i == 0 || i == 1 || i == 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_offline_devices_of_the_session_count),
		cmocka_unit_test(looking_leaves_nothing_open),
		cmocka_unit_test(child_of_before_is_ended),
		cmocka_unit_test(they_are_set_running_and_no_other),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
