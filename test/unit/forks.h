/* forks.h - fork() of a test whose product must do without a process for once. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_FORKS_H
#define TEST_FORKS_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static bool processes_are_used_up;

/* In the place of the C library's. */
pid_t fork(void)
{
	if (!processes_are_used_up)
		return _Fork();
	errno = EAGAIN;
	return -1;
}

#endif
