/* check.h - `iscsi-init check [-v] [--image <folder>] [<kernel command line> | -]`: what a boot with that line would do, or what is
 * wrong with it.
 *
 * Needs no root, no kernel support and no network; reads nothing but the line, and an image's secrets where they are asked
 * for. Secrets are not shown.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include <stddef.h>
#include <stdio.h>

/* words: those behind "check", NULL-ended. None: /proc/cmdline; "-": standard input; several are one line. The plan goes to
   standard output, what is wrong to standard error. 0: the line can be used; 1: it cannot, or cannot be read; 2: wrong use. */
int check_run(char *words[]);

enum check_form {
	CHECK_CHANGED, /* in words, only what differs from the defaults */
	CHECK_ALL,     /* in words, all of it */
	CHECK_JSON     /* one object, also for what is wrong */
};

struct check_options {
	enum check_form form;
	const char *image; /* the folder that becomes the initramfs, whose files of secrets are read; NULL: none */
};

struct check_streams {
	FILE *out, *errors;
};

/* Checks one line: prints the plan and its notes to to.out, and what is wrong to to.errors. The same result. */
int check_line(const char *line, size_t length, const struct check_options *options, struct check_streams to);

/* Every word that is read, one a line, with whose it is before it; then the options and settings of iscsi=, and the values
   of iscsi.onfail=: for scripts. */
void check_print_words(FILE *out);

#endif
