/* multipath.h - disks of several sessions that are one logical unit become one device: a multipath map of the device mapper.
 *
 * What is a path of what stands in the kernel: a map's UUID has the unit's WWID, as multipath-tools would write it, and a path's
 * holder is its map. It is read from there each time, so that a map that somebody else has changed or renamed is no surprise.
 * A session is the checker of its own paths (session.c): it fails them when it is lost and reinstates them when its units are
 * proven. What makes or changes a map opens disks, and runs in a child.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_MULTIPATH_H
#define SESSION_MULTIPATH_H

#include <stdbool.h>

#include "plan/plan.h"
#include "session/session.h"
#include "sys/child.h"

struct multipath {
	int sysfs, dev, proc; /* not owned */
	int control;          /* of the device mapper; -1 */
	int multipathd;       /* a pidfd of the one that has the maps; -1: none has */
	pid_t met;            /* of one that the last look has met, and did nothing; 0: none */
	bool grows;           /* no map is made any more, but paths are added */
	bool again;           /* something changed during the look */
	bool takes_back;      /* what multipathd had: it may have told the maps to hold no I/O when it ended */
	const struct plan *plan;
	const struct session *sessions;
	int count;
	/* Of the plan, for the child: that of the resident process cannot read it. */
	struct {
		uint8_t mode;   /* enum multipath_mode */
		uint8_t target; /* the first session of the same target */
		bool expected;  /* another session will show its disks, too */
	} wants[PLAN_TARGETS_MAX];
	struct child child;
};

/* Looks at the disks of all sessions that are up, and joins those that are to be joined: all paths of a unit that another session
   shows, or will show (the same target), or that multipath=yes is for. Makes partitions' maps, too. A look that is under way is
   followed by another. One that only lets maps grow leaves that to multipathd where it runs. */
void multipath_look(struct multipath *multipath);

/* Only whether multipathd runs. While nothing else is under way. */
void multipath_meet(struct multipath *multipath);

/* The unit's map does without it from now on. 0; -EBUSY: it is the last path; or -errno. It may block for as long as the other paths
   do. */
int multipath_take_out(int sysfs, int dev, const struct unit *unit);

/* Its child's descriptor is readable. True: the look is over, and .control is open if there is a device mapper. */
bool multipath_step(struct multipath *multipath);

#endif
