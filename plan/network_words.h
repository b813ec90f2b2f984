/* network_words.h - everything on the command line about the network, into a network plan.
 *
 * Owns ip=, iscsi.ip=, nfsaddrs=, ip6=, nameserver=, rd.route=, bootdev=, BOOTIF= and rd.net.*. link_words reads the words
 * that make links; planning.c adds what targets and firmware need of the network. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_NETWORK_WORDS_H
#define PLAN_NETWORK_WORDS_H

#include "cmdline.h"
#include "plan/plan.h"

struct network_words {
	bool given;    /* an ip= (or its like) decides the interfaces */
	bool firmware; /* ip=ibft */
};

/* Fills plan->network but for .wanted, and notes. 0, or -EINVAL with *error. */
int network_words_read(const struct cmdline *cmdline, struct plan *plan, struct network_words *words,
		       struct plan_error *error);

/* ipv6.disable=1: the boot must not wait for what the kernel cannot do. To be called when all methods are chosen. */
void network_words_leave_ipv6(const struct cmdline *cmdline, struct plan *plan);

#endif
