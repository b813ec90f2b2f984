/* supervise.h - the subcommand supervise: looks after the sessions that are there, as the process of the boot does.
 *
 * What the earlier process knew and the kernel does not is read from the file that it wrote (session/status.h).
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SUPERVISE_H
#define COMMAND_SUPERVISE_H

#include "command/job.h"

/* A resident job; JOB_FAILED when there is no session, or another process looks after them already. */
struct job supervise_run(struct world *world, const struct job_words *given, int64_t now_ms);

#endif
