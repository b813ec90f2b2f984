/* initiator.h - the initiator's name for each target: the first source that has a name decides.
 *
 * Owns the names that are not in a target's own word: from the file, the firmware's table, the lease, the MAC address. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_INITIATOR_H
#define PLAN_INITIATOR_H

#include "plan/plan.h"

/* Takes the name out of the text of /etc/iscsi/initiatorname.iscsi: the line InitiatorName=...; comments and other
   lines are skipped. plan_make checks the name. */
void plan_read_initiator_name(const char *text, size_t length, struct plan_files *files);

/* The MAC address of the boot interface is known: gives every target without an initiator name one (eui. + EUI-64). */
void plan_add_mac(struct plan *plan, const uint8_t mac[6]);

/* Sets the initiator's name of this target, or of all targets, if it has none yet. An empty name changes nothing. */
void initiator_set(struct target_plan *target, const char *name, enum source source);
void initiator_set_all(struct plan *plan, const char *name, enum source source);

/* Checks that the file's name, if there is one, can be used. 0, or -EINVAL with *error. */
int initiator_check_file(const struct plan_files *files, struct plan_error *error);

#endif
