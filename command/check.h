/* check.h - `iscsi-init check [-v] [--image <folder>] [<kernel command line> | -]`: what a boot with that line would do, or what is
 * wrong with it.
 *
 * Needs no root, no kernel support and no network; reads nothing but the line, and an image's secrets where they are asked
 * for. Secrets are not shown.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include <stdbool.h>
#include <stdio.h>

/* words: those behind "check", NULL-ended. None: /proc/cmdline; "-": standard input; several are one line. The plan goes to
   standard output, what is wrong to standard error. 0: the line can be used; 1: it cannot, or cannot be read; 2: wrong use. */
int check_run(char *words[]);

struct check_options {
	bool verbose;      /* defaults, too */
	const char *image; /* the folder that becomes the initramfs, whose files of secrets are read; NULL: none */
};

/* Checks one line: prints the plan and its notes to `out`, and what is wrong to `errors`. The same result. */
int check_line(const char *line, size_t length, const struct check_options *options, FILE *out, FILE *errors);

/* Every word that is read, one a line, with whose it is before it; then the options and settings of iscsi=, and the values
   of iscsi.onfail=: for scripts. */
void check_print_words(FILE *out);

#endif
