/* syslog.h - one line of the kernel log as a message of the syslog protocol (RFC 5424).
 *
 * Owns both formats; not the socket, and not which lines are sent. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_SYSLOG_H
#define PROTO_SYSLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSLOG_PORT        514  /* RFC 5426 3.3 */
#define SYSLOG_MESSAGE_MAX 1200 /* bytes: what every receiver takes over IPv6, and no packet is cut on the way */

/* What a record of /dev/kmsg says, if it is a line of this program. */
struct syslog_line {
	unsigned severity; /* RFC 5424 6.2.1: 3 error, 4 warning, 6 informational, 7 debug */
	uint64_t boot_us;  /* the kernel's time stamp */
	const char *text;  /* without "iscsi-init: "; points into the record */
	size_t length;     /* bytes */
};

/* Reads a record ("<priority>,<sequence>,<microseconds>,...;text\n<more lines>"; kernel: Documentation/ABI/testing/dev-kmsg).
   false: somebody else's, or no record. */
bool syslog_read_record(const char *record, size_t length, struct syslog_line *line);

/* What is known of the sender. */
struct syslog_sender {
	const char *host; /* its name or address; "" none */
	int pid;
	int64_t epoch_us; /* wall clock of the moment when the machine booted, microseconds; 0: the clock is not set */
	int64_t start_us; /* the program's first instruction, on the kernel's clock */
	const char *phases; /* "modules=12 link=20 ...", NULL: not with this line */
};

/* Facility daemon, APP-NAME iscsi-init, structured data with the milliseconds since the program started and, where they are
   given, those of the phases. Returns the length of the message; it is cut to SYSLOG_MESSAGE_MAX. */
size_t syslog_write(const struct syslog_line *line, const struct syslog_sender *sender,
		    char out[static SYSLOG_MESSAGE_MAX]);

#endif
