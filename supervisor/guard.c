/* guard.c - see guard.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/guard.h"

#include <string.h>
#include <unistd.h>

#include "supervisor/iscsid.h"
#include "sys/log.h"
#include "sys/sysfs.h"

#define ENDING_PATIENCE_S 30

static void step_all(struct world *world, enum session_event event, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};

	for (int i = 0; i < world->session_count; i++)
		session_step(&world->sessions[i], event, &in);
}

bool guard_yield(struct world *world, int64_t now_ms)
{
	if (!world->resident)
		return false;
	if (world->iscsid < 0)
		world->iscsid = iscsid_open(world->proc);
	if (world->iscsid < 0)
		return false;
	step_all(world, SESSION_EVENT_TAKEN, now_ms);
	return true;
}

void guard_iscsid_ended(struct world *world, int64_t now_ms)
{
	close(world->iscsid);
	world->iscsid = -1;
	if (!guard_yield(world, now_ms)) /* it may have been restarted */
		step_all(world, SESSION_EVENT_RETURNED, now_ms);
}

/* systemd has stopped every service and runs its last program, or that program has already left root for ours. */
static bool is_machine_ending(const struct world *w)
{
	char name[20];

	return sysfs_read(w->proc, "1/comm", name, sizeof(name)) > 0 &&
	       (!strcmp(name, "systemd-shutdow") || !strcmp(name, "shutdown"));
}

bool guard_give_up(struct world *world, struct session *session, int64_t now_ms)
{
	if (!world->resident || !session_is_lost(session) ||
	    now_ms - session->down_ms < ENDING_PATIENCE_S * INT64_C(1000) || !is_machine_ending(world))
		return false;
	log_err("the machine is shutting down and %s has not answered for %d s: giving it up; data not yet written to "
		"it "
		"is lost (event=given-up sid=%u)",
		session->plan->name, ENDING_PATIENCE_S, session->sid);
	session_step(session, SESSION_EVENT_LEAVE, &(struct session_input){.now_ms = now_ms});
	return true;
}

/* A number that changes with each attempt to reconnect; 0: no session is lost. */
static unsigned count_outage(const struct world *w)
{
	unsigned number = 0;

	for (int i = 0; i < w->session_count; i++)
		if (session_is_lost(&w->sessions[i]))
			number += 1 + w->sessions[i].attempt.count;
	return number;
}

void guard_heal(struct world *world, int64_t now_ms)
{
	if (!world->resident)
		return;
	for (int i = 0; i < world->session_count; i++) {
		const struct session *session = &world->sessions[i];
		const struct connect *connect = &session->attempt.connect;

		if (connect->proven_host[0] && (session->state == SESSION_UP || session->state == SESSION_PARKED))
			heal_note(&world->net.heal, i, session->up_ms, (const struct sockaddr *)&connect->proven);
	}
	if (heal_step(&world->net.heal, count_outage(world), now_ms) && !guard_yield(world, now_ms))
		step_all(world, SESSION_EVENT_START, now_ms);
}
