/* own_words.h - which words of the command line the next init must not see.
 *
 * The kernel puts every word that it does not know into the environment or the arguments of init. Those that are meant
 * for us, secrets among them, are kept from the program that is started next. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_OWN_WORDS_H
#define PLAN_OWN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Is "key=value" or "key" (a string of the environment or of argv) meant for us? True for every word of the table except
   the kernel's own, and for a misspelt one, since it may hold a secret. */
bool own_words_has(const char *word);

/* Makes the kernel's command line one for an initramfs that knows the same words: without those about the network and those of
   dracut's or Debian's that name targets, root=iscsi:, root=dhcp and root=/dev/root among them, as they have been served and cannot
   be served twice. In place, with room for one byte more. The new length; 0: nothing is to be hidden, since there is no such word,
   or since iscsi= names the targets, or another word another root over the network. Then the line is of no use any more. */
size_t own_words_hide(char *line, size_t length);

#endif
