/* discovery.c - see discovery.h. */
#include "discovery.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/keys.h"
#include "proto/pdu.h"
#include "session.h"

#define DISCOVERY_ISID 0xffffff /* above any kernel session's number */

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

static void fail(struct discovery *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct discovery *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(d->failure, sizeof(d->failure), format, arguments);
	va_end(arguments);
	end(d, DISCOVERY_FAILED);
}

/* ---- records ---- */

/* A record's TargetAddress without its TPGT is legal; what cannot be read is left out, the target stays. */
static void take_address(struct discovery *d, const struct key *key)
{
	struct discovered *target;
	struct login_redirect address;

	if (!d->target_count || d->more)
		return;
	target = &d->targets[d->target_count - 1];
	if (login_read_address(key->value, key->value_length, &address) ||
	    target->address_count >= DISCOVERY_ADDRESSES_MAX)
		return;
	target->addresses[target->address_count++] = address;
}

static int take_record(struct discovery *d, const struct key *key)
{
	const char *why;

	if (key_is(key, "TargetAddress")) {
		take_address(d, key);
		return 0;
	}
	if (!key_is(key, "TargetName"))
		return 0;
	if (name_check(key->value, key->value_length, &why))
		return -EINVAL;
	if (d->target_count >= DISCOVERY_TARGETS_MAX) {
		d->more = true;
		return 0;
	}
	d->targets[d->target_count] = (struct discovered){.address_count = 0};
	memcpy(d->targets[d->target_count++].name, key->value, key->value_length);
	return 0;
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
		fail(d, "the connection broke: %s", strerror(errno));
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
		fail(d, "the list of targets has no end");
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

/* Random bytes for mutual CHAP, which must not wait for the kernel's generator. */
static int make_challenge(struct login_config *config)
{
	size_t size = sizeof(config->challenge);

	if (!config->chap || !config->chap->username_in[0])
		return 0;
	if (getrandom(config->challenge, size, GRND_NONBLOCK) != (ssize_t)size ||
	    getrandom(&config->challenge_id, 1, GRND_NONBLOCK) != 1)
		return -EAGAIN;
	return 0;
}

static void begin_login(struct discovery *d)
{
	struct login_config config = {
		.initiator_name = d->plan->initiator,
		.itt = 1,
		.cmd_sn = 1,
		.offer = &d->offer,
		.chap = d->plan->chap.username[0] ? &d->plan->chap : NULL,
		.start_in_security = d->start_in_security,
		.md5_only = d->md5_only,
	};
	struct login_pdu request;

	name_isid(DISCOVERY_ISID, config.isid);
	make_offer(d);
	d->step = DISCOVERY_LOGIN;
	d->in_used = 0;
	if (make_challenge(&config))
		fail(d, "the kernel has no random numbers yet for mutual CHAP");
	else if (login_start(&d->login, &config, &request) != LOGIN_SEND)
		fail(d, "%s", login_get_failure(&d->login)->text);
	else
		send_pdu(d, request.bhs, request.data, request.length);
}

static void login_failed(struct discovery *d, int64_t now_ms)
{
	const struct login_failure *failure = login_get_failure(&d->login);
	char code[16];

	if ((failure->wants_security && !d->start_in_security) || (failure->wants_md5_only && !d->md5_only)) {
		d->start_in_security = d->start_in_security || failure->wants_security;
		d->md5_only = d->md5_only || failure->wants_md5_only;
		begin_connect(d, now_ms);
		return;
	}
	fail(d, "%s [%s]", failure->text, login_error_code(failure, code, sizeof(code)));
}

static void follow(struct discovery *d, int64_t now_ms)
{
	const struct login_redirect *to = login_get_redirect(&d->login);

	if (d->redirects++ >= REDIRECTS_MAX) {
		fail(d, "redirected %d times: given up", REDIRECTS_MAX);
		return;
	}
	(void)snprintf(d->portal.host, sizeof(d->portal.host), "%.*s", (int)sizeof(d->portal.host) - 1, to->host);
	d->portal.port = to->port;
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

/* The last pair may lack its NUL. */
static void finish(struct discovery *d)
{
	static const uint8_t nul;

	if (d->pending_used && discovery_take_text(d, &nul, 1))
		fail(d, "the list of targets cannot be read");
	else
		end(d, DISCOVERY_DONE);
}

/* RFC 7143 11.11. */
static void take_text(struct discovery *d, const uint8_t *bhs, const uint8_t *data, size_t length)
{
	struct pdu_text_response r = pdu_read_text(bhs);

	if (r.opcode != ISCSI_OP_TEXT_RESPONSE || r.itt != d->itt || r.stat_sn != d->exp_stat_sn) {
		fail(d, "expected the list of targets, got a PDU with opcode 0x%02x, tag %u, StatSN %u", r.opcode,
		     r.itt, r.stat_sn);
		return;
	}
	d->exp_stat_sn++;
	if (discovery_take_text(d, data, length)) {
		fail(d, "the list of targets cannot be read");
		return;
	}
	if (r.flags & PDU_FINAL && !(r.flags & PDU_CONTINUE))
		finish(d);
	else if (r.ttt == ISCSI_RESERVED_TAG)
		fail(d, "the list of targets breaks off (no Target Transfer Tag)");
	else
		ask(d, r.ttt);
}

/* Reads up to so many bytes of the PDU. False: they are not all there. */
static bool receive_up_to(struct discovery *d, size_t whole)
{
	ssize_t n;

	if (d->in_used >= whole)
		return true;
	n = recv(d->fd, d->in + d->in_used, whole - d->in_used, MSG_DONTWAIT);
	if (n == 0)
		fail(d, "the portal closed the connection");
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(d, "the connection broke: %s", strerror(errno));
	d->in_used += n > 0 ? (size_t)n : 0;
	return d->in_used >= whole;
}

/* Reads what is there; a whole PDU goes to its step. */
static void receive_some(struct discovery *d, int64_t now_ms)
{
	size_t length;

	if (!receive_up_to(d, ISCSI_BHS_BYTES))
		return;
	length = pdu_data_length(d->in);
	if (d->in[4] || length > LOGIN_DATA_MAX) {
		fail(d,
		     "the portal sent a PDU with %zu bytes of data and %u words of additional header, expected "
		     "at most %d and none",
		     length, d->in[4], LOGIN_DATA_MAX);
		return;
	}
	if (!receive_up_to(d, ISCSI_BHS_BYTES + pdu_padded(length)))
		return;
	d->in_used = 0;
	if (d->step == DISCOVERY_LOGIN)
		take_login(d, d->in, d->in + ISCSI_BHS_BYTES, length, now_ms);
	else
		take_text(d, d->in, d->in + ISCSI_BHS_BYTES, length);
}

/* ---- connecting ---- */

static bool open_socket(struct discovery *d, const struct sockaddr_storage *address)
{
	socklen_t size = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int one = 1;

	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (d->fd < 0)
		return false;
	(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(d->fd, (const struct sockaddr *)address, size) == 0 || errno == EINPROGRESS;
}

static void connect_next(struct discovery *d)
{
	int error = errno;

	d->step = DISCOVERY_CONNECT;
	while (d->address_next < d->address_count) {
		if (open_socket(d, &d->addresses[d->address_next++]))
			return;
		error = errno;
	}
	fail(d, "cannot connect: %s", strerror(error));
}

static void begin_connect(struct discovery *d, int64_t now_ms)
{
	int result;

	d->deadline_ms = now_ms + (int64_t)d->plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
	d->address_next = 0;
	d->address_count = session_read_literal(&d->portal, &d->addresses[0]);
	if (d->address_count) {
		connect_next(d);
		return;
	}
	d->step = DISCOVERY_RESOLVE;
	result = resolve_start(&d->resolve, d->portal.host, d->portal.port, d->deadline_ms);
	if (result)
		fail(d, "cannot look up \"%s\": %s", d->portal.host, strerror(-result));
}

static void take_addresses(struct discovery *d)
{
	int count = resolve_step(&d->resolve, d->addresses, RESOLVE_ADDRESSES_MAX);

	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		fail(d, "cannot look up \"%s\": %s", d->portal.host, resolve_failure(&d->resolve));
		return;
	}
	d->address_count = count;
	connect_next(d);
}

static void finish_connect(struct discovery *d)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
		begin_login(d);
		return;
	}
	errno = error;
	connect_next(d);
}

void discovery_start(struct discovery *discovery, const struct target_plan *plan, int64_t now_ms)
{
	memset(discovery, 0, sizeof(*discovery));
	discovery->plan = plan;
	discovery->portal = plan->portal;
	discovery->fd = -1;
	resolve_init(&discovery->resolve);
	begin_connect(discovery, now_ms);
}

int discovery_pollfds(const struct discovery *discovery, struct pollfd *out, int max)
{
	bool sends = discovery->step == DISCOVERY_CONNECT || discovery->out_sent < discovery->out_used;

	if (max < 1 || discovery->state != DISCOVERY_RUNNING)
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

void discovery_step(struct discovery *discovery, int64_t now_ms)
{
	struct pollfd fd;

	if (discovery->state != DISCOVERY_RUNNING)
		return;
	if (now_ms >= discovery->deadline_ms) {
		fail(discovery, "no answer within %d s", discovery->plan->params.value[PARAM_LOGIN_TIMEOUT]);
		return;
	}
	if (discovery_pollfds(discovery, &fd, 1) < 1 || poll(&fd, 1, 0) < 1)
		return;
	if (discovery->step == DISCOVERY_RESOLVE)
		take_addresses(discovery);
	else if (discovery->step == DISCOVERY_CONNECT)
		finish_connect(discovery);
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

void discovery_use(const struct discovery *discovery, struct target_plan *plan)
{
	const struct discovered *target = &discovery->targets[0];

	/* The portal that answered stays: a listed address may be one behind a translation. */
	memcpy(plan->name, target->name, sizeof(plan->name));
}

const char *discovery_list(const struct discovery *discovery, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < discovery->target_count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", discovery->targets[i].name);
	return out;
}

void discovery_print(const struct discovery *discovery, FILE *out)
{
	for (int i = 0; i < discovery->target_count; i++) {
		const struct discovered *target = &discovery->targets[i];

		if (!target->address_count)
			(void)fprintf(out, "- %s\n", target->name);
		for (int k = 0; k < target->address_count; k++) {
			const struct login_redirect *a = &target->addresses[k];
			struct portal portal = {.port = a->port};
			char text[PLAN_HOST_MAX + 32];

			(void)snprintf(portal.host, sizeof(portal.host), "%.*s", (int)sizeof(portal.host) - 1, a->host);
			(void)fprintf(out, "%s,%d %s\n", session_portal_text(&portal, text, sizeof(text)),
				      a->tpgt < 0 ? 1 : a->tpgt, target->name);
		}
	}
	if (discovery->more)
		(void)fprintf(out, "(there are more: only the first %d are listed)\n", DISCOVERY_TARGETS_MAX);
}
