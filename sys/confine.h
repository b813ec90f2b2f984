/* confine.h - giving up what a process will not need any more.
 *
 * What the resident process keeps is what a recovery needs on every kernel. It reads what targets and DHCP servers send itself,
 * and its children have what it has, but for the one that asks name servers: the C library's parser keeps nothing. The boot
 * has given up nothing yet, and reads the same bytes, lists of targets among them. The system calls are a list of those that
 * are refused, not of those that are allowed: a new C library or kernel must never break a recovery, and an intruder misses
 * just those.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

/* For a process that recovers sessions: no core dump, not dumpable, no new privileges, the capabilities for the network and
   the kernel's iSCSI interface alone, and a filter of system calls. A call that is refused fails with EPERM, and the kernel
   logs its number (audit type 1326). 0, or -errno of the first failure with *step, a constant text; the rest is done all the
   same. -EINVAL from a kernel without seccomp filters counts as success. */
int confine_resident(const char **step);

/* For a child that asks name servers, of the boot or of that process: no capabilities at all, no sockets to the kernel, and a
   system call that is refused ends it. 0 or -errno. */
int confine_reader(void);

#endif
