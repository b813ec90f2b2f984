/* login.c - see login.h. The conversation of RFC 7143 section 6.3 as a reader of the RFC would tell it: check the
 * response, join its text, take its keys, and say what comes next.
 */
#include "login.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "proto/keys.h"
#include "proto/wipe.h"

/* Stages, RFC 7143 6.3.1. */
enum { SECURITY = 0, OPERATIONAL = 1, FULL_FEATURE = 3 };

/* What one step of a failing conversation returns. */
enum { GO_ON = 0, STOP = -1 };

/* Where the target's authentication stands: login->authenticated. */
enum { NOT_ASKED, CHAP_OFFERED, METHOD_CHOSEN, RESPONDED, AUTHENTICATED };

#define TRANSIT        0x80
#define CONTINUE       0x40
#define VERSION        0x00
#define DECLARED_BYTES 64

static int fail(struct login *l, enum login_error error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct login *l, enum login_error error, const char *format, ...)
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

/* ---- statuses: RFC 7143 11.13.5 ---- */

static const struct status {
	uint16_t status;
	enum login_retry retry;
	const char *text;
} statuses[] = {
	{0x0000, RETRY_NEVER, "success"},
	{0x0101, RETRY_TRANSIENT, "target moved temporarily"},
	{0x0102, RETRY_TRANSIENT, "target moved permanently"},
	{0x0200, RETRY_NEVER, "initiator error"},
	{0x0201, RETRY_NEVER, "authentication failure: check username and password here and on the target"},
	{0x0202, RETRY_NEVER, "authorization failure: the target does not let this initiator name in"},
	{0x0203, RETRY_SHORTLY, "target not found: check the target name"},
	{0x0204, RETRY_NEVER, "target removed: it will not come back under this name"},
	{0x0205, RETRY_NEVER, "unsupported version"},
	{0x0206, RETRY_TRANSIENT, "too many connections: the target may still hold an old session of ours"},
	{0x0207, RETRY_NEVER, "missing parameter: the target wants a key that was not sent"},
	{0x0208, RETRY_TRANSIENT, "cannot include in session: the target may still hold an old session of ours"},
	{0x0209, RETRY_NEVER, "session type not supported"},
	{0x020a, RETRY_TRANSIENT, "session does not exist"},
	{0x020b, RETRY_NEVER, "invalid during login: the target did not expect this request"},
	{0x0300, RETRY_TRANSIENT, "target error"},
	{0x0301, RETRY_TRANSIENT, "service unavailable: the target is up, but not ready"},
	{0x0302, RETRY_TRANSIENT, "out of resources: the target may still hold an old session of ours"},
};

static const struct status *find_status(uint16_t status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].status == status)
			return &statuses[i];
	}
	return NULL;
}

const char *login_status_text(uint16_t status)
{
	const struct status *row = find_status(status);

	if (row)
		return row->text;
	switch (status >> 8) {
	case 1:
		return "redirection, of a kind that the RFC does not know";
	case 2:
		return "initiator error, of a kind that the RFC does not know";
	case 3:
		return "target error, of a kind that the RFC does not know";
	default:
		return "a status that the RFC does not know";
	}
}

enum login_retry login_retry(const struct login_failure *failure)
{
	const struct status *row = find_status(failure->status);

	if (failure->error != LOGIN_STATUS)
		return RETRY_NEVER;
	if (row)
		return row->retry;
	return failure->status >> 8 == 3 ? RETRY_TRANSIENT : RETRY_NEVER;
}

const char *login_error_code(const struct login_failure *failure, char *out, size_t size)
{
	static const char *const codes[] = {
		[LOGIN_OK] = "LOK",
		[LOGIN_STATUS] = "L",
		[LOGIN_PROTOCOL] = "LPROTO",
		[LOGIN_NEGOTIATION] = "LNEGO",
		[LOGIN_AUTH_REFUSED] = "LAUTH",
		[LOGIN_AUTH_MISSING] = "LNOAUTH",
		[LOGIN_AUTH_ALGORITHM] = "LALGO",
	};

	if (failure->error == LOGIN_STATUS)
		(void)snprintf(out, size, "L%04X", failure->status);
	else
		(void)snprintf(out, size, "%s", codes[failure->error]);
	return out;
}

/* ---- requests ---- */

static struct writer answers(struct login *l)
{
	struct writer w = writer_of(l->answers, sizeof(l->answers));

	w.used = l->reply;
	return w;
}

static void put(struct login *l, const char *name, const char *value)
{
	struct writer w = answers(l);

	keys_put(&w, name, value);
	if (w.bad)
		(void)fail(l, LOGIN_PROTOCOL, "the answers to the target's keys go on beyond %d bytes",
			   LOGIN_JOINED_MAX);
	else
		l->reply = w.used;
}

static void put_number(struct login *l, const char *name, uint32_t value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", value);
	put(l, name, text);
}

/* The target offered the key, and may not end the login before it has our answer. */
static void answer(struct login *l, const char *name, const char *value)
{
	put(l, name, value);
	l->open = true;
}

static void answer_number(struct login *l, const char *name, uint32_t value)
{
	put_number(l, name, value);
	l->open = true;
}

/* Names that this stage may use once: those of the RFC, in a fixed order, as bits of keys_seen and keys_sent. */
static const char *const known_keys[] = {
	"HeaderDigest",
	"DataDigest",
	"MaxRecvDataSegmentLength",
	"(MaxXmit)",
	"FirstBurstLength",
	"MaxBurstLength",
	"InitialR2T",
	"ImmediateData",
	"DataPDUInOrder",
	"DataSequenceInOrder",
	"MaxOutstandingR2T",
	"ErrorRecoveryLevel",
	"DefaultTime2Wait",
	"DefaultTime2Retain",
	"MaxConnections",
	"AuthMethod",
	"CHAP_A",
	"CHAP_I",
	"CHAP_C",
	"CHAP_N",
	"CHAP_R",
	"TargetAlias",
	"TargetAddress",
	"TargetPortalGroupTag",
	"TargetName",
	"InitiatorName",
	"InitiatorAlias",
	"SessionType",
	"IFMarker",
	"OFMarker",
	"IFMarkInt",
	"OFMarkInt",
	"TaskReporting",
	"iSCSIProtocolLevel",
};
enum {
	KEY_AUTH_METHOD = 15,
	KEY_CHAP_A,
	KEY_CHAP_I,
	KEY_CHAP_C,
	KEY_CHAP_N,
	KEY_CHAP_R,
	KEY_ALIAS,
	KEY_ADDRESS,
	KEY_TPGT,
	KEY_TARGET_NAME,
	KEY_INITIATOR_NAME,
	KEY_INITIATOR_ALIAS,
	KEY_SESSION_TYPE,
	KEY_IF_MARKER,
	KEY_OF_MARKER,
	KEY_IF_MARK_INT,
	KEY_OF_MARK_INT,
	KEY_TASK_REPORTING,
	KEY_PROTOCOL_LEVEL,
	KEY_COUNT = sizeof(known_keys) / sizeof(known_keys[0])
};

static int find_key(const struct key *key)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		if (key_is(key, known_keys[i]))
			return i;
	}
	return -1;
}

static const char *digest_list(int32_t value)
{
	static const char *const lists[] = {
		[DIGEST_NONE] = "None",
		[DIGEST_CRC32C] = "CRC32C",
		[DIGEST_CRC32C_NONE] = "CRC32C,None",
		[DIGEST_NONE_CRC32C] = "None,CRC32C",
	};

	return lists[value & 3];
}

/* One operational key with our value. */
static void offer(struct login *l, int i)
{
	const struct param_row *row = &param_rows[i];
	int32_t value = l->config.offer->value[i];

	if (row->rule == RULE_NONE || i == PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH || l->keys_sent & 1ull << i)
		return;
	if (row->kind == KIND_DIGEST)
		put(l, row->name, digest_list(value));
	else if (row->kind == KIND_BOOLEAN)
		put(l, row->name, value ? "Yes" : "No");
	else
		put_number(l, row->name, (uint32_t)value);
	l->keys_sent |= 1ull << i;
}

static bool is_discovery(const struct login *l)
{
	return !l->config.target_name || !l->config.target_name[0];
}

/* RFC 7143 13: these keys have a meaning in a discovery session, too. */
static bool is_for_discovery(int i)
{
	return i == PARAM_HEADER_DIGEST || i == PARAM_DATA_DIGEST || i == PARAM_MAX_RECV_DATA_SEGMENT_LENGTH ||
	       i == PARAM_ERROR_RECOVERY_LEVEL || i == PARAM_DEFAULT_TIME2WAIT || i == PARAM_DEFAULT_TIME2RETAIN;
}

static void offer_all(struct login *l)
{
	for (int i = 0; i <= PARAM_MAX_CONNECTIONS; i++) {
		if (!is_discovery(l) || is_for_discovery(i))
			offer(l, i);
	}
}

/* The basic header segment, RFC 7143 11.12. */
static void make_header(const struct login *l, uint8_t flags, uint8_t bhs[48])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_LOGIN | ISCSI_IMMEDIATE_BIT);
	write_u8(&w, flags);
	write_u8(&w, VERSION); /* Version-max */
	write_u8(&w, VERSION); /* Version-min */
	write_u8(&w, 0);       /* TotalAHSLength */
	write_be24(&w, 0);     /* DataSegmentLength: set_length */
	write_bytes(&w, l->config.isid, 6);
	write_be16(&w, l->tsih);
	write_be32(&w, l->config.itt);
	write_be16(&w, l->config.cid);
	write_be16(&w, 0);
	write_be32(&w, l->config.cmd_sn);
	write_be32(&w, l->exp_stat_sn);
	write_zeros(&w, 16);
}

static void set_length(struct login_pdu *pdu)
{
	pdu->bhs[5] = (uint8_t)(pdu->length >> 16);
	pdu->bhs[6] = (uint8_t)(pdu->length >> 8);
	pdu->bhs[7] = (uint8_t)pdu->length;
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
		(void)fail(l, LOGIN_PROTOCOL, "no end after %d exchanges", LOGIN_EXCHANGES_MAX);
		return LOGIN_FAILED;
	}
	if (length > LOGIN_DATA_MAX) {
		length = LOGIN_DATA_MAX;
		flags = (uint8_t)(flags | CONTINUE);
	} else if (l->asked_transit) {
		flags = (uint8_t)(flags | TRANSIT | l->asked_stage);
	}
	make_header(l, flags, request->bhs);
	memcpy(request->data, l->answers + l->sent, length);
	request->length = length;
	set_length(request);
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

static bool wants_chap(const struct login *l)
{
	return l->config.chap && l->config.chap->username[0];
}

static bool wants_mutual(const struct login *l)
{
	return wants_chap(l) && l->config.chap->username_in[0];
}

static enum login_action enter_operational(struct login *l, struct login_pdu *request)
{
	l->stage = OPERATIONAL;
	offer_all(l);
	return send(l, true, FULL_FEATURE, request);
}

/* RFC 7143 9.2.1: the same secret both ways would let the target answer with what it learns. */
static int check_config(struct login *l)
{
	const struct chap_config *chap = l->config.chap;

	if (!l->config.initiator_name || !l->config.initiator_name[0])
		return fail(l, LOGIN_NEGOTIATION, "there is no initiator name");
	if (!wants_chap(l))
		return GO_ON;
	if (!chap->password.length)
		return fail(l, LOGIN_AUTH_MISSING, "a username is set, but no password");
	if (!wants_mutual(l))
		return GO_ON;
	if (!chap->password_in.length)
		return fail(l, LOGIN_AUTH_MISSING, "a username_in is set, but no password_in");
	if (chap->password_in.length == chap->password.length &&
	    chap_equal(chap->password.bytes, chap->password_in.bytes, chap->password.length))
		return fail(l, LOGIN_AUTH_REFUSED,
			    "password and password_in are the same: RFC 7143 9.2.1 forbids one secret both ways");
	return GO_ON;
}

enum login_action login_start(struct login *login, const struct login_config *config, struct login_pdu *request)
{
	memset(login, 0, offsetof(struct login, text));
	login->config = *config;
	login->tsih = config->tsih;
	login->result.negotiated = *config->offer;
	login->result.tpgt = -1;
	login->stage = wants_chap(login) || config->start_in_security ? SECURITY : OPERATIONAL;
	if (check_config(login))
		return LOGIN_FAILED;
	put(login, "InitiatorName", config->initiator_name);
	if (!is_discovery(login))
		put(login, "TargetName", config->target_name);
	put(login, "SessionType", is_discovery(login) ? "Discovery" : "Normal");
	if (login->stage == OPERATIONAL)
		return enter_operational(login, request);
	put(login, "AuthMethod", wants_chap(login) ? "CHAP" : "None");
	login->authenticated = CHAP_OFFERED;
	return send(login, !wants_chap(login), OPERATIONAL, request);
}

/* ---- responses ---- */

struct response {
	uint8_t flags;
	uint8_t current, next;
	uint32_t stat_sn;
	uint16_t status;
};

/* RFC 7143 6.3.1, 11.13.1 and 11.13.2. */
static int check_stage(struct login *l, const struct response *r)
{
	bool transit = r->flags & TRANSIT, first = !l->responded && l->stage == OPERATIONAL;

	if (r->current != l->stage) {
		l->failure.wants_security = first && r->current == SECURITY;
		return fail(l, LOGIN_PROTOCOL, "the response is of stage %u, the request was of stage %u", r->current,
			    l->stage);
	}
	if (transit && r->flags & CONTINUE)
		return fail(l, LOGIN_PROTOCOL, "the response has both T and C set (RFC 7143 11.13.2)");
	if (!transit)
		return GO_ON;
	if (!l->asked_transit && l->stage == SECURITY && wants_chap(l))
		return fail(l, LOGIN_AUTH_REFUSED, "the target skips the authentication that username= asks for");
	if (!l->asked_transit || r->next > l->asked_stage || r->next <= r->current || r->next == 2)
		return fail(l, LOGIN_PROTOCOL, "the response goes to stage %u, which was not asked for", r->next);
	if (l->sent < l->reply)
		return fail(l, LOGIN_PROTOCOL, "the response goes to the next stage in the midst of our text");
	return GO_ON;
}

/* RFC 7143 11.13.3: a new session's TSIH comes with the final response, and never before. */
static int check_tsih(struct login *l, const struct response *r, uint16_t tsih)
{
	l->final = r->flags & TRANSIT && r->next == FULL_FEATURE;
	if (l->final && !tsih)
		return fail(l, LOGIN_PROTOCOL, "the final response has no TSIH");
	if ((!l->final || l->config.tsih) && tsih != l->config.tsih)
		return fail(l, LOGIN_PROTOCOL, "the response has TSIH %u, expected %u", tsih, l->config.tsih);
	l->tsih = tsih;
	return GO_ON;
}

/* RFC 7143 11.13: every field that can be wrong. */
static int check_header(struct login *l, const uint8_t *bhs, size_t length, struct response *out)
{
	struct reader r = reader_of(bhs, ISCSI_BHS_BYTES);
	uint8_t opcode = read_u8(&r), ahs, version_active;
	uint32_t data_length, itt;
	const uint8_t *isid;
	uint16_t tsih;

	out->flags = read_u8(&r);
	read_skip(&r, 1); /* Version-max */
	version_active = read_u8(&r);
	ahs = read_u8(&r);
	data_length = read_be24(&r);
	isid = read_bytes(&r, 6);
	tsih = read_be16(&r);
	itt = read_be32(&r);
	read_skip(&r, 4);
	out->stat_sn = read_be32(&r);
	l->result.exp_cmd_sn = read_be32(&r);
	read_skip(&r, 4);
	out->status = read_be16(&r);
	out->current = (out->flags >> 2) & 3;
	out->next = out->flags & 3;
	if ((opcode & 0x3f) != ISCSI_OP_LOGIN_RESPONSE)
		return fail(l, LOGIN_PROTOCOL, "expected a Login Response, got a PDU with opcode 0x%02x",
			    opcode & 0x3f);
	if (itt != l->config.itt)
		return fail(l, LOGIN_PROTOCOL, "the response has Initiator Task Tag 0x%08x, expected 0x%08x", itt,
			    l->config.itt);
	if (ahs)
		return fail(l, LOGIN_PROTOCOL, "a Login Response has no additional header (TotalAHSLength is %u)", ahs);
	if (data_length != length || length > LOGIN_DATA_MAX)
		return fail(l, LOGIN_PROTOCOL, "the response's DataSegmentLength is %u; at most %d are allowed here",
			    data_length, LOGIN_DATA_MAX);
	if (out->status >> 8)
		return GO_ON; /* the rest need not be meaningful: RFC 7143 11.13.5 */
	if (version_active != VERSION)
		return fail(l, LOGIN_PROTOCOL, "the target speaks version %u of the protocol, we version 0",
			    version_active);
	if (memcmp(isid, l->config.isid, 6))
		return fail(l, LOGIN_PROTOCOL, "the response has another ISID than the request");
	if (l->responded && out->stat_sn != l->exp_stat_sn)
		return fail(l, LOGIN_PROTOCOL, "StatSN is %u, expected %u", out->stat_sn, l->exp_stat_sn);
	return check_stage(l, out) ? STOP : check_tsih(l, out, tsih);
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

/* ---- keys ---- */

/* "Reject", "Irrelevant", "NotUnderstood" instead of a value: RFC 7143 6.2. */
static bool is_special(const struct key *key)
{
	return key_value_is(key, "Reject") || key_value_is(key, "Irrelevant") || key_value_is(key, "NotUnderstood");
}

static int refuse_value(struct login *l, const struct key *key, const char *expected)
{
	char value[80];

	return fail(l, LOGIN_NEGOTIATION, "%.*s=%s: expected %s", (int)key->name_length, key->name,
		    show(value, key->value, key->value_length), expected);
}

/* The result function of the row, RFC 7143 6.2.1 and 6.2.2. */
static int32_t combine(const struct param_row *row, int32_t a, int32_t b)
{
	switch (row->rule) {
	case RULE_MIN:
	case RULE_AND:
		return a < b ? a : b;
	case RULE_MAX:
	case RULE_OR:
		return a > b ? a : b;
	default:
		return b;
	}
}

static bool takes_digest(int32_t offered, enum digest digest)
{
	return digest == DIGEST_CRC32C ? offered != DIGEST_NONE : offered != DIGEST_CRC32C;
}

/* DIGEST_NONE, DIGEST_CRC32C, or -1: a word that we do not know. */
static int read_digest(const char *word, size_t length)
{
	if (length == 4 && !memcmp(word, "None", 4))
		return DIGEST_NONE;
	return length == 6 && !memcmp(word, "CRC32C", 6) ? DIGEST_CRC32C : -1;
}

/* The first of the target's list that we take, or -1. */
static int choose_digest(const struct key *list, int32_t offered)
{
	const char *word = list->value, *end = list->value + list->value_length;

	while (word < end) {
		const char *comma = memchr(word, ',', (size_t)(end - word));
		size_t length = (size_t)((comma ? comma : end) - word);
		int digest = read_digest(word, length);

		if (digest >= 0 && takes_digest(offered, (enum digest)digest))
			return digest;
		word += length + 1;
	}
	return -1;
}

static int take_digest(struct login *l, int i, const struct key *key, bool ours)
{
	int32_t offered = l->config.offer->value[i];
	int chosen = choose_digest(key, offered);

	if (chosen < 0 || (ours && memchr(key->value, ',', key->value_length)))
		return refuse_value(l, key, digest_list(offered));
	if (!ours)
		answer(l, known_keys[i], chosen == DIGEST_CRC32C ? "CRC32C" : "None");
	l->result.negotiated.value[i] = chosen;
	return GO_ON;
}

static int take_boolean(struct login *l, int i, const struct key *key, bool ours)
{
	int32_t offered = l->config.offer->value[i];
	bool value;

	if (key_read_boolean(key, &value))
		return refuse_value(l, key, "Yes or No");
	/* The answer to an offer is the result already: AND can only turn Yes into No, OR only No into Yes. */
	if (ours && param_rows[i].rule == RULE_AND && value && !offered)
		return refuse_value(l, key, "No, as offered");
	if (ours && param_rows[i].rule == RULE_OR && !value && offered)
		return refuse_value(l, key, "Yes, as offered");
	l->result.negotiated.value[i] = combine(&param_rows[i], value, offered);
	if (!ours)
		answer(l, known_keys[i], l->result.negotiated.value[i] ? "Yes" : "No");
	return GO_ON;
}

static int take_number(struct login *l, int i, const struct key *key, bool ours)
{
	const struct param_row *row = &param_rows[i];
	int32_t offered = l->config.offer->value[i];
	uint32_t value, max = i == PARAM_ERROR_RECOVERY_LEVEL ? 2 : (uint32_t)row->max;
	char expected[96];

	if (key_read_number(key, &value) || value < (uint32_t)row->min || value > max) {
		(void)snprintf(expected, sizeof(expected), "a number from %d to %u", row->min, max);
		return refuse_value(l, key, expected);
	}
	if (row->rule == RULE_DECLARE) { /* the target's MaxRecvDataSegmentLength: it may declare it again */
		int32_t bound = l->config.offer->value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH];

		l->result.negotiated.value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH] =
			(int32_t)value < bound ? (int32_t)value : bound;
		l->declared = true;
		return GO_ON;
	}
	if (ours && ((row->rule == RULE_MIN && value > (uint32_t)offered) ||
		     (row->rule == RULE_MAX && value < (uint32_t)offered))) {
		(void)snprintf(expected, sizeof(expected), "at %s the offered %d",
			       row->rule == RULE_MIN ? "most" : "least", offered);
		return refuse_value(l, key, expected);
	}
	l->result.negotiated.value[i] = combine(row, (int32_t)value, offered);
	if (!ours)
		answer_number(l, known_keys[i], (uint32_t)l->result.negotiated.value[i]);
	return GO_ON;
}

/* A key that was not negotiated after all: the RFC's default holds, and never more than what we offered. */
static void take_default(struct login *l, int i)
{
	l->result.negotiated.value[i] = combine(&param_rows[i], l->config.offer->value[i], param_rows[i].rfc);
}

static int take_special(struct login *l, int i, const struct key *key)
{
	const struct param_row *row = &param_rows[i];

	if (key_value_is(key, "Reject"))
		return fail(l, LOGIN_NEGOTIATION, "the target rejects our %s", row->name);
	if (row->kind == KIND_DIGEST && l->config.offer->value[i] == DIGEST_CRC32C)
		return fail(l, LOGIN_NEGOTIATION, "%s=CRC32C is required, and the target does not know it", row->name);
	if (row->rule != RULE_DECLARE)
		take_default(l, i);
	return GO_ON;
}

static int take_operational(struct login *l, int i, const struct key *key)
{
	bool ours = l->keys_sent & 1ull << i;

	if (l->stage != OPERATIONAL && param_rows[i].rule != RULE_DECLARE)
		return fail(l, LOGIN_PROTOCOL, "%s does not belong into the security stage", known_keys[i]);
	if (is_discovery(l) && !is_for_discovery(i)) {
		put(l, known_keys[i], "Irrelevant");
		return GO_ON;
	}
	l->result.negotiated.source[i] = SOURCE_NEGOTIATED;
	if (is_special(key))
		return take_special(l, i, key);
	switch (param_rows[i].kind) {
	case KIND_DIGEST:
		return take_digest(l, i, key, ours);
	case KIND_BOOLEAN:
		return take_boolean(l, i, key, ours);
	default:
		return take_number(l, i, key, ours);
	}
}

/* ---- CHAP, RFC 7143 12.1.3 ---- */

static int take_method(struct login *l, const struct key *key)
{
	if (l->stage != SECURITY) {
		l->failure.wants_security = !l->responded;
		return fail(l, LOGIN_AUTH_MISSING, "the target asks for authentication: set username= and password=");
	}
	if (key_value_is(key, "CHAP") && wants_chap(l)) {
		l->authenticated = METHOD_CHOSEN;
		return GO_ON;
	}
	if (key_value_is(key, "None") && !wants_chap(l)) {
		l->authenticated = AUTHENTICATED;
		return GO_ON;
	}
	if (key_value_is(key, "None"))
		return fail(l, LOGIN_AUTH_REFUSED,
			    "the target skips the authentication that username= asks for: it may not be the real one");
	if (!wants_chap(l))
		return fail(l, LOGIN_AUTH_MISSING, "the target wants authentication: set username= and password=");
	return refuse_value(l, key, "CHAP");
}

static void put_algorithms(struct login *l)
{
	char list[16] = "";
	size_t used = 0;

	chap_offer(l->config.chap, l->config.md5_only, l->chap.offered);
	for (int i = 0; l->chap.offered[i]; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u", i ? "," : "", l->chap.offered[i]);
	put(l, "CHAP_A", list);
}

static int take_algorithm(struct login *l, const struct key *key)
{
	uint32_t value;

	if (key_value_is(key, "Reject") || key_value_is(key, "NotUnderstood")) {
		l->failure.wants_md5_only = !l->config.chap->algorithms_given && !l->config.md5_only;
		return fail(l, LOGIN_AUTH_ALGORITHM, "the target takes none of our CHAP algorithms (chap_algs=)");
	}
	if (key_read_number(key, &value))
		return refuse_value(l, key, "the number of a CHAP algorithm");
	for (int i = 0; l->chap.offered[i]; i++) {
		if (l->chap.offered[i] == value) {
			l->chap.algorithm = (enum chap_algorithm)value;
			return GO_ON;
		}
	}
	return fail(l, LOGIN_AUTH_REFUSED, "the target chose CHAP algorithm %u, which was not offered", value);
}

static int take_identifier(struct login *l, const struct key *key)
{
	uint8_t bytes[8];
	int n = key_read_binary(key->value, key->value_length, bytes, sizeof(bytes));

	if (n < 1)
		return refuse_value(l, key, "a number from 0 to 255");
	for (int i = 0; i < n - 1; i++) {
		if (bytes[i])
			return refuse_value(l, key, "a number from 0 to 255");
	}
	l->chap.their_id = bytes[n - 1];
	return GO_ON;
}

static int take_challenge(struct login *l, const struct key *key)
{
	int n = key_read_binary(key->value, key->value_length, l->chap.their_challenge,
				sizeof(l->chap.their_challenge));

	if (n < 1)
		return fail(l, LOGIN_PROTOCOL, "CHAP_C: expected 1 to %d bytes as 0x... or 0b...", CHAP_CHALLENGE_MAX);
	/* RFC 7143 9.2.1: our own challenge sent back would have us compute the answer for the target. */
	if (wants_mutual(l) && (size_t)n == sizeof(l->config.challenge) &&
	    !memcmp(l->chap.their_challenge, l->config.challenge, (size_t)n))
		return fail(l, LOGIN_AUTH_REFUSED, "the target sent our own challenge back (reflection)");
	l->chap.their_challenge_length = (uint16_t)n;
	return GO_ON;
}

static int take_their_name(struct login *l, const struct key *key)
{
	if (l->authenticated != RESPONDED)
		return fail(l, LOGIN_PROTOCOL, "CHAP_N came from the target without being asked for");
	if (!key_value_is(key, l->config.chap->username_in))
		return fail(l, LOGIN_AUTH_REFUSED, "the target's CHAP name is not the configured username_in");
	return GO_ON;
}

static int take_their_response(struct login *l, const struct key *key)
{
	uint8_t theirs[CHAP_DIGEST_MAX], expected[CHAP_DIGEST_MAX];
	size_t length = chap_digest_length(l->chap.algorithm);
	int n = key_read_binary(key->value, key->value_length, theirs, sizeof(theirs)), made;
	bool equal;

	if (l->authenticated != RESPONDED)
		return fail(l, LOGIN_PROTOCOL, "CHAP_R came from the target without being asked for");
	made = chap_respond(l->chap.algorithm, l->config.challenge_id, &l->config.chap->password_in,
			    l->config.challenge, sizeof(l->config.challenge), expected);
	equal = n == (int)length && made == n && chap_equal(theirs, expected, length);
	wipe(expected, sizeof(expected));
	if (!equal)
		return fail(
			l, LOGIN_AUTH_REFUSED,
			"the target's CHAP response is wrong: it does not know password_in, or is not the real one");
	l->proven = true;
	return GO_ON;
}

/* CHAP_N and CHAP_R, with our own challenge where the target is to answer for itself. */
static int respond(struct login *l)
{
	uint8_t digest[CHAP_DIGEST_MAX];
	struct writer w;
	int n;

	if (!l->chap.algorithm || !l->chap.their_challenge_length || !(l->keys_seen & 1ull << KEY_CHAP_I))
		return fail(l, LOGIN_PROTOCOL, "the target's CHAP message lacks CHAP_A, CHAP_I or CHAP_C");
	n = chap_respond(l->chap.algorithm, l->chap.their_id, &l->config.chap->password, l->chap.their_challenge,
			 l->chap.their_challenge_length, digest);
	if (n < 0)
		return fail(l, LOGIN_AUTH_REFUSED, "the CHAP response cannot be made");
	put(l, "CHAP_N", l->config.chap->username);
	w = answers(l);
	write_text(&w, "CHAP_R=");
	keys_put_hex(&w, digest, (size_t)n);
	write_u8(&w, 0);
	if (wants_mutual(l)) {
		char id[8];

		(void)snprintf(id, sizeof(id), "%u", l->config.challenge_id);
		keys_put(&w, "CHAP_I", id);
		write_text(&w, "CHAP_C=");
		keys_put_hex(&w, l->config.challenge, sizeof(l->config.challenge));
		write_u8(&w, 0);
	}
	wipe(digest, sizeof(digest));
	if (w.bad)
		return fail(l, LOGIN_PROTOCOL, "the CHAP response does not fit into a login request");
	l->reply = w.used;
	l->authenticated = wants_mutual(l) ? RESPONDED : AUTHENTICATED;
	return GO_ON;
}

/* ---- one key, one response ---- */

static int take_informational(struct login *l, int i, const struct key *key)
{
	uint32_t value;

	if (i == KEY_TPGT) {
		if (key_read_number(key, &value) || value > 65535)
			return refuse_value(l, key, "a number from 0 to 65535");
		l->result.tpgt = (int32_t)value;
	}
	if (i == KEY_ALIAS && key->value_length < sizeof(l->result.target_alias)) {
		memcpy(l->result.target_alias, key->value, key->value_length);
		l->result.target_alias[key->value_length] = '\0';
	}
	if (i == KEY_ADDRESS && login_read_address(key->value, key->value_length, &l->redirect))
		return refuse_value(l, key, "<address>[:<port>][,<portal group>]");
	return GO_ON;
}

static int answer_unknown(struct login *l, const struct key *key)
{
	char name[KEY_NAME_MAX + 1];

	if (is_special(key))
		return GO_ON;
	memcpy(name, key->name, key->name_length);
	name[key->name_length] = '\0';
	put(l, name, "NotUnderstood");
	return GO_ON;
}

/* Keys that RFC 7143 knows, but that we never send. */
static int answer_known(struct login *l, int i, const struct key *key)
{
	switch (i) {
	case KEY_IF_MARKER: /* RFC 7143 13.25: obsolete; "NotUnderstood" is not allowed for these four */
	case KEY_OF_MARKER:
		put(l, known_keys[i], "No");
		return GO_ON;
	case KEY_IF_MARK_INT:
	case KEY_OF_MARK_INT:
		put(l, known_keys[i], "Reject");
		return GO_ON;
	case KEY_TASK_REPORTING:
		answer(l, known_keys[i], "RFC3720"); /* RFC 7143 13.23: the default */
		return GO_ON;
	case KEY_PROTOCOL_LEVEL:
		answer(l, known_keys[i], "1"); /* RFC 7144 7.1.1: that of RFC 7143 */
		return GO_ON;
	default:
		return fail(l, LOGIN_PROTOCOL, "the target sent %.*s, which only an initiator sends",
			    (int)key->name_length, key->name);
	}
}

/* RFC 7143 12.1.3: which of CHAP's keys may come when. */
static int take_chap(struct login *l, int i, const struct key *key)
{
	if (l->stage != SECURITY || !wants_chap(l) || !l->chap.offered[0])
		return fail(l, LOGIN_PROTOCOL, "%s came from the target without being asked for", known_keys[i]);
	switch (i) {
	case KEY_CHAP_A:
		return take_algorithm(l, key);
	case KEY_CHAP_I:
		return take_identifier(l, key);
	case KEY_CHAP_C:
		return take_challenge(l, key);
	case KEY_CHAP_N:
		return take_their_name(l, key);
	default:
		return take_their_response(l, key);
	}
}

static int take_key(struct login *l, const struct key *key)
{
	int i = find_key(key);
	bool again = i == PARAM_MAX_RECV_DATA_SEGMENT_LENGTH || i == KEY_ADDRESS;

	if (l->moving && i != KEY_ADDRESS)
		return GO_ON;
	if (i < 0)
		return answer_unknown(l, key);
	if (l->keys_seen & 1ull << i && !again)
		return fail(l, LOGIN_PROTOCOL, "the target sent %s twice (RFC 7143 6.2)", known_keys[i]);
	l->keys_seen |= 1ull << i;
	if (key->value_length > KEY_VALUE_MAX && i != KEY_CHAP_C)
		return fail(l, LOGIN_PROTOCOL, "the value of %s has %zu bytes, at most %d are legal", known_keys[i],
			    key->value_length, KEY_VALUE_MAX);
	if (i <= PARAM_MAX_CONNECTIONS)
		return take_operational(l, i, key);
	switch (i) {
	case KEY_AUTH_METHOD:
		return take_method(l, key);
	case KEY_CHAP_A:
	case KEY_CHAP_I:
	case KEY_CHAP_C:
	case KEY_CHAP_N:
	case KEY_CHAP_R:
		return take_chap(l, i, key);
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
		return fail(l, LOGIN_PROTOCOL, "the response's text is not key=value");
	return GO_ON;
}

/* The text of one logical response: RFC 7143 6.2, joined while the C bit is set. */
static int join(struct login *l, const uint8_t *data, size_t length)
{
	if (length > sizeof(l->text) - l->joined)
		return fail(l, LOGIN_PROTOCOL, "the response's text goes on beyond %d bytes", LOGIN_JOINED_MAX);
	if (length)
		memcpy(l->text + l->joined, data, length);
	l->joined += length;
	return GO_ON;
}

/* The kernel refuses FirstBurstLength above MaxBurstLength (libiscsi.c, iscsi_conn_start). */
static enum login_action finish(struct login *l)
{
	int32_t *value = l->result.negotiated.value;

	if (wants_chap(l) && l->authenticated != AUTHENTICATED) {
		(void)fail(l, LOGIN_AUTH_REFUSED, "the target ended the login without authenticating itself");
		return LOGIN_FAILED;
	}
	if (!l->declared) {
		int32_t silent = param_rows[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH].rfc;
		int32_t bound = l->config.offer->value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH];

		value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH] = silent < bound ? silent : bound;
	}
	for (int i = PARAM_HEADER_DIGEST; i <= PARAM_DATA_DIGEST; i++) {
		if (l->keys_seen & 1ull << i)
			continue;
		if (l->config.offer->value[i] == DIGEST_CRC32C) {
			(void)fail(l, LOGIN_NEGOTIATION, "the target did not answer %s=CRC32C", param_rows[i].name);
			return LOGIN_FAILED;
		}
		value[i] = DIGEST_NONE;
	}
	for (int i = PARAM_FIRST_BURST_LENGTH; i < PARAM_MAX_CONNECTIONS; i++) {
		if (!(l->keys_seen & 1ull << i))
			take_default(l, i);
	}
	if (value[PARAM_FIRST_BURST_LENGTH] > value[PARAM_MAX_BURST_LENGTH])
		value[PARAM_FIRST_BURST_LENGTH] = value[PARAM_MAX_BURST_LENGTH];
	l->result.tsih = l->tsih;
	l->result.exp_stat_sn = l->exp_stat_sn;
	return LOGIN_DONE;
}

/* Is the list of algorithms to blame? It is when the target refuses the list itself, and when it chose 7: that is SHA-256
   in IANA's registry, but SHA-1 to tgt and its kin, whose answer to our right response is then a refusal. */
static bool chokes_on_list(const struct login *l)
{
	if (!l->chap.offered[0] || l->config.chap->algorithms_given || l->config.md5_only || l->stage != SECURITY)
		return false;
	return l->authenticated == METHOD_CHOSEN || l->chap.algorithm == CHAP_SHA256;
}

/* Status class 2 and 3, and 1: the target moved. */
static enum login_action take_status(struct login *l, const struct response *response, const uint8_t *data,
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
		(void)fail(l, LOGIN_PROTOCOL, "the target says that it moved, but not where to (no TargetAddress)");
		return LOGIN_FAILED;
	}
	l->failure.status = status;
	l->failure.wants_security =
		l->stage == OPERATIONAL && !l->responded && (status == 0x0201 || status == 0x020b || status == 0x0207);
	l->failure.wants_md5_only = status >> 8 == 2 && chokes_on_list(l);
	if (status == 0x0201 && !wants_chap(l))
		(void)fail(l, LOGIN_AUTH_MISSING,
			   "the target wants authentication: set username= and password= (status 0201)");
	else
		(void)fail(l, LOGIN_STATUS, "the target refused the login: %s (status %02x%02x)",
			   login_status_text(status), status >> 8, status & 0xff);
	return LOGIN_FAILED;
}

/* The target's CHAP_N and CHAP_R, both or it is not the one that we want. */
static int take_proof(struct login *l)
{
	if (l->authenticated != RESPONDED)
		return GO_ON;
	if (!l->proven || !(l->keys_seen & 1ull << KEY_CHAP_N))
		return fail(
			l, LOGIN_AUTH_REFUSED,
			"the target did not authenticate itself (no CHAP_N and CHAP_R), which username_in= asks for");
	l->authenticated = AUTHENTICATED;
	return GO_ON;
}

/* What the security stage still lacks, into the answers; *ready: nothing any more. */
static int authenticate(struct login *l, bool *ready)
{
	*ready = false;
	if (take_proof(l))
		return STOP;
	if (l->authenticated == CHAP_OFFERED && wants_chap(l))
		return fail(l, LOGIN_AUTH_REFUSED, "the target did not answer AuthMethod=CHAP");
	if (l->authenticated == METHOD_CHOSEN && !l->chap.offered[0]) {
		put_algorithms(l);
		return GO_ON;
	}
	*ready = true;
	return l->authenticated == METHOD_CHOSEN ? respond(l) : GO_ON;
}

static enum login_action next_in_security(struct login *l, bool transit, struct login_pdu *request)
{
	bool ready;

	if (authenticate(l, &ready))
		return LOGIN_FAILED;
	if (transit)
		return enter_operational(l, request);
	return send(l, ready, OPERATIONAL, request);
}

static enum login_action next_step(struct login *l, const struct response *response, struct login_pdu *request)
{
	bool transit = response->flags & TRANSIT;

	if (response->flags & CONTINUE)
		return send_empty(l, request);
	if (l->final && l->open) {
		(void)fail(l, LOGIN_PROTOCOL, "the target ended the login with a question that is still open");
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
static int take_text(struct login *l, const struct response *response, const uint8_t *data, size_t length)
{
	if (join(l, data, length))
		return STOP;
	if (response->flags & CONTINUE)
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
	struct response response;

	if (check_header(login, bhs, length, &response))
		return LOGIN_FAILED;
	if (response.status)
		return take_status(login, &response, data, length);
	login->exp_stat_sn = response.stat_sn + 1;
	if (login->sent < login->reply) { /* a part of our text is taken: RFC 7143 6.2 wants no text here */
		login->responded = true;
		if (!length)
			return send_part(login, request);
		(void)fail(login, LOGIN_PROTOCOL, "the target answers before our text is whole (the C bit is set)");
		return LOGIN_FAILED;
	}
	if (take_text(login, &response, data, length))
		return LOGIN_FAILED;
	login->responded = true;
	return next_step(login, &response, request);
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
