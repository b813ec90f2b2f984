/* cmdline.h - the kernel's command line, cut into words as the kernel cuts it, and the words that need no other source.
 *
 * Owns the cutting (kernel: lib/cmdline.c, next_arg), the list of all words that this program reads in any dialect, and
 * the reading of iscsi.*= and of the kernel's root= and its kin. What is in iscsi=, ip= and the dialects' words is read
 * by target_word, ip_word and dialect_*, when plan.c asks. Pure.
 */
#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"
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
	struct word words[CMDLINE_WORDS_MAX];
	int word_count;
	struct text init_arguments; /* what stands after " -- ": the real init's arguments, uncut; in .text */
	struct boot_plan boot;      /* use_firmware is plan.c's */
	struct root_plan root;      /* root= of a dialect (root=iscsi:, root=dhcp) is plan.c's and not in here */
	bool quiet, debug;
};

/* Cuts and reads. 0, or -EINVAL with *error: the first thing that is wrong. Even then *out is whole and holds every
   word that could be read, so that iscsi.onfail= decides what becomes of the boot. */
int cmdline_parse(const char *text, size_t length, struct cmdline *out, struct plan_error *error);

struct text cmdline_key(const struct cmdline *cmdline, const struct word *word);
struct text cmdline_value(const struct cmdline *cmdline, const struct word *word);

/* The next word after `word` (NULL: the first) whose key is exactly this one; NULL: no more. */
const struct word *cmdline_next(const struct cmdline *cmdline, const struct word *word, const char *key);

/* The last such word; NULL: none. */
const struct word *cmdline_last(const struct cmdline *cmdline, const char *key);

/* dracut's booleans: the last such word decides; "0", "no", "off" are false, all else (no value too) is true. */
bool cmdline_flag(const struct cmdline *cmdline, const char *key, bool otherwise);

/* Writes "command line, word 3 'iscsi', character 21: <fault>" to *error unless it holds an error already; -EINVAL. */
int cmdline_error(struct plan_error *error, const struct cmdline *cmdline, const struct word *word,
		  const struct fault *fault);

/* Is "key=value" or "key" (a string of the environment or of argv) a word that the kernel did not know and that is meant
   for us? Those, secrets among them, are kept from what is exec'd. */
bool cmdline_is_ours(const char *word);

#endif
