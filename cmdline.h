/* cmdline.h - the kernel's command line, cut into words as the kernel cuts it (kernel: lib/cmdline.c, next_arg).
 *
 * Owns the cutting and the search for words; not what any word means (plan/). Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

#define CMDLINE_BYTES_MAX 8192 /* twice the longest COMMAND_LINE_SIZE (4096: s390; x86, arm64: 2048) */
#define CMDLINE_WORDS_MAX (CMDLINE_BYTES_MAX / 2)

/* Offsets into the text; the quotes are outside. */
struct word {
	uint16_t key, key_length;
	uint16_t value, value_length;
	bool has_value; /* "key=", even with nothing behind it */
};

struct cmdline {
	char text[CMDLINE_BYTES_MAX + 1];
	size_t length;
	size_t given_length; /* of the line as it was given: above .length when the line was too long */
	struct word words[CMDLINE_WORDS_MAX];
	int word_count;
	struct text init_arguments; /* what stands after " -- ": the real init's arguments, uncut; in .text */
};

/* Copies and cuts `length` bytes, up to the first NUL. Of a line that is too long it takes the first CMDLINE_BYTES_MAX
   bytes. */
void cmdline_cut(const char *text, size_t length, struct cmdline *out);

struct text cmdline_key(const struct cmdline *cmdline, const struct word *word);
struct text cmdline_value(const struct cmdline *cmdline, const struct word *word);

/* The number of the word for messages; the first one is 1. */
int cmdline_number(const struct cmdline *cmdline, const struct word *word);

/* The next word after `word` (NULL: the first) whose key is exactly this one; NULL: there is no more. */
const struct word *cmdline_next(const struct cmdline *cmdline, const struct word *word, const char *key);

/* The last such word; NULL: there is none. */
const struct word *cmdline_last(const struct cmdline *cmdline, const char *key);

/* The place of `at` in that word; of the word itself where `at` is NULL or points elsewhere. */
struct position cmdline_position(const struct cmdline *cmdline, const struct word *word, const char *at);

/* "command line, word 3 'iscsi', character 21: <what>" */
void cmdline_describe(const struct cmdline *cmdline, struct position position, const char *what, char *out,
		      size_t size);

/* Writes "command line, word 3 'iscsi', character 21: <fault>" to *error unless it holds an error already. -EINVAL. */
int cmdline_error(struct plan_error *error, const struct cmdline *cmdline, const struct word *word,
		  const struct fault *fault);

#endif
