/* target.h - a target under a storm: so many logins a second, a backlog in front of them, outages, and what else targets do.
 *
 * Connections wait in one queue, in the order of their SYNs. A SYN that finds it full is dropped. Whether they wait in the
 * kernel's backlog (LIO, which logs in one after the other) or in the process (tgtd, which accepts at once) makes no difference
 * to them but the length that it may have.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_TARGET_H
#define SIM_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "test/sim/sockets.h"

#define SIM_SECONDS_MAX 4096
#define SIM_TARGETS_MAX 16

struct target_model {
	double capacity; /* logins a second */
	unsigned backlog;
	double dead_cost;    /* of a login: to find out that the machine has closed the connection */
	unsigned busy_above; /* who finds so many waiting is told 0301, Service Unavailable; 0: nobody */
	double busy_cost;
	double ramp_s;         /* after its start it grows from a tenth of its capacity in so long */
	unsigned redirects_to; /* so many others, which take the logins; 0: none */
	double redirect_cost;
};

struct target {
	struct target_model model;
	enum { TARGET_UP, TARGET_REFUSES, TARGET_SILENT } state;
	int64_t up_since;
	struct sim_socket **queue; /* a ring */
	unsigned first, used, room;
	unsigned waiting; /* of the queue: who was not told that the target is busy */
	int64_t debt;     /* work that was done beside */
	bool works;
	unsigned life; /* how often it has started */
	unsigned next_redirect;
};

/* What the targets of a run have seen together, since they listen. */
struct target_counts {
	int64_t since; /* of the seconds below */
	uint64_t served, wasted, busy, dropped;
	uint32_t syns[SIM_SECONDS_MAX], tries[SIM_SECONDS_MAX], logins[SIM_SECONDS_MAX];
};

extern struct target sim_targets[SIM_TARGETS_MAX];
extern struct target_counts sim_counts;

void targets_begin(const struct target_model *model, unsigned others);
void targets_end(void);

void target_start(struct target *target);
/* Its connections end, at once or unheard (silent). */
void target_stop(struct target *target, bool silent);

void target_syn(struct sim_socket *socket);
void target_request(struct sim_socket *socket, const uint8_t bhs[BHS]);

#endif
