/* iscsid.h - is open-iscsi's daemon running, and when does it end?
 *
 * Two programs must not both repair one session. The daemon is known by its socket at the kernel's iSCSI interface, which
 * it must have to repair anything, and then by its name and rights. Its own socket for iscsiadm says nothing: with systemd's
 * socket activation it is there without the daemon, and a connection to it would start the daemon.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_ISCSID_H
#define SUPERVISOR_ISCSID_H

#include <sys/types.h>

/* The process; 0: it does not run. proc: descriptor of /proc, of the initial namespaces. A process of a container does not
   count, whatever its name: it must be root's, with CAP_SYS_ADMIN, in this pid namespace. */
pid_t iscsid_find(int proc);

/* A pidfd of it, which becomes readable when it ends, or -ENOENT: it does not run. */
int iscsid_open(int proc);

#endif
