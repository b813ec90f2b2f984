/* times.h - when each phase of the boot was reached, for the log, /run/iscsi-init/times, `list` and the demo.
 *
 * Milliseconds since the program's first instruction, monotonic clock. A phase is reached once; later calls are ignored.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_TIMES_H
#define BOOT_TIMES_H

#include <stddef.h>
#include <stdint.h>

enum phase {
	PHASE_MODULES, /* the modules that iSCSI needs are in */
	PHASE_LINK,    /* an interface has carrier */
	PHASE_ADDRESS, /* an interface is usable */
	PHASE_CONNECT, /* TCP to the last target */
	PHASE_LOGIN,   /* every session in full feature phase */
	PHASE_SCAN,    /* the targets' LUNs are known */
	PHASE_DISK,    /* every disk can be used, partitions read */
	PHASE_MOUNT,   /* root is mounted */
	PHASE_HANDOVER,
	PHASE_COUNT
};

struct times {
	int64_t started_ms;
	int64_t at_ms[PHASE_COUNT]; /* since started_ms; -1: not reached */
};

/* Sets the beginning; no phase is reached yet. now_ms: monotonic milliseconds. */
void times_start(struct times *times, int64_t now_ms);

/* Notes that a phase is reached now, unless it was reached before. */
void times_reach(struct times *times, enum phase phase, int64_t now_ms);

/* "modules=12 link=20 ..."; phases that were not reached are left out. Returns out. */
const char *times_line(const struct times *times, char *out, size_t size);

/* One phase a line: "modules 12". Below the directory descriptor, as "times". 0 or -errno. */
int times_write(const struct times *times, int dirfd);

#endif
