/* plan_text.h - a plan in words, for people: what `iscsi-init check` prints. Secrets are not shown. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_PLAN_TEXT_H
#define COMMAND_PLAN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "cmdline.h"
#include "plan/plan.h"

/* verbose: with every setting; else only with those that are not at their defaults. */
void plan_text_print(const struct cmdline *cmdline, const struct plan *plan, bool verbose, FILE *out);

#endif
