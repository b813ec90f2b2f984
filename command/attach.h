/* attach.h - the subcommands that talk to a target of one's choice: attach and discover.
 *
 * They share the boot's way from a word to a disk (boot/boot.h), over the network that is there. words: see the table in
 * command.c.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_ATTACH_H
#define COMMAND_ATTACH_H

#include "command/job.h"

/* Logs in, scans, and prints each session with its first disk. What would end this program ends the attempt: nothing half
   made stays in the kernel. */
struct job attach_run(struct world *world, const struct job_words *given, int64_t now_ms);

/* Asks a portal for its targets (SendTargets) and prints them. */
struct job attach_discover(struct world *world, const struct job_words *given, int64_t now_ms);

#endif
