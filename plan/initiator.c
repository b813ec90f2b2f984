/* initiator.c - the initiator's name. See initiator.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/initiator.h"

#include <errno.h>
#include <stdio.h>

#include "plan/target_word.h"
#include "proto/text.h"

void plan_read_initiator_name(const char *text, size_t length, struct plan_files *files)
{
	struct text rest = {.at = text, .length = length};

	while (rest.at) {
		struct text value = text_trim(text_cut(&rest, '\n')), name = text_cut(&value, '=');

		if (!text_is(name, "InitiatorName") || !value.at)
			continue;
		if (text_copy(value, files->initiator_name, sizeof(files->initiator_name)) < 0)
			snprintf(files->initiator_name, sizeof(files->initiator_name), "(too long)");
		return;
	}
}

void initiator_set(struct target_plan *target, const char *name, enum source source)
{
	if (!name[0] || target->initiator[0])
		return;
	snprintf(target->initiator, sizeof(target->initiator), "%s", name);
	target->initiator_source = source;
}

void initiator_set_all(struct plan *plan, const char *name, enum source source)
{
	for (int i = 0; i < plan->target_count; i++)
		initiator_set(&plan->targets[i], name, source);
}

void plan_add_mac(struct plan *plan, const uint8_t mac[6])
{
	char name[21];

	name_from_mac(mac, name);
	initiator_set_all(plan, name, SOURCE_MAC);
}

int initiator_check_file(const struct plan_files *files, struct plan_error *error)
{
	struct fault fault = {0};
	char name[NAME_MAX_BYTES + 1];

	if (!files->initiator_name[0] || target_read_name(text_of(files->initiator_name), name, &fault) == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "/etc/iscsi/initiatorname.iscsi: %s", fault.text);
	return -EINVAL;
}
