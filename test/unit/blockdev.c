/* From scan to disks, on a tree that the test makes: what is written, what is waited for, what is said. */
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
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "blockdev.h"
#include "sys/iscsi_class.h"
#include "sys/sysfs.h"
#include "test/unit/tree.h"

#define HOST       "class/scsi_host/host2"
#define TARGET     HOST "/device/session1/target2:0:0"
#define FLAGS_PATH "module/scsi_mod/parameters/default_dev_flags"

struct rig {
	char path[64];
	int sysfs, dev;
	struct target_plan plan;
	struct blockdev_flags flags;
	struct blockdev blockdev;
};

static void put(const struct rig *rig, const char *path, const char *text)
{
	tree_put(rig->sysfs, path, text);
}

static void expect(const struct rig *rig, const char *path, const char *text)
{
	char is[64];

	assert_true(sysfs_read(rig->sysfs, path, is, sizeof(is)) >= 0);
	assert_string_equal(is, text);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->path, "/tmp/blockdev-test-XXXXXX");
	if (!mkdtemp(rig->path))
		return -1;
	rig->sysfs = sysfs_open(rig->path);
	mkdirat(rig->sysfs, "dev", 0755);
	rig->dev = sysfs_open_at(rig->sysfs, "dev");
	params_default(&rig->plan.params);
	put(rig, HOST "/scan", "");
	put(rig, TARGET "/uevent", "");
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	int result;

	blockdev_stop(&rig->blockdev);
	close(rig->sysfs);
	close(rig->dev);
	result = tree_remove(rig->path);
	free(rig);
	return result;
}

static void add_unit(const struct rig *rig, unsigned lun, const char *type)
{
	char path[128];

	snprintf(path, sizeof(path), TARGET "/2:0:0:%u/type", lun);
	put(rig, path, type);
}

static void attach(const struct rig *rig, unsigned lun, const char *name, const char *size)
{
	static const char *const attributes[][2] = {
		{"queue/scheduler", "[mq-deadline] none"}, {"queue/rotational", "1"}, {"queue/nr_requests", "64"}};
	char path[160];

	snprintf(path, sizeof(path), TARGET "/2:0:0:%u/block/%s/size", lun, name);
	put(rig, path, size);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), TARGET "/2:0:0:%u/block/%s/%s", lun, name, attributes[i][0]);
		put(rig, path, attributes[i][1]);
	}
}

/* A node of a device that does not exist: opening it fails, which must not stop anything. false: not root. */
static bool add_node(const struct rig *rig, const char *name)
{
	return mknodat(rig->dev, name, S_IFBLK | 0600, makedev(4000, 77)) == 0;
}

static enum blockdev_state step_while(struct rig *rig, enum blockdev_state state)
{
	while (blockdev_step(&rig->blockdev) == state) {
		struct pollfd ready = {.fd = blockdev_fd(&rig->blockdev), .events = POLLIN};

		assert_true(ready.fd >= 0);
		assert_int_equal(poll(&ready, 1, 20000), 1);
	}
	return rig->blockdev.state;
}

static void start(struct rig *rig)
{
	assert_int_equal(blockdev_start(&rig->blockdev, rig->sysfs, rig->dev, 2, &rig->plan, &rig->flags), 0);
	assert_int_equal(rig->blockdev.state, BLOCKDEV_SCANNING);
}

static void one_lun_is_scanned_alone_and_its_absence_told(void **state)
{
	struct rig *rig = *state;
	char text[200];

	rig->plan.has_lun = true;
	rig->plan.lun = 16500;
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	expect(rig, HOST "/scan", "0 0 16500");
	assert_int_equal(blockdev_fd(&rig->blockdev), -1);
	assert_string_equal(blockdev_describe(&rig->blockdev, text, sizeof(text)),
			    "the target has no LUN 16500 for this initiator");
}

/* SAM-5 4.7: what Linux shows as 0x4000 | LUN is asked for first; what that finds is enough. */
static void lun_above_255_is_looked_for_in_both_of_its_addresses(void **state)
{
	struct rig *rig = *state;

	rig->plan.has_lun = true;
	rig->plan.lun = 256;
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	expect(rig, HOST "/scan", "0 0 25640"); /* it is a file here: 256 lies over 16640 */
	blockdev_stop(&rig->blockdev);
	put(rig, HOST "/scan", "");
	put(rig, "class/scsi_device/2:0:0:16640/uevent", "");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	expect(rig, HOST "/scan", "0 0 16640");
	blockdev_stop(&rig->blockdev);
	put(rig, HOST "/scan", "");
	rig->plan.lun = 255;
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	expect(rig, HOST "/scan", "0 0 255");
}

static void other_types_are_no_disks_and_are_named(void **state)
{
	struct rig *rig = *state;
	char text[200];

	add_unit(rig, 0, "12\n");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	expect(rig, HOST "/scan", "0 0 -");
	assert_string_equal(blockdev_describe(&rig->blockdev, text, sizeof(text)),
			    "the target has no disk for this initiator, only 1 other LUN (LUN 0 is a storage array "
			    "controller)");
}

/* The kernel gives it no disk driver (SPC-4 table 138: peripheral qualifier 1). */
static void unit_that_is_not_connected_is_not_waited_for(void **state)
{
	struct rig *rig = *state;
	char text[200];

	add_unit(rig, 0, "0\n");
	put(rig, TARGET "/2:0:0:0/inquiry", "\x20");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	assert_string_equal(
		blockdev_describe(&rig->blockdev, text, sizeof(text)),
		"the target has no disk for this initiator, only 1 other LUN (LUN 0 is nothing (no device))");
	put(rig, TARGET "/2:0:0:0/inquiry", "\x1f");
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_WAITING);
}

/* A scan does not look at what is attached: it is to find the unit anew. */
static void unit_that_is_not_connected_is_forgotten_before_a_scan(void **state)
{
	struct rig *rig = *state;

	add_unit(rig, 0, "0\n");
	add_unit(rig, 1, "0\n");
	put(rig, TARGET "/2:0:0:0/inquiry", "\x20");
	put(rig, TARGET "/2:0:0:1/inquiry", "\x1f");
	put(rig, TARGET "/2:0:0:0/delete", "");
	put(rig, TARGET "/2:0:0:1/delete", "");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_WAITING);
	expect(rig, TARGET "/2:0:0:0/delete", "1");
	expect(rig, TARGET "/2:0:0:1/delete", "");
	expect(rig, HOST "/scan", "0 0 -");
}

static void disk_counts_when_it_has_block_device_size_and_node(void **state)
{
	struct rig *rig = *state;
	char text[200];

	add_unit(rig, 1, "0\n");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_WAITING);
	assert_int_equal(rig->blockdev.disk_count, 1);
	attach(rig, 1, "sdx", "0\n");
	if (!add_node(rig, "sdx"))
		return;
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_EMPTY);
	assert_non_null(strstr(blockdev_describe(&rig->blockdev, text, sizeof(text)), "not ready"));
	assert_int_equal(unlinkat(rig->dev, "sdx", 0), 0);
	attach(rig, 1, "sdx", "131072\n");
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_WAITING);
	assert_true(add_node(rig, "sdx"));
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_READING);
	assert_int_equal(step_while(rig, BLOCKDEV_READING), BLOCKDEV_READY);
	assert_string_equal(rig->blockdev.first_disk, "sdx");
	assert_int_equal(rig->blockdev.other_count, 0);
}

/* A unit that is slow to answer may outlast the boot's time-out at any point of a later look. */
static void what_a_unit_said_is_kept_until_it_is_asked_again(void **state)
{
	struct rig *rig = *state;
	char text[200];

	add_unit(rig, 1, "0\n");
	attach(rig, 1, "sdx", "0\n");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	strcpy(rig->blockdev.why, "; LUN 1 says: it is becoming ready");
	blockdev_stop(&rig->blockdev);
	start(rig);
	assert_string_equal(blockdev_describe(&rig->blockdev, text, sizeof(text)),
			    "the scan of SCSI host 2 is under way; LUN 1 says: it is becoming ready");
	add_unit(rig, 2, "0\n");
	attach(rig, 2, "sdy", "8");
	if (!add_node(rig, "sdy"))
		return;
	step_while(rig, BLOCKDEV_SCANNING);
	assert_int_equal(rig->blockdev.state, BLOCKDEV_READING);
	strcpy(rig->blockdev.why, "; LUN 1 says: it is becoming ready");
	assert_string_equal(blockdev_describe(&rig->blockdev, text, sizeof(text)),
			    "partition tables are being read; LUN 1 says: it is becoming ready");
	assert_true(blockdev_lacks(&rig->blockdev));
}

static void what_one_said_that_can_be_used_by_now_is_forgotten(void **state)
{
	struct rig *rig = *state;
	char text[200];

	add_unit(rig, 1, "0\n");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_WAITING);
	strcpy(rig->blockdev.why, "; LUN 1 says: it is becoming ready");
	attach(rig, 1, "sdx", "8");
	if (!add_node(rig, "sdx"))
		return;
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_READING);
	assert_string_equal(blockdev_describe(&rig->blockdev, text, sizeof(text)), "partition tables are being read");
	assert_false(blockdev_lacks(&rig->blockdev));
}

/* In this tree it gives no answer. */
static void a_unit_without_a_size_is_asked_why(void **state)
{
	struct rig *rig = *state;

	add_unit(rig, 1, "0\n");
	attach(rig, 1, "sdx", "0\n");
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	assert_true(blockdev_lacks(&rig->blockdev));
	blockdev_ask(&rig->blockdev);
	assert_true(blockdev_fd(&rig->blockdev) >= 0);
	while (blockdev_fd(&rig->blockdev) >= 0) {
		struct pollfd ready = {.fd = blockdev_fd(&rig->blockdev), .events = POLLIN};

		assert_int_equal(poll(&ready, 1, 20000), 1);
		assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_EMPTY);
	}
	blockdev_ask(&rig->blockdev);
	assert_int_equal(blockdev_fd(&rig->blockdev), -1); /* once is enough */
}

static void the_first_disk_is_that_of_the_lowest_lun(void **state)
{
	static const char *const names[] = {"sdd", "sdb", "sdc", "sda"};
	static const unsigned luns[] = {300, 7, 10, 5};
	struct rig *rig = *state;

	for (int i = 0; i < 4; i++) {
		add_unit(rig, luns[i], "0\n");
		attach(rig, luns[i], names[i], "8");
		if (!add_node(rig, names[i]))
			return;
	}
	start(rig);
	(void)step_while(rig, BLOCKDEV_SCANNING);
	assert_int_equal(rig->blockdev.disk_count, 4);
	assert_string_equal(rig->blockdev.first_disk, "sda");
}

static void every_disk_of_several_is_waited_for(void **state)
{
	struct rig *rig = *state;
	char text[200];

	for (unsigned lun = 1; lun <= 3; lun++)
		add_unit(rig, lun, "0\n");
	attach(rig, 1, "sdx", "8");
	attach(rig, 2, "sdy", "8");
	if (!add_node(rig, "sdx") || !add_node(rig, "sdy"))
		return;
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_WAITING);
	assert_non_null(strstr(blockdev_describe(&rig->blockdev, text, sizeof(text)), "2 of 3"));
	attach(rig, 3, "sdz", "8");
	assert_true(add_node(rig, "sdz"));
	assert_int_equal(blockdev_step(&rig->blockdev), BLOCKDEV_READING);
}

static void queue_gets_its_settings(void **state)
{
	struct rig *rig = *state;

	add_unit(rig, 1, "0\n");
	attach(rig, 1, "sdx", "8");
	if (!add_node(rig, "sdx"))
		return;
	rig->plan.params.value[PARAM_NR_REQUESTS] = 32;
	rig->plan.params.source[PARAM_NR_REQUESTS] = SOURCE_CMDLINE;
	strcpy(rig->plan.scheduler, "kyber");
	start(rig);
	step_while(rig, BLOCKDEV_SCANNING);
	assert_int_equal(step_while(rig, BLOCKDEV_READING), BLOCKDEV_READY);
	/* The fixture is a plain file: writing replaces its beginning. */
	expect(rig, TARGET "/2:0:0:1/block/sdx/queue/scheduler", "kybereadline] none");
	expect(rig, TARGET "/2:0:0:1/block/sdx/queue/rotational", "0");
	expect(rig, TARGET "/2:0:0:1/block/sdx/queue/nr_requests", "32");
}

static void a_queue_that_is_registered_late_gets_its_scheduler(void **state)
{
	static const char scheduler[] = TARGET "/2:0:0:1/block/sdx/queue/scheduler";
	struct rig *rig = *state;
	char there[160];
	pid_t pid;

	add_unit(rig, 1, "0\n");
	attach(rig, 1, "sdx", "8");
	if (!add_node(rig, "sdx"))
		return;
	assert_int_equal(unlinkat(rig->sysfs, scheduler, 0), 0);
	start(rig);
	step_while(rig, BLOCKDEV_SCANNING);
	pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 1500); /* the disk, which is no real one, is given up after a second */
		put(rig, scheduler, "[mq-deadline] none");
		_exit(0);
	}
	assert_int_equal(step_while(rig, BLOCKDEV_READING), BLOCKDEV_READY);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(sysfs_read(rig->sysfs, scheduler, there, sizeof(there)) > 0);
	assert_string_equal(there, "nonedeadline] none"); /* a plain file: writing replaces its beginning */
}

static void flags_are_set_for_the_scans_and_put_back_by_the_last(void **state)
{
	struct rig *rig = *state;
	struct blockdev second = {0};

	put(rig, FLAGS_PATH, "1000000\n");
	rig->plan.params.value[PARAM_SCAN] = SCAN_LEAN;
	start(rig);
	expect(rig, FLAGS_PATH, "17784858176"); /* 1000000, bits 10, 13, 26, 29 and 34 */
	assert_int_equal(blockdev_start(&second, rig->sysfs, rig->dev, 2, &rig->plan, &rig->flags), 0);
	assert_int_equal(rig->flags.users, 2);
	step_while(rig, BLOCKDEV_SCANNING);
	assert_int_equal(rig->flags.users, 1);
	expect(rig, FLAGS_PATH, "17784858176");
	blockdev_stop(&second);
	assert_int_equal(rig->flags.users, 0);
	expect(rig, FLAGS_PATH, "10000008176"); /* a plain file again: the beginning is replaced */
}

static void full_scan_asks_for_all_that_has_a_use(void **state)
{
	struct rig *rig = *state;

	put(rig, FLAGS_PATH, "1000000\n");
	start(rig);
	expect(rig, FLAGS_PATH, "537880128"); /* 1000000, bits 10, 13 and 29: not 26, as the VPD pages are wanted */
}

static void full_and_lean_scans_wait_for_each_other(void **state)
{
	struct rig *rig = *state;
	struct target_plan lean = rig->plan;
	struct blockdev second = {0};

	put(rig, FLAGS_PATH, "0\n");
	lean.params.value[PARAM_SCAN] = SCAN_LEAN;
	start(rig);
	assert_int_equal(blockdev_start(&second, rig->sysfs, rig->dev, 2, &lean, &rig->flags), -EAGAIN);
	assert_int_equal(second.state, BLOCKDEV_IDLE);
	blockdev_stop(&second);
	assert_int_equal(rig->flags.users, 1);
	step_while(rig, BLOCKDEV_SCANNING);
	assert_int_equal(blockdev_start(&second, rig->sysfs, rig->dev, 2, &lean, &rig->flags), 0);
	blockdev_stop(&second);
	assert_int_equal(rig->flags.users, 0);
}

static void kernel_without_the_flags_still_scans(void **state)
{
	struct rig *rig = *state;

	rig->plan.params.value[PARAM_SCAN] = SCAN_LEAN;
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_EMPTY);
	assert_false(sysfs_exists(rig->sysfs, FLAGS_PATH));
}

static void host_that_is_gone_fails_with_its_error(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(unlinkat(rig->sysfs, HOST "/scan", 0), 0);
	start(rig);
	assert_int_equal(step_while(rig, BLOCKDEV_SCANNING), BLOCKDEV_FAILED);
	assert_int_equal(rig->blockdev.error, -ENOENT);
}

static void host_of_a_session_is_read_from_its_link(void **state)
{
	struct rig *rig = *state;

	tree_make_parents(rig->sysfs, "class/iscsi_session/x");
	assert_int_equal(symlinkat("../../devices/platform/host14/session3/iscsi_session/session3", rig->sysfs,
				   "class/iscsi_session/session3"),
			 0);
	assert_int_equal(symlinkat("../../devices/platform/session4/iscsi_session/session4", rig->sysfs,
				   "class/iscsi_session/session4"),
			 0);
	assert_int_equal(iscsi_class_host(rig->sysfs, 3), 14);
	assert_int_equal(iscsi_class_host(rig->sysfs, 4), -ENODEV);
	assert_int_equal(iscsi_class_host(rig->sysfs, 5), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_lun_is_scanned_alone_and_its_absence_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lun_above_255_is_looked_for_in_both_of_its_addresses, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(other_types_are_no_disks_and_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unit_that_is_not_connected_is_not_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unit_that_is_not_connected_is_forgotten_before_a_scan, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(disk_counts_when_it_has_block_device_size_and_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_unit_said_is_kept_until_it_is_asked_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_one_said_that_can_be_used_by_now_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_unit_without_a_size_is_asked_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_first_disk_is_that_of_the_lowest_lun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_disk_of_several_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(queue_gets_its_settings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queue_that_is_registered_late_gets_its_scheduler, set_up, tear_down),
		cmocka_unit_test_setup_teardown(flags_are_set_for_the_scans_and_put_back_by_the_last, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(full_scan_asks_for_all_that_has_a_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_and_lean_scans_wait_for_each_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kernel_without_the_flags_still_scans, set_up, tear_down),
		cmocka_unit_test_setup_teardown(host_that_is_gone_fails_with_its_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(host_of_a_session_is_read_from_its_link, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
