/* firmware.c - what the iBFT means for the plan. See firmware.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/firmware.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/credential.h"
#include "plan/target_word.h"
#include "proto/iscsi_abi.h"
#include "proto/text.h"
#include "proto/wipe.h"

/* ---- targets ---- */

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
					      "the LUN's bytes %s can be read in several ways or in none; name the LUN "
					      "with iscsi=ibft,lun=",
					      text_show(text_of(from->lun_text), shown));
		target->lun = from->lun;
		target->has_lun = true;
	}
	target->firmware_index = from->index;
	target->firmware_nic = from->nic;
	target->source = SOURCE_IBFT;
	return fill_firmware_chap(from, target, error);
}

/* The word's target that is the table's, too: open-iscsi opens no second session with it. NULL: no word names it, or
   iscsi=ibft asks for both. */
static struct target_plan *find_named(struct plan *plan, int count, const struct target_plan *target)
{
	for (int i = 0; i < count && plan->boot.firmware_is_optional; i++) {
		struct target_plan *named = &plan->targets[i];

		if (address_is_same(named->portal.host, target->portal.host) &&
		    named->portal.port == target->portal.port && !strcmp(named->name, target->name) &&
		    (!named->has_lun || named->lun == target->lun))
			return named;
	}
	return NULL;
}

int firmware_add_targets(const struct ibft *firmware, const struct target_plan *template, struct plan *plan,
			 struct plan_error *error)
{
	int count = plan->target_count;

	for (int i = 0; i < firmware->target_count; i++) {
		struct target_plan *target = &plan->targets[plan->target_count], *named;

		if (plan->target_count == PLAN_TARGETS_MAX) {
			snprintf(error->text, sizeof(error->text), "more than %d targets", PLAN_TARGETS_MAX);
			return -EINVAL;
		}
		*target = *template;
		if (fill_firmware_target(&firmware->targets[i], target, error) < 0)
			return -EINVAL;
		named = find_named(plan, count, target);
		if (!named) {
			plan->target_count++;
			continue;
		}
		wipe(target, sizeof(*target));
		named->firmware_index = firmware->targets[i].index;
		named->firmware_nic = firmware->targets[i].nic;
		if (fill_firmware_chap(&firmware->targets[i], named, error) < 0)
			return -EINVAL;
	}
	return 0;
}

/* ---- cards ---- */

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

/* If the card uses a VLAN, the card is the VLAN's parent, and the VLAN gets the address. */
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
	if (nic->is_leased || is_dhcp_address(nic) || !nic->address[0]) {
		interface->any_method = strchr(nic->address, ':') != NULL;
		interface->methods = interface->any_method ? METHOD_AUTO6 | METHOD_DHCP6 : METHOD_DHCP4;
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

int firmware_add_interfaces(const struct ibft *firmware, struct network_plan *network, struct plan_error *error)
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
