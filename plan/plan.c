/* plan.c - what this boot is going to do. See plan.h.
 *
 * The precedence, first that says anything:
 *   targets	iscsi=; dracut's netroot= and root=iscsi:; Debian's iscsi_*; the iBFT when no word names a target. The
 *		iBFT and the lease add theirs where a word asks for them (iscsi=ibft, iscsi=dhcp and their like).
 *   settings	the word that names the target, or that asks for the iBFT's or the lease's; then dracut's or Debian's
 *		words for all their targets; then the iBFT or the lease; then our defaults.
 *   initiator	initiator=; rd.iscsi.initiator; iscsi_initiator; who named the target (iBFT, lease);
 *		/etc/iscsi/initiatorname.iscsi; the lease; the iBFT; the boot interface's MAC.
 *   network	iscsi.ip=; ip= and nfsaddrs=; the iBFT's cards when its targets are used; DHCPv4 or, for IPv6 portals,
 *		router advertisements, on every interface with carrier.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "plan/address.h"
#include "plan/credential.h"
#include "plan/dialect_debian.h"
#include "plan/dialect_dracut.h"
#include "plan/network_words.h"
#include "plan/target_word.h"
#include "proto/dhcp.h"
#include "proto/dhcp6.h"
#include "proto/iscsi_abi.h"
#include "proto/wipe.h"
#include "sys/ibft.h"

void plan_note(struct plan *plan, const char *format, ...)
{
	struct plan_notes *notes = &plan->notes;
	va_list arguments;

	if (notes->count == PLAN_NOTES_MAX) {
		snprintf(notes->text[PLAN_NOTES_MAX - 1], sizeof(notes->text[0]), "and more words without effect");
		return;
	}
	va_start(arguments, format);
	vsnprintf(notes->text[notes->count++], sizeof(notes->text[0]), format, arguments);
	va_end(arguments);
}

void plan_wipe(struct plan *plan)
{
	for (int i = 0; i < PLAN_TARGETS_MAX; i++) {
		wipe(&plan->targets[i].chap.password, sizeof(plan->targets[i].chap.password));
		wipe(&plan->targets[i].chap.password_in, sizeof(plan->targets[i].chap.password_in));
	}
}

void plan_read_initiator_name(const char *text, size_t length, struct plan_files *files)
{
	struct text rest = {.at = text, .length = length};

	while (rest.at) {
		struct text line = text_cut(&rest, '\n');

		while (line.length && (line.at[0] == ' ' || line.at[0] == '\t'))
			line = (struct text){.at = line.at + 1, .length = line.length - 1};
		if (!text_starts(line, "InitiatorName="))
			continue;
		(void)text_cut(&line, '=');
		while (line.length && (unsigned char)line.at[line.length - 1] <= ' ')
			line.length--;
		if (text_copy(line, files->initiator_name, sizeof(files->initiator_name)) < 0)
			snprintf(files->initiator_name, sizeof(files->initiator_name), "(too long)");
		return;
	}
}

/* ---- our own targets ---- */

/* What one iscsi= is: a target, the lease's template, the firmware's template. */
static int place_own(struct plan *plan, struct target_plan *firmware, enum target_form form, struct fault *fault)
{
	struct target_plan *target = &plan->targets[plan->target_count];

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
	return 0;
}

static int add_own_targets(const struct cmdline *cmdline, struct plan *plan, struct target_plan *firmware,
			   struct plan_error *error)
{
	for (const struct word *at = cmdline_next(cmdline, NULL, "iscsi"); at;
	     at = cmdline_next(cmdline, at, "iscsi")) {
		struct fault fault = {0};
		enum target_form form;

		if (plan->target_count == PLAN_TARGETS_MAX) {
			fault_set(&fault, NULL, "more than %d targets", PLAN_TARGETS_MAX);
			return cmdline_error(error, cmdline, at, &fault);
		}
		if (target_word_read(cmdline_value(cmdline, at), SOURCE_CMDLINE, &plan->targets[plan->target_count],
				     &form, &fault) < 0 ||
		    place_own(plan, firmware, form, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}

/* ---- all words that name targets, by precedence ---- */

static int add_word_targets(const struct cmdline *cmdline, const struct plan_files *files, struct plan *plan,
			    struct target_plan *firmware, struct plan_error *error)
{
	bool own = cmdline_next(cmdline, NULL, "iscsi") != NULL;
	struct dracut_wishes dracut = dracut_wishes(cmdline);
	struct debian_wishes debian = debian_wishes(cmdline, files);
	bool dracuts = dracut.targets || dracut.dhcp;

	if (own && dracuts)
		plan_note(plan, "iscsi= names the targets: those of netroot= and root=iscsi: are not used");
	if ((own || dracuts) && debian.targets)
		plan_note(plan, "%s names the targets: iscsi_target_ip= and its like are not used",
			  own ? "iscsi=" : "netroot= or root=iscsi:");
	if (own && (dracut.firmware || debian.firmware))
		plan_note(plan, "iscsi= names the targets: the iBFT is not used; to have both, add iscsi=ibft");
	if (own)
		return add_own_targets(cmdline, plan, firmware, error);
	plan->boot.use_firmware = dracut.firmware || debian.firmware;
	if (dracuts)
		return dracut_add_targets(cmdline, plan, error);
	return debian.targets ? debian_add_targets(cmdline, files, plan, error) : 0;
}

/* ---- the firmware's targets ---- */

static int firmware_error(struct plan_error *error, const struct ibft_target *from, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int firmware_error(struct plan_error *error, const struct ibft_target *from, const char *format, ...)
{
	int used = snprintf(error->text, sizeof(error->text), "iBFT target%d: ", from->index);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int fill_firmware_chap(const struct ibft_target *from, struct target_plan *target, struct plan_error *error)
{
	struct chap_config *chap = &target->chap;
	struct fault fault = {0};
	int result = 0;

	if (!from->chap || chap->username[0])
		return 0;
	result = credential_take_name(text_of(from->username), chap->username, &fault);
	if (!result)
		result = credential_take_secret(text_of(from->secret), &chap->password, &fault);
	if (!result && from->chap == 2)
		result = credential_take_name(text_of(from->username_in), chap->username_in, &fault);
	if (!result && from->chap == 2)
		result = credential_take_secret(text_of(from->secret_in), &chap->password_in, &fault);
	if (!result)
		result = credential_check(target, &fault);
	return result < 0 ? firmware_error(error, from, "%s", fault.text) : 0;
}

static int fill_firmware_target(const struct ibft_target *from, struct target_plan *target, struct plan_error *error)
{
	struct address address;
	struct fault fault = {0};
	char shown[TEXT_SHOWN];

	if (address_read(text_of(from->address), &address) < 0)
		return firmware_error(error, from, "expected an IP address in ip-addr, not %s",
				      text_show(text_of(from->address), shown));
	snprintf(target->portal.host, sizeof(target->portal.host), "%s", from->address);
	target->portal.port = from->port ? from->port : ISCSI_PORT;
	if (target_read_name(text_of(from->name), target->name, &fault) < 0)
		return firmware_error(error, from, "%s", fault.text);
	if (!target->has_lun) {
		if (!from->has_lun)
			return firmware_error(error, from,
					      "the LUN's bytes %s can be read in more ways than one, or none; "
					      "say which it is with iscsi=ibft,lun=",
					      text_show(text_of(from->lun_text), shown));
		target->lun = from->lun;
		target->has_lun = true;
	}
	target->firmware_index = from->index;
	target->firmware_nic = from->nic;
	target->source = SOURCE_IBFT;
	return fill_firmware_chap(from, target, error);
}

static int add_firmware_targets(const struct ibft *firmware, const struct target_plan *template, struct plan *plan,
				struct plan_error *error)
{
	for (int i = 0; i < firmware->target_count; i++) {
		struct target_plan *target = &plan->targets[plan->target_count];

		if (plan->target_count == PLAN_TARGETS_MAX) {
			snprintf(error->text, sizeof(error->text), "more than %d targets", PLAN_TARGETS_MAX);
			return -EINVAL;
		}
		*target = *template;
		if (fill_firmware_target(&firmware->targets[i], target, error) < 0)
			return -EINVAL;
		plan->target_count++;
	}
	return 0;
}

/* ---- the initiator's name ---- */

static void set_initiator(struct target_plan *target, const char *name, enum source source)
{
	if (!name[0] || target->initiator[0])
		return;
	snprintf(target->initiator, sizeof(target->initiator), "%s", name);
	target->initiator_source = source;
}

static void set_initiators(struct plan *plan, const char *name, enum source source, enum source whose)
{
	for (int i = 0; i < plan->target_count; i++)
		if (whose == SOURCE_COUNT || plan->targets[i].source == whose)
			set_initiator(&plan->targets[i], name, source);
}

static int check_file_name(const struct plan_files *files, struct plan_error *error)
{
	struct fault fault = {0};
	char name[NAME_MAX_BYTES + 1];

	if (!files || !files->initiator_name[0] || target_read_name(text_of(files->initiator_name), name, &fault) == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "/etc/iscsi/initiatorname.iscsi: %s", fault.text);
	return -EINVAL;
}

static int name_initiators(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
			   struct plan *plan, struct plan_error *error)
{
	char name[NAME_MAX_BYTES + 1];

	if (dracut_initiator(cmdline, name, error) < 0)
		return -EINVAL;
	set_initiators(plan, name, SOURCE_DRACUT, SOURCE_COUNT);
	if (debian_initiator(cmdline, files, name, error) < 0)
		return -EINVAL;
	set_initiators(plan, name, SOURCE_DEBIAN, SOURCE_COUNT);
	if (firmware)
		set_initiators(plan, firmware->initiator, SOURCE_IBFT, SOURCE_IBFT);
	if (check_file_name(files, error) < 0)
		return -EINVAL;
	if (files)
		snprintf(plan->file_initiator, sizeof(plan->file_initiator), "%s", files->initiator_name);
	for (int i = 0; i < plan->target_count; i++)
		if (!plan->targets[i].wants_lease) /* the lease may bring one with its target */
			set_initiator(&plan->targets[i], plan->file_initiator, SOURCE_FILE);
	return 0;
}

/* ---- the network ---- */

static bool is_dhcp_address(const struct ibft_nic *nic)
{
	struct address server, zero = {.family = 4};

	if (address_read(text_of(nic->dhcp), &server) < 0)
		return false;
	return memcmp(&server, &zero, sizeof(zero)) != 0;
}

static void add_firmware_dns(const struct ibft_nic *nic, struct network_plan *network)
{
	for (int i = 0; i < 2; i++) {
		struct address address;

		if (network->dns_count < PLAN_DNS_MAX && address_read(text_of(nic->dns[i]), &address) == 0)
			network->dns[network->dns_count++] = address;
	}
}

/* A VLAN of the firmware: the card is its parent, and it has the address. */
static int add_firmware_vlan(const struct ibft_nic *nic, struct network_plan *network, struct interface_plan *interface)
{
	struct link_plan *link = &network->links[network->link_count];

	if (!nic->vlan)
		return 0;
	if (network->link_count == PLAN_LINKS_MAX)
		return -EINVAL;
	memset(link, 0, sizeof(*link));
	link->kind = LINK_VLAN;
	link->vlan = nic->vlan;
	memcpy(link->mac, nic->mac, sizeof(link->mac));
	snprintf(link->name, sizeof(link->name), "ibft%d.%u", nic->index, nic->vlan);
	memcpy(interface->name, link->name, sizeof(interface->name));
	interface->has_mac = false;
	network->link_count++;
	return 0;
}

static int fill_firmware_interface(const struct ibft_nic *nic, struct interface_plan *interface)
{
	memset(interface, 0, sizeof(*interface));
	interface->has_mac = true;
	memcpy(interface->mac, nic->mac, sizeof(interface->mac));
	interface->firmware = true;
	interface->source = SOURCE_IBFT;
	if (strlen(nic->hostname) < sizeof(interface->hostname))
		memcpy(interface->hostname, nic->hostname, strlen(nic->hostname) + 1);
	if (is_dhcp_address(nic) || !nic->address[0]) {
		interface->methods = METHOD_DHCP4;
		return 0;
	}
	interface->methods = METHOD_STATIC;
	if (address_read(text_of(nic->address), &interface->address) < 0 || !nic->prefix ||
	    nic->prefix > (interface->address.family == 4 ? 32 : 128))
		return -EINVAL;
	interface->prefix = nic->prefix;
	if (nic->gateway[0] && address_read(text_of(nic->gateway), &interface->gateway) < 0)
		return -EINVAL;
	return 0;
}

static int add_firmware_interfaces(const struct ibft *firmware, struct network_plan *network, struct plan_error *error)
{
	for (int i = 0; i < firmware->nic_count; i++) {
		const struct ibft_nic *nic = &firmware->nics[i];
		struct interface_plan *interface = &network->interfaces[network->interface_count];

		if (!nic->has_mac)
			continue;
		if (network->interface_count == PLAN_INTERFACES_MAX || fill_firmware_interface(nic, interface) < 0 ||
		    add_firmware_vlan(nic, network, interface) < 0) {
			snprintf(error->text, sizeof(error->text),
				 "iBFT ethernet%d: address, prefix or gateway cannot be used; name them with ip=",
				 nic->index);
			return -EINVAL;
		}
		add_firmware_dns(nic, network);
		network->interface_count++;
	}
	return 0;
}

/* Without any word the portals say which family is needed; a name is asked for over IPv4. */
static void choose_methods(const struct plan *plan, bool dhcp6, struct interface_plan *interface)
{
	bool four = plan->target_count == 0, six = dhcp6, link = false;

	for (int i = 0; i < plan->target_count; i++) {
		const struct target_plan *target = &plan->targets[i];
		struct address address;

		if (target->wants_lease || address_read(text_of(target->portal.host), &address) < 0 ||
		    address.family == 4)
			four |= !target->wants_lease || !dhcp6;
		else if (address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80)
			link = true;
		else
			six = true;
	}
	interface->methods =
		(four ? METHOD_DHCP4 : 0u) | (six ? METHOD_AUTO6 | METHOD_DHCP6 : 0u) | (link ? METHOD_LINK6 : 0u);
	interface->any_method = six && !four && !dhcp6;
}

/* Portals that all name one interface to leave by choose it. */
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
		if (plan->targets[i].source == SOURCE_IBFT)
			return true;
	return false;
}

static int plan_the_network(const struct cmdline *cmdline, const struct ibft *firmware, struct plan *plan,
			    struct plan_error *error)
{
	struct network_plan *network = &plan->network;
	struct network_words words;

	if (network_words_read(cmdline, plan, &words, error) < 0)
		return -EINVAL;
	plan->boot.use_firmware |= words.firmware;
	if (!words.given) {
		choose_methods(plan, dracut_wishes(cmdline).dhcp6, &network->interfaces[0]);
		choose_interface(plan, &network->interfaces[0]);
	}
	if (firmware && firmware->nic_count && (words.firmware || (!words.given && uses_firmware(plan)))) {
		if (!words.given)
			network->interface_count = 0;
		if (add_firmware_interfaces(firmware, network, error) < 0)
			return -EINVAL;
	}
	network->wants_root_path = plan->dhcp_template >= 0;
	network->wanted = plan->target_count > 0 || (words.given && network->interface_count > 0) ||
			  cmdline_flag(cmdline, "rd.neednet", false);
	return 0;
}

/* ---- the whole ---- */

static void note_secrets(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		if (!plan->targets[i].secret_on_cmdline)
			continue;
		plan_note(plan, "a CHAP secret stands on the command line, where /proc/cmdline shows it to everybody; "
				"better: password=@/path");
		return;
	}
}

const char *plan_short_secret(const struct target_plan *target)
{
	const struct chap_secret *secrets[] = {&target->chap.password, &target->chap.password_in};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i]->length && secrets[i]->length < CHAP_SECRET_SHORT)
			return "a CHAP secret has less than 96 bits: who hears one login can guess it (RFC 7143 9.2.1)";
	return NULL;
}

/* RFC 7143 13.14: FirstBurstLength may not exceed MaxBurstLength. */
static void fit_bursts(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++) {
		int32_t *value = plan->targets[i].params.value, most = value[PARAM_MAX_BURST_LENGTH];

		if (value[PARAM_FIRST_BURST_LENGTH] <= most)
			continue;
		value[PARAM_FIRST_BURST_LENGTH] = most;
		plan_note(plan, "target %d: FirstBurstLength is %d, no more than MaxBurstLength", i + 1, (int)most);
	}
}

int plan_make(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
	      struct plan *plan, struct plan_error *error)
{
	struct target_plan template;

	memset(plan, 0, offsetof(struct plan, targets)); /* each target is made whole when it is added */
	error->text[0] = 0;
	plan->boot = cmdline->boot;
	plan->root = cmdline->root;
	plan->dhcp_template = -1;
	target_default(&template, SOURCE_IBFT);
	if (dracut_check(cmdline, plan, error) < 0 || debian_check(cmdline, files, error) < 0 ||
	    add_word_targets(cmdline, files, plan, &template, error) < 0)
		return -EINVAL;
	if (firmware && (plan->boot.use_firmware || !plan->target_count) &&
	    add_firmware_targets(firmware, &template, plan, error) < 0)
		return -EINVAL;
	if (name_initiators(cmdline, firmware, files, plan, error) < 0)
		return -EINVAL;
	if (plan_the_network(cmdline, firmware, plan, error) < 0)
		return -EINVAL;
	fit_bursts(plan);
	note_secrets(plan);
	wipe(&template, sizeof(template));
	return 0;
}

/* ---- the lease ---- */

/* What a lease says about the disk, whichever protocol brought it. */
struct disk_lease {
	const char *root_path;
	const char *what;        /* "DHCP root-path" */
	const char *next_server; /* "": none */
	const char *initiator;
	const char *user, *secret, *user_in, *secret_in;
};

static int lease_error(struct plan_error *error, const struct disk_lease *lease, const char *what)
{
	char shown[TEXT_SHOWN];

	if (strchr(lease->root_path, '@')) /* there may be a secret in it */
		snprintf(error->text, sizeof(error->text), "%s: %s", lease->what, what);
	else
		snprintf(error->text, sizeof(error->text), "%s %s: %s", lease->what,
			 text_show(text_of(lease->root_path), shown), what);
	return -EINVAL;
}

static int take_root_path(const struct root_path *from, struct target_plan *target, struct fault *fault)
{
	char server[PORTAL_TEXT_MAX];

	if (from->server[0]) {
		snprintf(server, sizeof(server), strchr(from->server, ':') ? "[%s]" : "%s", from->server);
		if (portal_read(text_of(server), &target->portal, fault) < 0)
			return -EINVAL;
	}
	target->portal.port = from->port;
	snprintf(target->name, sizeof(target->name), "%s", from->target);
	if (target->has_lun)
		return 0; /* lun= of iscsi=dhcp */
	target->lun = from->lun;
	target->has_lun = true;
	return 0;
}

/* RFC 4173 first; else dracut's longer form, its LUN read as RFC 4173 has it. */
static int read_root_path(struct text text, const struct disk_lease *lease, struct target_plan *target,
			  struct plan_error *error)
{
	struct root_path path;
	struct fault fault = {0};
	const char *why = "";
	bool has_lun = target->has_lun;
	uint64_t lun = target->lun;
	int result = name_root_path(text.at, text.length, &path, &why);

	if (result == 0)
		return take_root_path(&path, target, &fault) < 0 ? lease_error(error, lease, fault.text) : 0;
	if (result == -ENOENT)
		return lease_error(error, lease, "not iSCSI; expected iscsi:<server>:<protocol>:<port>:<LUN>:<target>");
	text = (struct text){.at = text.at + 6, .length = text.length - 6};
	if (dracut_read_target(text, true, target, &fault) < 0)
		return lease_error(error, lease, text_has(text, '@') ? fault.text : why);
	if (has_lun)
		target->lun = lun;
	target->has_lun = true;
	target->secret_on_cmdline = false;
	return 0;
}

static int take_lease_chap(const struct disk_lease *lease, struct target_plan *target, struct plan_error *error)
{
	struct chap_config *chap = &target->chap;
	struct fault fault = {0};
	int result = 0;

	if (chap->username[0] || !(lease->user[0] || lease->secret[0] || lease->user_in[0] || lease->secret_in[0]))
		return 0;
	if (lease->user[0])
		result = credential_take_name(text_of(lease->user), chap->username, &fault);
	if (!result && lease->secret[0])
		result = credential_take_secret(text_of(lease->secret), &chap->password, &fault);
	if (!result && lease->user_in[0])
		result = credential_take_name(text_of(lease->user_in), chap->username_in, &fault);
	if (!result && lease->secret_in[0])
		result = credential_take_secret(text_of(lease->secret_in), &chap->password_in, &fault);
	if (!result)
		result = credential_check(target, &fault);
	if (result < 0)
		snprintf(error->text, sizeof(error->text), "DHCP options 175.190 to 175.193: %s", fault.text);
	return result;
}

/* One root path into one target, which holds the options of iscsi=dhcp. */
static int fill_lease_target(struct text path, const struct disk_lease *lease, struct target_plan *target,
			     struct plan_error *error)
{
	if (read_root_path(path, lease, target, error) < 0)
		return -EINVAL;
	if (!target->portal.host[0] && !lease->next_server[0])
		return lease_error(error, lease,
				   "names no server, and the lease no next-server that could stand for it");
	if (!target->portal.host[0])
		snprintf(target->portal.host, sizeof(target->portal.host), "%s", lease->next_server);
	target->wants_lease = false;
	target->source = SOURCE_DHCP;
	return take_lease_chap(lease, target, error);
}

/* Several root paths with spaces between them, as iPXE has them, are several targets. */
static int fill_lease_targets(const struct disk_lease *lease, struct plan *plan, struct plan_error *error)
{
	struct target_plan template = plan->targets[plan->dhcp_template];
	struct text rest = text_of(lease->root_path);
	int slot = plan->dhcp_template, result = 0;

	while (rest.at && result == 0) {
		struct text path = text_cut(&rest, ' ');

		if (!path.length)
			continue;
		if (slot == PLAN_TARGETS_MAX) {
			result = lease_error(error, lease, "names more targets than there is room for");
			break;
		}
		plan->targets[slot] = template;
		result = fill_lease_target(path, lease, &plan->targets[slot], error);
		if (result)
			plan->targets[slot] = template;
		else if (slot == plan->target_count)
			plan->target_count++;
		slot = plan->target_count;
	}
	wipe(&template, sizeof(template));
	return result;
}

static int add_disk_lease(const struct disk_lease *lease, struct plan *plan, struct plan_error *error)
{
	error->text[0] = 0;
	if (plan->network.wants_root_path) {
		if (!lease->root_path[0]) {
			snprintf(error->text, sizeof(error->text),
				 "%s: the lease has none, and the disk was to come from it", lease->what);
			return -ENOENT;
		}
		if (fill_lease_targets(lease, plan, error) < 0)
			return -EINVAL;
		plan->network.wants_root_path = false;
	}
	set_initiators(plan, lease->initiator, SOURCE_DHCP, SOURCE_COUNT);
	set_initiators(plan, plan->file_initiator, SOURCE_FILE, SOURCE_COUNT);
	return 0;
}

static const char *write_ipv4(uint32_t number, char out[ADDRESS_TEXT_MAX])
{
	struct address address = {.family = number ? 4 : 0};

	for (int i = 0; i < 4; i++)
		address.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return address_write(&address, out);
}

int plan_add_lease(const struct cmdline *cmdline, const struct dhcp_lease *lease, struct plan *plan,
		   struct plan_error *error)
{
	char next_server[ADDRESS_TEXT_MAX];
	struct disk_lease disk = {.root_path = lease->root_path,
				  .what = "DHCP root-path (option 17)",
				  .initiator = lease->initiator_name,
				  .user = lease->chap_user,
				  .secret = lease->chap_secret,
				  .user_in = lease->chap_in_user,
				  .secret_in = lease->chap_in_secret};
	struct fault fault = {0};
	char name[NAME_MAX_BYTES + 1];

	(void)cmdline;
	disk.next_server = write_ipv4(lease->next_server ? lease->next_server : lease->server, next_server);
	if (lease->initiator_name[0] && target_read_name(text_of(lease->initiator_name), name, &fault) < 0) {
		snprintf(error->text, sizeof(error->text), "DHCP initiator name (option 203): %s", fault.text);
		return -EINVAL;
	}
	return add_disk_lease(&disk, plan, error);
}

int plan_add_lease6(const struct cmdline *cmdline, const struct dhcp6_lease *lease, struct plan *plan,
		    struct plan_error *error)
{
	struct disk_lease disk = {.root_path = lease->boot_url,
				  .what = "DHCPv6 boot file URL (option 59)",
				  .next_server = "",
				  .initiator = "",
				  .user = "",
				  .secret = "",
				  .user_in = "",
				  .secret_in = ""};

	(void)cmdline;
	return add_disk_lease(&disk, plan, error);
}

void plan_add_mac(struct plan *plan, const uint8_t mac[6])
{
	char name[21];

	name_from_mac(mac, name);
	set_initiators(plan, name, SOURCE_MAC, SOURCE_COUNT);
}
