/* What root has lost of its network, and when it is set up again; no kernel is asked. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/heal.h"

#define ETH0 2
#define ETH1 3
#define BR0  4

static const struct heal_need need = {.route = {.index = ETH0, .family = 2}, .prefix = 24};

static void nothing_is_wrong_where_address_and_route_are_in_place(void **state)
{
	struct heal_view view = {.at = ETH0, .address_on = ETH0, .route_on = ETH0};

	(void)state;
	assert_int_equal(heal_damage(&need, &view, false), 0);
	assert_int_equal(heal_damage(&need, &view, true), 0);
}

static void each_loss_is_named(void **state)
{
	static const struct {
		struct heal_view view;
		unsigned calm, outage; /* damage */
	} cases[] = {
		{{.at = ETH0, .is_gone = true}, HEAL_GONE, HEAL_GONE},
		{{.at = ETH0, .is_down = true, .address_on = ETH0}, HEAL_DOWN | HEAL_ROUTE, HEAL_DOWN | HEAL_ROUTE},
		{{.at = ETH0}, HEAL_ADDRESS | HEAL_ROUTE, HEAL_ADDRESS | HEAL_ROUTE},
		{{.at = ETH0, .address_on = ETH0}, HEAL_ROUTE, HEAL_ROUTE},
		/* a route by another interface may do: it does not, when a session is lost */
		{{.at = ETH0, .address_on = ETH0, .route_on = ETH1}, 0, HEAL_ROUTE},
		{{.at = ETH0, .address_on = 0, .route_on = ETH1}, HEAL_ADDRESS, HEAL_ADDRESS | HEAL_ROUTE},
		/* a port of a bridge gets no packets, whatever address it has */
		{{.at = BR0, .is_enslaved = true, .address_on = ETH0, .route_on = ETH0},
		 HEAL_ENSLAVED | HEAL_ADDRESS,
		 HEAL_ENSLAVED | HEAL_ADDRESS | HEAL_ROUTE},
		{{.at = ETH0, .is_enslaved = true, .is_held = true, .address_on = ETH0, .route_on = ETH0},
		 HEAL_ENSLAVED,
		 HEAL_ENSLAVED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(heal_damage(&need, &cases[i].view, false), cases[i].calm);
		assert_int_equal(heal_damage(&need, &cases[i].view, true), cases[i].outage);
	}
}

/* A bridge made of root's interface, or another card. */
static void what_the_system_moves_as_a_whole_stays_there(void **state)
{
	struct heal_view bridge = {.at = BR0, .is_enslaved = true, .address_on = BR0, .route_on = BR0};
	struct heal_view card = {.at = ETH0, .is_gone = true, .address_on = ETH1, .route_on = ETH1};
	struct heal_view dead = {.at = BR0, .is_enslaved = true, .is_down = true, .address_on = BR0, .route_on = BR0};

	(void)state;
	assert_int_equal(heal_damage(&need, &bridge, false), 0);
	assert_int_equal(heal_damage(&need, &bridge, true), 0);
	assert_int_equal(heal_damage(&need, &card, true), 0);
	assert_int_equal(heal_damage(&need, &dead, false), HEAL_DOWN | HEAL_ENSLAVED);
}

static void the_system_has_a_moment_unless_a_session_is_lost(void **state)
{
	(void)state;
	assert_int_equal(heal_due(100000, 0, 0, false), 100000 + HEAL_MOMENT_MS);
	assert_int_equal(heal_due(100000, 0, 0, true), 100000);
}

static void pauses_between_repairs_grow_to_four_minutes(void **state)
{
	int64_t last = 0;

	(void)state;
	for (unsigned repairs = 1; repairs < 40; repairs++) {
		int64_t pause = heal_due(0, repairs, 1000000, true) - 1000000;

		assert_true(repairs > 8 ? pause == 256000 : pause == 1000 << repairs);
		assert_true(pause >= last);
		last = pause;
	}
	assert_int_equal(heal_due(1500000, 1, 1000000, false), 1500000 + HEAL_MOMENT_MS); /* a new one, much later */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong_where_address_and_route_are_in_place),
		cmocka_unit_test(each_loss_is_named),
		cmocka_unit_test(what_the_system_moves_as_a_whole_stays_there),
		cmocka_unit_test(the_system_has_a_moment_unless_a_session_is_lost),
		cmocka_unit_test(pauses_between_repairs_grow_to_four_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
