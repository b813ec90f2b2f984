/* resident.h - what makes a process fit to look after the disk that its own machine runs from.
 *
 * It must never need that disk: its program and memory stay in memory, it writes to no console, no killer picks it. Knows
 * nothing of sessions.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_RESIDENT_H
#define SUPERVISOR_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes this process resident: a session of its own, the name "@iscsi-init", descriptors 0 to 2 on /dev/null, SIGTERM and
   its like ignored, out of the OOM killer's reach, PR_SET_IO_FLUSHER, and its memory locked: the whole program, and the
   data that was touched. dev, proc: descriptors. argv: the process's own; its memory becomes the name. 0, or -errno with
   *step, a constant text; it goes on after a failure. */
int resident_become(int dev, int proc, char *const argv[], const char **step);

/* [start, start + size) reads as zeroes from now on, and its whole pages are given back to the kernel. Before
   resident_become. */
void resident_release(void *start, size_t size);

/* Runs this program again from a copy in memory, unless it already does: a program file on the disk itself could not be
   read while the disk is away, and would keep root from being unmounted. Returns only when there is nothing to be done
   (0) or on failure: -errno. */
int resident_leave_disk(char *const argv[]);

/* Another process that looks after this machine's sessions; 0: none. proc: descriptor of /proc. */
pid_t resident_find(int proc);

#endif
