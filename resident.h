/* resident.h - what makes a process fit to look after the disk that its own machine runs from.
 *
 * It must never need that disk: its program and memory stay in memory, it writes to no console, no killer picks it. Knows
 * nothing of sessions.
 */
#ifndef RESIDENT_H
#define RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A session of its own, name "@iscsi-init", descriptors 0 to 2 to /dev/null, deaf to SIGTERM and its like, out of the OOM killer's reach, PR_SET_IO_FLUSHER,
   memory locked: what was touched, and the code up to resident_end. dev, proc: descriptors. argv: the process's own, its memory becomes the name. 0, or -errno with
   *step, a constant text; it goes on after a failure. */
int resident_become(int dev, int proc, char *const argv[], const char **step);

/* [start, start + size) reads as zeroes from now on, and its whole pages are given back to the kernel. Before
   resident_become. */
void resident_release(void *start, size_t size);

/* Runs this program again from a copy in memory, unless it already does: a program file on the disk itself could not be
   read while the disk is away, and would keep root from being unmounted. Returns only when there is nothing to be done
   (0) or on failure: -errno. */
int resident_leave_disk(char *const argv[]);

/* Its address is where the code ends that a resident process runs (Makefile). Does nothing. */
void resident_end(void);

/* Another process that looks after this machine's sessions; 0: none. proc: descriptor of /proc. */
pid_t resident_find(int proc);

#endif
