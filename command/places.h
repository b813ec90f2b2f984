/* places.h - what a subcommand opens first: the kernel's file systems, its iSCSI interface, the sessions that are there. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_PLACES_H
#define COMMAND_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"
#include "command/job.h"
#include "session/adopt.h"

#define PLACES_STATE_DIRECTORY "/run/iscsi-init"
#define PLACES_STATUS_FILE     PLACES_STATE_DIRECTORY "/" STATUS_FILE

/* Opens /sys, /dev and /proc. 0, or -errno of /sys, the only one that every subcommand needs. */
int places_open(struct world *world);

/* The same and the kernel's iSCSI interface. 0 or -errno; the reason has been logged. */
int places_open_kernel(struct world *world);

/* A session's number from the command line. False: it is none, which has been logged. */
bool places_read_sid(const char *text, uint32_t *sid);

/* "There is no session <sid>", logged. */
struct job places_no_session(uint32_t sid);

/* Makes a session that is in the kernel the world's next one. from: see adopt_session. Returns it. */
struct session *places_adopt(struct world *world, const struct adopted *from, int64_t now_ms);

#endif
