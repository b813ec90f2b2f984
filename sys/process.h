/* process.h - who another process is, by what the kernel says of it in /proc.
 *
 * A name proves nothing: anybody may call a program so, and root in a container is root of the container only.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is it root's, and in the pid namespace that proc (a descriptor of /proc) shows, not in one below it? */
bool process_is_hosts_root(int proc, pid_t pid);

/* Does it have this capability (CAP_...) in its effective set? */
bool process_has_capability(int proc, pid_t pid, int capability);

/* Its name (comm), at most 15 characters. "" if there is no such process. Never reads the process's memory, which may be
   swapped out to a disk that is away. Returns out. */
const char *process_name(int proc, pid_t pid, char *out, size_t size);

/* The number that a directory of /proc is named by; 0: it is not a process. */
pid_t process_of_name(const char *name);

/* A pidfd of a process that is still running, not of one that has ended and waits to be reaped; -1: none. */
int process_open(pid_t pid);

#endif
