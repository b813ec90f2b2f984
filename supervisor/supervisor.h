/* supervisor.h - the one event loop, and the world it turns in.
 *
 * The boot is this loop run until a predicate holds or a deadline passes; the resident process is the same loop without
 * end. It only brings events to the objects that own them (net, session, blockdev, root, loader); what a boot has to do
 * next is boot.c's, and only main.c includes this header besides them.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

/* Monotonic milliseconds. */
int64_t supervisor_now(void);

/* Runs until reached(world), asked after every round of events, says so: true. False when the deadline has passed. */
bool supervisor_run(struct world *world, bool (*reached)(struct world *world, int64_t now_ms), int64_t deadline_ms);

/* Turns the calling process, forked from the boot, into the resident supervisor: drops what only the boot needs, locks
   its memory, takes its name, keeps only descriptors that hold nothing busy. 0 or -errno with *step; what fails is no
   reason to stop. argv: the process's own, whose memory its name is written to. */
int supervisor_settle(struct world *world, char *const argv[], const char **step);

/* The resident process: returns when no session is left. */
void supervisor_live(struct world *world);

#endif
