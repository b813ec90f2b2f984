/* status.c - see status.h. */
/* SPDX-License-Identifier: MIT */
#include "session/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/address.h"
#include "session/maps.h"
#include "sys/sysfs.h"

#define READ_TRIES 10

static size_t size_of(const struct status *status)
{
	return (size_t)(status->count + status->maps) * STATUS_RECORD;
}

static void close_file(struct status *status)
{
	if (status->records)
		munmap(status->records, size_of(status));
	if (status->fd >= 0)
		close(status->fd);
	status->records = NULL;
	status->fd = -1;
}

static int map_file(struct status *status)
{
	size_t size = size_of(status);
	void *records;

	if (ftruncate(status->fd, (off_t)size))
		return -errno;
	records = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, status->fd, 0);
	if (records == MAP_FAILED)
		return -errno;
	status->records = records;
	return 0;
}

static char *record_of(const struct status *status, int i)
{
	return status->records + (size_t)i * STATUS_RECORD;
}

/* used: what was written of it, or would have been. */
static void pad(char record[static STATUS_RECORD + 1], int used)
{
	if (used > STATUS_RECORD - 1)
		used = STATUS_RECORD - 1;
	memset(record + used, ' ', (size_t)(STATUS_RECORD - used));
	record[STATUS_RECORD - 1] = '\n';
}

/* The lines from the i-th map's on are empty. */
static void clear_maps(struct status *status, int i)
{
	char record[STATUS_RECORD + 1];

	pad(record, 0);
	for (; i < status->maps; i++)
		memcpy(record_of(status, status->count + i), record, STATUS_RECORD);
}

int status_open(struct status *status, int dirfd, int count, bool has_maps)
{
	int result;

	close_file(status);
	status->count = count;
	status->maps = has_maps ? STATUS_MAPS : 0;
	for (int i = 0; i < PLAN_TARGETS_MAX; i++)
		status->seen[i].state = SESSION_STATES;
	status->fd = openat(dirfd, STATUS_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (status->fd < 0)
		return -errno;
	result = map_file(status);
	if (result)
		close_file(status);
	else
		clear_maps(status, 0);
	return result;
}

int status_lock(struct status *status)
{
	if (!status->records)
		return 0;
	return mlock(status->records, size_of(status)) ? -errno : 0;
}

/* Somebody who has cut the file off behind our back would make the next access to the mapping fatal. */
static bool is_whole(const struct status *status)
{
	struct stat file;

	return status->records && !fstat(status->fd, &file) && file.st_size >= (off_t)size_of(status);
}

static void write_record(char *place, const struct session *s)
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

	pad(record, used);
	memcpy(place, record, STATUS_RECORD);
}

bool status_write(struct status *status, const struct session *sessions, int count)
{
	bool changed = false;

	for (int i = 0; i < count && i < status->count; i++) {
		struct status_seen now = {sessions[i].state, sessions[i].held, sessions[i].recoveries,
					  sessions[i].attempt.count, sessions[i].last_error};

		if (!memcmp(&now, &status->seen[i], sizeof(now)) || !is_whole(status))
			continue;
		status->seen[i] = now;
		write_record(record_of(status, i), &sessions[i]);
		changed = true;
	}
	return changed;
}

/* Each path with its state and its group, the number by which it is preferred. */
static void write_map(char *place, const struct map_view *map)
{
	char record[STATUS_RECORD + 1];
	int used = snprintf(record, sizeof(record), "map=%s device=%s wwid=%s group=%d paths=", map->name, map->device,
			    map->uuid + strlen("mpath-"), map->count ? map->paths[0].is.in_use : 0);

	for (int i = 0; i < map->count && used < STATUS_RECORD; i++)
		used += snprintf(record + used, sizeof(record) - (size_t)used, "%s%s:%s:%d", i ? "," : "",
				 map->paths[i].block, map->paths[i].is.active ? "active" : "failed",
				 map->paths[i].is.group);
	pad(record, used);
	memcpy(place, record, STATUS_RECORD);
}

void status_write_maps(struct status *status, int sysfs, int control)
{
	struct sysfs_dir dir;
	struct map_view map;
	const char *name;
	int count = 0;

	if (control < 0 || !status->maps || !is_whole(status) || sysfs_dir_open(&dir, sysfs, "class/block"))
		return;
	while (count < status->maps && (name = sysfs_dir_next(&dir, NULL)))
		if (maps_read(sysfs, control, name, &map) && maps_has_session(sysfs, &map))
			write_map(record_of(status, status->count + count++), &map);
	sysfs_dir_close(&dir);
	clear_maps(status, count);
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

bool status_recall(const struct status *status, int i, struct status_record *record)
{
	char text[STATUS_RECORD + 1];

	if (i >= status->count || !is_whole(status))
		return false;
	memcpy(text, record_of(status, i), STATUS_RECORD);
	text[STATUS_RECORD] = '\0';
	if (strncmp(text, "sid=", 4) != 0)
		return false;
	read_record(text, record);
	return true;
}

/* A record may change while it is read: it counts once it reads the same twice. False: there is none at this place. */
static bool read_whole(int fd, off_t at, char text[STATUS_RECORD + 1])
{
	char again[STATUS_RECORD];

	for (int tries = 0; tries < READ_TRIES; tries++) {
		if (pread(fd, text, STATUS_RECORD, at) != STATUS_RECORD ||
		    pread(fd, again, STATUS_RECORD, at) != STATUS_RECORD)
			return false;
		if (!memcmp(text, again, STATUS_RECORD))
			break;
	}
	text[STATUS_RECORD] = '\0';
	return true;
}

int status_find(const char *path, uint32_t sid, struct status_record *record)
{
	char text[STATUS_RECORD + 1], wanted[24];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = -ENOENT;

	if (fd < 0)
		return result;
	snprintf(wanted, sizeof(wanted), "sid=%u ", sid);
	for (off_t at = 0; result && read_whole(fd, at, text); at += STATUS_RECORD) {
		if (strncmp(text, wanted, strlen(wanted)) != 0)
			continue;
		read_record(text, record);
		result = 0;
	}
	close(fd);
	return result;
}
