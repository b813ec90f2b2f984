/* job.c - see job.h. */
/* SPDX-License-Identifier: MIT */
#include "command/job.h"

#include <errno.h>
#include <string.h>

#include "sys/log.h"

struct job job_done(enum job_exit exit)
{
	return (struct job){.exit = exit};
}

struct job job_fail(const char *what, int result)
{
	log_err("%s: %s%s", what, strerror(-result), result == -EPERM || result == -EACCES ? " (this needs root)" : "");
	return job_done(JOB_FAILED);
}
