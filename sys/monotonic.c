/* monotonic.c - see monotonic.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/monotonic.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MAX_MS 3600000 /* what fits into poll's int, and more than any caller waits at a time */

int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t monotonic_earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

int monotonic_timeout(int64_t deadline_ms, int64_t now_ms)
{
	if (deadline_ms == INT64_MAX)
		return -1;
	if (deadline_ms <= now_ms)
		return 0;
	return deadline_ms - now_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : (int)(deadline_ms - now_ms);
}

/* It never expires, but is cancelled whenever the clock of dates jumps against the monotonic one: timerfd_create(2). */
int monotonic_watch(void)
{
	static const struct itimerspec never;
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL)) {
		close(fd);
		return -1;
	}
	return fd;
}
