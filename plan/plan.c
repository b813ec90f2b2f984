/* plan.c - the notes of a plan, the prefixes of root=, and whose disks are joined. See plan.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

enum multipath_mode plan_multipath(const struct plan *plan, int i)
{
	const struct params *params = &plan->targets[i].params;

	return params->source[PARAM_MULTIPATH] == SOURCE_DEFAULT ? plan->boot.multipath
								 : (enum multipath_mode)params->value[PARAM_MULTIPATH];
}

bool plan_are_paths(const struct plan *plan, int a, int b)
{
	const struct target_plan *first = &plan->targets[a], *second = &plan->targets[b];

	return !strcmp(first->name, second->name) && !(first->has_lun && second->has_lun && first->lun != second->lun);
}

static bool has_target(const struct plan *plan, const char *name, const struct portal *portal)
{
	for (int i = 0; i < plan->target_count; i++)
		if (!strcmp(plan->targets[i].name, name) && !strcmp(plan->targets[i].portal.host, portal->host) &&
		    plan->targets[i].portal.port == portal->port)
			return true;
	return false;
}

int plan_spread(struct plan *plan, int i)
{
	struct target_plan *target = &plan->targets[i];
	int count = target->listed_count, missed = target->unlisted;

	target->listed_count = 0;
	target->all_portals = false;
	for (int k = 0; k < count; k++) {
		if (has_target(plan, target->name, &target->listed[k]))
			continue;
		if (plan->target_count == PLAN_TARGETS_MAX) {
			missed++;
			continue;
		}
		plan->targets[plan->target_count] = *target;
		plan->targets[plan->target_count++].portal = target->listed[k];
	}
	return missed;
}

bool plan_joins(const struct plan *plan, bool chains)
{
	bool is_yes = false, is_auto = false;

	for (int i = 0; i < plan->target_count; i++) {
		enum multipath_mode mode = plan_multipath(plan, i);

		is_yes = is_yes || mode == MULTIPATH_YES;
		is_auto = is_auto || mode == MULTIPATH_AUTO;
	}
	return is_yes || (is_auto && !chains && plan->target_count > 1);
}
