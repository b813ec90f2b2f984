/* monitor.h - the subcommand events: the kernel's iSCSI events and the supervisor's, one line each.
 *
 * The supervisor's are taken from the kernel's log, where each of its lines about an event ends with it in parentheses.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_MONITOR_H
#define COMMAND_MONITOR_H

#include "command/job.h"

/* Does not return unless it fails. */
struct job monitor_run(struct world *world, const struct job_words *given, int64_t now_ms);

#endif
