/* race.h - from a portal's addresses to one TCP connection: RFC 8305 ("Happy Eyeballs"), sections 4 and 5.
 *
 * The families alternate. An attempt begins every Connection Attempt Delay, or as soon as one has failed, and the first that
 * connects wins; the others are closed. So an address that swallows packets costs a quarter of a second, not a timeout. When
 * all addresses have been tried, those that have not answered are tried again: TCP repeats its SYN after 1, 2, 4 and 8 s, too
 * slow for a machine whose target is just starting. A new socket takes the place of one that has repeated its SYN once, after
 * 1.5 to 2 s: so an address gets a SYN at least once a second, and machines that begin together do not go on together.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_RACE_H
#define SESSION_RACE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "plan/plan.h"

#define RACE_ADDRESSES_MAX 9 /* what a look-up yields, and one that worked before */

struct race {
	char interface[PLAN_IFNAME_MAX]; /* by which the connection leaves; "": any */
	int address_count;
	struct sockaddr_storage addresses[RACE_ADDRESSES_MAX]; /* in the order in which they are tried */
	bool failed[RACE_ADDRESSES_MAX];                       /* an attempt there ended in an error */
	int fds[RACE_ADDRESSES_MAX];                           /* the attempt of each that is under way; -1: none */
	unsigned first;                                        /* of the addresses: where the race begins */
	unsigned begun;                                        /* attempts */
	int64_t again_ms;                                      /* between two to the same address */
	int64_t next_ms;                                       /* when the next begins */
	int64_t end_ms;                                        /* when the race is given up */
	int64_t deadline_ms;                                   /* the earlier of the two */
	int error;                                             /* errno of the last attempt that failed; 0: none did */
	int winner;                                            /* of addresses; -1: none */
};

void race_init(struct race *race);

/* count addresses, at most RACE_ADDRESSES_MAX, in the order of RFC 6724; once they alternate, number first (modulo count) gets
   the start. random: any number. 0, or -errno: every attempt failed at once. */
int race_begin(struct race *race, const char *interface, const struct sockaddr_storage *addresses, int count,
	       unsigned first, uint32_t random, int64_t timeout_ms, int64_t now_ms);

/* When race_pollfds has something, or deadline_ms has passed. The connected descriptor, which is the caller's from now on;
   -EAGAIN: not yet; else -errno: every attempt failed. */
int race_step(struct race *race, int64_t now_ms);
int race_pollfds(const struct race *race, struct pollfd *out, int max);

void race_stop(struct race *race);

#endif
