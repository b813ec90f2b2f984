/* The kernel side of NETLINK_ISCSI: any bytes end in an event whose pointers stay inside the message, or in -EPROTO. */
/* SPDX-License-Identifier: MIT */
#include "netlink.h"

#include <string.h>

#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_event event;

	if (netlink_parse(data, size, &event))
		return 0;
	if (event.type != NETLINK_EVENT_PDU)
		return 0;
	require(event.bhs >= data && event.bhs + 48 <= data + size);
	require(event.data >= data && event.data + event.length <= data + size);
	return 0;
}
