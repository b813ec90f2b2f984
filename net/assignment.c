/* assignment.c - what is put on an interface and taken off again.
 *
 * Contracts in assignment.h.
 */
#include "net/assignment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/log.h"

#define LEASE_MTU_MIN 576  /* RFC 2132 5.1 allows 68; what every host must take (RFC 791) is the least we believe */
#define SECOND_METRIC 1024 /* of default routes behind the first */

bool assignment_is_same(const struct rtnl_address *a, const struct rtnl_address *b)
{
	return a->family == b->family && a->prefix == b->prefix && !memcmp(a->address, b->address, sizeof(a->address));
}

static struct rtnl_address address_of(const struct interface *interface, uint8_t family, const void *bytes,
				      uint8_t prefix)
{
	struct rtnl_address address = {.index = interface->link.index, .family = family, .prefix = prefix};

	memcpy(address.address, bytes, family == AF_INET ? 4 : 16);
	return address;
}

const char *assignment_text(const struct rtnl_address *address, char out[ADDRESS_TEXT_MAX])
{
	if (!inet_ntop(address->family, address->address, out, ADDRESS_TEXT_MAX))
		out[0] = '\0';
	return out;
}

static bool is_covered(const struct rtnl_address *address, const uint8_t *other)
{
	int whole = address->prefix / 8, bits = address->prefix % 8;

	if (memcmp(address->address, other, (size_t)whole))
		return false;
	return !bits || (address->address[whole] ^ other[whole]) >> (8 - bits) == 0;
}

/* A default route that is there already keeps its place: this one stands behind it. */
static void put_route(const struct interface *interface, struct rtnl_route *route)
{
	int result = rtnl_add_route(interface->rtnl, route);

	if (result == -EEXIST && !route->prefix) {
		route->metric = SECOND_METRIC + (uint32_t)interface->link.index;
		result = rtnl_add_route(interface->rtnl, route);
	}
	if (result && result != -EEXIST)
		log_warn("%s: a route cannot be set: %s", interface->link.name, strerror(-result));
}

static struct rtnl_route route_of(const struct interface *interface, uint8_t family, const void *to, uint8_t prefix,
				  const void *gateway, const struct rtnl_address *through)
{
	struct rtnl_route route = {.index = interface->link.index, .family = family, .prefix = prefix};
	size_t size = family == AF_INET ? 4 : 16;

	if (prefix)
		memcpy(route.to, to, size);
	route.has_gateway = gateway != NULL;
	if (gateway)
		memcpy(route.gateway, gateway, size);
	route.gateway_on_link = gateway && through && !is_covered(through, gateway);
	return route;
}

static void put_gateway(const struct interface *interface, const struct rtnl_address *through, const uint8_t *gateway)
{
	struct rtnl_route route = route_of(interface, through->family, NULL, 0, gateway, through);

	put_route(interface, &route);
}

void assignment_route(const struct interface *interface, const struct route_plan *plan)
{
	uint8_t family = plan->to.family == 6 || plan->gateway.family == 6 ? AF_INET6 : AF_INET;
	const struct rtnl_address *through = interface->leased4.family == family ? &interface->leased4 : NULL;
	struct rtnl_route route;

	for (int i = 0; i < INTERFACE_PLANS_MAX && !through; i++)
		if (interface->fixed[i].family == family)
			through = &interface->fixed[i];
	route = route_of(interface, family, plan->to.bytes, plan->prefix,
			 plan->gateway.family ? plan->gateway.bytes : NULL, through);
	put_route(interface, &route);
}

static int put_address(const struct interface *interface, const struct rtnl_address *address)
{
	char text[ADDRESS_TEXT_MAX];
	int result = rtnl_add_address(interface->rtnl, address);

	(void)assignment_text(address, text);
	if (result)
		log_warn("%s: address %s/%u cannot be set: %s", interface->link.name, text, address->prefix,
			 strerror(-result));
	else
		log_info("%s: address %s/%u", interface->link.name, text, address->prefix);
	return result;
}

static void take_away(const struct interface *interface, struct rtnl_address *address)
{
	if (address->family)
		(void)rtnl_remove_address(interface->rtnl, address);
	address->family = 0;
}

void assignment_mtu(const struct interface *interface, uint32_t mtu)
{
	struct rtnl_change change = {.mtu = mtu};
	int result = mtu == interface->link.mtu ? 0 : rtnl_change_link(interface->rtnl, interface->link.index, &change);

	if (result)
		log_warn("%s: an MTU of %u cannot be set: %s", interface->link.name, mtu, strerror(-result));
}

void assignment_hostname(const char *name)
{
	struct utsname system;

	if (!name[0] || uname(&system) < 0 || strcmp(system.nodename, "(none)"))
		return;
	if (sethostname(name, strlen(name)) < 0)
		log_warn("the host name \"%s\" cannot be set: %s", name, strerror(errno));
}

int assignment_static(struct interface *interface, int i, int64_t now_ms)
{
	const struct interface_plan *plan = interface->plans[i];
	uint8_t family = plan->address.family == 4 ? AF_INET : AF_INET6;
	struct rtnl_address address = address_of(interface, family, plan->address.bytes, plan->prefix);
	int result;

	if (interface->fixed[i].family)
		return 0;
	if (plan->peer.family == plan->address.family) {
		address.has_peer = true;
		memcpy(address.peer, plan->peer.bytes, sizeof(address.peer));
	}
	result = put_address(interface, &address);
	if (result)
		return result;
	interface->fixed[i] = address;
	if (family == AF_INET) {
		uint32_t bytes;

		memcpy(&bytes, plan->address.bytes, sizeof(bytes));
		lease4_probe(&interface->lease4, &interface->link, ntohl(bytes), now_ms);
	}
	if (plan->gateway.family == plan->address.family)
		put_gateway(interface, &address, plan->gateway.bytes);
	return 0;
}

/* ---- leases ---- */

static void put_lease_routes(struct interface *interface, const struct dhcp_lease *lease)
{
	for (int i = 0; i < lease->route_count; i++) {
		uint32_t to = htonl(lease->routes[i].destination), gateway = htonl(lease->routes[i].gateway);
		struct rtnl_route route = route_of(interface, AF_INET, &to, lease->routes[i].prefix,
						   gateway ? &gateway : NULL, &interface->leased4);

		put_route(interface, &route);
	}
	if (lease->router_count) {
		uint32_t gateway = htonl(lease->routers[0]);

		put_gateway(interface, &interface->leased4, (const uint8_t *)&gateway);
	}
}

void assignment_lease4(struct interface *interface, int64_t now_ms)
{
	const struct dhcp_lease *lease = &interface->lease4.dhcp.lease;
	uint32_t bytes = htonl(lease->address);
	struct rtnl_address address = address_of(interface, AF_INET, &bytes, lease->prefix);

	if (assignment_is_same(&address, &interface->leased4))
		return;
	if (!interface->settled)
		take_away(interface, &interface->leased4);
	if (put_address(interface, &address))
		return;
	interface->leased4 = address;
	if (interface->settled)
		return;
	put_lease_routes(interface, lease);
	if (lease->mtu >= LEASE_MTU_MIN && !interface_plan_mtu(interface))
		assignment_mtu(interface, lease->mtu);
	assignment_hostname(lease->hostname);
	lease4_applied(&interface->lease4, now_ms);
}

void assignment_lease6(struct interface *interface)
{
	const struct dhcp6_lease *lease = &interface->lease6.dhcp.lease;
	struct rtnl_address address = address_of(interface, AF_INET6, lease->address, 128);

	if (interface->lease6.dhcp.config.information_only || assignment_is_same(&address, &interface->leased6))
		return;
	if (!interface->settled)
		take_away(interface, &interface->leased6);
	if (!put_address(interface, &address))
		interface->leased6 = address;
}

void assignment_lose(const struct interface *interface, struct rtnl_address *address)
{
	if (!interface->settled)
		take_away(interface, address);
	else if (address->family)
		log_err("%s: the address stays nevertheless, root depends on it", interface->link.name);
}

void assignment_clear(struct interface *interface)
{
	take_away(interface, &interface->leased4);
	take_away(interface, &interface->leased6);
	for (int i = 0; i < INTERFACE_PLANS_MAX; i++)
		take_away(interface, &interface->fixed[i]);
}

void assignment_mac(struct interface *interface, const uint8_t mac[6])
{
	struct rtnl_change down = {.down = true}, change = {.mac = mac};
	int result;

	if (interface->link.has_mac && !memcmp(interface->link.mac, mac, 6))
		return;
	result = rtnl_change_link(interface->rtnl, interface->link.index, &change);
	if (result == -EBUSY && !rtnl_change_link(interface->rtnl, interface->link.index, &down))
		result = rtnl_change_link(interface->rtnl, interface->link.index, &change);
	if (result)
		log_warn("%s: the MAC address cannot be changed: %s", interface->link.name, strerror(-result));
	else
		memcpy(interface->link.mac, mac, 6);
}
