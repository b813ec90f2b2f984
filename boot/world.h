/* world.h - everything that a boot has: one struct, allocated once, in main.c.
 *
 * The objects are each owned by their own file; this only puts them side by side, so that the loop can bring them their
 * events and boot.c can see what is still missing.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_WORLD_H
#define BOOT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "blockdev.h"
#include "boot/report.h"
#include "boot/times.h"
#include "cmdline.h"
#include "net/net.h"
#include "netlink.h"
#include "plan/plan.h"
#include "root/root.h"
#include "root/shutdown.h"
#include "session/discovery.h"
#include "session/multipath.h"
#include "session/session.h"
#include "session/status.h"
#include "sys/ibft.h"
#include "sys/loader.h"
#include "sys/modules.h"
#include "sys/mounts.h"

/* Why a boot cannot go on. */
struct verdict {
	bool failed;
	char text[1200];
};

/* The process that waits for the end of the resident one: supervisor/keeper.h. */
struct keeper {
	int fd;           /* a pidfd; -1: there is none */
	int64_t tried_ms; /* when the last one was forked; 0: never */
	int64_t lease_ms; /* what it knows: the network's next deadline */
	int known;        /* and so many sessions that have been up */
};

/* The memory that the kernel shows as this process's name: supervisor/resident.h. */
struct title {
	char *at;
	size_t room;
};

struct world {
	int sysfs, dev, proc; /* directory descriptors: valid after the hand-over, too */
	int uevents;
	int random;     /* /dev/random, readable when the kernel's generator is ready; -1: not waited for */
	int interrupts; /* signalfd of what interrupts `attach`; -1: nothing does */
	int clock;      /* resident: monotonic_watch(); -1: none */
	int iscsid;     /* pidfd of the iscsid that looks after our sessions; -1: none */
	int session_count;

	/* What the boot's rules remember: each is a level that was reached, see boot.c. */
	bool net_open, has_netlink, has_firmware, asked_firmware, has_lease, has_secrets, has_root, chains, resident;
	int64_t advanced_ms; /* when the rules were called last */
	int64_t disks_ready_ms;
	int64_t path_limit_ms; /* when further paths of a disk are no longer waited for; 0: there is none yet */
	bool hurries;          /* RCU is expedited for the time of the boot */
	bool diskless
		[PLAN_TARGETS_MAX];   /* logged in, but without a disk that can be used: the boot goes on without it */
	bool seeks[PLAN_TARGETS_MAX]; /* scanned anew: root may be on a unit that could not be used */
	bool disks_missing;           /* ready, but for targets that do not answer */
	bool lost_events;         /* of the kernel's iSCSI interface: sessions are looked at when the queue is empty */
	uint32_t carriers;        /* bits: the interfaces of net that have one */
	unsigned answers;         /* net_answers, as last seen */
	unsigned modules_in;      /* bits by boot.c's list: answered */
	uint64_t joined;          /* bits: the sessions whose disks a look for paths has seen */
	bool paths_changed;       /* a path is to be used otherwise: another look for paths is due */
	bool maps_changed;        /* somebody has changed a map: is it multipathd? */
	int64_t look_ms;          /* neither before this */
	bool block_changed;       /* a uevent of a block device or SCSI came */
	enum shutdown_how ending; /* of `shutdown` */

	struct cmdline cmdline;
	_Alignas(4096) struct plan plan; /* no child of the resident process sees the pages that its secrets are on */
	_Alignas(4096) struct plan_files files;
	char debian[4096]; /* /etc/iscsi/iscsi.initramfs */
	struct ibft ibft;

	struct mounts mounts;
	struct mounts_run run;
	struct modules_service modprobe;
	struct loader loader;
	struct net net;
	struct netlink netlink;
	struct root root;
	struct multipath multipath;
	struct blockdev_flags scan_flags;

	struct session sessions[PLAN_TARGETS_MAX];
	struct blockdev disks[PLAN_TARGETS_MAX];
	int64_t rescan_ms[PLAN_TARGETS_MAX];            /* when an empty target is scanned again; 0: not */
	struct discovery discoveries[PLAN_TARGETS_MAX]; /* of the targets without a name; unused, it takes no memory */

	struct times times;
	struct report report;
	struct status status;
	struct keeper keeper;
	struct title title;
	struct verdict verdict;
};

#endif
