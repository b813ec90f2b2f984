/* job.h - what a subcommand hands back to main: an exit code, or what the loop is to be run for. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_JOB_H
#define COMMAND_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

enum job_exit { JOB_OK = 0, JOB_FAILED = 1, JOB_USAGE = 2 };

struct job {
	enum job_exit exit;                                         /* when no loop is needed */
	bool (*reached)(struct world *world, int64_t now_ms);       /* NULL: no loop is needed */
	int64_t timeout_ms;                                         /* INT64_MAX: none */
	enum job_exit (*finish)(struct world *world, bool reached); /* called after the loop */
	bool resident;                                              /* supervise: settle, then live */
};

/* What stands behind the subcommand's name. */
struct job_words {
	char **words; /* those that are no options, ended with NULL */
	int count;
	bool force, json;
	int timeout_s; /* 0: not given */
};

/* A job that is over. */
struct job job_done(enum job_exit exit);

/* A job that failed: logs "what: reason", and that root is needed where that is the reason. result: -errno. */
struct job job_fail(const char *what, int result);

#endif
