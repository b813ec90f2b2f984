/* status.h - what the resident process knows and sysfs does not: how each session fares, in /run/iscsi-init/sessions.
 *
 * One record of STATUS_RECORD bytes a session, then one a multipath map: text, one line, padded with spaces, rewritten in
 * place. Lines for which there is no map are empty. The file is mapped and its pages are locked: a page of a tmpfs may be
 * swapped out, possibly to the very disk that is away, and then a write to the file would wait for that disk for ever. Nothing
 * is looked up by path after status_open.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_STATUS_H
#define SESSION_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "session/session.h"

#define STATUS_FILE   "sessions"
#define STATUS_RECORD 512
#define STATUS_MAPS   16

struct status {
	int fd;        /* -1: none */
	char *records; /* the mapped file */
	int count;     /* of its records for sessions */
	int maps;      /* of those for maps, behind them */
	struct status_seen {
		enum session_state state;
		enum unit_verdict held;
		unsigned recoveries, attempts;
		uint32_t last_error;
	} seen[PLAN_TARGETS_MAX]; /* what stands in the file */
};

/* Makes the file for so many sessions, and for STATUS_MAPS maps if there can be any, below the directory descriptor (of
   /run/iscsi-init), and maps it. An earlier file is closed; every record counts as unwritten. 0 or -errno: nothing will be written
   then. */
int status_open(struct status *status, int dirfd, int count, bool has_maps);

/* Locks the file's pages in memory. For the process that writes while a disk may be away: locks are not inherited by a
   fork. 0 or -errno. */
int status_lock(struct status *status);

/* Writes the records that changed. Never waits: only locked memory is touched. True: one has. */
bool status_write(struct status *status, const struct session *sessions, int count);

/* The same for the maps that have a path of a session, as they are now. control: of the device mapper; -1: there is none. */
void status_write_maps(struct status *status, int sysfs, int control);

struct status_record;

/* What the last writer wrote of session i, from the mapping: for a process that takes another's place. False: nothing. */
bool status_recall(const struct status *status, int i, struct status_record *record);

/* What one record says, as it is read back. */
struct status_record {
	char state[120]; /* a text of session_state_text */
	int64_t since_ms;
	unsigned recoveries, attempts;
	char last_error[40];        /* a name of netlink_error_name, or "none" */
	uint8_t chap_algorithms[4]; /* what chap_algs= allowed; all zero: it was not given */
	char portal[PLAN_HOST_MAX + 32];
};

/* The record of a session in the file at path. 0, or -ENOENT: there is none. */
int status_find(const char *path, uint32_t sid, struct status_record *record);

#endif
