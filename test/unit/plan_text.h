/* plan_text.h - plans in one line each, so that a test can say what it expects as text. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_PLAN_TEXT_H
#define TEST_PLAN_TEXT_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/plan.h"

#define LINE_MAX_TEXT 4096

static void put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(char *out, const char *format, ...)
{
	size_t used = strlen(out);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out + used, LINE_MAX_TEXT - used, format, arguments);
	va_end(arguments);
}

static void put_secret(char *out, const char *what, const char *name, const struct chap_secret *secret,
		       const char *file)
{
	if (!name[0] && !secret->length && !file[0])
		return;
	put(out, " %s=%s:", what, name);
	if (file[0])
		put(out, "@%s", file);
	else
		put(out, "%.*s", (int)secret->length, (const char *)secret->bytes);
}

/* "10.0.0.1:3260 iqn.x lun=1 user=name:secret in=name:secret via=eth0 from=name <setting>=<value>... [source]" */
static inline void put_target(char *out, const struct target_plan *target)
{
	char portal[PORTAL_TEXT_MAX], value[32];

	put(out, "%s %s", target->wants_lease ? "lease" : portal_write(&target->portal, portal),
	    target->name[0] ? target->name : "-");
	if (target->all_targets)
		put(out, " all");
	if (target->has_lun)
		put(out, " lun=%llu", (unsigned long long)target->lun);
	put_secret(out, "user", target->chap.username, &target->chap.password, target->secret_file);
	put_secret(out, "in", target->chap.username_in, &target->chap.password_in, target->secret_in_file);
	for (int i = 0; i < 4 && target->chap.algorithms[i]; i++)
		put(out, "%s%d", i ? ":" : " algs=", target->chap.algorithms[i]);
	if (target->portal.scope[0])
		put(out, " via=%s", target->portal.scope);
	if (target->initiator[0])
		put(out, " from=%s(%s)", target->initiator, source_name(target->initiator_source));
	if (strcmp(target->scheduler, "none") != 0)
		put(out, " scheduler=%s", target->scheduler);
	for (int i = 0; i < PARAM_COUNT; i++)
		if (target->params.source[i] != SOURCE_DEFAULT)
			put(out, " %s=%s", param_rows[i].name,
			    param_write((enum param)i, target->params.value[i], value, sizeof(value)));
	put(out, " [%s]", source_name(target->source));
}

static inline const char *targets_text(const struct plan *plan, char out[LINE_MAX_TEXT])
{
	out[0] = 0;
	for (int i = 0; i < plan->target_count; i++) {
		put(out, "%s", i ? " | " : "");
		put_target(out, &plan->targets[i]);
	}
	return out;
}

static inline void put_mac(char *out, const char *before, const uint8_t mac[6])
{
	put(out, "%s%02x:%02x:%02x:%02x:%02x:%02x", before, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* "eth0 static,dhcp4 10.0.0.2/24 gw=10.0.0.1 peer=10.0.0.3 mtu=1500 mac=... newmac=... host=name id=1,x" */
static inline void put_interface(char *out, const struct interface_plan *interface)
{
	static const char *const words[] = {"static", "dhcp4", "auto6", "dhcp6", "link6"};
	const char *separator = " ";
	char text[ADDRESS_TEXT_MAX];

	put(out, "%s", interface->name[0] ? interface->name : interface->first_only ? "first" : "*");
	for (unsigned i = 0; i < 5; i++) {
		if (!(interface->methods & 1u << i))
			continue;
		put(out, "%s%s", separator, words[i]);
		separator = interface->others_go_on && interface->any_method ? "&" : interface->any_method ? "|" : "+";
	}
	if (!interface->methods)
		put(out, " up");
	if (interface->address.family)
		put(out, " %s/%u", address_write(&interface->address, text), interface->prefix);
	if (interface->gateway.family)
		put(out, " gw=%s", address_write(&interface->gateway, text));
	if (interface->peer.family)
		put(out, " peer=%s", address_write(&interface->peer, text));
	if (interface->mtu)
		put(out, " mtu=%d", interface->mtu);
	if (interface->has_mac)
		put_mac(out, " mac=", interface->mac);
	if (interface->sets_mac)
		put_mac(out, " newmac=", interface->new_mac);
	if (interface->hostname[0])
		put(out, " host=%s", interface->hostname);
	for (int i = 0; i < interface->client_id_length; i++)
		put(out, "%s%02x", i ? ":" : " id=", interface->client_id[i]);
	if (interface->vendor_class[0])
		put(out, " class=%s", interface->vendor_class);
}

static inline void put_link(char *out, const struct link_plan *link)
{
	if (link->kind == LINK_RENAME) {
		put_mac(out, "rename ", link->mac);
		put(out, " %s", link->name);
	} else if (link->kind == LINK_VLAN) {
		put(out, "vlan %s %u on %s", link->name, link->vlan, link->parent);
		if (!link->parent[0])
			put_mac(out, "", link->mac);
	} else {
		put(out, "%s %s", link->kind == LINK_BRIDGE ? "bridge" : "bond", link->name);
		for (int i = 0; i < link->slave_count; i++)
			put(out, "%s%s", i ? "," : " ", link->slaves[i]);
		if (link->options[0])
			put(out, " %s", link->options);
		if (link->mtu)
			put(out, " mtu=%d", link->mtu);
	}
}

/* Links, interfaces, routes, name servers, joined with "; "; "none" when no network is wanted. */
static inline const char *network_text(const struct network_plan *network, char out[LINE_MAX_TEXT])
{
	char to[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX];

	out[0] = 0;
	if (!network->wanted)
		return strcpy(out, "none");
	for (int i = 0; i < network->link_count; i++) {
		put(out, "%s", out[0] ? "; " : "");
		put_link(out, &network->links[i]);
	}
	for (int i = 0; i < network->interface_count; i++) {
		put(out, "%s", out[0] ? "; " : "");
		put_interface(out, &network->interfaces[i]);
	}
	for (int i = 0; i < network->route_count; i++)
		put(out, "; route %s/%u by %s on %s", address_write(&network->routes[i].to, to),
		    network->routes[i].prefix, address_write(&network->routes[i].gateway, gateway),
		    network->routes[i].interface);
	for (int i = 0; i < network->dns_count; i++)
		put(out, "; dns %s", address_write(&network->dns[i], to));
	return out;
}

#endif
