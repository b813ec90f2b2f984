/* dialect_dracut.c - netroot=, root=iscsi:, root=dhcp and rd.iscsi.*. See dialect_dracut.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/dialect_dracut.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/credential.h"
#include "plan/target_word.h"
#include "plan/words.h"
#include "proto/iscsi_abi.h"
#include "proto/wipe.h"

#define FIELDS_MAX  8
#define RETRIES_MAX 10000

/* ---- one target ---- */

/* The field is shown unless it may contain a secret. */
static int field_fault(struct fault *fault, struct text field, bool hide, const char *expected)
{
	char shown[TEXT_SHOWN];

	if (hide)
		return fault_set(fault, field.at, "%s", expected);
	return fault_set(fault, field.at, "%s, not %s", expected, text_show(field, shown));
}

/* user:password[:user_in:password_in] before the first '@', if at least four colons follow it. */
static struct text cut_auth(struct text *text)
{
	struct text rest = *text, auth = text_cut(&rest, '@');
	unsigned colons = 0;

	for (size_t i = 0; i < rest.length; i++)
		colons += rest.at[i] == ':';
	if (!rest.at || colons < 4)
		return (struct text){0};
	*text = rest;
	return auth;
}

static int read_auth(struct text auth, struct target_plan *target, struct fault *fault)
{
	struct chap_config *chap = &target->chap;
	struct text field[5] = {0};
	unsigned count = 0;

	if (!auth.length)
		return 0;
	while (auth.at && count < 5)
		field[count++] = text_cut(&auth, ':');
	if (count != 2 && count != 4)
		return fault_set(fault, field[0].at,
				 "before '@': expected user:password or user:password:user_in:password_in; use iscsi= "
				 "for a password with ':' or '@'");
	if (credential_take_name(field[0], chap->username, fault) < 0 ||
	    credential_take_secret(field[1], &chap->password, fault) < 0)
		return -EINVAL;
	target->secret_on_cmdline = true;
	if (count < 4 || (!field[2].length && !field[3].length))
		return 0;
	if (credential_take_name(field[2], chap->username_in, fault) < 0)
		return -EINVAL;
	return credential_take_secret(field[3], &chap->password_in, fault);
}

static int cut_server(struct text *text, struct text *server, bool hide, struct fault *fault)
{
	if (text_starts(*text, "[")) {
		struct text rest = *text;

		*server = text_cut_bracketed(&rest, ':');
		if (server->at[server->length - 1] != ']')
			return field_fault(fault, *server, hide, "server: expected [IPv6 address]:");
		*text = rest;
	} else {
		*server = text_cut(text, ':');
	}
	if (!text->at)
		return field_fault(fault, *server, hide, "expected server:protocol:port:LUN:target");
	return 0;
}

/* The target is what follows the last ":iqn.", else the last ":eui.", else the last ":naa.". */
static int cut_name(struct text *text, struct text *name, struct fault *fault)
{
	static const char *const types[] = {":iqn.", ":eui.", ":naa."};

	for (unsigned i = 0; i < 3; i++) {
		for (size_t at = text->length; at-- > 0;) {
			struct text tail = {.at = text->at + at, .length = text->length - at};

			if (!text_starts(tail, types[i]))
				continue;
			*name = (struct text){.at = tail.at + 1, .length = tail.length - 1};
			text->length = at;
			return 0;
		}
	}
	return fault_set(fault, text->at, "target: expected a name that begins with iqn., eui. or naa.");
}

struct fields {
	struct text protocol, port, iface, netdev, lun;
};

static bool is_number(struct text text)
{
	uint64_t number;

	return text_number(text, 10, UINT64_MAX, &number) == 0;
}

/* [protocol]:[port]:[[iface:][netdev:]][lun]; one ':' too many after the LUN is ignored, as in dracut's shell. */
static int cut_fields(struct text middle, struct fields *fields, struct fault *fault)
{
	struct text field[FIELDS_MAX] = {0}, start = middle;
	unsigned count = 0;

	while (middle.at && count < FIELDS_MAX)
		field[count++] = text_cut(&middle, ':');
	if (count == 4 && !field[3].length && is_number(field[2]))
		count--;
	if (count < 2)
		return fault_set(fault, start.at, "fields are missing: expected server:protocol:port:LUN:target");
	if (count > 5 || middle.at)
		return fault_set(fault, start.at,
				 "too many fields: expected "
				 "server:protocol:port:iface:netdev:LUN:target");
	fields->protocol = field[0];
	fields->port = field[1];
	if (count == 5)
		fields->iface = field[2];
	if (count >= 4)
		fields->netdev = field[count - 2];
	if (count >= 3)
		fields->lun = field[count - 1];
	return 0;
}

static int read_lun(struct text text, bool hex_lun, bool hide, struct target_plan *target, struct fault *fault)
{
	uint64_t lun;
	int error;

	if (!text.length)
		return 0;
	error = hex_lun ? name_read_lun(text, &lun) : text_number(text, 10, UINT64_MAX, &lun);
	if (error)
		return field_fault(fault, text, hide,
				   hex_lun ? "LUN: expected hexadecimal groups" : "LUN: expected a decimal number");
	target->lun = lun;
	target->has_lun = true;
	return 0;
}

static int read_fields(const struct fields *fields, bool hex_lun, bool hide, struct target_plan *target,
		       struct fault *fault)
{
	uint64_t port = target->portal.port;

	if (!name_is_tcp(fields->protocol))
		return field_fault(fault, fields->protocol, hide, "protocol: expected nothing or 6 (TCP)");
	if (fields->port.length && (text_number(fields->port, 10, 65535, &port) < 0 || port == 0))
		return field_fault(fault, fields->port, hide, "port: expected a number from 1 to 65535");
	target->portal.port = (uint16_t)port;
	if (fields->netdev.length && address_read_interface(fields->netdev, target->portal.scope) < 0)
		return field_fault(fault, fields->netdev, hide, "netdev: expected an interface");
	return read_lun(fields->lun, hex_lun, hide, target, fault);
}

int dracut_read_target(struct text text, bool hex_lun, struct target_plan *target, struct fault *fault)
{
	bool hide = text_has(text, '@'), names_nobody = text_starts(text, "@");
	struct text auth = cut_auth(&text), server = {0}, name = {0};
	struct fields fields = {0};
	struct fault inner = {0};

	if (read_auth(auth, target, fault) < 0 || cut_server(&text, &server, hide, fault) < 0)
		return -EINVAL;
	if (cut_name(&text, &name, fault) < 0 || cut_fields(text, &fields, fault) < 0)
		return -EINVAL;
	target->portal.port = ISCSI_PORT;
	if (server.length && portal_read(server, &target->portal, &inner) < 0)
		return hide ? fault_set(fault, server.at, "server: expected an address or a host name")
			    : fault_set(fault, server.at, "server: %s", inner.text);
	if (read_fields(&fields, hex_lun, hide, target, fault) < 0)
		return -EINVAL;
	if (target_read_name(name, target->name, &inner) < 0 || (hide && !names_nobody && name_oddity(name)))
		return hide ? fault_set(fault, name.at, "target: not a legal iSCSI name")
			    : fault_set(fault, name.at, "target: %s", inner.text);
	return 0;
}

/* ---- rd.iscsi.param ---- */

/* Records that are not a row of proto/params. */
enum {
	RECORD_IGNORED = PARAM_COUNT,
	RECORD_USERNAME,
	RECORD_PASSWORD,
	RECORD_USERNAME_IN,
	RECORD_PASSWORD_IN,
	RECORD_ALGORITHMS
};

/* open-iscsi's names. Arrays and not pointers, since each pointer would cost a relocation. */
static const struct {
	char name[44];
	uint8_t setting; /* enum param, or from RECORD_IGNORED on */
} records[] = {
	{"node.session.timeo.replacement_timeout", PARAM_REPLACEMENT_TIMEOUT},
	{"node.session.cmds_max", PARAM_CMDS_MAX},
	{"node.session.queue_depth", PARAM_QUEUE_DEPTH},
	{"node.session.err_timeo.abort_timeout", PARAM_ABORT_TIMEOUT},
	{"node.session.err_timeo.lu_reset_timeout", PARAM_LU_RESET_TIMEOUT},
	{"node.session.err_timeo.tgt_reset_timeout", PARAM_TARGET_RESET_TIMEOUT},
	{"node.session.iscsi.FastAbort", PARAM_FAST_ABORT},
	{"node.session.iscsi.InitialR2T", PARAM_INITIAL_R2T},
	{"node.session.iscsi.ImmediateData", PARAM_IMMEDIATE_DATA},
	{"node.session.iscsi.FirstBurstLength", PARAM_FIRST_BURST_LENGTH},
	{"node.session.iscsi.MaxBurstLength", PARAM_MAX_BURST_LENGTH},
	{"node.session.iscsi.DefaultTime2Wait", PARAM_DEFAULT_TIME2WAIT},
	{"node.session.iscsi.DefaultTime2Retain", PARAM_DEFAULT_TIME2RETAIN},
	{"node.session.iscsi.MaxOutstandingR2T", PARAM_MAX_OUTSTANDING_R2T},
	{"node.session.iscsi.ERL", PARAM_ERROR_RECOVERY_LEVEL},
	{"node.conn[0].iscsi.HeaderDigest", PARAM_HEADER_DIGEST},
	{"node.conn[0].iscsi.DataDigest", PARAM_DATA_DIGEST},
	{"node.conn[0].iscsi.MaxRecvDataSegmentLength", PARAM_MAX_RECV_DATA_SEGMENT_LENGTH},
	{"node.conn[0].iscsi.MaxXmitDataSegmentLength", PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH},
	{"node.conn[0].timeo.login_timeout", PARAM_LOGIN_TIMEOUT},
	{"node.conn[0].timeo.noop_out_interval", PARAM_NOOP_OUT_INTERVAL},
	{"node.conn[0].timeo.noop_out_timeout", PARAM_NOOP_OUT_TIMEOUT},
	{"node.tpgt", PARAM_TPGT},
	{"node.session.auth.chap_algs", RECORD_ALGORITHMS},
	{"node.session.auth.username", RECORD_USERNAME},
	{"node.session.auth.password", RECORD_PASSWORD},
	{"node.session.auth.username_in", RECORD_USERNAME_IN},
	{"node.session.auth.password_in", RECORD_PASSWORD_IN},
	{"node.session.auth.authmethod", RECORD_IGNORED},
	{"node.session.initial_login_retry_max", RECORD_IGNORED},
	{"node.session.iscsi.MaxConnections", RECORD_IGNORED},
	{"node.session.nr_sessions", RECORD_IGNORED},
	{"node.session.scan", RECORD_IGNORED},
	{"node.session.xmit_thread_priority", RECORD_IGNORED},
	{"node.session.reopen_max", RECORD_IGNORED},
	{"node.session.sess_reopen_log_freq", RECORD_IGNORED},
	{"node.session.err_timeo.host_reset_timeout", RECORD_IGNORED},
	{"node.conn[0].iscsi.IFMarker", RECORD_IGNORED},
	{"node.conn[0].iscsi.OFMarker", RECORD_IGNORED},
	{"node.conn[0].tcp.congestion_control", RECORD_IGNORED},
	{"node.conn[0].startup", RECORD_IGNORED},
	{"node.conn[0].timeo.logout_timeout", RECORD_IGNORED},
	{"node.conn[0].timeo.auth_timeout", RECORD_IGNORED},
	{"node.conn[0].tcp.window_size", RECORD_IGNORED},
	{"node.startup", RECORD_IGNORED},
	{"node.leading_login", RECORD_IGNORED},
};
#define RECORDS (sizeof(records) / sizeof(records[0]))

static int take_username(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_name(value, target->chap.username, fault);
}

static int take_password(struct text value, struct target_plan *target, struct fault *fault)
{
	target->secret_on_cmdline = true;
	return credential_take_secret(value, &target->chap.password, fault);
}

static int take_username_in(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_name(value, target->chap.username_in, fault);
}

static int take_password_in(struct text value, struct target_plan *target, struct fault *fault)
{
	target->secret_on_cmdline = true;
	return credential_take_secret(value, &target->chap.password_in, fault);
}

/* open-iscsi separates a list with ',', our table with ':'. */
static struct text join_with_colons(struct text value, char *out, size_t size)
{
	if (!text_has(value, ',') || value.length >= size)
		return value;
	memcpy(out, value.at, value.length);
	for (size_t i = 0; i < value.length; i++)
		if (out[i] == ',')
			out[i] = ':';
	return (struct text){.at = out, .length = value.length};
}

static int set_record(unsigned setting, struct text value, struct target_plan *target, struct fault *fault)
{
	struct fault inner = {0};
	char joined[64];

	switch (setting) {
	case RECORD_IGNORED:
		return 0;
	case RECORD_USERNAME:
		return take_username(value, target, fault);
	case RECORD_PASSWORD:
		return take_password(value, target, fault);
	case RECORD_USERNAME_IN:
		return take_username_in(value, target, fault);
	case RECORD_PASSWORD_IN:
		return take_password_in(value, target, fault);
	case RECORD_ALGORITHMS:
		value = join_with_colons(value, joined, sizeof(joined));
		if (credential_read_algorithms(value, &target->chap, &inner) < 0)
			return fault_set(fault, NULL, "chap_algs: %s", inner.text);
		return 0;
	default:
		if (setting == PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH && text_is(value, "0"))
			return 0; /* open-iscsi's default: what the target takes */
		value = join_with_colons(value, joined, sizeof(joined));
		if (target_set_param(text_of(param_rows[setting].name), value, SOURCE_DRACUT, target, &inner) < 0)
			return fault_set(fault, NULL, "%s", inner.text);
		return 0;
	}
}

static int read_record(struct text text, struct target_plan *target, struct fault *fault)
{
	struct text value = text, name = text_cut(&value, '=');
	char shown[TEXT_SHOWN];

	if (!value.at)
		return fault_set(fault, text.at, "expected name=value");
	for (unsigned i = 0; i < RECORDS; i++)
		if (text_is(name, records[i].name))
			return set_record(records[i].setting, value, target, fault);
	return fault_set(fault, name.at, "setting %s is not known here", text_show(name, shown));
}

static int apply_records(const struct cmdline *cmdline, struct target_plan *target, struct plan_error *error)
{
	for (int i = 0; i < cmdline->word_count; i++) {
		const struct word *at = &cmdline->words[i];
		int key = words_find(cmdline_key(cmdline, at));
		struct fault fault = {0};

		if ((key != WORD_PARAM && key != WORD_PARAM_OLD) || !cmdline_value(cmdline, at).length)
			continue;

		if (read_record(cmdline_value(cmdline, at), target, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}

/* ---- rd.iscsi.* that hold for every target ---- */

static int take_group(struct text value, struct target_plan *target, struct fault *fault)
{
	return target_set_param(text_of("tpgt"), value, SOURCE_DRACUT, target, fault);
}

static const struct {
	enum word_key key, older; /* dracut's word, and its older name, which Debian uses, too */
	int (*take)(struct text value, struct target_plan *target, struct fault *fault);
	bool auth; /* credentials before '@' win over it */
} settings[] = {
	{WORD_USERNAME, WORD_DEBIAN_USERNAME, take_username, true},
	{WORD_PASSWORD, WORD_DEBIAN_PASSWORD, take_password, true},
	{WORD_IN_USERNAME, WORD_DEBIAN_IN_USERNAME, take_username_in, true},
	{WORD_IN_PASSWORD, WORD_DEBIAN_IN_PASSWORD, take_password_in, true},
	{WORD_TARGET_GROUP, WORD_DEBIAN_TARGET_GROUP, take_group, false},
};

static const struct word *last_of(const struct cmdline *cmdline, enum word_key key, enum word_key older)
{
	const struct word *word = words_last(cmdline, key);

	return word ? word : words_last(cmdline, older);
}

static int complete_target(const struct cmdline *cmdline, struct target_plan *target, struct plan_error *error)
{
	bool has_auth = target->chap.username[0] != 0;

	for (unsigned i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct word *at = last_of(cmdline, settings[i].key, settings[i].older);
		struct fault fault = {0};

		if (!at || !cmdline_value(cmdline, at).length || (settings[i].auth && has_auth))
			continue; /* dracut treats an empty value as none */
		if (settings[i].take(cmdline_value(cmdline, at), target, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return apply_records(cmdline, target, error);
}

/* ---- the words that name targets ---- */

static struct target_plan *new_target(const struct cmdline *cmdline, const struct word *at, struct plan *plan,
				      struct plan_error *error)
{
	struct fault fault = {0};

	if (plan->target_count < PLAN_TARGETS_MAX) {
		target_default(&plan->targets[plan->target_count], SOURCE_DRACUT);
		return &plan->targets[plan->target_count];
	}
	fault_set(&fault, NULL, "more than %d targets", PLAN_TARGETS_MAX);
	cmdline_error(error, cmdline, at, &fault);
	return NULL;
}

static int finish_target(const struct cmdline *cmdline, const struct word *at, struct plan *plan,
			 struct plan_error *error)
{
	struct target_plan *target = &plan->targets[plan->target_count];
	struct fault fault = {0};

	target->word = cmdline_number(cmdline, at);
	if (complete_target(cmdline, target, error) < 0)
		return -EINVAL;
	if (credential_check(target, &fault) < 0)
		return cmdline_error(error, cmdline, at, &fault);
	plan->target_count++;
	return 0;
}

static int add_target(const struct cmdline *cmdline, const struct word *at, struct text text, struct plan *plan,
		      struct plan_error *error)
{
	struct target_plan *target = new_target(cmdline, at, plan, error);
	bool is_root = text_is(cmdline_key(cmdline, at), "root");
	struct fault fault = {0};

	if (!target)
		return -EINVAL;
	if (dracut_read_target(text, false, target, &fault) < 0)
		return cmdline_error(error, cmdline, at, &fault);
	if (!target->portal.host[0]) {
		fault_set(&fault, text.at,
			  "server: expected an address or a host name (empty is for DHCP's root-path)");
		return cmdline_error(error, cmdline, at, &fault);
	}
	if (is_root && plan->root.kind == ROOT_NONE) {
		plan->root.kind = ROOT_TARGET;
		plan->root.target = plan->target_count;
	}
	if (target->lun == 0 && !(is_root && plan->root.kind == ROOT_TARGET && target->has_lun))
		target->has_lun = false; /* people write 0 when they mean no LUN, and then dracut attaches every LUN */
	return finish_target(cmdline, at, plan, error);
}

static int add_template(const struct cmdline *cmdline, const struct word *at, struct plan *plan,
			struct plan_error *error)
{
	struct target_plan *target;

	if (text_is(cmdline_key(cmdline, at), "root") && plan->root.kind == ROOT_NONE) {
		plan->root.kind = ROOT_TARGET;
		plan->root.target = plan->dhcp_template >= 0 ? plan->dhcp_template : plan->target_count;
	}
	if (plan->dhcp_template >= 0)
		return 0;
	target = new_target(cmdline, at, plan, error);
	if (!target)
		return -EINVAL;
	target->wants_lease = true;
	plan->dhcp_template = plan->target_count;
	return finish_target(cmdline, at, plan, error);
}

enum netroot { NETROOT_OTHER, NETROOT_TARGET, NETROOT_FIRMWARE, NETROOT_DHCP, NETROOT_DHCP6 };

static enum netroot classify(const struct cmdline *cmdline, const struct word *at, struct text *target)
{
	struct text key = cmdline_key(cmdline, at), value = cmdline_value(cmdline, at);
	bool is_root = text_is(key, "root");

	if (!is_root && !text_is(key, "netroot") && !text_is(key, "iscsiroot"))
		return NETROOT_OTHER;
	if (text_is(value, "dhcp"))
		return NETROOT_DHCP;
	if (text_is(value, "dhcp6"))
		return NETROOT_DHCP6;
	if (text_is(value, "iscsi:") || (text_is(value, "iscsi") && !is_root))
		return NETROOT_FIRMWARE;
	*target = value;
	if (text_starts(value, "iscsi:"))
		*target = text_skip(value, strlen("iscsi:"));
	else if (!text_is(key, "iscsiroot") || !value.length)
		return NETROOT_OTHER;
	return NETROOT_TARGET;
}

struct dracut_wishes dracut_wishes(const struct cmdline *cmdline)
{
	struct dracut_wishes wishes = {0};
	struct text target;

	for (int i = 0; i < cmdline->word_count; i++) {
		enum netroot kind = classify(cmdline, &cmdline->words[i], &target);

		wishes.targets |= kind == NETROOT_TARGET;
		wishes.firmware |= kind == NETROOT_FIRMWARE;
		wishes.dhcp |= kind == NETROOT_DHCP || kind == NETROOT_DHCP6;
		wishes.dhcp6 |= kind == NETROOT_DHCP6;
	}
	wishes.firmware |= words_flag(cmdline, WORD_FIRMWARE, false) || words_flag(cmdline, WORD_IBFT, false) ||
			   words_flag(cmdline, WORD_FIRMWARE_OLD, false);
	return wishes;
}

/* dracut links /dev/root to the target's disk, and uses that disk if there is no root=. */
static void choose_root(struct plan *plan)
{
	if (!plan->target_count)
		return;
	if (plan->root.kind != ROOT_NONE &&
	    (plan->root.kind != ROOT_DEVICE || strcmp(plan->root.value, "/dev/root") != 0))
		return;
	plan->root.kind = ROOT_TARGET;
	plan->root.value[0] = 0;
	plan->root.target = 0;
}

int dracut_add_targets(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	for (int i = 0; i < cmdline->word_count; i++) {
		const struct word *at = &cmdline->words[i];
		struct text target = {0};
		enum netroot kind = classify(cmdline, at, &target);
		int result = 0;

		if (kind == NETROOT_TARGET)
			result = add_target(cmdline, at, target, plan, error);
		else if (kind == NETROOT_DHCP || kind == NETROOT_DHCP6)
			result = add_template(cmdline, at, plan, error);
		if (result < 0)
			return result;
	}
	choose_root(plan);
	return 0;
}

int dracut_initiator(const struct cmdline *cmdline, char name[NAME_MAX_BYTES + 1], struct plan_error *error)
{
	const struct word *at = words_last(cmdline, WORD_INITIATOR);
	struct fault fault = {0};

	name[0] = 0;
	if (!at || !cmdline_value(cmdline, at).length ||
	    target_read_name(cmdline_value(cmdline, at), name, &fault) == 0)
		return 0;
	return cmdline_error(error, cmdline, at, &fault);
}

/* ---- looking at every word ---- */

static int check_retries(struct text value, struct plan *plan, struct fault *fault)
{
	char shown[TEXT_SHOWN];
	uint64_t number;

	if (value.length && text_number(value, 10, RETRIES_MAX, &number) < 0)
		return fault_set(fault, value.at, "expected a number from 0 to %d, not %s", RETRIES_MAX,
				 text_show(value, shown));
	plan_note(plan, "rd.iscsi.login_retry_max has no effect: logins are retried for iscsi.timeout, not counted");
	return 0;
}

static int check_transport(struct text value, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	if (!value.length || text_is(value, "tcp"))
		return 0;
	return fault_set(fault, value.at, "transport %s is not supported; tcp is", text_show(value, shown));
}

static int check_param(struct text value, struct plan *plan, struct fault *fault)
{
	struct target_plan scratch;
	struct text rest = value, name = text_cut(&rest, '=');
	int result;

	target_default(&scratch, SOURCE_DRACUT);
	result = read_record(value, &scratch, fault);
	wipe(&scratch, sizeof(scratch));
	for (unsigned i = 0; result == 0 && i < RECORDS; i++)
		if (text_is(name, records[i].name) && records[i].setting == RECORD_IGNORED)
			plan_note(plan, "rd.iscsi.param=%s has no effect here", records[i].name);
	return result;
}

static int check_word(const struct cmdline *cmdline, const struct word *at, struct plan *plan, struct fault *fault)
{
	struct text value = cmdline_value(cmdline, at), target;

	switch (words_find(cmdline_key(cmdline, at))) {
	case WORD_RETRIES:
		return check_retries(value, plan, fault);
	case WORD_TRANSPORT:
		return check_transport(value, fault);
	case WORD_PARAM:
	case WORD_PARAM_OLD:
		return value.length ? check_param(value, plan, fault) : 0;
	case WORD_BYPASS:
		plan_note(plan, "rd.iscsi.bypass has no effect: the targets that the command line names are attached");
		return 0;
	case WORD_NETROOT:
		if (value.length && classify(cmdline, at, &target) == NETROOT_OTHER)
			words_note(plan, cmdline, at, NULL, "names no iSCSI target, and is left to the next init");
		return 0;
	default:
		return 0;
	}
}

int dracut_check(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	for (int i = 0; i < cmdline->word_count; i++) {
		const struct word *at = &cmdline->words[i];
		struct fault fault = {0};

		if (check_word(cmdline, at, plan, &fault) < 0)
			return cmdline_error(error, cmdline, at, &fault);
	}
	return 0;
}
