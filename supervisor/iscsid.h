/* iscsid.h - is open-iscsi's daemon running, and when does it end?
 *
 * Two programs must not both repair one session. The daemon is looked for by its name in /proc, not by its socket: with
 * systemd's socket activation the socket is there without it, and a connection to it would start it.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUPERVISOR_ISCSID_H
#define SUPERVISOR_ISCSID_H

/* proc: descriptor of /proc. A pidfd (readable when it ends), or -ENOENT: it does not run. */
int iscsid_find(int proc);

#endif
