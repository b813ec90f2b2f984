/* login.c - see login.h. The conversation of RFC 7143 section 6.3 as a reader of the RFC would tell it: check the
 * response, join its text, take its keys, and say what comes next.
 */
#include "login.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "login/parts.h"
#include "proto/bytes.h"
#include "proto/pdu.h"
#include "proto/wipe.h"

#define VERSION 0x00

int login_fail(struct login *l, enum login_error error, const char *format, ...)
{
	va_list arguments;

	if (l->failure.error != LOGIN_OK)
		return STOP;
	l->failure.error = error;
	va_start(arguments, format);
	(void)vsnprintf(l->failure.text, sizeof(l->failure.text), format, arguments);
	va_end(arguments);
	return STOP;
}

/* A foreign text as part of a message: printable, short. */
static const char *show(char out[80], const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < 76; i++)
		out[used++] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[used] = '\0';
	return out;
}

/* ---- requests ---- */

/* The whole of a pair, or nothing of it. */
static void end_pair(struct login *l, const struct writer *w)
{
	if (w->bad)
		(void)login_fail(l, LOGIN_PROTOCOL, "the answers to the target's keys go on beyond %d bytes",
				 LOGIN_JOINED_MAX);
	else
		l->reply = w->used;
}

void login_put(struct login *l, const char *name, const char *value)
{
	struct writer w = writer_of(l->answers, sizeof(l->answers));

	w.used = l->reply;
	keys_put(&w, name, value);
	end_pair(l, &w);
}

void login_put_bytes(struct login *l, const char *name, const uint8_t *bytes, size_t length)
{
	struct writer w = writer_of(l->answers, sizeof(l->answers));

	w.used = l->reply;
	write_text(&w, name);
	write_u8(&w, '=');
	keys_put_hex(&w, bytes, length);
	write_u8(&w, 0);
	end_pair(l, &w);
}

/* The target offered the key, and may not end the login before it has our answer. */
void login_answer(struct login *l, const char *name, const char *value)
{
	login_put(l, name, value);
	l->open = true;
}

bool login_is_discovery(const struct login *l)
{
	return !l->config.target_name || !l->config.target_name[0];
}

/* RFC 7143 11.12. */
static void make_header(const struct login *l, uint8_t flags, struct login_pdu *request)
{
	struct pdu_login_request header = {
		.flags = flags,
		.length = (uint32_t)request->length,
		.tsih = l->tsih,
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
		(void)login_fail(l, LOGIN_PROTOCOL, "no end after %d exchanges", LOGIN_EXCHANGES_MAX);
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

/* The collected answers as the next request; next: NSG with the T bit, or the same stage without it. */
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
	login_offer_all(l);
	return send(l, true, FULL_FEATURE, request);
}

enum login_action login_start(struct login *login, const struct login_config *config, struct login_pdu *request)
{
	memset(login, 0, offsetof(struct login, text));
	login->config = *config;
	login->tsih = config->tsih;
	login->result.negotiated = *config->offer;
	login->result.tpgt = -1;
	login->stage = login_wants_chap(login) || config->lessons.start_in_security ? SECURITY : OPERATIONAL;
	if (!config->initiator_name || !config->initiator_name[0])
		(void)login_fail(login, LOGIN_NEGOTIATION, "there is no initiator name");
	if (login->failure.error != LOGIN_OK || login_check_chap(login))
		return LOGIN_FAILED;
	login_put(login, "InitiatorName", config->initiator_name);
	if (!login_is_discovery(login))
		login_put(login, "TargetName", config->target_name);
	login_put(login, "SessionType", login_is_discovery(login) ? "Discovery" : "Normal");
	if (login->stage == OPERATIONAL)
		return enter_operational(login, request);
	/* Without a secret CHAP is named only to be told that the target insists on it: offered None alone, LIO closes the
	   connection without a word. */
	login_put(login, "AuthMethod", login_wants_chap(login) ? "CHAP" : "None,CHAP");
	login->authenticated = CHAP_OFFERED;
	return send(login, !login_wants_chap(login), OPERATIONAL, request);
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
		return login_fail(l, LOGIN_PROTOCOL, "the response is of stage %u, the request was of stage %u",
				  stage_of(r), l->stage);
	}
	if (transit && r->flags & PDU_CONTINUE)
		return login_fail(l, LOGIN_PROTOCOL, "the response has both T and C set (RFC 7143 11.13.2)");
	if (!transit)
		return GO_ON;
	if (!l->asked_transit && l->stage == SECURITY && login_wants_chap(l))
		return login_fail(l, LOGIN_AUTH_REFUSED, "the target skips the authentication that username= asks for");
	if (!l->asked_transit || next_of(r) > l->asked_stage || next_of(r) <= stage_of(r) || next_of(r) == 2)
		return login_fail(l, LOGIN_PROTOCOL, "the response goes to stage %u, which was not asked for",
				  next_of(r));
	if (l->sent < l->reply)
		return login_fail(l, LOGIN_PROTOCOL, "the response goes to the next stage in the midst of our text");
	return GO_ON;
}

/* RFC 7143 11.13.3: a new session's TSIH comes with the final response, and never before. */
static int check_tsih(struct login *l, const struct pdu_login_response *r)
{
	l->final = r->flags & PDU_TRANSIT && next_of(r) == FULL_FEATURE;
	if (l->final && !r->tsih)
		return login_fail(l, LOGIN_PROTOCOL, "the final response has no TSIH");
	if ((!l->final || l->config.tsih) && r->tsih != l->config.tsih)
		return login_fail(l, LOGIN_PROTOCOL, "the response has TSIH %u, expected %u", r->tsih, l->config.tsih);
	l->tsih = r->tsih;
	return GO_ON;
}

/* RFC 7143 11.13: every field that can be wrong. */
static int check_header(struct login *l, const struct pdu_login_response *r, size_t length)
{
	if (r->opcode != ISCSI_OP_LOGIN_RESPONSE)
		return login_fail(l, LOGIN_PROTOCOL, "expected a Login Response, got a PDU with opcode 0x%02x",
				  r->opcode);
	if (r->itt != l->config.itt)
		return login_fail(l, LOGIN_PROTOCOL, "the response has Initiator Task Tag 0x%08x, expected 0x%08x",
				  r->itt, l->config.itt);
	if (r->ahs)
		return login_fail(l, LOGIN_PROTOCOL, "a Login Response has no additional header (TotalAHSLength is %u)",
				  r->ahs);
	if (r->length != length || length > LOGIN_DATA_MAX)
		return login_fail(l, LOGIN_PROTOCOL,
				  "the response's DataSegmentLength is %u; at most %d are allowed here", r->length,
				  LOGIN_DATA_MAX);
	if (r->status >> 8)
		return GO_ON; /* the rest need not be meaningful: RFC 7143 11.13.5 */
	if (r->version_active != VERSION)
		return login_fail(l, LOGIN_PROTOCOL, "the target speaks version %u of the protocol, we version 0",
				  r->version_active);
	if (memcmp(r->isid, l->config.isid, sizeof(r->isid)))
		return login_fail(l, LOGIN_PROTOCOL, "the response has another ISID than the request");
	if (l->responded && r->stat_sn != l->exp_stat_sn)
		return login_fail(l, LOGIN_PROTOCOL, "StatSN is %u, expected %u", r->stat_sn, l->exp_stat_sn);
	return check_stage(l, r) ? STOP : check_tsih(l, r);
}

/* A mark (':' or ',') with a number up to 65535 behind it, if the text goes on with one. False: neither that nor its end
   nor another mark. */
static bool read_marked(struct reader *r, char mark, int32_t *value)
{
	uint32_t sum = 0;
	int digits = 0;

	if (!r->left || r->at[0] != mark)
		return true;
	read_skip(r, 1);
	for (; r->left && r->at[0] >= '0' && r->at[0] <= '9' && digits < 6; digits++)
		sum = sum * 10 + read_u8(r) - '0';
	*value = (int32_t)sum;
	return digits && sum <= 65535;
}

/* The host's part of the text: in brackets, or up to the mark. NULL: there is none. */
static const uint8_t *read_host(struct reader *r, size_t *length)
{
	bool brackets = r->left && r->at[0] == '[';
	const uint8_t *host;

	read_skip(r, brackets);
	host = r->at;
	for (*length = 0; *length < r->left; ++*length) {
		uint8_t c = host[*length];

		if (brackets ? c == ']' : c == ':' || c == ',')
			break;
		if (c <= ' ' || c > '~' || c == '[')
			return NULL;
	}
	if (!*length || (brackets && *length == r->left))
		return NULL;
	read_skip(r, *length + brackets);
	return host;
}

int login_read_address(const char *text, size_t length, struct login_redirect *out)
{
	struct login_redirect address = {.tpgt = -1};
	struct reader r = reader_of(text, length);
	int32_t port = ISCSI_PORT;
	size_t host_length;
	const uint8_t *host = read_host(&r, &host_length);

	if (!host || host_length >= sizeof(address.host))
		return -EINVAL;
	memcpy(address.host, host, host_length);
	if (!read_marked(&r, ':', &port) || !port || !read_marked(&r, ',', &address.tpgt) || r.left)
		return -EINVAL;
	address.port = (uint16_t)port;
	*out = address;
	return 0;
}

/* "Reject", "Irrelevant", "NotUnderstood" instead of a value: RFC 7143 6.2. */
bool login_is_special(const struct key *key)
{
	return key_value_is(key, "Reject") || key_value_is(key, "Irrelevant") || key_value_is(key, "NotUnderstood");
}

int login_refuse_value(struct login *l, const struct key *key, const char *expected)
{
	char value[80];

	return login_fail(l, LOGIN_NEGOTIATION, "%.*s=%s: expected %s", (int)key->name_length, key->name,
			  show(value, key->value, key->value_length), expected);
}

/* ---- one key, one response ---- */

static int take_informational(struct login *l, int i, const struct key *key)
{
	uint32_t value;

	if (i == KEY_TPGT) {
		if (key_read_number(key, &value) || value > 65535)
			return login_refuse_value(l, key, "a number from 0 to 65535");
		l->result.tpgt = (int32_t)value;
	}
	if (i == KEY_ALIAS && key->value_length < sizeof(l->result.target_alias)) {
		memcpy(l->result.target_alias, key->value, key->value_length);
		l->result.target_alias[key->value_length] = '\0';
	}
	if (i == KEY_ADDRESS && login_read_address(key->value, key->value_length, &l->redirect) && l->moving)
		return login_refuse_value(l, key, "<address>[:<port>][,<portal group>]");
	return GO_ON;
}

/* Is the key's name among those that came before? It is from now on. FNV-1a, 32 bits. */
static bool is_repeated(struct login *l, const char *name)
{
	uint32_t hash = 2166136261U;

	for (const char *at = name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619U;
	for (int i = 0; i < l->unknown_count; i++)
		if (l->unknown[i] == hash)
			return true;
	if (l->unknown_count < LOGIN_UNKNOWN_MAX)
		l->unknown[l->unknown_count++] = hash;
	return false;
}

static int answer_unknown(struct login *l, const struct key *key)
{
	char name[KEY_NAME_MAX + 1], shown[80];

	memcpy(name, key->name, key->name_length);
	name[key->name_length] = '\0';
	if (is_repeated(l, name))
		return login_fail(l, LOGIN_PROTOCOL, "the target sent %s twice (RFC 7143 6.2)",
				  show(shown, key->name, key->name_length));
	if (login_is_special(key))
		return GO_ON;
	login_put(l, name, "NotUnderstood");
	return GO_ON;
}

/* Keys that RFC 7143 knows, but that we never send. */
static int answer_known(struct login *l, int i, const struct key *key)
{
	switch (i) {
	case KEY_IF_MARKER: /* RFC 7143 13.25: obsolete; "NotUnderstood" is not allowed for these four */
	case KEY_OF_MARKER:
		login_put(l, login_key_name(i), "No");
		return GO_ON;
	case KEY_IF_MARK_INT:
	case KEY_OF_MARK_INT:
		login_put(l, login_key_name(i), "Reject");
		return GO_ON;
	case KEY_TASK_REPORTING:
		login_answer(l, login_key_name(i), "RFC3720"); /* RFC 7143 13.23: the default */
		return GO_ON;
	case KEY_PROTOCOL_LEVEL:
		login_answer(l, login_key_name(i), "1"); /* RFC 7144 7.1.1: that of RFC 7143 */
		return GO_ON;
	default:
		return login_fail(l, LOGIN_PROTOCOL, "the target sent %.*s, which only an initiator sends",
				  (int)key->name_length, key->name);
	}
}

static int take_key(struct login *l, const struct key *key)
{
	int i = login_find_key(key);
	bool again = i == PARAM_MAX_RECV_DATA_SEGMENT_LENGTH || i == KEY_ADDRESS;

	if (l->moving && i != KEY_ADDRESS)
		return GO_ON;
	if (i < 0)
		return answer_unknown(l, key);
	if (l->keys_seen & 1ull << i && !again)
		return login_fail(l, LOGIN_PROTOCOL, "the target sent %s twice (RFC 7143 6.2)", login_key_name(i));
	l->keys_seen |= 1ull << i;
	if (key->value_length > KEY_VALUE_MAX && i != KEY_CHAP_C)
		return login_fail(l, LOGIN_PROTOCOL, "the value of %s has %zu bytes, at most %d are legal",
				  login_key_name(i), key->value_length, KEY_VALUE_MAX);
	if (i <= PARAM_MAX_CONNECTIONS)
		return login_negotiate(l, i, key);
	switch (i) {
	case KEY_AUTH_METHOD:
		return login_take_method(l, key);
	case KEY_CHAP_A:
	case KEY_CHAP_I:
	case KEY_CHAP_C:
	case KEY_CHAP_N:
	case KEY_CHAP_R:
		return login_take_chap(l, i, key);
	case KEY_ALIAS:
	case KEY_ADDRESS:
	case KEY_TPGT:
		return take_informational(l, i, key);
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
		return login_fail(l, LOGIN_PROTOCOL, "the response's text is not key=value");
	return GO_ON;
}

/* The text of one logical response: RFC 7143 6.2, joined while the C bit is set. */
static int join(struct login *l, const uint8_t *data, size_t length)
{
	if (length > sizeof(l->text) - l->joined)
		return login_fail(l, LOGIN_PROTOCOL, "the response's text goes on beyond %d bytes", LOGIN_JOINED_MAX);
	if (length)
		memcpy(l->text + l->joined, data, length);
	l->joined += length;
	return GO_ON;
}

static enum login_action finish(struct login *l)
{
	if (login_wants_chap(l) && l->authenticated != AUTHENTICATED)
		(void)login_fail(l, LOGIN_AUTH_REFUSED, "the target ended the login without authenticating itself");
	if (l->failure.error != LOGIN_OK || login_settle(l))
		return LOGIN_FAILED;
	l->result.tsih = l->tsih;
	l->result.exp_stat_sn = l->exp_stat_sn;
	return LOGIN_DONE;
}

/* Is it what a target says that wants a login to begin in the security stage? The RFC names no status for that. */
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
		l->redirect = (struct login_redirect){.tpgt = -1};
		if (take_keys(l, data, length))
			return LOGIN_FAILED;
		l->redirect.permanent = status == 0x0102;
		if (l->redirect.host[0])
			return LOGIN_MOVED;
		(void)login_fail(l, LOGIN_PROTOCOL,
				 "the target says that it moved, but not where to (no TargetAddress)");
		return LOGIN_FAILED;
	}
	l->failure.status = status;
	l->failure.wants_security = began_with_keys(l) && wants_other_stage(status);
	l->failure.wants_md5_only = login_chokes_on_list(l) && (status >> 8 == 2 || l->authenticated == METHOD_CHOSEN);
	if (status == 0x0201 && !login_wants_chap(l))
		(void)login_fail(l, LOGIN_AUTH_MISSING,
				 "the target wants authentication: set username= and password= (status 0201)");
	else
		(void)login_fail(l, LOGIN_STATUS, "the target refused the login: %s (status %02x%02x)",
				 login_status_text(status), status >> 8, status & 0xff);
	return LOGIN_FAILED;
}

static enum login_action next_in_security(struct login *l, bool transit, struct login_pdu *request)
{
	bool ready;

	if (login_authenticate(l, &ready))
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
		(void)login_fail(l, LOGIN_PROTOCOL, "the target ended the login with a question that is still open");
		return LOGIN_FAILED;
	}
	l->open = false;
	if (l->final)
		return finish(l);
	if (l->stage == SECURITY)
		return next_in_security(l, transit, request);
	return send(l, true, FULL_FEATURE, request);
}

/* The target's text, once it is whole. */
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
	if (login->sent < login->reply) { /* a part of our text is taken: RFC 7143 6.2 wants no text here */
		login->responded = true;
		if (!length)
			return send_part(login, request);
		(void)login_fail(login, LOGIN_PROTOCOL,
				 "the target answers before our text is whole (the C bit is set)");
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
		failure->wants_md5_only = login->authenticated == METHOD_CHOSEN && login_chokes_on_list(login);
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
	wipe(login->answers, sizeof(login->answers));
	wipe(&login->chap, sizeof(login->chap));
	wipe(login->config.challenge, sizeof(login->config.challenge));
	login->joined = login->reply = login->sent = 0;
}
