/* Any bytes as a message of the kernel's: texts end, a refused message writes nothing. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "sys/uevent.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	require(memchr(text, 0, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uevent event = {.devpath = "/before"};

	if (uevent_parse(data, size, &event)) {
		require(!strcmp(event.devpath, "/before"));
		return 0;
	}
	check_text(event.devpath, sizeof(event.devpath));
	check_text(event.subsystem, sizeof(event.subsystem));
	check_text(event.modalias, sizeof(event.modalias));
	require(event.devpath[0] == '/');
	return 0;
}
