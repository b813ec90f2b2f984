/* check.h - `iscsi-init check '<kernel command line>'`: what a boot with that line would do, or what is wrong with it.
 *
 * Needs no root, no kernel support and no network; reads nothing but the line. Secrets are not shown.
 */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include <stdio.h>

#include "cmdline.h"
#include "plan/plan.h"

/* To standard output, or (the error) standard error. 0: the line can be used; 1: it cannot. */
int check_run(const char *line);

/* Every word that is read, one a line, with whose it is before it; then the options and settings of iscsi=, and the values
   of iscsi.onfail=: for scripts. */
void check_print_words(FILE *out);

/* The plan in words. */
void check_print(const struct cmdline *cmdline, const struct plan *plan, FILE *out);

#endif
