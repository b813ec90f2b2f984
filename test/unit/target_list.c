/* The answer to SendTargets: cut anywhere, with what is no name in it, too long. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "session/target_list.h"

#define TEXT(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static struct target_list list;
static const struct portal asked = {.host = "192.0.2.1", .port = 3260};

static int begin(void **state)
{
	(void)state;
	memset(&list, 0xee, sizeof(list));
	target_list_clear(&list);
	return 0;
}

static const char *printed(void)
{
	static char text[1024];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	target_list_print(&list, &asked, out);
	(void)fclose(out);
	return text;
}

static const uint8_t two[] =
	"TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.7:3261,2\0TargetAddress=192.0.2.8,3\0"
	"TargetName=iqn.2026-01.test:b\0";
static const char two_printed[] = "192.0.2.7:3261,2 iqn.2026-01.test:a\n192.0.2.8:3260,3 iqn.2026-01.test:a\n"
				  "192.0.2.1:3260,1 iqn.2026-01.test:b\n";

static void list_is_the_same_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(two) - 1; cut++) {
		begin(NULL);
		assert_int_equal(target_list_take(&list, two, cut), 0);
		assert_int_equal(target_list_take(&list, two + cut, sizeof(two) - 1 - cut), 0);
		assert_int_equal(target_list_finish(&list), 0);
		assert_int_equal(list.count, 2);
		assert_string_equal(printed(), two_printed);
	}
}

static void last_nul_may_lack(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a")), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(target_list_finish(&list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(target_list_finish(&list), 0);
	assert_int_equal(list.count, 1);
}

static void name_that_is_none_is_left_out_with_its_addresses(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetName=disk one\0TargetAddress=192.0.2.9,1\0"
						      "TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.7,2\0")),
			 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.left_out, 1);
	assert_string_equal(printed(), "192.0.2.7:3260,2 iqn.2026-01.test:a\n");
}

static void target_that_comes_again_is_counted_once(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.7,1\0"
						      "TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.8,2\0")),
			 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(printed(), "192.0.2.7:3260,1 iqn.2026-01.test:a\n192.0.2.8:3260,2 iqn.2026-01.test:a\n");
}

static void what_is_of_no_use_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetAddress=192.0.2.9,1\0X-other=1\0"
						      "TargetName=iqn.2026-01.test:a\0TargetAddress=:::\0")),
			 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(printed(), "192.0.2.1:3260,1 iqn.2026-01.test:a\n");
	assert_int_equal(target_list_take(&list, TEXT("TargetAddress=192.0.2.9,0\0")), 0); /* a group of 0 is one */
	assert_string_equal(printed(), "192.0.2.9:3260,0 iqn.2026-01.test:a\n");
	begin(NULL);
	assert_int_equal(
		target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a\0TargetName=iqn.2026-01.test:b\0")), 0);
	assert_string_equal(printed(), "192.0.2.1:3260,1 iqn.2026-01.test:a\n192.0.2.1:3260,1 iqn.2026-01.test:b\n");
}

static void what_is_no_list_is_refused(void **state)
{
	static uint8_t text[TARGET_LIST_MAX + 1]; /* empty pairs */

	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetName\0")), -EINVAL);
	begin(NULL);
	memset(text, 'x', sizeof(list.pending));
	assert_int_equal(target_list_take(&list, text, sizeof(list.pending)), 0);
	assert_int_equal(target_list_take(&list, text, 1), -EINVAL);
	begin(NULL);
	for (size_t at = 0; at < sizeof(text); at += 64)
		memcpy(text + at, "X-other=12345678901234567890123456789012345678901234567890123456",
		       at + 64 <= sizeof(text) ? 63 : 1);
	for (size_t at = 63; at < sizeof(text); at += 64)
		text[at] = 0;
	assert_int_equal(target_list_take(&list, text, TARGET_LIST_MAX), 0);
	assert_int_equal(target_list_take(&list, text, 1), -EINVAL);
}

static void listed_portals_are_kept_but_for_the_asked_one(void **state)
{
	struct target_plan plan;

	(void)state;
	memset(&plan, 0, sizeof(plan));
	memset(plan.listed, 'x', sizeof(plan.listed)); /* of another list */
	plan.portal = asked;
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.7:3261,2\0"
						      "TargetAddress=192.0.2.8,3\0")),
			 0);
	target_list_use(&list, 0, &plan);
	assert_string_equal(plan.name, "iqn.2026-01.test:a");
	assert_int_equal(plan.listed_count, 2);
	assert_string_equal(plan.listed[0].host, "192.0.2.7");
	assert_int_equal(plan.listed[0].port, 3261);
	assert_string_equal(plan.listed[0].scope, "");
	assert_string_equal(plan.listed[1].host, "192.0.2.8");
	assert_int_equal(target_list_take(&list, TEXT("TargetAddress=192.0.2.1:3261,1\0")), 0); /* another port */
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, 3);
	assert_int_equal(target_list_take(&list, TEXT("TargetAddress=192.0.2.1,1\0")), 0);
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, 3);
	assert_string_equal(plan.portal.host, asked.host);
	assert_int_equal(plan.unlisted, 0);
	for (int i = 0; i < PLAN_LISTED_MAX; i++)
		assert_int_equal(target_list_take(&list, TEXT("TargetAddress=192.0.2.9,1\0")), 0);
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, PLAN_LISTED_MAX);
	assert_int_equal(plan.unlisted, 3);
}

/* SCST names the interface of its own machine; and nobody can tell which of ours a link-local portal is behind, unless it is the
   one that was asked by. */
static void link_local_portals_are_by_the_interface_of_the_asked_one(void **state)
{
	struct target_plan plan = {.portal = {.host = "2001:db8::1", .port = 3260}};

	(void)state;
	assert_int_equal(
		target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a\0TargetAddress=[2001:DB8:0::1],1\0"
					     "TargetAddress=[fe80::8%enp0s9]:3260,1\0"
					     "TargetAddress=[2001:db8:0:0::2]:3260,1\0TargetAddress=a.test,1\0")),
		0);
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, 2);
	assert_string_equal(plan.listed[0].host, "2001:db8::2");
	assert_string_equal(plan.listed[0].scope, "");
	assert_string_equal(plan.listed[1].host, "a.test");
	assert_int_equal(plan.unlisted, 0);
	plan.portal = (struct portal){.host = "2001:DB8::0001", .port = 3260};
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, 2); /* the asked one, however it was written */
	plan.portal.port = 3261;
	target_list_use(&list, 0, &plan);
	assert_string_equal(plan.listed[0].host, "2001:DB8::0001");
	plan.portal = (struct portal){.host = "fe80::1", .scope = "eth0", .port = 3260};
	target_list_use(&list, 0, &plan);
	assert_int_equal(plan.listed_count, 4);
	assert_string_equal(plan.listed[0].scope, "");
	assert_string_equal(plan.listed[1].host, "fe80::8");
	assert_string_equal(plan.listed[1].scope, "eth0");
	assert_string_equal(plan.listed[2].scope, "");
}

static struct target_plan use(int index)
{
	struct target_plan plan;

	memset(&plan, 0, sizeof(plan));
	plan.portal = asked;
	target_list_use(&list, index, &plan);
	return plan;
}

static void each_target_is_taken_by_its_index(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, two, sizeof(two) - 1), 0);
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:c\0TargetAddress=192.0.2.9,1\0")),
			 0);
	assert_string_equal(use(0).name, "iqn.2026-01.test:a");
	assert_int_equal(use(0).listed_count, 2);
	assert_string_equal(use(1).name, "iqn.2026-01.test:b");
	assert_int_equal(use(1).listed_count, 0);
	assert_string_equal(use(2).name, "iqn.2026-01.test:c");
	assert_string_equal(use(2).listed[0].host, "192.0.2.9");
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:5\0")), 0);
	assert_string_equal(use(3).name, "iqn.2026-01.test:5");
	assert_int_equal(use(3).listed_count, 0); /* it is no address, though it looks like one */
}

static void a_target_is_found_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("TargetName=iqn.2026-01.test:a\0TargetAddress=192.0.2.7,1\0"
						      "TargetName=iqn.2026-01.test:ab\0")),
			 0);
	assert_int_equal(target_list_find(&list, "iqn.2026-01.test:a"), 0);
	assert_int_equal(target_list_find(&list, "iqn.2026-01.test:ab"), 1);
	assert_int_equal(target_list_find(&list, "iqn.2026-01.test:"), -1);
	assert_int_equal(target_list_find(&list, "iqn.2026-01.TEST:aB"), 1);
}

static void names_that_do_not_fit_are_hinted_at(void **state)
{
	char out[64];

	(void)state;
	assert_string_equal(target_list_names(&list, out, sizeof(out)), "");
	assert_int_equal(target_list_take(&list, two, sizeof(two) - 1), 0);
	assert_string_equal(target_list_names(&list, out, sizeof(out)), "iqn.2026-01.test:a, iqn.2026-01.test:b");
	for (size_t size = 1; size < sizeof(out); size++) {
		target_list_names(&list, out, size);
		assert_true(strlen(out) < size);
	}
	assert_string_equal(target_list_names(&list, out, 30), "iqn.2026-01.test:a, ...");
	assert_string_equal(target_list_names(&list, out, 43), "iqn.2026-01.test:a, ...");
	assert_string_equal(target_list_names(&list, out, 44), "iqn.2026-01.test:a, iqn.2026-01.test:b");
}

static void empty_pairs_are_passed_over(void **state)
{
	struct target_plan found;
	char name[224] = "iqn.2026-01.test:", text[240];

	(void)state;
	assert_int_equal(target_list_take(&list, TEXT("\0\0TargetName=iqn.2026-01.test:a\0\0")), 0);
	assert_int_equal(list.count, 1);
	begin(NULL);
	memset(name + strlen(name), 'x', sizeof(name) - 1 - strlen(name)); /* the longest that there is */
	name[223] = '\0';
	(void)snprintf(text, sizeof(text), "TargetName=%s", name);
	assert_int_equal(target_list_take(&list, (const uint8_t *)text, strlen(text) + 1), 0);
	memset(&found, 0x55, sizeof(found));
	list.records[list.used] = 0x77; /* of whoever is next */
	target_list_use(&list, 0, &found);
	assert_string_equal(found.name, name);
	assert_int_not_equal(((const char *)&found)[offsetof(struct target_plan, name) + sizeof(name)], 0x77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(list_is_the_same_wherever_it_is_cut, begin),
		cmocka_unit_test_setup(last_nul_may_lack, begin),
		cmocka_unit_test_setup(name_that_is_none_is_left_out_with_its_addresses, begin),
		cmocka_unit_test_setup(target_that_comes_again_is_counted_once, begin),
		cmocka_unit_test_setup(what_is_of_no_use_is_passed_over, begin),
		cmocka_unit_test_setup(what_is_no_list_is_refused, begin),
		cmocka_unit_test_setup(listed_portals_are_kept_but_for_the_asked_one, begin),
		cmocka_unit_test_setup(link_local_portals_are_by_the_interface_of_the_asked_one, begin),
		cmocka_unit_test_setup(each_target_is_taken_by_its_index, begin),
		cmocka_unit_test_setup(a_target_is_found_by_its_name, begin),
		cmocka_unit_test_setup(names_that_do_not_fit_are_hinted_at, begin),
		cmocka_unit_test_setup(empty_pairs_are_passed_over, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
