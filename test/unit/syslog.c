/* Records of the kernel log, and what becomes of them in RFC 5424. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/syslog.h"

static bool reads(const char *record, struct syslog_line *line)
{
	return syslog_read_record(record, strlen(record), line);
}

static void our_records_are_read_and_no_others(void **state)
{
	static const char *const others[] = {
		"",
		";",
		"6,1,2,-;iscsi: registered transport (tcp)",
		"6,1,2,-; iscsi-init: x",
		"x,1,2,-;iscsi-init: x",
		"6,1,x,-;iscsi-init: x",
		"6;iscsi-init: x",
		"6,1,2,-",
	};
	struct syslog_line line;

	(void)state;
	assert_true(reads("28,339,5140900,-;iscsi-init: the target refused\n SUBSYSTEM=x\n", &line));
	assert_int_equal(line.severity, 4);
	assert_int_equal(line.boot_us, 5140900);
	assert_int_equal(line.length, strlen("the target refused"));
	assert_memory_equal(line.text, "the target refused", line.length);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(reads(others[i], &line));
}

static void writes(const struct syslog_sender *sender, const char *expected)
{
	struct syslog_line line = {.severity = 3, .boot_us = 5140900, .text = "no root", .length = 7};
	char message[SYSLOG_MESSAGE_MAX + 1];

	message[syslog_write(&line, sender, message)] = 0;
	assert_string_equal(message, expected);
}

static void a_message_has_every_field(void **state)
{
	struct syslog_sender sender = {.host = "node 7", .pid = 1, .start_us = 1140900};

	(void)state;
	writes(&sender, "<27>1 - node_7 iscsi-init 1 - [boot@32473 ms=\"4000\"] no root");
	sender.host = "";
	sender.phases = "modules=12 mount=2000";
	writes(&sender, "<27>1 - - iscsi-init 1 - [boot@32473 ms=\"4000\" modules=\"12\" mount=\"2000\"] no root");
	sender.phases = NULL;
	sender.epoch_us = INT64_C(1709164800000000); /* 2024-02-29, 00:00 */
	writes(&sender, "<27>1 2024-02-29T00:00:05.140900Z - iscsi-init 1 - [boot@32473 ms=\"4000\"] no root");
	sender.epoch_us = INT64_C(1798761599000000) - 5140900; /* the last second of 2026 */
	writes(&sender, "<27>1 2026-12-31T23:59:59.000000Z - iscsi-init 1 - [boot@32473 ms=\"4000\"] no root");
	sender.epoch_us = INT64_C(4107542400000000) - 5140900; /* 2100 is no leap year */
	writes(&sender, "<27>1 2100-03-01T00:00:00.000000Z - iscsi-init 1 - [boot@32473 ms=\"4000\"] no root");
}

static void what_is_too_long_is_cut(void **state)
{
	static char text[4000];
	struct syslog_line line = {.severity = 6, .text = text, .length = sizeof(text)};
	struct syslog_sender sender = {.host = "node", .pid = 1};
	char message[SYSLOG_MESSAGE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(syslog_write(&line, &sender, message), SYSLOG_MESSAGE_MAX);
	assert_int_equal(message[SYSLOG_MESSAGE_MAX - 1], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_records_are_read_and_no_others),
		cmocka_unit_test(a_message_has_every_field),
		cmocka_unit_test(what_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
