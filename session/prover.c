/* prover.c - see prover.h. */
/* SPDX-License-Identifier: MIT */
#include "session/prover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "sys/log.h"

#define PDUS_AT_ONCE 64 /* before the loop looks after the others */

void prover_init(struct prover *prover)
{
	prover->state = PROVER_IDLE;
	prover->attempt.connect.fd = -1;
}

static bool is_logged_in(const struct prover *p)
{
	return p->state == PROVER_ASKING || p->state == PROVER_LEAVING;
}

void prover_stop(struct prover *prover)
{
	uint8_t bhs[ISCSI_BHS_BYTES];

	if (prover->state == PROVER_IDLE)
		return;
	if (prover->state == PROVER_ASKING) {
		unit_proof_write_logout(&prover->proof, bhs);
		(void)wire_send(&prover->wire, bhs, NULL, 0);
	}
	attempt_stop(&prover->attempt);
	prover->state = PROVER_IDLE;
}

static enum unit_verdict end(struct prover *p, enum unit_verdict verdict, const char *text)
{
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->verdict = verdict;
	prover_stop(p);
	p->state = PROVER_DONE;
	return verdict;
}

static enum unit_verdict go_on(struct prover *p, enum attempt_state state, const struct login_pdu *request,
			       int64_t now_ms);

/* During the login it may be worth another beginning. */
static enum unit_verdict take_break(struct prover *p, int error, int64_t now_ms)
{
	char why[100];

	if (p->state == PROVER_LEAVING)
		return end(p, p->verdict, p->proof.text);
	if (p->state == PROVER_LOGIN)
		return go_on(p, attempt_unanswered(&p->attempt, "the connection broke: %s", strerror(-error)), NULL,
			     now_ms);
	snprintf(why, sizeof(why), "the connection for the proof of its LUNs broke: %s",
		 error == -EPIPE      ? "the target closed it"
		 : error == -EMSGSIZE ? "the target sent a PDU that is too long"
		 : error == -EBADMSG  ? "a digest is wrong"
				      : strerror(-error));
	return end(p, UNIT_BROKEN, why);
}

/* ---- the questions ---- */

static int64_t answer_by(const struct prover *p, int64_t now_ms)
{
	return now_ms + (int64_t)p->attempt.plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
}

static enum unit_verdict leave(struct prover *p, int64_t now_ms)
{
	uint8_t bhs[ISCSI_BHS_BYTES];
	int result;

	if (!p->leaves_first || p->proof.verdict == UNIT_BROKEN)
		return end(p, p->proof.verdict, p->proof.text);
	unit_proof_write_logout(&p->proof, bhs);
	result = wire_send(&p->wire, bhs, NULL, 0);
	p->verdict = p->proof.verdict;
	p->state = PROVER_LEAVING;
	p->answer_ms = answer_by(p, now_ms);
	return result ? take_break(p, result, now_ms) : UNIT_PENDING;
}

static enum unit_verdict ask(struct prover *p, int64_t now_ms)
{
	uint8_t bhs[ISCSI_BHS_BYTES];
	int result = 0;

	if (p->proof.verdict != UNIT_PENDING)
		return leave(p, now_ms);
	while (!result && wire_has_room(&p->wire) && unit_proof_next(&p->proof, bhs))
		result = wire_send(&p->wire, bhs, NULL, 0);
	return result ? take_break(p, result, now_ms) : UNIT_PENDING;
}

enum unit_verdict prover_ask(struct prover *prover, int64_t now_ms)
{
	prover->may_ask = true;
	prover->answer_ms = answer_by(prover, now_ms);
	if (prover->attempt.state == ATTEMPT_LOGIN && prover->attempt.deadline_ms < prover->answer_ms)
		prover->attempt.deadline_ms = prover->answer_ms; /* the kernel's was before it in the target's queue */
	if (prover->state == PROVER_DONE)
		return prover->verdict;
	return prover->state == PROVER_ASKING ? ask(prover, now_ms) : UNIT_PENDING;
}

/* ---- logging in ---- */

/* As the kernel's session does, but for the data that one PDU holds. */
static enum unit_verdict begin_login(struct prover *p, int64_t now_ms)
{
	const struct target_plan *plan = p->attempt.plan;
	struct login_config config = {
		.target_name = plan->name,
		.itt = 1,
		.cmd_sn = 1,
		.offer = &p->offer,
		.chap = plan->chap.username[0] ? &plan->chap : NULL,
	};
	struct login_pdu request;

	memcpy(config.isid, p->isid, sizeof(config.isid));
	p->offer = plan->params;
	p->offer.value[PARAM_MAX_RECV_DATA_SEGMENT_LENGTH] = LOGIN_DATA_MAX;
	wire_start(&p->wire, p->attempt.connect.fd);
	return go_on(p, attempt_log_in(&p->attempt, &config, &request, now_ms), &request, now_ms);
}

static enum unit_verdict begin_asking(struct prover *p, int64_t now_ms)
{
	const struct login_result *result = login_get_result(&p->attempt.login);

	p->wire.header_digest = result->negotiated.value[PARAM_HEADER_DIGEST] == DIGEST_CRC32C;
	p->wire.data_digest = result->negotiated.value[PARAM_DATA_DIGEST] == DIGEST_CRC32C;
	unit_proof_start(&p->proof, p->units, p->unit_count, 1, result->exp_stat_sn, p->max_cmd_sn);
	login_wipe(&p->attempt.login);
	p->state = PROVER_ASKING;
	p->answer_ms = answer_by(p, now_ms);
	return p->may_ask ? ask(p, now_ms) : UNIT_PENDING;
}

static enum unit_verdict fail_login(struct prover *p)
{
	char why[sizeof(p->text)];

	snprintf(why, sizeof(why), "the login for the proof of its LUNs failed: %.250s", p->attempt.failure);
	return end(p, UNIT_BROKEN, why);
}

static enum unit_verdict go_on(struct prover *p, enum attempt_state state, const struct login_pdu *request,
			       int64_t now_ms)
{
	int result;

	switch (state) {
	case ATTEMPT_CONNECTED:
		return begin_login(p, now_ms);
	case ATTEMPT_SEND:
		result = wire_send(&p->wire, request->bhs, request->data, request->length);
		return result ? take_break(p, result, now_ms) : UNIT_PENDING;
	case ATTEMPT_AGAIN:
		return go_on(p, attempt_begin(&p->attempt, now_ms), NULL, now_ms);
	case ATTEMPT_DONE:
		return begin_asking(p, now_ms);
	case ATTEMPT_FAILED:
		return fail_login(p);
	default:
		return UNIT_PENDING;
	}
}

void prover_start(struct prover *prover, const struct prover_order *order, int64_t now_ms)
{
	enum attempt_state state;

	prover_stop(prover);
	attempt_init(&prover->attempt, order->plan, order->random);
	resolve_init_like(&prover->attempt.connect.resolve, order->names);
	prover->attempt.lessons = *order->lessons;
	prover->attempt.patience_ms = order->patience_ms;
	memcpy(prover->isid, order->isid, sizeof(prover->isid));
	prover->units = order->units;
	prover->unit_count = order->unit_count;
	prover->leaves_first = order->leaves_first;
	prover->may_ask = order->leaves_first;
	prover->verdict = UNIT_PENDING;
	prover->text[0] = '\0';
	prover->state = PROVER_LOGIN;
	if (order->address) {
		state = attempt_begin_at(&prover->attempt, order->portal, order->address, now_ms);
	} else {
		prover->attempt.route.portal = *order->portal;
		state = attempt_begin(&prover->attempt, now_ms);
	}
	(void)go_on(prover, state, NULL, now_ms);
}

/* ---- what comes ---- */

static enum unit_verdict take_pdu(struct prover *p, const uint8_t *bhs, const uint8_t *data, size_t length,
				  int64_t now_ms)
{
	struct login_pdu request;

	switch (p->state) {
	case PROVER_LOGIN:
		p->max_cmd_sn = scsi_read_pdu(bhs).max_cmd_sn; /* stands where it does in every answer */
		return go_on(p, attempt_answer(&p->attempt, bhs, data, length, &request), &request, now_ms);
	case PROVER_ASKING:
		(void)unit_proof_take(&p->proof, bhs, data, length);
		return p->may_ask || p->proof.verdict != UNIT_PENDING ? ask(p, now_ms) : UNIT_PENDING;
	case PROVER_LEAVING:
		return scsi_read_pdu(bhs).opcode == ISCSI_OP_LOGOUT_RESPONSE ? end(p, p->verdict, p->proof.text)
									     : UNIT_PENDING;
	default:
		return p->verdict;
	}
}

static enum unit_verdict receive(struct prover *p, int64_t now_ms)
{
	enum unit_verdict verdict = UNIT_PENDING;
	const uint8_t *bhs, *data;
	size_t length;
	int result = 1;

	for (int i = 0; i < PDUS_AT_ONCE && result == 1 && verdict == UNIT_PENDING && wire_has_room(&p->wire); i++) {
		result = wire_receive(&p->wire, &bhs, &data, &length);
		if (result == 1)
			verdict = take_pdu(p, bhs, data, length, now_ms);
		else if (result)
			verdict = take_break(p, result, now_ms);
		if (p->attempt.connect.state != CONNECT_DONE)
			break; /* another connection begins */
	}
	return verdict;
}

static bool is_talking(const struct prover *p)
{
	return is_logged_in(p) || (p->state == PROVER_LOGIN && p->attempt.state == ATTEMPT_LOGIN);
}

enum unit_verdict prover_step(struct prover *prover, int64_t now_ms)
{
	struct pollfd fd;
	int result;

	if (prover->state == PROVER_DONE || prover->state == PROVER_IDLE)
		return prover->verdict;
	if (prover_pollfds(prover, &fd, 1) < 1 || poll(&fd, 1, 0) < 1)
		return UNIT_PENDING;
	if (!is_talking(prover))
		return go_on(prover, attempt_step(&prover->attempt, false, now_ms), NULL, now_ms);
	if (!(fd.events & POLLOUT))
		return receive(prover, now_ms);
	result = wire_flush(&prover->wire);
	if (result)
		return take_break(prover, result, now_ms);
	return prover->state == PROVER_ASKING && prover->may_ask ? ask(prover, now_ms) : UNIT_PENDING;
}

int prover_pollfds(const struct prover *prover, struct pollfd *out, int max)
{
	if (max < 1 || prover->state == PROVER_IDLE || prover->state == PROVER_DONE)
		return 0;
	if (!is_talking(prover))
		return attempt_pollfds(&prover->attempt, out, max);
	*out = wire_pollfd(&prover->wire);
	return 1;
}

int64_t prover_deadline(const struct prover *prover)
{
	switch (prover->state) {
	case PROVER_LOGIN:
		return prover->attempt.deadline_ms;
	case PROVER_ASKING:
	case PROVER_LEAVING:
		return prover->answer_ms;
	default:
		return INT64_MAX;
	}
}

enum unit_verdict prover_late(struct prover *prover, int64_t now_ms)
{
	if (prover->state == PROVER_LOGIN && prover->attempt.state != ATTEMPT_LOGIN)
		return go_on(prover, attempt_step(&prover->attempt, true, now_ms), NULL, now_ms);
	switch (prover->state) {
	case PROVER_LEAVING:
		return end(prover, prover->verdict, prover->proof.text);
	case PROVER_ASKING:
		return end(prover, UNIT_BROKEN, "the target does not answer the questions about its LUNs");
	case PROVER_LOGIN:
		return end(prover, UNIT_BROKEN, "the target does not answer the login for the proof of its LUNs");
	default:
		return prover->verdict;
	}
}
