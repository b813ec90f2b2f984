/* keeper.c - see keeper.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/resident.h"
#include "sys/log.h"
#include "sys/monotonic.h"

#define PAUSE_MS    10000 /* between two forks */
#define STACK_BYTES 32768 /* what the loop needs of it, and some more */

/* Is nothing under way that a fork would only have half of: a descriptor of an attempt, a child? */
static bool is_settled(const struct session *s)
{
	switch (s->state) {
	case SESSION_UP:
		return s->devices.fd < 0 && s->learning.fd < 0;
	case SESSION_WAITING: /* for a target that was away at boot, perhaps for days */
		return !session_was_up(s);
	case SESSION_PARKED:
	case SESSION_GONE:
	case SESSION_FAILED:
		return true;
	default:
		return false;
	}
}

static bool is_quiet(const struct world *w)
{
	for (int i = 0; i < w->session_count; i++)
		if (!is_settled(&w->sessions[i]))
			return false;
	return w->multipath.child.fd < 0;
}

/* When the network has to do something next: another time means that a lease was renewed. */
static int64_t lease_ms(const struct world *w)
{
	return w->net_open ? net_deadline(&w->net) : INT64_MAX;
}

/* How many sessions it knows by their number in the kernel: one that was missing at the boot may have come up since. */
static int count_known(const struct world *w)
{
	int count = 0;

	for (int i = 0; i < w->session_count; i++)
		count += session_was_up(&w->sessions[i]);
	return count;
}

static int open_pid(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

void keeper_ended(struct world *world)
{
	close(world->keeper.fd);
	world->keeper.fd = -1;
}

void keeper_stop(struct world *world)
{
	if (world->keeper.fd < 0)
		return;
	syscall(SYS_pidfd_send_signal, world->keeper.fd, SIGKILL, NULL, 0);
	keeper_ended(world);
}

void keeper_renew(struct world *world)
{
	keeper_stop(world);
	world->keeper.tried_ms = 0;
}

/* The recoveries since the fork are counted in the record, which both share. */
static void recall(struct world *w)
{
	struct status_record record;

	for (int i = 0; i < w->session_count; i++)
		if (status_recall(&w->status, i, &record))
			w->sessions[i].recoveries = record.recoveries;
}

/* In the keeper: the other one is gone. What it was at is unknown; the kernel knows how far it came. */
static void take_over(struct world *w, pid_t before)
{
	int64_t now_ms = monotonic_ms();

	resident_take_name(&w->title, RESIDENT_NAME, RESIDENT_COMM);
	resident_take_priority();
	resident_hide(&w->plan, sizeof(w->plan));
	recall(w);
	log_err("process %d, which looked after the sessions, is gone; process %d takes its place (event=restarted)",
		(int)before, (int)getpid());
	for (int i = 0; i < w->session_count; i++)
		session_look_again(&w->sessions[i], now_ms);
}

/* Waits for the end of the resident process. Its memory is locked like that of the other: it must not need the disk either. */
static void keep(struct world *w, int other, pid_t pid)
{
	struct pollfd ended = {.fd = other, .events = POLLIN};

	resident_take_name(&w->title, KEEPER_NAME, KEEPER_COMM);
	resident_lock(w->proc);
	status_lock(&w->status);
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
	close(other);
	take_over(w, pid);
}

/* After a fork each first write to a page needs another page, and memory may be short when the disk is lost. So they are
   written to now. */
static void own_memory(struct world *w)
{
	char stack[STACK_BYTES];

	resident_own(w, sizeof(*w));
	resident_own(stack, sizeof(stack));
	resident_own_program();
}

static void start(struct world *w, int64_t now_ms)
{
	pid_t self = getpid(), pid;
	int other = open_pid(self);

	w->keeper.tried_ms = now_ms;
	w->keeper.lease_ms = lease_ms(w);
	w->keeper.known = count_known(w);
	if (other < 0)
		return;
	resident_show(&w->plan, sizeof(w->plan));
	pid = fork();
	resident_hide(&w->plan, sizeof(w->plan));
	if (pid == 0) {
		w->keeper.fd = -1;
		w->keeper.tried_ms = 0;
		keep(w, other, self);
		return;
	}
	close(other);
	if (pid < 0) {
		log_debug("no keeper: %s", strerror(errno));
		return;
	}
	w->keeper.fd = open_pid(pid);
	own_memory(w);
}

void keeper_tend(struct world *world, int64_t now_ms)
{
	bool is_old = world->keeper.fd >= 0 &&
		      (world->keeper.lease_ms != lease_ms(world) || world->keeper.known != count_known(world));

	if ((world->keeper.fd >= 0 && !is_old) || !is_quiet(world) ||
	    (world->keeper.tried_ms && now_ms - world->keeper.tried_ms < PAUSE_MS))
		return;
	keeper_stop(world);
	start(world, now_ms);
}
