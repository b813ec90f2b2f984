/* lease.c - the disk that a DHCP lease names. See lease.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/lease.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/credential.h"
#include "plan/dialect_dracut.h"
#include "plan/initiator.h"
#include "plan/target_word.h"
#include "proto/text.h"
#include "proto/wipe.h"

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

/* RFC 4173's form or, if it is not one, dracut's longer form with RFC 4173's LUN. */
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
	text = text_skip(text, strlen("iscsi:"));
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

/* Reads one root path into a target that has the options of iscsi=dhcp. */
static int fill_lease_target(struct text path, const struct disk_lease *lease, struct target_plan *target,
			     struct plan_error *error)
{
	if (read_root_path(path, lease, target, error) < 0)
		return -EINVAL;
	if (!target->portal.host[0] && !lease->next_server[0])
		return lease_error(error, lease, "names no server, and the lease has no next-server to use instead");
	if (!target->portal.host[0])
		snprintf(target->portal.host, sizeof(target->portal.host), "%s", lease->next_server);
	target->wants_lease = false;
	target->source = SOURCE_DHCP;
	return take_lease_chap(lease, target, error);
}

/* Several root paths, separated by spaces as iPXE does it, are several targets. */
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
				 "%s: the lease has none, but the disk was to come from it", lease->what);
			return -ENOENT;
		}
		if (fill_lease_targets(lease, plan, error) < 0)
			return -EINVAL;
		plan->network.wants_root_path = false;
	}
	initiator_set_all(plan, lease->initiator, SOURCE_DHCP);
	initiator_set_all(plan, plan->file_initiator, SOURCE_FILE);
	return 0;
}

static const char *write_ipv4(uint32_t number, char out[ADDRESS_TEXT_MAX])
{
	struct address address = {.family = number ? 4 : 0};

	for (int i = 0; i < 4; i++)
		address.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return address_write(&address, out);
}

int plan_add_lease(const struct dhcp_lease *lease, struct plan *plan, struct plan_error *error)
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

	disk.next_server = write_ipv4(lease->next_server ? lease->next_server : lease->server, next_server);
	if (lease->initiator_name[0] && target_read_name(text_of(lease->initiator_name), name, &fault) < 0) {
		snprintf(error->text, sizeof(error->text), "DHCP initiator name (option 203): %s", fault.text);
		return -EINVAL;
	}
	return add_disk_lease(&disk, plan, error);
}

int plan_add_lease6(const struct dhcp6_lease *lease, struct plan *plan, struct plan_error *error)
{
	struct disk_lease disk = {.root_path = lease->boot_url,
				  .what = "DHCPv6 boot file URL (option 59)",
				  .next_server = "",
				  .initiator = "",
				  .user = "",
				  .secret = "",
				  .user_in = "",
				  .secret_in = ""};

	return add_disk_lease(&disk, plan, error);
}
