/* join.c - see join.h. */
/* SPDX-License-Identifier: MIT */
#include "boot/join.h"

#include "sys/log.h"

void join_init(struct world *world)
{
	world->multipath = (struct multipath){.control = -1, .child = CHILD_NONE};
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

bool join_advance(struct world *world)
{
	struct multipath *m = &world->multipath;
	uint64_t ready = find_ready(world);

	world->joined &= ready; /* one that comes back is looked at again */
	if (ready & ~world->joined && plan_joins(&world->plan, world->chains)) {
		world->joined |= ready;
		m->sysfs = world->sysfs;
		m->dev = world->dev;
		m->proc = world->proc;
		m->grows = world->resident;
		m->plan = &world->plan;
		m->sessions = world->sessions;
		m->count = world->session_count;
		multipath_look(m);
	}
	return m->child.fd < 0;
}

void join_step(struct world *world)
{
	struct multipath *m = &world->multipath;

	if (!multipath_step(m))
		return;
	world->block_changed = true;
	for (int i = 0; i < world->session_count && m->control >= 0; i++)
		if (world->sessions[i].mapper < 0)
			session_become_path(&world->sessions[i], m->control,
					    &world->plan.targets[i].params.value[PARAM_REPLACEMENT_TIMEOUT]);
}
