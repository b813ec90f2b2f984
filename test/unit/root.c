/* Where root= points, how it is mounted, and what counts as its init. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "root/init.h"
#include "root/root.h"
#include "root/search.h"
#include "root/switch.h"
#include "sys/sysfs.h"
#include "test/unit/tree.h"

struct rig {
	char path[64];
	int tree, dev;
};

static void put(int dirfd, const char *path, const char *text, mode_t mode)
{
	tree_put_bytes(dirfd, path, mode, text, strlen(text));
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->path, "/tmp/root-test-XXXXXX");
	if (!mkdtemp(rig->path))
		return -1;
	rig->tree = sysfs_open(rig->path);
	mkdirat(rig->tree, "dev", 0755);
	mkdirat(rig->tree, "class", 0755);
	mkdirat(rig->tree, "class/block", 0755);
	rig->dev = sysfs_open_at(rig->tree, "dev");
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	int result;

	close(rig->tree);
	close(rig->dev);
	result = tree_remove(rig->path);
	free(rig);
	return result;
}

/* A device that sysfs shows and that cannot be opened: its driver does not exist. false: not root. */
static bool add_device(const struct rig *rig, const char *disk, int partition, unsigned minor_number, const char *size)
{
	char name[64], path[300], target[200], text[32];

	snprintf(name, sizeof(name), partition ? "%s%d" : "%s", disk, partition);
	if (partition)
		snprintf(target, sizeof(target), "../../devices/x/block/%s/%s", disk, name);
	else
		snprintf(target, sizeof(target), "../../devices/x/block/%s", disk);
	snprintf(path, sizeof(path), "%s/size", target + 6);
	put(rig->tree, path, size, 0644);
	snprintf(path, sizeof(path), "%s/dev", target + 6);
	snprintf(text, sizeof(text), "2999:%u\n", minor_number);
	put(rig->tree, path, text, 0644);
	if (partition) {
		snprintf(path, sizeof(path), "%s/partition", target + 6);
		snprintf(text, sizeof(text), "%d\n", partition);
		put(rig->tree, path, text, 0644);
	}
	snprintf(path, sizeof(path), "class/block/%s", name);
	assert_int_equal(symlinkat(target, rig->tree, path), 0);
	return mknodat(rig->dev, name, S_IFBLK | 0600, makedev(2999, minor_number)) == 0;
}

static bool search(const struct rig *rig, enum root_kind kind, const char *value, struct search_result *found,
		   char *seen)
{
	struct root_plan plan = {.kind = kind};

	snprintf(plan.value, sizeof(plan.value), "%s", value);
	return search_find(rig->tree, rig->dev, &plan, found, seen, 256);
}

static void device_is_found_by_path_and_by_number(void **state)
{
	const struct rig *rig = *state;
	struct search_result found;
	char seen[256];

	if (!add_device(rig, "sdx", 0, 32, "2048\n") || !add_device(rig, "sdx", 1, 33, "1024\n"))
		return;
	assert_true(search(rig, ROOT_DEVICE, "/dev/sdx1", &found, seen));
	assert_string_equal(found.name, "sdx1");
	assert_string_equal(found.type, "");
	assert_true(search(rig, ROOT_DEVICE, "2999:32", &found, seen));
	assert_string_equal(found.name, "sdx");
	assert_true(search(rig, ROOT_DEVICE, "bb721", &found, seen)); /* 2999 << 8 | 33 */
	assert_string_equal(found.name, "sdx1");
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdx2", &found, seen));
	assert_string_equal(found.name, "");
	assert_non_null(strstr(seen, "sdx"));
	assert_non_null(strstr(seen, "sdx1"));
}

/* A map over sdx, and one over its partition. */
static bool add_maps(const struct rig *rig)
{
	if (!add_device(rig, "sdx", 0, 32, "2048\n") || !add_device(rig, "sdx", 1, 33, "1024\n") ||
	    !add_device(rig, "dm-0", 0, 64, "2048\n") || !add_device(rig, "dm-1", 0, 65, "1024\n"))
		return false;
	put(rig->tree, "devices/x/block/sdx/holders/dm-0/dm/uuid", "mpath-36001405\n", 0644);
	put(rig->tree, "devices/x/block/dm-0/dm/uuid", "mpath-36001405\n", 0644);
	put(rig->tree, "devices/x/block/dm-0/dm/name", "mpatha\n", 0644);
	put(rig->tree, "devices/x/block/dm-1/dm/uuid", "part1-mpath-36001405\n", 0644);
	put(rig->tree, "devices/x/block/dm-1/dm/name", "mpatha-part1\n", 0644);
	return true;
}

static void a_path_of_a_map_stands_for_the_map(void **state)
{
	static const struct {
		const char *wanted, *found;
	} cases[] = {
		{"/dev/sdx", "dm-0"},
		{"/dev/sdx1", "dm-1"},
		{"/dev/dm-1", "dm-1"},
		{"2999:33", "dm-1"},
		{"/dev/mapper/mpatha", "dm-0"},
		{"/dev/mapper/mpatha-part1", "dm-1"},
		{"/dev/disk/by-id/dm-uuid-part1-mpath-36001405", "dm-1"},
		{"/dev/disk/by-id/dm-name-mpatha-part1", "dm-1"},
	};
	const struct rig *rig = *state;
	struct search_result found;
	char seen[256];

	if (!add_maps(rig))
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(search(rig, ROOT_DEVICE, cases[i].wanted, &found, seen));
		assert_string_equal(found.name, cases[i].found);
	}
	assert_false(search(rig, ROOT_DEVICE, "/dev/mapper/mpathb", &found, seen));
	assert_int_equal(unlinkat(rig->tree, "class/block/sdx1", 0), 0); /* it cannot be read: it is in standby */
	assert_true(search(rig, ROOT_DEVICE, "/dev/sdx1", &found, seen));
	assert_string_equal(found.name, "dm-1");
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdx2", &found, seen));
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdxa", &found, seen));
	assert_int_equal(unlinkat(rig->tree, "devices/x/block/dm-1/dm/uuid", 0), 0);
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdx1", &found, seen)); /* never the path itself */
}

static void a_disk_is_found_by_what_it_says_of_itself(void **state)
{
	static const uint8_t page[] = {0,  0x83, 0, 32,   2, 1, 0, 8, 'L', 'I', 'O', ' ', 'a', ' ', ' ', 'b', 1, 3, 0,
				       16, 0x60, 1, 0x40, 5, 1, 2, 3, 4,   5,   6,   7,   8,   9,   10,  11,  12};
	static const char *const wanted[] = {"scsi-360014005010203040506070809", "wwn-0x60014005010203040506070809"};
	const struct rig *rig = *state;
	struct search_result found;
	char seen[256], value[100];
	int fd;

	if (!add_maps(rig))
		return;
	put(rig->tree, "devices/x/block/sdx/device/vpd_pg83", "", 0644);
	fd = openat(rig->tree, "devices/x/block/sdx/device/vpd_pg83", O_WRONLY);
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	close(fd);
	for (size_t i = 0; i < 2; i++) {
		snprintf(value, sizeof(value), "/dev/disk/by-id/%s0a0b0c", wanted[i]);
		assert_true(search(rig, ROOT_DEVICE, value, &found, seen));
		assert_string_equal(found.name, "dm-0"); /* it is a path */
		strcat(value, "-part1");
		assert_true(search(rig, ROOT_DEVICE, value, &found, seen));
		assert_string_equal(found.name, "dm-1");
		strcat(value, "0");
		assert_false(search(rig, ROOT_DEVICE, value, &found, seen));
		snprintf(value, sizeof(value), "/dev/disk/by-id/%s0a0b", wanted[i]);
		assert_false(search(rig, ROOT_DEVICE, value, &found, seen));
	}
	assert_int_equal(unlinkat(rig->tree, "devices/x/block/dm-0/dm/uuid", 0), 0);
	assert_true(
		search(rig, ROOT_DEVICE, "/dev/disk/by-id/wwn-0x600140050102030405060708090a0b0c-part1", &found, seen));
	assert_string_equal(found.name, "sdx1");
}

static void device_counts_only_with_size_and_its_own_node(void **state)
{
	const struct rig *rig = *state;
	struct search_result found;
	char seen[256];

	if (!add_device(rig, "sdx", 0, 32, "0\n") || !add_device(rig, "sdy", 0, 48, "8\n"))
		return;
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdx", &found, seen));
	assert_true(search(rig, ROOT_DEVICE, "/dev/sdy", &found, seen));
	assert_int_equal(unlinkat(rig->dev, "sdy", 0), 0);
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdy", &found, seen));
	assert_int_equal(mknodat(rig->dev, "sdy", S_IFBLK | 0600, makedev(2999, 49)), 0);
	assert_false(search(rig, ROOT_DEVICE, "/dev/sdy", &found, seen));
	assert_string_equal(seen, "");
}

static void look_ends_missing_and_names_what_was_wanted(void **state)
{
	const struct rig *rig = *state;
	struct root_plan plan = {.kind = ROOT_UUID, .value = "1234-5678"};
	struct root root;

	root_begin(&root, &plan, rig->tree, rig->dev);
	assert_int_equal(root_step(&root, false), ROOT_MISSING);
	assert_int_equal(root_fd(&root), -1);
	assert_int_equal(root_step(&root, true), ROOT_LOOKING);
	while (root_step(&root, false) == ROOT_LOOKING) {
		struct pollfd ready = {.fd = root_fd(&root), .events = POLLIN};

		assert_int_equal(poll(&ready, 1, 20000), 1);
	}
	assert_int_equal(root.result.state, ROOT_MISSING);
	assert_string_equal(root.result.text, "root=UUID=1234-5678 is not there; block devices: none");
}

static void change_during_a_look_causes_another(void **state)
{
	const struct rig *rig = *state;
	struct root_plan plan = {.kind = ROOT_UUID, .value = "1234-5678"};
	struct root root;
	pid_t first;

	root_begin(&root, &plan, rig->tree, rig->dev);
	root_step(&root, true);
	first = root.child.pid;
	root_step(&root, true); /* whether or not the first look is over: a second one follows */
	while (root.child.pid == first) {
		struct pollfd ready = {.fd = root_fd(&root), .events = POLLIN};

		assert_int_equal(poll(&ready, 1, 20000), 1);
		root_step(&root, false);
	}
	assert_int_equal(root.result.state, ROOT_LOOKING);
	child_stop(&root.child);
}

static void mount_words_become_flags_and_the_rest_stays(void **state)
{
	static const struct {
		const char *text;
		bool writable;
		unsigned long flags;
		const char *data;
	} cases[] = {
		{"", false, MS_RDONLY, ""},
		{"", true, 0, ""},
		{"noatime,nodev", false, MS_RDONLY | MS_NOATIME | MS_NODEV, ""},
		{"subvol=@,compress=zstd:1,rw", false, 0, "subvol=@,compress=zstd:1"},
		{"ro,data=ordered", true, MS_RDONLY, "data=ordered"},
		{",,errors=remount-ro,,noexec,exec,", true, 0, "errors=remount-ro"},
		{"noatimes,defaults", true, 0, "noatimes"},
		{"_netdev,x-systemd.device-timeout=0,nofail,X-mount.mkdir,xino=on", true, 0, "xino=on"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct root_plan plan = {.writable = cases[i].writable};
		char data[64];

		strcpy(plan.flags, cases[i].text);
		assert_int_equal(root_mount_flags(&plan, data, sizeof(data)), cases[i].flags);
		assert_string_equal(data, cases[i].data);
	}
}

static void options_too_long_for_their_place_are_left_out_whole(void **state)
{
	struct root_plan plan = {.flags = "subvol=aaaaaaaaaaaaaaaaaaaa,x=1"};
	char data[16];

	(void)state;
	root_mount_flags(&plan, data, sizeof(data));
	assert_string_equal(data, "x=1");
}

static void file_systems_named_or_likely_are_asked_for_early(void **state)
{
	const struct root_plan plan = {.fstype = "ext3,,btrfs"}, any = {.fstype = ""};
	char name[16];

	(void)state;
	assert_true(root_module(&plan, 0, name, sizeof(name)));
	assert_string_equal(name, "ext4");
	assert_true(root_module(&plan, 1, name, sizeof(name)));
	assert_string_equal(name, "btrfs");
	assert_false(root_module(&plan, 2, name, sizeof(name)));
	assert_true(root_module(&any, 0, name, sizeof(name)));
	assert_string_equal(name, "ext4");
	assert_false(root_module(&any, 1, name, sizeof(name)));
}

static void init_is_resolved_within_the_new_root(void **state)
{
	const struct rig *rig = *state;

	put(rig->tree, "usr/lib/systemd/systemd", "#!", 0755);
	put(rig->tree, "etc/passwd", "", 0644);
	mkdirat(rig->tree, "sbin", 0755);
	assert_int_equal(symlinkat("/usr/lib/systemd/systemd", rig->tree, "sbin/init"), 0);
	assert_int_equal(symlinkat("../../../../../../usr/lib/systemd/systemd", rig->tree, "sbin/up"), 0);
	assert_int_equal(symlinkat("/bin/true-that-is-only-outside", rig->tree, "sbin/out"), 0);
	assert_int_equal(symlinkat("loop", rig->tree, "sbin/loop"), 0);
	assert_int_equal(init_check(rig->tree, "/sbin/init"), 0);
	assert_int_equal(init_check(rig->tree, "/sbin/up"), 0);
	assert_int_equal(init_check(rig->tree, "/sbin/out"), -ENOENT);
	assert_int_equal(init_check(rig->tree, "/bin/sh"), -ENOENT);
	assert_int_equal(init_check(rig->tree, "/sbin/loop"), -ELOOP);
	assert_int_equal(init_check(rig->tree, "/etc/passwd"), -EACCES);
	assert_int_equal(init_check(rig->tree, "/usr"), -EACCES);
}

static void chain_is_another_program_that_can_be_executed(void **state)
{
	const struct rig *rig = *state;
	char self[128], other[128];

	put(rig->tree, "init", "#!/bin/sh", 0755);
	snprintf(self, sizeof(self), "%s/self", rig->path);
	snprintf(other, sizeof(other), "%s/init", rig->path);
	assert_int_equal(symlinkat("/proc/self/exe", rig->tree, "self"), 0);
	assert_int_equal(switch_chain_check(other), 0);
	assert_int_equal(switch_chain_check(self), -ELOOP);
	assert_int_equal(switch_chain_check("/no/such/file"), -ENOENT);
	assert_int_equal(fchmodat(rig->tree, "init", 0644, 0), 0);
	assert_int_equal(switch_chain_check(other), -EACCES);
}

static bool nothing_is_ours(const char *word)
{
	(void)word;
	return false;
}

static void switch_refuses_anything_that_is_no_boot(void **state)
{
	const struct root_result found = {.init = "/sbin/init"};
	char *words[] = {"x", NULL};
	const char *step = NULL;

	(void)state;
	assert_int_equal(switch_root(&found, words, words, nothing_is_ours, &step), -EPERM);
	assert_string_equal(step, "checking that this is process 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_disk_is_found_by_what_it_says_of_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(device_is_found_by_path_and_by_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_of_a_map_stands_for_the_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(device_counts_only_with_size_and_its_own_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(look_ends_missing_and_names_what_was_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(change_during_a_look_causes_another, set_up, tear_down),
		cmocka_unit_test(mount_words_become_flags_and_the_rest_stays),
		cmocka_unit_test(options_too_long_for_their_place_are_left_out_whole),
		cmocka_unit_test(file_systems_named_or_likely_are_asked_for_early),
		cmocka_unit_test_setup_teardown(init_is_resolved_within_the_new_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(chain_is_another_program_that_can_be_executed, set_up, tear_down),
		cmocka_unit_test(switch_refuses_anything_that_is_no_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
