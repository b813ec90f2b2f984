/* sys/udev_db.h - what the next system's udev must find about devices that were made before it ran.
 *
 * udev's rules for device-mapper devices (lvm2's 10-dm.rules) leave a device alone at coldplug unless udev itself once saw it
 * activated; a device that was made here would then get no links and systemd would not believe in it. An entry in
 * /run/udev/data says that it is active. Knows that one entry and one rule, no more.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_UDEV_DB_H
#define SYS_UDEV_DB_H

#include <sys/types.h>

#define UDEV_DB_RULE 512

/* Notes a device-mapper device as active in /run/udev/data, before the hand-over. Best effort: without it only links are
   missing. */
void udev_db_note_dm(dev_t device);

/* Tells the next system's udev, by a rule in /run/udev/rules.d, to make no links to the SCSI disks with this wwid, as the kernel shows it,
   and their partitions: they are paths, and what has their UUIDs and labels is the map over them. Where multipathd is installed, its own
   rules do that. Bytes that could end the rule's string match any. Best effort. */
void udev_db_hide_paths(const char *wwid);

/* That rule; its length. */
int udev_db_path_rule(const char *wwid, char rule[UDEV_DB_RULE]);

#endif
