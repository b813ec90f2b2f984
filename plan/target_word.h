/* target_word.h - the value of iscsi=: <portal>[,<target>][,<option>[=<value>]]..., ibft[,...] and dhcp[,...]; and the URL
 * iscsi://[user[%password]@]<portal>/[<target>[/<LUN>]][,<option>...].
 *
 * Owns our own grammar of one session; not where the word stands, nor what other sources add. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_TARGET_WORD_H
#define PLAN_TARGET_WORD_H

#include "plan/plan.h"
#include "proto/text.h"

enum target_form {
	TARGET_PORTAL, /* portal and perhaps name are in the plan */
	TARGET_IBFT,   /* the options hold for the firmware's targets */
	TARGET_DHCP    /* the options hold for the lease's target */
};

/* Fills *target: every setting at its default (SOURCE_DEFAULT) or as the word says (source). 0, or -EINVAL with *fault,
   which holds no piece of a secret. */
int target_word_read(struct text text, enum source source, struct target_plan *target, enum target_form *form,
		     struct fault *fault);

/* Is there an option or a setting of this name, in any case? "user" and "pass" count, since people write them. */
bool target_has_option(struct text name);

/* The name of the i-th option that is no setting of proto/params; NULL: there are no more. */
const char *target_option_name(unsigned i);

/* A target plan with every default. */
void target_default(struct target_plan *target, enum source source);

/* A LUN: decimal or 0x as the kernel numbers it, or RFC 4173's hexadecimal groups when it holds a '-'. */
int target_read_lun(struct text text, struct target_plan *target, struct fault *fault);

/* The LUN as RFC 4173 writes it: "a", "4186-9". Returns out. */
#define LUN_TEXT_MAX 20
const char *target_write_lun(uint64_t lun, char out[LUN_TEXT_MAX]);

/* An initiator's or target's name, copied if a login can carry it (name_is_usable). 0, or -EINVAL with *fault. */
int target_read_name(struct text text, char out[NAME_MAX_BYTES + 1], struct fault *fault);

/* One setting of the table proto/params by its name, be it an option of iscsi= or another dialect's alone. -ENOENT: there is no such setting; -EINVAL with *fault. */
int target_set_param(struct text name, struct text value, enum source source, struct target_plan *target,
		     struct fault *fault);

#endif
