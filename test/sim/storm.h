/* storm.h - one storm: so many machines of one policy, one target, and what comes of it. */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_STORM_H
#define SIM_STORM_H

#include <stdint.h>
#include <stdio.h>

#include "test/sim/policies.h"
#include "test/sim/target.h"

struct storm {
	const char *name;
	const struct policy *policy;
	unsigned machines;
	struct target_model target;
	double spread_s;      /* the machines' starts, or the loss of their sessions, are this far apart */
	double lost_before_s; /* the outage has lasted so long when the run begins */
	double down_s;        /* the target listens so long after the first of them; 0: it does from the beginning */
	double lost_part;     /* 0: they boot; else that part of them had a session, and the others keep theirs */
	bool silent;          /* while it is down nothing answers; else connections are refused */
	double dhcp_per_s; /* each has to get a lease first, of a server that answers so many messages a second; 0: it has one */
	bool proves;           /* each that was lost has a disk, whose identity is asked for before its I/O is let go */
	double again_s, for_s; /* so long after it listens it is gone once more, for so long; 0: it is not */
	double patience_s;     /* when the run ends */
	uint64_t seed;
};

struct outcome {
	unsigned machines, missing;   /* that have no session in the end */
	double ideal_s;               /* machines / capacity; twice that where each logs in twice, for a proof */
	double half_s, most_s, all_s; /* since the target listens: 50, 99, 100 % of them have theirs */
	double tries, tries_most;     /* of a machine: calls of connect; while the target is down, too */
	double peak_syns, peak_tries, peak_logins; /* in a second after the first, in ratio to the capacity */
	uint64_t wasted, busy, dropped;
};

void storm_run(const struct storm *storm, struct outcome *outcome);

/* The share of machines that have their session at each tenth of the last run's ideal time, up to three times that. */
#define STORM_STEPS 31
extern double storm_course[STORM_STEPS];

#endif
