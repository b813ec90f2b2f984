/* interface.c - one network interface from its plan to a usable address.
 *
 * Contracts in interface.h. After every event advance() looks at what is true now (carrier, addresses, leases, limits),
 * turns it into an event of the table, and repeats that until no event follows.
 */
/* SPDX-License-Identifier: MIT */
#include "net/interface.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/lease4.h"
#include "net/lease6.h"
#include "sys/ip_conf.h"
#include "sys/log.h"
#include "sys/monotonic.h"
#include "sys/pollfds.h"

#define LOWER_UP     0x10000 /* IFF_LOWER_UP, kernel: include/uapi/linux/if.h */
#define DORMANT      0x20000 /* IFF_DORMANT */
#define METHODS_IPV6 (METHOD_AUTO6 | METHOD_DHCP6 | METHOD_LINK6)
#define REST_MS      60000 /* for methods that have not answered, where no word says how long DHCP may take */
#define STEPS_MAX    8     /* more than the longest path through the table */

static const char *const state_names[INTERFACE_STATES] = {
	[INTERFACE_UNUSED] = "unused",       [INTERFACE_CARRIER] = "waiting for carrier",
	[INTERFACE_ADDRESS] = "configuring", [INTERFACE_USABLE] = "usable",
	[INTERFACE_FAILED] = "failed",
};

void interface_init(struct interface *interface, struct rtnl *rtnl, const struct network_plan *network,
		    const struct arp_stations *own)
{
	memset(interface, 0, sizeof(*interface));
	interface->network = network;
	interface->own = own;
	interface->assignment.rtnl = rtnl;
	interface->assignment.link = &interface->link;
	interface->carrier_limit_ms = interface->address_limit_ms = interface->rest_limit_ms = INT64_MAX;
	interface->probe = PROBE_NONE;
	lease_init(&interface->lease4, &lease4_family);
	lease_init(&interface->lease6, &lease6_family);
}

static void set_failure(struct interface *interface, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void set_failure(struct interface *interface, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(interface->failure, sizeof(interface->failure), format, arguments);
	va_end(arguments);
}

/* ---- what the kernel says ---- */

void interface_set_link(struct interface *interface, const struct rtnl_link *link)
{
	struct rtnl_link before = interface->link;

	interface->link = *link;
	interface->link.aliases = before.aliases;
	if (link->has_permanent_mac || !before.has_permanent_mac)
		return;
	interface->link.has_permanent_mac = true;
	memcpy(interface->link.permanent_mac, before.permanent_mac, sizeof(before.permanent_mac));
}

void interface_set_link6(struct interface *interface, const struct rtnl_link6 *link6)
{
	interface->link6 = *link6;
	interface->has_router6 = interface->has_router6 || link6->managed || link6->other;
}

void interface_set_router6(struct interface *interface)
{
	interface->has_router6 = true;
}

void interface_set_dns6(struct interface *interface, const struct rtnl_dns6 *dns6)
{
	interface->dns6 = *dns6;
	if (!dns6->lifetime_s)
		interface->dns6.count = 0;
}

/* The kernel removes a router-assigned address that another station has (net/ipv6/addrconf.c). It is remembered as refused. */
static bool is_refused(const struct interface *interface, const struct rtnl_address *gone)
{
	return interface->started && gone->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) &&
	       !assignment_has(&interface->assignment, gone);
}

static void note_overflow(struct interface *interface, const struct rtnl_address *address)
{
	char text[ADDRESS_TEXT_MAX];

	if (!interface->overflowed)
		log_warn("%s: has more than %d addresses: %s and later ones are ignored", interface->link.name,
			 INTERFACE_ADDRESSES_MAX, assignment_text(address, text));
	interface->overflowed = true;
}

void interface_set_address(struct interface *interface, const struct rtnl_address *address, bool gone)
{
	bool refused = gone && is_refused(interface, address);
	int i = 0;

	while (i < interface->address_count && !assignment_is_same(&interface->addresses[i], address))
		i++;
	if (gone && !refused) {
		if (i < interface->address_count)
			interface->addresses[i] = interface->addresses[--interface->address_count];
		return;
	}
	if (i == INTERFACE_ADDRESSES_MAX) {
		note_overflow(interface, address);
		return;
	}
	interface->addresses[i] = *address;
	if (refused)
		interface->addresses[i].flags |= IFA_F_DADFAILED;
	if (i == interface->address_count)
		interface->address_count++;
}

bool interface_has_carrier(const struct interface *interface)
{
	/* IFF_RUNNING would say the same, but for some drivers up to a second later (kernel: net/core/link_watch.c). */
	return (interface->link.flags & (IFF_UP | LOWER_UP | DORMANT)) == (IFF_UP | LOWER_UP);
}

static bool may_be_used(const struct rtnl_address *address)
{
	return !(address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED));
}

const struct rtnl_address *interface_global_address(const struct interface *interface)
{
	for (int i = 0; i < interface->address_count; i++) {
		const struct rtnl_address *address = &interface->addresses[i];

		if (address->scope < RT_SCOPE_LINK && may_be_used(address))
			return address;
	}
	return NULL;
}

/* The kernel's view of an address that we set. */
static const struct rtnl_address *find_address(const struct interface *interface, const struct rtnl_address *ours)
{
	for (int i = 0; i < interface->address_count; i++)
		if (assignment_is_same(&interface->addresses[i], ours))
			return &interface->addresses[i];
	return NULL;
}

static bool has_link_local6(const struct interface *interface)
{
	for (int i = 0; i < interface->address_count; i++) {
		const struct rtnl_address *address = &interface->addresses[i];

		if (address->family == AF_INET6 && address->scope == RT_SCOPE_LINK && may_be_used(address))
			return true;
	}
	return false;
}

/* An IPv6 address that the kernel made from a router advertisement. */
static bool has_auto6(const struct interface *interface)
{
	for (int i = 0; i < interface->address_count; i++) {
		const struct rtnl_address *address = &interface->addresses[i];

		if (address->family == AF_INET6 && address->scope < RT_SCOPE_LINK && may_be_used(address) &&
		    !assignment_has(&interface->assignment, address))
			return true;
	}
	return false;
}

/* ---- its plans ---- */

/* The methods of all plans together, without those that were given up. */
static unsigned all_methods(const struct interface *interface)
{
	unsigned methods = 0;

	for (int i = 0; i < interface->plan_count; i++)
		methods |= interface->plans[i]->methods;
	return methods & ~interface->given_up;
}

/* Bytes; 0: no plan sets it. */
static int plan_mtu(const struct interface *interface)
{
	for (int i = 0; i < interface->plan_count; i++)
		if (interface->plans[i]->mtu > 0)
			return interface->plans[i]->mtu;
	return 0;
}

static const char *plan_hostname(const struct interface *interface)
{
	for (int i = 0; i < interface->plan_count; i++)
		if (interface->plans[i]->hostname[0])
			return interface->plans[i]->hostname;
	return "";
}

/* ---- leases ---- */

void interface_wipe_secrets(struct interface *interface)
{
	lease_wipe_secrets(&interface->lease4);
	lease_wipe_secrets(&interface->lease6);
}

static void start_probe(struct interface *interface, uint32_t address, int64_t now_ms)
{
	const struct rtnl_link *link = &interface->link;
	int result = link->has_mac ? probe_start(&interface->probe, link->index, link->mac, address, now_ms) : 0;

	if (result)
		log_warn("%s: cannot ask whether another station has the address: %s", link->name, strerror(-result));
}

static void take_lease4(struct interface *interface, unsigned did, int64_t now_ms)
{
	const struct dhcp_lease *lease = &interface->lease4.dhcp.lease;

	if (did & DHCP_LOST) {
		probe_stop(&interface->probe);
		assignment_lose(&interface->assignment, &interface->assignment.leased4);
	}
	if (did & DHCP_BOUND && lease_is_held(&interface->lease4) &&
	    assignment_set_lease4(&interface->assignment, lease, plan_mtu(interface)))
		start_probe(interface, lease->address, now_ms);
}

static void take_lease6(struct interface *interface, unsigned did)
{
	const struct dhcp6 *dhcp = &interface->lease6.dhcp6;

	if (did & DHCP_LOST)
		assignment_lose(&interface->assignment, &interface->assignment.leased6);
	if (did & DHCP_BOUND && lease_is_held(&interface->lease6) && !dhcp->config.information_only)
		assignment_set_lease6(&interface->assignment, &dhcp->lease);
}

/* What the ARP probe found. A conflict on a leased address declines the lease. */
static void look_at_probe(struct interface *interface, const struct pollfd *fds, int count, int64_t now_ms)
{
	uint32_t address = interface->probe.address;
	bool leased = lease_is_held(&interface->lease4) && interface->lease4.dhcp.lease.address == address;

	if (!probe_step(&interface->probe, interface->own, fds, count, now_ms))
		return;
	log_warn("%s: another station has %u.%u.%u.%u: %s", interface->link.name, address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255,
		 leased ? "declining it and asking for another address"
			: "going on, but connections will break until one of the two gets another address");
	if (leased)
		take_lease4(interface, lease_decline(&interface->lease4, now_ms), now_ms);
}

/* What a server may tell us by. */
static void set_identity(struct dhcp_config *config, const struct interface_plan *plan)
{
	_Static_assert(sizeof(config->client_id) >= sizeof(plan->client_id), "a client id of the plan fits");
	_Static_assert(sizeof(config->vendor_class) >= sizeof(plan->vendor_class), "so does a vendor class");
	if (plan->vendor_class[0])
		snprintf(config->vendor_class, sizeof(config->vendor_class), "%s", plan->vendor_class);
	if (!plan->client_id_length)
		return;
	config->client_id_mode = DHCP_CLIENT_ID_GIVEN;
	memcpy(config->client_id, plan->client_id, plan->client_id_length);
	config->client_id_length = plan->client_id_length;
}

static void start_dhcp4(struct interface *interface, int64_t now_ms)
{
	struct dhcp_config config = {.want_root_path = interface->network->wants_root_path};

	memcpy(config.mac, interface->link.mac, sizeof(config.mac));
	snprintf(config.hostname, sizeof(config.hostname), "%s", plan_hostname(interface));
	for (int i = 0; i < interface->plan_count; i++)
		set_identity(&config, interface->plans[i]);
	lease4_start(&interface->lease4, interface->link.index, interface->link.name, &config, now_ms);
}

static void start_dhcp6(struct interface *interface, bool information_only, int64_t now_ms)
{
	const uint8_t *mac = interface->link.mac;
	struct dhcp6_config config = {.information_only = information_only,
				      .want_boot_url = interface->network->wants_root_path,
				      .iaid = (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 |
					      mac[5]};

	memcpy(config.mac, mac, sizeof(config.mac));
	lease6_start(&interface->lease6, interface->link.index, interface->link.name, &config, now_ms);
}

/* DHCPv6 waits for the link-local address. Where no plan asks for it, routers decide (RFC 4861 4.2). */
static void start_dhcp6_when_due(struct interface *interface, int64_t now_ms)
{
	unsigned methods = all_methods(interface);
	bool address = methods & METHOD_DHCP6 || (methods & METHOD_AUTO6 && interface->link6.managed);

	if (!has_link_local6(interface) || !(address || (methods & METHOD_AUTO6 && interface->link6.other)))
		return;
	if (interface->lease6.started && (!address || !interface->lease6.dhcp6.config.information_only))
		return;
	start_dhcp6(interface, !address, now_ms);
}

/* ---- how far it is ---- */

/* The methods, other than static ones, whose address is there. */
static unsigned methods_done(const struct interface *interface)
{
	/* DHCPv6 gives no prefix (RFC 5942 3): a leased address can be used only with a router's routes. */
	const struct rtnl_address *leased6 = find_address(interface, &interface->assignment.leased6);
	bool is_leased6 = leased6 && may_be_used(leased6) && interface->has_router6;
	unsigned done = 0;

	if (interface->assignment.leased4.family)
		done |= METHOD_DHCP4;
	if (is_leased6)
		done |= METHOD_DHCP6;
	if (has_auto6(interface) || (interface->link6.managed && is_leased6))
		done |= METHOD_AUTO6;
	if (has_link_local6(interface))
		done |= METHOD_LINK6;
	return done;
}

/* An IPv4 address can be used at once: the kernel has no duplicate address detection for it. */
static bool is_static_done(const struct interface *interface, int i)
{
	const struct rtnl_address *fixed = &interface->assignment.fixed[i], *found = find_address(interface, fixed);

	return fixed->family == AF_INET || (fixed->family && found && may_be_used(found));
}

/* The command line's own addresses must all be there. Of the methods that ask somebody one answer is enough: a boot must
   not wait for a server that does not exist. The others go on beside it. */
static bool is_ready(const struct interface *interface)
{
	unsigned asked = all_methods(interface) & ~(unsigned)METHOD_STATIC;
	bool fixed = false;

	for (int i = 0; i < interface->plan_count; i++) {
		if (!(interface->plans[i]->methods & METHOD_STATIC))
			continue;
		if (!is_static_done(interface, i))
			return false;
		fixed = true;
	}
	return fixed || !asked || methods_done(interface) & asked;
}

/* The methods that have not answered yet. */
static unsigned methods_missing(const struct interface *interface)
{
	return all_methods(interface) & ~(unsigned)METHOD_STATIC & ~methods_done(interface);
}

/* Leases that have not come are no longer asked for. */
static void stop_asking(struct interface *interface, unsigned methods)
{
	interface->given_up |= methods;
	if (methods & METHOD_DHCP4 && !lease_is_held(&interface->lease4))
		lease_stop(&interface->lease4);
	if (methods & (METHOD_DHCP6 | METHOD_AUTO6) && !lease_is_held(&interface->lease6))
		lease_stop(&interface->lease6);
}

/* Of plans with alternatives, one of which has answered: the others. */
static unsigned methods_in_vain(const struct interface *interface)
{
	unsigned missing = methods_missing(interface), in_vain = 0;

	for (int i = 0; i < interface->plan_count; i++) {
		const struct interface_plan *plan = interface->plans[i];

		if (plan->any_method && !plan->others_go_on && plan->methods & ~missing)
			in_vain |= plan->methods & missing;
	}
	return in_vain;
}

static void write_refusal(const char *refused, char *out, size_t size)
{
	if (size && refused)
		snprintf(out, size, "; the last answer was refused: %s", refused);
	else if (size)
		out[0] = '\0';
}

/* The address that duplicate address detection found taken; "": none. */
static void find_duplicate(const struct interface *interface, char out[ADDRESS_TEXT_MAX])
{
	out[0] = '\0';
	for (int i = 0; i < interface->address_count; i++)
		if (interface->addresses[i].flags & IFA_F_DADFAILED)
			(void)assignment_text(&interface->addresses[i], out);
}

static const char *waiting_for_address(const struct interface *interface, char *out, size_t size)
{
	unsigned missing = all_methods(interface) & ~methods_done(interface);
	const char *name = interface->link.name;
	char why[120], duplicate[ADDRESS_TEXT_MAX];

	find_duplicate(interface, duplicate);
	if (missing & METHOD_DHCP4) {
		write_refusal(interface->lease4.refused, why, sizeof(why));
		snprintf(out, size, "%s on %s (%u discovers sent%s)", lease_waiting(&interface->lease4), name,
			 interface->lease4.sent, why);
	} else if (duplicate[0]) {
		snprintf(out, size, "an IPv6 address for %s: another station has %s", name, duplicate);
	} else if (interface->assignment.leased6.family && !interface->has_router6) {
		snprintf(out, size, "a router advertisement on %s: without it the address from DHCPv6 has no route",
			 name);
	} else if (interface->lease6.started && missing & (METHOD_DHCP6 | METHOD_AUTO6)) {
		write_refusal(interface->lease6.refused, why, sizeof(why));
		snprintf(out, size, "%s on %s (%u messages sent%s)", lease_waiting(&interface->lease6), name,
			 interface->lease6.sent, why);
	} else if (missing & METHODS_IPV6 && !has_link_local6(interface)) {
		snprintf(out, size, "an IPv6 link-local address on %s (does the kernel have IPv6, and is it enabled?)",
			 name);
	} else if (missing & METHOD_AUTO6) {
		snprintf(out, size, "a router advertisement with a prefix on %s", name);
	} else {
		snprintf(out, size, "the end of duplicate address detection on %s", name);
	}
	return out;
}

static void give_up_rest(struct interface *interface, int64_t now_ms)
{
	char what[INTERFACE_FAILURE_MAX];

	if (now_ms < interface->rest_limit_ms)
		return;
	interface->rest_limit_ms = INT64_MAX;
	if (!methods_missing(interface))
		return;
	log_info("%s: no longer waiting for %s", interface->link.name,
		 waiting_for_address(interface, what, sizeof(what)));
	stop_asking(interface, methods_missing(interface));
}

/* ---- the machine's actions ---- */

static bool wants_ipv6(const struct interface *interface)
{
	for (int i = 0; i < interface->plan_count; i++)
		if (interface->plans[i]->methods & METHOD_STATIC && interface->plans[i]->address.family == 6)
			return true;
	return all_methods(interface) & METHODS_IPV6;
}

static int64_t limit(int seconds, int64_t now_ms)
{
	return seconds > 0 ? now_ms + (int64_t)seconds * 1000 : INT64_MAX;
}

static void prepare_ipv6(const struct interface *interface)
{
	int result = wants_ipv6(interface)
			     ? ip_conf_prepare6(interface->link.name, all_methods(interface) & METHODS_IPV6)
			     : 0;

	if (result)
		log_warn("%s: IPv6 cannot be configured: %s", interface->link.name, strerror(-result));
}

static void set_mac(struct interface *interface, const uint8_t mac[6])
{
	if (assignment_set_mac(&interface->assignment, mac))
		memcpy(interface->link.mac, mac, sizeof(interface->link.mac));
}

static void prepare(struct interface *interface, int64_t now_ms)
{
	struct rtnl_change change = {.up = true};
	int result;

	interface->was_up = interface->link.flags & IFF_UP;
	interface->carrier_limit_ms = limit(interface->network->carrier_timeout_s, now_ms);
	interface->prepared = true;
	for (int i = 0; i < interface->plan_count; i++)
		if (interface->plans[i]->sets_mac)
			set_mac(interface, interface->plans[i]->new_mac);
	if (plan_mtu(interface))
		assignment_set_mtu(&interface->assignment, (uint32_t)plan_mtu(interface));
	prepare_ipv6(interface);
	assignment_set_hostname(plan_hostname(interface));
	result = rtnl_change_link(interface->assignment.rtnl, interface->link.index, &change);
	if (result)
		set_failure(interface, "%s cannot be brought up: %s%s", interface->link.name, strerror(-result),
			    result == -ENOENT ? " (is its firmware in the image?)" : "");
}

static void start_static(struct interface *interface, int i, int64_t now_ms)
{
	const struct interface_plan *plan = interface->plans[i];
	uint32_t address;

	if (!(plan->methods & METHOD_STATIC) || interface->assignment.fixed[i].family)
		return;
	if (assignment_set_static(&interface->assignment, i, plan)) {
		set_failure(interface, "the kernel refuses the address of %s", interface->link.name);
	} else if (plan->address.family == 4) {
		memcpy(&address, plan->address.bytes, sizeof(address));
		start_probe(interface, ntohl(address), now_ms);
	}
}

static void start_methods(struct interface *interface, int64_t now_ms)
{
	log_debug("%s: carrier", interface->link.name);
	if (!interface->link_ms)
		interface->link_ms = now_ms;
	if (!interface->started)
		interface->address_limit_ms = limit(interface->network->dhcp_timeout_s, now_ms);
	interface->started = interface->link_up = true;
	for (int i = 0; i < interface->plan_count; i++)
		start_static(interface, i, now_ms);
	if (interface->lease4.started)
		take_lease4(interface, lease_set_link(&interface->lease4, true, now_ms), now_ms);
	else if (all_methods(interface) & METHOD_DHCP4)
		start_dhcp4(interface, now_ms);
	if (interface->lease6.started)
		take_lease6(interface, lease_set_link(&interface->lease6, true, now_ms));
}

static void lose_carrier(struct interface *interface, int64_t now_ms)
{
	log_warn("%s: carrier lost", interface->link.name);
	interface->link_up = false;
	take_lease4(interface, lease_set_link(&interface->lease4, false, now_ms), now_ms);
	take_lease6(interface, lease_set_link(&interface->lease6, false, now_ms));
}

static void note_usable(struct interface *interface, int64_t now_ms)
{
	if (!interface->address_ms)
		interface->address_ms = now_ms;
	if (interface->rest_limit_ms == INT64_MAX)
		interface->rest_limit_ms = monotonic_earlier(interface->address_limit_ms, now_ms + REST_MS);
	interface->address_limit_ms = INT64_MAX;
	stop_asking(interface, methods_in_vain(interface));
}

static void note_failure(struct interface *interface, int64_t now_ms)
{
	(void)now_ms;
	log_warn("%s", interface->failure);
	stop_asking(interface, METHODS_IPV6 | METHOD_DHCP4);
	interface->carrier_limit_ms = interface->address_limit_ms = INT64_MAX;
}

static void put_back(struct interface *interface, int64_t now_ms)
{
	struct rtnl_change down = {.down = true};

	(void)now_ms;
	lease_stop(&interface->lease4);
	lease_stop(&interface->lease6);
	probe_stop(&interface->probe);
	assignment_clear(&interface->assignment);
	if (interface->prepared && !interface->was_up && !interface->link.master) /* of which it has become a part */
		(void)rtnl_change_link(interface->assignment.rtnl, interface->link.index, &down);
	interface->prepared = interface->started = false;
	interface->plan_count = 0;
	interface->given_up = 0;
	interface->failure[0] = '\0';
	interface->carrier_limit_ms = interface->address_limit_ms = interface->rest_limit_ms = INT64_MAX;
}

/* ---- the machine ---- */

static const struct row {
	void (*action)(struct interface *interface, int64_t now_ms);
	bool known;
	enum interface_state next;
} machine[INTERFACE_STATES][INTERFACE_EVENTS] = {
	[INTERFACE_UNUSED] = {[INTERFACE_EVENT_CLAIM] = {prepare, true, INTERFACE_CARRIER}},
	[INTERFACE_CARRIER] = {[INTERFACE_EVENT_UP] = {start_methods, true, INTERFACE_ADDRESS},
			       [INTERFACE_EVENT_FAIL] = {note_failure, true, INTERFACE_FAILED},
			       [INTERFACE_EVENT_RELEASE] = {put_back, true, INTERFACE_UNUSED}},
	[INTERFACE_ADDRESS] = {[INTERFACE_EVENT_DOWN] = {lose_carrier, true, INTERFACE_CARRIER},
			       [INTERFACE_EVENT_READY] = {note_usable, true, INTERFACE_USABLE},
			       [INTERFACE_EVENT_FAIL] = {note_failure, true, INTERFACE_FAILED},
			       [INTERFACE_EVENT_RELEASE] = {put_back, true, INTERFACE_UNUSED}},
	[INTERFACE_USABLE] = {[INTERFACE_EVENT_UP] = {start_methods, true, INTERFACE_USABLE},
			      [INTERFACE_EVENT_DOWN] = {lose_carrier, true, INTERFACE_USABLE},
			      [INTERFACE_EVENT_UNREADY] = {NULL, true, INTERFACE_ADDRESS},
			      [INTERFACE_EVENT_RELEASE] = {put_back, true, INTERFACE_UNUSED}},
	[INTERFACE_FAILED] = {[INTERFACE_EVENT_RELEASE] = {put_back, true, INTERFACE_UNUSED}},
};

static void run(struct interface *interface, enum interface_event event, int64_t now_ms)
{
	const struct row *row = &machine[interface->state][event];

	if (!row->known)
		return;
	if (row->next != interface->state)
		log_debug("%s: %s -> %s", interface->link.name, state_names[interface->state], state_names[row->next]);
	interface->state = row->next;
	if (row->action)
		row->action(interface, now_ms);
}

static bool has_failed_dad(const struct interface *interface, const struct rtnl_address *ours)
{
	const struct rtnl_address *found = ours->family ? find_address(interface, ours) : NULL;

	return found && found->flags & IFA_F_DADFAILED;
}

/* The kernel does duplicate address detection (RFC 4862 5.4); its result is handled here. */
static void look_at_duplicates(struct interface *interface, int64_t now_ms)
{
	char text[ADDRESS_TEXT_MAX];

	if (has_failed_dad(interface, &interface->assignment.leased6)) {
		log_warn("%s: another station has %s: declining it and asking for another address",
			 interface->link.name, assignment_text(&interface->assignment.leased6, text));
		interface_set_address(interface, &interface->assignment.leased6, true);
		take_lease6(interface, lease_decline(&interface->lease6, now_ms));
	}
	for (int i = 0; i < INTERFACE_PLANS_MAX && !interface->failure[0]; i++)
		if (has_failed_dad(interface, &interface->assignment.fixed[i]))
			set_failure(interface, "%s: another station has the address %s", interface->link.name,
				    assignment_text(&interface->assignment.fixed[i], text));
}

static int64_t current_limit(const struct interface *interface)
{
	switch (interface->state) {
	case INTERFACE_CARRIER:
		return interface->carrier_limit_ms;
	case INTERFACE_ADDRESS:
		return interface->address_limit_ms;
	case INTERFACE_USABLE:
		return interface->rest_limit_ms;
	default:
		return INT64_MAX;
	}
}

static void look_at_limits(struct interface *interface, int64_t now_ms)
{
	char what[INTERFACE_FAILURE_MAX];

	if (interface->state == INTERFACE_USABLE)
		give_up_rest(interface, now_ms);
	if (interface->state == INTERFACE_USABLE || now_ms < current_limit(interface) || interface->failure[0])
		return;
	(void)interface_waiting_for(interface, what, sizeof(what));
	set_failure(interface, "gave up waiting for %.150s", what);
}

/* The event that follows from what is true now; INTERFACE_EVENTS: none. */
static enum interface_event next_event(const struct interface *interface)
{
	bool carrier = interface_has_carrier(interface);

	if (!interface->plan_count)
		return INTERFACE_EVENTS;
	switch (interface->state) {
	case INTERFACE_CARRIER:
		if (interface->failure[0])
			return INTERFACE_EVENT_FAIL;
		return carrier ? INTERFACE_EVENT_UP : INTERFACE_EVENTS;
	case INTERFACE_ADDRESS:
		if (interface->failure[0])
			return INTERFACE_EVENT_FAIL;
		if (!carrier)
			return INTERFACE_EVENT_DOWN;
		return is_ready(interface) ? INTERFACE_EVENT_READY : INTERFACE_EVENTS;
	case INTERFACE_USABLE:
		if (!is_ready(interface) && !interface->assignment.settled)
			return INTERFACE_EVENT_UNREADY;
		if (carrier != interface->link_up)
			return carrier ? INTERFACE_EVENT_UP : INTERFACE_EVENT_DOWN;
		return INTERFACE_EVENTS;
	default:
		return INTERFACE_EVENTS;
	}
}

static void advance(struct interface *interface, int64_t now_ms)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		enum interface_event event;

		if (interface->plan_count && interface->started && !interface->assignment.settled) {
			start_dhcp6_when_due(interface, now_ms);
			look_at_duplicates(interface, now_ms);
		}
		look_at_limits(interface, now_ms);
		event = next_event(interface);
		if (event == INTERFACE_EVENTS)
			return;
		run(interface, event, now_ms);
	}
}

/* ---- what net.c calls ---- */

void interface_add_plan(struct interface *interface, const struct interface_plan *plan)
{
	if (interface->plan_count < INTERFACE_PLANS_MAX)
		interface->plans[interface->plan_count++] = plan;
}

void interface_separate_arp(struct interface *interface)
{
	int result = interface->separate_arp ? 0 : ip_conf_separate_arp(interface->link.name);

	interface->separate_arp = true;
	if (result)
		log_warn("%s: arp_ignore and arp_announce cannot be set: %s", interface->link.name, strerror(-result));
}

void interface_claim(struct interface *interface, int64_t now_ms)
{
	run(interface, INTERFACE_EVENT_CLAIM, now_ms);
	advance(interface, now_ms);
}

unsigned interface_answers(const struct interface *interface)
{
	return interface->state == INTERFACE_USABLE ? METHOD_STATIC | methods_done(interface) : 0;
}

bool interface_is_pending(const struct interface *interface)
{
	if (interface->existing)
		return false;
	return interface->state == INTERFACE_ADDRESS ||
	       (interface->state == INTERFACE_USABLE && interface->link_up && methods_missing(interface));
}

static bool has_addresses(const struct interface *interface)
{
	const struct assignment *assignment = &interface->assignment;
	bool fixed = false;

	for (int i = 0; i < ASSIGNMENT_FIXED_MAX; i++)
		fixed = fixed || assignment->fixed[i].family;
	return fixed || assignment->leased4.family || assignment->leased6.family;
}

void interface_settle(struct interface *interface)
{
	interface->assignment.settled = true;
	interface_wipe_secrets(interface);
	stop_asking(interface, methods_missing(interface));
	lease_keep_address(&interface->lease4);
	lease_keep_address(&interface->lease6);
	if (interface->state == INTERFACE_USABLE || has_addresses(interface))
		return;
	interface->state = INTERFACE_UNUSED;
	interface->plan_count = 0;
}

void interface_adopt(struct interface *interface, int64_t now_ms)
{
	char text[ADDRESS_TEXT_MAX];
	const struct rtnl_address *address = interface_global_address(interface);

	interface->existing = true;
	interface->state = INTERFACE_USABLE;
	interface->link_ms = interface->address_ms = now_ms;
	if (address)
		log_info("%s: already has address %s/%u, used as it is", interface->link.name,
			 assignment_text(address, text), address->prefix);
}

void interface_release(struct interface *interface, int64_t now_ms)
{
	run(interface, INTERFACE_EVENT_RELEASE, now_ms);
}

void interface_forget(struct interface *interface)
{
	struct rtnl *rtnl = interface->assignment.rtnl;

	lease_stop(&interface->lease4);
	lease_stop(&interface->lease6);
	probe_stop(&interface->probe);
	interface_init(interface, rtnl, interface->network, interface->own);
}

int interface_pollfds(const struct interface *interface, struct pollfd *out, int count, int max)
{
	count = lease_pollfds(&interface->lease4, out, count, max);
	count = lease_pollfds(&interface->lease6, out, count, max);
	return pollfds_add(out, count, max, interface->probe.fd);
}

int64_t interface_deadline(const struct interface *interface)
{
	int64_t at = monotonic_earlier(lease_deadline(&interface->lease4), lease_deadline(&interface->lease6));

	return monotonic_earlier(at, monotonic_earlier(interface->probe.deadline_ms, current_limit(interface)));
}

void interface_step(struct interface *interface, const struct pollfd *fds, int count, int64_t now_ms)
{
	look_at_probe(interface, fds, count, now_ms);
	take_lease4(interface, lease_step(&interface->lease4, fds, count, now_ms), now_ms);
	take_lease6(interface, lease_step(&interface->lease6, fds, count, now_ms));
	if (interface->assignment.settled)
		interface_wipe_secrets(interface);
	advance(interface, now_ms);
}

const char *interface_waiting_for(const struct interface *interface, char *out, size_t size)
{
	if (interface->failure[0])
		snprintf(out, size, "%s", interface->failure);
	else if (interface->state == INTERFACE_CARRIER)
		snprintf(out, size, "carrier on %s", interface->link.name);
	else if (interface->state == INTERFACE_ADDRESS && interface->plan_count)
		return waiting_for_address(interface, out, size);
	else
		snprintf(out, size, "%s", interface->link.name);
	return out;
}
