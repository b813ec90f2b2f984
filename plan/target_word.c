/* target_word.c - the value of iscsi=. See target_word.h.
 *
 * The options that are settings of a session are rows of proto/params; those that are not are rows of the table here.
 */
/* SPDX-License-Identifier: MIT */
#include "plan/target_word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/credential.h"

struct option_row {
	const char *name;
	int (*read)(struct text value, struct target_plan *target, struct fault *fault);
	bool secret;
};

void target_default(struct target_plan *target, enum source source)
{
	memset(target, 0, sizeof(*target));
	params_default(&target->params);
	snprintf(target->scheduler, sizeof(target->scheduler), "none");
	target->firmware_index = -1;
	target->firmware_nic = -1;
	target->source = source;
}

/* ---- the options ---- */

int target_read_name(struct text text, char out[NAME_MAX_BYTES + 1], struct fault *fault)
{
	char shown[TEXT_SHOWN];

	if (!name_is_usable(text) || text_copy(text, out, NAME_MAX_BYTES + 1) < 0)
		return fault_set(fault, text.at, "name %s: expected 1 to %d characters without a blank",
				 text_show(text, shown), NAME_MAX_BYTES);
	return 0;
}

int target_read_lun(struct text text, struct target_plan *target, struct fault *fault)
{
	struct text digits = text;
	unsigned base = 10;
	uint64_t lun;
	int result;

	if (text_starts(text, "0x") || text_starts(text, "0X")) {
		digits = text_skip(text, 2);
		base = 16;
	}
	result = text_has(text, '-') ? name_read_lun(text, &lun) : text_number(digits, base, UINT64_MAX, &lun);
	if (result < 0)
		return fault_expected(fault, text,
				      "expected a decimal number, 0x and a hexadecimal one, or groups like 4186-9");
	target->lun = lun;
	target->has_lun = true;
	return 0;
}

const char *target_write_lun(uint64_t lun, char out[LUN_TEXT_MAX])
{
	uint16_t group[4];
	uint8_t bytes[8];
	int count = 4, used = 0;

	name_lun_bytes(lun, bytes);
	for (int i = 0; i < 4; i++)
		group[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	while (count > 1 && !group[count - 1])
		count--;
	for (int i = 0; i < count; i++)
		used += snprintf(out + used, LUN_TEXT_MAX - (size_t)used, "%s%x", i ? "-" : "", group[i]);
	return out;
}

static int read_initiator(struct text value, struct target_plan *target, struct fault *fault)
{
	target->initiator_source = target->source;
	return target_read_name(value, target->initiator, fault);
}

static int read_interface(struct text value, struct target_plan *target, struct fault *fault)
{
	char name[PLAN_IFNAME_MAX];

	if (address_read_interface(value, name) < 0)
		return fault_expected(fault, value, "expected an interface");
	if (target->portal.scope[0] && strcmp(target->portal.scope, name) != 0)
		return fault_set(fault, value.at, "the portal names interface %s, but the option names %s",
				 target->portal.scope, name);
	memcpy(target->portal.scope, name, sizeof(name));
	return 0;
}

static int read_targets(struct text value, struct target_plan *target, struct fault *fault)
{
	if (!text_is(value, "all"))
		return fault_expected(fault, value, "expected all");
	target->all_targets = true;
	return 0;
}

/* The portals of a target beside the one that the word begins with: all, or a list. */
static int read_portals(struct text value, struct target_plan *target, struct fault *fault)
{
	struct text rest = value;

	target->all_portals = text_is(value, "all");
	while (!target->all_portals && rest.at) {
		if (target->listed_count == PLAN_LISTED_MAX)
			return fault_set(fault, rest.at, "more than %d further portals", PLAN_LISTED_MAX);
		if (portal_read(text_cut_bracketed(&rest, '+'), &target->listed[target->listed_count++], fault) < 0)
			return -EINVAL;
	}
	return 0;
}

static int read_scheduler(struct text value, struct target_plan *target, struct fault *fault)
{
	if (!value.length || text_has(value, '/') || text_copy(value, target->scheduler, sizeof(target->scheduler)) < 0)
		return fault_expected(fault, value, "expected a scheduler's name, as none or mq-deadline");
	return 0;
}

static int read_username(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_read_name(value, target->chap.username, fault);
}

static int read_username_in(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_read_name(value, target->chap.username_in, fault);
}

static int read_password(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_read_secret(value, &target->chap.password, target->secret_file, sizeof(target->secret_file),
				      fault);
}

static int read_password_in(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_read_secret(value, &target->chap.password_in, target->secret_in_file,
				      sizeof(target->secret_in_file), fault);
}

static int read_algorithms(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_read_algorithms(value, &target->chap, fault);
}

static const struct option_row options[] = {
	{"initiator", read_initiator, false},    {"lun", target_read_lun, false},
	{"interface", read_interface, false},    {"scheduler", read_scheduler, false},
	{"username", read_username, true},       {"password", read_password, true},
	{"username_in", read_username_in, true}, {"password_in", read_password_in, true},
	{"chap_algs", read_algorithms, false},   {"targets", read_targets, false},
	{"portals", read_portals, false},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* What people write for an option, and how it is written here. */
static const struct {
	const char *wrong, *right;
} synonyms[] = {
	{"user", "username"},          {"pass", "password"},         {"secret", "password"}, {"user_in", "username_in"},
	{"pass_in", "password_in"},    {"iface", "interface"},       {"dev", "interface"},   {"chap_user", "username"},
	{"chap_password", "password"}, {"timeout", "login_timeout"},
};
#define SYNONYMS (sizeof(synonyms) / sizeof(synonyms[0]))

bool target_has_option(struct text name)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		if (text_is_word(name, options[i].name))
			return true;
	for (unsigned i = 0; i < SYNONYMS; i++)
		if (text_is_word(name, synonyms[i].wrong))
			return true;
	return name.length && param_find(name.at, name.length) >= 0;
}

const char *target_option_name(unsigned i)
{
	return i < OPTIONS ? options[i].name : NULL;
}

/* ---- one option ---- */

int target_set_param(struct text name, struct text value, enum source source, struct target_plan *target,
		     struct fault *fault)
{
	int row = param_find(name.at ? name.at : "", name.length), result;
	char expected[80], shown[TEXT_SHOWN];
	int32_t number;

	if (row < 0 || row == PARAM_MAX_CONNECTIONS)
		return -ENOENT;
	if (!value.at && param_rows[row].kind == KIND_BOOLEAN)
		value = text_of("Yes");
	result = param_read((enum param)row, value.at ? value.at : "", value.length, &number);
	if (result < 0)
		return fault_set(fault, value.at ? value.at : name.at, "%s: expected %s, not %s", param_rows[row].name,
				 param_expects((enum param)row, expected, sizeof(expected)), text_show(value, shown));
	target->params.value[row] = number;
	target->params.source[row] = (uint8_t)source;
	return 0;
}

static int unknown_option(struct text name, bool after_secret, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	for (unsigned i = 0; i < SYNONYMS; i++)
		if (text_is_word(name, synonyms[i].wrong))
			return fault_set(fault, name.at, "option '%s' is not known; did you mean %s?",
					 synonyms[i].wrong, synonyms[i].right);
	if (after_secret)
		return fault_set(
			fault, name.at,
			"what follows the user name or password is not an option; write a comma in them as %%2C");
	text_show(name, shown);
	for (unsigned i = 0; i < OPTIONS; i++)
		if (text_is_near(name, options[i].name))
			return fault_set(fault, name.at, "option %s is not known; did you mean %s?", shown,
					 options[i].name);
	for (unsigned i = 0; i < PARAM_COUNT; i++)
		if (param_rows[i].settable && text_is_near(name, param_rows[i].name))
			return fault_set(fault, name.at, "option %s is not known; did you mean %s?", shown,
					 param_rows[i].name);
	return fault_set(fault, name.at, "option %s is not known; iscsi-init --help lists them", shown);
}

/* What one word has had so far. */
struct seen {
	bool option[OPTIONS];
	bool param[PARAM_COUNT];
	bool secret; /* the option before this one was a credential */
};

static int given_twice(struct text name, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	return fault_set(fault, name.at, "option %s is given twice", text_show(name, shown));
}

static int read_listed_option(unsigned i, struct text name, struct text value, struct seen *seen,
			      struct target_plan *target, struct fault *fault)
{
	struct fault inner = {0};

	if (seen->option[i])
		return given_twice(name, fault);
	seen->option[i] = true;
	seen->secret = options[i].secret;
	if (!value.at)
		return fault_set(fault, name.at, "%s: expected '=' and a value", options[i].name);
	if (options[i].read(value, target, &inner) < 0)
		return fault_set(fault, inner.at ? inner.at : value.at, "%s: %s", options[i].name, inner.text);
	return 0;
}

static int read_option(struct text text, struct seen *seen, struct target_plan *target, struct fault *fault)
{
	struct text value = text, name = text_cut(&value, '=');
	int row = param_find(name.at ? name.at : "", name.length);

	if (!text.length)
		return fault_set(fault, text.at, "empty option: there are two commas, or one at the end");
	for (unsigned i = 0; i < OPTIONS; i++)
		if (text_is_word(name, options[i].name))
			return read_listed_option(i, name, value, seen, target, fault);
	if (row < 0 || !param_rows[row].settable)
		return unknown_option(name, seen->secret, fault);
	if (seen->param[row])
		return given_twice(name, fault);
	seen->param[row] = true;
	seen->secret = false;
	return target_set_param(name, value, target->source, target, fault);
}

/* ---- the word ---- */

/* user[%password]@, as libiscsi and QEMU write it: taken byte by byte. */
static int read_url_user(struct text text, struct target_plan *target, struct fault *fault)
{
	struct text password = text, user = text_cut(&password, '%');

	if (credential_take_name(user, target->chap.username, fault) < 0)
		return -EINVAL;
	return password.at ? credential_take_secret(password, &target->chap.password, fault) : 0;
}

/* iscsi://[user[%password]@]<portal>/[<target>[/<LUN>]], the URL of libiscsi and QEMU. */
static int read_url(struct text url, struct target_plan *target, struct fault *fault)
{
	struct text path = text_skip(url, strlen("iscsi://")), portal = text_cut(&path, '/');
	struct text lun = path, name = text_cut(&lun, '/');
	struct fault inner = {0};

	if (text_has(url, '?'))
		return fault_set(fault, url.at, "arguments after '?' are not read; write options behind a comma");
	if (text_has(portal, '@')) {
		struct text rest = portal, user = text_cut(&rest, '@');

		portal = rest;
		if (read_url_user(user, target, &inner) < 0)
			return fault_set(fault, url.at, "%s", inner.text);
	}
	if (portal_read(portal, &target->portal, fault) < 0)
		return -EINVAL;
	if (name.length && !name_has_type(name))
		return fault_expected(fault, name, "expected a target's name (iqn., eui. or naa.)");
	if (name.length && target_read_name(name, target->name, fault) < 0)
		return -EINVAL;
	return lun.length ? target_read_lun(lun, target, fault) : 0;
}

/* What people write instead of <portal>,<target>. */
static int refuse_other_grammars(struct text first, struct fault *fault)
{
	if (!first.length)
		return fault_set(fault, first.at, "expected <portal>,<target>, ibft or dhcp");
	for (size_t i = 0; i + 2 < first.length; i++)
		if (text_starts(text_skip(first, i), "://"))
			return fault_set(fault, first.at, "expected <portal>,<target> or iscsi://<portal>/<target>");
	if (text_has(first, '@'))
		return fault_set(fault, first.at,
				 "user:password@ is not supported here; use the options username= and password=");
	if (name_has_type(first))
		return fault_set(fault, first.at, "expected a portal before the target's name: <portal>,<target>");
	for (size_t i = 0; i < first.length; i++)
		if ((first.at[i] == ':' || first.at[i] == '/') && name_has_type(text_skip(first, i + 1)))
			return fault_set(fault, first.at + i, "expected ',' between portal and target, not '%c'",
					 first.at[i]);
	return 0;
}

static int read_endpoint(struct text *rest, struct target_plan *target, enum target_form *form, struct fault *fault)
{
	struct text first = text_cut(rest, ','), peek = *rest, second = text_cut(&peek, ',');

	*form = text_is(first, "ibft") ? TARGET_IBFT : text_is(first, "dhcp") ? TARGET_DHCP : TARGET_PORTAL;
	if (*form != TARGET_PORTAL)
		return 0;
	if (text_starts(first, "iscsi://"))
		return read_url(first, target, fault);
	if (refuse_other_grammars(first, fault) < 0 || portal_read(first, &target->portal, fault) < 0)
		return -EINVAL;
	if (!second.at || text_has(second, '=') || param_find(second.at, second.length) >= 0)
		return 0; /* no name: discovery */
	if (!name_has_type(second))
		return fault_expected(fault, second, "expected a target's name (iqn., eui. or naa.)");
	*rest = peek;
	return target_read_name(second, target->name, fault);
}

/* What the URL has said counts as said. */
static void see_url(const struct target_plan *target, struct seen *seen)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		seen->option[i] = (target->has_lun && options[i].read == target_read_lun) ||
				  (target->chap.username[0] && options[i].read == read_username) ||
				  (target->chap.password.length && options[i].read == read_password);
}

int target_word_read(struct text text, enum source source, struct target_plan *target, enum target_form *form,
		     struct fault *fault)
{
	struct seen seen = {0};
	struct text rest = text;

	target_default(target, source);
	if (read_endpoint(&rest, target, form, fault) < 0)
		return -EINVAL;
	see_url(target, &seen);
	while (rest.at)
		if (read_option(text_cut(&rest, ','), &seen, target, fault) < 0)
			return -EINVAL;
	if (target->all_targets && (*form != TARGET_PORTAL || target->name[0]))
		return fault_set(fault, text.at, "targets=all is for a portal without a target's name");
	if ((target->all_portals || target->listed_count) && *form != TARGET_PORTAL)
		return fault_set(fault, text.at, "portals= is for a word with a portal");
	if (target->listed_count && !target->name[0])
		return fault_set(fault, text.at, "a list of portals needs the target's name; portals=all does not");
	target->secret_on_cmdline = target->chap.password.length || target->chap.password_in.length;
	target->wants_lease = *form == TARGET_DHCP;
	if (credential_check(target, fault) < 0) {
		fault->at = text.at;
		return -EINVAL;
	}
	return 0;
}
