/* keys.h - key=value text (RFC 7143 6.1), each pair ended by a NUL. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_KEYS_H
#define PROTO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define KEY_NAME_MAX   63   /* RFC 7143 6.1: the key name's length */
#define KEY_VALUE_MAX  255  /* text and numbers; binary items may be longer: KEY_BINARY_MAX */
#define KEY_BINARY_MAX 2050 /* 1024 bytes as 0x... */

struct key {
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

/* The next pair: 1; 0: the text is at its end; -EINVAL: not key=value, or a name or value of illegal length. Superfluous
   NULs between pairs are passed over; the last pair may lack its own. */
int keys_next(struct reader *text, struct key *out);

bool key_is(const struct key *key, const char *name);
bool key_value_is(const struct key *key, const char *value);

/* Appends name=value and the NUL. */
void keys_put(struct writer *text, const char *name, const char *value);

/* A decimal or 0x number (RFC 7143 6.1, numerical-value). 0, or -EINVAL (also above 2^32-1). */
int key_read_number(const struct key *key, uint32_t *value);

/* "Yes" or "No". */
int key_read_boolean(const struct key *key, bool *value);

/* A binary value: 0x..., 0b... (base64), or a decimal number (RFC 7143 6.1, large-binary-value); at most size bytes.
   Their number, or -EINVAL. */
int key_read_binary(const char *text, size_t length, uint8_t *out, size_t size);

/* "0x..." of the bytes, appended without a NUL. */
void keys_put_hex(struct writer *text, const uint8_t *bytes, size_t length);

#endif
