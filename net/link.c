/* link.c - links that the plan creates, and interfaces that it renames.
 *
 * Contracts in link.h. The kernel loads the modules 8021q, bonding and bridge by itself when they are first needed.
 */
/* SPDX-License-Identifier: MIT */
#include "net/link.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "sys/log.h"
#include "sys/sysfs.h"

static const struct rtnl_link *find(const struct link_context *context, const char *name)
{
	for (int i = 0; i < context->count; i++)
		if (link_is_called(context->links[i], name))
			return context->links[i];
	return NULL;
}

/* The ports of a switch on the board, which has its driver; "dsa" since Linux 6.1 (net/dsa/netlink.c), before: "". */
static bool is_port(const struct rtnl_link *link)
{
	return !strcmp(link->kind, "dsa");
}

bool link_is_physical(const struct rtnl_link *link)
{
	return !link->kind[0] || !strcmp(link->kind, "veth") || is_port(link);
}

/* A port has the address of the card that the switch hangs on, which is meant. */
bool link_has_mac(const struct rtnl_link *link, const uint8_t mac[6])
{
	return link_is_physical(link) && !is_port(link) &&
	       ((link->has_mac && !memcmp(link->mac, mac, 6)) ||
		(link->has_permanent_mac && !memcmp(link->permanent_mac, mac, 6)));
}

static int bring_up(const struct link_context *context, const struct rtnl_link *link)
{
	struct rtnl_change change = {.up = true};

	return link->flags & IFF_UP ? 0 : rtnl_change_link(context->rtnl, link->index, &change);
}

/* By its name; the firmware's VLANs name it by its MAC address. */
static const struct rtnl_link *find_parent(const struct link_context *context, const struct link_plan *plan)
{
	if (plan->parent[0])
		return find(context, plan->parent);
	for (int i = 0; i < context->count; i++)
		if (link_has_mac(context->links[i], plan->mac))
			return context->links[i];
	return NULL;
}

static int make_vlan(const struct link_context *context, const struct link_plan *plan, bool *made)
{
	const struct rtnl_link *parent = find_parent(context, plan);
	int result;

	if (*made || !parent)
		return 0;
	result = rtnl_add_vlan(context->rtnl, plan->name, parent->index, plan->vlan);
	if (result && result != -EEXIST)
		return result;
	*made = true;
	log_info("%s: VLAN %u of %s", plan->name, plan->vlan, parent->name);
	return bring_up(context, parent);
}

/* arp_ip_target=10.0.0.1;10.0.0.2 (dracut's grammar) are added one by one. */
static void set_bond_option(const struct link_context *context, const char *bond, const char *option, char *value)
{
	const char *sign = strcmp(option, "arp_ip_target") ? "" : "+";
	char path[128], text[64];

	snprintf(path, sizeof(path), "class/net/%s/bonding/%.40s", bond, option);
	while (value) {
		char *rest = sign[0] ? strchr(value, ';') : NULL;
		int result;

		if (rest)
			*rest++ = '\0';
		snprintf(text, sizeof(text), "%s%s", value[0] == '+' ? "" : sign, value);
		result = sysfs_write(context->sysfs, path, text);
		if (result)
			log_warn("%s: the bonding option %s=%s cannot be set: %s", bond, option, value,
				 strerror(-result));
		value = rest;
	}
}

/* "mode=active-backup,miimon=100": what /sys/class/net/<bond>/bonding takes. What it does not take is logged and left. */
static void set_bond_options(const struct link_context *context, const struct link_plan *plan)
{
	char options[sizeof(plan->options)];
	char *rest = options;

	snprintf(options, sizeof(options), "%s", plan->options);
	while (*rest) {
		char *option = rest, *value;

		rest += strcspn(rest, ",");
		if (*rest)
			*rest++ = '\0';
		value = strchr(option, '=');
		if (!value || strchr(option, '/'))
			continue;
		*value++ = '\0';
		set_bond_option(context, plan->name, option, value);
	}
}

/* A slave must be down when it is enslaved; the bond brings it up. */
static int enslave(const struct link_context *context, const struct rtnl_link *slave, int bond)
{
	struct rtnl_change down = {.down = true}, change = {.master = bond};

	if (slave->master == bond)
		return 0;
	if (slave->flags & IFF_UP)
		(void)rtnl_change_link(context->rtnl, slave->index, &down);
	return rtnl_change_link(context->rtnl, slave->index, &change);
}

static void set_mtu(const struct link_context *context, const struct rtnl_link *link, uint32_t mtu)
{
	struct rtnl_change change = {.mtu = mtu};
	int result = rtnl_change_link(context->rtnl, link->index, &change);

	if (result)
		log_warn("%s: an MTU of %u cannot be set: %s", link->name, mtu, strerror(-result));
}

/* A bridge's ports need not be down, but only those that are up carry anything. */
static int add_port(const struct link_context *context, const struct rtnl_link *port, int bridge)
{
	struct rtnl_change change = {.master = bridge, .up = true};

	return port->master == bridge && port->flags & IFF_UP ? 0
							      : rtnl_change_link(context->rtnl, port->index, &change);
}

static int take_slave(const struct link_context *context, const struct link_plan *plan, const struct rtnl_link *slave,
		      int master)
{
	return plan->kind == LINK_BOND ? enslave(context, slave, master) : add_port(context, slave, master);
}

/* A bond or a bridge, and the slaves that are there by now. */
static int make_master(const struct link_context *context, const struct link_plan *plan, bool *made)
{
	const struct rtnl_link *master = find(context, plan->name);
	const char *kind = plan->kind == LINK_BOND ? "bond" : "bridge";
	int result;

	if (!*made) {
		result = master ? 0 : rtnl_add_link(context->rtnl, plan->name, kind);
		if (result && result != -EEXIST) /* the module creates a bond0 by itself */
			return result;
		*made = true;
		log_info("%s: %s", plan->name, kind);
		if (plan->kind == LINK_BOND)
			set_bond_options(context, plan);
	}
	if (master && plan->mtu && (uint32_t)plan->mtu != master->mtu)
		set_mtu(context, master, (uint32_t)plan->mtu);
	for (int i = 0; master && i < plan->slave_count; i++) {
		const struct rtnl_link *slave = find(context, plan->slaves[i]);

		result = slave ? take_slave(context, plan, slave, master->index) : 0;
		if (result)
			log_warn("%s: %s cannot become a slave: %s", plan->name, plan->slaves[i], strerror(-result));
	}
	return 0;
}

static int rename_link(const struct link_context *context, const struct rtnl_link *link, const char *name)
{
	struct rtnl_change down = {.down = true}, change = {.name = name};

	if (link->flags & IFF_UP)
		(void)rtnl_change_link(context->rtnl, link->index, &down);
	return rtnl_change_link(context->rtnl, link->index, &change);
}

/* If another interface has the name, it is renamed out of the way. */
static int make_name(const struct link_context *context, const struct link_plan *plan, bool *made)
{
	const struct rtnl_link *holder = find(context, plan->name);
	char aside[RTNL_NAME_MAX];
	int result = 0;

	for (int i = 0; i < context->count && !*made; i++) {
		const struct rtnl_link *link = context->links[i];

		if (!link_has_mac(link, plan->mac))
			continue;
		*made = true;
		if (!strcmp(link->name, plan->name))
			return 0;
		snprintf(aside, sizeof(aside), "aside%d", holder ? holder->index : 0);
		if (holder)
			result = rename_link(context, holder, aside);
		if (!result)
			result = rename_link(context, link, plan->name);
		if (!result)
			log_info("%s: was %s", plan->name, link->name);
	}
	return result;
}

int link_make(const struct link_context *context, const struct link_plan *plan, bool *made)
{
	static int (*const makers[])(const struct link_context *, const struct link_plan *,
				     bool *) = {[LINK_VLAN] = make_vlan,
						[LINK_BOND] = make_master,
						[LINK_BRIDGE] = make_master,
						[LINK_RENAME] = make_name};

	return makers[plan->kind](context, plan, made);
}

bool link_is_called(const struct rtnl_link *link, const char *name)
{
	return !strcmp(link->name, name) || netnames_has(&link->aliases, name);
}

bool link_is_planned(const struct network_plan *plan, const struct rtnl_link *link)
{
	for (int i = 0; i < plan->link_count; i++)
		if (plan->links[i].kind != LINK_RENAME && !strcmp(plan->links[i].name, link->name))
			return true;
	return false;
}

static bool is_slave(const struct link_plan *plan, const struct rtnl_link *link)
{
	for (int i = 0; i < plan->slave_count; i++)
		if (link_is_called(link, plan->slaves[i]))
			return true;
	return false;
}

static bool is_parent(const struct link_plan *plan, const struct rtnl_link *link)
{
	if (plan->kind != LINK_VLAN)
		return false;
	return plan->parent[0] ? link_is_called(link, plan->parent) : link_has_mac(link, plan->mac);
}

bool link_is_below(const struct network_plan *plan, const struct rtnl_link *link)
{
	for (int i = 0; i < plan->link_count; i++)
		if (is_slave(&plan->links[i], link) || is_parent(&plan->links[i], link))
			return true;
	return false;
}

bool link_is_taken(const struct network_plan *plan, const struct rtnl_link *link)
{
	for (int i = 0; i < plan->link_count; i++) {
		const struct link_plan *other = &plan->links[i];

		if (other->kind == LINK_RENAME && link_has_mac(link, other->mac) && strcmp(link->name, other->name))
			return true;
		if (is_slave(other, link))
			return true;
	}
	return link->master != 0;
}
