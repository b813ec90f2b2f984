/* The login conversation against scripted transcripts: what it sends, what it takes, what it refuses and how it says so.
 * The hostile target (test/net/hostile.t) has the long table; here stand the requests' bytes and the ways through.
 */
/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bytes.h"
#include "proto/keys.h"

#define ITT 0x01020304u

enum { SECURITY = 0x00, OPERATIONAL = 0x04, T = 0x80, C = 0x40, TO_OPERATIONAL = 1, TO_FULL = 3 };

static struct login login;
static struct login_pdu request;
static struct params offer;
static struct chap_config chap;
static struct login_config config;
static uint32_t stat_sn;

static int set_up(void **state)
{
	(void)state;
	params_default(&offer);
	memset(&chap, 0, sizeof(chap));
	memset(&request, 0xee, sizeof(request));
	config = (struct login_config){
		.initiator_name = "iqn.2026-01.test:i",
		.target_name = "iqn.2026-01.test:t",
		.isid = {0x00, 0x02, 0x3d, 0x00, 0x00, 0x07},
		.itt = ITT,
		.cid = 1,
		.cmd_sn = 9,
		.offer = &offer,
		.challenge = {1, 2, 3, 4},
		.challenge_id = 77,
	};
	stat_sn = 0x80000000u;
	return 0;
}

static void set_secret(struct chap_secret *secret, const char *text)
{
	secret->length = (uint16_t)strlen(text);
	memcpy(secret->bytes, text, secret->length);
}

static void use_chap(bool mutual)
{
	(void)snprintf(chap.username, sizeof(chap.username), "user");
	set_secret(&chap.password, "insecret1234");
	if (mutual) {
		(void)snprintf(chap.username_in, sizeof(chap.username_in), "them");
		set_secret(&chap.password_in, "outsecret1234");
	}
	config.chap = &chap;
}

/* ---- the target's side ---- */

struct fields {
	uint8_t opcode, version, ahs;
	uint16_t tsih, status;
	uint32_t itt;
	uint8_t isid[6];
	int length_added; /* to that of the data segment, in the header */
};

static struct fields honest(uint8_t flags)
{
	struct fields f = {.opcode = 0x23, .itt = ITT, .tsih = (flags & (T | 3)) == (T | TO_FULL) ? 0x55 : 0};

	memcpy(f.isid, config.isid, 6);
	return f;
}

static enum login_action respond_with(const struct fields *f, uint8_t flags, const void *text, size_t length)
{
	uint8_t bhs[48];
	struct writer w = writer_of(bhs, sizeof(bhs));

	write_u8(&w, f->opcode);
	write_u8(&w, flags);
	write_u8(&w, 0);
	write_u8(&w, f->version);
	write_u8(&w, f->ahs);
	write_be24(&w, (uint32_t)((int)length + f->length_added));
	write_bytes(&w, f->isid, 6);
	write_be16(&w, f->tsih);
	write_be32(&w, f->itt);
	write_zeros(&w, 4);
	write_be32(&w, stat_sn++);
	write_be32(&w, 10);
	write_be32(&w, 20);
	write_be16(&w, f->status);
	write_zeros(&w, 10);
	assert_false(w.bad);
	return login_step(&login, bhs, text, length, &request);
}

static enum login_action respond_bytes(uint8_t flags, const void *text, size_t length)
{
	struct fields f = honest(flags);

	return respond_with(&f, flags, text, length);
}

/* Pairs are joined with ';' for the reader's sake. */
static enum login_action respond(uint8_t flags, const char *pairs)
{
	char text[4096];
	size_t length = strlen(pairs);

	assert_true(length < sizeof(text));
	for (size_t i = 0; i <= length; i++)
		text[i] = pairs[i] == ';' ? '\0' : pairs[i];
	return respond_bytes(flags, text, length ? length + 1 : 0);
}

static enum login_action refuse(uint16_t status, const char *pairs)
{
	struct fields f = honest(0);
	char text[512];
	size_t length = strlen(pairs);

	for (size_t i = 0; i <= length; i++)
		text[i] = pairs[i] == ';' ? '\0' : pairs[i];
	f.status = status;
	return respond_with(&f, 0, text, length ? length + 1 : 0);
}

/* The text of the last request, its NULs as ';'. */
static const char *sent(void)
{
	static char text[LOGIN_DATA_MAX + 1];

	for (size_t i = 0; i < request.length; i++)
		text[i] = request.data[i] ? (char)request.data[i] : ';';
	text[request.length] = '\0';
	return text;
}

static void assert_failed(enum login_error error, const char *words)
{
	const struct login_failure *failure = login_get_failure(&login);

	if (!strstr(failure->text, words))
		fail_msg("'%s' does not say '%s'", failure->text, words);
	assert_int_equal(failure->error, error);
}

static void start(void)
{
	assert_int_equal(login_start(&login, &config, &request), LOGIN_SEND);
}

static int32_t negotiated(enum param param)
{
	return login_get_result(&login)->negotiated.value[param];
}

#define OPERATIONAL_KEYS                                                                                      \
	"HeaderDigest=None;DataDigest=None;MaxRecvDataSegmentLength=262144;FirstBurstLength=262144;"          \
	"MaxBurstLength=16776192;InitialR2T=No;ImmediateData=Yes;DataPDUInOrder=Yes;DataSequenceInOrder=Yes;" \
	"MaxOutstandingR2T=1;ErrorRecoveryLevel=0;DefaultTime2Wait=2;DefaultTime2Retain=0;MaxConnections=1;"
#define LEADING "InitiatorName=iqn.2026-01.test:i;TargetName=iqn.2026-01.test:t;SessionType=Normal;"
#define ANSWERS                                                                                                     \
	"TargetPortalGroupTag=3;TargetAlias=disk;HeaderDigest=None;DataDigest=None;MaxRecvDataSegmentLength=65536;" \
	"FirstBurstLength=131072;MaxBurstLength=1048576;InitialR2T=Yes;ImmediateData=No;DataPDUInOrder=Yes;"        \
	"DataSequenceInOrder=Yes;MaxOutstandingR2T=1;ErrorRecoveryLevel=0;DefaultTime2Wait=5;DefaultTime2Retain=0;" \
	"MaxConnections=1"

/* ---- the ways through ---- */

static void one_request_asks_for_everything_and_full_feature_phase(void **state)
{
	static const uint8_t header[] = {0x43, T | OPERATIONAL | TO_FULL,
					 0,    0,
					 0,    0,
					 0,    0,
					 0x00, 0x02,
					 0x3d, 0,
					 0,    7,
					 0,    0,
					 1,    2,
					 3,    4,
					 0,    1,
					 0,    0,
					 0,    0,
					 0,    9};

	(void)state;
	start();
	assert_string_equal(sent(), LEADING OPERATIONAL_KEYS);
	request.bhs[6] = request.bhs[7] = 0;
	assert_memory_equal(request.bhs, header, sizeof(header));
}

static void an_agreeing_target_needs_one_round_trip(void **state)
{
	const struct login_result *result = login_get_result(&login);

	(void)state;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);
	assert_int_equal(result->tsih, 0x55);
	assert_int_equal(result->tpgt, 3);
	assert_int_equal(result->exp_stat_sn, 0x80000001u);
	assert_int_equal(result->exp_cmd_sn, 10);
	assert_string_equal(result->target_alias, "disk");
	assert_int_equal(negotiated(PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH), 65536);
	assert_int_equal(negotiated(PARAM_MAX_RECV_DATA_SEGMENT_LENGTH), 262144);
	assert_int_equal(negotiated(PARAM_FIRST_BURST_LENGTH), 131072);
	assert_int_equal(negotiated(PARAM_MAX_BURST_LENGTH), 1048576);
	assert_int_equal(negotiated(PARAM_INITIAL_R2T), 1);
	assert_int_equal(negotiated(PARAM_IMMEDIATE_DATA), 0);
	assert_int_equal(negotiated(PARAM_DEFAULT_TIME2WAIT), 5);
	assert_int_equal(result->negotiated.source[PARAM_MAX_BURST_LENGTH], SOURCE_NEGOTIATED);
}

static void a_silent_target_gets_the_rfcs_defaults_within_our_offer(void **state)
{
	(void)state;
	offer.value[PARAM_MAX_BURST_LENGTH] = 4096;
	offer.value[PARAM_IMMEDIATE_DATA] = 0;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
	assert_int_equal(negotiated(PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH), 8192);
	assert_int_equal(negotiated(PARAM_MAX_BURST_LENGTH), 4096);
	assert_int_equal(negotiated(PARAM_FIRST_BURST_LENGTH), 4096);
	assert_int_equal(negotiated(PARAM_IMMEDIATE_DATA), 0);
	assert_int_equal(negotiated(PARAM_INITIAL_R2T), 1);
	assert_int_equal(negotiated(PARAM_DEFAULT_TIME2RETAIN), 0);
	assert_int_equal(login_get_result(&login)->tpgt, -1);
}

static void what_we_send_is_bounded_by_the_target_and_by_us(void **state)
{
	(void)state;
	offer.value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH] = 1024;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "MaxRecvDataSegmentLength=65536"), LOGIN_DONE);
	assert_int_equal(negotiated(PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH), 1024);
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
	assert_int_equal(negotiated(PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH), 1024);
}

static void digests_are_lists_and_the_targets_choice_holds(void **state)
{
	(void)state;
	offer.value[PARAM_HEADER_DIGEST] = DIGEST_CRC32C_NONE;
	offer.value[PARAM_DATA_DIGEST] = DIGEST_NONE_CRC32C;
	start();
	assert_non_null(strstr(sent(), "HeaderDigest=CRC32C,None;DataDigest=None,CRC32C;"));
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "HeaderDigest=CRC32C;DataDigest=None"), LOGIN_DONE);
	assert_int_equal(negotiated(PARAM_HEADER_DIGEST), DIGEST_CRC32C);
	assert_int_equal(negotiated(PARAM_DATA_DIGEST), DIGEST_NONE);
}

static void a_digest_that_is_not_answered_is_none_unless_we_insist(void **state)
{
	static const struct {
		enum param param;
		const char *words;
	} rows[] = {{PARAM_HEADER_DIGEST, "the target did not answer HeaderDigest=CRC32C"},
		    {PARAM_DATA_DIGEST, "the target did not answer DataDigest=CRC32C"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		params_default(&offer);
		offer.value[rows[i].param] = DIGEST_CRC32C_NONE;
		start();
		assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
		assert_int_equal(negotiated(rows[i].param), DIGEST_NONE);
		offer.value[rows[i].param] = DIGEST_CRC32C;
		start();
		assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_FAILED);
		assert_failed(LOGIN_NEGOTIATION, rows[i].words);
		start();
		assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND); /* it may come later */
		assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "HeaderDigest=CRC32C;DataDigest=CRC32C"),
				 LOGIN_FAILED);
		assert_failed(LOGIN_NEGOTIATION, "expected None (if the target insists, allow it with ");
	}
}

static void the_security_stage_comes_first_when_the_target_insisted(void **state)
{
	(void)state;
	start();
	assert_int_equal(refuse(0x0201, ""), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_security);
	config.lessons.start_in_security = true;
	start();
	assert_string_equal(sent(), LEADING "AuthMethod=None,CHAP;");
	assert_int_equal(request.bhs[1], T | SECURITY | TO_OPERATIONAL);
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, "AuthMethod=None"), LOGIN_SEND);
	assert_string_equal(sent(), OPERATIONAL_KEYS);
	assert_int_equal(request.bhs[1], T | OPERATIONAL | TO_FULL);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);
}

static void a_response_of_the_security_stage_makes_us_begin_there(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, "AuthMethod=None"), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_security);
	start();
	assert_int_equal(respond(OPERATIONAL, "AuthMethod=CHAP"), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_security);
	assert_failed(LOGIN_AUTH_MISSING, "username=");
	config.lessons.start_in_security = true;
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_security);
	assert_failed(LOGIN_AUTH_MISSING, "username=");
}

static void no_keys_are_declared_twice(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(OPERATIONAL, ANSWERS), LOGIN_SEND);
	assert_string_equal(sent(), "");
	assert_int_equal(request.bhs[1], T | OPERATIONAL | TO_FULL);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
	assert_int_equal(login_get_result(&login)->exp_stat_sn, 0x80000002u);
}

static void a_discovery_session_negotiates_less(void **state)
{
	(void)state;
	config.target_name = "";
	start();
	assert_string_equal(sent(), "InitiatorName=iqn.2026-01.test:i;SessionType=Discovery;HeaderDigest=None;"
				    "DataDigest=None;MaxRecvDataSegmentLength=262144;ErrorRecoveryLevel=0;"
				    "DefaultTime2Wait=2;DefaultTime2Retain=0;");
	assert_int_equal(respond(OPERATIONAL, "MaxBurstLength=512;ErrorRecoveryLevel=0"), LOGIN_SEND);
	assert_string_equal(sent(), "MaxBurstLength=Irrelevant;");
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
}

static void text_split_by_the_c_bit_is_joined_wherever_it_is_split(void **state)
{
	char text[] = ANSWERS;
	size_t length = sizeof(text);

	(void)state;
	for (size_t i = 0; i < length; i++)
		text[i] = text[i] == ';' ? '\0' : text[i];
	for (size_t at = 0; at <= length; at++) {
		start();
		assert_int_equal(respond_bytes(C | OPERATIONAL, text, at), LOGIN_SEND);
		assert_int_equal(request.length, 0);
		assert_int_equal(request.bhs[1], OPERATIONAL);
		assert_int_equal(respond_bytes(T | OPERATIONAL | TO_FULL, text + at, length - at), LOGIN_DONE);
		assert_int_equal(negotiated(PARAM_MAX_BURST_LENGTH), 1048576);
		assert_int_equal(negotiated(PARAM_DEFAULT_TIME2WAIT), 5);
	}
}

static void our_own_long_text_is_split_by_the_c_bit(void **state)
{
	char text[8192];
	size_t length = 0, answers = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "X-%03d=1", i) + 1;
		answers += strlen("X-000=NotUnderstood") + 1;
	}
	start();
	assert_int_equal(respond_bytes(OPERATIONAL, text, length), LOGIN_SEND);
	assert_int_equal(request.length, LOGIN_DATA_MAX);
	assert_int_equal(request.bhs[1], C | OPERATIONAL);
	assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(request.length, answers - LOGIN_DATA_MAX);
	assert_int_equal(request.bhs[1], T | OPERATIONAL | TO_FULL);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);
}

static void what_the_target_asks_is_answered_by_the_result_functions(void **state)
{
	static const struct {
		const char *asks, *answer;
	} rows[] = {
		{"HeaderDigest=CRC32C,None", "HeaderDigest=None;"},
		{"HeaderDigest=MD5,X,None", "HeaderDigest=None;"},
		{"MaxRecvDataSegmentLength=512", ""},
		{"ErrorRecoveryLevel=2", "ErrorRecoveryLevel=0;"},
		{"DefaultTime2Wait=20", "DefaultTime2Wait=20;"},
		{"DefaultTime2Wait=0", "DefaultTime2Wait=2;"},
		{"DefaultTime2Retain=20", "DefaultTime2Retain=0;"},
		{"X-com.example=anything", "X-com.example=NotUnderstood;"},
		{"Nonsense=None", "Nonsense=NotUnderstood;"},
		{"IFMarker=Yes;OFMarker=Yes", "IFMarker=No;OFMarker=No;"},
		{"IFMarkInt=1~65535", "IFMarkInt=Reject;"},
		{"TaskReporting=FastAbort", "TaskReporting=RFC3720;"},
		{"X-a=NotUnderstood;X-b=Reject;X-c=Irrelevant", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		login.keys_sent = 0; /* as if nothing had been offered yet */
		assert_int_equal(respond(OPERATIONAL, rows[i].asks), LOGIN_SEND);
		assert_string_equal(sent(), rows[i].answer);
	}
}

/* A normal session, in which none of our keys was offered. */
static void bursts_and_flags_that_the_target_offers_are_combined(void **state)
{
	static const struct {
		const char *asks, *answer;
	} rows[] = {
		{"FirstBurstLength=16777215", "FirstBurstLength=262144;"},
		{"FirstBurstLength=512", "FirstBurstLength=512;"},
		{"MaxBurstLength=0x200", "MaxBurstLength=512;"},
		{"InitialR2T=No", "InitialR2T=No;"},
		{"InitialR2T=Yes", "InitialR2T=Yes;"},
		{"ImmediateData=No", "ImmediateData=No;"},
		{"ImmediateData=Yes", "ImmediateData=Yes;"},
		{"DataPDUInOrder=No", "DataPDUInOrder=Yes;"},
		{"MaxOutstandingR2T=65535", "MaxOutstandingR2T=1;"},
		{"MaxConnections=65535", "MaxConnections=1;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		login.keys_sent = 0;
		assert_int_equal(respond(OPERATIONAL, rows[i].asks), LOGIN_SEND);
		assert_string_equal(sent(), rows[i].answer);
	}
}

/* ---- ranges: every edge ---- */

static void every_range_has_its_edges(void **state)
{
	static const struct {
		const char *key;
		enum { REFUSED, TAKEN, BOUNDED } outcome;
	} rows[] = {
		{"MaxRecvDataSegmentLength=511", REFUSED},
		{"MaxRecvDataSegmentLength=512", TAKEN},
		{"MaxRecvDataSegmentLength=16777215", TAKEN},
		{"MaxRecvDataSegmentLength=16777216", BOUNDED},
		{"FirstBurstLength=511", REFUSED},
		{"FirstBurstLength=512", TAKEN},
		{"FirstBurstLength=262144", TAKEN},
		{"FirstBurstLength=262145", BOUNDED},
		{"MaxBurstLength=511", REFUSED},
		{"MaxBurstLength=512", TAKEN},
		{"MaxBurstLength=16776192", TAKEN},
		{"MaxBurstLength=16776193", BOUNDED},
		{"MaxOutstandingR2T=0", REFUSED},
		{"MaxOutstandingR2T=1", TAKEN},
		{"MaxOutstandingR2T=2", BOUNDED},
		{"MaxConnections=0", REFUSED},
		{"MaxConnections=1", TAKEN},
		{"MaxConnections=2", BOUNDED},
		{"ErrorRecoveryLevel=0", TAKEN},
		{"ErrorRecoveryLevel=1", BOUNDED},
		{"DefaultTime2Wait=1", BOUNDED},
		{"DefaultTime2Wait=2", TAKEN},
		{"DefaultTime2Wait=3600", TAKEN},
		{"DefaultTime2Wait=3601", BOUNDED},
		{"DefaultTime2Retain=0", TAKEN},
		{"DefaultTime2Retain=1", BOUNDED},
		{"TargetPortalGroupTag=65535", TAKEN},
		{"TargetPortalGroupTag=65536", BOUNDED},
		{"MaxBurstLength=0x1000", TAKEN},
		{"MaxBurstLength=", REFUSED},
		{"MaxBurstLength=0x", REFUSED},
		{"InitialR2T=yes", REFUSED},
		{"HeaderDigest=crc32c", REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[40];

		start();
		assert_int_equal(respond(T | OPERATIONAL | TO_FULL, rows[i].key),
				 rows[i].outcome == REFUSED ? LOGIN_FAILED : LOGIN_DONE);
		(void)snprintf(name, sizeof(name), "%.*s=", (int)strcspn(rows[i].key, "="), rows[i].key);
		if (rows[i].outcome == REFUSED)
			assert_failed(LOGIN_NEGOTIATION, name);
		else
			assert_int_equal(rows[i].outcome == BOUNDED, login_get_result(&login)->tolerated[0] != 0);
	}
}

/* ---- what breaks the RFC ---- */

static void a_header_that_is_not_the_answer_is_refused(void **state)
{
	static const struct {
		const char *words;
		uint8_t opcode, version, ahs;
		uint32_t itt;
	} rows[] = {
		{"opcode 0x3f", 0x3f, 0, 0, ITT},
		{"version 1", 0x23, 1, 0, ITT},
		{"additional header", 0x23, 0, 1, ITT},
		{"Initiator Task Tag", 0x23, 0, 0, ITT + 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fields f = honest(0);

		start();
		f.opcode = rows[i].opcode;
		f.version = rows[i].version;
		f.ahs = rows[i].ahs;
		f.itt = rows[i].itt;
		f.tsih = 0x55;
		assert_int_equal(respond_with(&f, T | OPERATIONAL | TO_FULL, "", 0), LOGIN_FAILED);
		assert_failed(LOGIN_PROTOCOL, rows[i].words);
	}
}

/* Without T, NSG says nothing. */
static void only_a_transit_ends_the_login(void **state)
{
	struct fields f = honest(0);

	(void)state;
	start();
	assert_int_equal(respond_with(&f, OPERATIONAL | TO_FULL, "", 0), LOGIN_SEND);
	assert_string_equal(login_get_result(&login)->tolerated, "");
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
}

static void question_that_was_answered_is_no_open_one(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(OPERATIONAL, "TaskReporting=FastAbort"), LOGIN_SEND);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
}

static void a_stage_that_was_not_asked_for_is_refused(void **state)
{
	const struct login_failure *failure = login_get_failure(&login);
	static const uint8_t flags[] = {T | OPERATIONAL | 1, T | OPERATIONAL | 2, T | C | OPERATIONAL | TO_FULL, 0x08,
					T | 0x0c | TO_FULL};

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		struct fields f = honest(flags[i]);

		start();
		assert_int_equal(respond_with(&f, flags[i], "", 0), LOGIN_FAILED);
		assert_int_equal(failure->error, LOGIN_PROTOCOL);
		assert_false(failure->wants_security);
	}
	start(); /* of the security stage, but too late */
	assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(respond(SECURITY, ""), LOGIN_FAILED);
	assert_false(failure->wants_security);
	config.lessons.start_in_security = true;
	/* early transit: to full feature phase, where the operational stage was asked */
	start();
	assert_int_equal(respond(T | SECURITY | TO_FULL, "AuthMethod=None"), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "stage 3");
}

static void text_that_breaks_the_rfc_is_refused(void **state)
{
	static const struct {
		uint8_t flags;
		const char *text;
		enum login_error error;
		const char *words;
	} rows[] = {
		{OPERATIONAL, "MaxBurstLength=512;MaxBurstLength=512", LOGIN_PROTOCOL, "MaxBurstLength twice"},
		{OPERATIONAL, "SessionType=Normal", LOGIN_PROTOCOL, "only an initiator"},
		{OPERATIONAL, "CHAP_A=5", LOGIN_PROTOCOL, "CHAP_A"},
		{OPERATIONAL, "HeaderDigest=None,None", LOGIN_NEGOTIATION, "HeaderDigest=None,None"},
		{OPERATIONAL, "MaxBurstLength=Reject", LOGIN_NEGOTIATION, "rejects our MaxBurstLength"},
		{OPERATIONAL, "HeaderDigest=Reject", LOGIN_NEGOTIATION,
		 "rejects our HeaderDigest; if it insists on a digest, allow CRC32C"},
		{OPERATIONAL, "MaxBurstLength=None", LOGIN_NEGOTIATION, "MaxBurstLength=None"},
		{T | OPERATIONAL | TO_FULL, "TaskReporting=FastAbort", LOGIN_PROTOCOL, "question"},
		{OPERATIONAL, "no pair", LOGIN_PROTOCOL, "key=value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		assert_int_equal(respond(rows[i].flags, rows[i].text), LOGIN_FAILED);
		assert_failed(rows[i].error, rows[i].words);
	}
	config.lessons.start_in_security = true;
	start();
	assert_int_equal(respond(SECURITY, "MaxBurstLength=512"), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "security stage");
}

/* RFC 7143 6.2: the default counts for a key that was not negotiated, but never more than was offered. */
/* RFC 7143 6.2; of some dozens the first ones are remembered. */
static void unknown_key_comes_once(void **state)
{
	char text[4096] = "";
	size_t used = 0;

	(void)state;
	start();
	assert_int_equal(respond(OPERATIONAL, "X-a=1;X-b=1"), LOGIN_SEND);
	assert_int_equal(respond(OPERATIONAL, "X-c=1;X-b=2"), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "the target sent X-b twice");
	(void)snprintf(text, sizeof(text), "X-%061d=1", 0); /* the longest that there is: RFC 7143 6.1 */
	start();
	assert_int_equal(respond(OPERATIONAL, text), LOGIN_SEND);
	text[63] = '\0';
	assert_memory_equal(sent(), text, 63);
	assert_string_equal(sent() + 63, "=NotUnderstood;");
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "X-%d=1;", i);
	start();
	assert_int_equal(respond(OPERATIONAL, text), LOGIN_SEND);
	assert_non_null(strstr(sent(), "X-99=NotUnderstood;"));
	assert_int_equal(respond(OPERATIONAL, "X-0=2"), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "the target sent X-0 twice");
}

static void key_that_the_target_does_not_know_has_its_default(void **state)
{
	(void)state;
	start();
	assert_int_equal(
		respond(T | OPERATIONAL | TO_FULL,
			"MaxBurstLength=NotUnderstood;FirstBurstLength=Irrelevant;DefaultTime2Wait=NotUnderstood;"
			"MaxRecvDataSegmentLength=NotUnderstood;MaxConnections=NotUnderstood"),
		LOGIN_DONE);
	assert_int_equal(negotiated(PARAM_MAX_BURST_LENGTH), 262144);
	assert_int_equal(negotiated(PARAM_FIRST_BURST_LENGTH), 65536);
	assert_int_equal(negotiated(PARAM_DEFAULT_TIME2WAIT), 2);
	for (int required = 0; required < 2; required++) {
		offer.value[PARAM_HEADER_DIGEST] = required ? DIGEST_CRC32C : DIGEST_CRC32C_NONE;
		start();
		assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "HeaderDigest=NotUnderstood"),
				 required ? LOGIN_FAILED : LOGIN_DONE);
	}
	assert_failed(LOGIN_NEGOTIATION, "HeaderDigest=CRC32C is required, and the target does not know it");
}

static void data_segment_has_the_length_that_its_header_says(void **state)
{
	static const char text[LOGIN_DATA_MAX + 4];
	struct fields f = honest(OPERATIONAL);

	(void)state;
	for (int more = -1; more < 2; more++) {
		start();
		f.length_added = more;
		assert_int_equal(respond_with(&f, OPERATIONAL, "X-a=b\0", 6), more ? LOGIN_FAILED : LOGIN_SEND);
	}
	assert_failed(LOGIN_PROTOCOL, "DataSegmentLength is 7");
	start();
	assert_int_equal(respond_bytes(OPERATIONAL, text, sizeof(text)), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "DataSegmentLength is 8196");
}

/* RFC 7143 6.1: 255 bytes. */
static void value_has_255_bytes_at_most(void **state)
{
	char text[300];

	(void)state;
	for (int length = 255; length <= 256; length++) {
		(void)snprintf(text, sizeof(text), "TargetAlias=%0*d", length, 7);
		start();
		assert_int_equal(respond(OPERATIONAL, text), length > 255 ? LOGIN_FAILED : LOGIN_SEND);
	}
	assert_failed(LOGIN_PROTOCOL, "the value of TargetAlias has 256 bytes");
}

static void assert_tolerated(const char *words)
{
	if (!strstr(login_get_result(&login)->tolerated, words))
		fail_msg("\"%s\", expected \"%s\"", login_get_result(&login)->tolerated, words);
}

static void numbers_that_nothing_depends_on_are_tolerated(void **state)
{
	struct fields f = honest(OPERATIONAL);

	(void)state;
	start();
	f.tsih = 0x55;
	assert_int_equal(respond_with(&f, OPERATIONAL, "", 0), LOGIN_SEND);
	assert_tolerated("TSIH 85, expected 0");
	assert_memory_equal(request.bhs + 14, "\0\0", 2); /* TSIH of a new session */
	f.tsih = 0x56;
	assert_int_equal(respond_with(&f, T | OPERATIONAL | TO_FULL, "", 0), LOGIN_DONE);
	assert_int_equal(login_get_result(&login)->tsih, 0x56);
	start();
	f.tsih = 0;
	f.isid[5] = 8;
	assert_int_equal(respond_with(&f, T | OPERATIONAL | TO_FULL, "", 0), LOGIN_DONE);
	assert_tolerated("no TSIH");
	assert_tolerated("another ISID");
	assert_tolerated("; "); /* between them */
	config.tsih = 0x55;     /* a session that exists */
	start();
	assert_int_equal(respond_with(&f, OPERATIONAL, "", 0), LOGIN_SEND);
	assert_tolerated("TSIH 0, expected 85");
	assert_memory_equal(request.bhs + 14, "\0\x55", 2);
}

static void nothing_comes_while_our_text_is_not_whole(void **state)
{
	static const struct {
		uint8_t flags;
		const char *text, *words;
	} rows[] = {{T | OPERATIONAL | TO_FULL, "", "midst"}, {OPERATIONAL, "TargetAlias=x", "C bit"}};

	(void)state;
	start();
	memset(login.answers, 'x', LOGIN_DATA_MAX);
	login.reply = LOGIN_DATA_MAX; /* just one PDU */
	assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(request.bhs[1], T | OPERATIONAL | TO_FULL);
	for (size_t i = 0; i < 2; i++) {
		start();
		memset(login.answers, 'x', LOGIN_DATA_MAX + 1);
		login.reply = LOGIN_DATA_MAX + 1;
		assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND);
		assert_int_equal(request.bhs[1], C | OPERATIONAL);
		assert_int_equal(respond(rows[i].flags, rows[i].text), LOGIN_FAILED);
		assert_failed(LOGIN_PROTOCOL, rows[i].words);
	}
}

/* Only an initiator names the target; some targets echo it, and one that sends us on may name another. */
/* A target that grants what was not asked for gets the offer, and a line. */
static void flags_beyond_the_offer_are_tolerated(void **state)
{
	(void)state;
	offer.value[PARAM_IMMEDIATE_DATA] = 0;
	offer.value[PARAM_INITIAL_R2T] = 1;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "ImmediateData=Yes;InitialR2T=No"), LOGIN_DONE);
	assert_tolerated("ImmediateData=Yes goes beyond what was offered; InitialR2T=No goes beyond what was offered");
	assert_int_equal(negotiated(PARAM_IMMEDIATE_DATA), 0);
	assert_int_equal(negotiated(PARAM_INITIAL_R2T), 1);
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "ImmediateData=No;InitialR2T=Yes"), LOGIN_DONE);
	assert_string_equal(login_get_result(&login)->tolerated, "");
}

static void name_of_the_target_may_come_back(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "TargetName=iqn.2026-01.test:t"), LOGIN_DONE);
	assert_tolerated("TargetName came back");
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "TargetName=iqn.2026-01.test:other"), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "the target sent TargetName, which only an initiator sends");
	start();
	assert_int_equal(refuse(0x0101, "TargetName=iqn.2026-01.test:other;TargetAddress=192.0.2.7"), LOGIN_MOVED);
	assert_string_equal(login_get_redirect(&login)->name, "iqn.2026-01.test:other");
	assert_tolerated("the redirect names another target");
	start();
	assert_int_equal(refuse(0x0101, "TargetName=no name;TargetAddress=192.0.2.7"), LOGIN_FAILED);
	config.target_name = "";
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "TargetName=iqn.2026-01.test:t"), LOGIN_FAILED);
}

static void stat_sn_counts_by_one(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(OPERATIONAL, ""), LOGIN_SEND);
	assert_memory_equal(request.bhs + 28, "\x80\x00\x00\x01", 4); /* ExpStatSN */
	stat_sn++;
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ""), LOGIN_DONE);
	assert_tolerated("StatSN");
	assert_int_equal(login_get_result(&login)->exp_stat_sn, stat_sn); /* the target's count holds */
}

/* 16384 bytes are one response's text, in as many PDUs as the target likes; one more is not. */
static void text_is_joined_up_to_its_bound(void **state)
{
	static char text[2 * LOGIN_DATA_MAX];
	char *at = text;

	(void)state;
	for (unsigned i = 0; i < 16; i++, at += 1024) {
		memset(at, 'x', 1024);
		(void)snprintf(at, 16, "X-key.%02u", i % 100);
		at[8] = '=';
		at[1023] = '\0';
	}
	for (int more = 0; more < 2; more++) {
		start();
		assert_int_equal(respond_bytes(C | OPERATIONAL, text, LOGIN_DATA_MAX), LOGIN_SEND);
		assert_int_equal(respond_bytes((more ? C : 0) | OPERATIONAL, text + LOGIN_DATA_MAX, LOGIN_DATA_MAX),
				 LOGIN_SEND);
		if (!more) {
			assert_non_null(strstr(sent(), "X-key.00=NotUnderstood"));
			assert_non_null(strstr(sent(), "X-key.15=NotUnderstood"));
			assert_int_equal(respond(OPERATIONAL, "TargetAlias=x"), LOGIN_SEND); /* another text, from 0 */
			continue;
		}
		assert_int_equal(respond_bytes(OPERATIONAL, "", 1), LOGIN_FAILED);
		assert_failed(LOGIN_PROTOCOL, "beyond 16384 bytes");
	}
}

static void a_conversation_without_an_end_is_ended(void **state)
{
	int requests = 1;

	(void)state;
	start();
	while (respond(C | OPERATIONAL, "") == LOGIN_SEND)
		requests++;
	assert_int_equal(requests, LOGIN_EXCHANGES_MAX);
	assert_failed(LOGIN_PROTOCOL, "16 exchanges");
}

static void messages_hold_no_foreign_control_bytes(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "MaxBurstLength=\x1b[31m\n\x80"), LOGIN_FAILED);
	for (const char *c = login_get_failure(&login)->text; *c; c++)
		assert_in_range(*c, 0x20, 0x7e);
}

/* ---- statuses ---- */

static void every_status_has_words_a_code_and_a_class(void **state)
{
	static const struct {
		uint16_t status;
		enum login_retry retry;
		const char *words, *code;
	} rows[] = {
		{0x0200, RETRY_NEVER, "initiator error", "L0200"},
		{0x0202, RETRY_NEVER, "authorization failure", "L0202"},
		{0x0203, RETRY_SHORTLY, "target not found", "L0203"},
		{0x0204, RETRY_SHORTLY, "target removed", "L0204"},
		{0x0205, RETRY_NEVER, "unsupported version", "L0205"},
		{0x0206, RETRY_TRANSIENT, "too many connections", "L0206"},
		{0x0207, RETRY_NEVER, "missing parameter", "L0207"},
		{0x0208, RETRY_TRANSIENT, "cannot include in session", "L0208"},
		{0x0209, RETRY_NEVER, "session type not supported", "L0209"},
		{0x020a, RETRY_TRANSIENT, "session does not exist", "L020A"},
		{0x020b, RETRY_NEVER, "invalid during login", "L020B"},
		{0x02ff, RETRY_NEVER, "initiator error, of a kind that the RFC does not know", "L02FF"},
		{0x0300, RETRY_TRANSIENT, "target error", "L0300"},
		{0x0301, RETRY_TRANSIENT, "service unavailable", "L0301"},
		{0x0302, RETRY_TRANSIENT, "out of resources", "L0302"},
		{0x03ff, RETRY_TRANSIENT, "target error, of a kind that the RFC does not know", "L03FF"},
		{0x0400, RETRY_NEVER, "a status that the RFC does not know", "L0400"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char code[8];

		start();
		assert_int_equal(refuse(rows[i].status, ""), LOGIN_FAILED);
		assert_failed(LOGIN_STATUS, rows[i].words);
		(void)snprintf(code, sizeof(code), "%04x)", rows[i].status);
		assert_failed(LOGIN_STATUS, code);
		assert_int_equal(login_get_failure(&login)->status, rows[i].status);
		assert_int_equal(login_retry(login_get_failure(&login)), rows[i].retry);
		assert_string_equal(login_error_code(login_get_failure(&login), code, sizeof(code)), rows[i].code);
	}
}

static void failures_of_ours_are_permanent_and_have_codes(void **state)
{
	static const struct {
		enum login_error error;
		const char *code;
	} rows[] = {
		{LOGIN_PROTOCOL, "LPROTO"},      {LOGIN_NEGOTIATION, "LNEGO"},    {LOGIN_AUTH_REFUSED, "LAUTH"},
		{LOGIN_AUTH_MISSING, "LNOAUTH"}, {LOGIN_AUTH_ALGORITHM, "LALGO"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct login_failure failure = {.error = rows[i].error};
		char code[8];

		assert_string_equal(login_error_code(&failure, code, sizeof(code)), rows[i].code);
		assert_int_equal(login_retry(&failure), RETRY_NEVER);
	}
}

static void a_moved_target_is_followed(void **state)
{
	const struct login_redirect *to = login_get_redirect(&login);

	(void)state;
	start();
	assert_int_equal(refuse(0x0101, "TargetAddress=[2001:db8::1]:3261,7"), LOGIN_MOVED);
	assert_string_equal(to->host, "2001:db8::1");
	assert_int_equal(to->port, 3261);
	assert_int_equal(to->tpgt, 7);
	assert_false(to->permanent);
	start();
	assert_int_equal(refuse(0x0102, "X-a=1;MaxBurstLength=0;TargetAddress=disk.example"), LOGIN_MOVED);
	assert_string_equal(to->host, "disk.example");
	assert_int_equal(to->port, 3260);
	assert_int_equal(to->tpgt, -1);
	assert_true(to->permanent);
	start();
	assert_int_equal(refuse(0x0101, ""), LOGIN_FAILED);
	assert_failed(LOGIN_PROTOCOL, "TargetAddress");
}

static void portal_group_and_address_may_come_twice(void **state)
{
	(void)state;
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "TargetAddress=a;TargetAddress=b"), LOGIN_DONE);
	start();
	assert_int_equal(refuse(0x0101, "TargetAddress=a;TargetAddress=b"), LOGIN_MOVED);
	assert_string_equal(login_get_redirect(&login)->host, "b");
	start();
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, "TargetPortalGroupTag=0;TargetPortalGroupTag=2"),
			 LOGIN_DONE);
	assert_int_equal(login_get_result(&login)->tpgt, 0);
	assert_string_equal(login_get_result(&login)->tolerated, "TargetPortalGroupTag came twice");
}

/* Some targets say it in the security stage and again in the operational one. */
static void alias_may_come_in_both_stages(void **state)
{
	(void)state;
	config.lessons.start_in_security = true;
	start();
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, "AuthMethod=None;TargetAlias=disk"), LOGIN_SEND);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);
	assert_string_equal(login_get_result(&login)->target_alias, "disk");
}

static void addresses_have_one_reading(void **state)
{
	static const struct {
		const char *text, *host;
		int port, tpgt;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", 3260, -1},
		{"192.0.2.1:1", "192.0.2.1", 1, -1},
		{"192.0.2.1,0", "192.0.2.1", 3260, 0},
		{"[fe80::1]:65535,65535", "fe80::1", 65535, 65535},
		{"a.b-c.example:3260,1", "a.b-c.example", 3260, 1},
		{"", NULL, 0, 0},
		{"[]", NULL, 0, 0},
		{"[::1", NULL, 0, 0},
		{"[::1]x", NULL, 0, 0},
		{"::1", NULL, 0, 0},
		{"a:0", NULL, 0, 0},
		{"a:65536", NULL, 0, 0},
		{"a:1:2", NULL, 0, 0},
		{"a,1,2", NULL, 0, 0},
		{"a,1:2", NULL, 0, 0},
		{"a b", NULL, 0, 0},
		{"a:", NULL, 0, 0},
		{"a,", NULL, 0, 0},
		{"a:003260,000001", "a", 3260, 1},
		{"a:0003260", NULL, 0, 0},
		{"a:/", NULL, 0, 0},
		{"a::", NULL, 0, 0},
		{"a[b", NULL, 0, 0},
		{"a~!", "a~!", 3260, -1},
		{"a\x7f", NULL, 0, 0},
		{"a\x1f", NULL, 0, 0},
		{"[a:b", NULL, 0, 0},
		{"[a,b]:9,9", "a,b", 9, 9},
		{"[fe80::1%enp0s9]:3260,1", "fe80::1", 3260, 1}, /* its interface, not ours */
		{"[%eth0]", NULL, 0, 0},
		{",1", NULL, 0, 0},
		{":1", NULL, 0, 0},
	};
	char host[sizeof(((struct login_redirect *)0)->host) + 1];
	struct login_redirect address;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct login_redirect out = {.host = "untouched"};
		int result = login_read_address(rows[i].text, strlen(rows[i].text), &out);

		assert_string_equal(out.host, rows[i].host ? rows[i].host : "untouched");
		assert_int_equal(result == 0, rows[i].host != NULL);
		if (rows[i].host) {
			assert_int_equal(out.port, rows[i].port);
			assert_int_equal(out.tpgt, rows[i].tpgt);
		}
	}
	memset(host, 'h', sizeof(host));
	assert_int_equal(login_read_address(host, sizeof(host) - 2, &address), 0);
	assert_int_equal(strlen(address.host), sizeof(host) - 2);
	assert_int_not_equal(login_read_address(host, sizeof(host) - 1, &address), 0);
	assert_int_not_equal(login_read_address(host, sizeof(host), &address), 0);
}

/* ---- CHAP ---- */

/* "CHAP_R=0x..." of what the target should say to our challenge. */
static const char *their_response(enum chap_algorithm algorithm, const struct chap_secret *secret)
{
	static char text[160];
	uint8_t digest[CHAP_DIGEST_MAX];
	struct writer w = writer_of(text, sizeof(text));
	int n = chap_respond(algorithm, config.challenge_id, secret, config.challenge, sizeof(config.challenge),
			     digest);

	write_text(&w, "CHAP_N=them;CHAP_R=");
	keys_put_hex(&w, digest, (size_t)n);
	write_u8(&w, 0);
	return text;
}

static void to_the_challenge(void)
{
	start();
	assert_string_equal(sent(), LEADING "AuthMethod=CHAP;");
	assert_int_equal(request.bhs[1], SECURITY);
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_SEND);
	assert_string_equal(sent(), "CHAP_A=8,7,6,5;");
}

static void one_way_chap_answers_and_goes_on(void **state)
{
	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=5;CHAP_I=7;CHAP_C=0x000102030405060708090a0b0c0d0e0f"), LOGIN_SEND);
	/* printf '\7insecret1234\0\1...\17' | md5sum */
	assert_string_equal(sent(), "CHAP_N=user;CHAP_R=0x56aebe1b2a3d6bf43ab474478f5baad2;");
	assert_int_equal(request.bhs[1], T | SECURITY | TO_OPERATIONAL);
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, ""), LOGIN_SEND);
	assert_string_equal(sent(), OPERATIONAL_KEYS);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);
}

static void mutual_chap_lets_only_the_right_target_in(void **state)
{
	(void)state;
	use_chap(true);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_non_null(strstr(sent(), ";CHAP_I=77;CHAP_C=0x01020304000000"));
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, their_response(CHAP_SHA3_256, &chap.password_in)),
			 LOGIN_SEND);
	assert_int_equal(respond(T | OPERATIONAL | TO_FULL, ANSWERS), LOGIN_DONE);

	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, their_response(CHAP_SHA3_256, &chap.password)),
			 LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "wrong");
}

/* The right response but for its last bytes: one wrong, one less, one more. */
static void a_response_counts_to_its_last_byte(void **state)
{
	static const char *const ends[] = {"", "00", NULL};
	char text[200];

	(void)state;
	use_chap(true);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t length;

		to_the_challenge();
		assert_int_equal(respond(SECURITY, "CHAP_A=5;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
		(void)snprintf(text, sizeof(text) - 2, "%s", their_response(CHAP_MD5, &chap.password_in));
		length = strlen(text);
		if (!ends[i])
			text[length - 1] = text[length - 1] == '0' ? '1' : '0';
		else
			strcpy(text + length - (ends[i][0] ? 0 : 2), ends[i]);
		assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, text), LOGIN_FAILED);
		assert_failed(LOGIN_AUTH_REFUSED, "wrong");
	}
}

static void names_of_one_letter_are_names(void **state)
{
	(void)state;
	use_chap(true);
	strcpy(chap.username, "u");
	strcpy(chap.username_in, "t");
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_non_null(strstr(sent(), "CHAP_N=u;"));
	assert_non_null(strstr(sent(), ";CHAP_I=77;CHAP_C=0x01020304000000"));
	chap.username[0] = '\0'; /* and none is none */
	chap.username_in[0] = '\0';
	config.target_name = "t";
	config.initiator_name = "i";
	start();
	assert_non_null(strstr(sent(), "InitiatorName=i;TargetName=t;SessionType=Normal;"));
}

static void mutual_chap_wants_name_and_response(void **state)
{
	static const char *const proofs[] = {"", "CHAP_N=them", "CHAP_N=them;CHAP_R=0x00"};

	(void)state;
	use_chap(true);
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		to_the_challenge();
		assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
		assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, proofs[i]), LOGIN_FAILED);
		assert_int_equal(login_get_failure(&login)->error, LOGIN_AUTH_REFUSED);
	}
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL,
				 strstr(their_response(CHAP_SHA3_256, &chap.password_in), ";") + 1),
			 LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "CHAP_N");
}

static void mutual_chap_wants_the_configured_name(void **state)
{
	char other[200];
	const char *right;

	(void)state;
	use_chap(true);
	right = their_response(CHAP_SHA3_256, &chap.password_in);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	(void)snprintf(other, sizeof(other), "CHAP_N=themX%s", right + strlen("CHAP_N=them"));
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, other), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "username_in");
}

static void our_own_challenge_is_not_answered(void **state)
{
	char text[120] = "CHAP_A=8;CHAP_I=7;CHAP_C=";
	struct writer w = writer_of(text, sizeof(text));

	(void)state;
	use_chap(true);
	to_the_challenge();
	w.used = strlen(text);
	keys_put_hex(&w, config.challenge, sizeof(config.challenge));
	write_u8(&w, 0);
	assert_int_equal(respond(SECURITY, text), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "reflection");
}

static void one_secret_both_ways_is_refused_before_anything_is_sent(void **state)
{
	(void)state;
	use_chap(true);
	chap.password_in = chap.password;
	assert_int_equal(login_start(&login, &config, &request), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "both ways");
}

static void authentication_that_we_require_cannot_be_skipped(void **state)
{
	(void)state;
	use_chap(false);
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=None"), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "skips");
	start();
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, ""), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "skips");
	start();
	assert_int_equal(respond(T | SECURITY | TO_FULL, ANSWERS), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "skips");
	to_the_challenge();
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "skips");
}

static void only_offered_algorithms_are_taken(void **state)
{
	(void)state;
	use_chap(false);
	chap.algorithms[0] = CHAP_SHA256;
	chap.algorithms[1] = CHAP_SHA1;
	chap.algorithms_given = true;
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_SEND);
	assert_string_equal(sent(), "CHAP_A=7,6;");
	assert_int_equal(respond(SECURITY, "CHAP_A=5;CHAP_I=7;CHAP_C=0x00"), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "not offered");
	chap.algorithms[1] = CHAP_NONE; /* a list of one is one */
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_SEND);
	assert_string_equal(sent(), "CHAP_A=7;");
	assert_int_equal(respond(SECURITY, "CHAP_A=7;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_string_equal(login_get_result(&login)->tolerated, "");
}

static void a_choking_target_gets_one_try_with_md5(void **state)
{
	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(refuse(0x0200, ""), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_md5_only);
	config.lessons.md5_only = true;
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_SEND);
	assert_string_equal(sent(), "CHAP_A=5;");
	assert_int_equal(refuse(0x0200, ""), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_md5_only);
	config.lessons.md5_only = false;
	chap.algorithms_given = true; /* chap_algs= forbids it */
	to_the_challenge();
	assert_int_equal(refuse(0x0200, ""), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_md5_only);
}

static void a_list_refused_by_key_counts_like_one_refused_by_status(void **state)
{
	static const char *const answers[] = {"CHAP_A=Reject", "CHAP_A=NotUnderstood", "CHAP_A=None", "CHAP_A="};

	(void)state;
	use_chap(false);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		for (int with = 0; with < 3; with++) {
			config.lessons.md5_only = with == 1;
			chap.algorithms_given = with == 2;
			start();
			assert_int_equal(respond(SECURITY, "AuthMethod=CHAP"), LOGIN_SEND);
			assert_int_equal(respond(SECURITY, answers[i]), LOGIN_FAILED);
			assert_int_equal(login_get_failure(&login)->wants_md5_only, with == 0);
			assert_failed(LOGIN_AUTH_ALGORITHM, "none of our CHAP algorithms");
		}
	}
}

static void what_comes_after_authentication_is_no_reason_for_a_weaker_try(void **state)
{
	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=7;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(refuse(0x0202, ""), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_md5_only);
}

/* A lesson is new once. What silence seems to teach is tried once, whatever comes then. */
static void each_lesson_is_worth_one_more_connection(void **state)
{
	struct login_lessons lessons = {0};

	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(refuse(0x0200, ""), LOGIN_FAILED);
	assert_int_equal(login_learn(&login, &lessons, true), LESSON_MD5_ONLY);
	assert_true(lessons.md5_only && !lessons.start_in_security && !lessons.guessed);
	assert_int_equal(login_learn(&login, &lessons, true), LESSON_NONE);
	config.chap = NULL;
	start();
	assert_int_equal(refuse(0x0201, ""), LOGIN_FAILED);
	assert_int_equal(login_learn(&login, &lessons, true), LESSON_SECURITY);
	assert_true(lessons.md5_only && lessons.start_in_security && !lessons.guessed);
	lessons = (struct login_lessons){0};
	start();
	assert_int_equal(login_learn(&login, &lessons, false), LESSON_SECURITY);
	assert_true(lessons.guessed);
	use_chap(false);
	to_the_challenge();
	assert_int_equal(login_learn(&login, &lessons, false), LESSON_NONE);
	assert_false(lessons.md5_only);
	lessons.guessed = false;
	assert_int_equal(login_learn(&login, &lessons, false), LESSON_MD5_ONLY);
	lessons = (struct login_lessons){0};
	chap.algorithms_given = true; /* chap_algs= forbids it */
	to_the_challenge();
	assert_int_equal(login_learn(&login, &lessons, false), LESSON_NONE);
	lessons = (struct login_lessons){0};
	chap.algorithms_given = false;
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=7;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(login_learn(&login, &lessons, false),
			 LESSON_NONE); /* silence after a response blames no list */
}

static void no_name_or_a_name_without_its_secret_is_refused_before_anything_is_sent(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		config.initiator_name = i ? "" : NULL;
		assert_int_equal(login_start(&login, &config, &request), LOGIN_FAILED);
		assert_failed(LOGIN_NEGOTIATION, "there is no initiator name");
	}
	config.initiator_name = "i";
	use_chap(true);
	chap.password_in.length = 0;
	assert_int_equal(login_start(&login, &config, &request), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_MISSING, "a username_in is set, but no password_in");
	chap.password.length = 0;
	assert_int_equal(login_start(&login, &config, &request), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_MISSING, "a username is set, but no password");
}

/* It chooses from the list that it would have been offered next. */
static void challenge_that_comes_with_the_method_is_answered(void **state)
{
	(void)state;
	use_chap(false);
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP;CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_non_null(strstr(sent(), "CHAP_N=user;CHAP_R=0x"));
	assert_tolerated("the challenge came before the list of algorithms");
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP;CHAP_C=0x00;CHAP_A=8;CHAP_I=7"), LOGIN_SEND);
	assert_non_null(strstr(sent(), "CHAP_N=user;CHAP_R=0x"));
	start(); /* in whatever order */
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00;AuthMethod=CHAP"), LOGIN_SEND);
	assert_non_null(strstr(sent(), "CHAP_N=user;CHAP_R=0x"));
	chap.algorithms[0] = CHAP_SHA256;
	chap.algorithms[1] = CHAP_NONE;
	chap.algorithms_given = true;
	start();
	assert_int_equal(respond(SECURITY, "AuthMethod=CHAP;CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_FAILED);
}

static void identifier_of_a_challenge_is_one_byte(void **state)
{
	static const struct {
		const char *keys;
		enum login_action action;
	} rows[] = {
		{"CHAP_A=8;CHAP_I=0x0007;CHAP_C=0x00", LOGIN_SEND},
		{"CHAP_A=8;CHAP_I=255;CHAP_C=0x00", LOGIN_SEND},
		{"CHAP_A=8;CHAP_I=256;CHAP_C=0x00", LOGIN_FAILED},
		{"CHAP_A=8;CHAP_I=0x0107;CHAP_C=0x00", LOGIN_FAILED},
		{"CHAP_A=8;CHAP_I=0x010007;CHAP_C=0x00", LOGIN_FAILED},
	};

	(void)state;
	use_chap(false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		to_the_challenge();
		assert_int_equal(respond(SECURITY, rows[i].keys), rows[i].action);
	}
}

/* A proof that comes with the challenge is none: ours has not been sent. */
static void a_proof_may_not_come_before_it_is_asked_for(void **state)
{
	static const struct {
		bool mutual;
		const char *keys, *words;
	} rows[] = {
		{true, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00;CHAP_N=them", "CHAP_N came"},
		{true, "CHAP_R=0x00;CHAP_A=8;CHAP_I=7;CHAP_C=0x00", "CHAP_R came"},
		{false, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00;CHAP_N=them", "CHAP_N came"},
		{true, "CHAP_A=8;CHAP_C=0x00", "lacks"},
		{true, "CHAP_I=7;CHAP_C=0x00", "lacks"},
		{true, "CHAP_A=8;CHAP_I=7", "lacks"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		use_chap(true);
		if (!rows[i].mutual)
			chap.username_in[0] = '\0';
		to_the_challenge();
		assert_int_equal(respond(SECURITY, rows[i].keys), LOGIN_FAILED);
		assert_failed(LOGIN_PROTOCOL, rows[i].words);
	}
	for (size_t i = 0; i < 2; i++) { /* nor does it open the exchange */
		start();
		assert_int_equal(respond(SECURITY, i ? "AuthMethod=CHAP;CHAP_R=0x00" : "AuthMethod=CHAP;CHAP_N=them"),
				 LOGIN_FAILED);
		assert_failed(LOGIN_PROTOCOL, "came from the target without being asked for");
	}
	start();
	assert_int_equal(respond(SECURITY, ""), LOGIN_FAILED);
	assert_failed(LOGIN_AUTH_REFUSED, "did not answer AuthMethod=CHAP");
}

static void a_wrong_password_is_no_reason_for_a_weaker_try(void **state)
{
	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=8;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(refuse(0x0201, ""), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_md5_only);
	assert_failed(LOGIN_STATUS, "authentication failure");
}

static void algorithm_7_of_older_targets_gets_the_try_with_md5(void **state)
{
	(void)state;
	use_chap(false);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=7;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(refuse(0x0200, ""), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_md5_only);
	to_the_challenge(); /* an error of the target's own blames no response, but it may blame a list */
	assert_int_equal(respond(SECURITY, "CHAP_A=7;CHAP_I=7;CHAP_C=0x00"), LOGIN_SEND);
	assert_int_equal(refuse(0x0300, ""), LOGIN_FAILED);
	assert_false(login_get_failure(&login)->wants_md5_only);
	to_the_challenge();
	assert_int_equal(refuse(0x0300, ""), LOGIN_FAILED);
	assert_true(login_get_failure(&login)->wants_md5_only);
}

static bool holds(const void *bytes, size_t length, const void *needle, size_t size)
{
	return memmem(bytes, length, needle, size) != NULL;
}

static void no_digest_or_challenge_stays_after_the_wipe(void **state)
{
	uint8_t digest[CHAP_DIGEST_MAX];

	(void)state;
	use_chap(true);
	to_the_challenge();
	assert_int_equal(respond(SECURITY, "CHAP_A=5;CHAP_I=7;CHAP_C=0x7465737463686131"), LOGIN_SEND);
	assert_int_equal(chap_respond(CHAP_MD5, 7, &chap.password, (const uint8_t *)"testcha1", 8, digest), 16);
	assert_true(holds(&login, sizeof(login), "testcha1", 8));
	assert_true(holds(request.data, request.length, "CHAP_R", 6));
	assert_false(holds(login.answers, sizeof(login.answers), "CHAP_R", 6)); /* sent is gone */
	assert_int_equal(respond(T | SECURITY | TO_OPERATIONAL, their_response(CHAP_MD5, &chap.password_in)),
			 LOGIN_SEND);
	login_wipe(&login);
	assert_false(holds(&login, sizeof(login), "testcha1", 8));
	assert_false(holds(&login, sizeof(login), "7465737463686131", 16));
	assert_false(holds(&login, sizeof(login), "CHAP_R", 6));
	assert_false(holds(&login, sizeof(login), digest, 16));
	assert_false(holds(&login, sizeof(login), config.challenge, sizeof(config.challenge)));
	memcpy(login.text, "half of theirs", 14); /* what had not come or gone yet */
	memcpy(login.answers, "half of ours", 12);
	login.joined = 14;
	login.reply = 12;
	login.sent = 1;
	login_wipe(&login);
	assert_false(holds(&login, sizeof(login), "theirs", 6));
	assert_false(holds(&login, sizeof(login), "ours", 4));
	assert_int_equal(login.joined + login.reply + login.sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_request_asks_for_everything_and_full_feature_phase, set_up),
		cmocka_unit_test_setup(an_agreeing_target_needs_one_round_trip, set_up),
		cmocka_unit_test_setup(a_silent_target_gets_the_rfcs_defaults_within_our_offer, set_up),
		cmocka_unit_test_setup(what_we_send_is_bounded_by_the_target_and_by_us, set_up),
		cmocka_unit_test_setup(digests_are_lists_and_the_targets_choice_holds, set_up),
		cmocka_unit_test_setup(flags_beyond_the_offer_are_tolerated, set_up),
		cmocka_unit_test_setup(name_of_the_target_may_come_back, set_up),
		cmocka_unit_test_setup(unknown_key_comes_once, set_up),
		cmocka_unit_test_setup(a_digest_that_is_not_answered_is_none_unless_we_insist, set_up),
		cmocka_unit_test_setup(the_security_stage_comes_first_when_the_target_insisted, set_up),
		cmocka_unit_test_setup(a_response_of_the_security_stage_makes_us_begin_there, set_up),
		cmocka_unit_test_setup(no_keys_are_declared_twice, set_up),
		cmocka_unit_test_setup(a_discovery_session_negotiates_less, set_up),
		cmocka_unit_test_setup(text_split_by_the_c_bit_is_joined_wherever_it_is_split, set_up),
		cmocka_unit_test_setup(our_own_long_text_is_split_by_the_c_bit, set_up),
		cmocka_unit_test_setup(what_the_target_asks_is_answered_by_the_result_functions, set_up),
		cmocka_unit_test_setup(bursts_and_flags_that_the_target_offers_are_combined, set_up),
		cmocka_unit_test_setup(every_range_has_its_edges, set_up),
		cmocka_unit_test_setup(a_header_that_is_not_the_answer_is_refused, set_up),
		cmocka_unit_test_setup(only_a_transit_ends_the_login, set_up),
		cmocka_unit_test_setup(question_that_was_answered_is_no_open_one, set_up),
		cmocka_unit_test_setup(a_stage_that_was_not_asked_for_is_refused, set_up),
		cmocka_unit_test_setup(key_that_the_target_does_not_know_has_its_default, set_up),
		cmocka_unit_test_setup(data_segment_has_the_length_that_its_header_says, set_up),
		cmocka_unit_test_setup(value_has_255_bytes_at_most, set_up),
		cmocka_unit_test_setup(text_that_breaks_the_rfc_is_refused, set_up),
		cmocka_unit_test_setup(numbers_that_nothing_depends_on_are_tolerated, set_up),
		cmocka_unit_test_setup(nothing_comes_while_our_text_is_not_whole, set_up),
		cmocka_unit_test_setup(stat_sn_counts_by_one, set_up),
		cmocka_unit_test_setup(text_is_joined_up_to_its_bound, set_up),
		cmocka_unit_test_setup(a_conversation_without_an_end_is_ended, set_up),
		cmocka_unit_test_setup(messages_hold_no_foreign_control_bytes, set_up),
		cmocka_unit_test_setup(every_status_has_words_a_code_and_a_class, set_up),
		cmocka_unit_test_setup(failures_of_ours_are_permanent_and_have_codes, set_up),
		cmocka_unit_test_setup(a_moved_target_is_followed, set_up),
		cmocka_unit_test_setup(portal_group_and_address_may_come_twice, set_up),
		cmocka_unit_test_setup(alias_may_come_in_both_stages, set_up),
		cmocka_unit_test_setup(addresses_have_one_reading, set_up),
		cmocka_unit_test_setup(one_way_chap_answers_and_goes_on, set_up),
		cmocka_unit_test_setup(mutual_chap_lets_only_the_right_target_in, set_up),
		cmocka_unit_test_setup(names_of_one_letter_are_names, set_up),
		cmocka_unit_test_setup(a_response_counts_to_its_last_byte, set_up),
		cmocka_unit_test_setup(mutual_chap_wants_name_and_response, set_up),
		cmocka_unit_test_setup(mutual_chap_wants_the_configured_name, set_up),
		cmocka_unit_test_setup(our_own_challenge_is_not_answered, set_up),
		cmocka_unit_test_setup(one_secret_both_ways_is_refused_before_anything_is_sent, set_up),
		cmocka_unit_test_setup(authentication_that_we_require_cannot_be_skipped, set_up),
		cmocka_unit_test_setup(only_offered_algorithms_are_taken, set_up),
		cmocka_unit_test_setup(a_choking_target_gets_one_try_with_md5, set_up),
		cmocka_unit_test_setup(a_wrong_password_is_no_reason_for_a_weaker_try, set_up),
		cmocka_unit_test_setup(a_list_refused_by_key_counts_like_one_refused_by_status, set_up),
		cmocka_unit_test_setup(what_comes_after_authentication_is_no_reason_for_a_weaker_try, set_up),
		cmocka_unit_test_setup(each_lesson_is_worth_one_more_connection, set_up),
		cmocka_unit_test_setup(no_name_or_a_name_without_its_secret_is_refused_before_anything_is_sent, set_up),
		cmocka_unit_test_setup(identifier_of_a_challenge_is_one_byte, set_up),
		cmocka_unit_test_setup(challenge_that_comes_with_the_method_is_answered, set_up),
		cmocka_unit_test_setup(a_proof_may_not_come_before_it_is_asked_for, set_up),
		cmocka_unit_test_setup(algorithm_7_of_older_targets_gets_the_try_with_md5, set_up),
		cmocka_unit_test_setup(no_digest_or_challenge_stays_after_the_wipe, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
