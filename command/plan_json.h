/* plan_json.h - a plan as JSON, for programs: what `iscsi-init check --json` prints. Secrets are left out. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_PLAN_JSON_H
#define COMMAND_PLAN_JSON_H

#include "command/json.h"
#include "plan/plan.h"

/* Writes the members "network", "targets", "root" and "boot" into the object that is open. */
void plan_json_print(const struct plan *plan, struct json *json);

#endif
