/* discovery.c - see discovery.h. */
#include "session/discovery.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/keys.h"
#include "proto/pdu.h"
#include "sys/log.h"

#define DISCOVERY_ISID 0xffffff /* above any kernel session's number */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000
#define UNREADABLE     "the list of targets cannot be read"
#define NO_TARGET_MS   30000 /* a portal that is starting has none yet */

static void end(struct discovery *d, enum discovery_state state)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
	resolve_stop(&d->resolve);
	login_wipe(&d->login);
	d->state = state;
	d->deadline_ms = INT64_MAX;
}

static void fail(struct discovery *d, enum login_retry retry, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct discovery *d, enum login_retry retry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(d->failure, sizeof(d->failure), format, arguments);
	va_end(arguments);
	d->retry = retry;
	end(d, DISCOVERY_FAILED);
}

/* ---- records ---- */

/* Is it to be kept? Some list a target once for each of its portal groups. What is no name of iSCSI's is left out, with
   its addresses. */
static bool takes_name(struct discovery *d, const struct key *key)
{
	const char *why;

	d->skips = name_check(key->value, key->value_length, &why) != 0;
	d->left_out += d->skips;
	if (d->skips || (d->target_count && key_value_is(key, d->records + d->last_name)))
		return false;
	d->target_count++;
	d->last_name = d->records_used + key->name_length + 1;
	return true;
}

/* A TargetAddress that cannot be read is left out; its target stays. */
static bool takes_address(const struct discovery *d, const struct key *key)
{
	struct login_redirect address;

	return d->target_count && !d->skips && !login_read_address(key->value, key->value_length, &address);
}

static int take_record(struct discovery *d, const struct key *key)
{
	struct writer records = writer_of(d->records, sizeof(d->records));

	if (key_is(key, "TargetName") ? !takes_name(d, key) : !key_is(key, "TargetAddress") || !takes_address(d, key))
		return 0;
	records.used = d->records_used;
	write_bytes(&records, key->name, key->name_length + 1 + key->value_length);
	write_u8(&records, 0);
	d->records_used = records.used;
	return records.bad ? -EINVAL : 0;
}

static int take_pair(struct discovery *d, const char *pair, size_t length)
{
	struct reader r = reader_of(pair, length);
	struct key key;
	int more = keys_next(&r, &key);

	return more < 0 ? more : more ? take_record(d, &key) : 0;
}

int discovery_take_text(struct discovery *discovery, const uint8_t *text, size_t length)
{
	discovery->total += length;
	if (discovery->total > DISCOVERY_TEXT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int result;

		if (text[i]) {
			if (discovery->pending_used >= sizeof(discovery->pending))
				return -EINVAL;
			discovery->pending[discovery->pending_used++] = (char)text[i];
			continue;
		}
		result = take_pair(discovery, discovery->pending, discovery->pending_used);
		discovery->pending_used = 0;
		if (result)
			return result;
	}
	return 0;
}

/* ---- sending and receiving ---- */

static void send_some(struct discovery *d)
{
	ssize_t n = send(d->fd, d->out + d->out_sent, d->out_used - d->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		d->out_sent += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(d, RETRY_TRANSIENT, "the connection broke: %s", strerror(errno));
}

static void send_pdu(struct discovery *d, const uint8_t bhs[48], const uint8_t *data, size_t length)
{
	struct writer w = writer_of(d->out, sizeof(d->out));

	write_bytes(&w, bhs, ISCSI_BHS_BYTES);
	write_bytes(&w, data, length);
	write_zeros(&w, pdu_padded(length) - length);
	d->out_used = w.bad ? 0 : w.used;
	d->out_sent = 0;
	send_some(d);
}

static void begin_connect(struct discovery *d, int64_t now_ms);

static int64_t login_timeout_ms(const struct discovery *d)
{
	return (int64_t)d->plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
}

/* RFC 7143 11.10: SendTargets=All, or an empty request that asks for the rest (ttt). */
static void ask(struct discovery *d, uint32_t ttt)
{
	struct pdu_text_request header = {
		.flags = PDU_FINAL,
		.itt = d->itt,
		.ttt = ttt,
		.cmd_sn = d->cmd_sn,
		.exp_stat_sn = d->exp_stat_sn,
	};
	uint8_t bhs[ISCSI_BHS_BYTES], data[32];
	struct writer text = writer_of(data, sizeof(data));

	if (d->exchanges++ >= DISCOVERY_EXCHANGES_MAX) {
		fail(d, RETRY_NEVER, "the list of targets has no end");
		return;
	}
	if (ttt == ISCSI_RESERVED_TAG)
		keys_put(&text, "SendTargets", "All");
	header.length = (uint32_t)text.used;
	pdu_write_text(&header, bhs);
	d->step = DISCOVERY_ASK;
	send_pdu(d, bhs, data, text.used);
}

/* Nothing here computes digests or takes more than a login's PDU holds. */
static void make_offer(struct discovery *d)
{
	d->offer = d->plan->params;
	d->offer.value[PARAM_HEADER_DIGEST] = d->offer.value[PARAM_DATA_DIGEST] = DIGEST_NONE;
	d->offer.value[PARAM_MAX_RECV_DATA_SEGMENT_LENGTH] = LOGIN_DATA_MAX;
}

static void begin_login(struct discovery *d)
{
	struct login_config config = {
		.initiator_name = d->plan->initiator,
		.itt = 1,
		.cmd_sn = 1,
		.offer = &d->offer,
		/* Most portals tell everybody, and LIO and tgt refuse CHAP there by default. Nothing is attached by that: the
		   target itself has to authenticate. */
		.chap = d->lessons.start_in_security ? &d->plan->chap : NULL,
		.lessons = d->lessons,
	};
	struct login_pdu request;

	name_isid(DISCOVERY_ISID, config.isid);
	make_offer(d);
	d->step = DISCOVERY_LOGIN;
	d->in_used = 0;
	if (session_make_challenge(&config))
		fail(d, RETRY_TRANSIENT, "the kernel has no random numbers yet for mutual CHAP");
	else if (login_start(&d->login, &config, &request) != LOGIN_SEND)
		fail(d, RETRY_NEVER, "%s", login_get_failure(&d->login)->text);
	else
		send_pdu(d, request.bhs, request.data, request.length);
}

/* As a session does: another connection, with something else. */
static bool tries_otherwise(struct discovery *d, bool answered, const char *why, int64_t now_ms)
{
	if (!session_learns(&d->login, &d->lessons, answered, d->portal.host, why))
		return false;
	begin_connect(d, now_ms);
	return true;
}

/* The connection is over, and nothing was said about why. */
static void break_off(struct discovery *d, const char *why, int64_t now_ms)
{
	if (d->step != DISCOVERY_LOGIN || !tries_otherwise(d, false, why, now_ms))
		fail(d, RETRY_TRANSIENT, "%s", why);
}

static void login_failed(struct discovery *d, int64_t now_ms)
{
	if (tries_otherwise(d, true, login_get_failure(&d->login)->text, now_ms))
		return;
	d->retry = session_login_failure(&d->login, &d->lessons, d->failure, sizeof(d->failure));
	end(d, DISCOVERY_FAILED);
}

static void follow(struct discovery *d, int64_t now_ms)
{
	char said[sizeof(d->failure)];

	if (redirects_follow(&d->redirects, &d->portal, login_get_redirect(&d->login), said, sizeof(said)))
		fail(d, RETRY_TRANSIENT, "%s", said);
	else
		begin_connect(d, now_ms);
}

static void take_login(struct discovery *d, const uint8_t *bhs, const uint8_t *data, size_t length, int64_t now_ms)
{
	struct login_pdu request;

	switch (login_step(&d->login, bhs, data, length, &request)) {
	case LOGIN_SEND:
		send_pdu(d, request.bhs, request.data, request.length);
		break;
	case LOGIN_DONE:
		if (d->plan->chap.username_in[0] && !d->lessons.start_in_security)
			log_warn("%s tells its targets to everybody: it has not authenticated itself, the target "
				 "will have to",
				 d->portal.host);
		d->exp_stat_sn = login_get_result(&d->login)->exp_stat_sn;
		d->cmd_sn = 1;
		d->itt = 2;
		ask(d, ISCSI_RESERVED_TAG);
		break;
	case LOGIN_MOVED:
		follow(d, now_ms);
		break;
	case LOGIN_FAILED:
		login_failed(d, now_ms);
		break;
	}
}

static void list_is_whole(struct discovery *d)
{
	if (d->left_out)
		log_warn("%s: %d of its targets are left out: no iSCSI names", d->portal.host, d->left_out);
	end(d, DISCOVERY_DONE);
}

/* The last pair may lack its NUL. */
static void finish(struct discovery *d)
{
	static const uint8_t nul;

	if (d->pending_used && discovery_take_text(d, &nul, 1))
		fail(d, RETRY_NEVER, UNREADABLE);
	else if (d->target_count)
		list_is_whole(d);
	else if (d->left_out)
		fail(d, RETRY_NEVER, UNREADABLE);
	else
		fail(d, RETRY_SHORTLY, "it has no target for us");
}

/* RFC 7143 11.11. */
static void take_text(struct discovery *d, const uint8_t *bhs, const uint8_t *data, size_t length)
{
	struct pdu_text_response r = pdu_read_text(bhs);

	if (r.opcode != ISCSI_OP_TEXT_RESPONSE || r.itt != d->itt || r.stat_sn != d->exp_stat_sn) {
		fail(d, RETRY_NEVER, "expected the list of targets, got a PDU with opcode 0x%02x, tag %u, StatSN %u",
		     r.opcode, r.itt, r.stat_sn);
		return;
	}
	d->exp_stat_sn++;
	if (discovery_take_text(d, data, length)) {
		fail(d, RETRY_NEVER, UNREADABLE);
		return;
	}
	if (r.flags & PDU_FINAL && !(r.flags & PDU_CONTINUE))
		finish(d);
	else if (r.ttt == ISCSI_RESERVED_TAG)
		fail(d, RETRY_NEVER, "the list of targets breaks off (no Target Transfer Tag)");
	else
		ask(d, r.ttt);
}

static void be_broken(struct discovery *d, int64_t now_ms)
{
	char why[80];

	(void)snprintf(why, sizeof(why), "the connection broke: %s", strerror(errno));
	break_off(d, why, now_ms);
}

/* Reads up to so many bytes of the PDU. False: they are not all there. */
static bool receive_up_to(struct discovery *d, size_t whole, int64_t now_ms)
{
	ssize_t n;

	if (d->in_used >= whole)
		return true;
	n = recv(d->fd, d->in + d->in_used, whole - d->in_used, MSG_DONTWAIT);
	if (n > 0)
		d->in_used += (size_t)n;
	else if (n == 0)
		break_off(d, "the portal closed the connection", now_ms);
	else if (errno != EAGAIN && errno != EINTR)
		be_broken(d, now_ms);
	return n > 0 && d->in_used >= whole;
}

/* Reads what is there; a whole PDU goes to its step. */
static void receive_some(struct discovery *d, int64_t now_ms)
{
	size_t length;

	if (!receive_up_to(d, ISCSI_BHS_BYTES, now_ms))
		return;
	length = pdu_data_length(d->in);
	if (d->in[4] || length > LOGIN_DATA_MAX) {
		fail(d, RETRY_NEVER,
		     "the portal sent a PDU with %zu bytes of data and %u words of additional header, expected "
		     "at most %d and none",
		     length, d->in[4], LOGIN_DATA_MAX);
		return;
	}
	if (!receive_up_to(d, ISCSI_BHS_BYTES + pdu_padded(length), now_ms))
		return;
	d->in_used = 0;
	if (d->step == DISCOVERY_LOGIN)
		take_login(d, d->in, d->in + ISCSI_BHS_BYTES, length, now_ms);
	else
		take_text(d, d->in, d->in + ISCSI_BHS_BYTES, length);
}

/* ---- connecting ---- */

/* The next address of the portal, until one begins to connect. */
static void connect_next(struct discovery *d, int error, int64_t now_ms)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
	d->step = DISCOVERY_CONNECT;
	d->deadline_ms = now_ms + login_timeout_ms(d);
	while (d->address_next < d->address_count) { /* each attempt begins with another one, as a session's does */
		unsigned place = ((unsigned)d->address_next++ + (unsigned)d->pauses) % (unsigned)d->address_count;

		d->fd = session_open_socket(&d->portal, &d->addresses[place]);
		if (d->fd >= 0)
			return;
		error = -d->fd;
	}
	fail(d, RETRY_TRANSIENT, "cannot connect: %s", strerror(error));
}

static void begin_connect(struct discovery *d, int64_t now_ms)
{
	int result;

	d->deadline_ms = now_ms + login_timeout_ms(d);
	d->address_next = 0;
	d->address_count = session_read_literal(&d->portal, &d->addresses[0]);
	if (d->address_count) {
		connect_next(d, 0, now_ms);
		return;
	}
	d->step = DISCOVERY_RESOLVE;
	result = resolve_start(&d->resolve, d->portal.host, d->portal.port);
	if (result)
		fail(d, RETRY_TRANSIENT, "cannot look up \"%s\": %s", d->portal.host, strerror(-result));
}

static void take_addresses(struct discovery *d, int64_t now_ms)
{
	int count = resolve_step(&d->resolve, d->addresses, RESOLVE_ADDRESSES_MAX);

	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		fail(d, RETRY_TRANSIENT, "cannot look up \"%s\": %s", d->portal.host, resolve_failure(&d->resolve));
		return;
	}
	d->address_count = count;
	connect_next(d, 0, now_ms);
}

static void finish_connect(struct discovery *d, int64_t now_ms)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
		begin_login(d);
		return;
	}
	connect_next(d, error, now_ms);
}

static void begin(struct discovery *d, int64_t now_ms)
{
	d->portal = d->plan->portal;
	d->redirects.count = d->exchanges = d->target_count = d->left_out = 0;
	d->skips = false;
	d->pending_used = d->total = d->records_used = 0;
	begin_connect(d, now_ms);
}

void discovery_start(struct discovery *discovery, const struct target_plan *plan, int64_t now_ms)
{
	memset(discovery, 0, offsetof(struct discovery, login));
	discovery->plan = plan;
	discovery->fd = -1;
	memcpy(discovery->failure, "no answer yet", sizeof("no answer yet"));
	resolve_init(&discovery->resolve);
	begin(discovery, now_ms);
}

/* With a little less for each by its clock, so that a rack does not come back as one. */
bool discovery_again(struct discovery *discovery, int64_t now_ms)
{
	struct discovery *d = discovery;
	int64_t pause = d->pauses < 6 ? PAUSE_FIRST_MS << d->pauses : PAUSE_MAX_MS;

	if (d->retry == RETRY_SHORTLY && !d->no_target_ms)
		d->no_target_ms = now_ms;
	if (d->retry == RETRY_NEVER || (d->retry == RETRY_SHORTLY && now_ms - d->no_target_ms >= NO_TARGET_MS))
		return false;
	d->pauses++;
	if (d->lessons.guessed)
		d->lessons = (struct login_lessons){0};
	d->state = DISCOVERY_RUNNING;
	d->step = DISCOVERY_PAUSE;
	d->deadline_ms = now_ms + pause - now_ms % (pause / 4);
	return true;
}

int discovery_pollfds(const struct discovery *discovery, struct pollfd *out, int max)
{
	bool sends = discovery->step == DISCOVERY_CONNECT || discovery->out_sent < discovery->out_used;

	if (max < 1 || discovery->state != DISCOVERY_RUNNING || discovery->step == DISCOVERY_PAUSE)
		return 0;
	if (discovery->step == DISCOVERY_RESOLVE)
		return resolve_pollfds(&discovery->resolve, out, max);
	*out = (struct pollfd){.fd = discovery->fd, .events = sends ? POLLOUT : POLLIN};
	return 1;
}

int64_t discovery_deadline(const struct discovery *discovery)
{
	return discovery->deadline_ms;
}

static void be_unanswered(struct discovery *d, int64_t now_ms)
{
	char why[48];

	(void)snprintf(why, sizeof(why), "no answer within %d s", d->plan->params.value[PARAM_LOGIN_TIMEOUT]);
	break_off(d, why, now_ms);
}

static void be_late(struct discovery *d, int64_t now_ms)
{
	if (d->step == DISCOVERY_PAUSE)
		begin(d, now_ms);
	else if (d->step == DISCOVERY_CONNECT)
		connect_next(d, ETIMEDOUT, now_ms);
	else
		be_unanswered(d, now_ms);
}

void discovery_step(struct discovery *discovery, int64_t now_ms)
{
	struct pollfd fd;

	if (discovery->state != DISCOVERY_RUNNING)
		return;
	if (now_ms >= discovery->deadline_ms) {
		be_late(discovery, now_ms);
		return;
	}
	if (discovery_pollfds(discovery, &fd, 1) < 1 || poll(&fd, 1, 0) < 1)
		return;
	if (discovery->step == DISCOVERY_RESOLVE)
		take_addresses(discovery, now_ms);
	else if (discovery->step == DISCOVERY_CONNECT)
		finish_connect(discovery, now_ms);
	else if (discovery->out_sent < discovery->out_used)
		send_some(discovery);
	else
		receive_some(discovery, now_ms);
}

/* ---- results ---- */

enum discovery_state discovery_state(const struct discovery *discovery)
{
	return discovery->state;
}

const char *discovery_failure(const struct discovery *discovery)
{
	return discovery->failure;
}

int discovery_count(const struct discovery *discovery)
{
	return discovery->target_count;
}

static struct reader records_of(const struct discovery *d)
{
	return reader_of(d->records, d->records_used);
}

void discovery_use(const struct discovery *discovery, struct target_plan *plan)
{
	struct reader r = records_of(discovery);
	struct login_redirect address;
	bool asked = false;
	struct key key;

	while (keys_next(&r, &key) == 1) {
		if (key_is(&key, "TargetName")) {
			memcpy(plan->name, key.value, key.value_length + 1);
			continue;
		}
		(void)login_read_address(key.value, key.value_length, &address);
		asked = asked || (address.port == plan->portal.port && !strcmp(address.host, plan->portal.host));
		if (plan->listed.host[0])
			continue;
		memcpy(plan->listed.host, address.host, sizeof(plan->listed.host));
		plan->listed.port = address.port;
	}
	if (asked)
		plan->listed.host[0] = '\0';
}

const char *discovery_list(const struct discovery *discovery, char *out, size_t size)
{
	struct reader r = records_of(discovery);
	struct key key;
	size_t used = 0;

	out[0] = '\0';
	while (keys_next(&r, &key) == 1) {
		if (!key_is(&key, "TargetName"))
			continue;
		if (used + key.value_length + sizeof(", , ...") > size) {
			(void)snprintf(out + used, size - used, ", ...");
			break;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", key.value);
	}
	return out;
}

static void print_line(const struct portal *portal, int tpgt, const char *name, FILE *out)
{
	char text[PLAN_HOST_MAX + 32];

	(void)fprintf(out, "%s,%d %s\n", session_portal_text(portal, text, sizeof(text)), tpgt < 0 ? 1 : tpgt, name);
}

void discovery_print(const struct discovery *discovery, FILE *out)
{
	struct reader r = records_of(discovery);
	const char *name = "", *bare = NULL; /* bare: it has had no address yet */
	struct login_redirect address;
	struct key key;

	while (keys_next(&r, &key) == 1) {
		struct portal portal = {.port = 0};

		if (key_is(&key, "TargetName")) {
			if (bare)
				print_line(&discovery->portal, -1, bare, out);
			name = bare = key.value;
			continue;
		}
		(void)login_read_address(key.value, key.value_length, &address);
		memcpy(portal.host, address.host, sizeof(portal.host));
		portal.port = address.port;
		print_line(&portal, address.tpgt, name, out);
		bare = NULL;
	}
	if (bare)
		print_line(&discovery->portal, -1, bare, out);
}
