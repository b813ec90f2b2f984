/* firmware.h - what the firmware's boot table (iBFT) means for the plan: its targets and its cards.
 *
 * Owns the translation. plan/planning decides whether the table is used at all. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_FIRMWARE_H
#define PLAN_FIRMWARE_H

#include "plan/plan.h"
#include "proto/ibft.h"

/* Adds each of the table's targets, with the settings of the template where the table has none. 0, or -EINVAL with
   *error, which names the entry. */
int firmware_add_targets(const struct ibft *firmware, const struct target_plan *template, struct plan *plan,
			 struct plan_error *error);

/* Adds the table's cards, VLANs and name servers. 0, or -EINVAL with *error. */
int firmware_add_interfaces(const struct ibft *firmware, struct network_plan *network, struct plan_error *error);

#endif
