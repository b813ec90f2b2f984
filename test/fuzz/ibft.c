/* ibft.c - fuzzes what the plan makes of a firmware's table, and the LUN's text.
 *
 * The input is one line per attribute, in the order of struct ibft; what is missing is empty.
 */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "plan/planning.h"
#include "sys/ibft.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cmdline cmdline;
static struct plan plan;

static void take(struct text *rest, char *out, size_t size)
{
	struct text line = text_cut(rest, '\n');

	out[0] = 0;
	(void)text_copy(line, out, size);
}

static unsigned take_number(struct text *rest, unsigned max)
{
	struct text line = text_cut(rest, '\n');
	uint64_t number = 0;

	(void)text_number(line, 10, max, &number);
	return (unsigned)number;
}

static void take_nic(struct text *rest, struct ibft_nic *nic)
{
	nic->has_mac = take_number(rest, 1);
	nic->prefix = (uint8_t)take_number(rest, 128);
	nic->vlan = (uint16_t)take_number(rest, 4095);
	take(rest, nic->address, sizeof(nic->address));
	take(rest, nic->gateway, sizeof(nic->gateway));
	take(rest, nic->dns[0], sizeof(nic->dns[0]));
	take(rest, nic->dns[1], sizeof(nic->dns[1]));
	take(rest, nic->dhcp, sizeof(nic->dhcp));
	take(rest, nic->hostname, sizeof(nic->hostname));
}

static void take_target(struct text *rest, struct ibft_target *target)
{
	take(rest, target->address, sizeof(target->address));
	target->port = (uint16_t)take_number(rest, 65535);
	target->chap = (int)take_number(rest, 2);
	take(rest, target->lun_text, sizeof(target->lun_text));
	target->has_lun = ibft_read_lun(target->lun_text, &target->lun) == 0;
	take(rest, target->name, sizeof(target->name));
	take(rest, target->username, sizeof(target->username));
	take(rest, target->secret, sizeof(target->secret));
	take(rest, target->username_in, sizeof(target->username_in));
	take(rest, target->secret_in, sizeof(target->secret_in));
}

/* What was read as a LUN is what the kernel printed. */
static void check_lun(const struct ibft_target *target)
{
	char printed[20] = "", *out = printed;
	uint8_t bytes[8];

	if (!target->has_lun)
		return;
	name_lun_bytes(target->lun, bytes);
	for (int i = 0; i < 8; i++)
		out += snprintf(out, 4, "%x", bytes[i]);
	require(strlen(printed) == strlen(target->lun_text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = {.at = (const char *)data, .length = size};
	struct plan_error error;
	struct ibft ibft = {.nic_count = 2, .target_count = 2};
	char line[512];

	take(&rest, line, sizeof(line));
	take(&rest, ibft.initiator, sizeof(ibft.initiator));
	for (int i = 0; i < 2; i++) {
		take_nic(&rest, &ibft.nics[i]);
		take_target(&rest, &ibft.targets[i]);
		check_lun(&ibft.targets[i]);
	}
	cmdline_cut(line, strlen(line), &cmdline);
	if (plan_make(&cmdline, &ibft, NULL, &plan, &error) < 0) {
		require(error.text[0] && memchr(error.text, 0, sizeof(error.text)));
		return 0;
	}
	require(plan.target_count <= PLAN_TARGETS_MAX && plan.network.interface_count <= PLAN_INTERFACES_MAX);
	for (int i = 0; i < plan.target_count; i++)
		require(plan.targets[i].wants_lease || plan.targets[i].portal.host[0]);
	return 0;
}
