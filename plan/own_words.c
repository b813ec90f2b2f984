/* own_words.c - what the next init must not see. See own_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/own_words.h"

#include <string.h>

#include "plan/words.h"
#include "proto/text.h"

bool own_words_has(const char *word)
{
	struct text name = {.at = word, .length = strcspn(word, "=")};
	struct fault fault;
	int key = words_find(name);

	if (key >= 0)
		return word_rows[key].group != GROUP_KERNEL && word_rows[key].group != GROUP_ROOT;
	return words_check_name(name, &fault) < 0 || words_check_setting(name, &fault) < 0;
}

/* As the kernel cuts: a blank between quotes is none. */
static struct text next_word(struct text *rest)
{
	struct text word;
	bool quoted = false;

	*rest = text_trim(*rest);
	word = (struct text){.at = rest->at};
	while (word.length < rest->length && (quoted || rest->at[word.length] != ' '))
		quoted ^= rest->at[word.length++] == '"';
	*rest = text_skip(*rest, word.length);
	return word;
}

enum fate { KEPT, HIDDEN, SERVED, FOREIGN };

/* SERVED: it names targets, too. FOREIGN: with it, all words are the next init's. */
static enum fate judge(struct text word)
{
	struct text value = text_starts(word, "\"") ? text_skip(word, 1) : word;
	struct text name = text_cut(&value, '=');
	bool is_iscsi = text_starts(value, "iscsi") || text_starts(value, "dhcp");
	int key = words_find(name);

	switch (key < 0 ? GROUP_OURS : word_rows[key].group) {
	case GROUP_NETWORK:
		return HIDDEN;
	case GROUP_DRACUT:
	case GROUP_DEBIAN:
		return key == WORD_NETROOT && !is_iscsi ? FOREIGN : SERVED;
	default:
		break;
	}
	if (key == WORD_ROOT && text_is(value, "/dev/root"))
		return HIDDEN;
	if (key == WORD_ROOT && is_iscsi)
		return SERVED;
	return key == WORD_ISCSI ? FOREIGN : KEPT;
}

size_t own_words_hide(char *line, size_t length)
{
	struct text rest = {line, length};
	bool served = false, theirs = false;
	size_t used = 0;

	for (struct text word = next_word(&rest); word.length; word = next_word(&rest)) {
		enum fate fate = theirs ? KEPT : judge(word);

		if (fate == FOREIGN)
			return 0;
		served |= fate == SERVED;
		theirs |= text_is(word, "--");
		if (fate != KEPT)
			continue;
		memmove(line + used, word.at, word.length);
		used += word.length;
		line[used++] = ' ';
	}
	return served ? used : 0;
}
