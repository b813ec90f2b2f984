/* report.c - see report.h. RFC 5426: one message a datagram. */
/* SPDX-License-Identifier: MIT */
#include "boot/report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "proto/syslog.h"

#define RECORD_MAX   2048         /* kernel: include/linux/printk.h, PRINTK_MESSAGE_MAX */
#define RECORDS_MAX  512          /* a call: the loop has other work, too */
#define CLOCK_IS_SET 1700000000LL /* seconds; an earlier clock is that of a machine without one */
#define PHASES_LINE  "boot times ms: "
#define NO_NAME      "(none)" /* kernel: CONFIG_DEFAULT_HOSTNAME */
#define SECOND_US    INT64_C(1000000)

void report_begin(struct report *report, int64_t start_ms)
{
	*report = (struct report){.kmsg = -1, .socket = -1, .start_us = start_ms * 1000};
}

static socklen_t write_address(const struct syslog_plan *server, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (server->address.family == 4) {
		four->sin_family = AF_INET;
		four->sin_port = htons(server->port);
		memcpy(&four->sin_addr, server->address.bytes, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(server->port);
	memcpy(&six->sin6_addr, server->address.bytes, 16);
	return sizeof(*six);
}

int report_open(struct report *report, int dev, const struct syslog_plan *server, const char *own)
{
	struct sockaddr_storage address;
	socklen_t length = write_address(server, &address);
	int result;

	snprintf(report->host, sizeof(report->host), "%s", own);
	report->socket = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (report->socket < 0)
		return -errno;
	report->kmsg = openat(dev, "kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (report->kmsg >= 0 && connect(report->socket, (struct sockaddr *)&address, length) == 0)
		return 0;
	result = -errno;
	close(report->socket);
	if (report->kmsg >= 0)
		close(report->kmsg);
	report->socket = report->kmsg = -1;
	return result;
}

/* The wall clock of the moment at which the kernel's clock was 0; 0 when nobody has set it. */
static int64_t read_epoch(void)
{
	struct timespec wall, since;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &since);
	if (wall.tv_sec < CLOCK_IS_SET)
		return 0;
	return (wall.tv_sec - since.tv_sec) * SECOND_US + (wall.tv_nsec - since.tv_nsec) / 1000;
}

static void send_line(struct report *report, const struct syslog_line *line, const char *phases)
{
	char message[SYSLOG_MESSAGE_MAX];
	struct utsname name;
	struct syslog_sender sender = {.host = report->host, .pid = getpid(), .start_us = report->start_us};
	bool is_phases = line->length > strlen(PHASES_LINE) && !memcmp(line->text, PHASES_LINE, strlen(PHASES_LINE));
	size_t length;

	sender.epoch_us = read_epoch();
	sender.phases = is_phases ? phases : NULL;
	if (uname(&name) == 0 && name.nodename[0] && strcmp(name.nodename, NO_NAME) != 0)
		sender.host = name.nodename;
	length = syslog_write(line, &sender, message);
	if (send(report->socket, message, length, MSG_NOSIGNAL) < 0)
		report->dropped++; /* also the answer to an earlier one: nobody listens (ECONNREFUSED) */
	else
		report->sent++;
}

void report_step(struct report *report, const char *phases)
{
	char record[RECORD_MAX];
	struct syslog_line line;

	for (int i = 0; report->socket >= 0 && i < RECORDS_MAX; i++) {
		ssize_t n = read(report->kmsg, record, sizeof(record));

		if (n < 0 && errno == EPIPE)
			continue; /* the oldest ones were overwritten before they were read */
		if (n <= 0)
			return;
		if (syslog_read_record(record, (size_t)n, &line))
			send_line(report, &line, phases);
	}
}
