/* connect.h - from a plan's portal to a TCP connection: which portal an attempt goes to, where redirects lead, its name, its
 * addresses.
 *
 * Attempt n (0 is the first of a boot or of an outage, n of them have failed) goes to this portal:
 *
 *   n               portal
 *   4, 8, 12, ...   the planned one, in case that what moved for good has moved again
 *   odd             before the first login: the portals that discovery listed, in turn
 *   2, 6, 10, ...   in an outage: the same
 *   else            home: where redirects for good led to a login; at first the planned one
 *
 * A portal's addresses race (race.h), in the order of RFC 6724. In attempt n number n / 4 + n % 4 of them (modulo their
 * number) gets the start: each portal has every second or fourth attempt, and so starts with each of its addresses in turn.
 * An address that takes the connection first may be one that lets nobody log in.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_CONNECT_H
#define SESSION_CONNECT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "login.h"
#include "plan/plan.h"
#include "proto/name.h"
#include "session/race.h"
#include "session/resolve.h"

#define REDIRECTS_MAX 8 /* one after the other; a target that sends us on once more is refused */

/* Where the attempts of one session go. */
struct route {
	struct portal planned;
	const struct portal *listed; /* of the plan */
	int listed_count;
	struct portal home;   /* as planned, or where redirects for good led to a login */
	struct portal portal; /* of this attempt, after its redirects */
	int redirect_count;
	struct portal from[REDIRECTS_MAX];  /* where this attempt was sent on from: RFC 7143 11.13.5, status class 1 */
	char name[NAME_MAX_BYTES + 1];      /* of the target, where a redirect named another; else "" */
	char home_name[NAME_MAX_BYTES + 1]; /* the same of home */
	int32_t moved_tpgt;                 /* that the last redirect named; -1: none */
	bool moved_for_now;                 /* a redirect of this attempt was a temporary one */
};

/* listed, of count portals, must stay. */
void route_init(struct route *route, const struct portal *planned, const struct portal *listed, int count);

/* Chooses the portal of attempt n by the table above. was_up: there has been a login. */
void route_choose(struct route *route, unsigned n, bool was_up);

/* Moves the attempt's portal to where the target says that it is. said: what happened, for the log. 0; -ELOOP: it is a
   circle, or one redirect too many. */
int route_follow(struct route *route, const struct login_redirect *to, char *said, size_t size);

/* The attempt ended in a login: what was moved for good is home now. Not before: a target that is moved for good to nowhere
   would be lost. */
void route_arrive(struct route *route);

/* ---- one connection ---- */

enum connect_state { CONNECT_IDLE, CONNECT_RESOLVING, CONNECT_CONNECTING, CONNECT_DONE, CONNECT_FAILED };

struct connect {
	enum connect_state state;
	struct portal portal;
	unsigned first;       /* the address to begin with */
	uint32_t random;      /* the race's; set by whom begins */
	int fd;               /* CONNECT_DONE: the connection; else -1 */
	int64_t timeout_ms;   /* for all the addresses together */
	int64_t deadline_ms;  /* when connect_step is to be called, at the latest */
	int64_t looked_up_ms; /* when the last look-up began */
	int error;            /* CONNECT_FAILED: errno; ETIMEDOUT: nobody answered, ENOENT: the name has no address */
	char failure[320];    /* the same: one clause */
	struct race race;
	char proven_host[PLAN_HOST_MAX]; /* the last host that there was a login to, "" none; and its address then */
	struct sockaddr_storage proven;
	struct resolve resolve;
};

void connect_init(struct connect *connect);

/* Begins attempt n to connect to the portal. look_up_ms bounds the look-up of its name (a name that was found before is
   given half a second in attempt 0, twice as long in each further one; within a second it is not looked up again), timeout_ms
   the race of its addresses. */
enum connect_state connect_begin(struct connect *connect, const struct portal *portal, unsigned n, int64_t look_up_ms,
				 int64_t timeout_ms, int64_t now_ms);

/* The same with addresses that are known already: count of them, at most RESOLVE_ADDRESSES_MAX. */
enum connect_state connect_begin_at(struct connect *connect, const struct portal *portal,
				    const struct sockaddr_storage *addresses, int count, unsigned n, int64_t timeout_ms,
				    int64_t now_ms);

/* When connect_pollfds has something, or the deadline has passed (late). */
enum connect_state connect_step(struct connect *connect, bool late, int64_t now_ms);
int connect_pollfds(const struct connect *connect, struct pollfd *out, int max);

/* The connection led to a login: its address is tried from now on, even when the host's name no longer yields it. */
void connect_prove(struct connect *connect);

/* While nothing is sent TCP itself asks, every few seconds, whether the peer still knows of the connection: one that has died
   or started anew during a long wait is noticed. What is established does without: whether the target is there is asked by
   NOP-Out. */
void connect_guard(const struct connect *connect, bool on);

/* Closes the socket and ends the look-up, if there are any. */
void connect_stop(struct connect *connect);

/* The portal's host as a literal address with port and scope. False: it is a name. */
bool connect_read_literal(const struct portal *portal, struct sockaddr_storage *out);

#endif
