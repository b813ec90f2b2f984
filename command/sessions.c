/* sessions.c - see sessions.h. */
/* SPDX-License-Identifier: MIT */
#include "command/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command/disks.h"
#include "command/json.h"
#include "command/places.h"
#include "command/users.h"
#include "plan/address.h"
#include "proto/wipe.h"
#include "session/maps.h"
#include "supervisor/iscsid.h"
#include "supervisor/resident.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"
#include "sys/sysfs.h"

#define SESSIONS_MAX 256
#define TIMES_FILE   PLACES_STATE_DIRECTORY "/times"

/* Everything that is known of one session. */
struct view {
	struct adopted session;
	bool has_record;
	struct status_record record; /* what the resident process wrote of it */
	char since[40];              /* RFC 3339, of the record's state; "" */
	int64_t since_s;
	const char *repairer; /* "resident", "iscsid", "nobody" */
	pid_t repairer_pid;
};

/* Who acts when a connection is lost. */
struct repairers {
	pid_t resident, iscsid;
};

static void read_since(struct view *view, int64_t now_ms)
{
	time_t at;
	struct tm t;

	view->since_s = (now_ms - view->record.since_ms) / 1000;
	at = time(NULL) - (time_t)view->since_s;
	if (gmtime_r(&at, &t))
		snprintf(view->since, sizeof(view->since), "%04d-%02d-%02d %02d:%02d:%02dZ", t.tm_year + 1900,
			 t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* The resident process repairs the sessions of which it keeps a record, as long as it lives. A running iscsid takes them. */
static void find_repairer(struct view *view, const struct repairers *repairers)
{
	view->repairer = "nobody";
	view->repairer_pid = 0;
	if (repairers->iscsid) {
		view->repairer = "iscsid";
		view->repairer_pid = repairers->iscsid;
	} else if (repairers->resident && view->has_record) {
		view->repairer = "resident";
		view->repairer_pid = repairers->resident;
	}
}

/* False: the session has just gone. */
static bool read_view(const struct world *w, uint32_t sid, const struct repairers *repairers, int64_t now_ms,
		      struct view *view)
{
	*view = (struct view){.has_record = false};
	if (adopt_session(w->sysfs, sid, &view->session))
		return false;
	view->has_record = !status_find(PLACES_STATUS_FILE, sid, &view->record);
	if (view->has_record)
		read_since(view, now_ms);
	find_repairer(view, repairers);
	return true;
}

static const char *digest_name(const struct adopted *session, enum param param)
{
	return session->plan.params.value[param] == DIGEST_CRC32C ? "CRC32C" : "None";
}

/* The kernel shows the names only to root. */
static const char *chap_name(const struct adopted *session)
{
	if (session->plan.chap.username_in[0])
		return "mutual";
	return session->plan.chap.username[0] ? "one-way" : "none";
}

/* ---- for people ---- */

static void print_size(int64_t bytes)
{
	static const char *const units[] = {"MiB", "GiB", "TiB", "PiB"};
	int64_t size = bytes >> 20;
	int unit = 0;

	for (; size >= 10240 && unit < 3; unit++)
		size >>= 10;
	printf("%" PRId64 " %s", size, units[unit]);
}

static void print_disk(const struct world *w, const struct disk_entry *disk)
{
	struct user users[USERS_MAX];
	char text[300];
	int count;

	printf("  disk %s: LUN %" PRIu64 ", ", disk->name[0] ? disk->name : "(not attached)", disk->lun);
	print_size(disk->bytes);
	if (disk->wwid[0])
		printf(", %s", disk->wwid);
	if (disk->state[0] && strcmp(disk->state, "running") != 0)
		printf(", %s", disk->state);
	printf("\n");
	count = disk->name[0] ? users_find(w->sysfs, w->proc, disk->name, users, USERS_MAX) : 0;
	for (int i = 0; i < count; i++)
		printf("    %s\n", users_describe(&users[i], text, sizeof(text)));
}

static void print_state(const struct view *view)
{
	const struct status_record *record = &view->record;

	if (!view->has_record) {
		printf("  state: %s (connection %s)\n", view->session.session_state,
		       view->session.connection_state[0] ? view->session.connection_state : "?");
		return;
	}
	printf("  state: %s since %s (%" PRId64 " s), %u recoveries, last error %s", record->state, view->since,
	       view->since_s, record->recoveries, record->last_error);
	if (record->attempts)
		printf(", %u attempts failed", record->attempts);
	printf("\n");
}

static void print_view(const struct world *w, const struct view *view)
{
	const struct adopted *s = &view->session;
	struct disk_entry disks[DISKS_MAX];
	char portal[PORTAL_TEXT_MAX];
	int count = disks_list(w->sysfs, s->sid, disks, DISKS_MAX);

	printf("session %u: %s at %s, %s\n", s->sid, s->plan.name, portal_write(&s->address, portal), s->session_state);
	printf("  initiator: %s\n", s->plan.initiator);
	print_state(view);
	printf("  repaired by: %s", view->repairer);
	if (view->repairer_pid)
		printf(" (process %d)", (int)view->repairer_pid);
	printf("\n  digests: header %s, data %s; CHAP: %s\n", digest_name(s, PARAM_HEADER_DIGEST),
	       digest_name(s, PARAM_DATA_DIGEST), chap_name(s));
	for (int i = 0; i < count; i++)
		print_disk(w, &disks[i]);
	if (!count)
		printf("  no disk\n");
}

static void print_map(const struct map_view *map)
{
	printf("map %s (%s):", map->name, map->device);
	for (int i = 0; i < map->count; i++) {
		const struct path_status *is = &map->paths[i].is;

		printf(is->groups > 1 ? " %s %s (group %d)" : " %s %s", map->paths[i].block,
		       is->active ? "active" : "failed", is->group);
	}
	printf("\n");
}

static void write_map(const struct map_view *map, struct json *json)
{
	json_open(json, NULL, '{');
	json_string(json, "name", map->name);
	json_string(json, "device", map->device);
	json_string(json, "uuid", map->uuid);
	json_open(json, "paths", '{');
	for (int i = 0; i < map->count; i++)
		json_string(json, map->paths[i].block, map->paths[i].is.active ? "active" : "failed");
	json_close(json, '}');
	json_open(json, "groups", '{');
	for (int i = 0; i < map->count; i++)
		json_number(json, map->paths[i].block, map->paths[i].is.group);
	json_close(json, '}');
	json_close(json, '}');
}

/* Each multipath map. json: NULL for people. */
static void show_maps(const struct world *w, struct json *json)
{
	int control = dm_open(w->dev);
	struct sysfs_dir dir;
	struct map_view map;
	const char *name;

	if (control < 0 || sysfs_dir_open(&dir, w->sysfs, "class/block"))
		return;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		if (!maps_read(w->sysfs, control, name, &map))
			continue;
		if (json)
			write_map(&map, json);
		else
			print_map(&map);
	}
	sysfs_dir_close(&dir);
	close(control);
}

static void print_times(void)
{
	char line[128];
	FILE *file = fopen(TIMES_FILE, "re");

	if (!file)
		return;
	printf("boot, ms:");
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		printf(" %s", line);
	}
	printf("\n");
	fclose(file);
}

/* ---- for programs ---- */

static void write_disk(const struct world *w, const struct disk_entry *disk, struct json *json)
{
	struct user users[USERS_MAX];
	int count = disk->name[0] ? users_find(w->sysfs, w->proc, disk->name, users, USERS_MAX) : 0;

	json_open(json, NULL, '{');
	json_string(json, "name", disk->name);
	json_number(json, "lun", (int64_t)disk->lun);
	json_number(json, "bytes", disk->bytes);
	json_string(json, "wwid", disk->wwid);
	json_string(json, "state", disk->state);
	json_open(json, "users", '[');
	for (int i = 0; i < count; i++) {
		json_open(json, NULL, '{');
		json_string(json, "device", users[i].device);
		json_string(json, "kind", users_kind_name(users[i].kind));
		json_string(json, "what", users[i].what);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void write_record(const struct view *view, struct json *json)
{
	if (!view->has_record) {
		json_null(json, "record");
		return;
	}
	json_open(json, "record", '{');
	json_string(json, "state", view->record.state);
	json_string(json, "since", view->since);
	json_number(json, "seconds", view->since_s);
	json_number(json, "recoveries", view->record.recoveries);
	json_number(json, "attempts", view->record.attempts);
	json_string(json, "last_error", view->record.last_error);
	json_close(json, '}');
}

static void write_view(const struct world *w, const struct view *view, struct json *json)
{
	const struct adopted *s = &view->session;
	struct disk_entry disks[DISKS_MAX];
	char portal[PORTAL_TEXT_MAX];
	int count = disks_list(w->sysfs, s->sid, disks, DISKS_MAX);

	json_open(json, NULL, '{');
	json_number(json, "sid", s->sid);
	json_string(json, "target", s->plan.name);
	json_string(json, "portal", portal_write(&s->address, portal));
	json_string(json, "initiator", s->plan.initiator);
	json_string(json, "session_state", s->session_state);
	json_string(json, "connection_state", s->connection_state);
	write_record(view, json);
	json_string(json, "repaired_by", view->repairer);
	json_number(json, "repaired_by_pid", view->repairer_pid);
	json_string(json, "header_digest", digest_name(s, PARAM_HEADER_DIGEST));
	json_string(json, "data_digest", digest_name(s, PARAM_DATA_DIGEST));
	json_string(json, "chap", chap_name(s));
	json_open(json, "disks", '[');
	for (int i = 0; i < count; i++)
		write_disk(w, &disks[i], json);
	json_close(json, ']');
	json_close(json, '}');
}

static void write_times(struct json *json)
{
	char line[64], *ms;
	FILE *file = fopen(TIMES_FILE, "re");

	json_open(json, "boot_ms", '{');
	while (file && fgets(line, sizeof(line), file) && (ms = strchr(line, ' '))) {
		*ms++ = '\0';
		json_number(json, line, strtoll(ms, NULL, 10));
	}
	json_close(json, '}');
	if (file)
		fclose(file);
}

/* ---- list ---- */

static struct repairers find_repairers(const struct world *w)
{
	return (struct repairers){.resident = resident_find(w->proc), .iscsid = iscsid_find(w->proc)};
}

static void list_json(const struct world *w, const uint32_t *sids, int count, int64_t now_ms)
{
	struct json json = {.out = stdout};
	struct repairers repairers = find_repairers(w);
	struct view view;

	json_open(&json, NULL, '{');
	json_open(&json, "sessions", '[');
	for (int i = 0; i < count; i++)
		if (read_view(w, sids[i], &repairers, now_ms, &view))
			write_view(w, &view, &json);
	json_close(&json, ']');
	json_open(&json, "maps", '[');
	show_maps(w, &json);
	json_close(&json, ']');
	write_times(&json);
	json_close(&json, '}');
	printf("\n");
	wipe(&view, sizeof(view));
}

static void list_text(const struct world *w, const uint32_t *sids, int count, int64_t now_ms)
{
	struct repairers repairers = find_repairers(w);
	struct view view;

	for (int i = 0; i < count; i++)
		if (read_view(w, sids[i], &repairers, now_ms, &view))
			print_view(w, &view);
	show_maps(w, NULL);
	if (!count)
		printf("no sessions%s\n", sysfs_exists(w->sysfs, "class/iscsi_transport")
						  ? ""
						  : " (the kernel has no iSCSI: its modules are not loaded)");
	print_times();
	wipe(&view, sizeof(view));
}

static int compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return first < second ? -1 : first > second;
}

struct job sessions_list(struct world *w, const struct job_words *given, int64_t now_ms)
{
	uint32_t sids[SESSIONS_MAX];
	int count, result = places_open(w);

	if (result)
		return job_fail("/sys", result);
	count = iscsi_class_list(w->sysfs, sids, SESSIONS_MAX);
	qsort(sids, (size_t)count, sizeof(sids[0]), compare);
	if (given->json)
		list_json(w, sids, count, now_ms);
	else
		list_text(w, sids, count, now_ms);
	return job_done(JOB_OK);
}

struct job sessions_rescan(struct world *w, const struct job_words *given, int64_t now_ms)
{
	uint32_t sid;
	int result;

	(void)now_ms;
	if (!places_read_sid(given->words[0], &sid))
		return job_done(JOB_USAGE);
	result = places_open(w);
	if (!result)
		result = blockdev_rescan(w->sysfs, sid);
	if (result == -ENOENT)
		return places_no_session(sid);
	return result ? job_fail("rescan", result) : job_done(JOB_OK);
}

struct job sessions_partitions(struct world *w, const struct job_words *given, int64_t now_ms)
{
	int result = blockdev_reread(given->words[0]);

	(void)w;
	(void)now_ms;
	if (result == -EBUSY)
		log_err("%s: one of its partitions is in use, so the kernel keeps the table that it has",
			given->words[0]);
	else if (result == -ENOTTY || result == -EINVAL)
		log_err("%s is no disk; expected a whole one, such as /dev/sda", given->words[0]);
	else if (result)
		return job_fail(given->words[0], result);
	return job_done(result ? JOB_FAILED : JOB_OK);
}
