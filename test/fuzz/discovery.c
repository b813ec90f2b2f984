/* The list of targets (RFC 7143 appendix C) in parts of any size: whatever it is cut into, it reads the same, and every
 * target in it has a legal name and usable addresses. The first byte is the size of a part.
 */
#include "discovery.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct discovery *discovery, const uint8_t *text, size_t length, size_t part)
{
	int result = 0;

	memset(discovery, 0, sizeof(*discovery));
	for (size_t at = 0; at < length && !result; at += part)
		result = discovery_take_text(discovery, text + at, length - at < part ? length - at : part);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct discovery whole, parts;
	char list[2000];

	if (size < 2)
		return 0;
	if (take(&whole, data + 1, size - 1, size - 1) != take(&parts, data + 1, size - 1, data[0] % 64 + 1))
		abort();
	if (whole.target_count != parts.target_count || memcmp(whole.targets, parts.targets, sizeof(whole.targets)))
		abort();
	for (int i = 0; i < whole.target_count; i++) {
		const struct discovered *target = &whole.targets[i];
		const char *why;

		if (name_check(target->name, strlen(target->name), &why))
			abort();
		for (int k = 0; k < target->address_count; k++) {
			if (!target->addresses[k].host[0] || !target->addresses[k].port)
				abort();
		}
	}
	(void)discovery_list(&whole, list, sizeof(list));
	return 0;
}
