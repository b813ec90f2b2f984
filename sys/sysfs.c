/* sys/sysfs.c - attributes and directories below a directory descriptor.
 *
 * Directories are listed with getdents64 into a buffer of the caller's, as opendir allocates and the resident
 * supervisor must not.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/sysfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct linux_dirent64 (getdents64(2)): the name begins here. */
#define DIRENT_NAME_OFFSET 19
#define DIRENT_SIZE_OFFSET 16
#define DIRENT_TYPE_OFFSET 18

int sysfs_open(const char *root)
{
	return sysfs_open_at(AT_FDCWD, root);
}

int sysfs_make(const char *type)
{
	int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), root = -1, error;

	if (context < 0)
		return -errno;
	if (!syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	error = errno;
	close(context);
	return root < 0 ? -error : root;
}

int sysfs_open_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

ssize_t sysfs_read_bytes(int dirfd, const char *path, void *out, size_t size)
{
	ssize_t length;
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, out, size);
	while (length < 0 && errno == EINTR);
	error = errno;
	close(fd);
	return length < 0 ? -error : length;
}

ssize_t sysfs_read_line(int dirfd, const char *path, char *out, size_t size)
{
	ssize_t length;

	if (size == 0)
		return -EINVAL;
	out[0] = 0;
	length = sysfs_read_bytes(dirfd, path, out, size - 1);
	if (length < 0)
		return length;
	if (length > 0 && out[length - 1] == '\n')
		length--;
	out[length] = 0;
	return length;
}

ssize_t sysfs_read(int dirfd, const char *path, char *out, size_t size)
{
	ssize_t length = sysfs_read_line(dirfd, path, out, size);

	while (length > 0 && isspace((unsigned char)out[length - 1]))
		out[--length] = 0;
	return length;
}

int sysfs_read_number(int dirfd, const char *path, int64_t min, int64_t max, int64_t *value)
{
	char text[32], *end;
	ssize_t length = sysfs_read(dirfd, path, text, sizeof(text));
	long long number;
	const char *digits = text[0] == '-' ? text + 1 : text;

	if (length < 0)
		return (int)length;
	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	number = strtoll(text, &end, digits[0] == '0' && digits[1] == 'x' ? 16 : 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || number < min || number > max)
		return -ERANGE;
	*value = number;
	return 0;
}

int sysfs_write(int dirfd, const char *path, const char *text)
{
	size_t length = strlen(text);
	int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	int error = 0;
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	if (written < 0)
		error = -errno;
	else if ((size_t)written != length)
		error = -EIO;
	close(fd);
	return error;
}

bool sysfs_exists(int dirfd, const char *path)
{
	struct stat status;

	return fstatat(dirfd, path, &status, 0) == 0;
}

int sysfs_read_link(int dirfd, const char *path, char *out, size_t size)
{
	ssize_t length = readlinkat(dirfd, path, out, size);

	if (length < 0)
		return -errno;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	out[length] = 0;
	return 0;
}

int sysfs_dir_open(struct sysfs_dir *dir, int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	dir->fd = fd;
	dir->at = dir->used = 0;
	return 0;
}

static bool fill(struct sysfs_dir *dir)
{
	long got = syscall(SYS_getdents64, dir->fd, dir->buffer, sizeof(dir->buffer));

	dir->at = 0;
	dir->used = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static bool ask_is_directory(int fd, const char *name, unsigned char type)
{
	struct stat status;

	if (type != DT_UNKNOWN)
		return type == DT_DIR;
	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

const char *sysfs_dir_next(struct sysfs_dir *dir, bool *is_directory)
{
	for (;;) {
		const char *entry, *name;
		uint16_t size;

		if (dir->at >= dir->used && !fill(dir))
			return NULL;
		entry = dir->buffer + dir->at;
		memcpy(&size, entry + DIRENT_SIZE_OFFSET, sizeof(size));
		dir->at += size;
		name = entry + DIRENT_NAME_OFFSET;
		if (is_dot(name))
			continue;
		if (is_directory)
			*is_directory = ask_is_directory(dir->fd, name, (unsigned char)entry[DIRENT_TYPE_OFFSET]);
		return name;
	}
}

void sysfs_dir_close(struct sysfs_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}
