/* The session beside the kernel's that proves what became of the units: how it logs in, when it asks, how it ends. The target
   is this test, at the other end of a real connection; the questions (unit_proof.c's matter) are a few functions here. */
/* SPDX-License-Identifier: MIT */
#include "session/prover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/bytes.h"
#include "proto/pdu.h"
#include "test/unit/listener.h"

#define T0 1000

/* ---- the questions ---- */

static struct {
	const struct unit *units;
	int count, asked, taken;
	int questions; /* left to be asked */
	uint32_t cmd_sn, exp_stat_sn, max_cmd_sn;
	enum unit_verdict verdict; /* of the next answer */
} proof;

void unit_proof_start(struct unit_proof *p, const struct unit *units, int count, uint32_t cmd_sn, uint32_t exp_stat_sn,
		      uint32_t max_cmd_sn)
{
	p->verdict = UNIT_PENDING;
	p->text[0] = '\0';
	proof.units = units;
	proof.count = count;
	proof.cmd_sn = cmd_sn;
	proof.exp_stat_sn = exp_stat_sn;
	proof.max_cmd_sn = max_cmd_sn;
}

bool unit_proof_next(struct unit_proof *p, uint8_t bhs[ISCSI_BHS_BYTES])
{
	if (p->verdict != UNIT_PENDING || !proof.questions)
		return false;
	proof.questions--;
	proof.asked++;
	memset(bhs, 0, ISCSI_BHS_BYTES);
	bhs[0] = ISCSI_OP_SCSI_COMMAND;
	return true;
}

enum unit_verdict unit_proof_take(struct unit_proof *p, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data,
				  size_t length)
{
	(void)bhs, (void)data, (void)length;
	proof.taken++;
	p->verdict = proof.verdict;
	if (p->verdict > UNIT_SAME)
		strcpy(p->text, "LUN 1 is what it is");
	return p->verdict;
}

void unit_proof_write_logout(struct unit_proof *p, uint8_t bhs[ISCSI_BHS_BYTES])
{
	(void)p;
	memset(bhs, 0, ISCSI_BHS_BYTES);
	bhs[0] = ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT;
}

/* ---- the rig ---- */

static const uint8_t isid[6] = {0, 2, 0x3d, 0x40, 0, 3};
static const struct unit units[2] = {{.lun = 1}, {.lun = 2}};
static struct target_plan plan;
static struct resolve names;
static struct login_lessons lessons;
static struct portal portal;
static struct sockaddr_storage address;
static struct prover prover;
static int listener = -1, peer = -1;
static struct heard heard;

static void listen_somewhere(void)
{
	struct sockaddr_in *here = (struct sockaddr_in *)&address;

	strcpy(portal.host, "127.0.0.1");
	listener = listener_open(8, &portal.port);
	memset(&address, 0, sizeof(address));
	*here = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(portal.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void start(bool first)
{
	const struct prover_order order = {
		.plan = &plan,
		.portal = &portal,
		.address = first ? NULL : &address,
		.names = &names,
		.lessons = &lessons,
		.isid = isid,
		.units = units,
		.unit_count = 2,
		.leaves_first = first,
	};

	prover_start(&prover, &order, T0);
}

static int begin(void **state)
{
	(void)state;
	memset(&proof, 0, sizeof(proof));
	memset(&plan, 0, sizeof(plan));
	memset(&lessons, 0, sizeof(lessons));
	params_default(&plan.params);
	strcpy(plan.name, "iqn.2026-01.test:disk");
	strcpy(plan.initiator, "iqn.2026-01.test:host");
	strcpy(plan.portal.host, "192.0.2.1"); /* the session is not there any more */
	plan.portal.port = 3260;
	resolve_init(&names);
	listen_somewhere();
	memset(&prover, 0, sizeof(prover));
	prover_init(&prover);
	proof.questions = 2;
	return 0;
}

static int end(void **state)
{
	(void)state;
	prover_stop(&prover);
	(void)close(listener);
	if (peer >= 0)
		(void)close(peer);
	peer = -1;
	return 0;
}

static enum unit_verdict turn(void)
{
	struct pollfd fd;

	assert_int_equal(prover_pollfds(&prover, &fd, 0), 0);
	assert_int_equal(prover_pollfds(&prover, &fd, 1), 1);
	assert_int_equal(poll(&fd, 1, 5000), 1);
	return prover_step(&prover, T0 + 10);
}

static void hear(uint8_t opcode)
{
	listener_hear(peer, &heard);
	assert_int_equal(heard.bhs[0], opcode);
}

static bool said(const char *text)
{
	return memmem(heard.data, heard.length, text, strlen(text) + 1) != NULL;
}

static void say(const uint8_t *pdu, size_t length)
{
	assert_int_equal(send(peer, pdu, length, 0), length);
}

static void say_header(uint8_t opcode)
{
	const uint8_t bhs[48] = {opcode, 0x80};

	say(bhs, sizeof(bhs));
}

static void take_connection(void)
{
	while (prover.attempt.state == ATTEMPT_CONNECTING)
		assert_int_equal(turn(), UNIT_PENDING);
	peer = listener_take(listener, peer);
	hear(ISCSI_OP_LOGIN | ISCSI_IMMEDIATE_BIT);
}

static enum unit_verdict answer_login(uint16_t status, const char *text, size_t length)
{
	uint8_t pdu[48 + 256] = {ISCSI_OP_LOGIN_RESPONSE, 0x87, [7] = (uint8_t)length, [15] = 1, [35] = 77};

	memcpy(pdu + 8, heard.bhs + 8, 6);
	memcpy(pdu + 16, heard.bhs + 16, 4);
	pdu[27] = 9;
	pdu[36] = (uint8_t)(status >> 8);
	pdu[37] = (uint8_t)status;
	memcpy(pdu + 48, text, length);
	say(pdu, 48 + pdu_padded(length));
	return turn();
}

/* Until the questions may be asked. */
static void log_in(void)
{
	start(false);
	take_connection();
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	assert_int_equal(prover.state, PROVER_ASKING);
	assert_int_equal(prover.answer_ms, T0 + 10 + 1000 * plan.params.value[PARAM_LOGIN_TIMEOUT]);
}

static void assert_over(enum unit_verdict verdict, const char *text)
{
	assert_int_equal(prover.state, PROVER_DONE);
	assert_int_equal(prover.verdict, verdict);
	assert_non_null(strstr(prover.text, text));
	assert_int_equal(prover_pollfds(&prover, &(struct pollfd){0}, 1), 0);
	assert_int_equal(prover_step(&prover, T0), verdict);
	assert_int_equal(prover_ask(&prover, T0), verdict);
	assert_int_equal(prover_late(&prover, T0 + 999999), verdict);
	assert_int_equal(prover.attempt.connect.fd, -1);
}

/* ---- what must hold ---- */

/* As many as the target's window takes at a time. */
static void each_answer_makes_room_for_a_question(void **state)
{
	(void)state;
	log_in();
	proof.questions = 1;
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_int_equal(proof.asked, 1);
	proof.questions = 1;
	proof.verdict = UNIT_PENDING;
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(proof.taken, 1);
	assert_int_equal(proof.asked, 2);
}

/* A target that reads slowly: what did not fit into the socket goes on when there is room, and so do the questions. */
static void questions_wait_for_room(void **state)
{
	static uint8_t bytes[65536];
	int asked;

	(void)state;
	log_in();
	proof.questions = 1 << 24;
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	asked = proof.asked;
	assert_true(proof.questions > 0);
	for (int i = 0; i < 1000 && proof.asked == asked; i++) {
		assert_true(recv(peer, bytes, sizeof(bytes), 0) > 0);
		if (poll(&(struct pollfd){.fd = prover.attempt.connect.fd, .events = POLLOUT}, 1, 10) == 1)
			assert_int_equal(turn(), UNIT_PENDING);
	}
	assert_true(proof.asked > asked);
	assert_int_equal(prover.state, PROVER_ASKING);
}

/* Before the kernel's login there is no address yet: what a child looks up is waited for and taken. */
static void it_looks_its_portal_up_where_it_is_first(void **state)
{
	(void)state;
	strcpy(portal.host, "localhost");
	start(true);
	assert_int_equal(prover.attempt.state, ATTEMPT_RESOLVING);
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(prover.attempt.state, ATTEMPT_CONNECTING);
	take_connection();
}

static void it_logs_in_as_the_session_does_but_with_its_own_isid(void **state)
{
	(void)state;
	plan.params.value[PARAM_HEADER_DIGEST] = DIGEST_CRC32C_NONE;
	start(false);
	assert_int_equal(prover.state, PROVER_LOGIN);
	take_connection();
	assert_memory_equal(heard.bhs + 8, isid, 6);
	assert_true(said("TargetName=iqn.2026-01.test:disk"));
	assert_true(said("SessionType=Normal"));
	assert_true(said("MaxRecvDataSegmentLength=8192"));
	assert_true(said("HeaderDigest=CRC32C,None"));
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	assert_ptr_equal(proof.units, units);
	assert_int_equal(proof.count, 2);
	assert_int_equal(proof.cmd_sn, 1);
	assert_int_equal(proof.exp_stat_sn, 10);
	assert_int_equal(proof.max_cmd_sn, 77);
}

static void it_asks_when_the_kernel_is_logged_in_and_not_before(void **state)
{
	(void)state;
	log_in();
	assert_int_equal(proof.asked, 0);
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_int_equal(proof.asked, 2);
	hear(ISCSI_OP_SCSI_COMMAND);
	hear(ISCSI_OP_SCSI_COMMAND);
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(turn(), UNIT_PENDING);
	say((const uint8_t[48 + 4]){ISCSI_OP_DATA_IN, 0x80, [7] = 4}, 48 + 4); /* no digests were agreed on */
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(proof.taken, 2);
	proof.verdict = UNIT_SAME;
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(turn(), UNIT_SAME);
	assert_over(UNIT_SAME, "");
	hear(ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT); /* it does not just vanish */
	assert_int_equal(recv(peer, heard.data, 1, 0), 0);
}

/* The kernel's login may be done before ours. */
static void it_asks_at_once_when_it_was_told_to_before(void **state)
{
	(void)state;
	start(false);
	take_connection();
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_int_equal(proof.asked, 0);
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	hear(ISCSI_OP_SCSI_COMMAND);
	proof.verdict = UNIT_OTHER;
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(turn(), UNIT_OTHER);
	assert_over(UNIT_OTHER, "LUN 1 is what it is");
}

/* The kernel's login may have taken long. */
static void questions_have_their_time_from_when_they_are_asked(void **state)
{
	const int64_t limit = (int64_t)plan.params.value[PARAM_LOGIN_TIMEOUT] * 1000;

	(void)state;
	log_in();
	assert_int_equal(prover_ask(&prover, T0 + 100000), UNIT_PENDING);
	assert_in_range(prover_deadline(&prover), T0 + 100000 + limit, T0 + 100000 + 8 * limit);
}

static void name_of_one_letter_is_one(void **state)
{
	(void)state;
	strcpy(plan.chap.username, "m");
	plan.chap.password.length = 12;
	start(false);
	take_connection();
	assert_ptr_equal(prover.attempt.login.config.chap, &plan.chap);
}

static void only_a_login_gets_more_time_when_questions_may_be_asked(void **state)
{
	(void)state;
	start(false);
	assert_int_equal(prover.attempt.state, ATTEMPT_CONNECTING);
	prover.attempt.deadline_ms = T0 + 5;
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_int_equal(prover_deadline(&prover), T0 + 5); /* the race's own */
	prover.attempt.state = ATTEMPT_LOGIN;
	prover.attempt.deadline_ms = T0 + 10000000;
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_int_equal(prover_deadline(&prover), T0 + 10000000);
}

/* In the kernel session's own place: that one may come only when this one is gone. */
static void it_is_gone_before_the_verdict_counts(void **state)
{
	for (int answered = 0; answered < 2; answered++) {
		end(state);
		begin(state);
		start(true);
		take_connection();
		assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
		hear(ISCSI_OP_SCSI_COMMAND); /* nobody has to be waited for */
		hear(ISCSI_OP_SCSI_COMMAND);
		proof.verdict = UNIT_SAME;
		say_header(ISCSI_OP_SCSI_RESPONSE);
		assert_int_equal(turn(), UNIT_PENDING);
		assert_int_equal(prover.state, PROVER_LEAVING);
		hear(ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT);
		say_header(ISCSI_OP_NOP_IN);
		assert_int_equal(turn(), UNIT_PENDING);
		if (answered)
			say_header(ISCSI_OP_LOGOUT_RESPONSE);
		else
			assert_int_equal(shutdown(peer, SHUT_WR), 0);
		assert_int_equal(turn(), UNIT_SAME);
		assert_over(UNIT_SAME, "");
	}
}

static void login_that_is_refused_proves_nothing(void **state)
{
	(void)state;
	start(false);
	take_connection();
	assert_int_equal(answer_login(0x0302, "", 0), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "the login for the proof of its LUNs failed: the target refused the login");
}

static void login_without_an_answer_is_tried_otherwise_once(void **state)
{
	(void)state;
	start(false);
	take_connection();
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_int_equal(turn(), UNIT_PENDING);
	(void)close(peer);
	peer = -1;
	/* The address was given for the first connection; the next one goes to the portal. */
	take_connection();
	assert_int_equal(heard.bhs[1] & 0x0c, 0); /* the security stage */
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_int_equal(turn(), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "the connection broke");
}

static void nobody_there_proves_nothing(void **state)
{
	(void)state;
	(void)close(listener);
	start(false);
	if (prover.state != PROVER_DONE)
		assert_int_equal(turn(), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "cannot connect");
	listener = -1;
}

static void connection_that_breaks_has_its_reason(void **state)
{
	static const struct {
		const char *digest; /* that is agreed on */
		uint8_t length[2];  /* of the next PDU's data */
		bool reset;
		const char *why;
	} rows[] = {
		{"", {0, 0}, false, "the target closed it"},
		{"", {0x20, 1}, false, "a PDU that is too long"},
		{"HeaderDigest=CRC32C", {0, 4}, false, "a digest is wrong"},
		{"DataDigest=CRC32C", {0, 4}, false, "a digest is wrong"},
		{"", {0, 0}, true, "Connection reset"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t pdu[48 + 8] = {ISCSI_OP_DATA_IN, 0x80, [6] = rows[i].length[0], [7] = rows[i].length[1]};
		const struct linger reset = {.l_onoff = 1};
		size_t length = strlen(rows[i].digest);

		end(state);
		begin(state);
		plan.params.value[PARAM_HEADER_DIGEST] = plan.params.value[PARAM_DATA_DIGEST] = DIGEST_CRC32C_NONE;
		start(false);
		take_connection();
		assert_int_equal(answer_login(0, rows[i].digest, length ? length + 1 : 0), UNIT_PENDING);
		assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
		if (rows[i].length[0] || rows[i].length[1]) {
			say(pdu, sizeof(pdu));
		} else if (rows[i].reset) {
			assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
			(void)close(peer);
			peer = -1;
		} else {
			assert_int_equal(shutdown(peer, SHUT_WR), 0);
		}
		assert_int_equal(turn(), UNIT_BROKEN);
		assert_over(UNIT_BROKEN, rows[i].why);
		assert_non_null(strstr(prover.text, "the connection for the proof of its LUNs broke: "));
		assert_int_equal(proof.taken, 0);
	}
}

/* What has broken is not left politely. */
static void target_that_breaks_the_rules_is_not_logged_out_from(void **state)
{
	(void)state;
	start(true);
	take_connection();
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	proof.verdict = UNIT_BROKEN;
	say_header(ISCSI_OP_REJECT);
	assert_int_equal(turn(), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "LUN 1 is what it is");
}

static void one_that_takes_too_long_says_what_it_waits_for(void **state)
{
	(void)state;
	start(false);
	take_connection();
	assert_int_equal(prover_late(&prover, T0 + 999999), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "does not answer the login for the proof");
	log_in();
	assert_int_equal(prover_late(&prover, T0 + 999999), UNIT_BROKEN);
	assert_over(UNIT_BROKEN, "does not answer the questions about its LUNs");
	start(true);
	take_connection();
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	proof.verdict = UNIT_NOT_READY;
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(prover_late(&prover, T0 + 999999),
			 UNIT_NOT_READY); /* the verdict is known: only the logout is not answered */
	assert_over(UNIT_NOT_READY, "LUN 1 is what it is");
}

static void stopped_it_logs_out_and_leaves_nothing_open(void **state)
{
	(void)state;
	log_in();
	prover_stop(&prover);
	assert_int_equal(prover.state, PROVER_IDLE);
	assert_int_equal(prover_pollfds(&prover, &(struct pollfd){0}, 1), 0);
	hear(ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT);
	assert_int_equal(recv(peer, heard.data, 1, 0), 0);
	start(false);
	take_connection();
	prover_stop(&prover);
	assert_int_equal(recv(peer, heard.data, 1, 0), 0); /* there was no session yet */
	prover_stop(&prover);
	start(false);
	take_connection();
	start(false); /* whoever begins anew has stopped before */
	assert_int_equal(recv(peer, heard.data, 1, 0), 0);
}

/* A target that talks without an end does not keep the loop from the other sessions. */
static void so_many_pdus_are_taken_at_a_time(void **state)
{
	static uint8_t many[100 * 48];

	(void)state;
	log_in();
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	for (size_t i = 0; i < sizeof(many); i += 48)
		many[i] = ISCSI_OP_NOP_IN;
	say(many, sizeof(many));
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(proof.taken, 64);
	assert_int_equal(turn(), UNIT_PENDING);
	assert_int_equal(proof.taken, 100);
	assert_int_equal(prover_step(&prover, T0), UNIT_PENDING); /* nothing there */
	assert_int_equal(proof.taken, 100);
}

/* What the kernel's session has learned of the target, and what it knows of names. */
static void it_begins_with_what_the_session_knows(void **state)
{
	(void)state;
	lessons.start_in_security = true;
	names.has_files = true;
	strcpy(names.known[0].host, "portal.invalid");
	names.known[0].count = 1;
	names.known[0].addresses[0] = address;
	strcpy(portal.host, "portal.invalid");
	start(true);
	while (prover.attempt.state == ATTEMPT_RESOLVING)
		assert_int_equal(turn(), UNIT_PENDING);
	take_connection();
	assert_int_equal(heard.bhs[1] & 0x0c, 0); /* the security stage */
}

static void every_wait_has_a_deadline(void **state)
{
	const int64_t limit = (int64_t)plan.params.value[PARAM_LOGIN_TIMEOUT] * 1000;

	(void)state;
	assert_true(prover_deadline(&prover) == INT64_MAX);
	start(true);
	assert_in_range(prover_deadline(&prover), T0 + 1, T0 + 8 * limit);
	take_connection();
	assert_in_range(prover_deadline(&prover), T0 + 1, T0 + 10 + 8 * limit);
	assert_int_equal(answer_login(0, "", 0), UNIT_PENDING);
	assert_int_equal(prover.state, PROVER_ASKING);
	assert_in_range(prover_deadline(&prover), T0 + limit, T0 + 10 + 8 * limit);
	proof.verdict = UNIT_OTHER;
	say_header(ISCSI_OP_SCSI_RESPONSE);
	assert_int_equal(poll(&(struct pollfd){.fd = prover.wire.fd, .events = POLLIN}, 1, 5000), 1);
	assert_int_equal(prover_step(&prover, T0 + 100000), UNIT_PENDING);
	assert_int_equal(prover.state, PROVER_LEAVING); /* each wait has its own time */
	assert_in_range(prover_deadline(&prover), T0 + 100000 + limit, T0 + 100000 + 8 * limit);
	assert_int_equal(prover_late(&prover, T0 + 100000 + 8 * limit), UNIT_OTHER);
	assert_true(prover_deadline(&prover) == INT64_MAX);
	start(true);
	assert_int_equal(prover_ask(&prover, T0), UNIT_PENDING);
	assert_string_equal(prover.text, ""); /* of this run nothing is known */
	assert_int_equal(prover.verdict, UNIT_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_answer_makes_room_for_a_question, begin, end),
		cmocka_unit_test_setup_teardown(questions_wait_for_room, begin, end),
		cmocka_unit_test_setup_teardown(it_looks_its_portal_up_where_it_is_first, begin, end),
		cmocka_unit_test_setup_teardown(it_logs_in_as_the_session_does_but_with_its_own_isid, begin, end),
		cmocka_unit_test_setup_teardown(it_asks_when_the_kernel_is_logged_in_and_not_before, begin, end),
		cmocka_unit_test_setup_teardown(it_asks_at_once_when_it_was_told_to_before, begin, end),
		cmocka_unit_test_setup_teardown(questions_have_their_time_from_when_they_are_asked, begin, end),
		cmocka_unit_test_setup_teardown(name_of_one_letter_is_one, begin, end),
		cmocka_unit_test_setup_teardown(only_a_login_gets_more_time_when_questions_may_be_asked, begin, end),
		cmocka_unit_test_setup_teardown(it_is_gone_before_the_verdict_counts, begin, end),
		cmocka_unit_test_setup_teardown(login_that_is_refused_proves_nothing, begin, end),
		cmocka_unit_test_setup_teardown(login_without_an_answer_is_tried_otherwise_once, begin, end),
		cmocka_unit_test_setup_teardown(nobody_there_proves_nothing, begin, end),
		cmocka_unit_test_setup_teardown(connection_that_breaks_has_its_reason, begin, end),
		cmocka_unit_test_setup_teardown(target_that_breaks_the_rules_is_not_logged_out_from, begin, end),
		cmocka_unit_test_setup_teardown(one_that_takes_too_long_says_what_it_waits_for, begin, end),
		cmocka_unit_test_setup_teardown(stopped_it_logs_out_and_leaves_nothing_open, begin, end),
		cmocka_unit_test_setup_teardown(it_begins_with_what_the_session_knows, begin, end),
		cmocka_unit_test_setup_teardown(every_wait_has_a_deadline, begin, end),
		cmocka_unit_test_setup_teardown(so_many_pdus_are_taken_at_a_time, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
