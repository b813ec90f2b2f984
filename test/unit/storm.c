/* A thousand machines and one target that serves a hundred logins a second: who comes back when, and what the target is asked.
   The product's session with its pauses runs on a virtual clock (test/sim). The ideal is ten seconds. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/sim/storm.h"

#define CAPACITY 100

/* One that logs in one after the other, the next 64 in its backlog (LIO); and one that accepts everybody at once (tgt). */
static const struct target_model serial = {.capacity = CAPACITY, .backlog = 64, .dead_cost = 0.1};
static const struct target_model eager = {.capacity = CAPACITY / 5.0, .backlog = 1000000, .dead_cost = 0.1};

static struct outcome run(struct storm storm)
{
	struct outcome o;

	storm.policy = &policy_ours;
	storm.patience_s = 500;
	storm.seed = 7;
	storm_run(&storm, &o);
	print_message(
		"%s: 99 %% in %.2f s, all in %.2f s, of %.2f s; %.1f SYNs, %.1f connections, %.1f logins a second "
		"for each of the target's\n",
		storm.name, o.most_s, o.all_s, o.ideal_s, o.peak_syns, o.peak_tries, o.peak_logins);
	assert_int_equal(o.missing, 0);
	return o;
}

static void assert_orderly(struct storm storm)
{
	struct outcome o;

	storm.machines = 1000;
	o = run(storm);
	assert_true(o.most_s <= 1.15 * o.ideal_s);
	assert_true(o.all_s <= 1.3 * o.ideal_s);
	assert_true(o.peak_logins <= 3);
	assert_true(o.wasted <= storm.machines / 20);
}

static void boot_of_all(void **state)
{
	(void)state;
	assert_orderly((struct storm){.name = "boot", .target = serial, .spread_s = 1});
	assert_orderly((struct storm){.name = "boot in the same instant", .target = serial, .spread_s = 0.001});
	assert_orderly(
		(struct storm){.name = "boot, the target is late", .target = serial, .spread_s = 1, .down_s = 9});
}

/* The server's socket loses what it cannot hold: ten seconds of work for it, too. */
static void boot_behind_a_busy_dhcp_server(void **state)
{
	struct outcome o;

	(void)state;
	o = run((struct storm){
		.name = "DHCP", .target = serial, .spread_s = 1, .machines = 1000, .dhcp_per_s = 2 * CAPACITY});
	assert_true(o.most_s <= 1.3 * o.ideal_s);
	assert_true(o.all_s <= 1.6 * o.ideal_s);
}

static void outage_of_ten_seconds(void **state)
{
	struct storm storm = {
		.name = "refuses for 10 s", .target = serial, .spread_s = 0.05, .down_s = 10, .lost_part = 1};

	(void)state;
	assert_orderly(storm);
	storm.name = "silent for 10 s";
	storm.silent = true;
	assert_orderly(storm);
	storm.name = "starts slowly";
	storm.target.ramp_s = 2;
	storm.target.capacity *= 1.1; /* what the slow start costs, of ten seconds */
	assert_orderly(storm);
}

/* Many more SYNs than a second has places. Seldom, so that the sum is no storm, but not too seldom for the last. */
static void outage_of_ten_minutes(void **state)
{
	struct storm storm = {
		.name = "refuses for 10 min", .target = serial, .spread_s = 0.05, .down_s = 600, .lost_part = 1};
	struct outcome o;

	(void)state;
	storm.machines = 500;
	storm.target.capacity /= 2;
	o = run(storm);
	assert_true(o.most_s <= 1.15 * o.ideal_s);
	assert_true(o.all_s <= 1.3 * o.ideal_s);
	assert_true(o.peak_tries <= 3);
}

/* Its disk's identity is asked for in a second session, which has to get through as well. */
static void proof_of_disks_is_no_second_storm(void **state)
{
	(void)state;
	assert_orderly((struct storm){.name = "with disks",
				      .target = serial,
				      .spread_s = 0.05,
				      .down_s = 10,
				      .lost_part = 1,
				      .proves = true});
}

/* Who waits longer than login_timeout goes on waiting: giving up would cost it its place. */
static void long_queue_is_stood_in(void **state)
{
	struct outcome o;

	(void)state;
	o = run((struct storm){.name = "long queue", .target = eager, .spread_s = 1, .machines = 1000});
	assert_true(o.most_s <= 1.15 * o.ideal_s);
	assert_true(o.all_s <= 1.3 * o.ideal_s);
	assert_true(o.peak_logins <= 3.5);
}

static void busy_target_serves_all(void **state)
{
	struct storm storm = {.name = "busy", .target = serial, .spread_s = 1, .machines = 1000};
	struct outcome o;

	(void)state;
	storm.target.backlog = 1000000;
	storm.target.busy_above = 32;
	storm.target.busy_cost = 0.01;
	o = run(storm);
	assert_true(o.busy > 0);
	assert_true(o.peak_tries <= 40); /* of which it refuses most */
	assert_true(o.all_s <= 1.5 * o.ideal_s);
}

static void redirected_machines_arrive(void **state)
{
	struct storm storm = {.name = "redirects", .target = serial, .spread_s = 1, .machines = 1000};
	struct outcome o;

	(void)state;
	storm.target.redirects_to = 4;
	storm.target.redirect_cost = 0.05;
	o = run(storm);
	assert_true(o.all_s <= 1.3 * o.ideal_s);
}

static void assert_alone(bool silent, double down_s, double lost_part, double most_s)
{
	struct outcome o = run((struct storm){.name = silent ? "alone, silent" : "alone, refuses",
					      .target = serial,
					      .machines = 1,
					      .down_s = down_s,
					      .lost_part = lost_part,
					      .silent = silent});

	assert_true(o.all_s <= most_s);
}

/* What one machine is promised, whenever its target comes back. 20 ms for the target's work. */
static void machine_alone_does_not_wait(void **state)
{
	(void)state;
	for (double down_s = 0.3; down_s < 60; down_s += 1.37)
		for (int silent = 0; silent < 2; silent++) {
			assert_alone(silent, down_s, 0, 1.02);
			assert_alone(silent, down_s, 1, 1.02);
		}
	for (double down_s = 60.5; down_s < 4000; down_s *= 1.3)
		for (int silent = 0; silent < 2; silent++)
			assert_alone(silent, down_s, 1, down_s < 100 ? down_s / 10 : 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_of_all),
		cmocka_unit_test(boot_behind_a_busy_dhcp_server),
		cmocka_unit_test(outage_of_ten_seconds),
		cmocka_unit_test(outage_of_ten_minutes),
		cmocka_unit_test(proof_of_disks_is_no_second_storm),
		cmocka_unit_test(long_queue_is_stood_in),
		cmocka_unit_test(busy_target_serves_all),
		cmocka_unit_test(redirected_machines_arrive),
		cmocka_unit_test(machine_alone_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
