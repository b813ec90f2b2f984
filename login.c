/* login.c - see login.h. The conversation of RFC 7143 section 6.3 as a reader of the RFC would tell it: check the
 * response, join its text, take its keys, and say what comes next.
 *
 * The way of one key through the files, say MaxBurstLength:
 *
 *   proto/params.c   its row: name, range, default, and how two values become one (here the smaller)
 *   login/keys.c     keys_offer_all puts our value into the first request of the operational stage
 *   login/answer.c   collects it in login->answers, from where send_part cuts PDUs
 *   login.c          login_step gets the response: check_header, take_text (joins it while the C bit is set), take_key
 *   login/keys.c     keys_find gives the key its number, keys_negotiate combines the target's value with ours
 *   login/answer.c   carries our answer, if the target offered and we did not, or the failure, if the value is illegal
 *   login/keys.c     at the end, keys_settle gives what the target did not mention its default
 *   login.c          login_get_result: session/params tells the kernel
 *
 * The keys of CHAP go to login/chap.c instead, TargetAddress to login/address.c.
 */
/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <errno.h>
#include <string.h>

#include "login/answer.h"
#include "login/chap.h"
#include "login/keys.h"
#include "proto/bytes.h"
#include "proto/pdu.h"
#include "proto/text.h"
#include "proto/wipe.h"

#define VERSION 0x00

/* ---- requests ---- */

/* RFC 7143 11.12. */
static void make_header(const struct login *l, uint8_t flags, struct login_pdu *request)
{
	struct pdu_login_request header = {
		.flags = flags,
		.length = (uint32_t)request->length,
		.tsih = l->config.tsih,
		.cid = l->config.cid,
		.itt = l->config.itt,
		.cmd_sn = l->config.cmd_sn,
		.exp_stat_sn = l->exp_stat_sn,
	};

	memcpy(header.isid, l->config.isid, sizeof(header.isid));
	pdu_write_login(&header, request->bhs);
}

/* The next part of the collected answers. What does not fit into one PDU goes on in the next, with the C bit set and
   the T bit not (RFC 7143 6.2, 11.12.3); the T bit that was asked for stands in the last. */
static enum login_action send_part(struct login *l, struct login_pdu *request)
{
	size_t length = l->reply - l->sent;
	uint8_t flags = (uint8_t)(l->stage << 2);

	if (l->failure.error != LOGIN_OK)
		return LOGIN_FAILED;
	if (l->exchanges++ >= LOGIN_EXCHANGES_MAX) {
		answer_fail(l, LOGIN_PROTOCOL, "the login has no end after %d exchanges", LOGIN_EXCHANGES_MAX);
		return LOGIN_FAILED;
	}
	if (length > LOGIN_DATA_MAX) {
		length = LOGIN_DATA_MAX;
		flags = (uint8_t)(flags | PDU_CONTINUE);
	} else if (l->asked_transit) {
		flags = (uint8_t)(flags | PDU_TRANSIT | l->asked_stage);
	}
	memcpy(request->data, l->answers + l->sent, length);
	request->length = length;
	make_header(l, flags, request);
	l->sent += length;
	if (l->sent == l->reply) {
		wipe(l->answers, l->reply);
		l->reply = l->sent = 0;
	}
	return LOGIN_SEND;
}

/* Sends the collected answers as the next request: with the T bit to stage next, or without it in the same stage. */
static enum login_action send(struct login *l, bool transit, uint8_t next, struct login_pdu *request)
{
	l->asked_transit = transit;
	l->asked_stage = next;
	return send_part(l, request);
}

/* An empty request that asks for the rest of a response: without T, but what was asked for before still stands. */
static enum login_action send_empty(struct login *l, struct login_pdu *request)
{
	bool transit = l->asked_transit;
	enum login_action action;

	l->asked_transit = false;
	action = send_part(l, request);
	l->asked_transit = transit;
	return action;
}

static enum login_action enter_operational(struct login *l, struct login_pdu *request)
{
	l->stage = OPERATIONAL;
	keys_offer_all(l);
	return send(l, true, FULL_FEATURE, request);
}

enum login_action login_start(struct login *login, const struct login_config *config, struct login_pdu *request)
{
	memset(login, 0, offsetof(struct login, answers)); /* what is behind counts as far as it is filled */
	login->config = *config;
	login->result.negotiated = *config->offer;
	login->result.tpgt = -1;
	login->stage = chap_is_wanted(login) || config->lessons.start_in_security ? SECURITY : OPERATIONAL;
	if (!config->initiator_name || !config->initiator_name[0])
		answer_fail(login, LOGIN_NEGOTIATION, "there is no initiator name");
	if (login->failure.error != LOGIN_OK || chap_check(login))
		return LOGIN_FAILED;
	answer_put(login, "InitiatorName", config->initiator_name);
	if (!keys_is_discovery(login))
		answer_put(login, "TargetName", config->target_name);
	answer_put(login, "SessionType", keys_is_discovery(login) ? "Discovery" : "Normal");
	if (login->stage == OPERATIONAL)
		return enter_operational(login, request);
	/* Without a secret CHAP is named only to be told that the target insists on it: offered None alone, LIO closes the
	   connection without a word. */
	answer_put(login, "AuthMethod", chap_is_wanted(login) ? "CHAP" : "None,CHAP");
	login->authenticated = CHAP_OFFERED;
	return send(login, !chap_is_wanted(login), OPERATIONAL, request);
}

/* ---- responses ---- */

static uint8_t stage_of(const struct pdu_login_response *r)
{
	return r->flags >> 2 & 3; /* CSG */
}

static uint8_t next_of(const struct pdu_login_response *r)
{
	return r->flags & 3; /* NSG, where T is set */
}

/* RFC 7143 6.3.1, 11.13.1 and 11.13.2. */
static int check_stage(struct login *l, const struct pdu_login_response *r)
{
	bool transit = r->flags & PDU_TRANSIT, first = !l->responded && l->stage == OPERATIONAL;

	if (stage_of(r) != l->stage) {
		l->failure.wants_security = first && stage_of(r) == SECURITY;
		return answer_fail(l, LOGIN_PROTOCOL, "the response is of stage %u, the request was of stage %u",
				   stage_of(r), l->stage);
	}
	if (transit && r->flags & PDU_CONTINUE)
		return answer_fail(l, LOGIN_PROTOCOL, "the response has both T and C set (RFC 7143 11.13.2)");
	if (!transit)
		return GO_ON;
	if (!l->asked_transit && l->stage == SECURITY && chap_is_wanted(l))
		return answer_fail(l, LOGIN_AUTH_REFUSED,
				   "the target skips the authentication that username= asks for");
	if (!l->asked_transit || next_of(r) > l->asked_stage || next_of(r) <= stage_of(r) || next_of(r) == 2)
		return answer_fail(l, LOGIN_PROTOCOL, "the response goes to stage %u, which was not asked for",
				   next_of(r));
	if (l->sent < l->reply)
		return answer_fail(l, LOGIN_PROTOCOL, "the response goes to the next stage in the midst of our text");
	return GO_ON;
}

/* Nothing here depends on TSIH, ISID and StatSN of a response: a target that gets them wrong is noted and served. */
static void compare_numbers(struct login *l, const struct pdu_login_response *r)
{
	if (l->final && !r->tsih)
		answer_tolerate(l, "the final response has no TSIH");
	if ((!l->final || l->config.tsih) && r->tsih != l->config.tsih) /* RFC 7143 11.13.3 */
		answer_tolerate(l, "the response has TSIH %u, expected %u", r->tsih, l->config.tsih);
	if (memcmp(r->isid, l->config.isid, sizeof(r->isid)))
		answer_tolerate(l, "the response has another ISID than the request");
	if (l->responded && r->stat_sn != l->exp_stat_sn)
		answer_tolerate(l, "StatSN is %u, expected %u", r->stat_sn, l->exp_stat_sn);
}

/* RFC 7143 11.13: every field that can be wrong. */
static int check_header(struct login *l, const struct pdu_login_response *r, size_t length)
{
	if (r->opcode != ISCSI_OP_LOGIN_RESPONSE)
		return answer_fail(l, LOGIN_PROTOCOL, "expected a Login Response, got a PDU with opcode 0x%02x",
				   r->opcode);
	if (r->itt != l->config.itt)
		return answer_fail(l, LOGIN_PROTOCOL, "the response has Initiator Task Tag 0x%08x, expected 0x%08x",
				   r->itt, l->config.itt);
	if (r->ahs)
		return answer_fail(l, LOGIN_PROTOCOL,
				   "a Login Response has no additional header (TotalAHSLength is %u)", r->ahs);
	if (r->length != length || length > LOGIN_DATA_MAX)
		return answer_fail(l, LOGIN_PROTOCOL,
				   "the response's DataSegmentLength is %u; at most %d are allowed here", r->length,
				   LOGIN_DATA_MAX);
	if (r->status >> 8)
		return GO_ON; /* the rest need not be meaningful: RFC 7143 11.13.5 */
	if (r->version_active != VERSION)
		return answer_fail(l, LOGIN_PROTOCOL, "the target speaks version %u of the protocol, we version 0",
				   r->version_active);
	if (check_stage(l, r))
		return STOP;
	l->final = r->flags & PDU_TRANSIT && next_of(r) == FULL_FEATURE;
	compare_numbers(l, r);
	return GO_ON;
}

/* ---- one key, one response ---- */

/* RFC 7143 13.9. Nothing but messages depends on it, so that one out of range, or a second one, does no harm. */
static int take_portal_group(struct login *l, const struct key *key)
{
	uint32_t value = UINT32_MAX;

	if (!key_value_is(key, "-1") && key_read_number(key, &value))
		return answer_refuse(l, key, "a number from 0 to 65535");
	if (value > 65535)
		return answer_tolerate(l, "TargetPortalGroupTag is out of range");
	if (l->result.tpgt >= 0)
		return answer_tolerate(l, "TargetPortalGroupTag came twice");
	l->result.tpgt = (int32_t)value;
	return GO_ON;
}

static int take_alias(struct login *l, const struct key *key)
{
	if (key->value_length >= sizeof(l->result.target_alias))
		return GO_ON;
	memcpy(l->result.target_alias, key->value, key->value_length);
	l->result.target_alias[key->value_length] = '\0';
	return GO_ON;
}

/* Where the target moved to. In a response without a redirect it has no meaning here. */
static int take_address(struct login *l, const struct key *key)
{
	struct login_redirect address;

	if (!l->moving)
		return GO_ON;
	if (login_read_address(key->value, key->value_length, &address))
		return answer_refuse(l, key, "<address>[:<port>][,<portal group>]");
	memcpy(address.name, l->redirect.name, sizeof(address.name));
	l->redirect = address;
	return GO_ON;
}

/* Only an initiator sends it, but some targets echo it. With a redirect it may be the name that the target has there. */
static int take_target_name(struct login *l, const struct key *key)
{
	const char *why;

	if (!keys_is_discovery(l) && key_value_is(key, l->config.target_name))
		return answer_tolerate(l, "TargetName came back");
	if (!l->moving || name_check(key->value, key->value_length, &why))
		return answer_fail(l, LOGIN_PROTOCOL, "the target sent TargetName, which only an initiator sends");
	memcpy(l->redirect.name, key->value, key->value_length);
	l->redirect.name[key->value_length] = '\0';
	return answer_tolerate(l, "the redirect names another target");
}

/* Remembers the name of a key that we do not know, by its hash. False: it came before. */
static bool remember_unknown(struct login *l, const char *name)
{
	uint32_t hash = (uint32_t)text_hash(name);

	for (int i = 0; i < l->unknown_count; i++)
		if (l->unknown[i] == hash)
			return false;
	if (l->unknown_count < LOGIN_UNKNOWN_MAX)
		l->unknown[l->unknown_count++] = hash;
	return true;
}

static int answer_unknown(struct login *l, const struct key *key)
{
	char name[KEY_NAME_MAX + 1];

	memcpy(name, key->name, key->name_length);
	name[key->name_length] = '\0';
	if (!remember_unknown(l, name))
		return answer_repeated(l, key);
	if (answer_is_special(key))
		return GO_ON;
	answer_put(l, name, "NotUnderstood");
	return GO_ON;
}

/* Keys that RFC 7143 knows, but that we never send. */
static int answer_known(struct login *l, int i, const struct key *key)
{
	switch (i) {
	case KEY_IF_MARKER: /* RFC 7143 13.25: obsolete; "NotUnderstood" is not allowed for these four */
	case KEY_OF_MARKER:
		answer_put(l, keys_name(i), "No");
		return GO_ON;
	case KEY_IF_MARK_INT:
	case KEY_OF_MARK_INT:
		answer_put(l, keys_name(i), "Reject");
		return GO_ON;
	case KEY_TASK_REPORTING:
		answer_offer(l, keys_name(i), "RFC3720"); /* RFC 7143 13.23: the default */
		return GO_ON;
	case KEY_PROTOCOL_LEVEL:
		answer_offer(l, keys_name(i), "1"); /* RFC 7144 7.1.1: that of RFC 7143 */
		return GO_ON;
	default:
		return answer_fail(l, LOGIN_PROTOCOL, "the target sent %.*s, which only an initiator sends",
				   (int)key->name_length, key->name);
	}
}

static int take_key(struct login *l, const struct key *key)
{
	int i = keys_find(key);
	bool again = i == PARAM_MAX_RECV_DATA_SEGMENT_LENGTH || i == KEY_ADDRESS || i == KEY_TPGT || i == KEY_ALIAS;

	if (l->moving && i != KEY_ADDRESS && i != KEY_TARGET_NAME)
		return GO_ON;
	if (i < 0)
		return answer_unknown(l, key);
	if (l->keys_seen & 1ull << i && !again)
		return answer_repeated(l, key);
	l->keys_seen |= 1ull << i;
	if (key->value_length > KEY_VALUE_MAX && i != KEY_CHAP_C)
		return answer_fail(l, LOGIN_PROTOCOL, "the value of %s has %zu bytes, at most %d are legal",
				   keys_name(i), key->value_length, KEY_VALUE_MAX);
	if (i <= PARAM_MAX_CONNECTIONS)
		return keys_negotiate(l, i, key);
	switch (i) {
	case KEY_AUTH_METHOD:
		return chap_take_method(l, key);
	case KEY_CHAP_A:
	case KEY_CHAP_I:
	case KEY_CHAP_C:
	case KEY_CHAP_N:
	case KEY_CHAP_R:
		return chap_take(l, i, key);
	case KEY_ALIAS:
		return take_alias(l, key);
	case KEY_ADDRESS:
		return take_address(l, key);
	case KEY_TPGT:
		return take_portal_group(l, key);
	case KEY_TARGET_NAME:
		return take_target_name(l, key);
	default:
		return answer_known(l, i, key);
	}
}

static int take_keys(struct login *l, const uint8_t *text, size_t length)
{
	struct reader r = reader_of(text, length);
	struct key key;
	int more;

	while ((more = keys_next(&r, &key)) > 0) {
		if (take_key(l, &key))
			return STOP;
	}
	if (more < 0)
		return answer_fail(l, LOGIN_PROTOCOL, "the response's text is not key=value");
	return GO_ON;
}

/* The text of one logical response: RFC 7143 6.2, joined while the C bit is set. */
static int join(struct login *l, const uint8_t *data, size_t length)
{
	if (length > sizeof(l->text) - l->joined)
		return answer_fail(l, LOGIN_PROTOCOL, "the response's text goes on beyond %d bytes", LOGIN_JOINED_MAX);
	if (length)
		memcpy(l->text + l->joined, data, length);
	l->joined += length;
	return GO_ON;
}

static enum login_action finish(struct login *l)
{
	if (chap_is_wanted(l) && l->authenticated != AUTHENTICATED)
		answer_fail(l, LOGIN_AUTH_REFUSED, "the target ended the login without authenticating itself");
	if (l->failure.error != LOGIN_OK || keys_settle(l))
		return LOGIN_FAILED;
	l->result.exp_stat_sn = l->exp_stat_sn;
	return LOGIN_DONE;
}

/* Does a target say this when it wants the login to begin in the security stage? The RFC names no status for that. */
static bool wants_other_stage(uint16_t status)
{
	static const uint16_t statuses[] = {0x0200, 0x0201, 0x0202, 0x0207, 0x020b, 0x0300};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i] == status)
			return true;
	return false;
}

static bool began_with_keys(const struct login *l)
{
	return l->stage == OPERATIONAL && !l->responded;
}

/* Status class 2 and 3, and 1: the target moved. */
static enum login_action take_status(struct login *l, const struct pdu_login_response *response, const uint8_t *data,
				     size_t length)
{
	uint16_t status = response->status;

	if (status >> 8 == 1) {
		l->moving = true;
		if (take_keys(l, data, length))
			return LOGIN_FAILED;
		l->redirect.permanent = status == 0x0102;
		if (l->redirect.host[0])
			return LOGIN_MOVED;
		answer_fail(l, LOGIN_PROTOCOL, "the target says that it moved, but not where to (no TargetAddress)");
		return LOGIN_FAILED;
	}
	l->failure.status = status;
	l->failure.wants_security = began_with_keys(l) && wants_other_stage(status);
	l->failure.wants_md5_only = chap_blames_list(l) && (status >> 8 == 2 || l->authenticated == METHOD_CHOSEN);
	if (status == 0x0201 && !chap_is_wanted(l))
		answer_fail(l, LOGIN_AUTH_MISSING,
			    "the target wants authentication: set username= and password= (status 0201)");
	else
		answer_fail(l, LOGIN_STATUS, "the target refused the login: %s (status %02x%02x)",
			    login_status_text(status), status >> 8, status & 0xff);
	return LOGIN_FAILED;
}

static enum login_action next_in_security(struct login *l, bool transit, struct login_pdu *request)
{
	bool ready;

	if (chap_authenticate(l, &ready))
		return LOGIN_FAILED;
	if (transit)
		return enter_operational(l, request);
	return send(l, ready, OPERATIONAL, request);
}

static enum login_action next_step(struct login *l, const struct pdu_login_response *response,
				   struct login_pdu *request)
{
	bool transit = response->flags & PDU_TRANSIT;

	if (response->flags & PDU_CONTINUE)
		return send_empty(l, request);
	if (l->final && l->open) {
		answer_fail(l, LOGIN_PROTOCOL, "the target ended the login with a question that is still open");
		return LOGIN_FAILED;
	}
	l->open = false;
	if (l->final)
		return finish(l);
	if (l->stage == SECURITY)
		return next_in_security(l, transit, request);
	return send(l, true, FULL_FEATURE, request);
}

/* Joins the target's text; takes its keys once it is whole. */
static int take_text(struct login *l, const struct pdu_login_response *response, const uint8_t *data, size_t length)
{
	if (join(l, data, length))
		return STOP;
	if (response->flags & PDU_CONTINUE)
		return GO_ON;
	if (take_keys(l, l->text, l->joined))
		return STOP;
	wipe(l->text, l->joined);
	l->joined = 0;
	return GO_ON;
}

enum login_action login_step(struct login *login, const uint8_t *bhs, const uint8_t *data, size_t length,
			     struct login_pdu *request)
{
	struct pdu_login_response response = pdu_read_login(bhs);

	if (check_header(login, &response, length))
		return LOGIN_FAILED;
	login->result.exp_cmd_sn = response.exp_cmd_sn;
	if (response.status)
		return take_status(login, &response, data, length);
	login->exp_stat_sn = response.stat_sn + 1;
	login->result.tsih = response.tsih; /* the last one counts */
	if (login->sent <
	    login->reply) { /* the target acknowledged a part of our text; RFC 7143 6.2: with no text of its own */
		if (!length)
			return send_part(login, request);
		answer_fail(login, LOGIN_PROTOCOL, "the target answers before our text is whole (the C bit is set)");
		return LOGIN_FAILED;
	}
	if (take_text(login, &response, data, length))
		return LOGIN_FAILED;
	login->responded = true;
	return next_step(login, &response, request);
}

enum login_lesson login_learn(struct login *login, struct login_lessons *lessons, bool answered)
{
	struct login_failure *failure = &login->failure;

	if (!answered) {
		bool before = lessons->guessed;

		failure->wants_security = began_with_keys(login);
		failure->wants_md5_only = login->authenticated == METHOD_CHOSEN && chap_blames_list(login);
		lessons->guessed = true;
		if (before)
			return LESSON_NONE;
	}
	if (failure->wants_security && !lessons->start_in_security) {
		lessons->start_in_security = true;
		return LESSON_SECURITY;
	}
	if (failure->wants_md5_only && !lessons->md5_only) {
		lessons->md5_only = true;
		return LESSON_MD5_ONLY;
	}
	return LESSON_NONE;
}

const struct login_result *login_get_result(const struct login *login)
{
	return &login->result;
}

const struct login_redirect *login_get_redirect(const struct login *login)
{
	return &login->redirect;
}

const struct login_failure *login_get_failure(const struct login *login)
{
	return &login->failure;
}

void login_wipe(struct login *login)
{
	wipe(login->text, login->joined);
	wipe(login->answers, login->reply);
	wipe(&login->chap, sizeof(login->chap));
	wipe(login->config.challenge, sizeof(login->config.challenge));
	login->joined = login->reply = login->sent = 0;
}
