/* join.c - see join.h. */
/* SPDX-License-Identifier: MIT */
#include "boot/join.h"

#include <unistd.h>

#include "sys/log.h"
#include "sys/process.h"

#define LOOK_PAUSE_MS 1000 /* between two looks at what is said to have changed: a target can say so without end */

void join_init(struct world *world)
{
	world->multipath = (struct multipath){.control = -1, .multipathd = -1, .child = CHILD_NONE};
}

/* After the hand-over, disks are looked for when somebody says that there may be some; each that comes tells (join_note). */
static bool has_been_scanned(const struct world *w, int i)
{
	const struct session *s = &w->sessions[i];

	return s->state == SESSION_UP && s->devices.fd < 0 && !s->has_news && w->disks[i].state != BLOCKDEV_SCANNING;
}

/* Bits: the sessions whose disks can be looked at. */
static uint64_t find_ready(const struct world *w)
{
	uint64_t ready = 0;

	for (int i = 0; i < w->session_count; i++)
		if (w->resident ? has_been_scanned(w, i) : w->disks[i].state == BLOCKDEV_READY)
			ready |= UINT64_C(1) << i;
	return ready;
}

void join_note(struct world *world, int i)
{
	world->joined &= ~(UINT64_C(1) << i);
}

int64_t join_deadline(const struct world *world)
{
	return world->paths_changed || world->maps_changed ? world->look_ms : INT64_MAX;
}

/* As a look has to know it. */
static struct multipath *prepare(struct world *w)
{
	struct multipath *m = &w->multipath;

	m->sysfs = w->sysfs;
	m->dev = w->dev;
	m->proc = w->proc;
	m->grows = w->resident;
	m->plan = &w->plan;
	m->sessions = w->sessions;
	m->count = w->session_count;
	return m;
}

/* Sessions learn that their disks are paths. */
static void tell_sessions(struct world *w)
{
	const struct multipath *m = &w->multipath;

	for (int i = 0; i < w->session_count && m->control >= 0; i++)
		if (w->sessions[i].mapper < 0)
			session_become_path(&w->sessions[i], m->control,
					    &w->plan.targets[i].params.value[PARAM_REPLACEMENT_TIMEOUT]);
}

static void pass_deadline(struct world *w, int64_t now_ms)
{
	w->look_ms = now_ms + LOOK_PAUSE_MS;
	if (w->paths_changed)
		w->joined = 0;
	else if (w->multipath.child.fd >= 0)
		return; /* after it */
	else if (w->multipath.multipathd < 0 && plan_joins(&w->plan, w->chains))
		multipath_meet(prepare(w));
	else
		tell_sessions(w);
	w->paths_changed = w->maps_changed = false;
}

bool join_advance(struct world *world, int64_t now_ms)
{
	struct multipath *m = &world->multipath;
	uint64_t ready = find_ready(world);

	if (join_deadline(world) <= now_ms)
		pass_deadline(world, now_ms);
	world->joined &= ready; /* one that comes back is looked at again */
	if (ready & ~world->joined && plan_joins(&world->plan, world->chains)) {
		world->joined |= ready;
		if (m->multipathd < 0)
			multipath_look(prepare(world));
		else
			tell_sessions(world);
	}
	return m->child.fd < 0;
}

static void take_back(struct world *w)
{
	w->multipath.takes_back = true;
	w->paths_changed = true; /* it may have been restarted: the look says so */
}

/* A look has met it; it may have ended since. */
static void yield(struct world *w, pid_t multipathd)
{
	w->multipath.multipathd = process_open(multipathd);
	if (w->multipath.multipathd < 0)
		take_back(w);
	else
		log_info("multipathd (process %d) runs: it is left to it to add paths to its maps (event=maps-left)",
			 (int)multipathd);
}

void join_step(struct world *world)
{
	struct multipath *m = &world->multipath;

	if (!multipath_step(m))
		return;
	world->block_changed = true;
	if (m->met && m->multipathd < 0)
		yield(world, m->met);
	tell_sessions(world);
}

void join_multipathd_ended(struct world *world)
{
	close(world->multipath.multipathd);
	world->multipath.multipathd = -1;
	take_back(world);
	log_info("multipathd has ended: paths of its maps are looked at here again (event=maps-back)");
}
