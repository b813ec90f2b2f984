/* A thousand machines and one target that serves a hundred logins a second: who comes back when, and what the target is asked.
   The product's session with its pauses runs on a virtual clock (test/sim). The ideal is ten seconds. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/sim/storm.h"

static const struct target_model lio = {.capacity = 100, .backlog = 64, .dead_cost = 0.1};

static struct outcome storm_of(struct storm storm)
{
	struct outcome o;

	storm.policy = &policy_ours;
	storm.machines = 1000;
	storm.patience_s = 300;
	storm.seed = 7;
	storm_run(&storm, &o);
	print_message("%s: 99 %% in %.2f s, all in %.2f s, at most %.1f SYNs, %.1f tries and %.1f logins for each of "
		      "its capacity\n",
		      storm.name, o.most_s, o.all_s, o.peak_syns, o.peak_tries, o.peak_logins);
	assert_int_equal(o.missing, 0);
	return o;
}

static void boot_of_all_at_once(void **state)
{
	struct outcome o = storm_of((struct storm){.name = "boot", .target = lio, .spread_s = 1});

	(void)state;
	assert_true(o.most_s <= 1.15 * o.ideal_s);
	assert_true(o.all_s <= 1.3 * o.ideal_s);
	assert_true(o.peak_logins <= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_of_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
