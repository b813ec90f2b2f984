/* sys/uevent.h - the kernel's uevents, and the coldplug walk for devices that were there before us.
 *
 * Owns the NETLINK_KOBJECT_UEVENT socket and the parsing of its messages (kernel: lib/kobject_uevent.c; no RFC). An
 * event is never a fact that somebody relies on: it only says "look again". Does not load modules.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_UEVENT_H
#define SYS_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UEVENTS_AT_A_TIME 512  /* so many are served; then others have their turn, as a flood may never end */
#define UEVENT_BYTES_MAX  8192 /* the kernel's own buffer is 2048 plus the head line (include/linux/kobject.h) */

/* Texts that a message does not have are "". A text too long for its place is "" too (cut text would name something
   else), except devpath: a message with a longer one is refused. */
struct uevent {
	bool added;        /* the action is "add" */
	bool unit_changed; /* SDEV_UA: a SCSI unit says that its capacity, or the target's list of units, has changed */
	bool access_changed; /* SDEV_UA: a SCSI unit is to be used by another port. DM_ACTION: a multipath map has given up a path */
	char devpath[512]; /* begins with '/': relative to /sys */
	char subsystem[32];
	char modalias[1024];
};

/* One message of the kernel's. 0 with *event, or -EBADMSG. Pure. */
int uevent_parse(const void *bytes, size_t length, struct uevent *event);

/* A non-blocking socket that hears the kernel's events; its buffer is made large. Descriptor or -errno. */
int uevent_open(void);

/* From now on only events of devices that the platform's SCSI hosts have, as those of iscsi_tcp are, and changes of device-mapper
   devices: others wake nobody. 0 or
   -errno. */
int uevent_narrow(int fd);

/* The next event: 1 with *event; 0: none now; -ENOBUFS: events were lost, look at everything again (coldplug too);
   -errno: the socket is broken. Messages that the kernel did not send or that cannot be read are passed over; behind a number
   of them 0 is said although there may be more, which poll tells. */
int uevent_receive(int fd, struct uevent *event);

/* For whoever looks again in any case: takes away what is there, UEVENTS_AT_A_TIME at most. */
void uevent_drain(int fd);

/* Calls found for the modalias of every device on a bus (bus/<bus>/devices of the tree), those of buses that bear network
   cards first. Devices that only belong to a class (input, dmi) are left out: no module for a network card hangs on them.
   A false from found ends the walk. 0 or -errno. */
int uevent_coldplug(int sysfs, bool (*found)(void *context, const char *modalias), void *context);

#endif
