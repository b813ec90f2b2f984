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

#define TURNS 4 /* of so many attempts one goes to the planned portal */

/* ---- which portal ---- */

static void leave_redirects(struct route *r)
{
	r->redirect_count = 0;
	r->moved_tpgt = -1;
	r->moved_for_now = false;
}

void route_init(struct route *route, const struct portal *planned, const struct portal *listed)
{
	memset(route, 0, sizeof(*route));
	route->planned = route->home = route->portal = *planned;
	route->listed = *listed;
	leave_redirects(route);
}

void route_choose(struct route *route, unsigned n, bool uses_listed)
{
	route->portal = route->home;
	if (n && n % TURNS == 0)
		route->portal = route->planned;
	else if (n % 2 && uses_listed && route->listed.host[0])
		route->portal = route->listed;
	leave_redirects(route);
}

static bool is_same(const struct portal *a, const struct portal *b)
{
	return a->port == b->port && !strcmp(a->host, b->host);
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
	snprintf(said, size, "%s sends us to %s (%s)", from, there, to->permanent ? "for good" : "for now");
	route->from[route->redirect_count++] = route->portal;
	route->portal = next;
	route->moved_tpgt = to->tpgt;
	route->moved_for_now = route->moved_for_now || !to->permanent;
	return 0;
}

void route_arrive(struct route *route)
{
	if (!route->moved_for_now)
		route->home = route->portal;
}

/* ---- one connection ---- */

void connect_init(struct connect *connect)
{
	memset(connect, 0, sizeof(*connect));
	connect->fd = -1;
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
	resolve_stop(&connect->resolve);
	connect->state = CONNECT_IDLE;
}

static enum connect_state fail(struct connect *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum connect_state fail(struct connect *c, const char *format, ...)
{
	va_list arguments;

	connect_stop(c);
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

static int set_socket_options(int fd, const struct portal *portal)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -errno;
	/* A link-local portal's scope, or the interface that was asked for. */
	if (portal->scope[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, portal->scope, (socklen_t)strlen(portal->scope)))
		return -errno;
	return 0;
}

static socklen_t address_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* A socket that begins to connect; it leaves by the portal's interface, where it has one. The descriptor, or -errno. */
static int open_socket(const struct portal *portal, const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int result;

	if (fd < 0)
		return -errno;
	result = set_socket_options(fd, portal);
	if (!result && connect(fd, (const struct sockaddr *)address, address_length(address)) && errno != EINPROGRESS)
		result = -errno;
	if (!result)
		return fd;
	close(fd);
	return result;
}

/* The n-th address to try. */
static unsigned place_of(const struct connect *c, int n)
{
	return ((unsigned)n + c->first) % (unsigned)c->address_count;
}

const struct sockaddr *connect_peer(const struct connect *connect)
{
	if (!connect->address_next)
		return NULL;
	return (const struct sockaddr *)&connect->addresses[place_of(connect, connect->address_next - 1)];
}

/* Goes on to the next address that begins to connect. error: what became of the last one; 0: there was none. */
static enum connect_state try_next(struct connect *c, int error, int64_t now_ms)
{
	close_socket(c);
	while (c->address_next < c->address_count) {
		unsigned place = place_of(c, c->address_next++);

		c->fd = open_socket(&c->portal, &c->addresses[place]);
		if (c->fd >= 0) {
			c->deadline_ms = now_ms + c->timeout_ms;
			return c->state = CONNECT_CONNECTING;
		}
		error = -c->fd;
	}
	return fail(c, "cannot connect: %s (%s)", strerror(error), connect_hint(error));
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
	c->address_next = c->address_count = 0;
}

enum connect_state connect_begin_at(struct connect *connect, const struct portal *portal,
				    const struct sockaddr_storage *addresses, int count, unsigned n, int64_t timeout_ms,
				    int64_t now_ms)
{
	prepare(connect, portal, n, timeout_ms);
	memcpy(connect->addresses, addresses, (size_t)count * sizeof(*addresses));
	connect->address_count = count;
	return try_next(connect, 0, now_ms);
}

enum connect_state connect_begin(struct connect *connect, const struct portal *portal, unsigned n, int64_t look_up_ms,
				 int64_t timeout_ms, int64_t now_ms)
{
	struct connect *c = connect;
	struct sockaddr_storage literal;
	int result;

	if (connect_read_literal(portal, &literal))
		return connect_begin_at(c, portal, &literal, 1, n, timeout_ms, now_ms);
	prepare(c, portal, n, timeout_ms);
	result = resolve_start(&c->resolve, portal->host, portal->port);
	if (result)
		return fail(c, "cannot look up \"%s\": %s", portal->host, strerror(-result));
	c->deadline_ms = now_ms + look_up_ms;
	return c->state = CONNECT_RESOLVING;
}

/* A look-up that takes too long yields the addresses of the last time, if there were any. */
static enum connect_state take_addresses(struct connect *c, bool late, int64_t now_ms)
{
	int count = late ? resolve_give_up(&c->resolve, c->addresses, RESOLVE_ADDRESSES_MAX)
			 : resolve_step(&c->resolve, c->addresses, RESOLVE_ADDRESSES_MAX);

	if (count == -EAGAIN)
		return c->state;
	if (count <= 0)
		return fail(c, "cannot look up \"%s\": %s", c->portal.host, resolve_failure(&c->resolve));
	c->address_count = count;
	return try_next(c, 0, now_ms);
}

static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static enum connect_state finish(struct connect *c, int64_t now_ms)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
		return try_next(c, error ? error : errno, now_ms);
	if (is_connected(c->fd)) /* else the event was that of an earlier socket */
		c->state = CONNECT_DONE;
	return c->state;
}

enum connect_state connect_step(struct connect *connect, bool late, int64_t now_ms)
{
	if (connect->state == CONNECT_RESOLVING)
		return take_addresses(connect, late, now_ms);
	if (connect->state == CONNECT_CONNECTING)
		return late ? try_next(connect, ETIMEDOUT, now_ms) : finish(connect, now_ms);
	return connect->state;
}

int connect_pollfds(const struct connect *connect, struct pollfd *out, int max)
{
	if (connect->state == CONNECT_RESOLVING)
		return resolve_pollfds(&connect->resolve, out, max);
	if (connect->state != CONNECT_CONNECTING || max < 1)
		return 0;
	*out = (struct pollfd){.fd = connect->fd, .events = POLLOUT};
	return 1;
}
