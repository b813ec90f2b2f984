/* iscsid.c - see iscsid.h. Nothing here allocates or looks anything up outside /proc. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/iscsid.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sysfs.h"

/* A process of root's with that name: anybody may call a program so. */
static bool is_iscsid(int proc, const char *pid)
{
	char path[64], name[32];

	if (pid[0] < '1' || pid[0] > '9' || snprintf(path, sizeof(path), "%s/comm", pid) >= (int)sizeof(path))
		return false;
	return sysfs_read(proc, path, name, sizeof(name)) > 0 && !strcmp(name, "iscsid") && proc_is_roots(proc, pid);
}

/* A pidfd of a process that still runs: one that has ended, but that nobody has reaped, keeps its name. */
static int open_running(long pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	if (fd < 0 || poll(&ended, 1, 0) == 0)
		return fd;
	close(fd);
	return -1;
}

int iscsid_find(int proc)
{
	struct sysfs_dir dir;
	const char *name;
	int result = sysfs_dir_open(&dir, proc, ".");

	if (result)
		return result;
	result = -ENOENT;
	while (result < 0 && (name = sysfs_dir_next(&dir, NULL)))
		if (is_iscsid(proc, name))
			result = open_running(strtol(name, NULL, 10));
	sysfs_dir_close(&dir);
	return result < 0 ? -ENOENT : result;
}
