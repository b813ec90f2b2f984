/* boot_words.c - iscsi.*=, and root= and related words. See boot_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/boot_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "plan/words.h"
#include "proto/syslog.h"

#define SECONDS_MAX  2000000 /* fits an int in milliseconds, too */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the words fill. */
struct manner {
	struct boot_plan *boot;
	struct root_plan *root;
	bool quiet, debug;
};

typedef int read_word(struct text value, struct manner *manner, struct fault *fault);

static int read_seconds(struct text value, int *seconds, struct fault *fault)
{
	bool is_hex = text_starts(value, "0x"); /* the kernel accepts that, too */
	char shown[TEXT_SHOWN];
	uint64_t number;

	if (text_number(is_hex ? text_skip(value, 2) : value, is_hex ? 16 : 10, SECONDS_MAX, &number) < 0)
		return fault_set(fault, value.at, "expected a number of seconds from 0 to %d, not %s", SECONDS_MAX,
				 text_show(value, shown));
	*seconds = (int)number;
	return 0;
}

static int read_string(struct text value, char *out, size_t size, struct fault *fault)
{
	if (text_copy(value, out, size) < 0)
		return fault_set(fault, value.at, "longer than %zu bytes", size - 1);
	return 0;
}

/* ---- iscsi.* ---- */

static int read_timeout(struct text value, struct manner *manner, struct fault *fault)
{
	return read_seconds(value, &manner->boot->timeout_s, fault);
}

static const char *const onfail_words[] = {
	[ONFAIL_PANIC] = "panic", [ONFAIL_REBOOT] = "reboot",     [ONFAIL_POWEROFF] = "poweroff",
	[ONFAIL_SHELL] = "shell", [ONFAIL_CONTINUE] = "continue", [ONFAIL_CRASH] = "crash"};

const char *boot_words_onfail(enum onfail onfail)
{
	return onfail_words[onfail];
}

static int read_onfail(struct text value, struct manner *manner, struct fault *fault)
{
	for (unsigned i = 0; i < COUNT(onfail_words); i++) {
		if (text_is(value, onfail_words[i])) {
			manner->boot->onfail = (enum onfail)i;
			return 0;
		}
	}
	return fault_expected(fault, value, "expected panic, reboot, poweroff, shell, continue or crash");
}

static const char *const log_words[] = {
	[LOG_LEVEL_ERR] = "err", [LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"};

const char *boot_words_log(enum log_level level)
{
	return log_words[level];
}

static int read_log(struct text value, struct manner *manner, struct fault *fault)
{
	for (unsigned i = 0; i < COUNT(log_words); i++) {
		if (log_words[i] && text_is(value, log_words[i])) {
			manner->boot->log = (enum log_level)i;
			return 0;
		}
	}
	return fault_expected(fault, value, "expected err, warn, info or debug");
}

/* An address, and not a name: a name would be one more thing that can fail before the failure is reported. */
static int read_syslog(struct text value, struct manner *manner, struct fault *fault)
{
	struct syslog_plan *syslog = &manner->boot->syslog;
	struct text port = value, host = text_cut_bracketed(&port, ':');
	uint64_t number = SYSLOG_PORT;

	syslog->kind = text_is(value, "off") ? SYSLOG_OFF : SYSLOG_LEASE;
	if (text_is(value, "off") || text_is(value, "dhcp"))
		return 0;
	if (address_read(host, &syslog->address) < 0)
		return fault_expected(fault, value,
				      "expected an address (10.0.0.1, 10.0.0.1:514, [2001:db8::1]:514), dhcp or off");
	if (port.at && (text_number(port, 10, 65535, &number) < 0 || !number))
		return fault_expected(fault, port, "expected a port from 1 to 65535");
	syslog->kind = SYSLOG_SERVER;
	syslog->port = (uint16_t)number;
	return 0;
}

static int read_heal(struct text value, struct manner *manner, struct fault *fault)
{
	manner->boot->leaves_network = text_is(value, "off");
	if (manner->boot->leaves_network || text_is(value, "on"))
		return 0;
	return fault_expected(fault, value, "expected on or off");
}

static int read_multipath(struct text value, struct manner *manner, struct fault *fault)
{
	int32_t mode;

	if (param_read(PARAM_MULTIPATH, value.at, value.length, &mode) < 0)
		return fault_expected(fault, value, "expected auto, yes or no");
	manner->boot->multipath = (enum multipath_mode)mode;
	return 0;
}

static int read_next_init(struct text value, struct manner *manner, struct fault *fault)
{
	char *out = manner->boot->next_init;
	size_t size = sizeof(manner->boot->next_init);

	if (!text_starts(value, "/"))
		return fault_expected(fault, value, "expected a path that begins with '/'");
	if (text_copy(value, out, size) < 0)
		return fault_set(fault, value.at, "the path is longer than %zu bytes", size - 1);
	return 0;
}

/* ---- root= ---- */

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

/* UUID=..., LABEL=..., PARTUUID=... and PARTLABEL=... */
static int read_tagged(struct text value, enum root_kind kind, struct device_text *out, struct fault *fault)
{
	struct text rest = text_skip(value, strlen(plan_root_prefix(kind)));

	if (!rest.length)
		return fault_set(fault, value.at, "nothing stands after %s", plan_root_prefix(kind));
	if (kind == ROOT_PARTUUID && check_partuuid(rest, fault) < 0)
		return -EINVAL;
	*out = (struct device_text){kind, rest};
	return 0;
}

int boot_words_device(struct text value, struct device_text *out, struct fault *fault)
{
	static const enum root_kind tags[] = {ROOT_UUID, ROOT_LABEL, ROOT_PARTUUID, ROOT_PARTLABEL};

	for (unsigned i = 0; i < COUNT(tags); i++)
		if (text_starts(value, plan_root_prefix(tags[i])))
			return read_tagged(value, tags[i], out, fault);
	*out = (struct device_text){ROOT_OTHER, value};
	if (!value.length)
		out->kind = ROOT_NONE;
	else if (text_is(value, "/dev/nfs") || text_is(value, "/dev/cifs"))
		out->kind = ROOT_OTHER;
	else if (text_starts(value, "/dev/") || is_device_number(value))
		out->kind = ROOT_DEVICE;
	return 0;
}

/* Every form that the kernel or an initramfs understands. One that we cannot mount is kept for an /init that can. */
static int read_root(struct text value, struct manner *manner, struct fault *fault)
{
	struct root_plan *root = manner->root;
	struct device_text device;

	if (text_starts(value, "iscsi:") || text_is(value, "dhcp") || text_is(value, "dhcp6"))
		return 0;                 /* dialect_dracut reads those */
	if (text_starts(value, "block:")) /* dracut's prefix */
		value = text_skip(value, strlen("block:"));
	if (boot_words_device(value, &device, fault) < 0)
		return -EINVAL;
	root->kind = device.kind;
	return read_string(device.value, root->value, sizeof(root->value), fault);
}

/* ---- the kernel's other words ---- */

static int read_fstype(struct text value, struct manner *manner, struct fault *fault)
{
	return read_string(value, manner->root->fstype, sizeof(manner->root->fstype), fault);
}

static int read_flags(struct text value, struct manner *manner, struct fault *fault)
{
	return read_string(value, manner->root->flags, sizeof(manner->root->flags), fault);
}

static int read_init(struct text value, struct manner *manner, struct fault *fault)
{
	return read_string(value, manner->root->init, sizeof(manner->root->init), fault);
}

static int read_rootwait(struct text value, struct manner *manner, struct fault *fault)
{
	manner->root->wait = true;
	manner->root->wait_s = 0;
	return value.length ? read_seconds(value, &manner->root->wait_s, fault) : 0;
}

static int read_rootdelay(struct text value, struct manner *manner, struct fault *fault)
{
	return read_seconds(value, &manner->root->delay_s, fault);
}

static int read_switch(enum word_key key, struct manner *manner)
{
	if (key == WORD_RO || key == WORD_RW)
		manner->root->writable = key == WORD_RW;
	else if (key == WORD_QUIET)
		manner->quiet = true;
	else if (key == WORD_DEBUG)
		manner->debug = true;
	return 0;
}

static read_word *const readers[WORD_COUNT] = {
	[WORD_TIMEOUT] = read_timeout,
	[WORD_ONFAIL] = read_onfail,
	[WORD_LOG] = read_log,
	[WORD_HEAL] = read_heal,
	[WORD_INIT_OWN] = read_next_init,
	[WORD_SYSLOG] = read_syslog,
	[WORD_MULTIPATH_OWN] = read_multipath,
	[WORD_ROOT] = read_root,
	[WORD_ROOTFSTYPE] = read_fstype,
	[WORD_ROOTFLAGS] = read_flags,
	[WORD_ROOTWAIT] = read_rootwait,
	[WORD_ROOTDELAY] = read_rootdelay,
	[WORD_INIT] = read_init,
};

static int read_known(const struct cmdline *cmdline, const struct word *word, enum word_key key, struct manner *manner,
		      struct fault *fault)
{
	const struct word_row *row = &word_rows[key];

	if (row->value == VALUE_NEEDED && !word->has_value)
		return row->group == GROUP_OURS ? fault_set(fault, NULL, "expected '=' and a value") : 0;
	if (row->value == VALUE_NONE)
		return word->has_value ? 0 : read_switch(key, manner); /* "ro=x" is another word to the kernel */
	if (row->repeat == REPEAT_REFUSED && words_next(cmdline, NULL, key) != word)
		return fault_set(fault, NULL, "given twice");
	return readers[key] ? readers[key](cmdline_value(cmdline, word), manner, fault) : 0;
}

static enum log_level default_log(const struct manner *manner)
{
	if (manner->debug)
		return LOG_LEVEL_DEBUG;
	return manner->quiet ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
}

int boot_words_read(const struct cmdline *cmdline, struct boot_plan *boot, struct root_plan *root,
		    struct plan_error *error)
{
	struct manner manner = {.boot = boot, .root = root};
	int result = 0;

	memset(boot, 0, sizeof(*boot));
	memset(root, 0, sizeof(*root));
	boot->timeout_s = BOOT_TIMEOUT_DEFAULT_S;
	for (int i = 0; i < cmdline->word_count; i++) {
		const struct word *word = &cmdline->words[i];
		struct fault fault = {0};
		int key = words_find(cmdline_key(cmdline, word));

		if (key < 0 ? words_check_name(cmdline_key(cmdline, word), &fault) < 0
			    : read_known(cmdline, word, (enum word_key)key, &manner, &fault) < 0)
			result = cmdline_error(error, cmdline, word, &fault);
	}
	if (!words_last(cmdline, WORD_MULTIPATH_OWN) &&
	    (!words_flag(cmdline, WORD_RD_MULTIPATH, true) || !words_flag(cmdline, WORD_MULTIPATH_PLAIN, true)))
		boot->multipath = MULTIPATH_NO; /* dracut's and multipath-tools' words */
	if (!boot->log)
		boot->log = default_log(&manner);
	return result;
}
