/* switch.h - the hand-over of the machine: switch_root, or the exec of another program of the initramfs.
 *
 * Owns what klibc's run-init does: moving the mounts, deleting the initramfs, chroot, exec. Does not know where the new
 * root comes from.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_SWITCH_H
#define ROOT_SWITCH_H

#include <stdbool.h>

#include "root/root.h"

/* Is / a file system in memory, as an initramfs is? */
bool switch_is_in_memory(void);

/* Is a word of the environment or of our arguments ("iscsi=...") one of ours, which the next program must not get? */
typedef bool switch_is_ours(const char *word);

/* Deletes the initramfs, makes ROOT_MOUNT_POINT the root, moves /dev, /proc, /sys and /run there and executes init with
   argv[1..]. Must run as process 1. Returns only on failure: -errno with *step, a constant text; nothing was deleted
   unless the failure is of a step after "deleting the initramfs". */
int switch_root(const struct root_result *found, char *const argv[], char *const envp[], switch_is_ours *is_ours,
		const char **step);

/* The initramfs's own init, if there is one that is not this program: path ("" means "/init"). 0; -ENOENT: none;
   -ELOOP: it is this program; -EACCES: it cannot be executed. */
int switch_chain_check(const char *path);

/* Executes it with argv[1..] and a cleaned environment. Returns only on failure: -errno. */
int switch_chain(const char *path, char *const argv[], char *const envp[], switch_is_ours *is_ours);

#endif
