/* end.c - see end.h. */
/* SPDX-License-Identifier: MIT */
#include "command/end.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command/disks.h"
#include "command/places.h"
#include "command/users.h"
#include "proto/wipe.h"
#include "root/shutdown.h"
#include "supervisor/resident.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"

#define LEAVE_TIMEOUT_MS 6000
#define FLUSH_TIMEOUT_S  30
#define CLAIM_TIMEOUT_S  5
#define DELETE_TIMEOUT_S 30

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
	if (iscsi_class_has_session(w->sysfs, s->sid)) {
		log_err("session %u is still there; the kernel's log may say why", s->sid);
		return JOB_FAILED;
	}
	printf("session %u: stopped and removed\n", s->sid);
	return JOB_OK;
}

/* Says who uses the disk. How many there are. */
static int report_users(const struct world *w, const struct disk_entry *disk)
{
	struct user users[USERS_MAX];
	char text[300];
	int count = users_find(w->sysfs, w->proc, disk->name, users, USERS_MAX);

	for (int i = 0; i < count; i++)
		log_err("%s", users_describe(&users[i], text, sizeof(text)));
	return count;
}

/* Is the disk free? If not, the reason is logged. The claim comes last: it needs the disk's answer, and only shows that it is
   held, not by whom. */
static bool is_free(const struct world *w, const struct disk_entry *disk, bool up)
{
	int result;

	if (!disk->name[0])
		return true;
	if (report_users(w, disk))
		return false;
	result = up ? users_claim(w->dev, disk->name, CLAIM_TIMEOUT_S) : 0;
	if (result == -EBUSY)
		log_err("%s is held by the kernel or by a process that hides it (it cannot be opened exclusively)",
			disk->name);
	else if (result == -ETIMEDOUT)
		log_err("%s does not answer, so nobody can say whether it is in use", disk->name);
	return result != -EBUSY && result != -ETIMEDOUT;
}

/* The disks go before the session: the kernel writes a disk's cache back when the disk is removed, and needs the
   connection for that. False: one of them did not go. */
static bool remove_disks(const struct world *w, const struct disk_entry *disks, int count)
{
	for (int i = 0; i < count; i++) {
		int result = disks_delete(w->sysfs, &disks[i], DELETE_TIMEOUT_S);

		if (result == -ETIMEDOUT)
			log_err("disk %s (LUN %" PRIu64 ") did not let go of its write cache within %d s",
				disks[i].name, disks[i].lun, DELETE_TIMEOUT_S);
		else if (result)
			log_err("disk %s (LUN %" PRIu64 ") cannot be removed: %s", disks[i].name, disks[i].lun,
				strerror(-result));
		if (result)
			return false;
		printf("disk %s (LUN %" PRIu64 "): cache synced, removed\n", disks[i].name, disks[i].lun);
	}
	return true;
}

/* The maps do without this session's paths; a map's last path stays in it, and is in use. */
static void leave_maps(const struct world *w, uint32_t sid)
{
	struct unit units[UNITS_MAX];
	int count = units_read(w->sysfs, sid, units, UNITS_MAX), result;

	for (int i = 0; i < count && i < UNITS_MAX; i++) {
		if (!units[i].map[0])
			continue;
		result = multipath_take_out(w->sysfs, w->dev, &units[i]);
		if (!result)
			printf("disk %s: taken out of the map %s\n", units[i].block, units[i].map);
		else
			log_err("disk %s cannot be taken out of the map %s: %s", units[i].block, units[i].map,
				result == -EBUSY ? "it is the last path" : strerror(-result));
	}
}

/* What stands in the way of ending the session is logged. */
static bool release_disks(const struct world *w, const struct adopted *from, bool force)
{
	struct disk_entry disks[DISKS_MAX];
	int count = disks_list(w->sysfs, from->sid, disks, DISKS_MAX);
	bool all_free = true;

	leave_maps(w, from->sid);
	for (int i = 0; i < count && !force; i++)
		all_free = is_free(w, &disks[i], from->up) && all_free;
	if (!all_free) {
		log_err("session %u stays: its disks are in use; --force ends it all the same, and what was not "
			"written is lost",
			from->sid);
		return false;
	}
	if (!from->up) {
		log_warn("session %u is not connected: what its disks have not written is lost", from->sid);
		return true;
	}
	if (remove_disks(w, disks, count) || force)
		return true;
	log_err("session %u stays; --force ends it all the same", from->sid);
	return false;
}

struct job end_detach(struct world *w, const struct job_words *given, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	struct adopted from;
	uint32_t sid;

	if (!places_read_sid(given->words[0], &sid))
		return job_done(JOB_USAGE);
	if (places_open_kernel(w))
		return job_done(JOB_FAILED);
	if (adopt_session(w->sysfs, sid, &from))
		return places_no_session(sid);
	if (!release_disks(w, &from, given->force))
		return job_done(JOB_FAILED);
	if (from.up)
		printf("session %u: logging out of %s\n", sid, from.plan.name);
	from.up = true; /* or leaving would begin with a new login */
	session_step(places_adopt(w, &from, now_ms), SESSION_EVENT_LEAVE, &in);
	wipe(&from, sizeof(from));
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

/* With its keeper, which would take its place: they are one process group, and get the signal at once. */
static int kill_resident(pid_t pid)
{
	pid_t group = getpgid(pid);

	return kill(group > 1 && group != getpgrp() ? -group : pid, SIGKILL);
}

/* Ends the resident process: it has kept the disks alive until here, and would now bring back what is logged out. */
static void end_supervisor(struct world *w)
{
	pid_t pid;

	for (int i = 0; i < PLAN_TARGETS_MAX && (pid = resident_find(w->proc)) > 0; i++) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);
		struct pollfd ended = {.fd = fd, .events = POLLIN};

		kill_resident(pid);
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

struct job end_machine(struct world *w, const struct job_words *given, int64_t now_ms)
{
	bool as_init = getpid() == 1 && !access("/oldroot", F_OK); /* root was left for us */
	int result;

	if (!shutdown_read_how(given->words[0], &w->ending)) {
		log_err("\"%s\": expected reboot, poweroff, halt or kexec", given->words[0]);
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
	result = shutdown_flush(as_init ? "/oldroot" : "/", w->dev, FLUSH_TIMEOUT_S);
	if (result == -ETIMEDOUT)
		log_err("the disks did not answer within %d s: what was not written is lost; is the target gone?",
			FLUSH_TIMEOUT_S);
	else if (result && !(result == -EBUSY && !as_init))
		log_warn("unmounting: %s; read-only where that was possible", strerror(-result));
	return leave_all(w, now_ms);
}
