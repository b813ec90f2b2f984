/* text.c - pieces of text: cutting, comparing, numbers, showing. See text.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NEAR_MAX   32 /* longer words are not compared */
#define SHOWN_MAX  40 /* bytes of a text that a message shows */
#define TYPOS_MAX  2
#define TYPO_SHARE 3 /* at most one typing error in so many characters */

int fault_set(struct fault *fault, const char *at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	fault->at = at;
	return -EINVAL;
}

int fault_expected(struct fault *fault, struct text text, const char *expected)
{
	char shown[TEXT_SHOWN];

	return fault_set(fault, text.at, "%s, not %s", expected, text_show(text, shown));
}

struct text text_of(const char *string)
{
	return (struct text){.at = string, .length = strlen(string)};
}

bool text_is(struct text text, const char *string)
{
	return strlen(string) == text.length && (!text.length || !memcmp(text.at, string, text.length));
}

bool text_is_word(struct text text, const char *string)
{
	return strlen(string) == text.length && (!text.length || !strncasecmp(text.at, string, text.length));
}

bool text_starts(struct text text, const char *prefix)
{
	size_t length = strlen(prefix);

	return length <= text.length && (!length || !memcmp(text.at, prefix, length));
}

bool text_has(struct text text, char c)
{
	return text.length && memchr(text.at, c, text.length);
}

struct text text_skip(struct text text, size_t count)
{
	return (struct text){.at = text.at + count, .length = text.length - count};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trim(struct text text)
{
	while (text.length && is_blank(text.at[0]))
		text = text_skip(text, 1);
	while (text.length && is_blank(text.at[text.length - 1]))
		text.length--;
	return text;
}

static struct text cut_at(struct text *rest, size_t length)
{
	struct text piece = {.at = rest->at, .length = length};

	if (length < rest->length)
		*rest = text_skip(*rest, length + 1);
	else
		*rest = (struct text){0};
	return piece;
}

struct text text_cut(struct text *rest, char separator)
{
	size_t length = 0;

	while (length < rest->length && rest->at[length] != separator)
		length++;
	return cut_at(rest, length);
}

struct text text_cut_bracketed(struct text *rest, char separator)
{
	bool inside = false;
	size_t length = 0;

	for (; length < rest->length; length++) {
		if (rest->at[length] == '[')
			inside = true;
		else if (rest->at[length] == ']')
			inside = false;
		else if (rest->at[length] == separator && !inside)
			break;
	}
	return cut_at(rest, length);
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int text_number(struct text text, unsigned base, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (!text.length)
		return -EINVAL;
	for (size_t i = 0; i < text.length; i++) {
		int read = text_hex_digit(text.at[i]);
		unsigned digit = (unsigned)read;

		if (read < 0 || digit >= base)
			return -EINVAL;
		if (digit > max || sum > max / base || sum * base > max - digit)
			return -ERANGE;
		sum = sum * base + digit;
	}
	*value = sum;
	return 0;
}

int text_copy(struct text text, char *out, size_t size)
{
	if (text.length >= size)
		return -ENAMETOOLONG;
	if (text.length && memchr(text.at, 0, text.length))
		return -EINVAL;
	if (text.length)
		memcpy(out, text.at, text.length);
	out[text.length] = 0;
	return 0;
}

const char *text_show(struct text text, char out[TEXT_SHOWN])
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	out[used++] = '\'';
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (used > SHOWN_MAX) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (c > 0x1f && c < 0x7f) {
			out[used++] = (char)c;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[c >> 4];
		out[used++] = hex[c & 15];
	}
	out[used++] = '\'';
	out[used] = 0;
	return out;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

uint64_t text_hash(const char *string)
{
	uint64_t hash = 14695981039346656037U;

	for (; *string; string++)
		hash = (hash ^ (unsigned char)*string) * 1099511628211U;
	return hash;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

bool text_is_near(struct text text, const char *string)
{
	size_t length = strlen(string);
	unsigned row[NEAR_MAX + 1];

	if (!text.length || text.length > NEAR_MAX || length > NEAR_MAX)
		return false;
	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 1; i <= text.length; i++) { /* the edit distance, one row at a time */
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned replaced = diagonal + (lower(text.at[i - 1]) != lower(string[j - 1]));

			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[length] <= TYPOS_MAX && row[length] * TYPO_SHARE <= length;
}

const char *log_safe(char *out, size_t size, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		bool plain = byte[i] >= 0x20 && byte[i] < 0x7f && byte[i] != '\\';
		size_t need = plain ? 1 : 4;

		if (used + need + 1 > size)
			break;
		if (plain)
			out[used] = (char)byte[i];
		else
			snprintf(out + used, 5, "\\x%02x", byte[i]);
		used += need;
	}
	if (size)
		out[used] = '\0';
	return out;
}
