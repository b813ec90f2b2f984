/* pollfds.h - filling an array for poll(2), and asking it what came.
 *
 * The loop polls the descriptors of all objects together; each object adds its own and looks them up by number.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_POLLFDS_H
#define SYS_POLLFDS_H

#include <poll.h>
#include <stdbool.h>

/* Adds fd for reading behind the first `count`, unless it is -1 or there is no room. The new count. */
static inline int pollfds_add(struct pollfd *fds, int count, int max, int fd)
{
	if (fd < 0 || count >= max)
		return count;
	fds[count] = (struct pollfd){.fd = fd, .events = POLLIN};
	return count + 1;
}

static inline bool pollfds_ready(const struct pollfd *fds, int count, int fd)
{
	for (int i = 0; fd >= 0 && i < count; i++)
		if (fds[i].fd == fd)
			return fds[i].revents != 0;
	return false;
}

#endif
