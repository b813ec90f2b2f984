/* command.h - the program as a person runs it: subcommands.
 *
 * A subcommand either does its work at once, or prepares the world and says what the loop is to be run for (job.h); the
 * loop itself is run by main.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>

#include "command/job.h"

/* Is this word a subcommand, or one that asks for help or the version? */
bool command_is_known(const char *word);

/* Finds the subcommand and runs it. now_ms: monotonic milliseconds. */
struct job command_prepare(struct world *world, int argc, char *argv[], int64_t now_ms);

#endif
