/* initiator.h - the initiator's name of each target: the first source that has one names it.
 *
 * Owns the sources that are no target's own word: the file, the firmware's table, the lease, the MAC address. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_INITIATOR_H
#define PLAN_INITIATOR_H

#include "plan/plan.h"

/* Takes the name out of the text of /etc/iscsi/initiatorname.iscsi: the line InitiatorName=..., comments and others are
   passed over. plan_make says whether it is a legal name. */
void plan_read_initiator_name(const char *text, size_t length, struct plan_files *files);

/* The MAC address of the boot interface is known: gives every target without an initiator name one (eui. + EUI-64). */
void plan_add_mac(struct plan *plan, const uint8_t mac[6]);

/* Names the initiator for this target, or for all targets, where no name is there yet. An empty name changes nothing. */
void initiator_set(struct target_plan *target, const char *name, enum source source);
void initiator_set_all(struct plan *plan, const char *name, enum source source);

/* Is the file's name legal, if there is one? 0, or -EINVAL with *error. */
int initiator_check_file(const struct plan_files *files, struct plan_error *error);

#endif
