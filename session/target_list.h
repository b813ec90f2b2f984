/* target_list.h - the answer to SendTargets: which targets a portal has, and where (RFC 7143 appendix C). Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_TARGET_LIST_H
#define SESSION_TARGET_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan/plan.h"
#include "proto/name.h"

#define TARGET_LIST_MAX 262144 /* bytes of all the text of a portal; a longer list is refused */

struct target_list {
	size_t pending_used, total, used;
	int count, left_out;
	bool skips;                         /* what follows is of a target that is left out */
	size_t last_name;                   /* where the last TargetName's value begins in records */
	char pending[NAME_MAX_BYTES + 512]; /* a record that goes on in the next PDU */
	char records[TARGET_LIST_MAX]; /* the pairs TargetName and TargetAddress that can be used, each with its NUL */
};

void target_list_clear(struct target_list *list);

/* Takes the text of one response. 0, or -EINVAL: it is no list. Then the list counts for nothing. */
int target_list_take(struct target_list *list, const uint8_t *text, size_t length);

/* After the last response: the last pair may lack its NUL. 0 or -EINVAL. */
int target_list_finish(struct target_list *list);

/* Writes the name of the target with this index (from 0) into the plan. The portal that was asked stays: a listed address may
   be one behind a translation. The other portals that are listed for it become plan->listed, as many as it holds. */
void target_list_use(const struct target_list *list, int index, struct target_plan *plan);

/* The index of the target with this name, in any case; -1: it is not in the list. */
int target_list_find(const struct target_list *list, const char *name);

/* "iqn.a, iqn.b", with ", ..." for those that do not fit; returns out. */
const char *target_list_names(const struct target_list *list, char *out, size_t size);

/* Prints one line for each address: "<portal>,<tpgt> <target>", as open-iscsi does. A target without an address is where we
   asked. */
void target_list_print(const struct target_list *list, const struct portal *asked, FILE *out);

#endif
