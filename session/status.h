/* status.h - what the resident process knows and sysfs does not: how each session fares, in /run/iscsi-init/sessions.
 *
 * One record of STATUS_RECORD bytes a session, text, one line, padded with spaces: it is rewritten in place, so that the
 * file never grows and a reader never sees half a line. Nothing is looked up by path after status_open.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_STATUS_H
#define SESSION_STATUS_H

#include <stdint.h>

#include "session/session.h"

#define STATUS_FILE   "sessions"
#define STATUS_RECORD 512

struct status {
	int fd; /* -1: none */
	struct status_seen {
		enum session_state state;
		enum unit_verdict held;
		unsigned recoveries, attempts;
		uint32_t last_error;
	} seen[PLAN_TARGETS_MAX]; /* what stands in the file */
};

/* Below the directory descriptor (of /run/iscsi-init). 0 or -errno. An earlier descriptor is closed, every record counts
   as unwritten. */
int status_open(struct status *status, int dirfd);

/* Writes the records that changed. */
void status_write(struct status *status, const struct session *sessions, int count);

/* What one record says, as it is read back. */
struct status_record {
	char state[24]; /* a name of session_state_name */
	int64_t since_ms;
	unsigned recoveries, attempts;
	char last_error[40];        /* a name of netlink_error_name, or "none" */
	uint8_t chap_algorithms[4]; /* what chap_algs= allowed; all zero: it was not given */
	char portal[PLAN_HOST_MAX + 32];
};

/* The record of a session in the file at path. 0, or -ENOENT: there is none. */
int status_find(const char *path, uint32_t sid, struct status_record *record);

#endif
