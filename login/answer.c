/* answer.c - see answer.h. */
/* SPDX-License-Identifier: MIT */
#include "login/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"

int answer_fail(struct login *l, enum login_error error, const char *format, ...)
{
	va_list arguments;

	if (l->failure.error != LOGIN_OK)
		return STOP;
	l->failure.error = error;
	va_start(arguments, format);
	vsnprintf(l->failure.text, sizeof(l->failure.text), format, arguments);
	va_end(arguments);
	return STOP;
}

int answer_tolerate(struct login *l, const char *format, ...)
{
	char *out = l->result.tolerated;
	size_t used = strlen(out), size = sizeof(l->result.tolerated);
	va_list arguments;

	if (used && used + 2 < size)
		used += (size_t)snprintf(out + used, size - used, "; ");
	va_start(arguments, format);
	vsnprintf(out + used, size - used, format, arguments);
	va_end(arguments);
	return GO_ON;
}

/* A foreign text as part of a message: printable, short. */
static const char *show(char out[80], const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < 76; i++)
		out[used++] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[used] = '\0';
	return out;
}

bool answer_is_special(const struct key *key)
{
	return key_value_is(key, "Reject") || key_value_is(key, "Irrelevant") || key_value_is(key, "NotUnderstood");
}

int answer_refuse(struct login *l, const struct key *key, const char *expected)
{
	char value[80];

	return answer_fail(l, LOGIN_NEGOTIATION, "%.*s=%s: expected %s", (int)key->name_length, key->name,
			   show(value, key->value, key->value_length), expected);
}

int answer_repeated(struct login *l, const struct key *key)
{
	char name[80];

	return answer_fail(l, LOGIN_PROTOCOL, "the target sent %s twice (RFC 7143 6.2)",
			   show(name, key->name, key->name_length));
}

/* The whole of a pair, or nothing of it. */
static void end_pair(struct login *l, const struct writer *w)
{
	if (w->bad)
		answer_fail(l, LOGIN_PROTOCOL, "the answers to the target's keys go on beyond %d bytes",
			    LOGIN_JOINED_MAX);
	else
		l->reply = w->used;
}

void answer_put(struct login *l, const char *name, const char *value)
{
	struct writer w = writer_of(l->answers, sizeof(l->answers));

	w.used = l->reply;
	keys_put(&w, name, value);
	end_pair(l, &w);
}

void answer_put_bytes(struct login *l, const char *name, const uint8_t *bytes, size_t length)
{
	struct writer w = writer_of(l->answers, sizeof(l->answers));

	w.used = l->reply;
	write_text(&w, name);
	write_u8(&w, '=');
	keys_put_hex(&w, bytes, length);
	write_u8(&w, 0);
	end_pair(l, &w);
}

void answer_offer(struct login *l, const char *name, const char *value)
{
	answer_put(l, name, value);
	l->open = true;
}
