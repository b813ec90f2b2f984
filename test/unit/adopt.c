/* A session that the kernel has already, read back from a tree like /sys: what a new supervisor logs in with again. */
/* SPDX-License-Identifier: MIT */
#include "session/adopt.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/iscsi_class.h"
#include "sys/sysfs.h"

#define SESSION    "devices/host3/session7/iscsi_session/session7"
#define CONNECTION "class/iscsi_connection/connection7:0"

static char root[] = "/tmp/adopt-test-XXXXXX";
static int sysfs;

static int make_tree(void **state)
{
	static const char *const folders[] = {
		"devices", "devices/host3", "devices/host3/session7", "devices/host3/session7/iscsi_session",
		SESSION,   "class",         "class/iscsi_session",    "class/iscsi_connection",
		CONNECTION};

	(void)state;
	if (!mkdtemp(root))
		return -1;
	sysfs = sysfs_open(root);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(sysfs, folders[i], 0755))
			return -1;
	return symlinkat("../../" SESSION, sysfs, "class/iscsi_session/session7");
}

static int remove_tree(void **state)
{
	char command[64];

	(void)state;
	close(sysfs);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = openat(sysfs, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "%s\n", text), (int)strlen(text) + 1);
	close(fd);
}

static void assert_secret(const struct chap_secret *secret, const char *text)
{
	assert_int_equal(secret->length, strlen(text));
	assert_memory_equal(secret->bytes, text, strlen(text));
}

static void secrets_names_and_digests_are_read(void **state)
{
	struct adopted from;

	(void)state;
	put(SESSION, "username", "me ");
	put(SESSION, "password", "ends in white \t\r\n \n");
	put(SESSION, "username_in", "(null)");
	put(SESSION, "password_in", "(null)");
	put(SESSION, "targetname", "iqn.2026-01.test:t");
	put(CONNECTION, "persistent_address", "192.0.2.1");
	put(CONNECTION, "persistent_port", "3261");
	put(CONNECTION, "state", "up");
	put(CONNECTION, "header_digest", "1");
	put(CONNECTION, "data_digest", "0");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_int_equal(from.plan.params.value[PARAM_HEADER_DIGEST], DIGEST_CRC32C);
	assert_int_equal(from.plan.params.value[PARAM_DATA_DIGEST], DIGEST_NONE);
	assert_string_equal(from.plan.chap.username, "me ");
	assert_secret(&from.plan.chap.password, "ends in white \t\r\n \n");
	assert_string_equal(from.plan.chap.username_in, "");
	assert_int_equal(from.plan.chap.password_in.length, 0);
	assert_string_equal(from.plan.name, "iqn.2026-01.test:t");
	assert_string_equal(from.plan.portal.host, "192.0.2.1");
	assert_int_equal(from.plan.portal.port, 3261);
	assert_int_equal(from.host, 3);
	assert_true(from.up);
}

static void the_longest_secret_fits(void **state)
{
	struct adopted from;
	char text[CHAP_SECRET_MAX + 1];

	(void)state;
	memset(text, 0xff, CHAP_SECRET_MAX);
	text[CHAP_SECRET_MAX] = '\0';
	put(SESSION, "password", text);
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_secret(&from.plan.chap.password, text);
}

static void every_number_has_its_place(void **state)
{
	static const struct {
		const char *folder, *other, *name;
		enum param param;
	} rows[] = {
		{SESSION, CONNECTION, "recovery_tmo", PARAM_REPLACEMENT_TIMEOUT},
		{SESSION, CONNECTION, "first_burst_len", PARAM_FIRST_BURST_LENGTH},
		{SESSION, CONNECTION, "max_burst_len", PARAM_MAX_BURST_LENGTH},
		{CONNECTION, SESSION, "max_recv_dlength", PARAM_MAX_RECV_DATA_SEGMENT_LENGTH},
	};
	struct adopted from;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].folder, rows[i].name, "4711");
		put(rows[i].other, rows[i].name, "512");
		assert_int_equal(adopt_session(sysfs, 7, &from), 0);
		assert_int_equal(from.plan.params.value[rows[i].param], 4711);
		assert_int_equal(from.plan.params.source[rows[i].param], SOURCE_NEGOTIATED);
		put(rows[i].folder, rows[i].name, "none"); /* what cannot be read leaves the default */
		assert_int_equal(adopt_session(sysfs, 7, &from), 0);
		assert_int_not_equal(from.plan.params.value[rows[i].param], 4711);
		assert_int_not_equal(from.plan.params.source[rows[i].param], SOURCE_NEGOTIATED);
	}
	put(CONNECTION, "header_digest", "0");
	put(CONNECTION, "data_digest", "1");
	put(SESSION, "data_digest", "0");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_int_equal(from.plan.params.value[PARAM_HEADER_DIGEST], DIGEST_NONE);
	assert_int_equal(from.plan.params.value[PARAM_DATA_DIGEST], DIGEST_CRC32C);
}

static void every_small_number_has_its_place_too(void **state)
{
	static const struct {
		const char *folder, *other, *name;
		enum param param;
	} rows[] = {
		{SESSION, CONNECTION, "immediate_data", PARAM_IMMEDIATE_DATA},
		{SESSION, CONNECTION, "initial_r2t", PARAM_INITIAL_R2T},
		{SESSION, CONNECTION, "max_outstanding_r2t", PARAM_MAX_OUTSTANDING_R2T},
		{SESSION, CONNECTION, "fast_abort", PARAM_FAST_ABORT},
		{SESSION, CONNECTION, "abort_tmo", PARAM_ABORT_TIMEOUT},
		{SESSION, CONNECTION, "lu_reset_tmo", PARAM_LU_RESET_TIMEOUT},
		{SESSION, CONNECTION, "tgt_reset_tmo", PARAM_TARGET_RESET_TIMEOUT},
		{SESSION, CONNECTION, "tpgt", PARAM_TPGT},
		{CONNECTION, SESSION, "ping_tmo", PARAM_NOOP_OUT_TIMEOUT},
		{CONNECTION, SESSION, "recv_tmo", PARAM_NOOP_OUT_INTERVAL},
	};
	struct adopted from;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].folder, rows[i].name, "1");
		put(rows[i].other, rows[i].name, "none");
		assert_int_equal(adopt_session(sysfs, 7, &from), 0);
		assert_int_equal(from.plan.params.value[rows[i].param], 1);
		assert_int_equal(from.plan.params.source[rows[i].param], SOURCE_NEGOTIATED);
	}
}

/* Older kernels lack one or the other. */
static void portal_and_state_are_found_where_they_are(void **state)
{
	struct adopted from;

	(void)state;
	put(CONNECTION, "persistent_address", "(null)");
	put(CONNECTION, "persistent_port", "0");
	put(CONNECTION, "address", "192.0.2.9");
	put(CONNECTION, "port", "3262");
	put(CONNECTION, "state", "failed");
	put(SESSION, "state", "LOGGED_IN");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_string_equal(from.plan.portal.host, "192.0.2.9");
	assert_int_equal(from.plan.portal.port, 3262);
	assert_string_equal(from.address.host, "192.0.2.9");
	assert_int_equal(from.address.port, 3262);
	assert_false(from.up);
	assert_string_equal(from.session_state, "LOGGED_IN");
	assert_string_equal(from.connection_state, "failed");
	put(CONNECTION, "state", "(null)");
	put(CONNECTION, "port", "0");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_int_equal(from.plan.portal.port, 3260);
	assert_true(from.up);
	put(SESSION, "state", "FAILED");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_false(from.up);
	assert_int_equal(from.plan.params.value[PARAM_LOGIN_TIMEOUT], 15); /* no kernel knows this one */
	assert_int_equal(from.plan.firmware_index, -1);
	assert_int_equal(from.plan.firmware_nic, -1);
	assert_int_equal(from.sid, 7);
}

static void a_session_that_is_not_there_is_not_found(void **state)
{
	struct adopted from;
	uint32_t sids[2];

	(void)state;
	assert_int_equal(adopt_session(sysfs, 8, &from), -2);
	assert_int_equal(iscsi_class_list(sysfs, sids, 2), 1);
	assert_int_equal(sids[0], 7);
}

static void both_sides_have_their_names_and_secrets(void **state)
{
	struct adopted from;

	(void)state;
	put(SESSION, "initiatorname", "iqn.2026-01.test:i");
	put(SESSION, "username_in", "them");
	put(SESSION, "password_in", "outsecret123");
	assert_int_equal(adopt_session(sysfs, 7, &from), 0);
	assert_string_equal(from.plan.initiator, "iqn.2026-01.test:i");
	assert_string_equal(from.plan.chap.username_in, "them");
	assert_secret(&from.plan.chap.password_in, "outsecret123");
}

static void hosts_are_counted_from_0(void **state)
{
	static const char *const folders[] = {"devices/host0", "devices/host0/session6",
					      "devices/host0/session6/iscsi_session",
					      "devices/host0/session6/iscsi_session/session6"};
	struct adopted from;

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdirat(sysfs, folders[i], 0755), 0);
	assert_int_equal(
		symlinkat("../../devices/host0/session6/iscsi_session/session6", sysfs, "class/iscsi_session/session6"),
		0);
	memset(&from, 0x55, sizeof(from));
	assert_int_equal(adopt_session(sysfs, 6, &from), 0);
	assert_int_equal(from.host, 0);
	assert_int_equal(from.sid, 6);
	assert_string_equal(from.plan.name, "");
	assert_int_equal(from.plan.firmware_index, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_names_and_digests_are_read),
		cmocka_unit_test(the_longest_secret_fits),
		cmocka_unit_test(every_number_has_its_place),
		cmocka_unit_test(every_small_number_has_its_place_too),
		cmocka_unit_test(portal_and_state_are_found_where_they_are),
		cmocka_unit_test(a_session_that_is_not_there_is_not_found),
		cmocka_unit_test(both_sides_have_their_names_and_secrets),
		cmocka_unit_test(hosts_are_counted_from_0),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
