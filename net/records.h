/* records.h - files that tell the next system about the network that we set up.
 *
 * klibc's /run/net-<interface>.conf (and net6-), Debian's /run/initramfs/open-iscsi.interface, and files that
 * keep systemd-networkd and NetworkManager from taking the interface down; /etc/resolv.conf where there is none. Every path
 * is below the caller's root, "" for /. All return 0 or -errno. The manual page says what each file is for.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_RECORDS_H
#define NET_RECORDS_H

#include "net/interface.h"
#include "plan/plan.h"

/* The files of one interface. dns: of all interfaces, best first. */
int records_write_interface(const char *root, const struct interface *interface, const struct address *dns, int count);

/* The name of the interface that reaches the root disk. */
int records_write_boot(const char *root, const struct interface *interface);

/* resolv.conf, only where there is none or where it is ours. boot may be NULL; its lease's domain becomes the search list. */
int records_write_resolver(const char *root, const struct interface *boot, const struct address *dns, int count);

#endif
