/* sys/child.h - one piece of work in a forked process, its result through a pipe.
 *
 * For what blocks (a SCSI scan, reading a disk, a mount) while the event loop must go on answering for the sessions.
 * The child dies with its parent. It shares nothing but what fork shares; its result is a small struct.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_RESULT_MAX 4096 /* PIPE_BUF: one write is one piece */

struct child {
	pid_t pid; /* 0: none */
	int fd;    /* readable when the result is there or the child is gone; -1: none */
};

#define CHILD_NONE ((struct child){.fd = -1})

enum child_state { CHILD_RUNNING, CHILD_DONE, CHILD_DIED };

/* Forks; the child calls run(context, result), sends size bytes of result, exits. 0 or -errno. */
int child_start(struct child *child, void (*run)(const void *context, void *result), const void *context, size_t size);

/* Never blocks. CHILD_DONE: *result holds size bytes. CHILD_DIED: it ended without one. After either the child is reaped, where
   the kernel does not do so (ignored SIGCHLD), and *child is CHILD_NONE. */
enum child_state child_step(struct child *child, void *result, size_t size);

/* The whole of it for a caller who can wait: forks, waits at most timeout_s seconds, and returns the int that run wrote as
   its result (0 or -errno). -EIO: it ended without one. -ETIMEDOUT: it was told to end, and ends as soon as the kernel lets
   it go. */
int child_run(void (*run)(const void *context, void *result), const void *context, int timeout_s);

/* Kills and forgets it: never blocks. A child that hangs in the kernel is left to init's reaping. */
void child_stop(struct child *child);

#endif
