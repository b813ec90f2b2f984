/* cmdline.c - the kernel's command line. See cmdline.h.
 *
 * One table holds every word of our own and of the kernel's that is read here, with its reader. A word that is not in
 * it and does not begin with "iscsi." is somebody else's.
 */
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/dialect_debian.h"
#include "plan/dialect_dracut.h"

#define TIMEOUT_DEFAULT_S 180
#define OWN_PREFIX        "iscsi."
#define SECONDS_MAX       2000000 /* in milliseconds still an int */

struct word_row {
	const char *key;
	int (*read)(struct cmdline *cmdline, struct text value, struct fault *fault); /* NULL: read by plan.c */
	enum { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL } takes;
	bool once;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0; /* kernel: lib/ctype.c */
}

struct text cmdline_key(const struct cmdline *cmdline, const struct word *word)
{
	return (struct text){.at = cmdline->text + word->key, .length = word->key_length};
}

struct text cmdline_value(const struct cmdline *cmdline, const struct word *word)
{
	return (struct text){.at = cmdline->text + word->value, .length = word->value_length};
}

const struct word *cmdline_next(const struct cmdline *cmdline, const struct word *word, const char *key)
{
	const struct word *end = cmdline->words + cmdline->word_count;

	for (word = word ? word + 1 : cmdline->words; word < end; word++)
		if (text_is(cmdline_key(cmdline, word), key))
			return word;
	return NULL;
}

const struct word *cmdline_last(const struct cmdline *cmdline, const char *key)
{
	for (int i = cmdline->word_count - 1; i >= 0; i--)
		if (text_is(cmdline_key(cmdline, &cmdline->words[i]), key))
			return &cmdline->words[i];
	return NULL;
}

bool cmdline_flag(const struct cmdline *cmdline, const char *key, bool otherwise)
{
	const struct word *word = cmdline_last(cmdline, key);
	struct text value;

	if (!word)
		return otherwise;
	value = cmdline_value(cmdline, word);
	return !(text_is(value, "0") || text_is(value, "no") || text_is(value, "off"));
}

int cmdline_error(struct plan_error *error, const struct cmdline *cmdline, const struct word *word,
		  const struct fault *fault)
{
	uintptr_t at = (uintptr_t)fault->at, start = (uintptr_t)cmdline->text;
	size_t character = at >= start && at - start <= cmdline->length ? at - start : word->key;
	char key[TEXT_SHOWN];

	if (!error->text[0])
		snprintf(error->text, sizeof(error->text), "command line, word %d %s, character %zu: %s",
			 (int)(word - cmdline->words) + 1, text_show(cmdline_key(cmdline, word), key), character + 1,
			 fault->text);
	return -EINVAL;
}

/* ---- iscsi.* ---- */

static int read_seconds(struct text value, int *seconds, struct fault *fault)
{
	char shown[TEXT_SHOWN];
	uint64_t number;
	int is_hex = text_starts(value, "0x"); /* the kernel reads its own words so */

	if (text_number((struct text){value.at + 2 * is_hex, value.length - 2 * (size_t)is_hex}, is_hex ? 16 : 10,
			SECONDS_MAX, &number) < 0)
		return fault_set(fault, value.at, "expected a number of seconds from 0 to %d, not %s", SECONDS_MAX,
				 text_show(value, shown));
	*seconds = (int)number;
	return 0;
}

static int read_timeout(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_seconds(value, &cmdline->boot.timeout_s, fault);
}

static int read_onfail(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	static const char *const words[] = {"panic", "reboot", "poweroff", "shell", "continue"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_is(value, words[i])) {
			cmdline->boot.onfail = (enum onfail)i;
			return 0;
		}
	}
	return fault_expected(fault, value, "expected panic, reboot, poweroff, shell or continue");
}

static int read_log(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	static const struct {
		const char *word;
		enum log_level level;
	} levels[] = {
		{"err", LOG_LEVEL_ERR},
		{"warn", LOG_LEVEL_WARN},
		{"info", LOG_LEVEL_INFO},
		{"debug", LOG_LEVEL_DEBUG},
	};

	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (text_is(value, levels[i].word)) {
			cmdline->boot.log = levels[i].level;
			return 0;
		}
	}
	return fault_expected(fault, value, "expected err, warn, info or debug");
}

static int read_path(struct text value, char *out, size_t size, struct fault *fault)
{
	if (!text_starts(value, "/"))
		return fault_expected(fault, value, "expected a path that begins with '/'");
	if (text_copy(value, out, size) < 0)
		return fault_set(fault, value.at, "the path is longer than %zu bytes", size - 1);
	return 0;
}

static int read_next_init(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_path(value, cmdline->boot.next_init, sizeof(cmdline->boot.next_init), fault);
}

/* ---- the kernel's words ---- */

static int read_string(struct text value, char *out, size_t size, struct fault *fault)
{
	if (text_copy(value, out, size) < 0)
		return fault_set(fault, value.at, "longer than %zu bytes", size - 1);
	return 0;
}

/* "8:1", and the old hexadecimal "0801" (kernel: block/early-lookup.c). */
static bool is_device_number(struct text value)
{
	struct text minor = value, major = text_cut(&minor, ':');
	uint64_t number;

	if (!minor.at)
		return text_number(value, 16, UINT32_MAX, &number) == 0;
	return text_number(major, 10, 0xfff, &number) == 0 && text_number(minor, 10, 0xfffff, &number) == 0;
}

/* PARTUUID=<uuid>[/PARTNROFF=<n>] */
static int check_partuuid(struct text value, struct fault *fault)
{
	struct text offset = value;
	uint64_t number;

	(void)text_cut(&offset, '/');
	if (!offset.at)
		return 0;
	if (!text_starts(offset, "PARTNROFF="))
		return fault_expected(fault, offset, "expected PARTNROFF= after the UUID");
	(void)text_cut(&offset, '=');
	if (text_number(offset, 10, 255, &number) < 0)
		return fault_expected(fault, offset, "PARTNROFF: expected a number from 0 to 255");
	return 0;
}

/* What the kernel, and an initramfs, understand; a form that we cannot mount is kept for an /init that can. */
static int read_root(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	static const struct {
		const char *prefix;
		enum root_kind kind;
	} forms[] = {
		{"UUID=", ROOT_UUID},
		{"LABEL=", ROOT_LABEL},
		{"PARTUUID=", ROOT_PARTUUID},
		{"PARTLABEL=", ROOT_PARTLABEL},
	};
	struct root_plan *root = &cmdline->root;

	if (text_starts(value, "iscsi:") || text_is(value, "dhcp") || text_is(value, "dhcp6"))
		return 0;                 /* dialects' */
	if (text_starts(value, "block:")) /* dracut's prefix */
		value = (struct text){.at = value.at + 6, .length = value.length - 6};
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t length = strlen(forms[i].prefix);
		struct text rest = {.at = value.at + length, .length = value.length - length};

		if (!text_starts(value, forms[i].prefix))
			continue;
		if (!rest.length)
			return fault_set(fault, value.at, "nothing stands after %s", forms[i].prefix);
		if (forms[i].kind == ROOT_PARTUUID && check_partuuid(rest, fault) < 0)
			return -EINVAL;
		root->kind = forms[i].kind;
		return read_string(rest, root->value, sizeof(root->value), fault);
	}
	if (!value.length)
		root->kind = ROOT_NONE;
	else if (text_is(value, "/dev/nfs") || text_is(value, "/dev/cifs"))
		root->kind = ROOT_OTHER;
	else
		root->kind = text_starts(value, "/dev/") || is_device_number(value) ? ROOT_DEVICE : ROOT_OTHER;
	return read_string(value, root->value, sizeof(root->value), fault);
}

static int read_fstype(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_string(value, cmdline->root.fstype, sizeof(cmdline->root.fstype), fault);
}

static int read_flags(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_string(value, cmdline->root.flags, sizeof(cmdline->root.flags), fault);
}

static int read_ro(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	(void)value, (void)fault;
	cmdline->root.writable = false;
	return 0;
}

static int read_rw(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	(void)value, (void)fault;
	cmdline->root.writable = true;
	return 0;
}

static int read_rootwait(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	cmdline->root.wait = true;
	cmdline->root.wait_s = 0;
	return value.at && value.length ? read_seconds(value, &cmdline->root.wait_s, fault) : 0;
}

static int read_rootdelay(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_seconds(value, &cmdline->root.delay_s, fault);
}

static int read_init(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	return read_string(value, cmdline->root.init, sizeof(cmdline->root.init), fault);
}

static int read_quiet(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	(void)value, (void)fault;
	cmdline->quiet = true;
	return 0;
}

static int read_debug(struct cmdline *cmdline, struct text value, struct fault *fault)
{
	(void)value, (void)fault;
	cmdline->debug = true;
	return 0;
}

static const struct word_row rows[] = {
	{"iscsi", NULL, VALUE_NEEDED, false},
	{"iscsi.ip", NULL, VALUE_NEEDED, false},
	{"iscsi.timeout", read_timeout, VALUE_NEEDED, true},
	{"iscsi.onfail", read_onfail, VALUE_NEEDED, true},
	{"iscsi.log", read_log, VALUE_NEEDED, true},
	{"iscsi.init", read_next_init, VALUE_NEEDED, true},
	/* the kernel's: a repeated one replaces the one before */
	{"root", read_root, VALUE_NEEDED, false},
	{"rootfstype", read_fstype, VALUE_NEEDED, false},
	{"rootflags", read_flags, VALUE_NEEDED, false},
	{"ro", read_ro, VALUE_NONE, false},
	{"rw", read_rw, VALUE_NONE, false},
	{"rootwait", read_rootwait, VALUE_OPTIONAL, false},
	{"rootdelay", read_rootdelay, VALUE_NEEDED, false},
	{"init", read_init, VALUE_NEEDED, false},
	{"quiet", read_quiet, VALUE_NONE, false},
	{"debug", read_debug, VALUE_NONE, false},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_own(struct text key)
{
	return text_is(key, "iscsi") || text_starts(key, OWN_PREFIX);
}

static int unknown_word(struct text key, struct fault *fault)
{
	struct text name = key;
	char shown[TEXT_SHOWN];

	text_show(key, shown);
	(void)text_cut(&name, '.');
	for (unsigned i = 0; i < ROWS; i++)
		if (text_starts(text_of(rows[i].key), OWN_PREFIX) &&
		    text_is_near(name, rows[i].key + strlen(OWN_PREFIX)))
			return fault_set(fault, key.at, "%s is not known; did you mean %s?", shown, rows[i].key);
	return fault_set(fault, key.at, "%s is not known; there are iscsi.timeout, .onfail, .log, .init and .ip",
			 shown);
}

static int read_word(struct cmdline *cmdline, const struct word *word, struct fault *fault)
{
	struct text key = cmdline_key(cmdline, word);
	struct text value = word->has_value ? cmdline_value(cmdline, word) : (struct text){0};

	for (unsigned i = 0; i < ROWS; i++) {
		const struct word_row *row = &rows[i];

		if (!text_is(key, row->key))
			continue;
		if (row->takes == VALUE_NEEDED && !word->has_value)
			return is_own(key) ? fault_set(fault, NULL, "expected '=' and a value") : 0;
		if (row->takes == VALUE_NONE && word->has_value)
			return 0; /* the kernel takes those as another word */
		if (row->once && cmdline_next(cmdline, NULL, row->key) != word)
			return fault_set(fault, NULL, "given twice");
		return row->read ? row->read(cmdline, value, fault) : 0;
	}
	return is_own(key) ? unknown_word(key, fault) : 0;
}

/* ---- cutting ---- */

/* One word that begins at `from`, as the kernel's next_arg sees it; returns where it ends. */
static size_t cut_word(const struct cmdline *cmdline, size_t from, struct word *word)
{
	const char *text = cmdline->text;
	bool quoted = text[from] == '"', inside = quoted;
	size_t start = from + quoted, end = start, equals = 0;

	for (; end < cmdline->length && (inside || !is_space(text[end])); end++) {
		if (!equals && end > start && text[end] == '=')
			equals = end;
		if (text[end] == '"')
			inside = !inside;
	}
	*word = (struct word){.key = (uint16_t)start, .key_length = (uint16_t)((equals ? equals : end) - start)};
	if (equals) {
		size_t value = equals + 1, value_end = end;

		if (value < end && text[value] == '"') {
			value++;
			if (value_end > value && text[value_end - 1] == '"')
				value_end--;
		}
		if (quoted && value_end == end && value_end > value && text[value_end - 1] == '"')
			value_end--;
		word->has_value = true;
		word->value = (uint16_t)value;
		word->value_length = (uint16_t)(value_end - value);
	} else if (quoted && end > start && text[end - 1] == '"') {
		word->key_length--;
	}
	return end;
}

static void cut_words(struct cmdline *cmdline)
{
	size_t at = 0;

	while (cmdline->word_count < CMDLINE_WORDS_MAX) {
		struct word *word = &cmdline->words[cmdline->word_count];

		while (at < cmdline->length && is_space(cmdline->text[at]))
			at++;
		if (at >= cmdline->length)
			return;
		at = cut_word(cmdline, at, word);
		if (!word->has_value && text_is(cmdline_key(cmdline, word), "--")) {
			while (at < cmdline->length && is_space(cmdline->text[at]))
				at++;
			cmdline->init_arguments =
				(struct text){.at = cmdline->text + at, .length = cmdline->length - at};
			return;
		}
		cmdline->word_count++;
	}
}

static void set_log_level(struct cmdline *cmdline)
{
	if (cmdline->boot.log)
		return;
	cmdline->boot.log = LOG_LEVEL_INFO;
	if (cmdline->quiet)
		cmdline->boot.log = LOG_LEVEL_WARN;
	if (cmdline->debug)
		cmdline->boot.log = LOG_LEVEL_DEBUG;
}

int cmdline_parse(const char *text, size_t length, struct cmdline *out, struct plan_error *error)
{
	int result = 0;

	memset(out, 0, sizeof(*out));
	error->text[0] = 0;
	out->boot.timeout_s = TIMEOUT_DEFAULT_S;
	length = strnlen(text, length);
	while (length && is_space(text[length - 1]))
		length--;
	if (length > CMDLINE_BYTES_MAX) {
		snprintf(error->text, sizeof(error->text), "command line: %zu bytes long, at most %d are read", length,
			 CMDLINE_BYTES_MAX);
		length = CMDLINE_BYTES_MAX;
		result = -EINVAL;
	}
	memcpy(out->text, text, length);
	out->length = length;
	cut_words(out);
	for (int i = 0; i < out->word_count; i++) {
		struct fault fault = {.text = ""};

		if (read_word(out, &out->words[i], &fault) < 0)
			result = cmdline_error(error, out, &out->words[i], &fault);
	}
	set_log_level(out);
	return result;
}

/* ---- what must not be handed on ---- */

bool cmdline_is_ours(const char *word)
{
	static const char *const network[] = {"ip",     "nfsaddrs", "nameserver", "vlan",   "bond",
					      "ifname", "bootdev",  "BOOTIF",     "netroot"};
	struct text key = {.at = word, .length = strcspn(word, "=")};

	if (is_own(key) || dracut_has_word(key) || debian_has_word(key))
		return true;
	if (text_starts(key, "iscsi_") && !text_has(key, '.')) /* misspelt it may hold a secret, too */
		return true;
	for (unsigned i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		if (text_is(key, network[i]))
			return true;
	return false;
}
