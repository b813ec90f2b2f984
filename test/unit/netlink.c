/* The kernel's messages: what is read out of them, and what is refused. */
/* SPDX-License-Identifier: MIT */
#include "netlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <linux/netlink.h>

#include <cmocka.h>

#include "proto/iscsi_abi.h"

struct message {
	struct nlmsghdr header;
	struct iscsi_uevent event;
	uint8_t rest[256];
};

static size_t finish(struct message *m, size_t rest)
{
	m->header.nlmsg_len = (uint32_t)(sizeof(m->header) + sizeof(m->event) + rest);
	return m->header.nlmsg_len;
}

static void a_connection_error_names_its_session(void **state)
{
	struct message m = {
		.event = {.type = ISCSI_KEVENT_CONN_ERROR, .transport_handle = 77, .r.conn_error = {3, 0, 1020}}};
	struct netlink_event event;

	(void)state;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 0), &event), 0);
	assert_int_equal(event.type, NETLINK_EVENT_ERROR);
	assert_int_equal(event.sid, 3);
	assert_int_equal(event.error, 1020);
	assert_int_equal(event.transport, 77);
	assert_string_equal(netlink_error_name(event.error), "ISCSI_ERR_TCP_CONN_CLOSE");
}

static void a_destroyed_session_has_its_fields_the_other_way_round(void **state)
{
	struct message m = {.event = {.type = ISCSI_KEVENT_DESTROY_SESSION, .r.destroyed = {9, 4}}};
	struct netlink_event event;

	(void)state;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 0), &event), 0);
	assert_int_equal(event.sid, 4);
	assert_int_equal(event.host, 9);
}

static void a_pdu_is_as_long_as_its_header_says(void **state)
{
	struct message m = {.event = {.type = ISCSI_KEVENT_RECV_PDU, .r.recv_pdu = {1, 0, 0}}};
	struct netlink_event event;

	(void)state;
	m.rest[0] = ISCSI_OP_LOGIN_RESPONSE;
	m.rest[7] = 5;
	memcpy(m.rest + 48, "hello", 5);
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 48 + 8), &event), 0);
	assert_int_equal(event.length, 5);
	assert_memory_equal(event.data, "hello", 5);
	assert_ptr_equal(event.bhs, m.rest);
}

static void a_pdu_longer_than_what_came_is_refused(void **state)
{
	struct message m = {.event = {.type = ISCSI_KEVENT_RECV_PDU}};
	struct netlink_event event;

	(void)state;
	m.rest[7] = 9;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 48 + 8), &event), -EPROTO);
	m.rest[5] = 0xff;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 48 + 8), &event), -EPROTO);
	m.rest[5] = m.rest[7] = 0;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 47), &event), -EPROTO);
}

static void a_cut_message_is_refused_at_every_length(void **state)
{
	struct message m = {.event = {.type = ISCSI_KEVENT_RECV_PDU}};
	struct netlink_event event;
	size_t whole = finish(&m, 48);

	(void)state;
	for (size_t n = 0; n < whole; n++)
		assert_int_equal(netlink_parse((uint8_t *)&m, n, &event), -EPROTO);
	assert_int_equal(netlink_parse((uint8_t *)&m, whole, &event), 0);
}

static void a_batch_holds_one_message_for_each_parameter(void **state)
{
	struct netlink_batch batch;
	struct nlmsghdr first;
	struct iscsi_uevent event;

	(void)state;
	netlink_batch_start(&batch, 5, 0);
	netlink_batch_text(&batch, ISCSI_PARAM_TARGET_NAME, "iqn.2026-01.test:t");
	netlink_batch_text(&batch, ISCSI_PARAM_USERNAME, "");
	netlink_batch_text(&batch, ISCSI_PARAM_USERNAME_IN, NULL);
	netlink_batch_number(&batch, ISCSI_PARAM_SESS_RECOVERY_TMO, -1);
	assert_int_equal(batch.count, 2);
	assert_false(batch.overflow);
	memcpy(&first, batch.bytes, sizeof(first));
	memcpy(&event, batch.bytes + sizeof(first), sizeof(event));
	assert_int_equal(first.nlmsg_len, sizeof(first) + sizeof(event) + sizeof("iqn.2026-01.test:t"));
	assert_int_equal(event.u.set_param.sid, 5);
	assert_int_equal(event.u.set_param.length, sizeof("iqn.2026-01.test:t"));
	assert_string_equal((char *)batch.bytes + batch.used - 4, "-1");
}

static void a_batch_that_is_full_says_so(void **state)
{
	struct netlink_batch batch;
	char text[1024];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	netlink_batch_start(&batch, 1, 0);
	for (int i = 0; i < 8; i++)
		netlink_batch_text(&batch, ISCSI_PARAM_USERNAME, text);
	assert_true(batch.overflow);
	assert_true(batch.used <= sizeof(batch.bytes));
}

static void every_error_has_a_name_and_words(void **state)
{
	(void)state;
	assert_string_equal(netlink_error_name(1001), "ISCSI_ERR_DATASN");
	assert_string_equal(netlink_error_name(1011), "ISCSI_ERR_CONN_FAILED");
	assert_string_equal(netlink_error_name(1022), "ISCSI_ERR_NOP_TIMEDOUT");
	assert_string_equal(netlink_error_name(1000), "ISCSI_ERR_?");
	assert_string_equal(netlink_error_name(1023), "ISCSI_ERR_?");
	assert_non_null(strstr(netlink_error_text(1022), "NOP-Out"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_error_names_its_session),
		cmocka_unit_test(a_destroyed_session_has_its_fields_the_other_way_round),
		cmocka_unit_test(a_pdu_is_as_long_as_its_header_says),
		cmocka_unit_test(a_pdu_longer_than_what_came_is_refused),
		cmocka_unit_test(a_cut_message_is_refused_at_every_length),
		cmocka_unit_test(a_batch_holds_one_message_for_each_parameter),
		cmocka_unit_test(a_batch_that_is_full_says_so),
		cmocka_unit_test(every_error_has_a_name_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
