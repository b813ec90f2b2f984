/* devices.h - the SCSI devices of a session after the hand-over: set running again.
 *
 * When a session starts again, the kernel unblocks its devices, but not those that its error handling took offline during
 * the outage (after the recovery timeout): those stay offline until somebody sets them running.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_DEVICES_H
#define SESSION_DEVICES_H

#include <stdint.h>

#include "plan/plan.h"
#include "sys/child.h"

/* How many devices of the session are offline. sysfs: descriptor of /sys. */
int devices_offline(int sysfs, uint32_t sid);

/* Sets them running, in a child: the kernel reads from the disk before the write returns, and the process that waits for that
   could not repair the session meanwhile. A child of an earlier call is given up. 0 or -errno. */
int devices_set_running(struct child *child, int sysfs, uint32_t sid);

#endif
