/* network_words.c - everything on the command line about the network. See network_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/network_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/ip_word.h"
#include "plan/link_words.h"
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

/* netmask=, gateway= and others complete an address that stands alone (anaconda's grammar, which dracut reads, too). */
static int complete_bare(const struct cmdline *cmdline, struct interface_plan *interface, struct fault *fault)
{
	struct text gateway = words_value(cmdline, WORD_GATEWAY), mask = words_value(cmdline, WORD_NETMASK);
	struct text device = words_value(cmdline, WORD_KSDEVICE), host = words_value(cmdline, WORD_HOSTNAME);

	if (gateway.length && !text_is(gateway, ADDRESS_NONE) && address_read(gateway, &interface->gateway) < 0)
		return fault_set(fault, gateway.at, "gateway=: expected an address");
	if (mask.length && address_read_mask(mask, interface->address.family, &interface->prefix) < 0)
		return fault_set(fault, mask.at, "netmask=: expected 255.255.255.0 or a prefix length");
	if (text_is_word(device, "bootif") || text_is(device, "link") || text_is(device, "ibft"))
		device.length = 0;
	interface->has_mac |= device.length && address_read_mac(device, ':', interface->mac) == 0;
	if (device.length && !interface->has_mac && address_read_interface(device, interface->name) < 0)
		return fault_set(fault, device.at, "ksdevice=: expected an interface");
	if (host.length && text_copy(host, interface->hostname, sizeof(interface->hostname)) < 0)
		return fault_set(fault, host.at, "hostname=: too long");
	return ip_word_read_mtu(words_value(cmdline, WORD_MTU), &interface->mtu, fault);
}

/* "01-52-54-00-12-34-56": hardware type and address (pxelinux; GRUB's scripts have ':' behind the type), or the address
   alone, with '-' or ':'. */
static int read_bootif(struct text value, uint8_t mac[6], struct fault *fault)
{
	struct text text = value.length == 20 ? text_skip(value, 3) : value;

	if (address_read_mac(text, text_has(text, '-') ? '-' : ':', mac) < 0)
		return fault_expected(fault, value, "expected a MAC address, as 01-52-54-00-12-34-56");
	return 0;
}

/* ip=...:BOOTIF:... */
static int find_boot_interface(const struct cmdline *cmdline, struct interface_plan *interface, struct fault *fault)
{
	struct text value = words_value(cmdline, WORD_BOOTIF);

	if (!value.at)
		return fault_set(fault, NULL, "the interface is BOOTIF, but there is no word BOOTIF=");
	interface->has_mac = true;
	return read_bootif(value, interface->mac, fault);
}

static int add_interface(const struct cmdline *cmdline, const struct word *at, const struct ip_word *word,
			 struct plan *plan, struct fault *fault)
{
	struct network_plan *network = &plan->network;
	struct interface_plan *interface = &network->interfaces[network->interface_count];

	if (network->interface_count == PLAN_INTERFACES_MAX)
		return fault_set(fault, NULL, "more than %d interfaces", PLAN_INTERFACES_MAX);
	*interface = word->interface;
	if (word->boot_interface && find_boot_interface(cmdline, interface, fault) < 0)
		return -EINVAL;
	interface->source = SOURCE_CMDLINE;
	if (word->bare_address && complete_bare(cmdline, interface, fault) < 0)
		return -EINVAL;
	if (word->guesses_prefix && !(word->bare_address && words_value(cmdline, WORD_NETMASK).length))
		words_note(plan, cmdline, at, NULL, "%s= has no netmask: /%u is used, after the address's class",
			   word_rows[words_find(cmdline_key(cmdline, at))].name, interface->prefix);
	for (int i = 0; i < word->dns_count; i++)
		add_dns(plan, &word->dns[i]);
	if (word->ignored_server)
		words_note(plan, cmdline, at, NULL, "the server field of ip= has no meaning for iSCSI");
	network->interface_count++;
	return 0;
}

static int read_ip(const struct cmdline *cmdline, const struct word *at, struct plan *plan, struct network_words *found,
		   struct fault *fault)
{
	struct ip_word word;

	if (ip_word_read(cmdline_value(cmdline, at), &word, fault) < 0)
		return -EINVAL;
	if (word.form == IP_FIRMWARE) {
		found->firmware = true; /* where there is no iBFT the defaults hold */
		return 0;
	}
	found->given = true;
	if (word.form != IP_INTERFACE)
		return 0;
	return add_interface(cmdline, at, &word, plan, fault);
}

/* Two interfaces can only be told apart by name or MAC address. */
static bool is_nameless_beside_others(const struct network_plan *network)
{
	const struct interface_plan *last = &network->interfaces[network->interface_count - 1];
	const struct interface_plan *first = &network->interfaces[0];

	return network->interface_count > 1 && (link_words_is_nameless(last) || link_words_is_nameless(first));
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

/* ---- ip6= ---- */

static struct interface_plan *find_interface(struct network_plan *network, struct text name)
{
	for (int i = 0; i < network->interface_count; i++)
		if (!name.length ? link_words_is_nameless(&network->interfaces[i])
				 : text_is(name, network->interfaces[i].name))
			return &network->interfaces[i];
	return NULL;
}

/* ip6= of Debian and Ubuntu adds an address by IPv6 to what ip= says: on a device, or on any (dhcp, on, auto). */
static int read_ip6(struct text value, struct plan *plan, struct network_words *found, struct fault *fault)
{
	static const char *const any[] = {"", "dhcp", "on", "any", "auto", "dhcp6", "auto6"};
	struct network_plan *network = &plan->network;
	struct interface_plan *interface;
	struct text name = value;

	if (text_is(value, "off") || text_is(value, "none"))
		return 0;
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		if (text_is(value, any[i]))
			name.length = 0;
	found->given = true;
	interface = find_interface(network, name);
	if (!interface) {
		if (network->interface_count == PLAN_INTERFACES_MAX)
			return fault_set(fault, NULL, "more than %d interfaces", PLAN_INTERFACES_MAX);
		interface = &network->interfaces[network->interface_count];
		*interface = (struct interface_plan){.source = SOURCE_CMDLINE};
		if (name.length && address_read_interface(name, interface->name) < 0)
			return fault_expected(fault, value, "expected an interface, dhcp, on or off");
		network->interface_count++;
	}
	interface->others_go_on |= interface->methods != 0;
	interface->methods |= METHOD_AUTO6 | METHOD_DHCP6;
	interface->any_method = true;
	return 0;
}

static int apply_ip6(const struct cmdline *cmdline, struct plan *plan, struct network_words *found,
		     struct plan_error *error)
{
	const struct word *at = words_last(cmdline, WORD_IP6);
	struct fault fault = {0};

	if (at && read_ip6(cmdline_value(cmdline, at), plan, found, &fault) < 0)
		return cmdline_error(error, cmdline, at, &fault);
	return 0;
}

void network_words_leave_ipv6(const struct cmdline *cmdline, struct plan *plan)
{
	static const unsigned six = METHOD_AUTO6 | METHOD_DHCP6 | METHOD_LINK6;

	if (!text_is(words_value(cmdline, WORD_NO_IPV6), "1"))
		return;
	for (int i = 0; i < plan->network.interface_count; i++) {
		struct interface_plan *interface = &plan->network.interfaces[i];

		if (!(interface->methods & six))
			continue;
		words_note(plan, cmdline, words_last(cmdline, WORD_NO_IPV6), NULL,
			   "the kernel has no IPv6, so the interface%s%s gets no address by it",
			   interface->name[0] ? " " : "", interface->name);
		interface->methods &= ~six;
	}
}

/* ---- words that are not supported ---- */

/* These words would change the network, so that ignoring them in silence could boot another disk. */
static void note_unsupported(const struct cmdline *cmdline, struct plan *plan)
{
	static const enum word_key keys[] = {WORD_DHCP_DSCP, WORD_DNS,  WORD_DNS_BACKEND, WORD_DNS_MODE,
					     WORD_ETHTOOL,   WORD_PKEY, WORD_ZNET,        WORD_ZNET_NAME};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (words_last(cmdline, keys[i]))
			words_note(plan, cmdline, words_last(cmdline, keys[i]), NULL,
				   "this word is not supported, and has no effect");
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
		return fault_set(fault, gateway.at, "the network and the gateway belong to different address families");
	if (interface.at && link_words_read_name(interface, route->interface, "route", fault) < 0)
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
	return link_words_read_name(value, plan->network.bootdev, "bootdev", fault);
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

/* dracut tries DHCP this many times, each for the time-out; here it is one conversation of the same length. */
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

/* Waits here are for events, so that these words have no effect. They are read to find typing errors. */
static int read_needless_timeout(struct text value, struct plan *plan, struct fault *fault)
{
	int seconds;

	(void)plan;
	return read_number(value, SECONDS_MAX, &seconds, fault);
}

/* rd.net.dhcp.vendor-class=: a DHCPv4 server may choose the root-path by it. */
static int read_vendor_class(struct text value, struct plan *plan, struct fault *fault)
{
	for (int i = 0; i < plan->network.interface_count; i++) {
		char *vendor_class = plan->network.interfaces[i].vendor_class;
		size_t size = sizeof(plan->network.interfaces[i].vendor_class);

		if (!value.length || text_copy(value, vendor_class, size) < 0)
			return fault_set(fault, value.at, "expected a DHCP vendor class of 1 to %zu bytes", size - 1);
	}
	return 0;
}

/* NetworkManager's forms: "mac" and "perm-mac"; bytes as 01-52-54-00-12-34-56 or with ':'; "@text" has type 0, and so has any
   other text. */
static int read_client_id(struct text value, struct interface_plan *interface, struct fault *fault)
{
	static const char *const made[] = {"duid", "ipv6-duid", "stable", "none"};
	struct text rest = value;
	char shown[TEXT_SHOWN], separator = text_has(value, '-') ? '-' : ':';
	size_t length = 0;

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (text_is(value, made[i]))
			return fault_set(fault, value.at,
					 "%s is not supported; write the bytes, as 01:52:54:00:12:34:56",
					 text_show(value, shown));
	if (!value.length || value.length >= sizeof(interface->client_id))
		return fault_set(fault, value.at, "expected a DHCP client id of 1 to %zu characters",
				 sizeof(interface->client_id) - 1);
	interface->client_id_length = 0;
	if (text_is(value, "mac") || text_is(value, "perm-mac"))
		return 0;
	while (rest.at) {
		struct text byte = text_cut(&rest, separator);
		uint64_t number;

		if (!byte.length || byte.length > 2 || text_number(byte, 16, 0xff, &number) < 0)
			break;
		interface->client_id[length++] = (uint8_t)number;
	}
	if (rest.at || length < 2) {
		value = text_skip(value, text_starts(value, "@"));
		interface->client_id[0] = 0;
		memcpy(interface->client_id + 1, value.at, value.length);
		length = value.length + 1;
	}
	interface->client_id_length = (uint8_t)length;
	return 0;
}

/* [interface:]id. No interface stands before the first ':' if that is a byte, or the text begins with '@'. */
static int read_client_ids(struct text value, struct plan *plan, struct fault *fault)
{
	struct text id = value, name = text_cut(&id, ':');
	bool is_used = !plan->network.interface_count;
	uint64_t byte;

	if (!id.at || text_starts(value, "@") || text_number(name, 16, 0xff, &byte) == 0) {
		name.length = 0;
		id = value;
	}
	for (int i = 0; i < plan->network.interface_count; i++) {
		struct interface_plan *interface = &plan->network.interfaces[i];

		if (name.length && interface->name[0] && !text_is(name, interface->name))
			continue;
		is_used = true;
		if (read_client_id(id, interface, fault) < 0)
			return -EINVAL;
	}
	if (!is_used)
		plan_note(plan, "rd.net.dhcp.client-id= names an interface that no ip= sets up");
	return 0;
}

/* In the order in which they are read: those below may change what those above made. */
static const struct {
	enum word_key key;
	int (*read)(struct text value, struct plan *plan, struct fault *fault);
} rows[] = {
	{WORD_ROUTE, read_route},
	{WORD_NAMESERVER, read_nameserver},
	{WORD_BOOTDEV, read_bootdev},
	{WORD_CLIENT_ID, read_client_ids},
	{WORD_VENDOR_CLASS, read_vendor_class},
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
		struct text value = cmdline_value(cmdline, at);
		struct fault fault = {0};

		if (value.length && rows[row].read(value, plan, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}

/* Without any ip= there is one interface with DHCP, to which BOOTIF= and bootdev= can apply. */
static void add_default_interface(struct plan *plan)
{
	struct interface_plan *interface = &plan->network.interfaces[0];

	memset(interface, 0, sizeof(*interface));
	interface->methods = METHOD_DHCP4;
	interface->first_only = true;
	interface->source = SOURCE_DEFAULT;
	plan->network.interface_count = 1;
}

static int apply_boot_interface(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	const struct word *at = words_last(cmdline, WORD_BOOTIF);
	struct text value = words_value(cmdline, WORD_BOOTIF); /* a template whose variable is empty: 01- */
	struct fault fault = {0};

	for (int i = 0; i < plan->network.interface_count; i++) {
		struct interface_plan *interface = &plan->network.interfaces[i];

		if (!link_words_is_nameless(interface))
			continue;
		memcpy(interface->name, plan->network.bootdev, sizeof(interface->name));
		if (interface->name[0] || value.length <= strlen("01-") || !words_flag(cmdline, WORD_USE_BOOTIF, true))
			continue;
		if (read_bootif(value, interface->mac, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
		interface->has_mac = true;
	}
	return 0;
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
	if (!own && apply_ip6(cmdline, plan, found, error) < 0)
		return -EINVAL;
	if (!found->given)
		add_default_interface(plan);
	if (link_words_read(cmdline, plan, error) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (read_row(cmdline, i, plan, error) < 0)
			return -EINVAL;
	note_unsupported(cmdline, plan);
	return apply_boot_interface(cmdline, plan, error);
}
