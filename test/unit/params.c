/* The table of settings: every row is whole, every range has its edges, every value can be written and read back. */
/* SPDX-License-Identifier: MIT */
#include "proto/params.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int read_text(int i, const char *text, int32_t *value)
{
	return param_read((enum param)i, text, strlen(text), value);
}

static void every_row_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];

		assert_non_null(row->name);
		assert_non_null(row->unit);
		assert_true(!row->settable || row->help[0]);
		assert_true(row->kind != KIND_NUMBER || (row->min <= row->ours && row->ours <= row->max));
		assert_true(row->kind != KIND_NUMBER || row->rule == RULE_NONE ||
			    (row->min <= row->rfc && row->rfc <= row->max));
		assert_true(row->rule != RULE_NONE || row->rfc == row->ours);
		assert_true(row->kind != KIND_WORD || (row->words[0] && row->words[1]));
		for (int k = 0; k < i; k++)
			assert_true(strcmp(row->name, param_rows[k].name) != 0 &&
				    (row->kernel < 0 || row->kernel != param_rows[k].kernel));
	}
}

static void names_are_found_without_case(void **state)
{
	(void)state;
	assert_int_equal(param_find("headerdigest", 12), PARAM_HEADER_DIGEST);
	assert_int_equal(param_find("MAXBURSTLENGTH=1", 14), PARAM_MAX_BURST_LENGTH);
	assert_int_equal(param_find("cmds_max", 8), PARAM_CMDS_MAX);
	assert_int_equal(param_find("cmds_ma", 7), -1);
	assert_int_equal(param_find("", 0), -1);
	for (int i = 0; i < PARAM_COUNT; i++)
		assert_int_equal(param_find(param_rows[i].name, strlen(param_rows[i].name)), i);
}

static void numbers_end_at_their_edges(void **state)
{
	char text[32];
	int32_t value;

	(void)state;
	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];

		if (row->kind != KIND_NUMBER)
			continue;
		for (long long n = row->min - 1ll; n <= row->min; n++) {
			(void)snprintf(text, sizeof(text), "%lld", n);
			assert_int_equal(read_text(i, text, &value), n < row->min ? -ERANGE : 0);
		}
		assert_int_equal(value, row->min);
		for (long long n = row->max + 1ll; n >= row->max; n--) {
			(void)snprintf(text, sizeof(text), "%lld", n);
			assert_int_equal(read_text(i, text, &value), n > row->max ? -ERANGE : 0);
		}
		assert_int_equal(value, row->max);
		assert_int_equal(read_text(i, "99999999999999999999999999", &value), -ERANGE);
		assert_int_equal(value, row->max);
	}
}

static void what_is_no_number_is_none(void **state)
{
	static const char *const texts[] = {"", "-", "+1", "1 ", " 1", "0x10", "1k", "--1", "ten"};
	int32_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_text(PARAM_CMDS_MAX, texts[i], &value), -EINVAL);
	assert_int_equal(value, 7);
	assert_int_equal(read_text(PARAM_REPLACEMENT_TIMEOUT, "-1", &value), 0);
	assert_int_equal(value, -1);
}

static void booleans_words_and_digests_have_their_words(void **state)
{
	static const struct {
		enum param param;
		const char *text;
		int32_t value; /* -1: refused */
	} rows[] = {
		{PARAM_INITIAL_R2T, "Yes", 1},
		{PARAM_INITIAL_R2T, "no", 0},
		{PARAM_INITIAL_R2T, "1", 1},
		{PARAM_INITIAL_R2T, "TRUE", 1},
		{PARAM_INITIAL_R2T, "off", 0},
		{PARAM_INITIAL_R2T, "maybe", -1},
		{PARAM_INITIAL_R2T, "", -1},
		{PARAM_HEADER_DIGEST, "CRC32C", DIGEST_CRC32C},
		{PARAM_HEADER_DIGEST, "none", DIGEST_NONE},
		{PARAM_HEADER_DIGEST, "CRC32C:None", DIGEST_CRC32C_NONE},
		{PARAM_HEADER_DIGEST, "none:crc32c", DIGEST_NONE_CRC32C},
		{PARAM_HEADER_DIGEST, "CRC32C,None", -1},
		{PARAM_HEADER_DIGEST, "MD5", -1},
		{PARAM_PARTITIONS, "kernel", PARTITIONS_KERNEL},
		{PARAM_PARTITIONS, "reread", PARTITIONS_REREAD},
		{PARAM_PARTITIONS, "kern", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int32_t value = -1;

		assert_int_equal(read_text(rows[i].param, rows[i].text, &value), rows[i].value < 0 ? -EINVAL : 0);
		assert_int_equal(value, rows[i].value);
	}
}

static void every_default_is_written_and_read_back(void **state)
{
	struct params params;
	char text[32], expects[96];

	(void)state;
	params_default(&params);
	for (int i = 0; i < PARAM_COUNT; i++) {
		int32_t value = -77;

		assert_int_equal(read_text(i, param_write((enum param)i, params.value[i], text, sizeof(text)), &value),
				 0);
		assert_int_equal(value, params.value[i]);
		assert_int_equal(params.source[i], SOURCE_DEFAULT);
		assert_true(strlen(param_expects((enum param)i, expects, sizeof(expects))) > 4);
	}
	for (int i = 0; i < SOURCE_COUNT; i++)
		assert_string_not_equal(source_name((enum source)i), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(names_are_found_without_case),
		cmocka_unit_test(numbers_end_at_their_edges),
		cmocka_unit_test(what_is_no_number_is_none),
		cmocka_unit_test(booleans_words_and_digests_have_their_words),
		cmocka_unit_test(every_default_is_written_and_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
