/* crowd.h - the line that crowd.c and peer_crowd.c end with. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_TARGET_CROWD_H
#define TEST_TARGET_CROWD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int crowd_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* times: of those that are logged in, in milliseconds; they get sorted. */
static void crowd_tell(int64_t *times, int done, int count, unsigned attempts)
{
	qsort(times, (size_t)done, sizeof(*times), crowd_compare);
	printf("done %d failed %d attempts %u p50_ms %d p99_ms %d last_ms %d\n", done, count - done, attempts,
	       done ? (int)times[done / 2] : 0, done ? (int)times[done - 1 - done / 100] : 0,
	       done ? (int)times[done - 1] : 0);
}

#endif
