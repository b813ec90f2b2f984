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

#include "boot/world.h"

/* The names of the resident process and of its keeper. The '@' keeps systemd's and sysvinit's killers away. */
#define RESIDENT_NAME "@iscsi-init"
#define RESIDENT_COMM "iscsi-init"
#define KEEPER_NAME   "@iscsi-keeper"
#define KEEPER_COMM   "iscsi-keeper"

/* Makes this process resident:
   - a session and a process group of its own, the name "@iscsi-init", descriptors 0 to 2 on /dev/null;
   - SIGTERM and its like are ignored, and the OOM killer does not choose it;
   - the lowest real-time priority, so that busy processes do not delay it;
   - PR_SET_IO_FLUSHER, and its memory locked: the whole program, and the data that was touched.
   dev, proc: descriptors. argv: the process's own; its memory becomes *title. 0, or -errno of the last failure with *step, a
   constant text; the rest is done all the same. */
int resident_become(int dev, int proc, char *const argv[], struct title *title, const char **step);

/* Gives the process another name: what ps shows of its arguments, and comm (15 characters). */
void resident_take_name(const struct title *title, const char *name, const char *comm);

/* Takes the lowest real-time priority, or at least the lowest nice value. Children begin without it. 0 or -errno. */
int resident_take_priority(void);

/* After a fork: makes the pages of [start, start + size) that are in memory this process's own again. */
void resident_own(void *start, size_t size);

/* The same for the program's data. */
void resident_own_program(void);

/* From now on a forked process reads zeroes in the pages that [start, start + size) touches, and in its neighbours on them:
   for secrets, which no child needs. resident_show ends that, for the one fork that does. */
void resident_hide(void *start, size_t size);
void resident_show(void *start, size_t size);

/* Locks the program and what it has touched; a fork does not inherit locks. 0 or -errno. */
int resident_lock(int proc);

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
