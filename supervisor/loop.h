/* loop.h - the one event loop.
 *
 * The boot is this loop, run until a predicate holds or a deadline passes; a subcommand that waits is the same; the
 * resident process is the same loop without an end. It waits for events and brings each to the object that owns it (net,
 * session, blockdev, root, loader). It decides nothing: what a boot does next is boot/boot.c's, and who may repair a
 * session is guard.c's.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_LOOP_H
#define SUPERVISOR_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

/* Runs until reached(world), which is asked after every round of events, says so: true. False: the deadline (monotonic
   milliseconds) has passed. */
bool loop_run(struct world *world, bool (*reached)(struct world *world, int64_t now_ms), int64_t deadline_ms);

#endif
