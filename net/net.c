/* net.c - the machine's interfaces, and when the network can be used.
 *
 * Contracts in net.h. The kernel's events only update what is known; then every interface is looked at again.
 */
/* SPDX-License-Identifier: MIT */
#include "net/net.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/assignment.h"
#include "net/link.h"
#include "net/records.h"
#include "sys/log.h"
#include "sys/monotonic.h"
#include "sys/pollfds.h"
#include "sys/sysfs.h"

#define TYPE_ETHERNET 1    /* ARPHRD_ETHER */
#define QUIET_MS      1000 /* drivers load one after the other */
#define DATAGRAMS_MAX 1024 /* of one step: a flood must not keep the loop from the sessions; poll brings the rest */

/* ---- which plan means which interface ---- */

static bool is_any(const struct interface_plan *plan)
{
	return !plan->name[0] && !plan->has_mac;
}

/* A plan without a name means the interfaces that stand on top: not what a planned VLAN or bond is made of. */
static bool is_meant(const struct network_plan *network, const struct interface_plan *plan,
		     const struct rtnl_link *link)
{
	if (plan->name[0])
		return link_is_called(link, plan->name);
	if (plan->has_mac)
		return link_has_mac(link, plan->mac);
	return (link_is_physical(link) || link_is_planned(network, link)) && !link_is_below(network, link);
}

/* ---- what the kernel says ---- */

static struct interface *find_interface(struct net *net, int index)
{
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index == index)
			return &net->interfaces[i];
	return NULL;
}

/* Whether a plan means it by its name or MAC address. */
static bool is_named(const struct net *net, const struct rtnl_link *link)
{
	for (int i = 0; i < net->plan->interface_count; i++)
		if (!is_any(&net->plan->interfaces[i]) && is_meant(net->plan, &net->plan->interfaces[i], link))
			return true;
	return false;
}

/* A plan that names no interface never means loopback or an interface that is not Ethernet. */
static bool is_of_interest(const struct net *net, const struct rtnl_link *link)
{
	if (link->flags & IFF_LOOPBACK)
		return false;
	return link->type == TYPE_ETHERNET || is_named(net, link);
}

/* A free place. For an interface that a plan names, the place of one that nobody needs is taken if none is free. */
static struct interface *find_place(struct net *net, const struct rtnl_link *link)
{
	struct interface *place = find_interface(net, 0);

	if (place || !is_named(net, link))
		return place;
	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		place = &net->interfaces[i];
		if (place->state != INTERFACE_UNUSED || is_named(net, &place->link))
			continue;
		interface_forget(place);
		return place;
	}
	return NULL;
}

/* Done only when the interface appears, so that unused places are never written to and take no memory. */
static void prepare(struct net *net, struct interface *place)
{
	interface_init(place, &net->rtnl, net->plan, &net->own);
	place->assignment.settled = net->settled;
}

/* Some drivers announce an interface before it may be opened (kernel: e100_probe creates what its open needs only after
   that, and the kernel oopses). Reading this attribute of a PCI or platform device takes the device's lock, which the
   kernel holds while the driver probes, so the read returns when probing is over. */
static void await_driver(int sysfs, const char *name)
{
	char path[RTNL_NAME_MAX + 48], text[8];

	snprintf(path, sizeof(path), "class/net/%s/device/driver_override", name);
	(void)sysfs_read(sysfs, path, text, sizeof(text));
}

static void list_stations(struct net *net)
{
	net->own.count = 0;
	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		const struct rtnl_link *link = &net->interfaces[i].link;

		if (link->index && link->has_mac)
			arp_add_station(&net->own, link->mac);
		if (link->index && link->has_permanent_mac)
			arp_add_station(&net->own, link->permanent_mac);
	}
}

/* A place for a new interface, with the names by which the command line may know it; NULL: there is none. */
static struct interface *admit(struct net *net, const struct rtnl_link *link)
{
	const uint8_t *mac = link->has_permanent_mac ? link->permanent_mac : link->has_mac ? link->mac : NULL;
	struct rtnl_link known = *link;
	struct interface *place;

	netnames_read(net->sysfs, link->name, mac, &known.aliases);
	place = find_place(net, &known);
	if (place) {
		await_driver(net->sysfs, link->name);
		prepare(net, place);
		place->link.aliases = known.aliases;
		net->has_new = true;
	} else if (!net->overflowed) {
		log_warn("there are more than %d network interfaces: %s and any later ones are ignored",
			 NET_INTERFACES_MAX, link->name);
		net->overflowed = true;
	}
	return place;
}

static void set_link(struct net *net, const struct rtnl_link *link)
{
	struct interface *interface = find_interface(net, link->index);

	if (!interface && is_of_interest(net, link))
		interface = admit(net, link);
	if (!interface)
		return;
	interface_set_link(interface, link);
	list_stations(net);
}

static void forget_link(struct net *net, const struct rtnl_link *link)
{
	struct interface *interface = find_interface(net, link->index);

	if (!interface)
		return;
	if (net->winner == interface - net->interfaces)
		net->winner = -1;
	if (interface->state != INTERFACE_UNUSED)
		log_warn("%s is gone", interface->link.name);
	interface_forget(interface);
}

/* The resident process looks again at what root needs. */
static void touch_needs(struct net *net, const struct rtnl_event *event)
{
	switch (event->type) {
	case RTNL_LINK:
	case RTNL_LINK_GONE:
		heal_touch(&net->heal, event->link.index);
		break;
	case RTNL_ADDRESS_GONE:
	case RTNL_ADDRESS:
		heal_touch(&net->heal, event->address.index);
		break;
	case RTNL_ROUTE_GONE:
		heal_touch(&net->heal, 0);
		break;
	default:
		break;
	}
}

static void take_event(void *context, const struct rtnl_event *event)
{
	struct net *net = context;
	struct interface *interface;

	if (net->settled)
		touch_needs(net, event);
	switch (event->type) {
	case RTNL_LINK:
		set_link(net, &event->link);
		break;
	case RTNL_LINK_GONE:
		forget_link(net, &event->link);
		break;
	case RTNL_LINK6:
		interface = find_interface(net, event->link6.index);
		if (interface)
			interface_set_link6(interface, &event->link6);
		break;
	case RTNL_ADDRESS:
	case RTNL_ADDRESS_GONE:
		interface = find_interface(net, event->address.index);
		if (interface && event->address.index)
			interface_set_address(interface, &event->address, event->type == RTNL_ADDRESS_GONE);
		break;
	case RTNL_DNS6:
		interface = find_interface(net, event->dns6.index);
		if (interface && event->dns6.index)
			interface_set_dns6(interface, &event->dns6);
		break;
	case RTNL_ROUTER6:
		interface = find_interface(net, event->router6.index);
		if (interface)
			interface_set_router6(interface);
		break;
	case RTNL_ROUTE:
	case RTNL_ROUTE_GONE:
	case RTNL_OTHER:
		break;
	}
}

/* Marks what a dump shows, so that interfaces that have disappeared can be found. */
struct census {
	struct net *net;
	bool seen[NET_INTERFACES_MAX];
};

static void count_link(void *context, const struct rtnl_event *event)
{
	struct census *census = context;
	struct interface *interface;

	take_event(census->net, event);
	interface = event->type == RTNL_LINK ? find_interface(census->net, event->link.index) : NULL;
	if (interface)
		census->seen[interface - census->net->interfaces] = true;
}

/* At the start, and again after events were lost. */
static int look_at_everything(struct net *net)
{
	struct census census = {.net = net};
	int result = rtnl_dump_links(&net->rtnl, count_link, &census);

	for (int i = 0; i < NET_INTERFACES_MAX && !result; i++) {
		net->interfaces[i].address_count = 0;
		if (net->interfaces[i].link.index && !census.seen[i])
			forget_link(net, &net->interfaces[i].link);
	}
	return result ? result : rtnl_dump_addresses(&net->rtnl, take_event, net);
}

/* The kernel reports an overflow once and then drops events in silence until the queue is empty (kernel: netlink_overrun):
   only a look at everything after that finds what was lost. */
static void read_events(struct net *net)
{
	struct rtnl_reader reader;
	struct rtnl_event event;
	int result = 0;

	for (int i = 0; i < DATAGRAMS_MAX; i++) {
		result = rtnl_receive(&net->rtnl, &reader);
		if (result == -EAGAIN)
			break;
		net->events_lost = net->events_lost || result;
		while (!result && rtnl_next(&reader, &event))
			take_event(net, &event);
	}
	if (result != -EAGAIN || !net->events_lost)
		return;
	net->events_lost = false;
	if (net->settled)
		heal_touch(&net->heal, 0);
	result = look_at_everything(net);
	if (result)
		log_warn("network events were lost, and reading the network's state again failed: %s",
			 strerror(-result));
}

/* ---- giving plans to interfaces ---- */

/* A plan that names the interface is preferred to one that names none. */
static const struct interface_plan *find_plan(const struct net *net, const struct rtnl_link *link)
{
	const struct interface_plan *found = NULL;

	if (link_is_taken(net->plan, link))
		return NULL;
	for (int i = 0; i < net->plan->interface_count; i++) {
		const struct interface_plan *plan = &net->plan->interfaces[i];

		if (is_meant(net->plan, plan, link) && (!found || (is_any(found) && !is_any(plan))))
			found = plan;
	}
	return found;
}

/* Adds every plan that names the interface as the first one does: several ip= may be for one interface. */
static void add_plans(struct net *net, struct interface *interface, const struct interface_plan *first)
{
	interface->plan_count = 0;
	for (int i = 0; i < net->plan->interface_count; i++) {
		const struct interface_plan *plan = &net->plan->interfaces[i];

		if (is_meant(net->plan, plan, &interface->link) && is_any(plan) == is_any(first))
			interface_add_plan(interface, plan);
	}
}

/* The plan is for one interface of any name, and another one has already won. */
static bool comes_too_late(const struct net *net, const struct interface_plan *plan)
{
	return is_any(plan) && plan->first_only && net->winner >= 0;
}

static bool may_be_adopted(const struct net *net, const struct interface *interface, const struct interface_plan *plan)
{
	if (!net->plan->use_existing || !(interface->link.flags & IFF_UP) || !interface_global_address(interface))
		return false;
	return plan || net->plan->interface_count == 0;
}

/* A kernel with IP_PNP has read ip= before us, and renews nothing. */
static void adopt(struct interface *interface, const struct interface_plan *plan, int64_t now_ms)
{
	interface_adopt(interface, now_ms);
	if (plan && (plan->methods & (METHOD_DHCP4 | METHOD_STATIC)) == METHOD_DHCP4 && plan->source == SOURCE_CMDLINE)
		log_warn("%s: DHCP was asked before us by the kernel: nobody renews the lease; "
			 "write iscsi.ip= instead",
			 interface->link.name);
}

static void claim(struct net *net, struct interface *interface, int64_t now_ms)
{
	const struct interface_plan *plan;

	if (!interface->link.index || interface->state != INTERFACE_UNUSED)
		return;
	plan = find_plan(net, &interface->link);
	if (may_be_adopted(net, interface, plan)) {
		if (interface_has_carrier(interface))
			adopt(interface, plan, now_ms);
	} else if (plan && !comes_too_late(net, plan)) {
		add_plans(net, interface, plan);
		interface_claim(interface, now_ms);
	}
}

static void set_failure(struct net *net, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void set_failure(struct net *net, const char *format, ...)
{
	va_list arguments;

	if (net->failure[0])
		return;
	va_start(arguments, format);
	vsnprintf(net->failure, sizeof(net->failure), format, arguments);
	va_end(arguments);
}

static void make_links(struct net *net)
{
	struct link_context context = {.rtnl = &net->rtnl, .sysfs = net->sysfs};

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			context.links[context.count++] = &net->interfaces[i].link;
	for (int i = 0; i < net->plan->link_count; i++) {
		const struct link_plan *plan = &net->plan->links[i];
		int result = link_make(&context, plan, &net->link_made[i]);

		if (result)
			set_failure(net, "%s cannot be created: %s", plan->name, strerror(-result));
	}
}

/* ---- who wins ---- */

static bool has_root_path(const struct interface *interface)
{
	return interface->lease4.dhcp.lease.root_path[0] || interface->lease6.dhcp6.lease.boot_url[0];
}

static bool may_win(const struct net *net, const struct interface *interface)
{
	if (!interface->link.index || interface->state != INTERFACE_USABLE)
		return false;
	return !net->plan->bootdev[0] || link_is_called(&interface->link, net->plan->bootdev);
}

/* The first that is usable. Where DHCP decides the disk: the first with a root path, as long as one may still come. */
static int find_candidate(const struct net *net)
{
	bool under_way = false;
	int found = -1;

	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		const struct interface *interface = &net->interfaces[i];

		under_way = under_way || interface_is_pending(interface);
		if (!may_win(net, interface))
			continue;
		if (!net->plan->wants_root_path || has_root_path(interface))
			return i;
		found = found < 0 ? i : found;
	}
	return under_way ? -1 : found;
}

static void put_planned_routes(struct net *net, const struct interface *winner)
{
	for (int i = 0; i < net->plan->route_count; i++) {
		const struct route_plan *plan = &net->plan->routes[i];

		for (int j = 0; j < NET_INTERFACES_MAX; j++) {
			struct interface *interface = &net->interfaces[j];
			bool named = plan->interface[0] && link_is_called(&interface->link, plan->interface);

			if (net->route_set[i] || interface->state != INTERFACE_USABLE ||
			    !(named || (!plan->interface[0] && interface == winner)))
				continue;
			assignment_set_route(&interface->assignment, plan);
			net->route_set[i] = true;
		}
	}
}

/* Does one lie on the other, as a switch's port on the card that the switch hangs on? A veth's other end is no such. */
static bool lies_on(const struct rtnl_link *link, const struct rtnl_link *other)
{
	return link->parent == other->index && strcmp(link->kind, "veth") != 0;
}

/* Interfaces that were tried together with the winner are put back as they were. */
static void release_losers(struct net *net, int64_t now_ms)
{
	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		struct interface *interface = &net->interfaces[i];

		if (i == net->winner || !interface->plan_count || !is_any(interface->plans[0]) ||
		    !interface->plans[0]->first_only || lies_on(&net->interfaces[net->winner].link, &interface->link))
			continue;
		log_debug("%s: put back as it was, because another interface was usable first", interface->link.name);
		interface_release(interface, now_ms);
	}
}

static void choose_winner(struct net *net, int64_t now_ms)
{
	net->winner = find_candidate(net);
	if (net->winner < 0)
		return;
	net->records_due = true;
	release_losers(net, now_ms);
}

/* The network has failed when no interface is left that could still become usable. */
static void look_for_failure(struct net *net)
{
	const char *why = NULL;
	int failed = 0; /* plans */

	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		const struct interface *interface = &net->interfaces[i];

		if (interface->state == INTERFACE_FAILED) {
			failed += interface->plan_count;
			why = interface->failure;
		} else if (interface->state != INTERFACE_UNUSED) {
			return;
		}
	}
	if (why && failed >= net->plan->interface_count)
		set_failure(net, "%s", why);
}

/* ---- names that no interface has ---- */

/* "eth0 (52:54:00:12:34:56, ens3, enp0s3), eth1 (...)": the interfaces that have drivers, as far as there is room. */
static const char *list_interfaces(const struct net *net, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < NET_INTERFACES_MAX && used < size; i++) {
		const struct rtnl_link *link = &net->interfaces[i].link;

		if (!link->index || !link_is_physical(link))
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s (%02x:%02x:%02x:%02x:%02x:%02x",
					 used ? ", " : "", link->name, link->mac[0], link->mac[1], link->mac[2],
					 link->mac[3], link->mac[4], link->mac[5]);
		for (int j = 0; j < link->aliases.count && used < size; j++)
			used += (size_t)snprintf(out + used, size - used, ", %s", link->aliases.names[j]);
		if (used < size)
			used += (size_t)snprintf(out + used, size - used, ")");
	}
	return out;
}

static bool is_there(const struct net *net, const struct interface_plan *plan)
{
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index && is_meant(net->plan, plan, &net->interfaces[i].link))
			return true;
	return false;
}

/* A planned VLAN or bond is not there before what it is made of. */
static bool will_be_made(const struct net *net, const char *name)
{
	for (int i = 0; i < net->plan->link_count; i++)
		if (!strcmp(net->plan->links[i].name, name))
			return true;
	return false;
}

static void report_missing(const struct net *net, const struct interface_plan *plan)
{
	char there[300];

	if (is_there(net, plan) || will_be_made(net, plan->name) || (!plan->name[0] && !plan->has_mac) ||
	    !list_interfaces(net, there, sizeof(there))[0])
		return;
	if (plan->name[0])
		log_err("no network interface has the name \"%s\"; there are: %s", plan->name, there);
	else
		log_err("no network interface has the MAC address %02x:%02x:%02x:%02x:%02x:%02x; there are: %s",
			plan->mac[0], plan->mac[1], plan->mac[2], plan->mac[3], plan->mac[4], plan->mac[5], there);
}

/* When no new interface has come for a while. */
static void look_for_missing(struct net *net, int64_t now_ms)
{
	if (net->has_new)
		net->missing_at_ms = now_ms + QUIET_MS;
	net->has_new = false;
	if (now_ms < net->missing_at_ms)
		return;
	net->missing_at_ms = INT64_MAX;
	for (int i = 0; i < net->plan->interface_count; i++)
		report_missing(net, &net->plan->interfaces[i]);
}

/* Each interface must speak for itself as soon as there are two. */
static void separate_interfaces(struct net *net)
{
	int used = 0;

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		used += net->interfaces[i].plan_count > 0;
	for (int i = 0; i < NET_INTERFACES_MAX && used > 1; i++)
		if (net->interfaces[i].plan_count)
			interface_separate_arp(&net->interfaces[i]);
}

static void settle_plan(struct net *net, int64_t now_ms)
{
	make_links(net);
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		claim(net, &net->interfaces[i], now_ms);
	separate_interfaces(net);
	if (net->winner < 0)
		choose_winner(net, now_ms);
	look_for_failure(net);
	look_for_missing(net, now_ms);
	if (net->winner >= 0)
		put_planned_routes(net, &net->interfaces[net->winner]);
}

/* ---- name servers ---- */

static void add_dns(struct address out[NET_DNS_MAX], int *count, uint8_t family, const uint8_t *bytes)
{
	struct address address = {.family = family};

	memcpy(address.bytes, bytes, family == 4 ? 4 : 16);
	for (int i = 0; i < *count; i++)
		if (!memcmp(&out[i], &address, sizeof(address)))
			return;
	if (*count < NET_DNS_MAX)
		out[(*count)++] = address;
}

static void add_dns_of(const struct interface *interface, struct address out[NET_DNS_MAX], int *count)
{
	const struct dhcp_lease *lease = &interface->lease4.dhcp.lease;
	const struct dhcp6_lease *lease6 = &interface->lease6.dhcp6.lease;

	for (int i = 0; i < lease->dns_count; i++) {
		const uint8_t bytes[4] = {(uint8_t)(lease->dns[i] >> 24), (uint8_t)(lease->dns[i] >> 16),
					  (uint8_t)(lease->dns[i] >> 8), (uint8_t)lease->dns[i]};

		add_dns(out, count, 4, bytes);
	}
	for (int i = 0; i < lease6->dns_count; i++)
		add_dns(out, count, 6, lease6->dns[i]);
	for (int i = 0; i < interface->dns6.count; i++)
		add_dns(out, count, 6, interface->dns6.servers[i]);
}

int net_dns(const struct net *net, struct address out[NET_DNS_MAX])
{
	int count = 0;

	for (int i = 0; i < net->plan->dns_count; i++)
		add_dns(out, &count, net->plan->dns[i].family, net->plan->dns[i].bytes);
	for (int i = 0; i < NET_INTERFACES_MAX && !net->plan->ignore_peer_dns; i++)
		if (net->interfaces[i].link.index)
			add_dns_of(&net->interfaces[i], out, &count);
	return count;
}

/* Name servers that come late, from a second interface or a router, are recorded too. */
static void look_at_dns(struct net *net)
{
	struct address dns[NET_DNS_MAX] = {{.family = 0}};
	int count = net_dns(net, dns);

	if (count == net->dns_count && !memcmp(dns, net->dns, sizeof(dns)))
		return;
	net->dns_count = count;
	memcpy(net->dns, dns, sizeof(dns));
	net->records_due = net->records_due || net->winner >= 0;
}

/* ---- what the loop calls ---- */

static int bring_up_loopback(struct net *net)
{
	struct rtnl_change up = {.up = true};

	return rtnl_change_link(&net->rtnl, 1, &up); /* kernel: LOOPBACK_IFINDEX */
}

/* Places of interfaces that were never there are not written to, so that they take no memory. */
static void reset(struct net *net, const struct network_plan *plan, int sysfs)
{
	net->plan = plan;
	net->sysfs = sysfs;
	net->winner = -1;
	net->settled = net->overflowed = net->events_lost = net->records_due = net->has_new = false;
	net->missing_at_ms = INT64_MAX;
	net->own.count = 0;
	net->modules_told = 0;
	net->dns_count = 0;
	net->failure[0] = '\0';
	memset(net->link_made, 0, sizeof(net->link_made));
	memset(net->route_set, 0, sizeof(net->route_set));
	memset(net->dns, 0, sizeof(net->dns));
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			interface_init(&net->interfaces[i], &net->rtnl, plan, &net->own);
}

int net_open(struct net *net, const struct network_plan *plan, int sysfs, int64_t now_ms)
{
	int result;

	reset(net, plan, sysfs);
	result = rtnl_open(&net->rtnl);
	if (result)
		return result;
	result = bring_up_loopback(net);
	if (result)
		log_warn("lo cannot be brought up: %s", strerror(-result));
	result = look_at_everything(net);
	if (result) {
		rtnl_close(&net->rtnl);
		return result;
	}
	settle_plan(net, now_ms);
	return 0;
}

int net_pollfds(const struct net *net, struct pollfd *out, int max)
{
	int count = pollfds_add(out, 0, max, net->rtnl.event_fd);

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			count = interface_pollfds(&net->interfaces[i], out, count, max);
	return count;
}

int64_t net_deadline(const struct net *net)
{
	int64_t at = net->settled ? heal_deadline(&net->heal) : net->missing_at_ms;

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			at = monotonic_earlier(at, interface_deadline(&net->interfaces[i]));
	return at;
}

void net_step(struct net *net, const struct pollfd *fds, int count, int64_t now_ms)
{
	if (pollfds_ready(fds, count, net->rtnl.event_fd))
		read_events(net);
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			interface_step(&net->interfaces[i], fds, count, now_ms);
	if (net->settled)
		return;
	settle_plan(net, now_ms);
	look_at_dns(net);
}

/* ---- what others ask ---- */

enum net_state net_state(const struct net *net)
{
	enum net_state state = NET_WAITING_LINK;

	if (net->winner >= 0 && net->interfaces[net->winner].state == INTERFACE_USABLE)
		return NET_USABLE;
	if (net->failure[0])
		return NET_FAILED;
	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		if (net->interfaces[i].state == INTERFACE_ADDRESS)
			return NET_WAITING_ADDRESS;
		if (net->interfaces[i].state == INTERFACE_CARRIER)
			state = NET_WAITING_CARRIER;
	}
	return state;
}

static const char *waiting_for_link(const struct net *net, char *out, size_t size)
{
	const struct interface_plan *plan = net->plan->interface_count ? &net->plan->interfaces[0] : NULL;
	char there[200];

	list_interfaces(net, there, sizeof(there));
	if (!plan)
		snprintf(out, size, "an address on any interface (the command line configures none)");
	else if (plan->name[0])
		snprintf(out, size, "the network interface \"%s\" (is its driver there?)%s%s", plan->name,
			 there[0] ? "; there are: " : "", there);
	else if (plan->has_mac)
		snprintf(out, size, "a network interface with the MAC address %02x:%02x:%02x:%02x:%02x:%02x",
			 plan->mac[0], plan->mac[1], plan->mac[2], plan->mac[3], plan->mac[4], plan->mac[5]);
	else
		snprintf(out, size, "a network interface (is its driver there?)");
	return out;
}

/* Every interface that is waited for, as far as there is room. */
static const char *waiting_for_interfaces(const struct net *net, enum interface_state state, char *out, size_t size)
{
	char one[INTERFACE_FAILURE_MAX];
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < NET_INTERFACES_MAX && used < size; i++) {
		if (net->interfaces[i].state != state)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", or " : "",
					 interface_waiting_for(&net->interfaces[i], one, sizeof(one)));
	}
	return out;
}

const char *net_waiting_for(const struct net *net, char *out, size_t size)
{
	switch (net_state(net)) {
	case NET_WAITING_LINK:
		return waiting_for_link(net, out, size);
	case NET_WAITING_CARRIER:
		return waiting_for_interfaces(net, INTERFACE_CARRIER, out, size);
	case NET_WAITING_ADDRESS:
		return waiting_for_interfaces(net, INTERFACE_ADDRESS, out, size);
	case NET_FAILED:
		snprintf(out, size, "%s", net->failure);
		break;
	case NET_USABLE:
		snprintf(out, size, "nothing");
		break;
	}
	return out;
}

static bool has_link(const struct network_plan *plan, enum link_kind kind)
{
	for (int i = 0; i < plan->link_count; i++)
		if (plan->links[i].kind == kind)
			return true;
	return false;
}

static bool has_method(const struct network_plan *plan, unsigned methods, uint8_t family)
{
	for (int i = 0; i < plan->interface_count; i++)
		if (plan->interfaces[i].methods & methods || plan->interfaces[i].address.family == family)
			return true;
	return false;
}

const char *net_module_wanted(struct net *net)
{
	const struct {
		const char *name;
		bool wanted;
	} modules[] = {
		{"af_packet", has_method(net->plan, METHOD_DHCP4, 4)},
		{"ipv6", has_method(net->plan, METHOD_AUTO6 | METHOD_DHCP6 | METHOD_LINK6, 6)},
		{"8021q", has_link(net->plan, LINK_VLAN)},
		{"bonding", has_link(net->plan, LINK_BOND)},
		{"bridge", has_link(net->plan, LINK_BRIDGE)},
	};

	for (unsigned i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!modules[i].wanted || net->modules_told & 1u << i)
			continue;
		net->modules_told |= 1u << i;
		return modules[i].name;
	}
	return NULL;
}

unsigned net_answers(const struct net *net)
{
	unsigned answers = 0;

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			answers += (unsigned)__builtin_popcount(interface_answers(&net->interfaces[i]));
	return answers;
}

const char *net_real_name(const struct net *net, const char *name)
{
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index && netnames_has(&net->interfaces[i].link.aliases, name))
			return net->interfaces[i].link.name;
	return NULL;
}

static const struct interface *find_winner(const struct net *net)
{
	return net->winner >= 0 ? &net->interfaces[net->winner] : NULL;
}

const struct dhcp_lease *net_lease(const struct net *net)
{
	const struct interface *winner = find_winner(net);

	return winner && dhcp_has_lease(&winner->lease4.dhcp) ? &winner->lease4.dhcp.lease : NULL;
}

const struct dhcp6_lease *net_lease6(const struct net *net)
{
	const struct interface *winner = find_winner(net);

	return winner && dhcp6_has_lease(&winner->lease6.dhcp6) ? &winner->lease6.dhcp6.lease : NULL;
}

const uint8_t *net_boot_mac(const struct net *net)
{
	const struct interface *winner = find_winner(net);

	return winner && winner->link.has_mac ? winner->link.mac : NULL;
}

/* The earliest of all interfaces; 0: none has it. */
static int64_t first(int64_t a, int64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

int64_t net_link_ms(const struct net *net)
{
	int64_t at = 0;

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		at = first(at, net->interfaces[i].link_ms);
	return at;
}

int64_t net_address_ms(const struct net *net)
{
	int64_t at = 0;

	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		at = first(at, net->interfaces[i].address_ms);
	return at;
}

/* ---- records ---- */

bool net_records_due(struct net *net)
{
	bool due = net->records_due;

	net->records_due = false;
	return due;
}

int net_write_resolver(const struct net *net, const char *root)
{
	struct address dns[NET_DNS_MAX];
	int count = net_dns(net, dns);

	return records_write_resolver(root, find_winner(net), dns, count);
}

int net_write_records(const struct net *net, const char *root)
{
	struct address dns[NET_DNS_MAX];
	int count = net_dns(net, dns), result = 0, one;
	const struct interface *winner = find_winner(net);

	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		if (net->interfaces[i].state != INTERFACE_USABLE)
			continue;
		one = records_write_interface(root, &net->interfaces[i], dns, count);
		result = result ? result : one;
	}
	one = winner ? records_write_boot(root, winner) : 0;
	result = result ? result : one;
	one = net_write_resolver(net, root);
	return result ? result : one;
}

void net_wipe_secrets(struct net *net)
{
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			interface_wipe_secrets(&net->interfaces[i]);
}

void net_settle(struct net *net, bool heals)
{
	net->settled = true;
	heal_init(&net->heal, heals ? &net->rtnl : NULL);
	if (rtnl_hear_lost_routes(&net->rtnl))
		log_warn("a route that root needs and loses is only noticed when its connection breaks");
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		if (net->interfaces[i].link.index)
			interface_settle(&net->interfaces[i]);
}
