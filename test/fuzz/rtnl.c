/* rtnl.c - fuzzes the reading of rtnetlink datagrams: links, addresses, what routers advertise, answers. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "sys/rtnl.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct rtnl_event *event)
{
	switch (event->type) {
	case RTNL_LINK:
	case RTNL_LINK_GONE:
		require(event->link.index > 0 && memchr(event->link.name, 0, RTNL_NAME_MAX) != NULL);
		require(memchr(event->link.kind, 0, RTNL_NAME_MAX) != NULL);
		break;
	case RTNL_ADDRESS:
	case RTNL_ADDRESS_GONE:
		require(event->address.family == 2 || event->address.family == 10);
		break;
	case RTNL_DNS6:
		require(event->dns6.count > 0 && event->dns6.count <= RTNL_DNS_MAX);
		break;
	case RTNL_ROUTE:
		require(event->route.index > 0 && event->route.prefix == (event->route.family == 2 ? 32 : 128));
		break;
	case RTNL_ROUTER6:
		require(event->router6.index > 0);
		break;
	case RTNL_LINK6:
	case RTNL_ROUTE_GONE:
	case RTNL_OTHER:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rtnl_reader reader;
	struct rtnl_event event;
	size_t before;

	if (size > sizeof(reader.bytes))
		return 0;
	memset(&reader, 0, sizeof(reader));
	memcpy(reader.bytes, data, size);
	reader.used = size;
	for (before = 0; rtnl_next(&reader, &event); before = reader.at) {
		require(reader.at > before && reader.at <= reader.used);
		check(&event);
	}
	return 0;
}
