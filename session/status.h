/* status.h - what the resident process knows and sysfs does not: how each session fares, in /run/iscsi-init/sessions.
 *
 * One record of STATUS_RECORD bytes a session, text, one line, padded with spaces: it is rewritten in place, so that the
 * file never grows and a reader never sees half a line. Nothing is looked up by path after status_open.
 */
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

#endif
