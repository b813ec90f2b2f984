/* text.h - a piece of text that lies in somebody else's buffer, what is wrong with it, and how it is shown.
 *
 * The parsers of command lines and root paths cut pieces off a text and read numbers from them. Nothing is copied, and
 * no NUL is needed. A parser that refuses a text says why in a struct fault, with the place. Its caller knows the name
 * of the source and puts both into the one line of a struct plan_error. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *at;
	size_t length;
};

struct fault {
	const char *at; /* into the text that was read; NULL: the whole of it */
	char text[220]; /* one clause, printable, without a secret */
};

/* Where on the command line: both count from 1; 0: it is not about a word. */
struct position {
	int word;
	size_t character; /* of the whole line */
};

/* What a source got wrong: one clear line for the operator, without secrets. */
struct plan_error {
	char text[300];
	struct position position;
};

/* How much of the log is wanted, in the kernel's numbers (kernel: include/linux/kern_levels.h). */
enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Fills *fault with the message and returns -EINVAL. */
int fault_set(struct fault *fault, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with "<expected>, not '<text>'", at the text. */
int fault_expected(struct fault *fault, struct text text, const char *expected);

struct text text_of(const char *string);

/* What is left of the text without its first `count` bytes, of which it must have that many. */
struct text text_skip(struct text text, size_t count);

/* The text without the blanks, tabs and line ends at both of its ends. */
struct text text_trim(struct text text);

/* Does the text equal the string? text_is_word compares without case (ASCII). */
bool text_is(struct text text, const char *string);
bool text_is_word(struct text text, const char *string);
bool text_starts(struct text text, const char *prefix);
bool text_has(struct text text, char c);

/* Cuts *rest at the first `separator`: returns what stands before it and leaves in *rest what comes after it. Without a
   separator it returns all of the text; then rest->at is NULL, which marks the last piece. */
struct text text_cut(struct text *rest, char separator);

/* The same, but a separator between '[' and ']' does not count. */
struct text text_cut_bracketed(struct text *rest, char separator);

/* Reads all of the text as a number in the base (10 or 16, no prefix, no sign). 0; -EINVAL: it is empty or has another
   character in it; -ERANGE: it is above max. */
int text_number(struct text text, unsigned base, uint64_t max, uint64_t *value);

/* The value of a hexadecimal digit, or -1. */
int text_hex_digit(char c);

/* Copies it with a NUL. 0, -ENAMETOOLONG when it does not fit, -EINVAL when it holds a NUL. */
int text_copy(struct text text, char *out, size_t size);

/* The text for messages: in single quotes, printable, cut when long. Returns out. */
#define TEXT_SHOWN 56
const char *text_show(struct text text, char out[TEXT_SHOWN]);

/* FNV-1a of the string, 64 bits: for tables of what was seen before, not against an attacker. */
uint64_t text_hash(const char *string);

/* Is the text only a typing error away from the string: at most two insertions, deletions or replacements, where case
   does not count? */
bool text_is_near(struct text text, const char *string);

/* Copies `length` foreign bytes as printable ASCII (others, and the backslash, as \xNN), ends with a NUL and cuts to
   `size`. Returns out. */
const char *log_safe(char *out, size_t size, const void *bytes, size_t length);

#endif
