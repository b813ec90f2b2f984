/* planning.h - makes the plan from the command line, the files of the initramfs and the firmware's table.
 *
 * Owns the precedence, which iscsi-init(8) describes. Sources are read, never written. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_PLANNING_H
#define PLAN_PLANNING_H

#include "cmdline.h"
#include "plan/plan.h"
#include "proto/ibft.h"

/* Fills *plan: the network, root and boot parts, and the targets as far as they are known without a lease. firmware and
   files may be NULL. 0, or -EINVAL with *error; plan->boot is filled even then. */
int plan_make(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
	      struct plan *plan, struct plan_error *error);

#endif
