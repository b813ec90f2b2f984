/* The list of targets (RFC 7143 appendix C) in parts of any size: whatever it is cut into, it reads the same, and every
 * target in it has a legal name and usable addresses. The first byte is the size of a part.
 */
#include "session/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "proto/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct discovery *discovery, const uint8_t *text, size_t length, size_t part)
{
	int result = 0;

	memset(discovery, 0, offsetof(struct discovery, login));
	for (size_t at = 0; at < length && !result; at += part)
		result = discovery_take_text(discovery, text + at, length - at < part ? length - at : part);
	return result;
}

/* Names and addresses of targets, each with its NUL, and nothing else. */
static void check_records(const struct discovery *discovery)
{
	struct reader r = reader_of(discovery->records, discovery->records_used);
	struct login_redirect address;
	struct key key;
	const char *why;
	int names = 0;

	while (keys_next(&r, &key) == 1) {
		if (strlen(key.value) != key.value_length)
			abort();
		if (key_is(&key, "TargetName"))
			names++;
		if (key_is(&key, "TargetName") ? name_check(key.value, key.value_length, &why)
					       : login_read_address(key.value, key.value_length, &address))
			abort();
	}
	if (r.left || names != discovery->target_count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct discovery whole, parts;
	char list[200];

	if (size < 2)
		return 0;
	if (take(&whole, data + 1, size - 1, size - 1) != take(&parts, data + 1, size - 1, data[0] % 64 + 1))
		abort();
	if (whole.target_count != parts.target_count || whole.records_used != parts.records_used ||
	    memcmp(whole.records, parts.records, whole.records_used))
		abort();
	check_records(&whole);
	if (strlen(discovery_list(&whole, list, sizeof(list))) >= sizeof(list) || !list[0] != !whole.target_count)
		abort();
	return 0;
}
