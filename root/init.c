/* init.c - see init.h. */
/* SPDX-License-Identifier: MIT */
#include "root/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const init_names[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh", NULL};

int init_open(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned int)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int init_check(int root, const char *path)
{
	struct stat status;
	int error = 0, fd = init_open(root, path, O_PATH);

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
		error = -EACCES;
	close(fd);
	return error;
}
