/* own_words.c - what the next init must not see. See own_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/own_words.h"

#include <string.h>

#include "plan/words.h"

bool own_words_has(const char *word)
{
	struct text name = {.at = word, .length = strcspn(word, "=")};
	struct fault fault;
	int key = words_find(name);

	if (key >= 0)
		return word_rows[key].group != GROUP_KERNEL && word_rows[key].group != GROUP_ROOT;
	return words_check_name(name, &fault) < 0 || words_check_setting(name, &fault) < 0;
}
