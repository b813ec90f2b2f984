/* crowd.c - many logins at once over real sockets: each is the product's attempt (connect, log in, pause, try again) and its wire.
 *
 * usage: crowd COUNT TARGET USER PASSWORD HOST PORT
 * Every one has a name, an ISID and CHAP of its own, begins in the same moment, and stays logged in until the last one is. Prints
 * "done N failed N attempts N p50_ms N p99_ms N last_ms N"; what an attempt failed for goes to standard error.
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/plan.h"
#include "proto/name.h"
#include "session/attempt.h"
#include "session/wire.h"
#include "sys/log.h"
#include "test/target/crowd.h"

#define PATIENCE_MS 120000

struct member {
	struct target_plan plan;
	struct attempt attempt;
	struct wire wire;
	uint8_t isid[6];
	unsigned attempts;
	int64_t done_ms; /* 0: not yet; -1: never */
};

static int64_t begun_ms;
static struct params offer;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void go_on(struct member *m, enum attempt_state state, const struct login_pdu *request);

static void begin(struct member *m)
{
	m->attempts++;
	go_on(m, attempt_begin(&m->attempt, now_ms()), NULL);
}

static void log_in(struct member *m)
{
	struct login_config config = {
		.target_name = m->plan.name, .itt = 1, .cmd_sn = 1, .offer = &offer, .chap = &m->plan.chap};
	struct login_pdu request;

	memcpy(config.isid, m->isid, sizeof(config.isid));
	wire_start(&m->wire, m->attempt.connect.fd);
	go_on(m, attempt_log_in(&m->attempt, &config, &request, now_ms()), &request);
}

static void put_off(struct member *m)
{
	fprintf(stderr, "%s: %s\n", m->plan.initiator, m->attempt.failure);
	if (attempt_put_off(&m->attempt, now_ms()) == ATTEMPT_OVER)
		m->done_ms = -1;
}

static void go_on(struct member *m, enum attempt_state state, const struct login_pdu *request)
{
	switch (state) {
	case ATTEMPT_CONNECTED:
		log_in(m);
		break;
	case ATTEMPT_SEND:
		if (wire_send(&m->wire, request->bhs, request->data, request->length))
			go_on(m, attempt_unanswered(&m->attempt, "cannot send"), NULL);
		break;
	case ATTEMPT_AGAIN:
		begin(m);
		break;
	case ATTEMPT_DONE:
		m->done_ms = now_ms() - begun_ms + 1;
		break;
	case ATTEMPT_FAILED:
		put_off(m);
		break;
	default:
		break;
	}
}

static bool is_talking(const struct member *m)
{
	return m->attempt.state == ATTEMPT_LOGIN;
}

static void receive(struct member *m)
{
	const uint8_t *bhs, *data;
	struct login_pdu request;
	size_t length;
	int result = wire_receive(&m->wire, &bhs, &data, &length);

	if (result < 0)
		go_on(m, attempt_unanswered(&m->attempt, "the connection broke: %s", strerror(-result)), NULL);
	else if (result)
		go_on(m, attempt_answer(&m->attempt, bhs, data, length, &request), &request);
}

static void wake(struct member *m, bool ready)
{
	bool late = now_ms() >= m->attempt.deadline_ms;

	if (late && m->attempt.state == ATTEMPT_PAUSE)
		begin(m);
	else if (late)
		go_on(m, attempt_step(&m->attempt, true, now_ms()), NULL);
	else if (ready && is_talking(m) && wire_pollfd(&m->wire).events == POLLOUT)
		(void)wire_flush(&m->wire);
	else if (ready && is_talking(m))
		receive(m);
	else if (ready)
		go_on(m, attempt_step(&m->attempt, false, now_ms()), NULL);
}

/* One address each: at most one descriptor. */
static void watch(const struct member *m, struct pollfd *fd)
{
	*fd = (struct pollfd){.fd = -1};
	if (is_talking(m))
		*fd = wire_pollfd(&m->wire);
	else
		(void)attempt_pollfds(&m->attempt, fd, 1);
}

static void run(struct member *members, struct pollfd *fds, int count)
{
	int left = count;

	while (left && now_ms() - begun_ms < PATIENCE_MS) {
		int64_t first = now_ms() + 1000, wait;

		for (int i = 0; i < count; i++) {
			fds[i].fd = -1;
			if (members[i].done_ms)
				continue;
			watch(&members[i], &fds[i]);
			if (members[i].attempt.deadline_ms < first)
				first = members[i].attempt.deadline_ms;
		}
		wait = first - now_ms();
		(void)poll(fds, (nfds_t)count, wait > 0 ? (int)wait : 0);
		left = 0;
		for (int i = 0; i < count; i++) {
			if (members[i].done_ms)
				continue;
			wake(&members[i], fds[i].fd >= 0 && fds[i].revents);
			left += !members[i].done_ms;
		}
	}
}

static void tell(struct member *members, int count)
{
	int64_t *times = calloc((size_t)count, sizeof(*times));
	unsigned attempts = 0;
	int done = 0;

	for (int i = 0; i < count; i++) {
		attempts += members[i].attempts;
		if (members[i].done_ms > 0)
			times[done++] = members[i].done_ms;
		attempt_stop(&members[i].attempt);
	}
	crowd_tell(times, done, count, attempts);
	free(times);
}

static void prepare(struct member *m, int number, char **words)
{
	params_default(&m->plan.params);
	(void)snprintf(m->plan.name, sizeof(m->plan.name), "%s", words[2]);
	(void)snprintf(m->plan.initiator, sizeof(m->plan.initiator), "iqn.2026-01.test.crowd:m%d", number);
	(void)snprintf(m->plan.chap.username, sizeof(m->plan.chap.username), "%s", words[3]);
	m->plan.chap.password.length = (uint16_t)strlen(words[4]);
	memcpy(m->plan.chap.password.bytes, words[4], strlen(words[4]));
	(void)snprintf(m->plan.portal.host, sizeof(m->plan.portal.host), "%s", words[5]);
	m->plan.portal.port = (uint16_t)atoi(words[6]);
	name_isid((uint32_t)number, m->isid);
	attempt_init(&m->attempt, &m->plan, (uint32_t)number * 2654435761u);
}

int main(int argc, char **argv)
{
	int count = argc == 7 ? atoi(argv[1]) : 0;
	struct member *members = calloc((size_t)count + 1, sizeof(*members));
	struct pollfd *fds = calloc((size_t)count + 1, sizeof(*fds));

	if (count < 1 || !members || !fds)
		return 2;
	log_set_level(LOG_LEVEL_ERR);
	for (int i = 0; i < count; i++)
		prepare(&members[i], i, argv);
	offer = members[0].plan.params;
	offer.value[PARAM_MAX_RECV_DATA_SEGMENT_LENGTH] = LOGIN_DATA_MAX;
	begun_ms = now_ms();
	for (int i = 0; i < count; i++)
		begin(&members[i]);
	run(members, fds, count);
	tell(members, count);
	free(members);
	free(fds);
	return 0;
}
