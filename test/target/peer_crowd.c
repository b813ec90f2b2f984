/* peer_crowd.c - as crowd.c, with libiscsi's logins: what the target needs for these is what ours is measured by.
 *
 * usage: peer_crowd COUNT TARGET USER PASSWORD HOST PORT
 * libiscsi has no rule for another try: a login that fails is begun again after a second.
 */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "crowd.h"

#define PATIENCE_MS 120000
#define PAUSE_MS    1000

struct member {
	struct iscsi_context *context;
	int number;
	unsigned attempts;
	int64_t again_ms; /* it failed: when to begin again */
	int64_t done_ms;
};

static int64_t begun_ms;
static char **words;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put_off(struct member *m)
{
	m->again_ms = now_ms() + PAUSE_MS;
}

static void logged_in(struct iscsi_context *context, int status, void *data, void *private)
{
	struct member *m = private;

	(void)data;
	if (status == SCSI_STATUS_GOOD) {
		m->done_ms = now_ms() - begun_ms + 1;
		return;
	}
	fprintf(stderr, "m%d: login: %s\n", m->number, iscsi_get_error(context));
	put_off(m);
}

static void connected(struct iscsi_context *context, int status, void *data, void *private)
{
	struct member *m = private;

	(void)data;
	if (status == SCSI_STATUS_GOOD && !iscsi_login_async(context, logged_in, m))
		return;
	fprintf(stderr, "m%d: connect: %s\n", m->number, iscsi_get_error(context));
	put_off(m);
}

static void begin(struct member *m)
{
	char text[300];

	if (m->context)
		iscsi_destroy_context(m->context);
	m->again_ms = 0;
	m->attempts++;
	snprintf(text, sizeof(text), "iqn.2026-01.test.crowd:m%d", m->number);
	m->context = iscsi_create_context(text);
	if (!m->context)
		exit(3);
	iscsi_set_noautoreconnect(m->context, 1);
	iscsi_set_session_type(m->context, ISCSI_SESSION_NORMAL);
	iscsi_set_header_digest(m->context, ISCSI_HEADER_DIGEST_NONE);
	iscsi_set_targetname(m->context, words[2]);
	iscsi_set_initiator_username_pwd(m->context, words[3], words[4]);
	snprintf(text, sizeof(text), "%s:%s", words[5], words[6]);
	if (iscsi_connect_async(m->context, text, connected, m))
		put_off(m);
}

static void wake(struct member *m, int events, int64_t now)
{
	if (m->done_ms)
		return;
	if (!m->again_ms && iscsi_service(m->context, events) < 0 && !m->done_ms && !m->again_ms)
		put_off(m);
	if (m->again_ms && now >= m->again_ms)
		begin(m);
}

static void run(struct member *members, struct pollfd *fds, int count)
{
	int left = count;

	while (left && now_ms() - begun_ms < PATIENCE_MS) {
		for (int i = 0; i < count; i++) {
			bool quiet = members[i].done_ms || members[i].again_ms;

			fds[i].fd = quiet ? -1 : iscsi_get_fd(members[i].context);
			fds[i].events = quiet ? 0 : (short)iscsi_which_events(members[i].context);
			fds[i].revents = 0;
		}
		(void)poll(fds, (nfds_t)count, 50);
		left = 0;
		for (int i = 0; i < count; i++) {
			if (fds[i].revents || members[i].again_ms)
				wake(&members[i], fds[i].revents, now_ms());
			left += !members[i].done_ms;
		}
	}
}

static void tell(const struct member *members, int count)
{
	int64_t *times = calloc((size_t)count, sizeof(*times));
	unsigned attempts = 0;
	int done = 0;

	for (int i = 0; i < count; i++) {
		attempts += members[i].attempts;
		if (members[i].done_ms > 0)
			times[done++] = members[i].done_ms;
	}
	crowd_tell(times, done, count, attempts);
	free(times);
}

int main(int argc, char **argv)
{
	int count = argc == 7 ? atoi(argv[1]) : 0;
	struct member *members = calloc((size_t)count + 1, sizeof(*members));
	struct pollfd *fds = calloc((size_t)count + 1, sizeof(*fds));

	if (count < 1 || !members || !fds)
		return 2;
	words = argv;
	begun_ms = now_ms();
	for (int i = 0; i < count; i++) {
		members[i].number = i;
		begin(&members[i]);
	}
	run(members, fds, count);
	tell(members, count);
	return 0;
}
