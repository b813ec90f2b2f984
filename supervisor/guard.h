/* guard.h - whose work a repair is: ours, iscsid's, or nobody's because the machine ends.
 *
 * Two programs must not repair one session. Before the resident process acts on a session it asks here.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_GUARD_H
#define SUPERVISOR_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

/* Hands every session to a running iscsid, if there is one. True: it has them now, and nothing is left to do here.
   Always false before the hand-over. */
bool guard_yield(struct world *world, int64_t now_ms);

/* The iscsid that had the sessions has ended (world->iscsid is readable): they go to its successor or come back. */
void guard_iscsid_ended(struct world *world, int64_t now_ms);

/* Gives a lost session up while the machine is ending, once it has not answered for 30 s: its I/O fails then, and the
   shutdown goes on instead of waiting for ever. True: it was given up. */
bool guard_give_up(struct world *world, struct session *session, int64_t now_ms);

/* Keeps what root needs of the network (net/heal.h); after a repair, the sessions try again at once. */
void guard_heal(struct world *world, int64_t now_ms);

#endif
