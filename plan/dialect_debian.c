/* dialect_debian.c - iscsi_*= and ISCSI_*. See dialect_debian.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/dialect_debian.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/credential.h"
#include "plan/target_word.h"
#include "plan/words.h"
#include "proto/iscsi_abi.h"
#include "proto/wipe.h"

#define FILE_NAME "/etc/iscsi/iscsi.initramfs"

enum setting {
	AUTO,
	INITIATOR,
	TARGET_NAME,
	TARGET_IP,
	TARGET_PORT,
	TARGET_GROUP,
	USERNAME,
	PASSWORD,
	IN_USERNAME,
	IN_PASSWORD,
	SETTINGS
};

/* The word of each setting, and dracut's newer one for the same (WORD_COUNT: it has none). */
static const struct {
	enum word_key key, dracut;
} names[SETTINGS] = {
	[AUTO] = {WORD_DEBIAN_AUTO, WORD_COUNT},
	[INITIATOR] = {WORD_DEBIAN_INITIATOR, WORD_COUNT},
	[TARGET_NAME] = {WORD_DEBIAN_TARGET_NAME, WORD_TARGET_NAME},
	[TARGET_IP] = {WORD_DEBIAN_TARGET_IP, WORD_TARGET_IP},
	[TARGET_PORT] = {WORD_DEBIAN_TARGET_PORT, WORD_TARGET_PORT},
	[TARGET_GROUP] = {WORD_DEBIAN_TARGET_GROUP, WORD_TARGET_GROUP},
	[USERNAME] = {WORD_DEBIAN_USERNAME, WORD_USERNAME},
	[PASSWORD] = {WORD_DEBIAN_PASSWORD, WORD_PASSWORD},
	[IN_USERNAME] = {WORD_DEBIAN_IN_USERNAME, WORD_IN_USERNAME},
	[IN_PASSWORD] = {WORD_DEBIAN_IN_PASSWORD, WORD_IN_PASSWORD},
};

/* A setting's value and where it stood. */
struct found {
	struct text value;
	const struct word *word; /* NULL: it is in the file */
	unsigned line;           /* in the file */
};

/* ---- the file: shell assignments ---- */

/* A comment may follow, behind a blank. What a shell would read in another way stays as it is. */
static struct text unquote(struct text text)
{
	bool quoted = text_starts(text, "\"") || text_starts(text, "'");
	struct text value = text_skip(text, quoted), rest, comment;
	size_t length = 0;

	while (length < value.length && (quoted ? value.at[length] != text.at[0] : !strchr(" \t", value.at[length])))
		length++;
	if (quoted && length == value.length)
		return text;
	rest = text_skip(value, length + quoted);
	comment = text_trim(rest);
	value.length = length;
	if (rest.length && (!strchr(" \t", rest.at[0]) || (comment.length && comment.at[0] != '#')))
		return text;
	return value;
}

/* The next NAME=value of the file, or false. */
static bool next_assignment(struct text *file, unsigned *line, struct text *name, struct text *value)
{
	while (file->at) {
		struct text rest = text_trim(text_cut(file, '\n'));

		++*line;
		if (text_starts(rest, "export "))
			rest = text_trim(text_skip(rest, strlen("export ")));
		if (!rest.length || rest.at[0] == '#')
			continue;
		*name = text_cut(&rest, '=');
		*value = rest.at ? unquote(rest) : rest;
		return true;
	}
	return false;
}

static struct text file_of(const struct plan_files *files)
{
	return (struct text){.at = files->debian, .length = files->debian_length};
}

static bool find_in_file(const struct plan_files *files, const char *upper, struct found *found)
{
	struct text file = file_of(files), name, value;
	unsigned line = 0;
	bool any = false;

	while (next_assignment(&file, &line, &name, &value)) {
		if (!text_is(name, upper))
			continue;
		*found = (struct found){.value = value, .line = line};
		any = true; /* the last one counts, as in a shell */
	}
	return any;
}

static bool find(const struct cmdline *cmdline, const struct plan_files *files, enum setting setting,
		 struct found *found)
{
	const char *upper = word_rows[names[setting].key].upper;
	const struct word *word = words_last(cmdline, names[setting].key);

	if (!word && names[setting].dracut != WORD_COUNT)
		word = words_last(cmdline, names[setting].dracut);
	if (!word && find_in_file(files, upper, found))
		return true;
	if (!word)
		word = cmdline_last(cmdline, upper);
	if (!word)
		return false;
	*found = (struct found){.value = cmdline_value(cmdline, word), .word = word};
	return true;
}

static int error_at(struct plan_error *error, const struct cmdline *cmdline, const struct found *found,
		    enum setting setting, const struct fault *fault)
{
	if (found->word)
		return cmdline_error(error, cmdline, found->word, fault);
	if (!error->text[0])
		snprintf(error->text, sizeof(error->text), "%s, line %u, %s: %s", FILE_NAME, found->line,
			 word_rows[names[setting].key].upper, fault->text);
	return -EINVAL;
}

/* ---- the settings of a target ---- */

static int take_name(struct text value, struct target_plan *target, struct fault *fault)
{
	return target_read_name(value, target->name, fault);
}

static int take_port(struct text value, struct target_plan *target, struct fault *fault)
{
	uint64_t port;

	if (text_number(value, 10, 65535, &port) < 0 || port == 0)
		return fault_expected(fault, value, "expected a number from 1 to 65535");
	target->portal.port = (uint16_t)port;
	return 0;
}

static int take_group(struct text value, struct target_plan *target, struct fault *fault)
{
	return target_set_param(text_of("tpgt"), value, SOURCE_DEBIAN, target, fault);
}

static int take_username(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_name(value, target->chap.username, fault);
}

static int take_password(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_secret(value, &target->chap.password, fault);
}

static int take_username_in(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_name(value, target->chap.username_in, fault);
}

static int take_password_in(struct text value, struct target_plan *target, struct fault *fault)
{
	return credential_take_secret(value, &target->chap.password_in, fault);
}

static int (*const takes[SETTINGS])(struct text value, struct target_plan *target, struct fault *fault) = {
	[TARGET_NAME] = take_name,        [TARGET_PORT] = take_port,  [TARGET_GROUP] = take_group,
	[USERNAME] = take_username,       [PASSWORD] = take_password, [IN_USERNAME] = take_username_in,
	[IN_PASSWORD] = take_password_in,
};

static int take_settings(const struct cmdline *cmdline, const struct plan_files *files, struct target_plan *target,
			 struct plan_error *error)
{
	for (enum setting i = 0; i < SETTINGS; i++) {
		struct fault fault = {0};
		struct found found;

		if (!takes[i] || !find(cmdline, files, i, &found))
			continue;
		if (!found.value.length)
			continue; /* Debian treats an empty value as none */
		if (takes[i](found.value, target, &fault) < 0)
			return error_at(error, cmdline, &found, i, &fault);
		if ((i == PASSWORD || i == IN_PASSWORD) && found.word)
			target->secret_on_cmdline = true;
	}
	return 0;
}

/* One address. Nothing follows it in Debian's words, so that an IPv6 address needs no brackets. */
static int take_address(struct text value, struct target_plan *target, struct fault *fault)
{
	uint16_t port = target->portal.port;
	struct address address;

	if (address_read(value, &address) == 0 && value.at[0] != '[') {
		text_copy(value, target->portal.host, sizeof(target->portal.host));
		return 0;
	}
	if (portal_read(value, &target->portal, fault) < 0)
		return -EINVAL;
	if (target->portal.port == ISCSI_PORT)
		target->portal.port = port;
	return 0;
}

static int add_addresses(const struct cmdline *cmdline, const struct found *addresses, const struct target_plan *model,
			 struct plan *plan, struct plan_error *error)
{
	struct text rest = addresses->value;

	while (rest.at) {
		struct text address = text_cut(&rest, ' ');
		struct fault fault = {0};

		if (!address.length)
			continue;
		if (plan->target_count == PLAN_TARGETS_MAX) {
			fault_set(&fault, NULL, "more than %d targets", PLAN_TARGETS_MAX);
			return error_at(error, cmdline, addresses, TARGET_IP, &fault);
		}
		plan->targets[plan->target_count] = *model;
		if (take_address(address, &plan->targets[plan->target_count], &fault) < 0)
			return error_at(error, cmdline, addresses, TARGET_IP, &fault);
		plan->target_count++;
	}
	return 0;
}

int debian_add_targets(const struct cmdline *cmdline, const struct plan_files *files, struct plan *plan,
		       struct plan_error *error)
{
	struct found addresses = {0}, name = {0};
	bool has_address = find(cmdline, files, TARGET_IP, &addresses) && addresses.value.length;
	bool has_name = find(cmdline, files, TARGET_NAME, &name) && name.value.length;
	struct target_plan model;
	struct fault fault = {0};
	int result;

	if (!has_address && !has_name)
		return 0;
	if (!has_address || !has_name) {
		fault_set(&fault, NULL, "%s",
			  has_name ? "a target's name without iscsi_target_ip="
				   : "a target's address without iscsi_target_name=");
		return error_at(error, cmdline, has_name ? &name : &addresses, has_name ? TARGET_NAME : TARGET_IP,
				&fault);
	}
	target_default(&model, SOURCE_DEBIAN);
	model.portal.port = ISCSI_PORT;
	result = take_settings(cmdline, files, &model, error);
	if (!result && credential_check(&model, &fault) < 0)
		result = error_at(error, cmdline, &name, TARGET_NAME, &fault);
	if (!result)
		result = add_addresses(cmdline, &addresses, &model, plan, error);
	wipe(&model, sizeof(model));
	return result;
}

struct debian_wishes debian_wishes(const struct cmdline *cmdline, const struct plan_files *files)
{
	struct found found;
	struct debian_wishes wishes = {0};

	wishes.firmware = find(cmdline, files, AUTO, &found);
	wishes.targets = (find(cmdline, files, TARGET_IP, &found) && found.value.length) ||
			 (find(cmdline, files, TARGET_NAME, &found) && found.value.length);
	return wishes;
}

int debian_initiator(const struct cmdline *cmdline, const struct plan_files *files, char name[NAME_MAX_BYTES + 1],
		     struct plan_error *error)
{
	struct fault fault = {0};
	struct found found;

	name[0] = 0;
	if (!find(cmdline, files, INITIATOR, &found) || !found.value.length)
		return 0;
	if (target_read_name(found.value, name, &fault) < 0)
		return error_at(error, cmdline, &found, INITIATOR, &fault);
	return 0;
}

int debian_check(const struct plan_files *files, struct plan_error *error)
{
	struct text file = file_of(files), name, value;
	unsigned line = 0;

	while (next_assignment(&file, &line, &name, &value)) {
		struct fault fault = {0};

		if (words_check_setting(name, &fault) == 0)
			continue;
		snprintf(error->text, sizeof(error->text), "%s, line %u: %s", FILE_NAME, line, fault.text);
		return -EINVAL;
	}
	return 0;
}
