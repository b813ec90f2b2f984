/* doubts.h - what a command line says, but probably does not mean.
 *
 * A line may be read without an error and still not boot: a blank for a comma, a root that nothing has, a target that no
 * address can reach. Owns these questions; `check` asks them. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_DOUBTS_H
#define PLAN_DOUBTS_H

#include "cmdline.h"
#include "plan/plan.h"

/* Adds a note to the plan for each doubt. The plan must be plan_make's, of this command line. */
void doubts_note(const struct cmdline *cmdline, struct plan *plan);

#endif
