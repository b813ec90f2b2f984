/* blockdev.h - from a session that is logged in to disks that can be used.
 *
 * Owns the scan of the SCSI host, the wait for the disks, their queue settings and the re-reading of partition tables.
 * Whatever talks to the disk runs in a child (sys/child.h), as the loop must answer for the session meanwhile. Does not
 * know file systems (root.c) and does not watch the clock: deadlines are the caller's.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BLOCKDEV_H
#define BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"
#include "sys/child.h"

enum blockdev_state {
	BLOCKDEV_IDLE,
	BLOCKDEV_SCANNING, /* the kernel asks the target for its LUNs */
	BLOCKDEV_WAITING,  /* the scan is over; a disk that it found is not attached yet (wait for uevents) */
	BLOCKDEV_READING,  /* partition tables are being read */
	BLOCKDEV_READY,    /* every disk found can be used */
	BLOCKDEV_EMPTY,    /* the scan is over and there is no disk (blockdev_describe names what is there instead) */
	BLOCKDEV_FAILED    /* the scan could not be done: see error */
};

/* The SCSI layer's default device flags while scans run: one for the whole program, all zero at first. */
struct blockdev_flags {
	unsigned users;
	bool lean;        /* scan=lean */
	bool revalidates; /* scans have every unit's size read again, not only of those that have none */
	char before[32];
};

#define BLOCKDEV_NAME_MAX 32
#define BLOCKDEV_PATH_MAX 256
#define BLOCKDEV_WHY_MAX  120
#define BLOCKDEV_KNOWN    32

struct blockdev {
	enum blockdev_state state;
	int error; /* -errno of the scan */
	int sysfs; /* descriptors of /sys and /dev; not owned */
	int dev;
	unsigned host;
	struct blockdev_flags *flags;
	/* Of the target's plan, which children of the resident process do not see. */
	bool has_lun;
	uint64_t lun;
	char scheduler[32];
	struct params params;
	bool counted; /* in flags->users */
	bool touched; /* a uevent says that it is worth a look */
	struct child child;
	int disk_count;     /* of type disk */
	uint64_t other_lun; /* the first LUN of another type, and the type (SPC-4 table 139) */
	unsigned other_type;
	int other_count;                    /* LUNs of other types, and disks without a size */
	int empty_count;                    /* of them: those disks */
	int ready_count;                    /* disks that can be opened */
	int unreadable;                     /* of them: those that cannot be read, and whose unit says why */
	char first_disk[BLOCKDEV_NAME_MAX]; /* that of the lowest LUN: "sda"; "" none */
	uint64_t first_lun;
	bool asked;
	char why[BLOCKDEV_WHY_MAX]; /* "; LUN 1 says: it is becoming ready": the first unit that cannot be used; "" nothing */
	bool is_settled;            /* the disks have been read once: known is about settings that we have made */
	uint8_t known[BLOCKDEV_KNOWN]; /* bits: LUNs whose settings are not to be made: they may be somebody's by now */
	char awaited[BLOCKDEV_PATH_MAX]; /* in sysfs: the last disk that was not attached yet; "" none */
};

/* Starts the scan: of plan->lun alone when it is given, else of every LUN. sysfs, dev: descriptors of /sys and /dev;
   flags must stay. 0; -EAGAIN: when a scan of the other kind (lean or full) is over; or -errno. */
int blockdev_start(struct blockdev *blockdev, int sysfs, int dev, unsigned host, const struct target_plan *plan,
		   struct blockdev_flags *flags);

/* Looks at the disks and goes on to the next state. To be called after a uevent of a disk of this host, and whenever
   blockdev_fd is readable. The children that it starts log what they set and read; it logs what becomes of them. */
enum blockdev_state blockdev_step(struct blockdev *blockdev);

/* Has the first unit that is not attached, or has no size, asked once what it lacks, for blockdev_describe: while the child runs,
   there is no answer yet. What it has said is kept by the next scan until it is asked there. */
void blockdev_ask(struct blockdev *blockdev);

/* Are there units that cannot be used, though they may be later, beside the disks that can, or alone? */
bool blockdev_lacks(const struct blockdev *blockdev);

/* In BLOCKDEV_READY: can one of the disks be read? A port in standby may show a disk that cannot. */
bool blockdev_is_readable(const struct blockdev *blockdev);

/* Is there a disk now that nobody has made settings for? Someone else had it looked for. */
bool blockdev_has_new(const struct blockdev *blockdev);

/* To be polled for reading; -1: nothing runs. Changes with every step. */
int blockdev_fd(const struct blockdev *blockdev);

/* Gives up: stops the child, puts the flags back. The session may be torn down afterwards. */
void blockdev_stop(struct blockdev *blockdev);

/* One clause on where it stands: "2 of 3 disks attached: ...", "the target has no LUN 7 for this initiator". Returns
   out. */
const char *blockdev_describe(const struct blockdev *blockdev, char *out, size_t size);

/* The subcommands' work, blocking. rescan: every LUN of the session. reread: the partition table of a device ("/dev/sda").
   0 or -errno. */
int blockdev_rescan(int sysfs, uint32_t sid);
int blockdev_reread(const char *device);

#endif
