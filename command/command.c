/* command.c - see command.h. Each subcommand is one row of the table; --help prints the same rows. */
/* SPDX-License-Identifier: MIT */
#include "command/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/attach.h"
#include "command/check.h"
#include "command/end.h"
#include "command/monitor.h"
#include "command/sessions.h"
#include "command/supervise.h"
#include "plan/target_word.h"
#include "proto/text.h"
#include "sys/log.h"

#define TIMEOUT_MAX_S 86400

static struct job check(struct world *w, const struct job_words *given, int64_t now_ms)
{
	(void)w;
	(void)now_ms;
	return job_done((enum job_exit)check_run(given->words));
}

/* Options of subcommands, as bits of a row. */
enum { FORCE = 1, JSON = 2, TIMEOUT = 4, RAW = 8, ROOT = 16 }; /* RAW: the words may begin with "--" themselves */

static const struct command {
	const char *name, *arguments;
	int min, max; /* words */
	unsigned options;
	struct job (*run)(struct world *world, const struct job_words *given, int64_t now_ms);
	const char *help;
} commands[] = {
	{"attach", "[--timeout=<seconds>] <portal>,<target>[,<option>=<value>]...", 1, 8, TIMEOUT | ROOT, attach_run,
	 "log in, scan, and print the disk"},
	{"detach", "[--force] <session>", 1, 1, FORCE | ROOT, end_detach,
	 "remove the disks, log out and end the session; refused while a disk is in use"},
	{"list", "[--json]", 0, 0, JSON, sessions_list,
	 "sessions with their disks, who uses and who repairs them, and the boot's times"},
	{"rescan", "<session>", 1, 1, 0, sessions_rescan, "look for new LUNs"},
	{"partitions", "<device>", 1, 1, 0, sessions_partitions, "read the partition table again"},
	{"discover", "<portal>[,<option>=<value>]...", 1, 1, 0, attach_discover,
	 "ask a portal for its targets (SendTargets)"},
	{"events", "", 0, 0, ROOT, monitor_run,
	 "print the kernel's iSCSI events and the supervisor's, one line each, until stopped"},
	{"monitor", "", 0, 0, ROOT, monitor_run, "the same"},
	{"supervise", "", 0, 0, ROOT, supervise_run,
	 "look after the sessions that are there, as the boot's process does"},
	{"shutdown", "reboot|poweroff|halt|kexec", 1, 8, RAW, end_machine,
	 "flush, make read-only, log out, and end the machine: the last command of a shutdown"},
	{"check", "[-v | --json] [--image <folder>] [<kernel command line> | -]", 0, CMDLINE_WORDS_MAX, RAW, check,
	 "what a boot with that line (of /proc/cmdline, of standard input) would do; needs no root"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The rows of proto/params, and the options that are no numbers. */
static void print_options(FILE *out)
{
	char expects[80], value[32];

	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];

		if (!row->settable)
			continue;
		fprintf(out, "  %-24s %s%s%s (%s): %s\n", row->name,
			param_expects((enum param)i, expects, sizeof(expects)), row->unit[0] ? " " : "", row->unit,
			param_write((enum param)i, row->ours, value, sizeof(value)), row->help);
	}
	for (unsigned i = 0; target_option_name(i); i++)
		fprintf(out, "%s%s", i ? ", " : "  ", target_option_name(i));
	fprintf(out, ": see the manual\n");
}

static void print_command(const struct command *command, FILE *out)
{
	fprintf(out, "  iscsi-init %s%s%s\n      %s\n", command->name, command->arguments[0] ? " " : "",
		command->arguments, command->help);
}

static void print_help(FILE *out)
{
	fprintf(out, "iscsi-init " ISCSI_INIT_VERSION ": root from an iSCSI disk, in one program.\n\n"
		     "As init (rdinit=/iscsi-init, or as /init of an initramfs) it reads the kernel command line:\n"
		     "  iscsi=<portal>,<target>[,<option>[=<value>]]...   see iscsi-init(8), and try `check`\n\n"
		     "As a program:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		print_command(&commands[i], out);
	fprintf(out, "\nOptions of iscsi=:\n");
	print_options(out);
	fprintf(out, "\nExit codes: 0 done, 1 failed (one line says why), 2 wrong use.\n");
}

static struct job misuse(const struct command *command)
{
	log_err("expected: iscsi-init %s %s", command->name,
		command->arguments[0] ? command->arguments : "and nothing more");
	return job_done(JOB_USAGE);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

bool command_is_known(const char *word)
{
	return find_command(word) || is_help(word) || !strcmp(word, "help") || !strcmp(word, "--version");
}

/* Takes the value of "--timeout=5" or "--timeout 5". False: there is none that counts. */
static bool read_timeout(const char *value, struct job_words *given)
{
	uint64_t seconds;

	if (!value || text_number(text_of(value), 10, TIMEOUT_MAX_S, &seconds) || !seconds)
		return false;
	given->timeout_s = (int)seconds;
	return true;
}

/* One option. *next: the word behind it, which is taken if it is its value. False: the subcommand has no such option. */
static bool read_option(const struct command *command, const char *word, char ***next, struct job_words *given)
{
	static const char timeout[] = "--timeout";

	if (!strcmp(word, "--force") && command->options & FORCE)
		return given->force = true;
	if (!strcmp(word, "--json") && command->options & JSON)
		return given->json = true;
	if (!(command->options & TIMEOUT) || strncmp(word, timeout, strlen(timeout)) != 0)
		return false;
	if (word[strlen(timeout)] == '=')
		return read_timeout(word + strlen(timeout) + 1, given);
	return !word[strlen(timeout)] && **next && read_timeout(*(*next)++, given);
}

/* Parts the words from the options; the words are moved together. False: misuse. */
static bool read_words(const struct command *command, char *words[], struct job_words *given)
{
	char **next = words;

	*given = (struct job_words){.words = words};
	while (*next) {
		char *word = *next++;

		if (strncmp(word, "--", 2) != 0 || command->options & RAW)
			words[given->count++] = word;
		else if (!read_option(command, word, &next, given))
			return false;
	}
	words[given->count] = NULL;
	return given->count >= command->min && given->count <= command->max;
}

struct job command_prepare(struct world *world, int argc, char *argv[], int64_t now_ms)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	const struct command *command = find_command(name);
	struct job_words given;

	if (is_help(name) || !strcmp(name, "help")) {
		print_help(argc > 1 ? stdout : stderr);
		return job_done(argc > 1 ? JOB_OK : JOB_USAGE);
	}
	if (!strcmp(name, "--version")) {
		printf("iscsi-init " ISCSI_INIT_VERSION "\n");
		return job_done(JOB_OK);
	}
	if (!command) {
		log_err("there is no subcommand \"%s\"; `iscsi-init --help` lists those that there are", name);
		return job_done(JOB_USAGE);
	}
	if (argc > 2 && is_help(argv[2])) {
		print_command(command, stdout);
		return job_done(JOB_OK);
	}
	if (!read_words(command, argv + 2, &given))
		return misuse(command);
	return command->options & ROOT && geteuid() ? job_fail(name, -EPERM) : command->run(world, &given, now_ms);
}
