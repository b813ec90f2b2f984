/* plan_text.c - a plan in words. See plan_text.h. */
/* SPDX-License-Identifier: MIT */
#include "command/plan_text.h"

#include <string.h>

#include "plan/address.h"
#include "plan/boot_words.h"
#include "plan/target_word.h"

static const char *const hidden = "(set, not shown)";

static const char *safe(char *out, size_t size, const char *text)
{
	return log_safe(out, size, text, strlen(text));
}

/* ---- network ---- */

static void print_mac(const char *before, const uint8_t mac[6], FILE *out)
{
	fprintf(out, "%s%02x:%02x:%02x:%02x:%02x:%02x", before, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void print_methods(const struct interface_plan *interface, FILE *out)
{
	static const struct {
		enum method method;
		const char *word;
	} words[] = {
		{METHOD_STATIC, "static"}, {METHOD_DHCP4, "DHCPv4"},     {METHOD_AUTO6, "router advertisements"},
		{METHOD_DHCP6, "DHCPv6"},  {METHOD_LINK6, "link-local"},
	};
	const char *separator = "";

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(interface->methods & (unsigned)words[i].method))
			continue;
		fprintf(out, "%s%s", separator, words[i].word);
		separator = interface->any_method ? " or " : " and ";
	}
	if (!interface->methods)
		fprintf(out, "no address");
}

static void print_client_id(const struct interface_plan *interface, FILE *out)
{
	for (int i = 0; i < interface->client_id_length; i++)
		fprintf(out, "%s%02x", i ? ":" : " client id ", interface->client_id[i]);
}

static void print_interface(const struct interface_plan *interface, FILE *out)
{
	char text[ADDRESS_TEXT_MAX], name[80];

	fprintf(out, "  interface %s",
		interface->name[0]   ? safe(name, sizeof(name), interface->name)
		: interface->has_mac ? "with"
				     : "any with carrier");
	if (interface->has_mac)
		print_mac(interface->name[0] ? " " : " MAC ", interface->mac, out);
	fprintf(out, ": ");
	print_methods(interface, out);
	if (interface->address.family)
		fprintf(out, " %s/%u", address_write(&interface->address, text), interface->prefix);
	if (interface->peer.family)
		fprintf(out, " peer %s", address_write(&interface->peer, text));
	if (interface->gateway.family)
		fprintf(out, " gateway %s", address_write(&interface->gateway, text));
	if (interface->mtu)
		fprintf(out, " MTU %d", interface->mtu);
	if (interface->sets_mac)
		print_mac(" new MAC ", interface->new_mac, out);
	if (interface->hostname[0])
		fprintf(out, " host name %s", safe(name, sizeof(name), interface->hostname));
	print_client_id(interface, out);
	if (interface->vendor_class[0])
		fprintf(out, " vendor class %s", safe(name, sizeof(name), interface->vendor_class));
	fprintf(out, " (%s)\n", source_name(interface->source));
}

static void print_link(const struct link_plan *link, FILE *out)
{
	char name[80], other[160];

	safe(name, sizeof(name), link->name);
	if (link->kind == LINK_RENAME) {
		print_mac("  rename ", link->mac, out);
		fprintf(out, " to %s\n", name);
		return;
	}
	if (link->kind == LINK_VLAN) {
		fprintf(out, "  VLAN %s: number %u on ", name, link->vlan);
		if (link->parent[0])
			fprintf(out, "%s\n", safe(other, sizeof(other), link->parent));
		else
			print_mac("", link->mac, out), fprintf(out, "\n");
		return;
	}
	if (link->kind == LINK_BRIDGE)
		fprintf(out, "  bridge %s: of", name);
	else
		fprintf(out, "  bond %s: %s, of", name, safe(other, sizeof(other), link->options));
	for (int i = 0; i < link->slave_count; i++)
		fprintf(out, " %s", safe(other, sizeof(other), link->slaves[i]));
	if (link->mtu)
		fprintf(out, ", MTU %d", link->mtu);
	fprintf(out, "\n");
}

static void print_routes(const struct network_plan *network, FILE *out)
{
	char to[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX], name[80];

	for (int i = 0; i < network->route_count; i++) {
		const struct route_plan *route = &network->routes[i];

		fprintf(out, "  route ");
		if (route->to.family)
			fprintf(out, "%s/%u", address_write(&route->to, to), route->prefix);
		else
			fprintf(out, "default");
		if (route->gateway.family)
			fprintf(out, " by %s", address_write(&route->gateway, gateway));
		if (route->interface[0])
			fprintf(out, " on %s", safe(name, sizeof(name), route->interface));
		fprintf(out, "\n");
	}
}

/* The firmware's cards are used with its targets, and with ip=ibft, unless other words say how. */
static bool is_network_of_firmware(const struct plan *plan)
{
	const struct network_plan *network = &plan->network;

	return (plan->boot.use_firmware || !plan->target_count) &&
	       (!network->interface_count || network->interfaces[0].source == SOURCE_DEFAULT);
}

static void print_network(const struct plan *plan, bool verbose, FILE *out)
{
	const struct network_plan *network = &plan->network;
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "network:\n");
	if (is_network_of_firmware(plan))
		fprintf(out, "  cards, addresses and VLANs: those of the firmware's table (iBFT), if it has any\n");
	if (!plan->boot.use_firmware && !plan->target_count && !network->wanted) {
		fprintf(out, "  without such a table: none is needed\n");
		return;
	}
	if (network->use_existing && verbose)
		fprintf(out, "  an interface that already has an address is used as it is\n");
	for (int i = 0; i < network->link_count; i++)
		print_link(&network->links[i], out);
	for (int i = 0; i < network->interface_count; i++)
		print_interface(&network->interfaces[i], out);
	print_routes(network, out);
	for (int i = 0; i < network->dns_count; i++)
		fprintf(out, "  name server %s\n", address_write(&network->dns[i], text));
	if (network->ignore_peer_dns)
		fprintf(out, "  name servers of DHCP are not used\n");
	if (network->carrier_timeout_s)
		fprintf(out, "  carrier is waited for %d s\n", network->carrier_timeout_s);
	if (network->dhcp_timeout_s)
		fprintf(out, "  DHCP is waited for %d s\n", network->dhcp_timeout_s);
}

/* ---- targets ---- */

static void print_secret(const char *file, FILE *out)
{
	char path[600];

	if (file[0])
		fprintf(out, "secret from %s\n", safe(path, sizeof(path), file));
	else
		fprintf(out, "secret %s\n", hidden);
}

static void print_algorithms(const struct chap_config *chap, FILE *out)
{
	if (!chap->algorithms_given)
		return;
	fprintf(out, "  chap_algs = ");
	for (size_t i = 0; i < sizeof(chap->algorithms) && chap->algorithms[i]; i++)
		fprintf(out, "%s%s", i ? ":" : "", chap_algorithm_name(chap->algorithms[i]));
	fprintf(out, "\n");
}

static void print_chap(const struct target_plan *target, FILE *out)
{
	const struct chap_config *chap = &target->chap;
	char name[1100];

	if (!chap->username[0]) {
		fprintf(out, "  authentication: none\n");
		return;
	}
	fprintf(out, "  CHAP as '%s', ", safe(name, sizeof(name), chap->username));
	print_secret(target->secret_file, out);
	if (chap->username_in[0]) {
		fprintf(out, "  mutual CHAP: the target is '%s', ", safe(name, sizeof(name), chap->username_in));
		print_secret(target->secret_in_file, out);
	}
	print_algorithms(chap, out);
}

static void print_endpoint(const struct target_plan *target, FILE *out)
{
	char portal[PORTAL_TEXT_MAX], lun[LUN_TEXT_MAX], name[4 * NAME_MAX_BYTES + 1];

	if (target->wants_lease) {
		fprintf(out, "as the DHCP server's root-path says (%s)\n", source_name(target->source));
	} else {
		fprintf(out, "%s (%s)\n", portal_write(&target->portal, portal), source_name(target->source));
		if (target->portal.scope[0] && !strchr(target->portal.host, ':'))
			fprintf(out, "  by interface %s\n", target->portal.scope);
		fprintf(out, "  name %s\n",
			target->name[0]       ? safe(name, sizeof(name), target->name)
			: target->all_targets ? "(the portal is asked, and every target is attached)"
					      : "(the portal is asked; it must have just one)");
		if (target->all_portals)
			fprintf(out, "  and by every other portal that this one lists\n");
	}
	if (target->has_lun)
		fprintf(out, "  LUN %llu (RFC 4173: %s)\n", (unsigned long long)target->lun,
			target_write_lun(target->lun, lun));
	else
		fprintf(out, "  LUN: %s\n", target->wants_lease ? "as the root-path says" : "every one");
	if (target->initiator[0])
		fprintf(out, "  initiator %s (%s)\n", safe(name, sizeof(name), target->initiator),
			source_name(target->initiator_source));
	else
		fprintf(out,
			"  initiator: /etc/iscsi/initiatorname.iscsi of the initramfs, else eui. + EUI-64 of the boot "
			"interface's MAC\n");
}

/* What stands behind a setting's value: " s", " bytes", " s: for ever". */
static const char *unit_of(enum param param, int32_t value)
{
	const char *unit = param_rows[param].unit;

	if (param == PARAM_REPLACEMENT_TIMEOUT && value < 0)
		return " s: for ever";
	return unit[0] == 's' ? " s" : unit[0] ? " bytes" : "";
}

static void print_settings(const struct target_plan *target, bool verbose, FILE *out)
{
	char value[32], name[160];

	if (verbose || strcmp(target->scheduler, "none") != 0)
		fprintf(out, "  scheduler = %s\n", safe(name, sizeof(name), target->scheduler));
	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];
		int32_t now = target->params.value[i];

		if (row->settable && (verbose || now != row->ours))
			fprintf(out, "  %s = %s%s (%s)\n", row->name,
				param_write((enum param)i, now, value, sizeof(value)), unit_of((enum param)i, now),
				source_name((enum source)target->params.source[i]));
	}
}

/* Which sessions are expected to show the same disks? */
static void print_twin(const struct plan *plan, int index, FILE *out)
{
	for (int i = 0; i < index; i++)
		if (plan->targets[index].name[0] && plan_are_paths(plan, i, index)) {
			fprintf(out, "  another path to the disks of target %d%s\n", i + 1,
				plan_multipath(plan, index) == MULTIPATH_NO ? ", which stay apart" : "");
			return;
		}
}

static void print_target(const struct plan *plan, int index, bool verbose, FILE *out)
{
	const struct target_plan *target = &plan->targets[index];

	fprintf(out, "target %d: ", index + 1);
	print_endpoint(target, out);
	print_twin(plan, index, out);
	print_chap(target, out);
	print_settings(target, verbose, out);
}

static void print_targets(const struct plan *plan, bool verbose, FILE *out)
{
	if (plan->boot.use_firmware)
		fprintf(out, "target: those of the firmware's table (iBFT), which `check` does not read\n");
	else if (!plan->target_count)
		fprintf(out, "target: none is named; the firmware's table (iBFT) is used where there is one\n");
	for (int i = 0; i < plan->target_count; i++)
		print_target(plan, i, verbose, out);
}

/* ---- root, init, manner ---- */

static void print_syslog(const struct syslog_plan *syslog, FILE *out)
{
	char text[ADDRESS_TEXT_MAX];

	if (syslog->kind == SYSLOG_SERVER)
		fprintf(out, "log also to: %s, UDP port %u\n", address_write(&syslog->address, text), syslog->port);
}

static void print_device(const char *name, const struct device_plan *device, FILE *out)
{
	char text[300];

	fprintf(out, "  %s: %s%s\n", name, plan_root_prefix(device->kind), safe(text, sizeof(text), device->value));
}

static void print_overlay(const struct overlay_plan *overlay, FILE *out)
{
	static const char *const words[] = {
		[OVERLAY_TMPFS] = "what is written goes to memory, and is gone when the machine ends",
		[OVERLAY_DEVICE] = "what is written goes to another device",
		[OVERLAY_USR] = "root is empty memory with the image's /usr",
	};
	char text[300];

	if (overlay->kind == OVERLAY_NONE)
		return;
	fprintf(out, "  shared: the disk is only read; %s%s%s\n", words[overlay->kind],
		overlay->size[0] ? ", at most " : "", overlay->size);
	if (overlay->kind == OVERLAY_DEVICE)
		print_device("layer on", &overlay->device, out);
	if (overlay->dir[0])
		fprintf(out, "  layer in: %s\n", safe(text, sizeof(text), overlay->dir));
}

static void print_verity(const struct root_plan *root, FILE *out)
{
	static const char *const words[] = {[VERITY_FAIL_READ] = "fails to be read",
					    [VERITY_IGNORE] = "is logged and used all the same",
					    [VERITY_RESTART] = "restarts the machine",
					    [VERITY_PANIC] = "makes the kernel panic"};
	const struct verity_plan *verity = &root->verity;
	char data[DISK_UUID_BYTES], tree[DISK_UUID_BYTES];
	bool is_named = root->kind != ROOT_NONE && strcmp(root->value, "/dev/mapper/root") != 0;

	if (!verity->options.hash_length)
		return;
	verity_partition_uuids(&verity->options, data, tree);
	fprintf(out, "  verified block by block (roothash=); a wrong block %s\n", words[verity->options.corruption]);
	if (verity->data.kind != ROOT_NONE)
		print_device("data", &verity->data, out);
	else if (!is_named)
		fprintf(out, "  data: PARTUUID=%s\n", data);
	if (verity->tree.kind != ROOT_NONE)
		print_device("hash tree", &verity->tree, out);
	else if (!is_named || !verity->options.hash_offset)
		fprintf(out, "  hash tree: PARTUUID=%s\n", tree);
	else
		fprintf(out, "  hash tree: on the same device, at byte %llu\n",
			(unsigned long long)verity->options.hash_offset);
}

static void print_root(const struct root_plan *root, FILE *out)
{
	char text[1100];

	if (root->kind == ROOT_NONE)
		fprintf(out, "root: none is named; the initramfs's own /init must know\n");
	else if (root->kind == ROOT_TARGET)
		fprintf(out, "root: the disk of target %d, whole\n", root->target + 1);
	else
		fprintf(out, "root: %s%s%s\n", plan_root_prefix(root->kind), safe(text, sizeof(text), root->value),
			root->kind == ROOT_OTHER ? " (not a form that is mounted here; for the initramfs's own /init)"
						 : "");
	if (root->kind == ROOT_NONE || root->kind == ROOT_OTHER)
		return;
	print_verity(root, out);
	print_overlay(&root->overlay, out);
	fprintf(out, "  mounted %s", root->writable && root->overlay.kind == OVERLAY_NONE ? "read-write" : "read-only");
	fprintf(out, ", type %s", root->fstype[0] ? safe(text, sizeof(text), root->fstype) : "as found");
	if (root->flags[0])
		fprintf(out, ", flags %s", safe(text, sizeof(text), root->flags));
	if (root->delay_s)
		fprintf(out, ", after %d s (rootdelay=)", root->delay_s);
	fprintf(out, "\n");
}

static void print_init(const struct cmdline *cmdline, const struct plan *plan, FILE *out)
{
	const struct text *arguments = &cmdline->init_arguments;
	char text[1100];

	fprintf(out, "init: %s in the initramfs, if it is there and not iscsi-init; else %s in the root\n",
		plan->boot.next_init[0] ? safe(text, sizeof(text), plan->boot.next_init) : "/init",
		plan->root.init[0] ? "that of init=" : "the usual /sbin/init");
	if (plan->root.init[0])
		fprintf(out, "  init=%s\n", safe(text, sizeof(text), plan->root.init));
	if (arguments->length)
		fprintf(out, "  arguments after --: %s\n",
			log_safe(text, sizeof(text), arguments->at, arguments->length));
}

static void print_boot(const struct cmdline *cmdline, const struct plan *plan, bool verbose, FILE *out)
{
	const struct boot_plan *boot = &plan->boot;

	if (verbose || boot->next_init[0] || plan->root.init[0] || cmdline->init_arguments.length)
		print_init(cmdline, plan, out);
	if (!boot->timeout_s)
		fprintf(out, "time limit: none\n");
	else if (verbose || boot->timeout_s != BOOT_TIMEOUT_DEFAULT_S)
		fprintf(out, "time limit: %d s\n", boot->timeout_s);
	if (verbose || boot->onfail != ONFAIL_PANIC)
		fprintf(out, "on failure: %s\n", boot_words_onfail(boot->onfail));
	print_syslog(&plan->boot.syslog, out);
	if (verbose || boot->log != LOG_LEVEL_INFO)
		fprintf(out, "log: %s\n", boot_words_log(boot->log));
}

void plan_text_print(const struct cmdline *cmdline, const struct plan *plan, bool verbose, FILE *out)
{
	print_network(plan, verbose, out);
	print_targets(plan, verbose, out);
	print_root(&plan->root, out);
	print_boot(cmdline, plan, verbose, out);
}
