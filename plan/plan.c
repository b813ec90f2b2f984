/* plan.c - the notes of a plan, and the prefixes of root=. See plan.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>

const char *plan_root_prefix(enum root_kind kind)
{
	static const char *const prefixes[] = {[ROOT_UUID] = "UUID=",
					       [ROOT_LABEL] = "LABEL=",
					       [ROOT_PARTUUID] = "PARTUUID=",
					       [ROOT_PARTLABEL] = "PARTLABEL=",
					       [ROOT_OTHER] = NULL};

	return prefixes[kind] ? prefixes[kind] : "";
}

void plan_note(struct plan *plan, const char *format, ...)
{
	struct plan_notes *notes = &plan->notes;
	va_list arguments;

	if (notes->count == PLAN_NOTES_MAX) {
		snprintf(notes->text[PLAN_NOTES_MAX - 1], sizeof(notes->text[0]), "and there is more to say");
		notes->position[PLAN_NOTES_MAX - 1] = (struct position){0};
		return;
	}
	va_start(arguments, format);
	vsnprintf(notes->text[notes->count++], sizeof(notes->text[0]), format, arguments);
	va_end(arguments);
}
