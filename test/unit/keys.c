/* key=value text: every legal shape is read, every other is refused; numbers, booleans and binary values at their edges. */
/* SPDX-License-Identifier: MIT */
#include "proto/keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct key key_of(const char *value)
{
	return (struct key){.name = "K", .name_length = 1, .value = value, .value_length = strlen(value)};
}

static void pairs_are_read_one_after_the_other(void **state)
{
	static const char text[] = "\0\0A=1\0\0Beta=x=y,z\0C=\0D=last";
	static const char *const wanted[][2] = {{"A", "1"}, {"Beta", "x=y,z"}, {"C", ""}, {"D", "last"}};
	struct reader r = reader_of(text, sizeof(text) - 1);
	struct key key;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(keys_next(&r, &key), 1);
		assert_true(key_is(&key, wanted[i][0]));
		assert_true(key_value_is(&key, wanted[i][1]));
	}
	assert_int_equal(keys_next(&r, &key), 0);
	assert_int_equal(keys_next(&r, &key), 0);
}

static void names_and_values_have_limits(void **state)
{
	char text[KEY_NAME_MAX + KEY_BINARY_MAX + 8];
	struct reader r;
	struct key key;

	(void)state;
	memset(text, 'n', sizeof(text));
	text[KEY_NAME_MAX] = '=';
	r = reader_of(text, KEY_NAME_MAX + 1 + KEY_BINARY_MAX);
	assert_int_equal(keys_next(&r, &key), 1);
	assert_int_equal(key.value_length, KEY_BINARY_MAX);
	r = reader_of(text, KEY_NAME_MAX + 2 + KEY_BINARY_MAX);
	assert_int_equal(keys_next(&r, &key), -EINVAL);
	text[KEY_NAME_MAX] = 'n';
	text[KEY_NAME_MAX + 1] = '=';
	r = reader_of(text, sizeof(text) - 100);
	assert_int_equal(keys_next(&r, &key), -EINVAL);
}

static void text_that_is_no_pair_is_refused(void **state)
{
	static const char *const texts[] = {"A", "=", "=x", "value without"};
	struct key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct reader r = reader_of(texts[i], strlen(texts[i]));

		assert_int_equal(keys_next(&r, &key), -EINVAL);
	}
}

static void numbers_are_decimal_or_hexadecimal_up_to_32_bits(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} rows[] = {
		{"0", 0, 0},
		{"4294967295", 0, 4294967295u},
		{"4294967296", -EINVAL, 0},
		{"0xffffffff", 0, 4294967295u},
		{"0XfF", 0, 255},
		{"0x100000000", -EINVAL, 0},
		{"0000000000000000000000012", 0, 12},
		{"", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"12a", -EINVAL, 0},
		{"0x1g", -EINVAL, 0},
		{"99999999999999999999999999999999999999", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct key key = key_of(rows[i].text);
		uint32_t value = 0;

		assert_int_equal(key_read_number(&key, &value), rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
}

static void booleans_are_yes_and_no_only(void **state)
{
	static const char *const wrong[] = {"", "yes", "no", "YES", "1", "0", "true", "Yes ", "Y"};
	struct key yes = key_of("Yes"), no = key_of("No");
	bool value;

	(void)state;
	assert_int_equal(key_read_boolean(&yes, &value), 0);
	assert_true(value);
	assert_int_equal(key_read_boolean(&no, &value), 0);
	assert_false(value);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct key key = key_of(wrong[i]);

		assert_int_equal(key_read_boolean(&key, &value), -EINVAL);
	}
}

static void binary_values_have_three_forms(void **state)
{
	static const struct {
		const char *text;
		int length;
		uint8_t bytes[10];
	} rows[] = {
		{"0x00", 1, {0}},
		{"0x102", 2, {1, 2}},
		{"0X0102fF", 3, {1, 2, 255}},
		{"0bAA==", 1, {0}},
		{"0bAAE=", 2, {0, 1}},
		{"0BAAEC", 3, {0, 1, 2}},
		{"0b+/+/", 3, {0xfb, 0xff, 0xbf}},
		{"0", 1, {0}},
		{"255", 1, {255}},
		{"256", 2, {1, 0}},
		{"18446744073709551609", 8, {255, 255, 255, 255, 255, 255, 255, 249}},
		{"18446744073709551615", 8, {255, 255, 255, 255, 255, 255, 255, 255}},
		{"18446744073709551616", -EINVAL, {0}},
		{"18446744073709551620", -EINVAL, {0}},
		{"99999999999999999999", -EINVAL, {0}},
		{"", -EINVAL, {0}},
		{"0x", -EINVAL, {0}},
		{"0b", -EINVAL, {0}},
		{"0xg0", -EINVAL, {0}},
		{"0bA", -EINVAL, {0}},
		{"0bAA", 1, {0}}, /* without padding */
		{"0bAAE", 2, {0, 1}},
		{"0bAAECA", -EINVAL, {0}},
		{"0b====", -EINVAL, {0}},
		{"0bA===", -EINVAL, {0}},
		{"0bA=AA", -EINVAL, {0}},
		{"0bAA-_", -EINVAL, {0}},
		{"0bAA A", -EINVAL, {0}},
		{"-1", -EINVAL, {0}},
		{"x00", -EINVAL, {0}},
		{"0x0102030405060708090a0b", -EINVAL, {0}}, /* 11 bytes */
		{"0bAAAAAAAAAAAAAAA=", -EINVAL, {0}},       /* 11 bytes */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[10] = {0};
		int n = key_read_binary(rows[i].text, strlen(rows[i].text), bytes, sizeof(bytes));

		if (n != rows[i].length)
			fail_msg("%s: %d, expected %d", rows[i].text, n, rows[i].length);
		if (n > 0)
			assert_memory_equal(bytes, rows[i].bytes, (size_t)n);
	}
}

static void pairs_and_bytes_are_written_as_they_are_read(void **state)
{
	char text[24];
	struct writer w = writer_of(text, sizeof(text));

	(void)state;
	keys_put(&w, "Key", "value");
	keys_put_hex(&w, (const uint8_t *)"\x00\xff\x1a", 3);
	assert_false(w.bad);
	assert_int_equal(w.used, 18);
	assert_memory_equal(text,
			    "Key=value\0"
			    "0x00ff1a",
			    18);
	keys_put(&w, "Longer", "than the rest");
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_read_one_after_the_other),
		cmocka_unit_test(names_and_values_have_limits),
		cmocka_unit_test(text_that_is_no_pair_is_refused),
		cmocka_unit_test(numbers_are_decimal_or_hexadecimal_up_to_32_bits),
		cmocka_unit_test(booleans_are_yes_and_no_only),
		cmocka_unit_test(binary_values_have_three_forms),
		cmocka_unit_test(pairs_and_bytes_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
