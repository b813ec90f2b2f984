/* adopt.h - the sessions that the kernel has already, read back from sysfs.
 *
 * For a supervisor that is started again, for detach and for list. What sysfs does not show (the CHAP algorithms, where a
 * redirect came from) gets our defaults.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_ADOPT_H
#define SESSION_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

struct adopted {
	uint32_t sid, host;
	bool up; /* its connection is */
	char connection_state[16];
	char session_state[16];  /* LOGGED_IN, FAILED, FREE */
	struct portal address;   /* where it is connected */
	struct target_plan plan; /* portal: the persistent one */
};

/* 0, or -errno: no such session. sysfs: descriptor of /sys. */
int adopt_session(int sysfs, uint32_t sid, struct adopted *out);

#endif
