/* sys/sysfs.h - attributes and directories of sysfs (and any tree like it), below a directory descriptor.
 *
 * Every path is relative to a directory descriptor, so that tests may bring a tree of their own and so that the resident
 * supervisor still reads /sys after the hand-over, when no path of its root leads there any more. Nothing allocates.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_SYSFS_H
#define SYS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A directory descriptor (O_PATH, CLOEXEC) for a tree, e.g. "/sys"; -errno. Who opens, closes. */
int sysfs_open(const char *root);

/* The same for a new file system of this type, "proc" or "ramfs", that is mounted nowhere: nobody can mount it anew with other
   options. */
int sysfs_make(const char *type);

/* The same for a directory below another; path is relative. */
int sysfs_open_at(int dirfd, const char *path);

/* Reads an attribute as text: without its last newline (and other white space at its end), ended with a NUL, cut to
   size. The length of the text, or -errno. *out is "" on error. */
ssize_t sysfs_read(int dirfd, const char *path, char *out, size_t size);

/* The same, but only the one newline is taken away: white space at the end of a name or secret is part of it. */
ssize_t sysfs_read_line(int dirfd, const char *path, char *out, size_t size);

/* The same as it is, for attributes that are no text: at most size bytes, no NUL. How many, or -errno. */
ssize_t sysfs_read_bytes(int dirfd, const char *path, void *out, size_t size);

/* The attribute as a number, decimal or 0x. -EINVAL: not a number; -ERANGE: outside min..max. */
int sysfs_read_number(int dirfd, const char *path, int64_t min, int64_t max, int64_t *value);

/* Writes text in one write(2), as attributes want it. 0 or -errno (the driver's own one included). */
int sysfs_write(int dirfd, const char *path, const char *text);

bool sysfs_exists(int dirfd, const char *path);

/* What a symbolic link names ("../../bus/scsi"), ended with a NUL. 0 or -errno; -ENAMETOOLONG: not in size bytes. */
int sysfs_read_link(int dirfd, const char *path, char *out, size_t size);

/* One directory being listed. Names come in the kernel's order, without "." and "..". */
struct sysfs_dir {
	int fd;
	size_t at, used; /* in buffer */
	_Alignas(8) char buffer[1024];
};

/* 0 or -errno. After 0: sysfs_dir_close. */
int sysfs_dir_open(struct sysfs_dir *dir, int dirfd, const char *path);

/* The next name, valid until the next call; NULL at the end (also on an error of the directory). is_directory may be
   NULL; links are not directories. */
const char *sysfs_dir_next(struct sysfs_dir *dir, bool *is_directory);

void sysfs_dir_close(struct sysfs_dir *dir);

#endif
