/* monotonic.h - the one clock that the program waits by: milliseconds that never jump, whatever the date is set to.
 *
 * CLOCK_BOOTTIME: a lease runs out while the machine sleeps, too. INT64_MAX as a deadline means never.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_MONOTONIC_H
#define SYS_MONOTONIC_H

#include <stdint.h>

/* Now, in milliseconds. */
int64_t monotonic_ms(void);

/* The earlier of two deadlines. */
int64_t monotonic_earlier(int64_t a_ms, int64_t b_ms);

/* The timeout for poll(2), in milliseconds, that ends at a deadline: -1 for never, 0 if it has passed, at most an hour. */
int monotonic_timeout(int64_t deadline_ms, int64_t now_ms);

/* A descriptor that can be read when the machine has slept (or the date was set): poll's timeouts do not count the sleep, so
   that a deadline may have passed unnoticed. -1: the kernel has none. */
int monotonic_watch(void);

#endif
