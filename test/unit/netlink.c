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
#include "sys/nlsock.h"

struct message {
	struct nlmsghdr header;
	struct iscsi_uevent event;
	uint8_t rest[512];
};

static size_t finish(struct message *m, size_t rest)
{
	m->header.nlmsg_len = (uint32_t)(sizeof(m->header) + sizeof(m->event) + rest);
	return m->header.nlmsg_len;
}

static void a_connection_error_names_its_session(void **state)
{
	struct message m = {
		.event = {.type = ISCSI_KEVENT_CONN_ERROR, .transport_handle = 77, .r.conn_error = {3, 2, 1020}}};
	struct netlink_event event;

	(void)state;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 0), &event), 0);
	assert_int_equal(event.type, NETLINK_EVENT_ERROR);
	assert_int_equal(event.kernel_type, ISCSI_KEVENT_CONN_ERROR);
	assert_int_equal(event.sid, 3);
	assert_int_equal(event.cid, 2);
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

static void a_created_session_has_its_host(void **state)
{
	struct message m = {.event = {.type = ISCSI_KEVENT_CREATE_SESSION, .r.session = {.sid = 9, .host_no = 4}}};
	struct netlink_event event;

	(void)state;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 0), &event), 0);
	assert_int_equal(event.type, NETLINK_EVENT_CREATED);
	assert_int_equal(event.sid, 9);
	assert_int_equal(event.host, 4);
	assert_null(event.bhs);
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
	assert_int_equal(netlink_parse((uint8_t *)&m, sizeof(m), &event),
			 -EPROTO); /* what is behind it is not its own */
	m.rest[5] = 1;             /* 65,545 bytes */
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, sizeof(m.rest)), &event), -EPROTO);
	m.rest[5] = 0xff;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 48 + 8), &event), -EPROTO);
	m.rest[5] = m.rest[7] = 0;
	assert_int_equal(netlink_parse((uint8_t *)&m, finish(&m, 47), &event), -EPROTO);
}

/* All three bytes of the length count: 0x010203 bytes of data. */
static void a_long_pdu_is_whole_to_its_last_byte(void **state)
{
	static struct {
		struct message m;
		uint8_t more[0x010203];
	} space;
	struct message *m = &space.m;
	struct netlink_event event;

	(void)state;
	m->event.type = ISCSI_KEVENT_RECV_PDU;
	m->rest[5] = 1;
	m->rest[6] = 2;
	m->rest[7] = 3;
	for (size_t missing = 0; missing < 2; missing++) {
		size_t length = finish(m, 48 + 0x010203 - missing);

		assert_int_equal(netlink_parse((uint8_t *)m, length, &event), missing ? -EPROTO : 0);
	}
	assert_int_equal(event.length, 0x010203);
	assert_ptr_equal(event.data, m->rest + 48);
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

static void a_batch_is_filled_to_its_last_byte(void **state)
{
	struct netlink_batch batch;
	char text[NETLINK_BATCH_BYTES];
	const size_t room = sizeof(batch.bytes) - NLMSG_LENGTH(sizeof(struct iscsi_uevent));

	(void)state;
	memset(text, 'a', sizeof(text));
	text[room - 1] = '\0';
	netlink_batch_start(&batch, 1, 0);
	netlink_batch_text(&batch, ISCSI_PARAM_USERNAME, text);
	assert_false(batch.overflow);
	assert_int_equal(batch.used, sizeof(batch.bytes));
	netlink_batch_start(&batch, 1, 0);
	text[room - 1] = 'a';
	text[room] = '\0';
	netlink_batch_text(&batch, ISCSI_PARAM_USERNAME, text);
	assert_true(batch.overflow);
	assert_int_equal(batch.count, 0);
	netlink_batch_start(&batch, 1, 0);
	netlink_batch_text(&batch, ISCSI_PARAM_USERNAME, "");
	assert_int_equal(batch.used, 0); /* an empty text would not be one */
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
	assert_string_equal(netlink_error_text(1000), "an error that this program does not know");
	assert_string_equal(netlink_error_text(1023), "an error that this program does not know");
	assert_non_null(strstr(netlink_error_text(1022), "NOP-Out"));
}

/* ---- calls: the kernel is a queue of messages ---- */

static struct {
	struct message answer; /* given once something was sent */
	struct message stale;  /* there before */
	bool has_stale, has_answer;
	unsigned sent;
} kernel;

int nlsock_open(int protocol, uint32_t groups)
{
	(void)protocol, (void)groups;
	return -EINVAL;
}

int nlsock_send(int fd, const void *message, size_t length)
{
	(void)fd, (void)message, (void)length;
	kernel.sent++;
	return 0;
}

ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	const struct message *m = kernel.has_stale ? &kernel.stale : &kernel.answer;
	size_t length = m->header.nlmsg_len;

	(void)fd;
	if (!kernel.has_stale && !(kernel.sent && kernel.has_answer))
		return -EAGAIN;
	*(kernel.has_stale ? &kernel.has_stale : &kernel.has_answer) = false;
	memcpy(buffer, m, length < size ? length : size);
	return (ssize_t)length;
}

static const struct netlink netlink = {.call_fd = 3, .event_fd = 4, .transport = 77};

static void prepare(struct message *m, uint16_t type, uint32_t kernel_type)
{
	memset(&kernel, 0, sizeof(kernel));
	m->event.type = kernel_type;
	m->header.nlmsg_type = type;
	(void)finish(m, 0);
	kernel.has_answer = true;
}

static void created_session_has_the_numbers_of_the_answer(void **state)
{
	struct message m = {.event = {.r.session = {.sid = 7, .host_no = 5}}};
	uint32_t sid = 0, host = 0;

	(void)state;
	prepare(&m, ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_SESSION);
	kernel.answer = m;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), 0);
	assert_int_equal(sid, 7);
	assert_int_equal(host, 5);
}

static void answer_of_another_type_is_no_answer(void **state)
{
	struct message m = {.event = {.r.session = {.sid = 7, .host_no = 5}}};
	uint32_t sid = 0, host = 0;

	(void)state;
	prepare(&m, ISCSI_UEVENT_DESTROY_SESSION, ISCSI_UEVENT_DESTROY_SESSION);
	kernel.answer = m;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), -EPROTO);
	assert_int_equal(sid, 0);
}

static void answer_of_a_call_that_was_given_up_is_dropped(void **state)
{
	struct message m = {.event = {.r.session = {.sid = 7, .host_no = 5}}}, old = m;
	uint32_t sid = 0, host = 0;

	(void)state;
	old.event.r.session.sid = 6;
	prepare(&old, ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_SESSION);
	prepare(&m, ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_SESSION);
	kernel.answer = m;
	kernel.stale = old;
	kernel.has_stale = true;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), 0);
	assert_int_equal(sid, 7);
}

static void answer_that_is_missing_or_short_is_none(void **state)
{
	struct message m = {.event = {.r.session = {.sid = 7, .host_no = 5}}};
	uint32_t sid = 0, host = 0;

	(void)state;
	prepare(&m, ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_SESSION);
	kernel.answer = m;
	kernel.answer.header.nlmsg_len--;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), -EPROTO);
	kernel.has_answer = false;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), -EPROTO);
	assert_int_equal(sid, 0);
}

static void drivers_own_result_counts(void **state)
{
	struct message m = {.event = {.r.retcode = -EINVAL}};

	(void)state;
	prepare(&m, ISCSI_UEVENT_BIND_CONN, ISCSI_UEVENT_BIND_CONN);
	kernel.answer = m;
	assert_int_equal(netlink_bind(&netlink, 1, 0, 9), -EINVAL);
	m.event.r.retcode = 0;
	prepare(&m, ISCSI_UEVENT_BIND_CONN, ISCSI_UEVENT_BIND_CONN);
	kernel.answer = m;
	assert_int_equal(netlink_bind(&netlink, 1, 0, 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_error_names_its_session),
		cmocka_unit_test(a_destroyed_session_has_its_fields_the_other_way_round),
		cmocka_unit_test(a_created_session_has_its_host),
		cmocka_unit_test(a_pdu_is_as_long_as_its_header_says),
		cmocka_unit_test(a_pdu_longer_than_what_came_is_refused),
		cmocka_unit_test(a_long_pdu_is_whole_to_its_last_byte),
		cmocka_unit_test(a_cut_message_is_refused_at_every_length),
		cmocka_unit_test(a_batch_holds_one_message_for_each_parameter),
		cmocka_unit_test(a_batch_is_filled_to_its_last_byte),
		cmocka_unit_test(a_batch_that_is_full_says_so),
		cmocka_unit_test(every_error_has_a_name_and_words),
		cmocka_unit_test(created_session_has_the_numbers_of_the_answer),
		cmocka_unit_test(answer_of_another_type_is_no_answer),
		cmocka_unit_test(answer_of_a_call_that_was_given_up_is_dropped),
		cmocka_unit_test(answer_that_is_missing_or_short_is_none),
		cmocka_unit_test(drivers_own_result_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
