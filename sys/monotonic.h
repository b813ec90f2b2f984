/* monotonic.h - the one clock that the program waits by: milliseconds that never jump.
 *
 * CLOCK_MONOTONIC. INT64_MAX as a deadline means never.
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

#endif
