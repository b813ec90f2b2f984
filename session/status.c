/* status.c - see status.h. */
/* SPDX-License-Identifier: MIT */
#include "session/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

/* The value of " name=" in a record, without its quotes; "" if it is not there. */
static const char *read_field(const char *text, const char *name, char *out, size_t size)
{
	const char *at = strstr(text, name);
	size_t length;

	out[0] = '\0';
	if (!at)
		return out;
	at += strlen(name);
	length = *at == '"' ? strcspn(++at, "\"") : strcspn(at, " \n");
	snprintf(out, size, "%.*s", (int)length, at);
	return out;
}

static int64_t read_number(const char *text, const char *name)
{
	char digits[24];

	return strtoll(read_field(text, name, digits, sizeof(digits)), NULL, 10);
}

/* "1.2.0.0" */
static void read_algorithms(const char *text, uint8_t algorithms[4])
{
	char list[24];
	const char *at = read_field(text, " chap_algs=", list, sizeof(list));
	char *end;

	for (int i = 0; i < 4; i++, at = *end ? end + 1 : end)
		algorithms[i] = (uint8_t)strtoul(at, &end, 10);
}

static void read_record(const char *text, struct status_record *record)
{
	read_field(text, " state=", record->state, sizeof(record->state));
	record->since_ms = read_number(text, " since_ms=");
	record->recoveries = (unsigned)read_number(text, " recoveries=");
	record->attempts = (unsigned)read_number(text, " attempts=");
	read_field(text, " last_error=", record->last_error, sizeof(record->last_error));
	read_algorithms(text, record->chap_algorithms);
	read_field(text, " portal=", record->portal, sizeof(record->portal));
}

int status_find(const char *path, uint32_t sid, struct status_record *record)
{
	char text[STATUS_RECORD + 1], wanted[24];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = -ENOENT;

	if (fd < 0)
		return result;
	snprintf(wanted, sizeof(wanted), "sid=%u ", sid);
	text[STATUS_RECORD] = '\0';
	while (result && read(fd, text, STATUS_RECORD) == STATUS_RECORD) {
		if (strncmp(text, wanted, strlen(wanted)) != 0)
			continue;
		read_record(text, record);
		result = 0;
	}
	close(fd);
	return result;
}
