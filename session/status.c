/* status.c - see status.h. */
#include "session/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan/address.h"

int status_open(struct status *status, int dirfd)
{
	int fd = openat(dirfd, STATUS_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (status->fd >= 0)
		close(status->fd);
	status->fd = fd;
	for (int i = 0; i < PLAN_TARGETS_MAX; i++)
		status->seen[i].state = SESSION_STATES;
	return fd < 0 ? -errno : 0;
}

static void write_record(int fd, int index, const struct session *s)
{
	char record[STATUS_RECORD + 1], portal[PORTAL_TEXT_MAX];
	const uint8_t *chap = s->plan->chap.algorithms_given ? s->plan->chap.algorithms : (const uint8_t[4]){0};
	int used = snprintf(record, sizeof(record),
			    "sid=%u state=\"%s\" since_ms=%" PRId64 " recoveries=%u attempts=%u last_error=%s "
			    "chap_algs=%u.%u.%u.%u portal=%s target=%s",
			    s->sid, session_state_text(s),
			    s->state == SESSION_UP || s->state == SESSION_PARKED ? s->up_ms : s->down_ms, s->recoveries,
			    s->attempt.count, s->last_error ? netlink_error_name(s->last_error) : "none", chap[0],
			    chap[1], chap[2], chap[3], portal_write(session_portal(s), portal), s->plan->name);

	if (used > STATUS_RECORD - 1)
		used = STATUS_RECORD - 1;
	memset(record + used, ' ', (size_t)(STATUS_RECORD - used));
	record[STATUS_RECORD - 1] = '\n';
	(void)!pwrite(fd, record, STATUS_RECORD, (off_t)index * STATUS_RECORD);
}

void status_write(struct status *status, const struct session *sessions, int count)
{
	for (int i = 0; i < count && status->fd >= 0; i++) {
		struct status_seen now = {sessions[i].state, sessions[i].held, sessions[i].recoveries,
					  sessions[i].attempt.count, sessions[i].last_error};

		if (!memcmp(&now, &status->seen[i], sizeof(now)))
			continue;
		status->seen[i] = now;
		write_record(status->fd, i, &sessions[i]);
	}
}
