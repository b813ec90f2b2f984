/* target_list.c - what must hold for the list of a portal's targets: each can be taken by its index, with its own address. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "session/target_list.h"

static struct target_list list;

static void take(const char *text, size_t length)
{
	target_list_clear(&list);
	assert_int_equal(target_list_take(&list, (const uint8_t *)text, length), 0);
	assert_int_equal(target_list_finish(&list), 0);
}

static struct target_plan use(int index)
{
	struct target_plan plan = {.portal = {.host = "10.0.0.1", .port = 3260}};

	target_list_use(&list, index, &plan);
	return plan;
}

static void each_target_is_taken_by_its_index(void **state)
{
	static const char text[] = "TargetName=iqn.2026-01.x:a\0TargetAddress=10.0.0.1:3260,1\0"
				   "TargetName=iqn.2026-01.x:b\0TargetAddress=10.0.0.2:3261,1\0"
				   "TargetName=odd-name\0TargetAddress=10.0.0.1:3260,1\0TargetAddress=10.0.0.3:3260,1";

	(void)state;
	take(text, sizeof(text));
	assert_int_equal(list.count, 3);
	assert_string_equal(use(0).name, "iqn.2026-01.x:a");
	assert_string_equal(use(0).listed.host, "");
	assert_string_equal(use(1).name, "iqn.2026-01.x:b");
	assert_string_equal(use(1).listed.host, "10.0.0.2");
	assert_int_equal(use(1).listed.port, 3261);
	assert_string_equal(use(2).name, "odd-name");
	assert_string_equal(use(2).listed.host, "");
}

static void a_name_that_no_login_can_carry_is_left_out(void **state)
{
	static const char text[] = "TargetName=a b\0TargetAddress=10.0.0.9:3260,1\0TargetName=iqn.2026-01.x:b";

	(void)state;
	take(text, sizeof(text));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.left_out, 1);
	assert_string_equal(use(0).name, "iqn.2026-01.x:b");
	assert_string_equal(use(0).listed.host, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_target_is_taken_by_its_index),
		cmocka_unit_test(a_name_that_no_login_can_carry_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
