/* The last screen of a boot that failed: what stands in it, and that nothing makes it wider than a screen. */
/* SPDX-License-Identifier: MIT */
#include "boot/box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char page[BOX_BYTES_MAX];

static bool says(const char *text)
{
	return strstr(page, text) != NULL;
}

static void assert_rectangle(void)
{
	size_t width = strcspn(page, "\n");

	assert_true(width < 80);
	for (const char *line = page; *line; line += width + 1) {
		assert_int_equal(strcspn(line, "\n"), width);
		assert_true(line[0] == '|' || line[0] == '+');
		assert_int_equal(line[width - 1], line[0]);
	}
}

static void the_code_stands_by_itself(void **state)
{
	const char *reason = "iqn.2026-01.test:t at 10.0.2.2:3260: target not found [L0203]";
	struct box box = {.reason = reason, .hint = box_hint(reason), .initiator = "iqn.2026-01.test:host"};

	(void)state;
	box_draw(&box, page, sizeof(page));
	assert_rectangle();
	assert_true(says("| reason:    iqn.2026-01.test:t at 10.0.2.2:3260: target not found  "));
	assert_true(says("| code:      L0203 (see DIAGNOSTICS in iscsi-init(8))  "));
	assert_true(says("| hint:      compare the target's name"));
	assert_true(says("| initiator: iqn.2026-01.test:host  "));
	assert_true(says("r  reboot"));
	assert_false(says("s  shell"));
}

static void a_long_reason_is_broken_at_blanks(void **state)
{
	struct box box = {.reason = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
			  .initiator = "",
			  .has_shell = true};

	(void)state;
	box_draw(&box, page, sizeof(page));
	assert_rectangle();
	assert_true(says("| reason:    one two three four five six seven eight nine ten eleven       |\n"
			 "|            twelve thirteen fourteen "));
	assert_true(says("s  shell"));
	assert_false(says("code:"));
	assert_false(says("initiator:"));
}

static void what_cannot_be_broken_is_cut_into_lines(void **state)
{
	char reason[1300];
	struct box box = {.reason = reason, .initiator = ""};

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	box_draw(&box, page, sizeof(page));
	assert_rectangle();
	box_draw(&box, page, 100); /* what has no room is left out */
	assert_int_equal(strlen(page), 99);
}

static void a_bracket_is_not_always_a_code(void **state)
{
	struct box box = {.reason = "cannot connect to [fe80::1]:3260 [Linux]", .initiator = ""};

	(void)state;
	assert_null(box_hint("no code"));
	assert_null(box_hint("[L9999]"));
	assert_null(box_hint("[L0203] and more"));
	assert_non_null(box_hint("authentication failure [L0201]"));
	assert_non_null(box_hint("target not found [L0203]; this portal has: iqn.2026-01.test:[x]"));
	box_draw(&box, page, sizeof(page));
	assert_true(says("[fe80::1]:3260"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_stands_by_itself),
		cmocka_unit_test(a_long_reason_is_broken_at_blanks),
		cmocka_unit_test(what_cannot_be_broken_is_cut_into_lines),
		cmocka_unit_test(a_bracket_is_not_always_a_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
