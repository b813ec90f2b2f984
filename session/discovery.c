/* discovery.c - see discovery.h. */
/* SPDX-License-Identifier: MIT */
#include "session/discovery.h"

#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/keys.h"
#include "proto/name.h"
#include "proto/pdu.h"
#include "proto/text.h"
#include "sys/log.h"

/* Above any kernel session's number; no byte has its highest bit set, as some targets extend its sign. */
#define DISCOVERY_ISID      0x7f0000
#define DISCOVERY_ISID_BITS 0x007f7f
#define UNREADABLE          "the list of targets cannot be read"

void discovery_stop(struct discovery *discovery)
{
	attempt_stop(&discovery->attempt);
	discovery->deadline_ms = INT64_MAX;
}

static void end(struct discovery *d, enum discovery_state state)
{
	discovery_stop(d);
	d->state = state;
}

static void go_on(struct discovery *d, enum attempt_state state, int64_t now_ms);

static void begin(struct discovery *d, int64_t now_ms)
{
	d->asks = false;
	d->exchanges = 0;
	target_list_clear(&d->list);
	go_on(d, attempt_begin(&d->attempt, now_ms), now_ms);
}

/* ---- logging in ---- */

/* Nothing here computes digests or takes more than a login's PDU holds. */
static void make_offer(struct discovery *d)
{
	d->offer = d->attempt.plan->params;
	d->offer.value[PARAM_HEADER_DIGEST] = d->offer.value[PARAM_DATA_DIGEST] = DIGEST_NONE;
	d->offer.value[PARAM_MAX_RECV_DATA_SEGMENT_LENGTH] = LOGIN_DATA_MAX;
}

/* The connection broke, or the portal does not answer: during the login that may be worth another beginning. */
static void take_silence(struct discovery *d, const char *why, int64_t now_ms)
{
	enum attempt_state state = d->asks ? attempt_fail(&d->attempt, RETRY_TRANSIENT, "%s", why)
					   : attempt_unanswered(&d->attempt, "%s", why);

	go_on(d, state, now_ms);
}

static void take_break(struct discovery *d, int error, int64_t now_ms)
{
	char why[80];

	snprintf(why, sizeof(why), "the connection broke: %s", strerror(-error));
	take_silence(d, error == -EPIPE ? "the portal closed the connection" : why, now_ms);
}

/* The conversation's next step: a request to be sent, or what the attempt ends in. */
static void converse(struct discovery *d, enum attempt_state state, const struct login_pdu *request, int64_t now_ms)
{
	int result;

	if (state != ATTEMPT_SEND) {
		go_on(d, state, now_ms);
		return;
	}
	d->deadline_ms = d->attempt.deadline_ms;
	result = wire_send(&d->wire, request->bhs, request->data, request->length);
	if (result)
		take_break(d, result, now_ms);
}

/* RFC 7143 6.3.5: of two sessions of one name and ISID with a portal group, the later ends the earlier. Several portals are
   asked at once, and may belong to one group. */
static uint32_t number_of(const struct target_plan *plan)
{
	return DISCOVERY_ISID |
	       ((uint32_t)(text_hash(plan->portal.host) ^ text_hash(plan->name)) & DISCOVERY_ISID_BITS);
}

static void begin_login(struct discovery *d, int64_t now_ms)
{
	struct login_config config = {
		.itt = 1,
		.cmd_sn = 1,
		.offer = &d->offer,
		/* Most portals tell everybody, and LIO and tgt refuse CHAP there by default. Nothing is attached by that: the
		   target itself has to authenticate. */
		.chap = d->attempt.lessons.start_in_security ? &d->attempt.plan->chap : NULL,
	};
	struct login_pdu request;

	name_isid(number_of(d->attempt.plan), config.isid);
	make_offer(d);
	wire_start(&d->wire, d->attempt.connect.fd);
	converse(d, attempt_log_in(&d->attempt, &config, &request, now_ms), &request, now_ms);
}

/* ---- the list ---- */

static void fail(struct discovery *d, enum login_retry retry, const char *why)
{
	attempt_fail(&d->attempt, retry, "%s", why);
	end(d, DISCOVERY_FAILED);
}

/* RFC 7143 11.10: SendTargets=All, or an empty request that asks for the rest (ttt). */
static void ask(struct discovery *d, uint32_t ttt, int64_t now_ms)
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
	int result;

	if (d->exchanges++ >= DISCOVERY_EXCHANGES_MAX) {
		fail(d, RETRY_NEVER, "the list of targets has no end");
		return;
	}
	if (ttt == ISCSI_RESERVED_TAG)
		keys_put(&text, "SendTargets", "All");
	header.length = (uint32_t)text.used;
	pdu_write_text(&header, bhs);
	result = wire_send(&d->wire, bhs, data, text.used);
	if (result)
		take_break(d, result, now_ms);
}

static void begin_asking(struct discovery *d, int64_t now_ms)
{
	if (d->attempt.plan->chap.username_in[0] && !d->attempt.lessons.start_in_security)
		log_warn("%s tells its targets to everybody: it has not authenticated itself, so the target will have "
			 "to",
			 attempt_name(&d->attempt));
	d->asks = true;
	d->exp_stat_sn = login_get_result(&d->attempt.login)->exp_stat_sn;
	d->cmd_sn = 1;
	d->itt = 2;
	d->deadline_ms = now_ms + (int64_t)d->attempt.plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
	ask(d, ISCSI_RESERVED_TAG, now_ms);
}

static void finish(struct discovery *d)
{
	const struct target_list *list = &d->list;

	if (target_list_finish(&d->list) || (!list->count && list->left_out)) {
		fail(d, RETRY_NEVER, UNREADABLE);
		return;
	}
	if (!list->count) {
		fail(d, RETRY_SHORTLY, "it has no target for us"); /* a portal that is starting has none yet */
		return;
	}
	if (list->left_out)
		log_warn("%s: %d of its targets are left out, because their names are no iSCSI names",
			 attempt_name(&d->attempt), list->left_out);
	end(d, DISCOVERY_DONE);
}

/* A target that asks whether we are still there (RFC 7143 11.19) gets its answer (11.18), and nothing is asked anew. */
static void answer_ping(struct discovery *d, const uint8_t *ping, int64_t now_ms)
{
	uint8_t bhs[ISCSI_BHS_BYTES] = {ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE_BIT, PDU_FINAL};
	struct writer w = writer_of(bhs + 16, 16);
	struct reader tag = reader_of(ping + 20, 4);
	uint32_t ttt = read_be32(&tag);
	int result;

	if (ttt == ISCSI_RESERVED_TAG)
		return;
	memcpy(bhs + 8, ping + 8, 8); /* LUN */
	write_be32(&w, ISCSI_RESERVED_TAG);
	write_be32(&w, ttt);
	write_be32(&w, d->cmd_sn);
	write_be32(&w, d->exp_stat_sn);
	result = wire_send(&d->wire, bhs, NULL, 0);
	if (result)
		take_break(d, result, now_ms);
}

/* RFC 7143 11.11. */
static void take_text(struct discovery *d, const uint8_t *bhs, const uint8_t *data, size_t length, int64_t now_ms)
{
	struct pdu_text_response r = pdu_read_text(bhs);

	if (r.opcode == ISCSI_OP_NOP_IN) {
		answer_ping(d, bhs, now_ms);
		return;
	}
	if (r.opcode != ISCSI_OP_TEXT_RESPONSE || r.itt != d->itt) {
		attempt_fail(&d->attempt, RETRY_NEVER,
			     "expected the list of targets, got a PDU with opcode 0x%02x and tag %u", r.opcode, r.itt);
		end(d, DISCOVERY_FAILED);
		return;
	}
	d->exp_stat_sn = r.stat_sn + 1;
	if (target_list_take(&d->list, data, length))
		fail(d, RETRY_NEVER, UNREADABLE);
	else if (r.flags & PDU_FINAL && !(r.flags & PDU_CONTINUE))
		finish(d);
	else if (r.ttt == ISCSI_RESERVED_TAG)
		fail(d, RETRY_NEVER, "the list of targets breaks off (no Target Transfer Tag)");
	else
		ask(d, r.ttt, now_ms);
}

/* ---- the machine ---- */

static void go_on(struct discovery *d, enum attempt_state state, int64_t now_ms)
{
	d->deadline_ms = d->attempt.deadline_ms;
	switch (state) {
	case ATTEMPT_CONNECTED:
		begin_login(d, now_ms);
		break;
	case ATTEMPT_AGAIN:
		begin(d, now_ms);
		break;
	case ATTEMPT_DONE:
		begin_asking(d, now_ms);
		break;
	case ATTEMPT_FAILED:
		end(d, DISCOVERY_FAILED);
		break;
	default:
		break;
	}
}

/* A whole PDU, if it is there. */
static void receive(struct discovery *d, int64_t now_ms)
{
	const uint8_t *bhs, *data;
	struct login_pdu request;
	size_t length;
	int result = wire_receive(&d->wire, &bhs, &data, &length);

	if (result == -EMSGSIZE)
		go_on(d,
		      attempt_fail(&d->attempt, RETRY_NEVER,
				   "the portal sent a PDU with %zu bytes of data and %u words of additional header, "
				   "expected at most %d and none",
				   length, bhs[4], LOGIN_DATA_MAX),
		      now_ms);
	else if (result < 0)
		take_break(d, result, now_ms);
	else if (result && d->asks)
		take_text(d, bhs, data, length, now_ms);
	else if (result)
		converse(d, attempt_answer(&d->attempt, bhs, data, length, &request), &request, now_ms);
}

static void exchange(struct discovery *d, int64_t now_ms)
{
	int result;

	if (wire_pollfd(&d->wire).events == POLLIN) {
		receive(d, now_ms);
		return;
	}
	result = wire_flush(&d->wire);
	if (result)
		take_break(d, result, now_ms);
}

static bool is_talking(const struct discovery *d)
{
	return d->asks || d->attempt.state == ATTEMPT_LOGIN;
}

static void pass_deadline(struct discovery *d, int64_t now_ms)
{
	char why[48];

	if (d->attempt.state == ATTEMPT_PAUSE) {
		begin(d, now_ms);
		return;
	}
	snprintf(why, sizeof(why), "no answer within %d s", d->attempt.plan->params.value[PARAM_LOGIN_TIMEOUT]);
	if (is_talking(d))
		take_silence(d, why, now_ms);
	else
		go_on(d, attempt_step(&d->attempt, true, now_ms), now_ms);
}

void discovery_start(struct discovery *discovery, const struct target_plan *plan, int64_t now_ms)
{
	discovery->state = DISCOVERY_RUNNING;
	attempt_init(&discovery->attempt, plan, (uint32_t)now_ms);
	snprintf(discovery->attempt.failure, sizeof(discovery->attempt.failure), "no answer yet");
	begin(discovery, now_ms);
}

bool discovery_again(struct discovery *discovery, int64_t now_ms)
{
	discovery->asks = false;
	if (attempt_put_off(&discovery->attempt, now_ms) == ATTEMPT_OVER)
		return false;
	discovery->state = DISCOVERY_RUNNING;
	discovery->deadline_ms = discovery->attempt.deadline_ms;
	return true;
}

enum attempt_report discovery_take_report(struct discovery *discovery, int64_t now_ms)
{
	return attempt_take_report(&discovery->attempt, now_ms);
}

int discovery_pollfds(const struct discovery *discovery, struct pollfd *out, int max)
{
	if (discovery->state != DISCOVERY_RUNNING || max < 1)
		return 0;
	if (!is_talking(discovery))
		return attempt_pollfds(&discovery->attempt, out, max);
	*out = wire_pollfd(&discovery->wire);
	return 1;
}

int64_t discovery_deadline(const struct discovery *discovery)
{
	return discovery->state == DISCOVERY_RUNNING ? discovery->deadline_ms : INT64_MAX;
}

void discovery_step(struct discovery *discovery, int64_t now_ms)
{
	struct pollfd fds[RACE_ADDRESSES_MAX];
	int count = discovery_pollfds(discovery, fds, RACE_ADDRESSES_MAX);

	if (discovery->state != DISCOVERY_RUNNING)
		return;
	if (now_ms >= discovery->deadline_ms)
		pass_deadline(discovery, now_ms);
	else if (count < 1 || poll(fds, (nfds_t)count, 0) < 1)
		return;
	else if (is_talking(discovery))
		exchange(discovery, now_ms);
	else
		go_on(discovery, attempt_step(&discovery->attempt, false, now_ms), now_ms);
}

/* ---- results ---- */

enum discovery_state discovery_state(const struct discovery *discovery)
{
	return discovery->state;
}

const char *discovery_failure(const struct discovery *discovery)
{
	return discovery->attempt.failure;
}

int discovery_count(const struct discovery *discovery)
{
	return discovery->list.count;
}

void discovery_use(const struct discovery *discovery, int index, struct target_plan *plan)
{
	target_list_use(&discovery->list, index, plan);
}

int discovery_find(const struct discovery *discovery, const char *name)
{
	return target_list_find(&discovery->list, name);
}

const char *discovery_list(const struct discovery *discovery, char *out, size_t size)
{
	return target_list_names(&discovery->list, out, size);
}

void discovery_print(const struct discovery *discovery, FILE *out)
{
	target_list_print(&discovery->list, &discovery->attempt.route.portal, out);
}
