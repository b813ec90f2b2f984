/* link_words.h - the words that make or rename links: vlan=, bond=, team=, bridge= and ifname=.
 *
 * Owns dracut's grammar, and which of the links get an address. net/link makes them. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_LINK_WORDS_H
#define PLAN_LINK_WORDS_H

#include "cmdline.h"
#include "plan/plan.h"

/* Fills plan->network.links, and gives each link that no ip= names and that is not below another one an interface plan:
   the nameless one, if there is one, else DHCP. To be called when all ip= are read. 0, or -EINVAL with *error. */
int link_words_read(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error);

/* Is the plan for any card, because it has neither a name nor a MAC address? */
bool link_words_is_nameless(const struct interface_plan *interface);

/* The name of an interface in a word; `what` names the field for the message. 0, or -EINVAL with *fault. */
int link_words_read_name(struct text text, char out[PLAN_IFNAME_MAX], const char *what, struct fault *fault);

#endif
