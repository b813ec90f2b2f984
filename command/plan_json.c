/* plan_json.c - see plan_json.h. A member whose value is not known or not set is null or left out, never guessed. */
/* SPDX-License-Identifier: MIT */
#include "command/plan_json.h"

#include <stdio.h>

#include "plan/address.h"
#include "plan/boot_words.h"

static void put_text(struct json *json, const char *key, const char *text)
{
	if (text[0])
		json_string(json, key, text);
}

static void put_mac(struct json *json, const char *key, const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	json_string(json, key, text);
}

static void put_address(struct json *json, const char *key, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	if (address->family)
		json_string(json, key, address_write(address, text));
}

/* ---- network ---- */

static void put_interface(struct json *json, const struct interface_plan *interface)
{
	static const char *const words[] = {"static", "dhcp4", "auto6", "dhcp6", "link6"};

	json_open(json, NULL, '{');
	put_text(json, "name", interface->name);
	if (interface->has_mac)
		put_mac(json, "mac", interface->mac);
	json_open(json, "methods", '[');
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (interface->methods & 1u << i)
			json_string(json, NULL, words[i]);
	json_close(json, ']');
	put_address(json, "address", &interface->address);
	if (interface->address.family)
		json_number(json, "prefix", interface->prefix);
	put_address(json, "gateway", &interface->gateway);
	if (interface->mtu)
		json_number(json, "mtu", interface->mtu);
	json_string(json, "source", source_name(interface->source));
	json_close(json, '}');
}

static void put_link(struct json *json, const struct link_plan *link)
{
	static const char *const kinds[] = {
		[LINK_VLAN] = "vlan", [LINK_BOND] = "bond", [LINK_RENAME] = "rename", [LINK_BRIDGE] = "bridge"};

	json_open(json, NULL, '{');
	json_string(json, "kind", kinds[link->kind]);
	json_string(json, "name", link->name);
	put_text(json, "parent", link->parent);
	if (link->kind == LINK_VLAN)
		json_number(json, "vlan", link->vlan);
	json_open(json, "ports", '[');
	for (int i = 0; i < link->slave_count; i++)
		json_string(json, NULL, link->slaves[i]);
	json_close(json, ']');
	put_text(json, "options", link->options);
	json_close(json, '}');
}

static void put_network(struct json *json, const struct network_plan *network)
{
	json_open(json, "network", '{');
	json_open(json, "links", '[');
	for (int i = 0; i < network->link_count; i++)
		put_link(json, &network->links[i]);
	json_close(json, ']');
	json_open(json, "interfaces", '[');
	for (int i = 0; network->wanted && i < network->interface_count; i++)
		put_interface(json, &network->interfaces[i]);
	json_close(json, ']');
	json_open(json, "name_servers", '[');
	for (int i = 0; i < network->dns_count; i++)
		put_address(json, NULL, &network->dns[i]);
	json_close(json, ']');
	json_close(json, '}');
}

/* ---- targets ---- */

static void put_settings(struct json *json, const struct target_plan *target)
{
	char value[32];

	json_open(json, "settings", '{');
	for (int i = 0; i < PARAM_COUNT; i++)
		if (param_rows[i].settable)
			json_string(json, param_rows[i].name,
				    param_write((enum param)i, target->params.value[i], value, sizeof(value)));
	json_string(json, "scheduler", target->scheduler);
	json_close(json, '}');
}

static void put_target(struct json *json, const struct target_plan *target)
{
	char portal[PORTAL_TEXT_MAX];

	json_open(json, NULL, '{');
	json_string(json, "source", source_name(target->source));
	if (!target->wants_lease)
		json_string(json, "portal", portal_write(&target->portal, portal));
	put_text(json, "interface", target->portal.scope);
	put_text(json, "name", target->name);
	if (target->has_lun)
		json_number(json, "lun", (int64_t)target->lun);
	put_text(json, "initiator", target->initiator);
	put_text(json, "username", target->chap.username);
	put_text(json, "username_in", target->chap.username_in);
	put_settings(json, target);
	json_close(json, '}');
}

void plan_json_print(const struct plan *plan, struct json *json)
{
	char root[300];

	put_network(json, &plan->network);
	json_open(json, "targets", '[');
	for (int i = 0; i < plan->target_count; i++)
		put_target(json, &plan->targets[i]);
	json_close(json, ']');
	json_open(json, "root", '{');
	snprintf(root, sizeof(root), "%s%s", plan_root_prefix(plan->root.kind), plan->root.value);
	put_text(json, "device", root);
	if (plan->root.kind == ROOT_TARGET)
		json_number(json, "target", plan->root.target + 1);
	json_string(json, "mode", plan->root.writable && plan->root.overlay.kind == OVERLAY_NONE ? "rw" : "ro");
	json_boolean(json, "verified", plan->root.verity.options.hash_length > 0);
	json_boolean(json, "writable_layer", plan->root.overlay.kind != OVERLAY_NONE);
	put_text(json, "fstype", plan->root.fstype);
	put_text(json, "flags", plan->root.flags);
	put_text(json, "init", plan->root.init);
	json_close(json, '}');
	json_open(json, "boot", '{');
	json_number(json, "timeout", plan->boot.timeout_s);
	json_string(json, "onfail", boot_words_onfail(plan->boot.onfail));
	json_string(json, "log", boot_words_log(plan->boot.log));
	put_text(json, "init", plan->boot.next_init);
	json_close(json, '}');
}
