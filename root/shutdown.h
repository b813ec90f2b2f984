/* shutdown.h - the end of a machine whose root is an iSCSI disk.
 *
 * systemd-shutdown (and dracut's convention) leaves the dying root for /run/initramfs and starts /shutdown there, with
 * the old root at /oldroot: that is this program. It unmounts the old root, flushes the disks, logs out, and does what
 * was asked. Without systemd, `iscsi-init shutdown <how>` is the last command of a shutdown and does the same from
 * inside, with / made read-only. Whatever talks to the disk runs in a child with a deadline: a shutdown never hangs.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_SHUTDOWN_H
#define ROOT_SHUTDOWN_H

#include <stdbool.h>

enum shutdown_how { SHUTDOWN_REBOOT, SHUTDOWN_POWEROFF, SHUTDOWN_HALT, SHUTDOWN_KEXEC };

/* Were we started as PID 1 to end a machine ("/shutdown reboot ...", "iscsi-init shutdown reboot")? */
bool shutdown_is_wanted(char *const argv[]);

/* "reboot", "poweroff", "halt", "kexec". False: none of these. */
bool shutdown_read_how(const char *text, enum shutdown_how *how);

/* Unmounts (or makes read-only) what is mounted below prefix ("/oldroot", or "/" for everything that is a disk's), then
   flushes every disk. dev: descriptor of /dev; then also what is a disk's below /run goes (the layers of root), and after it
   the device-mapper devices that nobody uses. -1: neither. Never longer than timeout_s. 0; -ETIMEDOUT: the disks did not
   answer; -EBUSY: something stays mounted, read-only where that was possible. */
int shutdown_flush(const char *prefix, int dev, int timeout_s);

/* Ends the machine. Returns only when the kernel refuses: -errno. */
int shutdown_end(enum shutdown_how how);

/* Puts a copy of this program in place as /run/initramfs/shutdown, unless another program is there already. proc, run:
   descriptors of /proc and /run/iscsi-init. A failure is logged. */
void shutdown_offer(int proc, int run);

#endif
