/* end.c - see end.h. */
/* SPDX-License-Identifier: MIT */
#include "command/end.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command/places.h"
#include "proto/wipe.h"
#include "root/shutdown.h"
#include "supervisor/resident.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"

#define LEAVE_TIMEOUT_MS 6000
#define FLUSH_TIMEOUT_S  30

static bool are_all_left(struct world *w, int64_t now_ms)
{
	(void)now_ms;
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].state != SESSION_GONE)
			return false;
	}
	return true;
}

static enum job_exit detached(struct world *w, bool reached)
{
	struct session *s = &w->sessions[0];

	if (!reached)
		session_destroy(&w->netlink, s->sid, SESSION_CID);
	if (!iscsi_class_has_session(w->sysfs, s->sid))
		return JOB_OK;
	log_err("session %u is still there: see the kernel's log", s->sid);
	return JOB_FAILED;
}

struct job end_detach(struct world *w, char *words[], int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	struct adopted from;
	uint32_t sid;

	if (!places_read_sid(words[0], &sid))
		return job_done(JOB_USAGE);
	if (places_open_kernel(w))
		return job_done(JOB_FAILED);
	if (adopt_session(w->sysfs, sid, &from))
		return places_no_session(sid);
	from.up = true; /* or leaving would begin with a new login */
	session_step(places_adopt(w, &from, now_ms), SESSION_EVENT_LEAVE, &in);
	return (struct job){.reached = are_all_left, .timeout_ms = LEAVE_TIMEOUT_MS, .finish = detached};
}

static enum job_exit finish_machine(struct world *w, bool reached)
{
	int result;

	if (!reached)
		log_warn("not every session could be logged out in time; ending the machine all the same");
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].in_kernel && w->sessions[i].state == SESSION_GONE)
			log_warn("session %u stays in the kernel", w->sessions[i].sid);
	}
	log_drain();
	result = shutdown_end(w->ending);
	log_err("the kernel did not end the machine: %s", strerror(-result));
	return JOB_FAILED;
}

/* Ends the resident process: it has kept the disks alive until here, and would now bring back what is logged out. */
static void end_supervisor(struct world *w)
{
	pid_t pid;

	for (int i = 0; i < PLAN_TARGETS_MAX && (pid = resident_find(w->proc)) > 0 && !kill(pid, SIGKILL); i++) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);
		struct pollfd ended = {.fd = fd, .events = POLLIN};

		poll(&ended, fd >= 0, 1000);
		if (fd >= 0)
			close(fd);
	}
}

/* Logs out of everything: the disks are flushed, or have been given up. */
static struct job leave_all(struct world *w, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	uint32_t sids[PLAN_TARGETS_MAX];
	struct adopted from;
	int count = iscsi_class_list(w->sysfs, sids, PLAN_TARGETS_MAX);

	end_supervisor(w);
	for (int i = 0; i < count; i++) {
		if (adopt_session(w->sysfs, sids[i], &from))
			continue;
		if (!from.up)
			log_warn("session %u (%s at %s) is not connected: ended without a logout", from.sid,
				 from.plan.name, from.plan.portal.host);
		from.up = true;
		session_step(places_adopt(w, &from, now_ms), SESSION_EVENT_LEAVE, &in);
	}
	wipe(&from, sizeof(from));
	return (struct job){.reached = are_all_left, .timeout_ms = LEAVE_TIMEOUT_MS, .finish = finish_machine};
}

struct job end_machine(struct world *w, char *words[], int64_t now_ms)
{
	bool as_init = getpid() == 1 && !access("/oldroot", F_OK); /* root was left for us */
	int result;

	if (!shutdown_read_how(words[0], &w->ending)) {
		log_err("\"%s\": expected reboot, poweroff, halt or kexec", words[0]);
		return job_done(JOB_USAGE);
	}
	if (geteuid() != 0) {
		log_err("shutdown: this needs root");
		return job_done(JOB_FAILED);
	}
	mlockall(MCL_CURRENT | MCL_FUTURE); /* this program may lie on the disk that is about to go */
	if (places_open_kernel(w))
		log_info("no iSCSI session to end");
	log_open(w->dev);
	log_info("flushing and unmounting the disks");
	result = shutdown_flush(as_init ? "/oldroot" : "/", FLUSH_TIMEOUT_S);
	if (result == -ETIMEDOUT)
		log_err("the disks did not answer within %d s: what was not written is lost; is the target gone?",
			FLUSH_TIMEOUT_S);
	else if (result && !(result == -EBUSY && !as_init))
		log_warn("unmounting: %s; read-only where that was possible", strerror(-result));
	return leave_all(w, now_ms);
}
