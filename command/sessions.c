/* sessions.c - see sessions.h. */
/* SPDX-License-Identifier: MIT */
#include "command/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command/places.h"
#include "plan/address.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"

#define SESSIONS_MAX 256

/* What the resident process wrote of the session. */
static void print_record(const struct status_record *record, int64_t now_ms)
{
	int64_t since_s = (now_ms - record->since_ms) / 1000;
	time_t at = time(NULL) - (time_t)since_s;
	struct tm t;

	if (!gmtime_r(&at, &t))
		return;
	printf("  supervisor: %s since %04d-%02d-%02d %02d:%02d:%02dZ (%" PRId64 " s), %u recoveries, last error %s",
	       record->state, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, since_s,
	       record->recoveries, record->last_error);
	if (record->attempts)
		printf(", %u attempts failed", record->attempts);
	printf("\n");
}

static void print_session(const struct adopted *s, int64_t now_ms)
{
	char portal[PORTAL_TEXT_MAX];
	struct status_record record;

	printf("session %u: %s at %s, %s (connection %s), as %s\n", s->sid, s->plan.name,
	       portal_write(&s->address, portal), s->session_state, s->connection_state[0] ? s->connection_state : "?",
	       s->plan.initiator);
	if (!status_find(PLACES_STATUS_FILE, s->sid, &record))
		print_record(&record, now_ms);
}

static void print_times(void)
{
	char line[128];
	FILE *file = fopen(PLACES_STATE_DIRECTORY "/times", "re");

	if (!file)
		return;
	printf("boot, ms:");
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		printf(" %s", line);
	}
	printf("\n");
	fclose(file);
}

struct job sessions_list(struct world *w, char *words[], int64_t now_ms)
{
	uint32_t sids[SESSIONS_MAX];
	struct adopted s;
	int count, result = places_open(w);

	(void)words;
	if (result)
		return job_fail("/sys", result);
	count = iscsi_class_list(w->sysfs, sids, SESSIONS_MAX);
	for (int i = 0; i < count; i++) {
		if (!adopt_session(w->sysfs, sids[i], &s))
			print_session(&s, now_ms);
	}
	if (!count)
		printf("no sessions\n");
	print_times();
	return job_done(JOB_OK);
}

struct job sessions_rescan(struct world *w, char *words[], int64_t now_ms)
{
	uint32_t sid;
	int result;

	(void)now_ms;
	if (!places_read_sid(words[0], &sid))
		return job_done(JOB_USAGE);
	result = places_open(w);
	if (!result)
		result = blockdev_rescan(w->sysfs, sid);
	if (result == -ENOENT)
		return places_no_session(sid);
	return result ? job_fail("rescan", result) : job_done(JOB_OK);
}

struct job sessions_partitions(struct world *w, char *words[], int64_t now_ms)
{
	int result = blockdev_reread(words[0]);

	(void)w;
	(void)now_ms;
	if (result == -EBUSY)
		log_err("%s: one of its partitions is in use, so the kernel keeps the table that it has", words[0]);
	return result ? job_fail(words[0], result) : job_done(JOB_OK);
}
