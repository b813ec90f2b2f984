/* sessions.h - the subcommands that look at what is attached: list, rescan, partitions. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SESSIONS_H
#define COMMAND_SESSIONS_H

#include "command/job.h"

struct job sessions_list(struct world *world, const struct job_words *given, int64_t now_ms);

/* Looks for new LUNs of a session. */
struct job sessions_rescan(struct world *world, const struct job_words *given, int64_t now_ms);

/* Has the kernel read the partition table of a device again. */
struct job sessions_partitions(struct world *world, const struct job_words *given, int64_t now_ms);

#endif
