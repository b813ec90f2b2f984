/* iscsi_class.h - what sysfs says of the kernel's iSCSI sessions and their SCSI hosts.
 *
 * kernel: drivers/scsi/scsi_transport_iscsi.c, class/iscsi_session and class/iscsi_connection. The sysfs argument is a
 * descriptor of /sys. Every question reads the present state; nothing is remembered.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_ISCSI_CLASS_H
#define SYS_ISCSI_CLASS_H

#include <stdbool.h>
#include <stdint.h>

/* Is this session in the kernel? */
bool iscsi_class_has_session(int sysfs, uint32_t sid);

/* Is the session's connection (number 0) up, that is in the full feature phase? */
bool iscsi_class_is_up(int sysfs, uint32_t sid);

/* Does sysfs say that it is not up? Where sysfs says nothing, the answer is no. */
bool iscsi_class_is_broken(int sysfs, uint32_t sid);

/* The numbers of the sessions, at most max, in the order of the directory. Returns how many. */
int iscsi_class_list(int sysfs, uint32_t *sids, int max);

/* The number of the session's SCSI host. -ENOENT: no such session; -ENODEV: sysfs does not name a host. */
int iscsi_class_host(int sysfs, uint32_t sid);

/* Can the logical unit at this path (.../h:c:t:l) be reached by this port? By what it said when it was scanned: with another
   peripheral qualifier than 0 (SPC-4 table 138) the kernel gives it no driver (scsi_bus_match). Arrays answer so for a LUN 0
   that is not mapped, and for units in the access state "unavailable". */
bool iscsi_class_is_connected(int sysfs, const char *unit);

/* Gives the kernel's workers of this session the highest nice value: what stops, starts and sends for it waits for them. Not every
   kernel has all of them. */
void iscsi_class_raise_workers(int sysfs, uint32_t sid, uint32_t host);

#endif
