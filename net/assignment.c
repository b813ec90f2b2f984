/* assignment.c - what is put on an interface and taken off again.
 *
 * Contracts in assignment.h.
 */
/* SPDX-License-Identifier: MIT */
#include "net/assignment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/log.h"

#define LEASE_MTU_MIN 576  /* RFC 2132 5.1 allows 68; we believe nothing below what every host must take (RFC 791) */
#define SECOND_METRIC 1024 /* of default routes after the first; the interface's index is added */

bool assignment_is_same(const struct rtnl_address *a, const struct rtnl_address *b)
{
	return a->family == b->family && a->prefix == b->prefix && !memcmp(a->address, b->address, sizeof(a->address));
}

static struct rtnl_address address_of(const struct assignment *assignment, uint8_t family, const void *bytes,
				      uint8_t prefix)
{
	struct rtnl_address address = {.index = assignment->link->index, .family = family, .prefix = prefix};

	memcpy(address.address, bytes, family == AF_INET ? 4 : 16);
	return address;
}

bool assignment_has(const struct assignment *assignment, const struct rtnl_address *address)
{
	for (int i = 0; i < ASSIGNMENT_FIXED_MAX; i++)
		if (assignment_is_same(address, &assignment->fixed[i]))
			return true;
	return assignment_is_same(address, &assignment->leased6);
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

/* A default route that exists already keeps its place: the new one gets a higher metric. */
static void put_route(const struct assignment *assignment, struct rtnl_route *route)
{
	int result = rtnl_add_route(assignment->rtnl, route);

	if (result == -EEXIST && !route->prefix) {
		route->metric = SECOND_METRIC + (uint32_t)assignment->link->index;
		result = rtnl_add_route(assignment->rtnl, route);
	}
	if (result && result != -EEXIST)
		log_warn("%s: a route cannot be set: %s", assignment->link->name, strerror(-result));
}

static struct rtnl_route route_of(const struct assignment *assignment, uint8_t family, const void *to, uint8_t prefix,
				  const void *gateway, const struct rtnl_address *through)
{
	struct rtnl_route route = {.index = assignment->link->index, .family = family, .prefix = prefix};
	size_t size = family == AF_INET ? 4 : 16;

	if (prefix)
		memcpy(route.to, to, size);
	route.has_gateway = gateway != NULL;
	if (gateway)
		memcpy(route.gateway, gateway, size);
	route.gateway_on_link = gateway && through && !is_covered(through, gateway);
	return route;
}

static void put_gateway(const struct assignment *assignment, const struct rtnl_address *through, const uint8_t *gateway)
{
	struct rtnl_route route = route_of(assignment, through->family, NULL, 0, gateway, through);

	put_route(assignment, &route);
}

void assignment_set_route(const struct assignment *assignment, const struct route_plan *plan)
{
	uint8_t family = plan->to.family == 6 || plan->gateway.family == 6 ? AF_INET6 : AF_INET;
	const struct rtnl_address *through = assignment->leased4.family == family ? &assignment->leased4 : NULL;
	struct rtnl_route route;

	for (int i = 0; i < ASSIGNMENT_FIXED_MAX && !through; i++)
		if (assignment->fixed[i].family == family)
			through = &assignment->fixed[i];
	route = route_of(assignment, family, plan->to.bytes, plan->prefix,
			 plan->gateway.family ? plan->gateway.bytes : NULL, through);
	put_route(assignment, &route);
}

static int put_address(const struct assignment *assignment, const struct rtnl_address *address)
{
	char text[ADDRESS_TEXT_MAX];
	int result = rtnl_add_address(assignment->rtnl, address);

	(void)assignment_text(address, text);
	if (result)
		log_warn("%s: address %s/%u cannot be set: %s", assignment->link->name, text, address->prefix,
			 strerror(-result));
	else
		log_info("%s: address %s/%u", assignment->link->name, text, address->prefix);
	return result;
}

static void take_away(const struct assignment *assignment, struct rtnl_address *address)
{
	if (address->family)
		(void)rtnl_remove_address(assignment->rtnl, address);
	address->family = 0;
}

void assignment_set_mtu(const struct assignment *assignment, uint32_t mtu)
{
	struct rtnl_change change = {.mtu = mtu};
	int result =
		mtu == assignment->link->mtu ? 0 : rtnl_change_link(assignment->rtnl, assignment->link->index, &change);

	if (result)
		log_warn("%s: an MTU of %u cannot be set: %s", assignment->link->name, mtu, strerror(-result));
}

void assignment_set_hostname(const char *name)
{
	struct utsname system;

	if (!name[0] || uname(&system) < 0 || strcmp(system.nodename, "(none)"))
		return;
	if (sethostname(name, strlen(name)) < 0)
		log_warn("the host name \"%s\" cannot be set: %s", name, strerror(errno));
}

int assignment_set_static(struct assignment *assignment, int i, const struct interface_plan *plan)
{
	uint8_t family = plan->address.family == 4 ? AF_INET : AF_INET6;
	struct rtnl_address address = address_of(assignment, family, plan->address.bytes, plan->prefix);
	int result;

	if (assignment->fixed[i].family)
		return 0;
	if (plan->peer.family == plan->address.family) {
		address.has_peer = true;
		memcpy(address.peer, plan->peer.bytes, sizeof(address.peer));
	}
	result = put_address(assignment, &address);
	if (result)
		return result;
	assignment->fixed[i] = address;
	if (plan->gateway.family == plan->address.family)
		put_gateway(assignment, &address, plan->gateway.bytes);
	return 0;
}

/* ---- leases ---- */

static void put_lease_routes(struct assignment *assignment, const struct dhcp_lease *lease)
{
	for (int i = 0; i < lease->route_count; i++) {
		uint32_t to = htonl(lease->routes[i].destination), gateway = htonl(lease->routes[i].gateway);
		struct rtnl_route route = route_of(assignment, AF_INET, &to, lease->routes[i].prefix,
						   gateway ? &gateway : NULL, &assignment->leased4);

		put_route(assignment, &route);
	}
	if (lease->router_count) {
		uint32_t gateway = htonl(lease->routers[0]);

		put_gateway(assignment, &assignment->leased4, (const uint8_t *)&gateway);
	}
}

static void tell_malformed(const struct assignment *assignment, const char *protocol, unsigned option)
{
	if (option)
		log_warn("%s: option %u of the %s server is malformed: it is not used", assignment->link->name, option,
			 protocol);
}

bool assignment_set_lease4(struct assignment *assignment, const struct dhcp_lease *lease, int plan_mtu)
{
	uint32_t bytes = htonl(lease->address);
	struct rtnl_address address = address_of(assignment, AF_INET, &bytes, lease->prefix);

	if (assignment->settled || assignment_is_same(&address, &assignment->leased4))
		return false;
	take_away(assignment, &assignment->leased4);
	if (put_address(assignment, &address))
		return false;
	assignment->leased4 = address;
	tell_malformed(assignment, "DHCP", lease->malformed);
	put_lease_routes(assignment, lease);
	if (lease->mtu >= LEASE_MTU_MIN && !plan_mtu)
		assignment_set_mtu(assignment, lease->mtu);
	assignment_set_hostname(lease->hostname);
	return true;
}

void assignment_set_lease6(struct assignment *assignment, const struct dhcp6_lease *lease)
{
	struct rtnl_address address = address_of(assignment, AF_INET6, lease->address, 128);

	if (assignment->settled || assignment_is_same(&address, &assignment->leased6))
		return;
	take_away(assignment, &assignment->leased6);
	tell_malformed(assignment, "DHCPv6", lease->malformed);
	if (!put_address(assignment, &address))
		assignment->leased6 = address;
}

void assignment_lose(struct assignment *assignment, struct rtnl_address *address)
{
	if (!assignment->settled)
		take_away(assignment, address);
	else if (address->family && !assignment->loss_told)
		log_err("%s: the address stays on the interface, because root depends on it", assignment->link->name);
	assignment->loss_told = assignment->settled;
}

void assignment_clear(struct assignment *assignment)
{
	take_away(assignment, &assignment->leased4);
	take_away(assignment, &assignment->leased6);
	for (int i = 0; i < ASSIGNMENT_FIXED_MAX; i++)
		take_away(assignment, &assignment->fixed[i]);
}

bool assignment_set_mac(const struct assignment *assignment, const uint8_t mac[6])
{
	struct rtnl_change down = {.down = true}, change = {.mac = mac};
	const struct rtnl_link *link = assignment->link;
	int result;

	if (link->has_mac && !memcmp(link->mac, mac, 6))
		return true;
	result = rtnl_change_link(assignment->rtnl, link->index, &change);
	if (result == -EBUSY && !rtnl_change_link(assignment->rtnl, link->index, &down))
		result = rtnl_change_link(assignment->rtnl, link->index, &change);
	if (result)
		log_warn("%s: the MAC address cannot be changed: %s", link->name, strerror(-result));
	return !result;
}
