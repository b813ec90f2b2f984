/* text.h - a piece of text that lies in somebody else's buffer, and what is wrong with it.
 *
 * The parsers of command lines and root paths cut pieces off a text and read numbers from them; nothing is copied and
 * no NUL is needed. A parser that refuses says why in a struct fault, with the place; its caller knows the source's
 * name and puts both into one line. Pure.
 */
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

/* Fills *fault with the message and returns -EINVAL. */
int fault_set(struct fault *fault, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with "<expected>, not '<text>'", at the text. */
int fault_expected(struct fault *fault, struct text text, const char *expected);

struct text text_of(const char *string);

/* Equal to the string? text_is_word compares without case (ASCII). */
bool text_is(struct text text, const char *string);
bool text_is_word(struct text text, const char *string);
bool text_starts(struct text text, const char *prefix);
bool text_has(struct text text, char c);

/* Cuts *rest at the first `separator`: returns what is before it, *rest is what comes after. Without one: all of it, and
   *rest has length 0 and at NULL, by which the last piece is known. */
struct text text_cut(struct text *rest, char separator);

/* The same, but a separator between '[' and ']' does not count. */
struct text text_cut_bracketed(struct text *rest, char separator);

/* All of it as a number of the base (10 or 16, no prefix, no sign). 0, -EINVAL (empty, or another character), -ERANGE. */
int text_number(struct text text, unsigned base, uint64_t max, uint64_t *value);

/* Copies it with a NUL. 0, -ENAMETOOLONG when it does not fit, -EINVAL when it holds a NUL. */
int text_copy(struct text text, char *out, size_t size);

/* The text for messages: in single quotes, printable, cut when long. Returns out. */
#define TEXT_SHOWN 56
const char *text_show(struct text text, char out[TEXT_SHOWN]);

/* FNV-1a of the string, 64 bits: for tables of what was seen before, not against an attacker. */
uint64_t text_hash(const char *string);

/* A typing error away from each other (at most two insertions, deletions, replacements; case does not count)? */
bool text_is_near(struct text text, const char *string);

#endif
