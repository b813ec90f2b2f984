/* key=value text and its values: what is read lies inside the text, and what is written is read back. */
/* SPDX-License-Identifier: MIT */
#include "proto/keys.h"

#include <string.h>

#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_binary(const struct key *key)
{
	uint8_t bytes[1024], again[1024];
	char text[2 + 2 * sizeof(bytes)];
	struct writer w = writer_of(text, sizeof(text));
	int n = key_read_binary(key->value, key->value_length, bytes, sizeof(bytes));

	require(n <= (int)sizeof(bytes) && n != 0);
	if (n < 0)
		return;
	keys_put_hex(&w, bytes, (size_t)n);
	require(!w.bad && key_read_binary(text, w.used, again, sizeof(again)) == n && !memcmp(bytes, again, (size_t)n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct key key;

	while (keys_next(&r, &key) > 0) {
		const char *end = (const char *)data + size;
		uint32_t number;
		bool yes;

		require(key.name_length && key.name_length <= KEY_NAME_MAX && key.value_length <= KEY_BINARY_MAX);
		require(key.value + key.value_length <= end && !memchr(key.value, 0, key.value_length));
		(void)key_read_number(&key, &number);
		(void)key_read_boolean(&key, &yes);
		check_binary(&key);
	}
	return 0;
}
