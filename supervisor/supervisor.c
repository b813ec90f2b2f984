/* supervisor.c - see supervisor.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include <string.h>
#include <unistd.h>

#include "boot/join.h"
#include "root/shutdown.h"
#include "supervisor/keeper.h"
#include "supervisor/loop.h"
#include "supervisor/resident.h"
#include "sys/confine.h"
#include "sys/monotonic.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

/* The members of an array behind those that are used. */
static void release_unused(void *array, size_t member, int used, int count)
{
	resident_release((char *)array + (size_t)used * member, (size_t)(count - used) * member);
}

static int used_interfaces(const struct net *net)
{
	int used = NET_INTERFACES_MAX;

	while (used > 0 && !net->interfaces[used - 1].link.index)
		used--;
	return used;
}

/* What only the boot needed, and what each recovery begins anew. Some of it is secret, all of it is memory. */
static void release_boot(struct world *w)
{
	int sessions = w->session_count;

	resident_release(&w->cmdline, sizeof(w->cmdline));
	resident_release(&w->files, sizeof(w->files));
	resident_release(w->debian, sizeof(w->debian));
	resident_release(&w->ibft, sizeof(w->ibft));
	resident_release(w->discoveries, sizeof(w->discoveries));
	release_unused(w->plan.targets, sizeof(w->plan.targets[0]), sessions, PLAN_TARGETS_MAX);
	release_unused(w->net.interfaces, sizeof(w->net.interfaces[0]), used_interfaces(&w->net), NET_INTERFACES_MAX);
	release_unused(w->sessions, sizeof(w->sessions[0]), sessions, PLAN_TARGETS_MAX);
	for (int i = 0; i < sessions; i++) /* one that was lost again may be logging in just now */
		if (w->sessions[i].attempt.state == ATTEMPT_IDLE)
			resident_release(&w->sessions[i].attempt.login, sizeof(w->sessions[i].attempt.login));
}

/* The system may hide its processes from whom has few capabilities (proc's hidepid=): not in a /proc of our own. */
static void make_proc(struct world *w)
{
	int proc = sysfs_make("proc");

	if (proc < 0)
		return;
	close(w->proc);
	w->proc = proc;
}

/* What the units of the sessions say of themselves is heard from now on, too, and nothing else. */
static void settle_uevents(struct world *w)
{
	if (w->uevents < 0)
		w->uevents = uevent_open();
	if (w->uevents >= 0 && uevent_narrow(w->uevents)) {
		close(w->uevents);
		w->uevents = -1;
	}
	w->scan_flags.revalidates = true;
	memset(w->rescan_ms, 0, sizeof(w->rescan_ms));
}

int supervisor_settle(struct world *world, char *const argv[], const char **step)
{
	int result, failure;

	world->resident = true;
	make_proc(world);
	for (int i = 0; i < world->session_count; i++)
		session_settle(&world->sessions[i], world->dev);
	settle_uevents(world);
	world->clock = monotonic_watch();
	loader_stop(&world->loader);
	if (world->net_open)
		net_settle(&world->net, !world->plan.boot.leaves_network);
	release_boot(world);
	if (world->run.fd >= 0)
		shutdown_offer(world->proc, world->run.fd);
	failure = resident_become(world->dev, world->proc, argv, &world->title, step);
	result = status_lock(&world->status);
	if (result) {
		*step = "locking the status file";
		failure = result;
	}
	resident_hide(&world->plan, sizeof(world->plan));
	result = confine_resident(step);
	return result ? result : failure;
}

static bool has_no_session(const struct world *w)
{
	for (int i = 0; i < w->session_count; i++)
		if (w->sessions[i].state != SESSION_GONE)
			return false;
	return true;
}

/* After each round of events: is the work over? */
static bool record(struct world *world, int64_t now_ms)
{
	/* not every kernel tells that a path has failed: a session that is lost or back tells it, too */
	if (status_write(&world->status, world->sessions, world->session_count) || world->block_changed)
		status_write_maps(&world->status, world->sysfs, world->multipath.control);
	world->block_changed = false;
	if (has_no_session(world))
		return true;
	join_advance(world, now_ms);
	keeper_tend(world, now_ms);
	return false;
}

void supervisor_live(struct world *world)
{
	loop_run(world, record, INT64_MAX);
	keeper_stop(world);
}
