/* discovery.h - which targets has a portal? SendTargets in a discovery session (RFC 7143 4.3, appendix C), over a plain
 * TCP socket that the loop drives. The kernel has no part in it. Connecting, logging in and trying again is attempt.c's.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_DISCOVERY_H
#define SESSION_DISCOVERY_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "plan/plan.h"
#include "session/attempt.h"
#include "session/target_list.h"
#include "session/wire.h"

#define DISCOVERY_EXCHANGES_MAX 256

enum discovery_state { DISCOVERY_IDLE, DISCOVERY_RUNNING, DISCOVERY_DONE, DISCOVERY_FAILED };

struct discovery {
	enum discovery_state state;
	int64_t deadline_ms;
	bool asks; /* the login is done, the list is on its way */
	int exchanges;
	uint32_t cmd_sn, exp_stat_sn, itt;
	struct params offer; /* the plan's, but without digests */
	struct attempt attempt;
	struct wire wire;
	struct target_list list;
};

/* plan: its portal, CHAP and login_timeout are used; it must stay. */
void discovery_start(struct discovery *discovery, const struct target_plan *plan, int64_t now_ms);
int discovery_pollfds(const struct discovery *discovery, struct pollfd *out, int max);
int64_t discovery_deadline(const struct discovery *discovery);
/* Looks whether something came or the deadline has passed, and goes on. */
void discovery_step(struct discovery *discovery, int64_t now_ms);
enum discovery_state discovery_state(const struct discovery *discovery);
/* The latest failure, also while the portal is asked again. That the portal has no target for us counts as one. */
const char *discovery_failure(const struct discovery *discovery);
/* After a failure that may pass: asks again after a pause, which grows. False: the failure is permanent. */
bool discovery_again(struct discovery *discovery, int64_t now_ms);
/* After that: what is to be said of the failure (attempt.h). */
enum attempt_report discovery_take_report(struct discovery *discovery, int64_t now_ms);
/* Ends it, whatever it is doing. */
void discovery_stop(struct discovery *discovery);

/* Of a discovery that is done: how many targets there are, and what target_list.h says of them. */
int discovery_count(const struct discovery *discovery);
void discovery_use(const struct discovery *discovery, int index, struct target_plan *plan);
int discovery_find(const struct discovery *discovery, const char *name);
const char *discovery_list(const struct discovery *discovery, char *out, size_t size);
void discovery_print(const struct discovery *discovery, FILE *out);

#endif
