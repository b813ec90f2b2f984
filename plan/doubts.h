/* doubts.h - what a command line says, but probably does not mean.
 *
 * A line may have no error and still not boot: there is a blank instead of a comma, no disk can have that root, or no
 * address can reach the target. `check` looks for such things. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_DOUBTS_H
#define PLAN_DOUBTS_H

#include "cmdline.h"
#include "plan/plan.h"

/* Adds a note to the plan for each doubt. plan_make must have made the plan from this command line. */
void doubts_note(const struct cmdline *cmdline, struct plan *plan);

#endif
