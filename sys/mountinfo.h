/* mountinfo.h - the lines of /proc/<pid>/mountinfo.
 *
 * kernel: Documentation/filesystems/proc.rst 3.5. A line: id, parent's id, major:minor, root, mount point, options,
 * optional fields, "-", type, source, the file system's options.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_MOUNTINFO_H
#define SYS_MOUNTINFO_H

#include <stdbool.h>
#include <sys/types.h>

struct mountinfo {
	dev_t device;       /* of the file system; btrfs and others have one that is no disk's */
	const char *path;   /* where it is mounted */
	const char *source; /* "/dev/sda1", "tmpfs" */
};

/* Reads one line in place: the strings lie in it, their escapes undone. False: it is not such a line. */
bool mountinfo_read(char *line, struct mountinfo *mount);

/* Undoes the kernel's octal escapes (\040 for a blank), in place. Also those of /proc/swaps. Returns text. */
char *mountinfo_unescape(char *text);

#endif
