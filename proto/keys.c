/* keys.c - see keys.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/keys.h"

#include <errno.h>
#include <string.h>

#include "proto/text.h"

int keys_next(struct reader *text, struct key *out)
{
	const char *pair, *end, *equals;
	size_t length;

	while (text->left && text->at[0] == 0)
		read_skip(text, 1);
	if (!text->left)
		return 0;
	pair = (const char *)text->at;
	end = memchr(pair, 0, text->left);
	length = end ? (size_t)(end - pair) : text->left;
	equals = memchr(pair, '=', length);
	if (!equals || equals == pair || equals - pair > KEY_NAME_MAX)
		return -EINVAL;
	out->name = pair;
	out->name_length = (size_t)(equals - pair);
	out->value = equals + 1;
	out->value_length = length - out->name_length - 1;
	if (out->value_length > KEY_BINARY_MAX)
		return -EINVAL;
	read_skip(text, length + (end ? 1 : 0));
	return 1;
}

bool key_is(const struct key *key, const char *name)
{
	return strlen(name) == key->name_length && !memcmp(key->name, name, key->name_length);
}

bool key_value_is(const struct key *key, const char *value)
{
	return strlen(value) == key->value_length && !memcmp(key->value, value, key->value_length);
}

void keys_put(struct writer *text, const char *name, const char *value)
{
	write_text(text, name);
	write_u8(text, '=');
	write_text(text, value);
	write_u8(text, 0);
}

static bool has_prefix(const char *text, size_t length, char letter)
{
	return length >= 2 && text[0] == '0' && (text[1] | 0x20) == letter;
}

int key_read_number(const struct key *key, uint32_t *value)
{
	bool hex = has_prefix(key->value, key->value_length, 'x');
	uint64_t sum = 0;
	size_t i = hex ? 2 : 0;

	if (i == key->value_length)
		return -EINVAL;
	for (; i < key->value_length; i++) {
		int digit = text_hex_digit(key->value[i]);

		if (digit < 0 || (!hex && digit > 9))
			return -EINVAL;
		sum = sum * (hex ? 16 : 10) + (unsigned)digit;
		if (sum > UINT32_MAX)
			return -EINVAL;
	}
	*value = (uint32_t)sum;
	return 0;
}

int key_read_boolean(const struct key *key, bool *value)
{
	if (key_value_is(key, "Yes"))
		*value = true;
	else if (key_value_is(key, "No"))
		*value = false;
	else
		return -EINVAL;
	return 0;
}

static int read_hex(const char *text, size_t length, uint8_t *out, size_t size)
{
	size_t bytes = (length + 1) / 2, odd = length & 1;

	if (!length || bytes > size)
		return -EINVAL;
	memset(out, 0, bytes);
	for (size_t i = 0; i < length; i++) {
		int digit = text_hex_digit(text[i]);
		size_t at = i + odd;

		if (digit < 0)
			return -EINVAL;
		out[at / 2] = (uint8_t)(out[at / 2] | digit << (at & 1 ? 0 : 4));
	}
	return (int)bytes;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648 4. Its padding may be missing, as some targets leave it out. */
static int read_base64(const char *text, size_t length, uint8_t *out, size_t size)
{
	size_t used = 0, digits = length, bytes;
	uint32_t bits = 0;

	if (length && length % 4 == 0)
		while (length - digits < 2 && text[digits - 1] == '=')
			digits--;
	bytes = digits * 3 / 4;
	if (!digits || digits % 4 == 1 || bytes > size)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned)digit;
		if (i % 4)
			out[used++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return (int)used;
}

/* A decimal number as the bytes of its value, at most 8 of them (RFC 7143 6.1 allows it for up to 64 bits). */
static int read_decimal(const char *text, size_t length, uint8_t *out, size_t size)
{
	uint64_t sum = 0;
	int bytes = 1;

	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		sum = sum * 10 + digit;
	}
	for (uint64_t rest = sum >> 8; rest; rest >>= 8)
		bytes++;
	if ((size_t)bytes > size)
		return -EINVAL;
	for (int i = bytes; i > 0; i--, sum >>= 8)
		out[i - 1] = (uint8_t)sum;
	return bytes;
}

int key_read_binary(const char *text, size_t length, uint8_t *out, size_t size)
{
	if (has_prefix(text, length, 'x'))
		return read_hex(text + 2, length - 2, out, size);
	if (has_prefix(text, length, 'b'))
		return read_base64(text + 2, length - 2, out, size);
	return read_decimal(text, length, out, size);
}

void keys_put_hex(struct writer *text, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	write_text(text, "0x");
	for (size_t i = 0; i < length; i++) {
		write_u8(text, (uint8_t)digits[bytes[i] >> 4]);
		write_u8(text, (uint8_t)digits[bytes[i] & 15]);
	}
}
