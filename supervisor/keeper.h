/* keeper.h - a second process that does nothing but wait for the end of the resident process, and then takes its place.
 *
 * A person or a program may kill the resident process, and without it a lost connection is never repaired. The keeper is its
 * fork: it has everything that it needs in memory, and starts to work where the other has stopped. It is forked while all is
 * well, and anew whenever what it knows has grown old (a lease was renewed, a session that was missing at the boot is up), so
 * that it never has to be told anything.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_KEEPER_H
#define SUPERVISOR_KEEPER_H

#include "boot/world.h"

/* To be called after each round of events: forks a keeper if there is none, or if the one that is there has grown old, while
   every session is up or left to iscsid. In the keeper it returns only when the other process is dead: then this process is
   the resident one, and the sessions have been told to look at the kernel's state. */
void keeper_tend(struct world *world, int64_t now_ms);

/* The keeper has ended (world->keeper.fd is readable): another one is forked by keeper_tend. */
void keeper_ended(struct world *world);

/* Something that the keeper knows is no longer true: keeper_tend replaces it at once. */
void keeper_renew(struct world *world);

/* Ends the keeper, before the resident process ends by itself. */
void keeper_stop(struct world *world);

#endif
