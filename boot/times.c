/* times.c - see times.h. */
/* SPDX-License-Identifier: MIT */
#include "boot/times.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[PHASE_COUNT] = {
	[PHASE_MODULES] = "modules", [PHASE_LINK] = "link",   [PHASE_ADDRESS] = "address",
	[PHASE_CONNECT] = "connect", [PHASE_LOGIN] = "login", [PHASE_SCAN] = "scan",
	[PHASE_DISK] = "disk",       [PHASE_MOUNT] = "mount", [PHASE_HANDOVER] = "handover",
};

void times_start(struct times *times, int64_t now_ms)
{
	times->started_ms = now_ms;
	for (int i = 0; i < PHASE_COUNT; i++)
		times->at_ms[i] = -1;
}

void times_reach(struct times *times, enum phase phase, int64_t now_ms)
{
	if (times->at_ms[phase] < 0)
		times->at_ms[phase] = now_ms - times->started_ms;
}

/* All phases that were reached, each in this format (a name and a number). */
static size_t print_phases(const struct times *times, const char *format, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < PHASE_COUNT && used < size; i++) {
		char one[48];
		int n;

		if (times->at_ms[i] < 0)
			continue;
		n = snprintf(one, sizeof(one), "%s%s%" PRId64 "%s", names[i], format, times->at_ms[i],
			     format[0] == '=' ? " " : "\n");
		if (n < 0 || (size_t)n >= sizeof(one) || (size_t)n >= size - used)
			break;
		memcpy(out + used, one, (size_t)n + 1);
		used += (size_t)n;
	}
	return used;
}

const char *times_line(const struct times *times, char *out, size_t size)
{
	size_t used = print_phases(times, "=", out, size);

	if (used)
		out[used - 1] = '\0';
	return out;
}

int times_write(const struct times *times, int dirfd)
{
	char text[512];
	size_t length = print_phases(times, " ", text, sizeof(text));
	int fd = openat(dirfd, "times", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length)
		result = -EIO;
	close(fd);
	return result;
}
