/* end.h - the subcommands that end something: a session (detach), the machine (shutdown). */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_END_H
#define COMMAND_END_H

#include "command/job.h"

struct job end_detach(struct world *world, const struct job_words *given, int64_t now_ms);

/* Flushes the disks, logs out of everything, and ends the machine: the last command of a shutdown. */
struct job end_machine(struct world *world, const struct job_words *given, int64_t now_ms);

#endif
