/* doubts.c - what a command line probably does not mean. See doubts.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/doubts.h"

#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/link_words.h"
#include "plan/target_word.h"
#include "plan/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- words that are nearly ours ---- */

/* Does the word before it belong to iscsi=, so that a blank stands where a comma belongs? */
static bool follows_target(const struct cmdline *cmdline, const struct word *word)
{
	while (word-- > cmdline->words) {
		struct text key = cmdline_key(cmdline, word);

		if (text_is(key, "iscsi"))
			return true;
		if (!name_has_type(key) && !target_has_option(key))
			return false;
	}
	return false;
}

/* The row of the table that differs from this word in case only; -1: there is none. */
static int find_in_any_case(struct text key)
{
	for (int i = 0; i < WORD_COUNT; i++)
		if (text_is_word(key, word_rows[i].name))
			return i;
	return -1;
}

static void doubt_foreign_word(const struct cmdline *cmdline, const struct word *word, struct plan *plan)
{
	struct text key = cmdline_key(cmdline, word);
	int known = find_in_any_case(key);

	if (name_has_type(key) && follows_target(cmdline, word))
		words_note(plan, cmdline, word, key.at,
			   "a target's name stands alone; put a comma, not a blank, between portal and name");
	else if (target_has_option(key) && follows_target(cmdline, word))
		words_note(plan, cmdline, word, key.at,
			   "an option of iscsi= stands alone; separate options by commas, not by blanks");
	else if (known >= 0)
		words_note(plan, cmdline, word, key.at, "this is another word than %s=, since case counts",
			   word_rows[known].name);
	else if (word->has_value && !text_starts(key, "iscsi") && text_is_near(key, "iscsi"))
		words_note(plan, cmdline, word, key.at, "this word is not read; did you mean iscsi=?");
	else if (text_starts(key, "iscsi:"))
		words_note(plan, cmdline, word, key.at, "this word is not read; did you mean iscsi=<portal>,<target>?");
}

/* U+2018 to U+201F in UTF-8: a word processor turns quotes into these. */
static const char *find_typographic_quote(struct text text)
{
	for (size_t i = 0; i + 2 < text.length; i++)
		if (!memcmp(text.at + i, "\xe2\x80", 2) && (unsigned char)text.at[i + 2] >= 0x98 &&
		    (unsigned char)text.at[i + 2] <= 0x9f)
			return text.at + i;
	return NULL;
}

static void doubt_word(const struct cmdline *cmdline, const struct word *word, struct plan *plan)
{
	struct text key = cmdline_key(cmdline, word), value = cmdline_value(cmdline, word);
	int row = words_find(key);
	const struct word *last;

	if (find_typographic_quote(key) || find_typographic_quote(value))
		words_note(plan, cmdline, word, key.at,
			   "a typographic quotation mark is not a quote; write \" or omit it");
	if (row < 0) {
		doubt_foreign_word(cmdline, word, plan);
		return;
	}
	last = words_last(cmdline, (enum word_key)row);
	if (word_rows[row].group == GROUP_KERNEL && word_rows[row].value == VALUE_NEEDED && last != word)
		words_note(plan, cmdline, word, key.at, "%s= is given again in word %d, and the last one counts",
			   word_rows[row].name, cmdline_number(cmdline, last));
}

/* ---- root= ---- */

static bool is_hex_and_dashes(const char *text)
{
	size_t length = strcspn(text, "/");

	for (size_t i = 0; i < length; i++)
		if (text[i] != '-' && text_hex_digit(text[i]) < 0)
			return false;
	return true;
}

/* The prefix that was probably meant by "uuid=" or "UUID:", or NULL. */
static const char *find_tag(struct text value)
{
	static const enum root_kind tags[] = {ROOT_PARTUUID, ROOT_PARTLABEL, ROOT_UUID, ROOT_LABEL};

	for (size_t i = 0; i < COUNT(tags); i++) {
		const char *prefix = plan_root_prefix(tags[i]);
		struct text begin = {.at = value.at, .length = strlen(prefix) - 1}, name = begin;
		char tag[16];

		snprintf(tag, sizeof(tag), "%.*s", (int)begin.length, prefix);
		if (value.length > begin.length && text_is_word(name, tag) && strchr("=:", value.at[begin.length]))
			return prefix;
	}
	return NULL;
}

static bool is_disk_name(struct text value)
{
	static const char *const names[] = {"sd", "vd", "xvd", "hd", "nvme", "mmcblk", "md", "dm-"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (text_starts(value, names[i]))
			return !text_has(value, '/') && !text_has(value, ':') && !text_has(value, '=');
	return false;
}

static void doubt_root(const struct cmdline *cmdline, struct plan *plan)
{
	const struct word *word = words_last(cmdline, WORD_ROOT);
	struct text value = word ? cmdline_value(cmdline, word) : (struct text){0};
	const struct root_plan *root = &plan->root;
	bool quoted = text_has(value, '"') || text_has(value, '\'');
	const char *tag = value.length ? find_tag(value) : NULL;

	if (!value.length)
		return;
	if (quoted)
		words_note(plan, cmdline, word, value.at,
			   "quotes inside the value are part of it; write root=UUID=... without them");
	else if ((root->kind == ROOT_UUID || root->kind == ROOT_PARTUUID) && !is_hex_and_dashes(root->value))
		words_note(plan, cmdline, word, value.at, "what stands after %s is no UUID",
			   plan_root_prefix(root->kind));
	else if (root->kind == ROOT_DEVICE && text_starts(value, "/dev/mapper/") && !plan_joins(plan, false))
		words_note(plan, cmdline, word, value.at,
			   "only an initramfs's own /init with LVM, LUKS or multipath can make this device");
	else if (root->kind == ROOT_OTHER && tag)
		words_note(plan, cmdline, word, value.at, "this form is not read; did you mean %s?", tag);
	else if (root->kind == ROOT_OTHER && is_disk_name(value))
		words_note(plan, cmdline, word, value.at, "this form is not read; did you mean /dev/%.*s?",
			   (int)value.length, value.at);
}

/* ---- can the targets be reached? ---- */

static bool is_in_net(const struct address *address, const struct address *net, uint8_t prefix)
{
	if (address->family != net->family)
		return false;
	for (unsigned bit = 0; bit < prefix; bit++)
		if ((address->bytes[bit / 8] ^ net->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

/* Does a server or router give the interface an address of this family and, most likely, routes? */
static bool is_dynamic(const struct interface_plan *interface, uint8_t family)
{
	return interface->methods & (family == 4 ? METHOD_DHCP4 : METHOD_DHCP6 | METHOD_AUTO6);
}

static bool has_family(const struct network_plan *network, uint8_t family)
{
	for (int i = 0; i < network->interface_count; i++)
		if (is_dynamic(&network->interfaces[i], family) || network->interfaces[i].address.family == family)
			return true;
	return false;
}

static bool is_routed(const struct network_plan *network, const struct address *to)
{
	for (int i = 0; i < network->route_count; i++)
		if (!network->routes[i].to.family || is_in_net(to, &network->routes[i].to, network->routes[i].prefix))
			return true;
	for (int i = 0; i < network->interface_count; i++) {
		const struct interface_plan *interface = &network->interfaces[i];

		if (is_dynamic(interface, to->family) || interface->gateway.family == to->family ||
		    is_in_net(to, &interface->address, interface->prefix))
			return true;
	}
	return false;
}

static bool is_set_up(const struct network_plan *network, const char *name)
{
	for (int i = 0; i < network->interface_count; i++)
		if (link_words_is_nameless(&network->interfaces[i]) || network->interfaces[i].has_mac ||
		    !strcmp(network->interfaces[i].name, name))
			return true;
	return false;
}

static bool has_name_server(const struct network_plan *network)
{
	for (int i = 0; i < network->interface_count && !network->ignore_peer_dns; i++)
		if (is_dynamic(&network->interfaces[i], 4) || is_dynamic(&network->interfaces[i], 6))
			return true;
	return network->dns_count > 0;
}

/* Why the target cannot be reached, as far as the line says; NULL: it can probably be reached. */
static const char *why_unreachable(const struct network_plan *network, const struct target_plan *target)
{
	const struct portal *portal = &target->portal;
	struct address address;

	if (!network->interface_count)
		return "ip=off: only an interface that already has an address can reach this target";
	if (portal->scope[0] && !is_set_up(network, portal->scope))
		return "no ip= sets up the interface that this target names";
	if (address_read(text_of(portal->host), &address) < 0)
		return has_name_server(network)
			       ? NULL
			       : "the portal is a host name, but there is no name server (nameserver=)";
	if (address_is_link_local(&address))
		return portal->scope[0] ? NULL : "a link-local portal must name its interface: [fe80::1%eth0]";
	if (!has_family(network, address.family))
		return address.family == 4 ? "no interface gets an IPv4 address to reach this target"
					   : "no interface gets an IPv6 address to reach this target";
	return is_routed(network, &address) ? NULL : "the target is outside our network, and no gateway leads to it";
}

static void doubt_gateways(struct plan *plan)
{
	for (int i = 0; i < plan->network.interface_count; i++) {
		const struct interface_plan *interface = &plan->network.interfaces[i];
		char text[ADDRESS_TEXT_MAX];

		if (interface->gateway.family && !interface->peer.family &&
		    !address_is_link_local(&interface->gateway) &&
		    !is_in_net(&interface->gateway, &interface->address, interface->prefix))
			plan_note(plan, "ip=: the gateway %s is outside the interface's own network",
				  address_write(&interface->gateway, text));
	}
}

/* ---- targets ---- */

static bool is_same_target(const struct target_plan *a, const struct target_plan *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->portal.host, b->portal.host) &&
	       a->portal.port == b->portal.port && a->has_lun == b->has_lun && a->lun == b->lun &&
	       !strcmp(a->portal.scope, b->portal.scope) && !a->wants_lease && !b->wants_lease;
}

static void note_target(const struct cmdline *cmdline, struct plan *plan, int index, const char *what)
{
	int word = plan->targets[index].word;

	if (word)
		words_note(plan, cmdline, &cmdline->words[word - 1], NULL, "%s", what);
	else
		plan_note(plan, "target %d: %s", index + 1, what);
}

static void doubt_targets(const struct cmdline *cmdline, struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		const char *why = NULL;

		for (int j = 0; j < i && !why; j++)
			if (is_same_target(&plan->targets[i], &plan->targets[j]))
				why = "the same target is named twice";
		if (!why && !plan->targets[i].wants_lease && !plan->boot.use_firmware)
			why = why_unreachable(&plan->network, &plan->targets[i]);
		if (why)
			note_target(cmdline, plan, i, why);
	}
}

void doubts_note(const struct cmdline *cmdline, struct plan *plan)
{
	for (int i = 0; i < cmdline->word_count; i++)
		doubt_word(cmdline, &cmdline->words[i], plan);
	doubt_root(cmdline, plan);
	doubt_gateways(plan);
	doubt_targets(cmdline, plan);
}
