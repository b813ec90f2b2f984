/* command.h - the program as a tool on a running system: subcommands.
 *
 * A subcommand either does its work at once, or prepares the world and names what the loop is to be run for; the loop
 * itself is main's.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

enum tool_exit { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

struct tool_job {
	int exit;                                             /* when no loop is needed */
	bool (*reached)(struct world *world, int64_t now_ms); /* NULL: no loop is needed */
	int64_t timeout_ms;                                   /* INT64_MAX: none */
	int (*finish)(struct world *world, bool reached);     /* after the loop; returns the exit code */
	bool resident;                                        /* supervise: settle, then live */
};

/* now_ms: monotonic milliseconds. */
struct tool_job tool_prepare(struct world *world, int argc, char *argv[], int64_t now_ms);

#endif
