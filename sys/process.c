/* process.c - see process.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/process.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sysfs.h"

#define STATUS_BYTES 4096 /* kernel: fs/proc/array.c; with a hundred groups it still ends before that */

/* The value of a line of the status file, "" if there is none: "Uid:\t0\t0\t0\t0". */
static const char *find_line(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? at + strlen(key) : "";
}

/* The kernel escapes newlines in the name, which comes first: a line cannot be forged. */
static bool read_status(int proc, pid_t pid, char status[STATUS_BYTES])
{
	char path[32];

	snprintf(path, sizeof(path), "%d/status", (int)pid);
	return sysfs_read(proc, path, status, STATUS_BYTES) > 0;
}

bool process_is_hosts_root(int proc, pid_t pid)
{
	char status[STATUS_BYTES];
	const char *numbers;

	if (!read_status(proc, pid, status) || strncmp(find_line(status, "\nUid:\t"), "0\t0\t", 4) != 0)
		return false;
	/* One number for each pid namespace that it is in, from the one of /proc on. */
	numbers = find_line(status, "\nNSpid:\t");
	return numbers[strcspn(numbers, "\t\n")] != '\t';
}

bool process_has_capability(int proc, pid_t pid, int capability)
{
	char status[STATUS_BYTES];

	return read_status(proc, pid, status) && strtoull(find_line(status, "\nCapEff:\t"), NULL, 16) >> capability & 1;
}

const char *process_name(int proc, pid_t pid, char *out, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/comm", (int)pid);
	if (sysfs_read(proc, path, out, size) < 0)
		out[0] = '\0';
	return out;
}

pid_t process_of_name(const char *name)
{
	char *end;
	long pid;

	if (name[0] < '1' || name[0] > '9')
		return 0;
	pid = strtol(name, &end, 10);
	return *end || pid > INT32_MAX ? 0 : (pid_t)pid;
}

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	if (fd < 0 || poll(&ended, 1, 0) == 0)
		return fd;
	close(fd);
	return -1;
}
