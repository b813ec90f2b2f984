/* json.h - writing JSON, one value after the other (RFC 8259). The caller opens and closes in pairs; commas are set here. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_JSON_H
#define COMMAND_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool needs_comma;
};

/* kind: '{' or '['. key: NULL in an array and at the top. */
void json_open(struct json *json, const char *key, char kind);
/* kind: '}' or ']'. */
void json_close(struct json *json, char kind);
/* What is not printable ASCII is escaped as \u00NN, byte by byte. */
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, int64_t value);
void json_boolean(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
