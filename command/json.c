/* json.c - see json.h. */
/* SPDX-License-Identifier: MIT */
#include "command/json.h"

#include <inttypes.h>

static void quote(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at >= 0x7f)
			fprintf(out, "\\u%04x", *at);
		else
			putc(*at, out);
	}
	putc('"', out);
}

static void begin(struct json *json, const char *key)
{
	if (json->needs_comma)
		putc(',', json->out);
	json->needs_comma = true;
	if (!key)
		return;
	quote(json->out, key);
	putc(':', json->out);
}

void json_open(struct json *json, const char *key, char kind)
{
	begin(json, key);
	putc(kind, json->out);
	json->needs_comma = false;
}

void json_close(struct json *json, char kind)
{
	putc(kind, json->out);
	json->needs_comma = true;
}

void json_string(struct json *json, const char *key, const char *value)
{
	begin(json, key);
	quote(json->out, value);
}

void json_number(struct json *json, const char *key, int64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void json_boolean(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	begin(json, key);
	fputs("null", json->out);
}
