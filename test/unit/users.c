/* Who uses a disk, on trees like /sys and /proc that the test makes: one user of each kind, and those that are none. */
/* SPDX-License-Identifier: MIT */
#include "command/users.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "command/disks.h"
#include "sys/sysfs.h"
#include "test/unit/tree.h"

static char root[] = "/tmp/users-test-XXXXXX";
static int tree;
static struct user users[USERS_MAX];

static void put(const char *path, const char *text)
{
	tree_put(tree, path, text);
}

static bool has(int count, const char *wanted)
{
	char text[300];

	for (int i = 0; i < count; i++)
		if (!strcmp(users_describe(&users[i], text, sizeof(text)), wanted))
			return true;
	return false;
}

static void nobody_uses_an_idle_disk(void **state)
{
	(void)state;
	put("self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 1 0:5 / /proc rw - proc proc rw\n");
	put("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	assert_int_equal(users_find(tree, tree, "sdb", users, USERS_MAX), 0);
}

static void mounts_are_found_by_their_number(void **state)
{
	int count;

	(void)state;
	put("self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
			      "23 1 8:17 / /srv/my\\040data rw shared:2 - ext4 /dev/whatever rw\n"
			      "24 1 8:16 / /whole rw - ext4 /dev/sdb rw\n");
	count = users_find(tree, tree, "sdb", users, USERS_MAX);
	assert_int_equal(count, 2);
	assert_true(has(count, "sdb1 is mounted at /srv/my data"));
	assert_true(has(count, "sdb is mounted at /whole"));
}

static void a_mount_that_only_a_container_sees_counts(void **state)
{
	int count;

	(void)state;
	put("self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	put("77/comm", "init\n");
	put("77/ns/mnt", "");
	put("77/mountinfo", "23 1 8:17 / /inside rw - ext4 /dev/sdb1 rw\n");
	count = users_find(tree, tree, "sdb", users, USERS_MAX);
	assert_int_equal(count, 1);
	assert_true(has(count, "sdb1 is mounted at /inside (as process 77 (init) sees it)"));
	put("self/mountinfo", "23 1 8:17 / /outside rw - ext4 /dev/sdb1 rw\n");
	count = users_find(tree, tree, "sdb", users, USERS_MAX); /* a copy adds nothing */
	assert_int_equal(count, 1);
	assert_true(has(count, "sdb1 is mounted at /outside"));
}

static void devices_on_top_are_named(void **state)
{
	int count;

	(void)state;
	put("self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	put("77/mountinfo", "");
	put("class/block/sdb/sdb1/holders/dm-3", "");
	put("class/block/sdb1/holders/dm-3", "");
	put("class/block/sdb1/holders/md0", "");
	put("class/block/dm-3/dm/name", "vg-root\n");
	count = users_find(tree, tree, "sdb", users, USERS_MAX);
	assert_int_equal(count, 2);
	assert_true(has(count, "sdb1 is used by dm-3 (vg-root)"));
	assert_true(has(count, "sdb1 is used by md0"));
}

static void lines_longer_than_the_buffer_do_not_hide_others(void **state)
{
	static char text[12000];
	int count;

	(void)state;
	memset(text, 'x', 9000);
	strcpy(text + 9000, "\n23 1 8:16 / /last rw - ext4 /dev/sdb rw\n");
	put("self/mountinfo", text);
	count = users_find(tree, tree, "sdb", users, USERS_MAX);
	assert_true(has(count, "sdb is mounted at /last"));
}

static void what_cannot_be_listed_any_more_is_left_out(void **state)
{
	(void)state;
	put("self/mountinfo", "23 1 8:16 / /a rw - ext4 /dev/sdb rw\n24 1 8:16 / /b rw - ext4 /dev/sdb rw\n");
	assert_int_equal(users_find(tree, tree, "sdb", users, 1), 1);
}

static int make_tree(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	tree = sysfs_open(root);
	put("class/block/sda/dev", "8:0\n");
	put("class/block/sdb/dev", "8:16\n");
	put("class/block/sdb/sdb1/partition", "1\n");
	put("class/block/sdb/queue/nr_requests", "64\n");
	put("class/block/sdb1/dev", "8:17\n");
	put("self/ns/mnt", "");
	return tree < 0;
}

static int remove_tree(void **state)
{
	(void)state;
	close(tree);
	return tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_uses_an_idle_disk),
		cmocka_unit_test(mounts_are_found_by_their_number),
		cmocka_unit_test(a_mount_that_only_a_container_sees_counts),
		cmocka_unit_test(devices_on_top_are_named),
		cmocka_unit_test(lines_longer_than_the_buffer_do_not_hide_others),
		cmocka_unit_test(what_cannot_be_listed_any_more_is_left_out),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
