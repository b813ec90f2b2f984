/* The list of targets (RFC 7143 appendix C) in parts of any size: whatever it is cut into, it reads the same, and every
 * target in it has a legal name and usable addresses. The first byte is the size of a part.
 */
/* SPDX-License-Identifier: MIT */
#include "session/target_list.h"

#include <string.h>

#include "login/address.h"
#include "proto/keys.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct target_list *list, const uint8_t *text, size_t length, size_t part)
{
	int result = 0;

	target_list_clear(list);
	for (size_t at = 0; at < length && !result; at += part)
		result = target_list_take(list, text + at, length - at < part ? length - at : part);
	return result;
}

/* Names and addresses of targets, each with its NUL, and nothing else. */
static void check_records(const struct target_list *list)
{
	struct reader r = reader_of(list->records, list->used);
	struct login_redirect address;
	struct key key;
	int names = 0;

	while (keys_next(&r, &key) == 1) {
		require(strlen(key.value) == key.value_length);
		if (key_is(&key, "TargetName"))
			names++;
		require(key_is(&key, "TargetName") ? name_is_usable((struct text){key.value, key.value_length})
						   : !login_read_address(key.value, key.value_length, &address));
	}
	require(!r.left && names == list->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct target_list whole, parts;
	char list[200];

	if (size < 2)
		return 0;
	require(take(&whole, data + 1, size - 1, size - 1) == take(&parts, data + 1, size - 1, data[0] % 64 + 1));
	require(whole.count == parts.count && whole.used == parts.used &&
		!memcmp(whole.records, parts.records, whole.used));
	check_records(&whole);
	require(strlen(target_list_names(&whole, list, sizeof(list))) < sizeof(list) && !list[0] == !whole.count);
	return 0;
}
