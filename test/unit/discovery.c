/* The question which targets a portal has: what is asked, which answers are believed, and what a silence or a broken
   connection leads to. The portal is this test, at the other end of a real connection. */
/* SPDX-License-Identifier: MIT */
#include "session/discovery.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/bytes.h"
#include "proto/pdu.h"
#include "sys/log.h"
#include "test/unit/listener.h"

#define T0      1000
#define STAT_SN 0xfffffffeu /* it wraps in the middle */
#define FULL    0x87        /* T, operational to full feature phase */
#define TEXT(s) (s), sizeof(s) - 1

static char warned[1000];

void log_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(warned, sizeof(warned), format, arguments);
	va_end(arguments);
}

void log_err(const char *format, ...)
{
	(void)format;
}

void log_info(const char *format, ...)
{
	(void)format;
}

void log_debug(const char *format, ...)
{
	(void)format;
}

static const char names[] = "TargetName=iqn.2026-01.test:a\0TargetName=iqn.2026-01.test:b\0";

static struct target_plan plan;
static struct discovery discovery;
static int listener = -1, peer = -1;
static struct heard heard;

static int begin(void **state)
{
	(void)state;
	warned[0] = '\0';
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	strcpy(plan.initiator, "iqn.2026-01.test:host");
	strcpy(plan.portal.host, "127.0.0.1");
	listener = listener_open(8, &plan.portal.port);
	discovery_start(&discovery, &plan, T0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	discovery_stop(&discovery);
	(void)close(listener);
	if (peer >= 0)
		(void)close(peer);
	peer = -1;
	return 0;
}

/* ---- our side: what the loop does ---- */

/* Waits for a descriptor of the discovery's, and goes on with it. */
static void turn(int64_t now_ms)
{
	struct pollfd fds[4];
	int count = discovery_pollfds(&discovery, fds, 4);

	assert_int_equal(count, 1);
	assert_int_equal(poll(fds, 1, 5000), 1);
	assert_int_equal(discovery_pollfds(&discovery, fds, 0), 0);
	discovery_step(&discovery, now_ms);
}

/* ---- the portal's side ---- */

static uint32_t number_at(const uint8_t *bhs, size_t at)
{
	struct reader r = reader_of(bhs + at, 4);

	return read_be32(&r);
}

static void put_number(uint8_t *bhs, size_t at, uint32_t number)
{
	struct writer w = writer_of(bhs + at, 4);

	write_be32(&w, number);
}

static void say(uint8_t *bhs, const char *text, size_t length)
{
	uint8_t pdu[48 + 1024] = {0};

	assert_true(length <= 1024);
	bhs[5] = (uint8_t)(length >> 16);
	bhs[6] = (uint8_t)(length >> 8);
	bhs[7] = (uint8_t)length;
	memcpy(pdu, bhs, 48);
	memcpy(pdu + 48, text, length);
	assert_int_equal(send(peer, pdu, 48 + pdu_padded(length), 0), 48 + pdu_padded(length));
}

/* A Text Response: flags, tags, StatSN. */
static void list(uint8_t flags, uint32_t itt, uint32_t ttt, uint32_t stat_sn, const char *text, size_t length)
{
	uint8_t bhs[48] = {ISCSI_OP_TEXT_RESPONSE, flags};

	put_number(bhs, 16, itt);
	put_number(bhs, 20, ttt);
	put_number(bhs, 24, stat_sn);
	say(bhs, text, length);
	turn(T0 + 100);
}

static void answer_login(uint8_t flags, uint16_t status, const char *text, size_t length, int64_t now_ms)
{
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, flags};

	memcpy(bhs + 8, heard.bhs + 8, 6);
	bhs[15] = 1;
	memcpy(bhs + 16, heard.bhs + 16, 4);
	put_number(bhs, 24, STAT_SN);
	bhs[36] = (uint8_t)(status >> 8);
	bhs[37] = (uint8_t)status;
	say(bhs, text, length);
	turn(now_ms);
}

/* Until the portal has our Login Request. */
static void connect_at(int64_t now_ms)
{
	for (int i = 0; i < 3 && discovery.attempt.state == ATTEMPT_CONNECTING; i++)
		turn(now_ms);
	peer = listener_take(listener, peer);
	listener_hear(peer, &heard);
	assert_int_equal(heard.bhs[0], ISCSI_OP_LOGIN | ISCSI_IMMEDIATE_BIT);
}

/* Until it has our question. */
static void log_in(void)
{
	connect_at(T0);
	answer_login(FULL, 0, "", 0, T0 + 50);
	listener_hear(peer, &heard);
}

static bool said(const char *text)
{
	return memmem(heard.data, heard.length, text, strlen(text) + 1) != NULL;
}

static void assert_failed(const char *why)
{
	assert_int_equal(discovery_state(&discovery), DISCOVERY_FAILED);
	assert_non_null(strstr(discovery_failure(&discovery), why));
	assert_int_equal(discovery_deadline(&discovery), INT64_MAX);
	assert_int_equal(recv(peer, heard.data, 1, 0), 0); /* and the connection is closed */
}

/* ---- what must hold ---- */

static void portal_is_asked_in_a_discovery_session(void **state)
{
	uint8_t isid[6]; /* above any session's */

	(void)state;
	plan.params.value[PARAM_HEADER_DIGEST] = plan.params.value[PARAM_DATA_DIGEST] = DIGEST_CRC32C;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	assert_string_equal(discovery_failure(&discovery), "no answer yet");
	connect_at(T0);
	assert_in_range(discovery_deadline(&discovery), T0 + 7000, T0 + 8 * 7000);
	assert_true(said("SessionType=Discovery"));
	assert_true(said("InitiatorName=iqn.2026-01.test:host"));
	assert_false(said("TargetName="));
	/* nothing computes digests here */
	assert_null(memmem(heard.data, heard.length, "CRC32C", 6));
	assert_true(said("MaxRecvDataSegmentLength=8192"));
	name_isid(0x7f0000, isid);
	assert_memory_equal(heard.bhs + 8, isid, 4);
	assert_int_equal(number_at(heard.bhs, 16), 1);
	assert_int_equal(number_at(heard.bhs, 24), 1);
	answer_login(FULL, 0, "", 0, T0 + 50);
	listener_hear(peer, &heard);
	assert_int_equal(discovery_deadline(&discovery), T0 + 7050);
	assert_int_equal(heard.bhs[0], ISCSI_OP_TEXT | ISCSI_IMMEDIATE_BIT);
	assert_int_equal(heard.bhs[1], PDU_FINAL);
	assert_int_equal(number_at(heard.bhs, 16), 2);
	assert_int_equal(number_at(heard.bhs, 20), ISCSI_RESERVED_TAG);
	assert_int_equal(number_at(heard.bhs, 24), 1);           /* immediate commands do not count */
	assert_int_equal(number_at(heard.bhs, 28), STAT_SN + 1); /* RFC 7143 11.10: what is expected next */
	assert_int_equal(heard.length, sizeof("SendTargets=All"));
	assert_true(said("SendTargets=All"));
}

/* RFC 7143 6.3.5: with the same ISID, the second one would end the first where both portals are of one group. */
static void each_of_several_has_an_isid_of_its_own(void **state)
{
	uint8_t isids[3][6];

	(void)state;
	for (int i = 0; i < 3; i++) {
		connect_at(T0);
		memcpy(isids[i], heard.bhs + 8, 6);
		for (int byte = 0; byte < 6; byte++)
			assert_true(isids[i][byte] < 0x80);
		discovery_stop(&discovery);
		strcpy(plan.name, i ? "" : "iqn.2026-01.test:b");
		strcpy(plan.portal.host, i ? "::ffff:127.0.0.1" : "127.0.0.1");
		discovery_start(&discovery, &plan, T0);
	}
	assert_memory_not_equal(isids[0], isids[1], 6);
	assert_memory_not_equal(isids[0], isids[2], 6);
	assert_memory_not_equal(isids[1], isids[2], 6);
}

static void list_names_every_target(void **state)
{
	struct target_plan found = {0};
	char text[80];

	(void)state;
	log_in();
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_int_equal(discovery_state(&discovery), DISCOVERY_DONE);
	assert_int_equal(discovery_count(&discovery), 2);
	assert_string_equal(warned, "");
	assert_string_equal(discovery_list(&discovery, text, sizeof(text)), "iqn.2026-01.test:a, iqn.2026-01.test:b");
	discovery_use(&discovery, 1, &found);
	assert_string_equal(found.name, "iqn.2026-01.test:b");
	assert_int_equal(discovery_deadline(&discovery), INT64_MAX);
	assert_int_equal(recv(peer, text, 1, 0), 0);
	assert_int_equal(discovery_pollfds(&discovery, &(struct pollfd){0}, 1), 0);
	discovery_step(&discovery, T0 + 999999);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_DONE);
}

static void list_is_printed_with_the_portal_that_was_asked(void **state)
{
	char text[200] = "", wanted[200];
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	log_in();
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT("TargetName=iqn.2026-01.test:a\0"));
	discovery_print(&discovery, out);
	(void)fclose(out);
	snprintf(wanted, sizeof(wanted), "127.0.0.1:%u,1 iqn.2026-01.test:a\n", plan.portal.port);
	assert_string_equal(text, wanted);
}

static void rest_of_a_long_list_is_asked_for(void **state)
{
	(void)state;
	log_in();
	list(PDU_CONTINUE, 2, 77, STAT_SN + 1, TEXT("TargetName=iqn.2026-01.te"));
	listener_hear(peer, &heard);
	assert_int_equal(heard.bhs[0], ISCSI_OP_TEXT | ISCSI_IMMEDIATE_BIT);
	assert_int_equal(heard.length, 0);
	assert_int_equal(number_at(heard.bhs, 16), 2);
	assert_int_equal(number_at(heard.bhs, 20), 77);
	assert_int_equal(number_at(heard.bhs, 28), STAT_SN + 2);
	list(0, 2, 78, STAT_SN + 2, TEXT("st:a\0"));
	listener_hear(peer, &heard);
	assert_int_equal(number_at(heard.bhs, 20), 78);
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 3, TEXT("TargetName=iqn.2026-01.test:b")); /* no NUL */
	assert_int_equal(discovery_state(&discovery), DISCOVERY_DONE);
	assert_int_equal(discovery_count(&discovery), 2);
}

static void list_without_an_end_is_refused(void **state)
{
	(void)state;
	log_in();
	for (uint32_t i = 1; i < DISCOVERY_EXCHANGES_MAX; i++) {
		list(PDU_FINAL | PDU_CONTINUE, 2, i, STAT_SN + i, "", 0); /* with C, F means nothing */
		assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
		listener_hear(peer, &heard);
	}
	list(0, 2, 1, 0, "", 0);
	assert_failed("has no end");
	assert_false(discovery_again(&discovery, T0));
}

static void list_that_breaks_off_is_refused(void **state)
{
	(void)state;
	log_in();
	list(0, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_failed("breaks off");
	assert_false(discovery_again(&discovery, T0));
}

static void what_is_no_answer_is_refused(void **state)
{
	static const struct {
		uint8_t opcode;
		uint32_t itt;
		const char *text;
		size_t length;
		const char *why;
	} rows[] = {
		{ISCSI_OP_TEXT_RESPONSE, 3, TEXT(names), "opcode 0x24 and tag 3"},
		{ISCSI_OP_REJECT, 2, "", 0, "opcode 0x3f and tag 2"},
		{ISCSI_OP_TEXT_RESPONSE, 2, TEXT("no key"), "cannot be read"},
		{ISCSI_OP_TEXT_RESPONSE, 2, TEXT("TargetName"), "cannot be read"},
		{ISCSI_OP_TEXT_RESPONSE, 2, TEXT("TargetName=not a name\0"), "cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bhs[48] = {rows[i].opcode, PDU_FINAL};

		discovery_stop(&discovery);
		(void)close(listener);
		listener = listener_open(8, &plan.portal.port);
		discovery_start(&discovery, &plan, T0);
		log_in();
		put_number(bhs, 16, rows[i].itt);
		put_number(bhs, 20, ISCSI_RESERVED_TAG);
		say(bhs, rows[i].text, rows[i].length);
		turn(T0 + 100);
		assert_failed(rows[i].why);
		assert_false(discovery_again(&discovery, T0 + 100));
	}
}

/* A name that is none is left out; the others count. */
static void one_bad_name_does_no_harm(void **state)
{
	(void)state;
	log_in();
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1,
	     TEXT("TargetName=no name\0TargetName=iqn.2026-01.test:b\0"));
	assert_int_equal(discovery_state(&discovery), DISCOVERY_DONE);
	assert_int_equal(discovery_count(&discovery), 1);
	assert_non_null(strstr(warned, "1 of its targets are left out"));
}

static void portal_without_a_target_is_asked_again(void **state)
{
	(void)state;
	log_in();
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, "", 0);
	assert_failed("no target for us");
	assert_true(discovery_again(&discovery, T0 + 100));
	assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
	assert_in_range(discovery_deadline(&discovery), T0 + 101, T0 + 1100);
	assert_int_equal(discovery_take_report(&discovery, T0 + 100), ATTEMPT_FIRST);
	assert_int_equal(discovery_pollfds(&discovery, (struct pollfd[1]){0}, 1), 0);
	discovery_step(&discovery, T0 + 100); /* not yet */
	assert_int_equal(discovery.attempt.state, ATTEMPT_PAUSE);
	discovery_step(&discovery, discovery_deadline(&discovery));
	log_in();
	assert_true(said("SendTargets=All"));
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_int_equal(discovery_count(&discovery), 2);
}

/* RFC 7143 11.18: a NOP-Out that answers has the tag and the LUN of the NOP-In, and needs no answer itself. */
static void ping_of_the_portal_is_answered(void **state)
{
	uint8_t ping[48] = {ISCSI_OP_NOP_IN, 0x80, [9] = 5};

	(void)state;
	log_in();
	put_number(ping, 16, ISCSI_RESERVED_TAG);
	put_number(ping, 20, 0x01020304);
	put_number(ping, 24, STAT_SN + 1);
	say(ping, "", 0);
	turn(T0 + 60);
	listener_hear(peer, &heard);
	assert_int_equal(heard.bhs[0], ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE_BIT);
	assert_int_equal(heard.bhs[1], PDU_FINAL);
	assert_int_equal(heard.bhs[9], 5);
	assert_int_equal(number_at(heard.bhs, 16), ISCSI_RESERVED_TAG);
	assert_int_equal(number_at(heard.bhs, 20), 0x01020304);
	assert_int_equal(number_at(heard.bhs, 24), 1);
	assert_int_equal(number_at(heard.bhs, 28), STAT_SN + 1); /* a ping does not count */
	put_number(ping, 20, ISCSI_RESERVED_TAG);                /* it only tells numbers */
	say(ping, "", 0);
	turn(T0 + 70);
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_int_equal(discovery_count(&discovery), 2);
	assert_int_equal(recv(peer, heard.data, 1, 0), 0);
}

static void portal_that_leaves_is_asked_again(void **state)
{
	(void)state;
	log_in();
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	turn(T0 + 100);
	assert_failed("the portal closed the connection");
	assert_true(discovery_again(&discovery, T0 + 100));
	(void)close(peer);
	peer = -1;
	discovery_step(&discovery, discovery_deadline(&discovery));
	log_in();
	assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
}

static void portal_that_resets_the_connection_is_named_so(void **state)
{
	const struct linger reset = {.l_onoff = 1};

	(void)state;
	log_in();
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	(void)close(peer);
	peer = -1;
	turn(T0 + 100);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_FAILED);
	assert_non_null(strstr(discovery_failure(&discovery), strerror(ECONNRESET)));
}

static void silence_has_an_end(void **state)
{
	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	log_in();
	discovery_step(&discovery, T0 + 7049);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
	discovery_step(&discovery, T0 + 7050);
	assert_failed("no answer within 7 s");
	assert_true(discovery_again(&discovery, T0 + 7050));
}

/* A portal that does not answer the login may want it to begin in the security stage. */
static void login_without_an_answer_is_tried_otherwise_once(void **state)
{
	int64_t late;

	(void)state;
	connect_at(T0);
	late = discovery_deadline(&discovery);
	assert_int_equal(heard.bhs[1] & 0x0c, 0x04);
	discovery_step(&discovery, late);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
	connect_at(late);
	assert_int_equal(heard.bhs[1] & 0x0c, 0); /* the security stage */
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	turn(late + 100);
	assert_failed("the portal closed the connection");
}

/* CHAP is for whom asks for it: only then is the portal told who we are. */
static void name_and_secret_wait_until_they_are_asked_for(void **state)
{
	(void)state;
	strcpy(plan.chap.username, "me");
	plan.chap.password.length = 12;
	memset(plan.chap.password.bytes, 'a', 12);
	connect_at(T0);
	assert_false(said("AuthMethod=CHAP"));
	answer_login(0, 0x0201, "", 0, T0 + 50); /* authentication failure */
	connect_at(T0 + 50);
	assert_true(said("AuthMethod=CHAP,None") || said("AuthMethod=CHAP"));
}

/* It is to prove itself, and does not: the target will have to. */
static void portal_that_proves_nothing_is_named(void **state)
{
	(void)state;
	strcpy(plan.chap.username_in, "them");
	log_in();
	assert_non_null(strstr(warned, "127.0.0.1 tells its targets to everybody"));
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_int_equal(discovery_count(&discovery), 2);
}

static void portal_that_sends_us_on_is_followed(void **state)
{
	char text[80];
	int length, first = listener;
	uint16_t port;

	(void)state;
	connect_at(T0);
	listener = listener_open(8, &port);
	length = snprintf(text, sizeof(text), "TargetAddress=127.0.0.1:%u", port) + 1;
	answer_login(0, 0x0101, text, (size_t)length, T0 + 50);
	(void)close(first);
	log_in();
	list(PDU_FINAL, 2, ISCSI_RESERVED_TAG, STAT_SN + 1, TEXT(names));
	assert_int_equal(discovery_count(&discovery), 2);
}

static void pdu_that_is_too_long_is_refused(void **state)
{
	uint8_t bhs[48] = {ISCSI_OP_TEXT_RESPONSE, PDU_FINAL, [6] = 0x20, [7] = 1}; /* 8193 bytes */

	(void)state;
	log_in();
	assert_int_equal(send(peer, bhs, 48, 0), 48);
	turn(T0 + 100);
	assert_failed("8193 bytes of data and 0 words");
	assert_false(discovery_again(&discovery, T0));
	discovery_start(&discovery, &plan, T0);
	log_in();
	bhs[4] = 2;
	assert_int_equal(send(peer, bhs, 48, 0), 48);
	turn(T0 + 100);
	assert_failed("8193 bytes of data and 2 words");
}

static void nobody_there_is_a_failure_that_may_pass(void **state)
{
	struct pollfd fds[4];
	int count;

	(void)state;
	discovery_stop(&discovery);
	assert_int_equal(discovery_deadline(&discovery), INT64_MAX);
	plan.portal.port = 1;
	discovery_start(&discovery, &plan, T0);
	count = discovery_pollfds(&discovery, fds, 4);
	if (count > 0) {
		assert_int_equal(poll(fds, (nfds_t)count, 5000), count);
		discovery_step(&discovery, T0);
	}
	assert_int_equal(discovery_state(&discovery), DISCOVERY_FAILED);
	assert_non_null(strstr(discovery_failure(&discovery), "cannot connect"));
	assert_true(discovery_again(&discovery, T0));
	assert_string_not_equal(discovery_failure(&discovery), "");
}

/* A name server that does not answer. */
static void look_up_has_an_end(void **state)
{
	(void)state;
	discovery_stop(&discovery);
	strcpy(plan.portal.host, "portal.invalid");
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	discovery_start(&discovery, &plan, T0);
	assert_int_equal(discovery.attempt.state, ATTEMPT_RESOLVING);
	assert_int_equal(discovery_deadline(&discovery), T0 + 7000);
	discovery_step(&discovery, discovery_deadline(&discovery));
	assert_int_equal(discovery_state(&discovery), DISCOVERY_FAILED);
	assert_non_null(strstr(discovery_failure(&discovery), "cannot look up \"portal.invalid\""));
}

static void response_may_come_in_pieces(void **state)
{
	uint8_t bhs[48] = {ISCSI_OP_TEXT_RESPONSE, PDU_FINAL, [7] = sizeof(names) - 1};
	uint8_t data[64] = {0};

	(void)state;
	memcpy(data, names, sizeof(names) - 1);
	log_in();
	put_number(bhs, 16, 2);
	put_number(bhs, 20, ISCSI_RESERVED_TAG);
	put_number(bhs, 24, STAT_SN + 1);
	assert_int_equal(send(peer, bhs, 40, 0), 40);
	turn(T0 + 100);
	assert_int_equal(send(peer, bhs + 40, 8, 0), 8);
	turn(T0 + 100);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_RUNNING);
	assert_int_equal(send(peer, data, pdu_padded(sizeof(names) - 1), 0), pdu_padded(sizeof(names) - 1));
	turn(T0 + 100);
	assert_int_equal(discovery_state(&discovery), DISCOVERY_DONE);
	assert_int_equal(discovery_count(&discovery), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(portal_is_asked_in_a_discovery_session, begin, end),
		cmocka_unit_test_setup_teardown(each_of_several_has_an_isid_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(list_names_every_target, begin, end),
		cmocka_unit_test_setup_teardown(list_is_printed_with_the_portal_that_was_asked, begin, end),
		cmocka_unit_test_setup_teardown(rest_of_a_long_list_is_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(list_without_an_end_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(list_that_breaks_off_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_answer_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(one_bad_name_does_no_harm, begin, end),
		cmocka_unit_test_setup_teardown(portal_without_a_target_is_asked_again, begin, end),
		cmocka_unit_test_setup_teardown(ping_of_the_portal_is_answered, begin, end),
		cmocka_unit_test_setup_teardown(portal_that_leaves_is_asked_again, begin, end),
		cmocka_unit_test_setup_teardown(portal_that_resets_the_connection_is_named_so, begin, end),
		cmocka_unit_test_setup_teardown(silence_has_an_end, begin, end),
		cmocka_unit_test_setup_teardown(login_without_an_answer_is_tried_otherwise_once, begin, end),
		cmocka_unit_test_setup_teardown(name_and_secret_wait_until_they_are_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(portal_that_proves_nothing_is_named, begin, end),
		cmocka_unit_test_setup_teardown(portal_that_sends_us_on_is_followed, begin, end),
		cmocka_unit_test_setup_teardown(pdu_that_is_too_long_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(look_up_has_an_end, begin, end),
		cmocka_unit_test_setup_teardown(nobody_there_is_a_failure_that_may_pass, begin, end),
		cmocka_unit_test_setup_teardown(response_may_come_in_pieces, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
