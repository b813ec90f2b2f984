/* Any bytes as a record of the kernel log: what is accepted becomes a message that is bounded and begins as RFC 5424 says. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "proto/syslog.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct syslog_sender sender = {.host = "node", .pid = 1, .start_us = 1000000, .phases = "modules=1 mount=2"};
	struct syslog_line line;
	char message[SYSLOG_MESSAGE_MAX];
	size_t length;

	if (!syslog_read_record((const char *)data, size, &line))
		return 0;
	require(line.text >= (const char *)data && line.length <= size && line.severity <= 7);
	sender.epoch_us = (int64_t)(line.boot_us % 2 * 1700000000000000);
	if (sender.epoch_us && line.boot_us > INT64_MAX / 2)
		return 0; /* no kernel runs for so long */
	length = syslog_write(&line, &sender, message);
	require(length <= sizeof(message) && length >= 10 && message[0] == '<' && memchr(message, '[', length));
	return 0;
}
