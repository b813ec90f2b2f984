/* When disks are looked at for whether they are paths of one: the looks are counted, not made. */
/* SPDX-License-Identifier: MIT */
#include "boot/join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/process.h"

#define PAUSE 1000 /* join.c's */

static struct world world;
static int looks, meets, told, running, pidfds[2];
static int64_t now_ms;
static pid_t met;

void multipath_look(struct multipath *multipath)
{
	looks++;
	multipath->takes_back = false;
}

void multipath_meet(struct multipath *multipath)
{
	(void)multipath;
	meets++;
}

bool multipath_step(struct multipath *multipath)
{
	multipath->met = met;
	return true;
}

int process_open(pid_t pid)
{
	return pid == running ? dup(pidfds[0]) : -1;
}

void session_become_path(struct session *session, int control, int32_t *hold_s)
{
	(void)session;
	(void)control;
	(void)hold_s;
	told++;
}

/* Two targets; the second was missing at the boot, and has now logged in. */
static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	looks = meets = told = 0;
	met = 0;
	running = 77;
	now_ms = 5000;
	join_init(&world);
	world.plan.target_count = world.session_count = 2;
	world.resident = true;
	for (int i = 0; i < 2; i++) {
		world.sessions[i].state = SESSION_UP;
		world.sessions[i].devices = CHILD_NONE;
		world.sessions[i].mapper = -1;
		world.disks[i].state = i ? BLOCKDEV_IDLE : BLOCKDEV_READY;
	}
	world.joined = 1;
	world.sessions[1].has_news = true;
	return 0;
}

static int looks_after_event(void)
{
	looks = 0;
	join_advance(&world, now_ms);
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

/* Both are known, and looked at. */
static void settle(void)
{
	world.sessions[1].has_news = false;
	world.disks[1].state = BLOCKDEV_WAITING;
	looks_after_event();
	looks = 0;
}

/* A target whose unit says with every answer that its ports have changed, for a minute: each look asks it, and is told so. */
static void test_target_that_always_changes_is_looked_at_in_turn(void **state)
{
	int rounds = 0;

	(void)state;
	settle();
	assert_int_equal(join_deadline(&world), INT64_MAX);
	world.paths_changed = true;
	for (int before = looks; now_ms < 65000 && rounds < 1000; before = looks) {
		assert_true(join_deadline(&world) < now_ms + PAUSE + 1);
		now_ms = join_deadline(&world) > now_ms ? join_deadline(&world) : now_ms;
		join_advance(&world, now_ms);
		join_advance(&world, now_ms + 1);
		world.paths_changed = true;
		assert_in_range(looks - before, 0, 1);
		rounds++;
	}
	assert_in_range(looks, 59, 62);
	assert_in_range(rounds, 59, 62);
}

static void test_first_change_is_looked_at_at_once(void **state)
{
	(void)state;
	settle();
	world.paths_changed = true;
	assert_int_equal(looks_after_event(), 1);
	assert_false(world.paths_changed);
	world.paths_changed = true;
	now_ms += PAUSE - 1;
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(join_deadline(&world), now_ms + 1);
	join_note(&world, 1); /* a disk that comes does not wait */
	assert_int_equal(looks_after_event(), 1);
	now_ms++;
	assert_int_equal(looks_after_event(), 1);
	assert_int_equal(join_deadline(&world), INT64_MAX);
	world.paths_changed = true;
	world.plan.boot.multipath = MULTIPATH_NO; /* nothing is joined: it is not asked for without end */
	now_ms += PAUSE;
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(join_deadline(&world), INT64_MAX);
}

static void test_maps_are_left_to_multipathd_until_it_ends(void **state)
{
	(void)state;
	settle();
	met = 77;
	world.multipath.control = 3;
	join_step(&world);
	assert_true(world.multipath.multipathd >= 0);
	assert_int_equal(told, 2);
	join_note(&world, 1);
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(told, 4); /* it may have added the disk */
	world.paths_changed = true;
	assert_int_equal(looks_after_event(), 0);
	join_step(&world);
	met = 0;
	join_multipathd_ended(&world);
	assert_int_equal(world.multipath.multipathd, -1);
	assert_true(world.multipath.takes_back);
	now_ms += PAUSE;
	assert_int_equal(looks_after_event(), 1);
}

/* Somebody takes a path out of a map: a look would put it back. */
static void test_change_of_a_map_only_asks_who_it_was(void **state)
{
	(void)state;
	settle();
	world.maps_changed = true;
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(meets, 1);
	world.maps_changed = true;
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(meets, 1);
	now_ms += PAUSE;
	world.multipath.child.fd = 5; /* something is under way: later, and not at once again */
	assert_int_equal(looks_after_event(), 0);
	assert_int_equal(join_deadline(&world), now_ms + PAUSE);
	world.multipath.child.fd = -1;
	now_ms += PAUSE;
	looks_after_event();
	assert_int_equal(meets, 2);
	world.maps_changed = world.paths_changed = true; /* a look answers both */
	now_ms += PAUSE;
	assert_int_equal(looks_after_event(), 1);
	assert_int_equal(meets, 2);
	assert_int_equal(join_deadline(&world), INT64_MAX);
	world.multipath.multipathd = 6; /* it is known who it is */
	world.maps_changed = true;
	now_ms += PAUSE;
	told = 0;
	world.multipath.control = 3;
	looks_after_event();
	assert_int_equal(meets, 2);
	assert_int_equal(told, 2);
}

static void test_multipathd_that_has_ended_meanwhile_is_not_waited_for(void **state)
{
	(void)state;
	settle();
	met = 78;
	join_step(&world);
	assert_int_equal(world.multipath.multipathd, -1);
	assert_true(world.multipath.takes_back);
	assert_int_equal(looks_after_event(), 1);
}

static void test_no_descriptor_is_left(void **state)
{
	int before = dup(pidfds[0]), after;

	(void)state;
	close(before);
	for (int i = 0; i < 3; i++) {
		met = 77;
		join_step(&world);
		join_step(&world);
		join_multipathd_ended(&world);
	}
	after = dup(pidfds[0]);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_not_before_the_scan, set_up),
		cmocka_unit_test_setup(test_again_for_each_disk, set_up),
		cmocka_unit_test_setup(test_not_while_devices_are_set_running, set_up),
		cmocka_unit_test_setup(test_boot_looks_when_all_is_settled, set_up),
		cmocka_unit_test_setup(test_one_disk_is_no_path, set_up),
		cmocka_unit_test_setup(test_target_that_always_changes_is_looked_at_in_turn, set_up),
		cmocka_unit_test_setup(test_first_change_is_looked_at_at_once, set_up),
		cmocka_unit_test_setup(test_maps_are_left_to_multipathd_until_it_ends, set_up),
		cmocka_unit_test_setup(test_change_of_a_map_only_asks_who_it_was, set_up),
		cmocka_unit_test_setup(test_multipathd_that_has_ended_meanwhile_is_not_waited_for, set_up),
		cmocka_unit_test_setup(test_no_descriptor_is_left, set_up),
	};

	if (pipe(pidfds))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
