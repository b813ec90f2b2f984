/* monotonic.c - see monotonic.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/monotonic.h"

#include <time.h>

#define TIMEOUT_MAX_MS 3600000 /* what fits into poll's int, and more than any caller waits at a time */

int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
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
