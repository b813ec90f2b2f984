/* units.h - what the kernel has found out about a session's logical units: the record that a unit is held against when its
 * session comes back (session/unit_proof).
 *
 * It is read from sysfs when the session is lost, without a command to the unit: the kernel asked for all of it when the
 * unit was attached, and asks again only when somebody wants a rescan.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_UNITS_H
#define SESSION_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/scsi_id.h"
#include "sys/child.h"

#define UNITS_MAX       256 /* of a session; the kernel attaches no more by default (max_luns counts higher) */
#define UNIT_PAGE_MAX   512 /* bytes of a VPD page that are looked at */
#define UNIT_PAGE_SMALL 255 /* what every unit gives: one byte of allocation length (SPC-2) */

struct unit {
	uint64_t lun;     /* the kernel's number */
	uint64_t sectors; /* of 512 bytes; 0: no disk, or one that was never ready */
	uint8_t type;     /* SPC-4 table 139 */
	bool writable;
	bool has_long_page; /* its page 0x83 has more than UNIT_PAGE_SMALL bytes */
	uint32_t block_bytes;
	char block[32];            /* "sda"; "" none */
	char map[12];              /* the multipath map that it is a path of: "dm-0"; "" none */
	char vendor[9], model[17]; /* of the standard INQUIRY data */
	struct scsi_id id;         /* SCSI_ID_NONE: the unit has none, or the kernel did not ask (scan=lean) */
};

/* The units of a kernel session that can hold data, at most max, in the directory's order. sysfs: descriptor of /sys. How
   many there are, which may be more than max. */
int units_read(int sysfs, uint32_t sid, struct unit *out, int max);

/* ---- what the kernel was not asked for (scan=lean) ---- */

#define UNITS_LEARNED_MAX 48 /* what a child's result holds */

struct units_learned {
	int count;
	struct {
		uint64_t lun;
		struct scsi_id id;
	} unit[UNITS_LEARNED_MAX];
};

/* The same, at once, for the calling process: it may block for as long as the units do. */
void units_ask(int dev, struct unit *units, int count);

/* Has a child ask those units of a session for their identity of which the kernel knows none; its result is a struct
   units_learned. dev: descriptor of /dev. 0; -ENOENT: there are no such units; or -errno. */
int units_learn(struct child *child, int sysfs, int dev, uint32_t sid);

/* Gives units their identity that have none. */
void units_use_learned(struct unit *units, int count, const struct units_learned *learned);

#endif
