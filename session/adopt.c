/* adopt.c - see adopt.h. */
/* SPDX-License-Identifier: MIT */
#include "session/adopt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/iscsi_abi.h"
#include "proto/wipe.h"
#include "sys/iscsi_class.h"
#include "sys/sysfs.h"

struct place {
	int sysfs;
	char session[48], connection[48];
};

/* An attribute's text; what was never set reads "(null)" and counts as empty. */
static void read_text(int sysfs, const char *directory, const char *name, char *out, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (sysfs_read_line(sysfs, path, out, size) < 0 || !strcmp(out, "(null)"))
		out[0] = '\0';
}

static void read_number(int sysfs, const char *directory, const char *name, enum param param, struct params *params)
{
	bool digest = param_rows[param].kind == KIND_DIGEST; /* 1: CRC32C */
	char path[96];
	int64_t value;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (sysfs_read_number(sysfs, path, param_rows[param].min, digest ? DIGEST_CRC32C : param_rows[param].max,
			      &value))
		return;
	params->value[param] = (int32_t)value;
	params->source[param] = SOURCE_NEGOTIATED;
}

static void read_secret(int sysfs, const char *directory, const char *name, struct chap_secret *secret)
{
	char text[CHAP_SECRET_MAX + 1];

	read_text(sysfs, directory, name, text, sizeof(text));
	secret->length = (uint16_t)strlen(text);
	memcpy(secret->bytes, text, secret->length);
	wipe(text, sizeof(text));
}

static void read_portal(const struct place *at, const char *host, const char *port, struct portal *out)
{
	char text[16];

	read_text(at->sysfs, at->connection, host, out->host, sizeof(out->host));
	read_text(at->sysfs, at->connection, port, text, sizeof(text));
	out->port = (uint16_t)strtoul(text, NULL, 10);
}

static const struct {
	const char *attribute;
	enum param param;
	bool of_connection;
} attributes[] = {
	{"recovery_tmo", PARAM_REPLACEMENT_TIMEOUT, false},
	{"first_burst_len", PARAM_FIRST_BURST_LENGTH, false},
	{"max_burst_len", PARAM_MAX_BURST_LENGTH, false},
	{"immediate_data", PARAM_IMMEDIATE_DATA, false},
	{"initial_r2t", PARAM_INITIAL_R2T, false},
	{"max_outstanding_r2t", PARAM_MAX_OUTSTANDING_R2T, false},
	{"fast_abort", PARAM_FAST_ABORT, false},
	{"abort_tmo", PARAM_ABORT_TIMEOUT, false},
	{"lu_reset_tmo", PARAM_LU_RESET_TIMEOUT, false},
	{"tgt_reset_tmo", PARAM_TARGET_RESET_TIMEOUT, false},
	{"tpgt", PARAM_TPGT, false},
	{"max_recv_dlength", PARAM_MAX_RECV_DATA_SEGMENT_LENGTH, true},
	{"header_digest", PARAM_HEADER_DIGEST, true},
	{"data_digest", PARAM_DATA_DIGEST, true},
	{"ping_tmo", PARAM_NOOP_OUT_TIMEOUT, true},
	{"recv_tmo", PARAM_NOOP_OUT_INTERVAL, true},
};

static void read_plan(const struct place *at, struct target_plan *plan)
{
	params_default(&plan->params);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		read_number(at->sysfs, attributes[i].of_connection ? at->connection : at->session,
			    attributes[i].attribute, attributes[i].param, &plan->params);
	read_text(at->sysfs, at->session, "targetname", plan->name, sizeof(plan->name));
	read_text(at->sysfs, at->session, "initiatorname", plan->initiator, sizeof(plan->initiator));
	read_text(at->sysfs, at->session, "username", plan->chap.username, sizeof(plan->chap.username));
	read_text(at->sysfs, at->session, "username_in", plan->chap.username_in, sizeof(plan->chap.username_in));
	read_secret(at->sysfs, at->session, "password", &plan->chap.password);
	read_secret(at->sysfs, at->session, "password_in", &plan->chap.password_in);
	plan->firmware_index = plan->firmware_nic = -1;
}

int adopt_session(int sysfs, uint32_t sid, struct adopted *out)
{
	struct place at = {.sysfs = sysfs};
	int host;

	*out = (struct adopted){.sid = sid};
	snprintf(at.session, sizeof(at.session), "class/iscsi_session/session%u", sid);
	snprintf(at.connection, sizeof(at.connection), "class/iscsi_connection/connection%u:0", sid);
	if (!sysfs_exists(sysfs, at.session))
		return -ENOENT;
	host = iscsi_class_host(sysfs, sid);
	if (host < 0)
		return host;
	out->host = (uint32_t)host;
	read_plan(&at, &out->plan);
	read_portal(&at, "persistent_address", "persistent_port", &out->plan.portal);
	read_portal(&at, "address", "port", &out->address);
	if (!out->plan.portal.host[0])
		out->plan.portal = out->address;
	if (!out->plan.portal.port)
		out->plan.portal.port = ISCSI_PORT;
	read_text(sysfs, at.session, "state", out->session_state, sizeof(out->session_state));
	read_text(sysfs, at.connection, "state", out->connection_state, sizeof(out->connection_state));
	out->up = !strcmp(out->connection_state, "up") ||
		  (!out->connection_state[0] && !strcmp(out->session_state, "LOGGED_IN"));
	return 0;
}
