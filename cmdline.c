/* cmdline.c - the kernel's command line, cut into words. See cmdline.h. */
/* SPDX-License-Identifier: MIT */
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0; /* kernel: lib/ctype.c */
}

/* ---- cutting ---- */

/* Where the word ends that begins at `start`: at the first white space outside quotes. */
static size_t find_end(const struct cmdline *cmdline, size_t start, bool inside_quotes)
{
	size_t end = start;

	for (; end < cmdline->length && (inside_quotes || !is_space(cmdline->text[end])); end++)
		if (cmdline->text[end] == '"')
			inside_quotes = !inside_quotes;
	return end;
}

/* The '=' between key and value, or `end`. A word that begins with '=' has no key before it: that one is passed over. */
static size_t find_equals(const struct cmdline *cmdline, size_t start, size_t end)
{
	for (size_t at = start + 1; at < end; at++)
		if (cmdline->text[at] == '=')
			return at;
	return end;
}

static size_t leave_quote(const struct cmdline *cmdline, size_t start, size_t end)
{
	return end > start && cmdline->text[end - 1] == '"' ? end - 1 : end;
}

/* Quotes may stand around the value or around the whole word: key="a b" and "key=a b" are the same. */
static size_t cut_word(const struct cmdline *cmdline, size_t from, struct word *word)
{
	bool quoted = cmdline->text[from] == '"';
	size_t start = from + quoted, end = find_end(cmdline, start, quoted);
	size_t equals = find_equals(cmdline, start, end), key_end = equals, value = equals, value_end = end;

	if (equals < end) {
		value = equals + 1;
		if (value < end && cmdline->text[value] == '"') {
			quoted = true;
			value++;
		}
		if (quoted)
			value_end = leave_quote(cmdline, value, end);
	} else if (quoted) {
		key_end = value = value_end = leave_quote(cmdline, start, end);
	}
	*word = (struct word){.key = (uint16_t)start,
			      .key_length = (uint16_t)(key_end - start),
			      .value = (uint16_t)value,
			      .value_length = (uint16_t)(value_end - value),
			      .has_value = equals < end};
	return end;
}

static size_t skip_space(const struct cmdline *cmdline, size_t at)
{
	while (at < cmdline->length && is_space(cmdline->text[at]))
		at++;
	return at;
}

static void cut_words(struct cmdline *cmdline)
{
	size_t at = skip_space(cmdline, 0);

	for (; at < cmdline->length && cmdline->word_count < CMDLINE_WORDS_MAX; at = skip_space(cmdline, at)) {
		struct word *word = &cmdline->words[cmdline->word_count];

		at = cut_word(cmdline, at, word);
		if (!word->has_value && text_is(cmdline_key(cmdline, word), "--")) {
			at = skip_space(cmdline, at);
			cmdline->init_arguments =
				(struct text){.at = cmdline->text + at, .length = cmdline->length - at};
			return;
		}
		cmdline->word_count++;
	}
}

void cmdline_cut(const char *text, size_t length, struct cmdline *out)
{
	memset(out, 0, sizeof(*out));
	length = strnlen(text, length);
	while (length && is_space(text[length - 1]))
		length--;
	out->given_length = length;
	out->length = length < CMDLINE_BYTES_MAX ? length : CMDLINE_BYTES_MAX;
	memcpy(out->text, text, out->length);
	cut_words(out);
}

/* ---- finding ---- */

struct text cmdline_key(const struct cmdline *cmdline, const struct word *word)
{
	return (struct text){.at = cmdline->text + word->key, .length = word->key_length};
}

struct text cmdline_value(const struct cmdline *cmdline, const struct word *word)
{
	return (struct text){.at = cmdline->text + word->value, .length = word->value_length};
}

int cmdline_number(const struct cmdline *cmdline, const struct word *word)
{
	return (int)(word - cmdline->words) + 1;
}

const struct word *cmdline_next(const struct cmdline *cmdline, const struct word *word, const char *key)
{
	const struct word *end = cmdline->words + cmdline->word_count;

	for (word = word ? word + 1 : cmdline->words; word < end; word++)
		if (text_is(cmdline_key(cmdline, word), key))
			return word;
	return NULL;
}

const struct word *cmdline_last(const struct cmdline *cmdline, const char *key)
{
	for (int i = cmdline->word_count - 1; i >= 0; i--)
		if (text_is(cmdline_key(cmdline, &cmdline->words[i]), key))
			return &cmdline->words[i];
	return NULL;
}

struct position cmdline_position(const struct cmdline *cmdline, const struct word *word, const char *at)
{
	uintptr_t from = (uintptr_t)at, start = (uintptr_t)cmdline->text;
	size_t offset = from >= start && from - start <= cmdline->length ? from - start : word->key;

	return (struct position){.word = cmdline_number(cmdline, word), .character = offset + 1};
}

void cmdline_describe(const struct cmdline *cmdline, struct position position, const char *what, char *out, size_t size)
{
	char key[TEXT_SHOWN];

	snprintf(out, size, "command line, word %d %s, character %zu: %s", position.word,
		 text_show(cmdline_key(cmdline, &cmdline->words[position.word - 1]), key), position.character, what);
}

int cmdline_error(struct plan_error *error, const struct cmdline *cmdline, const struct word *word,
		  const struct fault *fault)
{
	if (error->text[0])
		return -EINVAL;
	error->position = cmdline_position(cmdline, word, fault->at);
	cmdline_describe(cmdline, error->position, fault->text, error->text, sizeof(error->text));
	return -EINVAL;
}
