/* report.h - the lines of this program at a syslog server: those of the boot from before the network was up on, then each as it
 * comes, and after the hand-over those about outages.
 *
 * They are read back from /dev/kmsg, so that lines of forked children are among them and nothing is kept here. UDP, and never a
 * wait: what cannot be sent at once is dropped and counted. A server that is not there costs nothing but the packets.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_REPORT_H
#define BOOT_REPORT_H

#include <stdint.h>

#include "plan/plan.h"

struct report {
	int kmsg, socket; /* -1: none */
	int64_t start_us; /* the program's first instruction, monotonic */
	unsigned sent, dropped;
	char host[64];
};

/* Nothing is reported yet. start_ms: the program's first instruction, monotonic milliseconds. */
void report_begin(struct report *report, int64_t start_ms);

/* The server is known: opens the socket and /dev/kmsg (dev: descriptor of /dev). own: this machine's address as text, which
   stands for its name as long as it has none. 0 or -errno: then nothing is reported. */
int report_open(struct report *report, int dev, const struct syslog_plan *server, const char *own);

/* Sends what has been logged since the last call. phases: as times_line writes them, for the line that says them; NULL: not
   yet known. Does nothing without a server; never blocks. */
void report_step(struct report *report, const char *phases);

#endif
