/* connect.c - see connect.h. */
/* SPDX-License-Identifier: MIT */
#include "session/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan/address.h"

/* Of a name whose addresses are known from the last time; twice that in the next attempt. */
#define KNOWN_LOOK_UP_MS 500
#define LOOK_UP_AGAIN_MS 1000 /* after a look-up that found something */
#define GUARD_S          5    /* between two questions */
#define GUARD_PROBES     3
#define TURNS            4 /* of so many attempts one goes to the planned portal */

/* ---- which portal ---- */

static void leave_redirects(struct route *r)
{
	r->redirect_count = 0;
	r->name[0] = '\0';
	r->moved_tpgt = -1;
	r->moved_for_now = false;
}

void route_init(struct route *route, const struct portal *planned, const struct portal *listed, int count)
{
	memset(route, 0, sizeof(*route));
	route->planned = route->home = route->portal = *planned;
	route->listed = listed;
	route->listed_count = count;
	leave_redirects(route);
}

static bool is_same(const struct portal *a, const struct portal *b)
{
	return a->port == b->port && !strcmp(a->host, b->host);
}

/* When a listed portal has its turn. */
static bool is_listed_turn(unsigned n, bool was_up)
{
	return was_up ? n % TURNS == 2 : n % 2;
}

void route_choose(struct route *route, unsigned n, bool was_up)
{
	route->portal = route->home;
	if (n && n % TURNS == 0)
		route->portal = route->planned;
	else if (is_listed_turn(n, was_up) && route->listed_count)
		route->portal = route->listed[n / (was_up ? TURNS : 2) % (unsigned)route->listed_count];
	leave_redirects(route);
	if (is_same(&route->portal, &route->home))
		memcpy(route->name, route->home_name, sizeof(route->name));
}

static bool was_here(const struct route *r, const struct portal *portal)
{
	for (int i = 0; i < r->redirect_count; i++)
		if (is_same(&r->from[i], portal))
			return true;
	return is_same(&r->portal, portal);
}

int route_follow(struct route *route, const struct login_redirect *to, char *said, size_t size)
{
	char from[PORTAL_TEXT_MAX], there[PORTAL_TEXT_MAX];
	struct portal next = route->portal;
	bool circle;

	memcpy(next.host, to->host, sizeof(next.host));
	next.port = to->port;
	portal_write(&route->portal, from);
	portal_write(&next, there);
	circle = was_here(route, &next);
	if (circle || route->redirect_count == REDIRECTS_MAX) {
		snprintf(said, size, "redirected %s: %s sends us %sto %s", circle ? "in a circle" : "too often", from,
			 circle ? "back " : "", there);
		return -ELOOP;
	}
	snprintf(said, size, "%s sends us to %s%s%s (%s)", from, to->name[0] ? to->name : "", to->name[0] ? " at " : "",
		 there, to->permanent ? "for good" : "for now");
	route->from[route->redirect_count++] = route->portal;
	route->portal = next;
	if (to->name[0])
		memcpy(route->name, to->name, sizeof(route->name));
	route->moved_tpgt = to->tpgt;
	route->moved_for_now = route->moved_for_now || !to->permanent;
	return 0;
}

void route_arrive(struct route *route)
{
	if (route->moved_for_now)
		return;
	route->home = route->portal;
	memcpy(route->home_name, route->name, sizeof(route->home_name));
}

/* ---- one connection ---- */

void connect_init(struct connect *connect)
{
	memset(connect, 0, sizeof(*connect));
	connect->fd = -1;
	race_init(&connect->race);
	resolve_init(&connect->resolve);
}

static void close_socket(struct connect *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void connect_stop(struct connect *connect)
{
	close_socket(connect);
	race_stop(&connect->race);
	resolve_stop(&connect->resolve);
	connect->state = CONNECT_IDLE;
}

static enum connect_state fail(struct connect *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum connect_state fail(struct connect *c, int error, const char *format, ...)
{
	va_list arguments;

	connect_stop(c);
	c->error = error;
	va_start(arguments, format);
	vsnprintf(c->failure, sizeof(c->failure), format, arguments);
	va_end(arguments);
	return c->state = CONNECT_FAILED;
}

static const char *connect_hint(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nothing listens there: is the target running?";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "no route: check address, netmask and gateway";
	case ETIMEDOUT:
		return "no answer: check the cable, the address and the firewall";
	default:
		return "check the network";
	}
}

static enum connect_state fail_race(struct connect *c, int error)
{
	return fail(c, error, "cannot connect: %s (%s)", strerror(error), connect_hint(error));
}

bool connect_read_literal(const struct portal *portal, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(portal->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(portal->port)};

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, portal->host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		return true;
	}
	if (inet_pton(AF_INET6, portal->host, &v6.sin6_addr) != 1)
		return false;
	v6.sin6_scope_id = portal->scope[0] ? if_nametoindex(portal->scope) : 0;
	memcpy(out, &v6, sizeof(v6));
	return true;
}

static void prepare(struct connect *c, const struct portal *portal, unsigned n, int64_t timeout_ms)
{
	connect_stop(c);
	c->portal = *portal;
	c->first = n / TURNS + n % TURNS;
	c->timeout_ms = timeout_ms;
}

/* Adds the address that worked for this host, if it is not among them: the name servers may know only dead ones by now. */
static int add_proven(const struct connect *c, struct sockaddr_storage *addresses, int count)
{
	if (strcmp(c->proven_host, c->portal.host) != 0 || !c->proven_host[0])
		return count;
	for (int i = 0; i < count; i++)
		if (!memcmp(&addresses[i], &c->proven, sizeof(c->proven)))
			return count;
	addresses[count] = c->proven;
	return count + 1;
}

static enum connect_state begin_race(struct connect *c, const struct sockaddr_storage *addresses, int count,
				     int64_t now_ms)
{
	struct sockaddr_storage all[RACE_ADDRESSES_MAX];
	int error;

	memcpy(all, addresses, (size_t)count * sizeof(*addresses));
	count = add_proven(c, all, count);
	error = race_begin(&c->race, c->portal.scope, all, count, c->first, c->random, c->timeout_ms, now_ms);
	if (error)
		return fail_race(c, -error);
	c->deadline_ms = c->race.deadline_ms;
	return c->state = CONNECT_CONNECTING;
}

enum connect_state connect_begin_at(struct connect *connect, const struct portal *portal,
				    const struct sockaddr_storage *addresses, int count, unsigned n, int64_t timeout_ms,
				    int64_t now_ms)
{
	prepare(connect, portal, n, timeout_ms);
	return begin_race(connect, addresses, count, now_ms);
}

void connect_guard(const struct connect *connect, bool on)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_KEEPIDLE, GUARD_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, GUARD_S},
		{IPPROTO_TCP, TCP_KEEPCNT, GUARD_PROBES},
	};
	int value = on;

	for (size_t i = 0; on && i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(connect->fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
	(void)setsockopt(connect->fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value));
}

void connect_prove(struct connect *connect)
{
	if (connect->race.winner < 0)
		return;
	connect->proven = connect->race.addresses[connect->race.winner];
	memcpy(connect->proven_host, connect->portal.host, sizeof(connect->proven_host));
}

/* Name servers are lost in the same outages as targets: the first attempts do not wait for them where they need not. */
static int64_t look_up_time(const struct connect *c, unsigned n, int64_t most_ms)
{
	int64_t known_ms = (int64_t)KNOWN_LOOK_UP_MS << (n < 16 ? n : 16);

	return resolve_knows(&c->resolve) && known_ms < most_ms ? known_ms : most_ms;
}

/* A look-up that takes too long (late) or fails yields the addresses of the last time, if there were any. */
static enum connect_state take_addresses(struct connect *c, bool late, int error, int64_t now_ms)
{
	struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
	int count = late ? resolve_give_up(&c->resolve, addresses, RESOLVE_ADDRESSES_MAX)
			 : resolve_step(&c->resolve, addresses, RESOLVE_ADDRESSES_MAX);

	if (count == -EAGAIN)
		return c->state;
	if (count <= 0)
		return fail(c, error, "cannot look up \"%s\": %s", c->portal.host, resolve_failure(&c->resolve));
	/* Those of the last time may be of another portal. sin6_port is at the same place. */
	for (int i = 0; i < count; i++)
		((struct sockaddr_in *)&addresses[i])->sin_port = htons(c->portal.port);
	return begin_race(c, addresses, count, now_ms);
}

/* Was the same host looked up a moment ago? A portal that refuses is asked several times a second, the name servers are not. */
static bool is_known_still(const struct connect *c, int64_t now_ms)
{
	return now_ms - c->looked_up_ms < LOOK_UP_AGAIN_MS && !strcmp(c->resolve.host, c->portal.host) &&
	       resolve_knows(&c->resolve);
}

static enum connect_state begin_look_up(struct connect *c, unsigned n, int64_t look_up_ms, int64_t now_ms)
{
	if (is_known_still(c, now_ms))
		return take_addresses(c, true, 0, now_ms);
	c->looked_up_ms = now_ms;
	if (resolve_start(&c->resolve, c->portal.host, c->portal.port)) /* no process more can be begun */
		return take_addresses(c, true, EAGAIN, now_ms);
	c->deadline_ms = now_ms + look_up_time(c, n, look_up_ms);
	return c->state = CONNECT_RESOLVING;
}

enum connect_state connect_begin(struct connect *connect, const struct portal *portal, unsigned n, int64_t look_up_ms,
				 int64_t timeout_ms, int64_t now_ms)
{
	struct sockaddr_storage literal;

	if (connect_read_literal(portal, &literal))
		return connect_begin_at(connect, portal, &literal, 1, n, timeout_ms, now_ms);
	prepare(connect, portal, n, timeout_ms);
	return begin_look_up(connect, n, look_up_ms, now_ms);
}

static enum connect_state run_race(struct connect *c, int64_t now_ms)
{
	int fd = race_step(&c->race, now_ms);

	c->deadline_ms = c->race.deadline_ms;
	if (fd == -EAGAIN)
		return c->state;
	if (fd < 0)
		return fail_race(c, -fd);
	c->fd = fd;
	return c->state = CONNECT_DONE;
}

enum connect_state connect_step(struct connect *connect, bool late, int64_t now_ms)
{
	if (connect->state == CONNECT_RESOLVING)
		return take_addresses(connect, late, late ? ETIMEDOUT : ENOENT, now_ms);
	if (connect->state == CONNECT_CONNECTING)
		return run_race(connect, now_ms);
	return connect->state;
}

int connect_pollfds(const struct connect *connect, struct pollfd *out, int max)
{
	if (connect->state == CONNECT_RESOLVING)
		return resolve_pollfds(&connect->resolve, out, max);
	return connect->state == CONNECT_CONNECTING ? race_pollfds(&connect->race, out, max) : 0;
}
