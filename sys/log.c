/* log.c - see log.h. One write a line, so that lines of several processes never mix. */
/* SPDX-License-Identifier: MIT */
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static enum log_level level = LOG_LEVEL_INFO;
static int devices = -1;

void log_set_level(enum log_level wanted)
{
	level = wanted;
}

enum log_level log_get_level(void)
{
	return level;
}

void log_open(int dev)
{
	devices = dev;
}

/* The kernel shows a record on the console when its level is below the console's; "<n>" is the record's level. */
static void log_line(enum log_level at, const char *format, va_list arguments)
{
	char line[LOG_LINE_MAX + 32];
	int kmsg, used = 0, text;

	if (at > level)
		return;
	kmsg = devices < 0 ? -1 : openat(devices, "kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (kmsg >= 0)
		used = snprintf(line, sizeof(line), "<%d>", (int)at);
	used += snprintf(line + used, sizeof(line) - (size_t)used, "iscsi-init: ");
	text = vsnprintf(line + used, LOG_LINE_MAX, format, arguments);
	used += text < LOG_LINE_MAX ? text : LOG_LINE_MAX - 1;
	line[used++] = '\n';
	(void)!write(kmsg >= 0 ? kmsg : STDERR_FILENO, line, (size_t)used);
	if (kmsg >= 0)
		close(kmsg);
}

#define LOG_AT(name, at)                         \
	void name(const char *format, ...)       \
	{                                        \
		va_list arguments;               \
                                                 \
		va_start(arguments, format);     \
		log_line(at, format, arguments); \
		va_end(arguments);               \
	}

LOG_AT(log_err, LOG_LEVEL_ERR)
LOG_AT(log_warn, LOG_LEVEL_WARN)
LOG_AT(log_info, LOG_LEVEL_INFO)
LOG_AT(log_debug, LOG_LEVEL_DEBUG)

void log_drain(void)
{
	int console = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (console < 0)
		return;
	tcdrain(console);
	close(console);
}
