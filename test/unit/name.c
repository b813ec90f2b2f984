/* Names, ISIDs, LUNs and RFC 4173 root paths. */
/* SPDX-License-Identifier: MIT */
#include "proto/name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void legal_names_are_taken_and_others_refused(void **state)
{
	static const struct {
		const char *name;
		bool legal;
	} rows[] = {
		{"iqn.2026-01.test:disk", true},
		{"iqn.2026-01.test", true},
		{"iqn.2026-01.com.example:storage.disk-1_x:y", true},
		{"iqn.2026-01.com.example:UPPER", true},
		{"iqn.2026-01.example:\xc3\xbc", true},
		{"eui.02004567A425678D", true},
		{"naa.52004567BA64678D", true},
		{"naa.62004567BA64678D0123456789ABCDEF", true},
		{"", false},
		{"iqn.", false},
		{"iqn.2026-01.", false},
		{"iqn.2026-1.test", false},
		{"iqn.202a-01.test", false},
		{"iqn.2026.01.test", false},
		{"iqn.2026-01.test:a b", false},
		{"iqn.2026-01.test:a,b", false},
		{"iqn.2026-01.test:a/b", false},
		{"iqn.2026-01.test:a\n", false},
		{"IQN.2026-01.test:a", false},
		{"eui.02004567A425678", false},
		{"eui.02004567A425678DD", false},
		{"eui.02004567A425678G", false},
		{"naa.52004567BA64678", false},
		{"naa.52004567BA64678D00", false},
		{"disk", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = "";
		int result = name_check(rows[i].name, strlen(rows[i].name), &why);

		if ((result == 0) != rows[i].legal)
			fail_msg("'%s': %d", rows[i].name, result);
		assert_int_equal(why == NULL, rows[i].legal);
	}
}

static void odd_names_can_be_used_and_are_called_odd(void **state)
{
	static const struct {
		const char *name;
		bool usable, odd;
	} rows[] = {
		{"iqn.2026-01.test:disk", true, false},
		{"eui.02004567A425678D", true, false},
		{"maas-enlist", true, true},
		{"iqn.plain:disk", true, true},
		{"iqn.2015-1.workgroup:x", true, true},
		{"iqn.com.x-10", true, true},
		{"iqn.2026-01.test:UPPER", true, true},
		{"iqn.2026-01.test:a_b", true, true},
		{"IQN.2026-01.test:a", true, true},
		{"iqn.2026-01.test:a b", false, true},
		{"iqn.2026-01.test:a\n", false, true},
		{"", false, true},
		{"iqn.2026-01.example:\xc3\xbc", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(name_is_usable(text_of(rows[i].name)), rows[i].usable);
		assert_int_equal(name_oddity(text_of(rows[i].name)) != NULL, rows[i].odd);
	}
}

static void a_name_has_at_most_223_bytes(void **state)
{
	char name[NAME_MAX_BYTES + 2] = "iqn.2026-01.test:";
	const char *why;

	(void)state;
	memset(name + strlen(name), 'x', sizeof(name) - strlen(name));
	assert_int_equal(name_check(name, NAME_MAX_BYTES, &why), 0);
	assert_int_equal(name_check(name, NAME_MAX_BYTES + 1, &why), -EINVAL);
}

static void a_mac_address_makes_a_legal_name(void **state)
{
	const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0xab, 0xff};
	const char *why;
	char name[21];

	(void)state;
	name_from_mac(mac, name);
	assert_string_equal(name, "eui.525400fffe12abff");
	assert_int_equal(name_check(name, strlen(name), &why), 0);
}

static void isids_have_open_iscsis_form(void **state)
{
	uint8_t isid[6];

	(void)state;
	name_isid(0x010203, isid);
	assert_memory_equal(isid, "\x00\x02\x3d\x01\x02\x03", 6);
	name_isid(1, isid);
	assert_memory_equal(isid, "\x00\x02\x3d\x00\x00\x01", 6);
}

static void luns_go_there_and_back(void **state)
{
	const uint16_t group[4] = {0x0102, 0x0304, 0, 0xffff};
	uint8_t bytes[8];

	(void)state;
	assert_true(name_lun_of_groups(group) == 0xffff000003040102u);
	name_lun_bytes(0xffff000003040102u, bytes);
	assert_memory_equal(bytes, "\x01\x02\x03\x04\x00\x00\xff\xff", 8);
	name_lun_bytes(1, bytes);
	assert_memory_equal(bytes, "\x00\x01\x00\x00\x00\x00\x00\x00", 8);
}

static void root_paths_are_read_as_rfc_4173_has_them(void **state)
{
	static const struct {
		const char *text, *server;
		uint16_t port;
		uint64_t lun;
	} rows[] = {
		{"iscsi:192.0.2.1::::iqn.2026-01.test:t", "192.0.2.1", 3260, 0},
		{"iscsi:192.0.2.1:6:3261:1:iqn.2026-01.test:t", "192.0.2.1", 3261, 1},
		{"iscsi:192.0.2.1:tcp:3261:1:iqn.2026-01.test:t", "192.0.2.1", 3261, 1},
		{"iscsi:::::iqn.2026-01.test:t", "", 3260, 0},
		{"iscsi:[2001:db8::1]:::a:iqn.2026-01.test:t", "2001:db8::1", 3260, 10},
		{"iscsi:disk.example:::0-1-2-3:iqn.2026-01.test:t", "disk.example", 3260, 0x0003000200010000u},
		{"iscsi:h:::FFFF:iqn.2026-01.test:t", "h", 3260, 0xffff},
		{"iscsi:h:::4752-3A4F-6b7e-2F99:iqn.2026-01.test:t", "h", 3260, 0x2f996b7e3a4f4752u},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct root_path path;
		const char *why;

		assert_int_equal(name_root_path(rows[i].text, strlen(rows[i].text), &path, &why), 0);
		assert_string_equal(path.server, rows[i].server);
		assert_int_equal(path.port, rows[i].port);
		assert_true(path.lun == rows[i].lun);
		assert_string_equal(path.target, "iqn.2026-01.test:t");
	}
}

static void root_paths_that_are_wrong_say_why(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *why;
	} rows[] = {
		{"nfs:192.0.2.1:/root", -ENOENT, ""},
		{"", -ENOENT, ""},
		{"iscsi:", -EINVAL, "<server>"},
		{"iscsi:h:6:3260:1", -EINVAL, "<server>"},
		{"iscsi:[::1:::1:iqn.2026-01.test:t", -EINVAL, "<server>"},
		{"iscsi:[::1]x:::1:iqn.2026-01.test:t", -EINVAL, "<server>"},
		{"iscsi:h:17::1:iqn.2026-01.test:t", -EINVAL, "protocol"},
		{"iscsi:h:udp::1:iqn.2026-01.test:t", -EINVAL, "protocol"},
		{"iscsi:h::0:1:iqn.2026-01.test:t", -EINVAL, "port"},
		{"iscsi:h::65536:1:iqn.2026-01.test:t", -EINVAL, "port"},
		{"iscsi:h::x:1:iqn.2026-01.test:t", -EINVAL, "port"},
		{"iscsi:h:::12345:iqn.2026-01.test:t", -EINVAL, "LUN"},
		{"iscsi:h:::1-:iqn.2026-01.test:t", -EINVAL, "LUN"},
		{"iscsi:h:::-1:iqn.2026-01.test:t", -EINVAL, "LUN"},
		{"iscsi:h:::1-2-3-4-5:iqn.2026-01.test:t", -EINVAL, "LUN"},
		{"iscsi:h:::g:iqn.2026-01.test:t", -EINVAL, "LUN"},
		{"iscsi:h:::1:", -EINVAL, "iqn."},
		{"iscsi:h:::1:disk", -EINVAL, "iqn."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct root_path path;
		const char *why = "";
		int result = name_root_path(rows[i].text, strlen(rows[i].text), &path, &why);

		if (result != rows[i].result || !strstr(why, rows[i].why))
			fail_msg("'%s': %d, '%s'", rows[i].text, result, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legal_names_are_taken_and_others_refused),
		cmocka_unit_test(odd_names_can_be_used_and_are_called_odd),
		cmocka_unit_test(a_name_has_at_most_223_bytes),
		cmocka_unit_test(a_mac_address_makes_a_legal_name),
		cmocka_unit_test(isids_have_open_iscsis_form),
		cmocka_unit_test(luns_go_there_and_back),
		cmocka_unit_test(root_paths_are_read_as_rfc_4173_has_them),
		cmocka_unit_test(root_paths_that_are_wrong_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
