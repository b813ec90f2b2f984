/* iscsid.c - see iscsid.h. Nothing here allocates or looks anything up outside /proc. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/iscsid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/process.h"

#define TABLE        "self/net/netlink"
#define PIECE_BYTES  2048
#define PROCESS_NAME "iscsid"

/* open-iscsi binds its socket to its own process id (open-iscsi: usr/netlink.c). */
static bool is_iscsid(int proc, pid_t pid)
{
	char name[32];

	return !strcmp(process_name(proc, pid, name, sizeof(name)), PROCESS_NAME) && process_is_hosts_root(proc, pid) &&
	       process_has_capability(proc, pid, CAP_SYS_ADMIN);
}

/* A line of the table (kernel: net/netlink/af_netlink.c): address of the socket, protocol, port, ... 0: not of ours. */
static pid_t read_port(const char *line)
{
	const char *protocol = strchr(line, ' ');
	char *end;
	unsigned long port;

	if (!protocol || strtoul(protocol, &end, 10) != NETLINK_ISCSI || *end != ' ')
		return 0;
	port = strtoul(end, NULL, 10);
	return port > INT32_MAX ? 0 : (pid_t)port;
}

/* The first iscsid in the whole lines of a piece of the table; what is left is moved to its beginning. */
static pid_t take_lines(int proc, char *text, size_t *used)
{
	char *line = text, *end;
	pid_t found = 0;

	while (!found && (end = strchr(line, '\n'))) {
		pid_t pid;

		*end = '\0';
		pid = read_port(line);
		if (pid > 0 && is_iscsid(proc, pid))
			found = pid;
		line = end + 1;
	}
	*used -= (size_t)(line - text);
	memmove(text, line, *used);
	return found;
}

pid_t iscsid_find(int proc)
{
	char text[PIECE_BYTES + 1];
	int fd = openat(proc, TABLE, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	pid_t found = 0;
	ssize_t n;

	while (fd >= 0 && !found && used < PIECE_BYTES && (n = read(fd, text + used, PIECE_BYTES - used)) > 0) {
		used += (size_t)n;
		text[used] = '\0';
		found = take_lines(proc, text, &used);
	}
	if (fd >= 0)
		close(fd);
	return found;
}

int iscsid_open(int proc)
{
	pid_t pid = iscsid_find(proc);
	int fd = pid ? process_open(pid) : -1;

	return fd < 0 ? -ENOENT : fd;
}
