/* join.h - when the disks of several sessions are looked at for whether they are the same (session/multipath): before root is
 * looked for, when another one has come, and after the hand-over, when a session comes that was missing.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_JOIN_H
#define BOOT_JOIN_H

#include <stdbool.h>

#include "boot/world.h"

/* Once, before anything else. */
void join_init(struct world *world);

/* After the hand-over: the session has a disk that it had not. */
void join_note(struct world *world, int session);

/* A look is begun if disks have come that no look has seen, or that were away; or if world->paths_changed, a second after the last
   of that kind; after world->maps_changed one for multipathd alone, as a path that somebody has taken out of a map is to stay out.
   None is begun while multipathd has the maps. True: none is under way. */
bool join_advance(struct world *world, int64_t now_ms);

/* When join_advance has something to do that nobody else will tell. INT64_MAX: never. */
int64_t join_deadline(const struct world *world);

/* A look's descriptor is readable. */
void join_step(struct world *world);

/* The multipathd that had the maps has ended (world->multipath.multipathd is readable): they are looked at again. */
void join_multipathd_ended(struct world *world);

#endif
