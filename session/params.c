/* params.c - see params.h. The numbers of the settings come from the table in proto/params. */
/* SPDX-License-Identifier: MIT */
#include "session/params.h"

#include <stdio.h>
#include <string.h>

#include "proto/iscsi_abi.h"
#include "proto/wipe.h"
#include "sys/log.h"

/* A secret as a text parameter of the kernel, which cannot express a secret with a NUL in it. */
static void add_secret(struct netlink_batch *batch, uint32_t param, const struct chap_secret *secret)
{
	char text[CHAP_SECRET_MAX + 1];

	if (!secret->length || memchr(secret->bytes, 0, secret->length))
		return;
	memcpy(text, secret->bytes, secret->length);
	text[secret->length] = '\0';
	netlink_batch_text(batch, param, text);
	wipe(text, sizeof(text));
}

static void add_chap(struct netlink_batch *batch, const struct chap_config *chap)
{
	if (!chap->username[0])
		return;
	netlink_batch_text(batch, ISCSI_PARAM_USERNAME, chap->username);
	add_secret(batch, ISCSI_PARAM_PASSWORD, &chap->password);
	netlink_batch_text(batch, ISCSI_PARAM_USERNAME_IN, chap->username_in);
	add_secret(batch, ISCSI_PARAM_PASSWORD_IN, &chap->password_in);
}

/* Marks a session of the firmware's table as root's: then the running system's tools leave it alone. */
static void add_boot(struct netlink_batch *batch, const struct target_plan *plan)
{
	char text[32];

	if (plan->firmware_index < 0)
		return;
	netlink_batch_text(batch, ISCSI_PARAM_BOOT_ROOT, "iscsi_boot0");
	snprintf(text, sizeof(text), "ethernet%d", plan->firmware_nic < 0 ? 0 : plan->firmware_nic);
	netlink_batch_text(batch, ISCSI_PARAM_BOOT_NIC, text);
	snprintf(text, sizeof(text), "target%d", plan->firmware_index);
	netlink_batch_text(batch, ISCSI_PARAM_BOOT_TARGET, text);
}

/* Without an interval there are no NOP-Outs, and nothing to wait for: the kernel would take an interval of its own
   (libiscsi.c, iscsi_conn_start). */
static int32_t value_of(const struct params *params, int i)
{
	return i == PARAM_NOOP_OUT_TIMEOUT && !params->value[PARAM_NOOP_OUT_INTERVAL] ? 0 : params->value[i];
}

/* Every setting that the kernel knows and that is (or is not) negotiated. TPGT is what the target said; it is added apart. */
static void add_rows(struct netlink_batch *batch, const struct params *params, bool negotiated)
{
	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];

		if (row->kernel < 0 || i == PARAM_TPGT || (row->rule != RULE_NONE) != negotiated)
			continue;
		netlink_batch_number(batch, (uint32_t)row->kernel, value_of(params, i));
	}
}

int session_params_before(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t host,
			  const struct target_plan *plan, const char *name, const struct portal *portal)
{
	struct netlink_batch batch;
	uint32_t refused;
	int result;

	netlink_batch_start(&batch, sid, cid);
	netlink_batch_text(&batch, ISCSI_PARAM_TARGET_NAME, name);
	netlink_batch_text(&batch, ISCSI_PARAM_INITIATOR_NAME, plan->initiator);
	netlink_batch_text(&batch, ISCSI_PARAM_PERSISTENT_ADDRESS, portal->host);
	netlink_batch_number(&batch, ISCSI_PARAM_PERSISTENT_PORT, portal->port);
	netlink_batch_text(&batch, ISCSI_PARAM_IFACE_NAME, "default");
	add_rows(&batch, &plan->params, false);
	add_chap(&batch, &plan->chap);
	add_boot(&batch, plan);
	result = netlink_batch_send(netlink, &batch, &refused);
	if (result) {
		log_debug("session %u: the kernel refused parameter %u", sid, refused);
		return result;
	}
	/* Only shown in sysfs; a kernel that does not take it is no worse for it. */
	netlink_set_host_param(netlink, host, ISCSI_HOST_PARAM_INITIATOR_NAME, plan->initiator);
	return 0;
}

/* The kernel takes powers of two only (libiscsi.c, iscsi_set_param). */
static int32_t power_of_two(int32_t value)
{
	int32_t power = 1;

	while (power <= value / 2)
		power *= 2;
	return power;
}

int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *plan, uint32_t *refused)
{
	struct netlink_batch batch;
	struct params params = result->negotiated;
	int32_t tpgt = result->tpgt >= 0 ? result->tpgt : plan->params.value[PARAM_TPGT];

	params.value[PARAM_MAX_OUTSTANDING_R2T] = power_of_two(params.value[PARAM_MAX_OUTSTANDING_R2T]);
	netlink_batch_start(&batch, sid, cid);
	add_rows(&batch, &params, true);
	netlink_batch_number(&batch, ISCSI_PARAM_EXP_STATSN, result->exp_stat_sn);
	if (tpgt >= 0)
		netlink_batch_number(&batch, ISCSI_PARAM_TPGT, tpgt);
	netlink_batch_text(&batch, ISCSI_PARAM_TARGET_ALIAS, result->target_alias);
	return netlink_batch_send(netlink, &batch, refused);
}
