/* own_words.h - which words of the command line the next init must not see.
 *
 * The kernel puts every word that it does not know into the environment or the arguments of init. Those that are meant
 * for us, secrets among them, are kept from the program that is started next. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_OWN_WORDS_H
#define PLAN_OWN_WORDS_H

#include <stdbool.h>

/* Is "key=value" or "key" (a string of the environment or of argv) meant for us? True for every word of the table except
   the kernel's own, and for a misspelt one, since it may hold a secret. */
bool own_words_has(const char *word);

#endif
