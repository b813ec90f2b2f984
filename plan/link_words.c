/* link_words.c - vlan=, bond=, team=, bridge= and ifname=. See link_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/link_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/ip_word.h"
#include "plan/words.h"

bool link_words_is_nameless(const struct interface_plan *interface)
{
	return !interface->name[0] && !interface->has_mac;
}

int link_words_read_name(struct text text, char out[PLAN_IFNAME_MAX], const char *what, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	if (address_read_interface(text, out) < 0)
		return fault_set(fault, text.at, "%s: expected an interface, not %s", what, text_show(text, shown));
	return 0;
}

static struct link_plan *new_link(struct plan *plan, enum link_kind kind, struct fault *fault)
{
	struct network_plan *network = &plan->network;
	struct link_plan *link = &network->links[network->link_count];

	if (network->link_count == PLAN_LINKS_MAX) {
		fault_set(fault, NULL, "more than %d of vlan=, bond=, team=, bridge= and ifname= together",
			  PLAN_LINKS_MAX);
		return NULL;
	}
	memset(link, 0, sizeof(*link));
	link->kind = kind;
	return link;
}

/* ifname=name:MAC */
static int read_ifname(struct text value, struct plan *plan, struct fault *fault)
{
	struct text mac = value, name = text_cut(&mac, ':');
	struct link_plan *link = new_link(plan, LINK_RENAME, fault);
	char shown[TEXT_SHOWN];

	if (!value.length)
		return 0;
	if (!link || link_words_read_name(name, link->name, "new name", fault) < 0)
		return -EINVAL;
	if (address_read_mac(mac, ':', link->mac) < 0)
		return fault_set(fault, mac.at ? mac.at : value.at,
				 "expected name:MAC, as eth0:52:54:00:12:34:56, not %s", text_show(value, shown));
	plan->network.link_count++;
	return 0;
}

/* The number at the end of vlan5, vlan0005, eth0.5, eth0.0005, 5. */
static int read_vlan_number(struct text name, uint16_t *number)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < name.length && name.at[name.length - 1 - digits] >= '0' &&
	       name.at[name.length - 1 - digits] <= '9')
		digits++;
	if (text_number((struct text){.at = name.at + name.length - digits, .length = digits}, 10, 4094, &value) < 0 ||
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

	if (!value.length)
		return 0;
	if (!link || link_words_read_name(name, link->name, "VLAN", fault) < 0)
		return -EINVAL;
	if (!parent.at)
		return fault_expected(fault, value, "expected name:parent, as vlan5:eth0");
	if (read_vlan_number(name, &link->vlan) < 0)
		return fault_expected(fault, name, "expected a name that ends in the VLAN's number, 1 to 4094");
	if (link_words_read_name(parent, link->parent, "parent", fault) < 0)
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
		if (link_words_read_name(slave, link->slaves[link->slave_count], "slave", fault) < 0)
			return -EINVAL;
		link->slave_count++;
	}
	return 0;
}

/* The kernel takes lacp_rate= or primary= only if the mode that has it is set already. */
static void put_mode_first(char *options)
{
	char *at = strstr(options, ",mode="), mode[sizeof((struct link_plan){0}.options)];
	size_t length = at ? 1 + strcspn(at + 1, ",") : 0;

	if (!at)
		return;
	memcpy(mode, at + 1, length - 1);
	mode[length - 1] = ',';
	memmove(options + length, options, (size_t)(at - options));
	memcpy(options, mode, length);
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
	if (link_words_read_name(name.length ? name : text_of("bond0"), link->name, "bond", fault) < 0 ||
	    read_slaves(slaves.length ? slaves : text_of("eth0,eth1"), link, fault) < 0)
		return -EINVAL;
	if (!options.length)
		options = text_of("mode=balance-rr");
	if (text_copy(options, link->options, sizeof(link->options)) < 0)
		return fault_set(fault, options.at, "bond options: longer than %zu bytes", sizeof(link->options) - 1);
	put_mode_first(link->options);
	if (rest.at)
		return fault_set(fault, rest.at, "expected name:slaves:options:mtu and no more");
	if (ip_word_read_mtu(mtu, &link->mtu, fault) < 0)
		return -EINVAL;
	plan->network.link_count++;
	return 0;
}

/* team[=name:port,port[:runner]]: only teamd can make a team, so that a bond of the same kind is made instead. */
static int read_team(struct text value, struct plan *plan, struct fault *fault)
{
	static const struct {
		const char *runner, *options;
	} runners[] = {
		{"activebackup", "mode=active-backup,miimon=100"},
		{"roundrobin", "mode=balance-rr,miimon=100"},
		{"broadcast", "mode=broadcast,miimon=100"},
		{"loadbalance", "mode=balance-xor,miimon=100"},
		{"lacp", "mode=802.3ad,miimon=100"},
	};
	struct text rest = value, name = text_cut(&rest, ':'), ports = text_cut(&rest, ':');
	struct link_plan *link = new_link(plan, LINK_BOND, fault);

	if (!link)
		return -EINVAL;
	if (link_words_read_name(name.length ? name : text_of("team0"), link->name, "team", fault) < 0 ||
	    read_slaves(ports.length ? ports : text_of("eth0,eth1"), link, fault) < 0)
		return -EINVAL;
	if (!rest.length)
		rest = text_of(runners[0].runner);
	for (size_t i = 0; i < sizeof(runners) / sizeof(runners[0]); i++)
		if (text_is(rest, runners[i].runner))
			snprintf(link->options, sizeof(link->options), "%s", runners[i].options);
	if (!link->options[0])
		return fault_expected(fault, rest, "expected activebackup, roundrobin, broadcast, loadbalance or lacp");
	plan_note(plan, "team=: %s becomes a bond (%s), since a team needs the daemon teamd", link->name,
		  link->options);
	plan->network.link_count++;
	return 0;
}

/* bridge[=name:port,port] */
static int read_bridge(struct text value, struct plan *plan, struct fault *fault)
{
	struct text rest = value, name = text_cut(&rest, ':');
	struct link_plan *link = new_link(plan, LINK_BRIDGE, fault);

	if (!link)
		return -EINVAL;
	if (link_words_read_name(name.length ? name : text_of("br0"), link->name, "bridge", fault) < 0 ||
	    read_slaves(rest.length ? rest : text_of("eth0"), link, fault) < 0)
		return -EINVAL;
	plan->network.link_count++;
	return 0;
}

/* Does another link stand on this one: is it the parent of a VLAN, a slave of a bond, a port of a bridge? */
static bool is_below_another(const struct network_plan *network, const char *name)
{
	for (int i = 0; i < network->link_count; i++) {
		const struct link_plan *link = &network->links[i];

		if (!strcmp(link->parent, name))
			return true;
		for (int j = 0; j < link->slave_count; j++)
			if (!strcmp(link->slaves[j], name))
				return true;
	}
	return false;
}

static bool has_interface(const struct network_plan *network, const char *name)
{
	for (int i = 0; i < network->interface_count; i++)
		if (!strcmp(network->interfaces[i].name, name))
			return true;
	return false;
}

/* A link that is made and has no ip= of its own gets an address, too: as the ip= that names no interface says, else by
   DHCP. Without the first rule that ip= would go to the cards below the link. */
static int add_link_interfaces(struct network_plan *network, struct plan_error *error)
{
	for (int i = 0; i < network->link_count; i++) {
		const struct link_plan *link = &network->links[i];
		struct interface_plan *interface = &network->interfaces[0];

		if (link->kind == LINK_RENAME || is_below_another(network, link->name) ||
		    has_interface(network, link->name))
			continue;
		if (!network->interface_count || !link_words_is_nameless(interface)) {
			if (network->interface_count == PLAN_INTERFACES_MAX) {
				snprintf(error->text, sizeof(error->text), "command line: more than %d interfaces",
					 PLAN_INTERFACES_MAX);
				return -EINVAL;
			}
			interface = &network->interfaces[network->interface_count++];
			*interface = (struct interface_plan){.methods = METHOD_DHCP4, .source = SOURCE_DEFAULT};
		}
		interface->first_only = false;
		memcpy(interface->name, link->name, sizeof(interface->name));
	}
	return 0;
}

/* In the order in which the links are made: a VLAN may stand on a bond. */
static const struct {
	enum word_key key;
	int (*read)(struct text value, struct plan *plan, struct fault *fault);
} rows[] = {
	{WORD_IFNAME, read_ifname}, {WORD_VLAN, read_vlan},     {WORD_BOND, read_bond},
	{WORD_TEAM, read_team},     {WORD_BRIDGE, read_bridge},
};

int link_words_read(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	bool off = plan->network.interface_count == 0; /* ip=off */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (const struct word *at = words_next(cmdline, NULL, rows[i].key); at;
		     at = words_next(cmdline, at, rows[i].key)) {
			struct fault fault = {0};

			if (rows[i].read(cmdline_value(cmdline, at), plan, &fault) < 0)
				return cmdline_error(error, cmdline, at, &fault);
		}
	}
	return off ? 0 : add_link_interfaces(&plan->network, error);
}
