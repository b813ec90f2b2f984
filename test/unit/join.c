/* When disks are looked at for whether they are paths of one: the looks are counted, not made. */
/* SPDX-License-Identifier: MIT */
#include "boot/join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct world world;
static int looks;

void multipath_look(struct multipath *multipath)
{
	(void)multipath;
	looks++;
}

bool multipath_step(struct multipath *multipath)
{
	(void)multipath;
	return true;
}

void session_become_path(struct session *session, int control, int32_t *hold_s)
{
	(void)session;
	(void)control;
	(void)hold_s;
}

/* Two targets; the second was missing at the boot, and has now logged in. */
static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	looks = 0;
	join_init(&world);
	world.plan.target_count = world.session_count = 2;
	world.resident = true;
	for (int i = 0; i < 2; i++) {
		world.sessions[i].state = SESSION_UP;
		world.sessions[i].devices = CHILD_NONE;
		world.disks[i].state = i ? BLOCKDEV_IDLE : BLOCKDEV_READY;
	}
	world.joined = 1;
	world.sessions[1].has_news = true;
	return 0;
}

static int looks_after_event(void)
{
	looks = 0;
	join_advance(&world);
	return looks;
}

static void test_not_before_the_scan(void **state)
{
	(void)state;
	assert_int_equal(looks_after_event(), 0);
	world.sessions[1].has_news = false;
	world.disks[1].state = BLOCKDEV_SCANNING;
	assert_int_equal(looks_after_event(), 0);
	world.disks[1].state = BLOCKDEV_WAITING;
	assert_int_equal(looks_after_event(), 1);
	assert_int_equal(looks_after_event(), 0);
}

/* The kernel attaches disks when it likes, after the scan. */
static void test_again_for_each_disk(void **state)
{
	(void)state;
	world.sessions[1].has_news = false;
	world.disks[1].state = BLOCKDEV_WAITING;
	assert_int_equal(looks_after_event(), 1);
	join_note(&world, 1);
	assert_int_equal(looks_after_event(), 1);
	assert_int_equal(looks_after_event(), 0);
}

static void test_not_while_devices_are_set_running(void **state)
{
	(void)state;
	world.sessions[1].has_news = false;
	world.sessions[1].devices.fd = 5;
	assert_int_equal(looks_after_event(), 0);
	world.sessions[1].devices.fd = -1;
	assert_int_equal(looks_after_event(), 1);
}

static void test_boot_looks_when_all_is_settled(void **state)
{
	(void)state;
	world.resident = false;
	world.joined = 0;
	assert_int_equal(looks_after_event(), 1);
	assert_int_equal(world.joined, 1);
	world.disks[1].state = BLOCKDEV_WAITING;
	assert_int_equal(looks_after_event(), 0);
	world.disks[1].state = BLOCKDEV_READY;
	assert_int_equal(looks_after_event(), 1);
}

static void test_one_disk_is_no_path(void **state)
{
	(void)state;
	world.plan.target_count = world.session_count = 1;
	world.joined = 0;
	assert_int_equal(looks_after_event(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_not_before_the_scan, set_up),
		cmocka_unit_test_setup(test_again_for_each_disk, set_up),
		cmocka_unit_test_setup(test_not_while_devices_are_set_running, set_up),
		cmocka_unit_test_setup(test_boot_looks_when_all_is_settled, set_up),
		cmocka_unit_test_setup(test_one_disk_is_no_path, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
