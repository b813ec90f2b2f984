/* planning.c - the plan from its sources, by one precedence. See planning.h.
 *
 * The precedence, first that says anything:
 *   targets	iscsi=; dracut's netroot= and root=iscsi:; Debian's iscsi_*; the iBFT when no word names a target. The
 *		iBFT and the lease add theirs where a word asks for them (iscsi=ibft, iscsi=dhcp and their like).
 *   settings	the word that names the target, or that asks for the iBFT's or the lease's; then dracut's or Debian's
 *		words for all their targets; then the iBFT or the lease; then our defaults.
 *   initiator	initiator=; rd.iscsi.initiator; iscsi_initiator; who named the target (iBFT, lease);
 *		/etc/iscsi/initiatorname.iscsi; the lease; the boot interface's MAC.
 *   network	iscsi.ip=; ip= and nfsaddrs=; the iBFT's cards when its targets are used; DHCPv4 or, for IPv6 portals,
 *		router advertisements, on every interface with carrier.
 */
/* SPDX-License-Identifier: MIT */
#include "plan/planning.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/boot_words.h"
#include "plan/credential.h"
#include "plan/dialect_debian.h"
#include "plan/dialect_dracut.h"
#include "plan/firmware.h"
#include "plan/initiator.h"
#include "plan/layer_words.h"
#include "plan/link_words.h"
#include "plan/network_words.h"
#include "plan/target_word.h"
#include "plan/words.h"
#include "proto/wipe.h"

/* ---- our own targets ---- */

/* What one iscsi= is: a target, the lease's template, the firmware's template. */
static int place_own(struct plan *plan, struct target_plan *firmware, enum target_form form, int word,
		     struct fault *fault)
{
	struct target_plan *target = &plan->targets[plan->target_count];

	target->word = word;
	if (form == TARGET_IBFT) {
		if (plan->boot.use_firmware)
			return fault_set(fault, NULL, "iscsi=ibft is given twice");
		plan->boot.use_firmware = true;
		*firmware = *target;
		return 0;
	}
	if (form == TARGET_DHCP) {
		if (plan->dhcp_template >= 0)
			return fault_set(fault, NULL, "iscsi=dhcp is given twice");
		plan->dhcp_template = plan->target_count;
	}
	plan->target_count++;
	if (target->listed_count && plan_spread(plan, plan->target_count - 1))
		return fault_set(fault, NULL, "more than %d targets", PLAN_TARGETS_MAX);
	return 0;
}

static int add_own_targets(const struct cmdline *cmdline, struct plan *plan, struct target_plan *firmware,
			   struct plan_error *error)
{
	for (const struct word *at = words_next(cmdline, NULL, WORD_ISCSI); at;
	     at = words_next(cmdline, at, WORD_ISCSI)) {
		struct fault fault = {0};
		enum target_form form;

		if (plan->target_count == PLAN_TARGETS_MAX) {
			fault_set(&fault, NULL, "more than %d targets", PLAN_TARGETS_MAX);
			return cmdline_error(error, cmdline, at, &fault);
		}
		if (target_word_read(cmdline_value(cmdline, at), SOURCE_CMDLINE, &plan->targets[plan->target_count],
				     &form, &fault) < 0 ||
		    place_own(plan, firmware, form, cmdline_number(cmdline, at), &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}

/* ---- all words that name targets, by precedence ---- */

static int add_word_targets(const struct cmdline *cmdline, const struct plan_files *files, struct plan *plan,
			    struct target_plan *firmware, struct plan_error *error)
{
	bool own = words_next(cmdline, NULL, WORD_ISCSI) != NULL;
	struct dracut_wishes dracut = dracut_wishes(cmdline);
	struct debian_wishes debian = debian_wishes(cmdline, files);
	bool dracuts = dracut.targets || dracut.dhcp;

	if (own && dracuts)
		plan_note(plan, "iscsi= names the targets: those of netroot= and root=iscsi: are not used");
	if ((own || dracuts) && debian.targets)
		plan_note(plan, "%s names the targets: iscsi_target_ip= and related words are not used",
			  own ? "iscsi=" : "netroot= or root=iscsi:");
	if (own && (dracut.firmware || debian.firmware))
		plan_note(plan, "iscsi= names the targets: the iBFT is not used; to have both, add iscsi=ibft");
	if (own)
		return add_own_targets(cmdline, plan, firmware, error);
	plan->boot.use_firmware = plan->boot.firmware_is_optional = dracut.firmware || debian.firmware;
	if (dracuts)
		return dracut_add_targets(cmdline, plan, error);
	return debian.targets ? debian_add_targets(cmdline, files, plan, error) : 0;
}

/* ---- the initiator's name ---- */

static int name_initiators(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
			   struct plan *plan, struct plan_error *error)
{
	char name[NAME_MAX_BYTES + 1];

	if (dracut_initiator(cmdline, name, error) < 0)
		return -EINVAL;
	initiator_set_all(plan, name, SOURCE_DRACUT);
	if (debian_initiator(cmdline, files, name, error) < 0)
		return -EINVAL;
	initiator_set_all(plan, name, SOURCE_DEBIAN);
	for (int i = 0; firmware && i < plan->target_count; i++)
		if (plan->targets[i].firmware_index >= 0)
			initiator_set(&plan->targets[i], firmware->initiator, SOURCE_IBFT);
	if (initiator_check_file(files, error) < 0)
		return -EINVAL;
	memcpy(plan->file_initiator, files->initiator_name, sizeof(plan->file_initiator));
	for (int i = 0; i < plan->target_count; i++)
		if (!plan->targets[i].wants_lease) /* the lease may bring a name with its target */
			initiator_set(&plan->targets[i], plan->file_initiator, SOURCE_FILE);
	return 0;
}

/* ---- the network ---- */

/* How an interface comes to an address from which it can reach the target. A name is looked up over IPv4. */
static unsigned methods_towards(const struct target_plan *target, bool dhcp6)
{
	struct address address;

	if (target->wants_lease)
		return dhcp6 ? METHOD_AUTO6 | METHOD_DHCP6 : METHOD_DHCP4;
	if (address_read(text_of(target->portal.host), &address) < 0 || address.family == 4)
		return METHOD_DHCP4;
	return address_is_link_local(&address) ? METHOD_LINK6 : METHOD_AUTO6 | METHOD_DHCP6;
}

/* Without a word about the network the portals say which methods are needed. */
static void choose_methods(const struct plan *plan, bool dhcp6, struct interface_plan *interface)
{
	unsigned methods = (plan->target_count ? 0 : METHOD_DHCP4) | (dhcp6 ? METHOD_AUTO6 | METHOD_DHCP6 : 0);

	for (int i = 0; i < plan->target_count; i++)
		methods |= methods_towards(&plan->targets[i], dhcp6);
	interface->methods = methods;
	interface->any_method = (methods & METHOD_DHCP6) && !(methods & METHOD_DHCP4) && !dhcp6;
}

/* Where all portals name the same interface, it is that one. */
static void choose_interface(const struct plan *plan, struct interface_plan *interface)
{
	const char *scope = plan->target_count ? plan->targets[0].portal.scope : "";

	for (int i = 1; i < plan->target_count; i++)
		if (strcmp(plan->targets[i].portal.scope, scope) != 0)
			return;
	if (!interface->name[0] && !interface->has_mac)
		snprintf(interface->name, sizeof(interface->name), "%s", scope);
}

static bool uses_firmware(const struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++)
		if (plan->targets[i].firmware_index >= 0)
			return true;
	return false;
}

/* An address of its own makes an interface ready beside DHCP, but not when the disk is to come with the lease. */
static void await_lease(struct network_plan *network)
{
	for (int i = 0; i < network->interface_count; i++)
		if (network->wants_root_path && network->interfaces[i].methods & METHOD_STATIC)
			network->interfaces[i].any_method = false;
}

/* ip=off, or an address of its own for no card in particular: it is meant for the table's card, too. */
static bool says_all(const struct network_words *words, const struct network_plan *network)
{
	const struct interface_plan *first = &network->interfaces[0];

	return words->given &&
	       (!network->interface_count || (link_words_is_nameless(first) && first->methods & METHOD_STATIC));
}

static int plan_network(const struct cmdline *cmdline, const struct ibft *firmware, struct plan *plan,
			struct plan_error *error)
{
	struct network_plan *network = &plan->network;
	struct network_words words;

	if (network_words_read(cmdline, plan, &words, error) < 0)
		return -EINVAL;
	words.firmware |= plan->boot.use_firmware && network->use_existing && !says_all(&words, network) &&
			  words_flag(cmdline, WORD_IBFT, false); /* dracut's name for ip=ibft */
	if (words.firmware && !plan->boot.use_firmware)
		plan->boot.use_firmware = plan->boot.firmware_is_optional = true;
	for (int i = 0; i < network->interface_count; i++) {
		if (network->interfaces[i].source == SOURCE_DEFAULT)
			choose_methods(plan, dracut_wishes(cmdline).dhcp6, &network->interfaces[i]);
		if (network->interfaces[i].first_only)
			choose_interface(plan, &network->interfaces[i]);
	}
	if (firmware && firmware->nic_count && (words.firmware || (!words.given && uses_firmware(plan)))) {
		if (!words.given)
			network->interface_count = 0;
		if (firmware_add_interfaces(firmware, network, error) < 0) {
			if (!words.given)
				return -EINVAL;
			plan_note(plan, "%s", error->text);
			error->text[0] = '\0';
		}
	}
	network_words_leave_ipv6(cmdline, plan);
	network->wants_root_path = plan->dhcp_template >= 0;
	await_lease(network);
	network->wanted = plan->target_count > 0 || (words.given && network->interface_count > 0) ||
			  words_flag(cmdline, WORD_NEEDNET, false);
	return 0;
}

/* ---- the whole ---- */

static void note_secrets(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		if (!plan->targets[i].secret_on_cmdline)
			continue;
		plan_note(plan, "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use "
				"password=@/path instead");
		return;
	}
}

static void note_name(struct plan *plan, const char *name)
{
	char shown[TEXT_SHOWN];
	const char *why = name[0] ? name_oddity(text_of(name)) : NULL;

	if (why)
		plan_note(plan, "%s is not a legal iSCSI name (%s), but is used as it is",
			  text_show(text_of(name), shown), why);
}

/* Each name once. */
static void note_names(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		const struct target_plan *target = &plan->targets[i];

		note_name(plan, target->name);
		if (i == 0 || strcmp(target->initiator, plan->targets[i - 1].initiator) != 0)
			note_name(plan, target->initiator);
	}
}

/* RFC 7143 13.14: FirstBurstLength may not exceed MaxBurstLength. */
static void fit_bursts(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		int32_t *value = plan->targets[i].params.value, most = value[PARAM_MAX_BURST_LENGTH];

		if (value[PARAM_FIRST_BURST_LENGTH] <= most)
			continue;
		value[PARAM_FIRST_BURST_LENGTH] = most;
		plan_note(plan, "target %d: FirstBurstLength is reduced to %d, since it may not exceed MaxBurstLength",
			  i + 1, (int)most);
	}
}

/* The words in their order of precedence, then what the firmware's table adds. *template has what iscsi=ibft says. */
static int plan_targets(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
			struct target_plan *template, struct plan *plan, struct plan_error *error)
{
	if (dracut_check(cmdline, plan, error) < 0 || debian_check(files, error) < 0 ||
	    add_word_targets(cmdline, files, plan, template, error) < 0)
		return -EINVAL;
	if (!firmware || (plan->target_count && !plan->boot.use_firmware))
		return 0;
	return firmware_add_targets(firmware, template, plan, error);
}

static int check_length(const struct cmdline *cmdline, struct plan_error *error)
{
	if (cmdline->given_length <= CMDLINE_BYTES_MAX)
		return 0;
	snprintf(error->text, sizeof(error->text), "command line: %zu bytes long, but at most %d bytes are read",
		 cmdline->given_length, CMDLINE_BYTES_MAX);
	return -EINVAL;
}

/* A system that was written to a swap partition knows connections that are long gone, and its root would be mounted here
   before it is back. */
static void note_resume(const struct cmdline *cmdline, struct plan *plan)
{
	if (words_last(cmdline, WORD_RESUME))
		plan_note(plan, "resume= has no effect: a hibernated system boots anew, unless the initramfs's own "
				"/init continues it");
}

int plan_make(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
	      struct plan *plan, struct plan_error *error)
{
	static const struct plan_files no_files = {.initiator_name = ""};
	struct target_plan template;
	int result;

	files = files ? files : &no_files;
	memset(plan, 0, offsetof(struct plan, targets)); /* each target is made whole when it is added */
	error->text[0] = 0;
	plan->dhcp_template = -1;
	result = check_length(cmdline, error);
	if (boot_words_read(cmdline, &plan->boot, &plan->root, error) < 0 || result < 0 ||
	    layer_words_read(cmdline, plan, error) < 0)
		return -EINVAL;
	target_default(&template, SOURCE_IBFT);
	result = plan_targets(cmdline, firmware, files, &template, plan, error);
	wipe(&template, sizeof(template));
	if (result < 0 || name_initiators(cmdline, firmware, files, plan, error) < 0 ||
	    plan_network(cmdline, firmware, plan, error) < 0)
		return -EINVAL;
	fit_bursts(plan);
	note_resume(cmdline, plan);
	note_names(plan);
	note_secrets(plan);
	return 0;
}
