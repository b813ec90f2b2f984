/* syslog.c - from the kernel log to RFC 5424. See syslog.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/syslog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/text.h"

#define OURS      "iscsi-init: "
#define DAEMON    3            /* RFC 5424 6.2.1 */
#define SD_ID     "boot@32473" /* the number that is kept for examples (RFC 5612): the project has none of its own */
#define HOST_MAX  255
#define SECOND_US INT64_C(1000000)
#define DAY_S     86400

/* Records. */

bool syslog_read_record(const char *record, size_t length, struct syslog_line *line)
{
	struct text rest = {.at = record, .length = length};
	struct text head = text_cut(&rest, ';'), text = text_cut(&rest, '\n');
	struct text priority = text_cut(&head, ','), sequence = text_cut(&head, ','), stamp = text_cut(&head, ',');
	uint64_t number, time;

	if (!sequence.at || text_number(priority, 10, UINT32_MAX, &number) < 0 ||
	    text_number(stamp, 10, INT64_MAX, &time) < 0 || !text_starts(text, OURS))
		return false;
	*line = (struct syslog_line){.severity = number & 7,
				     .boot_us = time,
				     .text = text.at + strlen(OURS),
				     .length = text.length - strlen(OURS)};
	return true;
}

/* Messages. */

/* Days since 1970-01-01 as a date of the Gregorian calendar, by eras of 400 years that begin in March. */
static void write_date(struct writer *w, int64_t days)
{
	int64_t shifted = days + 719468, era = shifted / 146097, day = shifted % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t in_year = day - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
	char text[40];

	snprintf(text, sizeof(text), "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year + era * 400 + (month >= 10),
		 month < 10 ? month + 3 : month - 9, in_year - (153 * month + 2) / 5 + 1);
	write_text(w, text);
}

static void write_time(struct writer *w, int64_t us)
{
	int64_t seconds = us / SECOND_US, of_day = seconds % DAY_S;
	char text[40];

	if (us <= 0) {
		write_u8(w, '-');
		return;
	}
	write_date(w, seconds / DAY_S);
	snprintf(text, sizeof(text), "T%02d:%02d:%02d.%06dZ", (int)(of_day / 3600), (int)(of_day / 60 % 60),
		 (int)(of_day % 60), (int)(us % SECOND_US));
	write_text(w, text);
}

/* PRINTUSASCII without blanks (RFC 5424 6.2.4), "-" for none. */
static void write_host(struct writer *w, const char *host)
{
	for (size_t i = 0; i < HOST_MAX && host[i]; i++)
		write_u8(w, host[i] > ' ' && host[i] < 127 ? (uint8_t)host[i] : '_');
	if (!host[0])
		write_u8(w, '-');
}

/* "modules=12 link=20" becomes modules="12" link="20". The names are ours. */
static void write_phases(struct writer *w, const char *phases)
{
	struct text rest = {.at = phases, .length = strlen(phases)};

	while (rest.at) {
		struct text value = text_cut(&rest, ' '), name = text_cut(&value, '=');

		if (!name.length || !value.at)
			continue;
		write_u8(w, ' ');
		write_bytes(w, name.at, name.length);
		write_text(w, "=\"");
		write_bytes(w, value.at, value.length);
		write_u8(w, '"');
	}
}

static void write_data(struct writer *w, const struct syslog_line *line, const struct syslog_sender *sender)
{
	int64_t since = (int64_t)line->boot_us - sender->start_us;
	char text[48];

	snprintf(text, sizeof(text), "[" SD_ID " ms=\"%" PRId64 "\"", since > 0 ? since / 1000 : 0);
	write_text(w, text);
	if (sender->phases)
		write_phases(w, sender->phases);
	write_u8(w, ']');
}

size_t syslog_write(const struct syslog_line *line, const struct syslog_sender *sender,
		    char out[static SYSLOG_MESSAGE_MAX])
{
	struct writer w = writer_of(out, SYSLOG_MESSAGE_MAX);
	int64_t us = sender->epoch_us > 0 ? sender->epoch_us + (int64_t)line->boot_us : 0;
	char text[32];
	size_t room;

	snprintf(text, sizeof(text), "<%u>1 ", DAEMON * 8 + line->severity);
	write_text(&w, text);
	write_time(&w, us);
	write_u8(&w, ' ');
	write_host(&w, sender->host);
	snprintf(text, sizeof(text), " iscsi-init %d - ", sender->pid);
	write_text(&w, text);
	write_data(&w, line, sender);
	write_u8(&w, ' ');
	room = w.size - w.used;
	write_bytes(&w, line->text, line->length < room ? line->length : room);
	return w.bad ? 0 : w.used;
}
