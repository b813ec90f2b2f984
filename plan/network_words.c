/* network_words.c - everything on the command line about the network. See network_words.h. */
#include "plan/network_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/ip_word.h"
#include "plan/words.h"

#define SECONDS_MAX 86400
#define RETRIES_MAX 1000

/* ---- ip= ---- */

static int add_dns(struct plan *plan, const struct address *address)
{
	struct network_plan *network = &plan->network;
	char written[ADDRESS_TEXT_MAX];

	if (network->dns_count == PLAN_DNS_MAX) {
		plan_note(plan, "name server %s is not used: at most %d are", address_write(address, written),
			  PLAN_DNS_MAX);
		return 0;
	}
	network->dns[network->dns_count++] = *address;
	return 0;
}

/* A lone address is completed by words of their own (anaconda's grammar, which dracut reads too). */
static int complete_bare(const struct cmdline *cmdline, struct interface_plan *interface, struct fault *fault)
{
	struct text gateway = words_value(cmdline, WORD_GATEWAY), mask = words_value(cmdline, WORD_NETMASK);
	struct text device = words_value(cmdline, WORD_KSDEVICE), host = words_value(cmdline, WORD_HOSTNAME);

	if (gateway.length && address_read(gateway, &interface->gateway) < 0)
		return fault_set(fault, gateway.at, "gateway=: expected an address");
	if (mask.length && address_read_mask(mask, interface->address.family, &interface->prefix) < 0)
		return fault_set(fault, mask.at, "netmask=: expected 255.255.255.0 or a prefix length");
	if (device.length && !text_is(device, "bootif") && !text_is(device, "link") &&
	    address_read_interface(device, interface->name) < 0)
		return fault_set(fault, device.at, "ksdevice=: expected an interface");
	if (host.length && text_copy(host, interface->hostname, sizeof(interface->hostname)) < 0)
		return fault_set(fault, host.at, "hostname=: too long");
	return ip_word_read_mtu(words_value(cmdline, WORD_MTU), &interface->mtu, fault);
}

static int add_interface(const struct cmdline *cmdline, const struct word *at, const struct ip_word *word,
			 struct plan *plan, struct fault *fault)
{
	struct network_plan *network = &plan->network;
	struct interface_plan *interface = &network->interfaces[network->interface_count];

	if (network->interface_count == PLAN_INTERFACES_MAX)
		return fault_set(fault, NULL, "more than %d interfaces", PLAN_INTERFACES_MAX);
	*interface = word->interface;
	interface->source = SOURCE_CMDLINE;
	if (word->bare_address && complete_bare(cmdline, interface, fault) < 0)
		return -EINVAL;
	if (word->guesses_prefix && !(word->bare_address && words_value(cmdline, WORD_NETMASK).length))
		plan_note(plan, "command line, word %d: no netmask in ip=: /%u, by the address's class",
			  cmdline_number(cmdline, at), interface->prefix);
	for (int i = 0; i < word->dns_count; i++)
		add_dns(plan, &word->dns[i]);
	if (word->ignored_server)
		plan_note(plan, "command line, word %d: the server field of ip= has no meaning for iSCSI",
			  cmdline_number(cmdline, at));
	network->interface_count++;
	return 0;
}

static int read_ip(const struct cmdline *cmdline, const struct word *at, struct plan *plan, struct network_words *found,
		   struct fault *fault)
{
	struct ip_word word;

	if (ip_word_read(cmdline_value(cmdline, at), &word, fault) < 0)
		return -EINVAL;
	found->given = true;
	if (word.form == IP_FIRMWARE)
		found->firmware = true;
	if (word.form != IP_INTERFACE)
		return 0;
	return add_interface(cmdline, at, &word, plan, fault);
}

/* Two interfaces can only be told apart by name or MAC address. */
static bool is_nameless_beside_others(const struct network_plan *network)
{
	const struct interface_plan *last = &network->interfaces[network->interface_count - 1];
	const struct interface_plan *first = &network->interfaces[0];

	return network->interface_count > 1 &&
	       ((!last->name[0] && !last->has_mac) || (!first->name[0] && !first->has_mac));
}

static int read_ips(const struct cmdline *cmdline, enum word_key key, struct plan *plan, struct network_words *found,
		    struct plan_error *error)
{
	for (const struct word *at = words_next(cmdline, NULL, key); at; at = words_next(cmdline, at, key)) {
		struct fault fault = {0};

		if (read_ip(cmdline, at, plan, found, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
		if (plan->network.interface_count && is_nameless_beside_others(&plan->network)) {
			fault_set(&fault, NULL, "with several %s= each must name its interface", word_rows[key].name);
			return cmdline_error(error, cmdline, at, &fault);
		}
	}
	return 0;
}

/* ---- links ---- */

static struct link_plan *new_link(struct plan *plan, enum link_kind kind, struct fault *fault)
{
	struct network_plan *network = &plan->network;
	struct link_plan *link = &network->links[network->link_count];

	if (network->link_count == PLAN_LINKS_MAX) {
		fault_set(fault, NULL, "more than %d vlan=, bond= and ifname= together", PLAN_LINKS_MAX);
		return NULL;
	}
	memset(link, 0, sizeof(*link));
	link->kind = kind;
	return link;
}

static int read_name(struct text text, char out[PLAN_IFNAME_MAX], const char *what, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	if (address_read_interface(text, out) < 0)
		return fault_set(fault, text.at, "%s: expected an interface, not %s", what, text_show(text, shown));
	return 0;
}

/* ifname=name:MAC */
static int read_ifname(struct text value, struct plan *plan, struct fault *fault)
{
	struct text mac = value, name = text_cut(&mac, ':');
	struct link_plan *link = new_link(plan, LINK_RENAME, fault);
	char shown[TEXT_SHOWN];

	if (!link || read_name(name, link->name, "new name", fault) < 0)
		return -EINVAL;
	if (address_read_mac(mac, ':', link->mac) < 0)
		return fault_set(fault, mac.at ? mac.at : value.at,
				 "expected name:MAC, as eth0:52:54:00:12:34:56, not %s", text_show(value, shown));
	plan->network.link_count++;
	return 0;
}

/* The number at the end of vlan5, vlan0005, eth0.5, eth0.0005. */
static int read_vlan_number(struct text name, uint16_t *number)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < name.length && name.at[name.length - 1 - digits] >= '0' &&
	       name.at[name.length - 1 - digits] <= '9')
		digits++;
	if (digits == name.length ||
	    text_number((struct text){.at = name.at + name.length - digits, .length = digits}, 10, 4094, &value) < 0 ||
	    value == 0)
		return -EINVAL;
	*number = (uint16_t)value;
	return 0;
}

/* vlan=name:parent */
static int read_vlan(struct text value, struct plan *plan, struct fault *fault)
{
	struct text parent = value, name = text_cut(&parent, ':');
	struct link_plan *link = new_link(plan, LINK_VLAN, fault);

	if (!link || read_name(name, link->name, "VLAN", fault) < 0)
		return -EINVAL;
	if (!parent.at)
		return fault_expected(fault, value, "expected name:parent, as vlan5:eth0");
	if (read_vlan_number(name, &link->vlan) < 0)
		return fault_expected(fault, name, "expected a name that ends in the VLAN's number, 1 to 4094");
	if (read_name(parent, link->parent, "parent", fault) < 0)
		return -EINVAL;
	plan->network.link_count++;
	return 0;
}

static int read_slaves(struct text list, struct link_plan *link, struct fault *fault)
{
	while (list.at) {
		struct text slave = text_cut(&list, ',');

		if (link->slave_count == (int)(sizeof(link->slaves) / sizeof(link->slaves[0])))
			return fault_set(fault, slave.at, "more than %d slaves", link->slave_count);
		if (read_name(slave, link->slaves[link->slave_count], "slave", fault) < 0)
			return -EINVAL;
		link->slave_count++;
	}
	return 0;
}

/* bond[=name[:slave,slave[:option=value,...[:mtu]]]]; the defaults are dracut's */
static int read_bond(struct text value, struct plan *plan, struct fault *fault)
{
	struct text rest = value, name = text_cut_bracketed(&rest, ':');
	struct link_plan *link = new_link(plan, LINK_BOND, fault);
	struct text slaves = text_cut_bracketed(&rest, ':'), options = text_cut_bracketed(&rest, ':');
	struct text mtu = text_cut(&rest, ':');

	if (!link)
		return -EINVAL;
	if (read_name(name.length ? name : text_of("bond0"), link->name, "bond", fault) < 0 ||
	    read_slaves(slaves.length ? slaves : text_of("eth0,eth1"), link, fault) < 0)
		return -EINVAL;
	if (!options.length)
		options = text_of("mode=balance-rr");
	if (text_copy(options, link->options, sizeof(link->options)) < 0)
		return fault_set(fault, options.at, "bond options: longer than %zu bytes", sizeof(link->options) - 1);
	if (rest.at)
		return fault_set(fault, rest.at, "expected name:slaves:options:mtu and no more");
	if (ip_word_read_mtu(mtu, &link->mtu, fault) < 0)
		return -EINVAL;
	plan->network.link_count++;
	return 0;
}

/* ---- routes, name servers ---- */

/* rd.route=net/prefix:gateway[:interface] */
static int read_route(struct text value, struct plan *plan, struct fault *fault)
{
	struct route_plan *route = &plan->network.routes[plan->network.route_count];
	struct text rest = value, to = text_cut_bracketed(&rest, ':'), gateway = text_cut_bracketed(&rest, ':');
	struct text interface = rest;
	bool has_prefix = false;

	if (plan->network.route_count == PLAN_ROUTES_MAX)
		return fault_set(fault, NULL, "more than %d routes", PLAN_ROUTES_MAX);
	memset(route, 0, sizeof(*route));
	if (!text_is(to, "default") && address_read_prefix(to, &route->to, &route->prefix, &has_prefix) < 0)
		return fault_expected(fault, to, "expected network/prefix:gateway[:interface]");
	if (!has_prefix)
		route->prefix = route->to.family == 4 ? 32 : route->to.family == 6 ? 128 : 0;
	if (gateway.length && address_read(gateway, &route->gateway) < 0)
		return fault_expected(fault, gateway, "expected the gateway's address");
	if (!gateway.length && !interface.length)
		return fault_set(fault, value.at, "expected a gateway or an interface after the network");
	if (route->to.family && route->gateway.family && route->to.family != route->gateway.family)
		return fault_set(fault, gateway.at, "network and gateway are of two families");
	if (interface.at && read_name(interface, route->interface, "route", fault) < 0)
		return -EINVAL;
	plan->network.route_count++;
	return 0;
}

static int read_nameserver(struct text value, struct plan *plan, struct fault *fault)
{
	struct address address;

	if (address_read(value, &address) < 0)
		return fault_expected(fault, value, "expected a name server's address");
	return add_dns(plan, &address);
}

/* ---- single settings ---- */

static int read_bootdev(struct text value, struct plan *plan, struct fault *fault)
{
	return read_name(value, plan->network.bootdev, "bootdev", fault);
}

/* "01-52-54-00-12-34-56": hardware type and address (pxelinux), or the address alone, with '-' or ':'. */
static int read_bootif(struct text value, struct plan *plan, struct fault *fault)
{
	struct text mac = value;
	char separator = text_has(value, '-') ? '-' : ':';
	uint8_t bytes[6];

	if (mac.length == 20)
		(void)text_cut(&mac, separator);
	if (address_read_mac(mac, separator, bytes) < 0)
		return fault_expected(fault, value, "expected a MAC address, as 01-52-54-00-12-34-56");
	for (int i = 0; i < plan->network.interface_count; i++) {
		struct interface_plan *interface = &plan->network.interfaces[i];

		if (interface->name[0] || interface->has_mac)
			continue;
		memcpy(interface->mac, bytes, sizeof(bytes));
		interface->has_mac = true;
	}
	return 0;
}

static int read_number(struct text value, unsigned max, int *out, struct fault *fault)
{
	char shown[TEXT_SHOWN];
	uint64_t number;

	if (text_number(value, 10, max, &number) < 0)
		return fault_set(fault, value.at, "expected a number from 0 to %u, not %s", max,
				 text_show(value, shown));
	*out = (int)number;
	return 0;
}

static int read_dhcp_timeout(struct text value, struct plan *plan, struct fault *fault)
{
	return read_number(value, SECONDS_MAX, &plan->network.dhcp_timeout_s, fault);
}

/* dracut tries DHCP so many times for the time-out each; here it is one conversation. */
static int read_dhcp_retry(struct text value, struct plan *plan, struct fault *fault)
{
	int tries = 0;

	if (read_number(value, RETRIES_MAX, &tries, fault) < 0)
		return -EINVAL;
	if (tries)
		plan->network.dhcp_timeout_s *= tries;
	return 0;
}

static int read_carrier_timeout(struct text value, struct plan *plan, struct fault *fault)
{
	return read_number(value, SECONDS_MAX, &plan->network.carrier_timeout_s, fault);
}

/* What events make needless: read, so that a typing error is found, and without effect. */
static int read_needless_timeout(struct text value, struct plan *plan, struct fault *fault)
{
	int seconds;

	(void)plan;
	return read_number(value, SECONDS_MAX, &seconds, fault);
}

static int refuse_link(struct text value, struct plan *plan, struct fault *fault)
{
	(void)value;
	if (!plan->network.interface_count && !plan->target_count)
		return 0;
	return fault_set(fault, NULL, "team and bridge are not set up here; bond= and vlan= are");
}

/* In the order in which they are read: those below may change what those above made. */
static const struct {
	enum word_key key;
	int (*read)(struct text value, struct plan *plan, struct fault *fault);
} rows[] = {
	{WORD_IFNAME, read_ifname},
	{WORD_VLAN, read_vlan},
	{WORD_BOND, read_bond},
	{WORD_TEAM, refuse_link},
	{WORD_BRIDGE, refuse_link},
	{WORD_ROUTE, read_route},
	{WORD_NAMESERVER, read_nameserver},
	{WORD_BOOTDEV, read_bootdev},
	{WORD_DHCP_TIMEOUT, read_dhcp_timeout},
	{WORD_DHCP_RETRY, read_dhcp_retry},
	{WORD_CARRIER_TIMEOUT, read_carrier_timeout},
	{WORD_IFLINK_TIMEOUT, read_needless_timeout},
	{WORD_IFUP_TIMEOUT, read_needless_timeout},
	{WORD_ROUTE_TIMEOUT, read_needless_timeout},
	{WORD_DAD_TIMEOUT, read_needless_timeout},
	{WORD_AUTO6_TIMEOUT, read_needless_timeout},
};

static int read_row(const struct cmdline *cmdline, unsigned row, struct plan *plan, struct plan_error *error)
{
	enum word_key key = rows[row].key;
	bool each = word_rows[key].repeat == REPEAT_ADDS;
	const struct word *at = each ? words_next(cmdline, NULL, key) : words_last(cmdline, key);

	for (; at; at = each ? words_next(cmdline, at, key) : NULL) {
		struct fault fault = {0};

		if (rows[row].read(cmdline_value(cmdline, at), plan, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}

/* Without any ip= there is one interface by DHCP, so that BOOTIF= and bootdev= have something to hold for. */
static void add_default_interface(struct plan *plan)
{
	struct interface_plan *interface = &plan->network.interfaces[0];

	memset(interface, 0, sizeof(*interface));
	interface->methods = METHOD_DHCP4;
	interface->source = SOURCE_DEFAULT;
	plan->network.interface_count = 1;
}

static int apply_boot_interface(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	const struct word *at = words_last(cmdline, WORD_BOOTIF);
	struct fault fault = {0};

	for (int i = 0; plan->network.bootdev[0] && i < plan->network.interface_count; i++) {
		struct interface_plan *interface = &plan->network.interfaces[i];

		if (!interface->name[0] && !interface->has_mac)
			memcpy(interface->name, plan->network.bootdev, sizeof(interface->name));
	}
	if (!at || !words_flag(cmdline, WORD_USE_BOOTIF, true))
		return 0;
	return read_bootif(cmdline_value(cmdline, at), plan, &fault) < 0 ? cmdline_error(error, cmdline, at, &fault)
									 : 0;
}

int network_words_read(const struct cmdline *cmdline, struct plan *plan, struct network_words *found,
		       struct plan_error *error)
{
	bool own = words_next(cmdline, NULL, WORD_IP_OWN) != NULL;

	*found = (struct network_words){0};
	plan->network.use_existing = !own;
	plan->network.ignore_peer_dns = !words_flag(cmdline, WORD_PEERDNS, true);
	if (own) {
		if (read_ips(cmdline, WORD_IP_OWN, plan, found, error) < 0)
			return -EINVAL;
	} else if (read_ips(cmdline, WORD_NFSADDRS, plan, found, error) < 0 ||
		   read_ips(cmdline, WORD_IP, plan, found, error) < 0) {
		return -EINVAL;
	}
	if (!found->given)
		add_default_interface(plan);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (read_row(cmdline, i, plan, error) < 0)
			return -EINVAL;
	return apply_boot_interface(cmdline, plan, error);
}
