/* mounts.h - the kernel's file systems that init needs: /proc, /sys, /dev, /run; and /run across the hand-over.
 *
 * Owns what we mounted and who sees it afterwards. Does not touch the root disk (root.c).
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_MOUNTS_H
#define SYS_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

enum mounts_place { MOUNTS_DEV, MOUNTS_PROC, MOUNTS_SYS, MOUNTS_RUN, MOUNTS_COUNT };

struct mounts {
	bool ours[MOUNTS_COUNT]; /* mounted by us */
};

/* Mounts what is missing and makes sure that descriptors 0 to 2 are open (/dev/console, else /dev/null). Goes on after a
   failure. 0, or the first -errno with *place. */
int mounts_early(struct mounts *mounts, enum mounts_place *place);

/* The path of a place: "/dev", ... */
const char *mounts_path(enum mounts_place place);

/* Before another initramfs program is exec'd: /proc, /sys and /dev become as we found them (its own mount commands would
   meet EBUSY); /run stays, for those that keep a /run that is there (systemd, dracut). Descriptors stay usable. */
void mounts_leave(const struct mounts *mounts);

/* Puts a text in the place of /proc/cmdline, and leaves /proc mounted. run: descriptor of /run/iscsi-init. 0 or -errno. */
int mounts_cover_cmdline(struct mounts *mounts, int run, const char *text, size_t length);

/* Our files in /run, kept visible. Some inits (initramfs-tools) mount a new /run over ours: the resident process
   notices, since /proc/self/mountinfo reports every change to a poller, and copies the files over: from the first /run
   all, from another one our own. */
struct mounts_run {
	int fd;        /* of the /run/iscsi-init that the system sees; -1 none. Files are made with openat below it */
	int top;       /* of that /run itself */
	int root;      /* of the root directory at the time of mounts_run_open */
	int mountinfo; /* poll for POLLPRI */
	dev_t device;  /* of the /run that fd is in */
	dev_t first;   /* of the /run that we began with: never gone back to */
};

/* Makes /run/iscsi-init (mode 0755). 0 or -errno. Call it in the process that is to follow, before the hand-over. */
int mounts_run_open(struct mounts_run *run);

/* After POLLPRI (or POLLERR) on mountinfo: is /run another file system now? Then the files are copied there, fd is
   replaced, true. */
bool mounts_run_follow(struct mounts_run *run);

#endif
