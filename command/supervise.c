/* supervise.c - see supervise.h. */
/* SPDX-License-Identifier: MIT */
#include "command/supervise.h"

#include <string.h>

#include "command/places.h"
#include "proto/wipe.h"
#include "supervisor/resident.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"

/* The interface that a link-local portal is behind: "[fe80::1%eth0]:3260". */
static void take_scope(const char *text, struct portal *portal)
{
	const char *at = strchr(text, '%');
	size_t length = at ? strcspn(at + 1, "]") : 0;

	if (!length || length >= sizeof(portal->scope))
		return;
	memcpy(portal->scope, at + 1, length);
	portal->scope[length] = '\0';
}

/* What the earlier process knew and the kernel does not. A target that asks for a CHAP algorithm that was forbidden before
   is to be refused now, too. Returns how often that process has brought the session back. */
static unsigned remember(struct adopted *from)
{
	struct chap_config *chap = &from->plan.chap;
	struct status_record record;

	if (status_find(PLACES_STATUS_FILE, from->sid, &record))
		return 0;
	memcpy(chap->algorithms, record.chap_algorithms, sizeof(chap->algorithms));
	chap->algorithms_given = chap->algorithms[0] != 0;
	take_scope(record.portal, &from->plan.portal);
	return record.recoveries;
}

/* Adopts every session that can be read. */
static void take_sessions(struct world *w, int64_t now_ms)
{
	uint32_t sids[PLAN_TARGETS_MAX];
	int count = iscsi_class_list(w->sysfs, sids, PLAN_TARGETS_MAX);
	struct adopted from;
	unsigned recoveries;

	for (int i = 0; i < count; i++) {
		if (adopt_session(w->sysfs, sids[i], &from))
			continue;
		recoveries = remember(&from);
		places_adopt(w, &from, now_ms)->recoveries = recoveries;
	}
	wipe(&from, sizeof(from));
}

struct job supervise_run(struct world *w, const struct job_words *given, int64_t now_ms)
{
	static char *again[] = {"iscsi-init", "supervise", NULL};
	pid_t other;
	int result;

	(void)given;
	if (places_open_kernel(w))
		return job_done(JOB_FAILED);
	other = resident_find(w->proc);
	if (other) {
		log_err("process %d already looks after the sessions", (int)other);
		return job_done(JOB_FAILED);
	}
	result = resident_leave_disk(again);
	if (result)
		log_warn("this program cannot be run from memory: %s; if it lies on the disk that it is to repair, it "
			 "may "
			 "hang with it",
			 strerror(-result));
	log_open(w->dev);
	take_sessions(w, now_ms);
	if (!w->session_count) {
		log_err("there is no session to look after");
		return job_done(JOB_FAILED);
	}
	if (!mounts_run_open(&w->run))
		status_open(&w->status, w->run.fd, w->session_count, plan_joins(&w->plan, w->chains));
	return (struct job){.resident = true};
}
