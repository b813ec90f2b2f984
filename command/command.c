/* command.c - see command.h. Each subcommand is one row of the table; --help prints the same rows. */
/* SPDX-License-Identifier: MIT */
#include "command/command.h"

#include <stdio.h>
#include <string.h>

#include "command/attach.h"
#include "command/check.h"
#include "command/end.h"
#include "command/monitor.h"
#include "command/sessions.h"
#include "command/supervise.h"
#include "sys/log.h"

static struct job check(struct world *w, char *words[], int64_t now_ms)
{
	(void)w;
	(void)now_ms;
	return job_done((enum job_exit)check_run(words));
}

static const struct command {
	const char *name, *arguments;
	int min, max; /* words */
	struct job (*run)(struct world *world, char *words[], int64_t now_ms);
	const char *help;
} commands[] = {
	{"attach", "<portal>,<target>[,<option>=<value>]...", 1, 8, attach_run, "log in, scan, and print the disk"},
	{"detach", "<session>", 1, 1, end_detach, "log out and remove the session"},
	{"list", "", 0, 0, sessions_list, "sessions, their state and recoveries, the boot's times"},
	{"rescan", "<session>", 1, 1, sessions_rescan, "look for new LUNs"},
	{"partitions", "<device>", 1, 1, sessions_partitions, "read the partition table again"},
	{"discover", "<portal>[,<option>=<value>]...", 1, 1, attach_discover,
	 "ask a portal for its targets (SendTargets)"},
	{"events", "", 0, 0, monitor_run,
	 "print the kernel's iSCSI events and the supervisor's, one line each, until stopped"},
	{"monitor", "", 0, 0, monitor_run, "the same"},
	{"supervise", "", 0, 0, supervise_run, "look after the sessions that are there, as the boot's process does"},
	{"shutdown", "reboot|poweroff|halt|kexec", 1, 8, end_machine,
	 "flush, make read-only, log out, and end the machine: the last command of a shutdown"},
	{"check", "[-v] [--image <folder>] [<kernel command line> | -]", 0, CMDLINE_WORDS_MAX, check,
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
	fprintf(out, "  initiator, lun, interface, scheduler, username, password, username_in, password_in, chap_algs: "
		     "see the manual\n");
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

static struct job misused(const struct command *command)
{
	log_err("expected: iscsi-init %s %s", command->name,
		command->arguments[0] ? command->arguments : "and nothing more");
	return job_done(JOB_USAGE);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

struct job command_prepare(struct world *world, int argc, char *argv[], int64_t now_ms)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	int words = argc - 2;

	if (is_help(name) || !strcmp(name, "help")) {
		print_help(argc > 1 ? stdout : stderr);
		return job_done(argc > 1 ? JOB_OK : JOB_USAGE);
	}
	if (!strcmp(name, "--version")) {
		printf("iscsi-init " ISCSI_INIT_VERSION "\n");
		return job_done(JOB_OK);
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name))
			continue;
		if (words > 0 && is_help(argv[2])) {
			print_command(&commands[i], stdout);
			return job_done(JOB_OK);
		}
		if (words < commands[i].min || words > commands[i].max)
			return misused(&commands[i]);
		return commands[i].run(world, argv + 2, now_ms);
	}
	log_err("there is no subcommand \"%s\"; iscsi-init --help lists those that there are", name);
	return job_done(JOB_USAGE);
}
