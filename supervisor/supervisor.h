/* supervisor.h - the process that stays behind and keeps the sessions alive.
 *
 * It is the boot, forked at the hand-over (or `iscsi-init supervise`), without the boot's rules: the same loop turns on
 * with the sessions and leases as they are. What makes a process fit for that is resident.h's; what happened last to each
 * session is written by session/status.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "boot/world.h"

/* Turns the calling process into the resident supervisor:
   - ends the boot's module loader and stops listening to uevents;
   - lets the network keep what it has (net_settle);
   - gives back the memory that only the boot needed, and wipes the secrets in it;
   - offers this program as /run/initramfs/shutdown;
   - makes the process resident (resident_become).
   argv is the process's own: the new name is written into its memory. A failure is no reason to stop: the rest is done all
   the same. 0, or -errno of the last failure with *step, a constant text. */
int supervisor_settle(struct world *world, char *const argv[], const char **step);

/* Looks after the sessions. Returns when none is left. */
void supervisor_live(struct world *world);

#endif
