/* Any bytes as a message of the kernel's: texts end, numbers fit, a refused message writes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sys/uevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (!memchr(text, 0, size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uevent event = {.seqnum = 12345};

	if (uevent_parse(data, size, &event)) {
		if (event.seqnum != 12345)
			abort();
		return 0;
	}
	check_text(event.devpath, sizeof(event.devpath));
	check_text(event.subsystem, sizeof(event.subsystem));
	check_text(event.devtype, sizeof(event.devtype));
	check_text(event.devname, sizeof(event.devname));
	check_text(event.modalias, sizeof(event.modalias));
	check_text(event.interface, sizeof(event.interface));
	if (event.devpath[0] != '/' || event.action > UEVENT_OTHER)
		abort();
	return 0;
}
