/* race.c - see race.h. */
/* SPDX-License-Identifier: MIT */
#include "session/race.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESERVED_FIRST   600 /* as bindresvport(3): those below belong to well-known services */
#define RESERVED_LAST    1023
#define ATTEMPT_DELAY_MS 250 /* RFC 8305 section 5: Connection Attempt Delay */
#define AGAIN_MS         2000 /* between two attempts to the same address, at most: the first repeats its SYN after 1 s */
#define AGAIN_SPREAD_MS  500

static void close_attempt(struct race *r, int address)
{
	if (r->fds[address] >= 0)
		close(r->fds[address]);
	r->fds[address] = -1;
}

void race_init(struct race *race)
{
	memset(race, 0, sizeof(*race));
	for (int i = 0; i < RACE_ADDRESSES_MAX; i++)
		race->fds[i] = -1;
	race->winner = -1;
}

void race_stop(struct race *race)
{
	for (int i = 0; i < RACE_ADDRESSES_MAX; i++)
		close_attempt(race, i);
}

/* ---- the order ---- */

/* The next address behind at that is of this family, or of another one; -1: none. */
static int find_family(const struct sockaddr_storage *addresses, int count, int at, int family, bool same)
{
	while (at < count && (addresses[at].ss_family == family) != same)
		at++;
	return at < count ? at : -1;
}

/* RFC 8305 section 4: the families alternate, beginning with the first address's. */
static void alternate(struct race *r, const struct sockaddr_storage *addresses, int count)
{
	int family = count ? addresses[0].ss_family : 0;
	int next[2] = {find_family(addresses, count, 0, family, false), find_family(addresses, count, 0, family, true)};

	r->address_count = 0;
	for (int turn = 1; next[0] >= 0 || next[1] >= 0; turn = !turn) {
		if (next[turn] < 0)
			continue;
		r->addresses[r->address_count++] = addresses[next[turn]];
		next[turn] = find_family(addresses, count, next[turn] + 1, family, turn);
	}
}

/* ---- attempts ---- */

static int set_socket_options(int fd, const char *interface)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -errno;
	/* A link-local portal's scope, or the interface that was asked for. */
	if (interface[0] && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)))
		return -errno;
	return 0;
}

static socklen_t address_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Any user can take every ephemeral port to the portal. The ports below 1024 are root's: one of them is bound then. */
static int bind_reserved(int fd, sa_family_t family)
{
	struct sockaddr_storage any = {.ss_family = family};
	int result = -EADDRINUSE;

	for (uint16_t port = RESERVED_LAST; result == -EADDRINUSE && port >= RESERVED_FIRST; port--) {
		((struct sockaddr_in *)&any)->sin_port = htons(port); /* sin6_port is at the same place */
		result = bind(fd, (const struct sockaddr *)&any, address_length(&any)) ? -errno : 0;
	}
	return result;
}

static int begin_connect(int fd, const struct sockaddr_storage *address)
{
	if (!connect(fd, (const struct sockaddr *)address, address_length(address)) || errno == EINPROGRESS)
		return 0;
	return -errno;
}

/* A socket that begins to connect. The descriptor, or -errno. */
static int open_socket(const char *interface, const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int result;

	if (fd < 0)
		return -errno;
	result = set_socket_options(fd, interface);
	if (!result)
		result = begin_connect(fd, address);
	if (result == -EADDRNOTAVAIL && !bind_reserved(fd, address->ss_family))
		result = begin_connect(fd, address);
	if (!result)
		return fd;
	close(fd);
	return result;
}

static void fail_address(struct race *r, int address, int error)
{
	r->failed[address] = true;
	r->error = error;
}

static int count_hopeful(const struct race *r)
{
	int count = 0;

	for (int i = 0; i < r->address_count; i++)
		count += !r->failed[i];
	return count;
}

/* Until each address has been tried once: RFC 8305's delay. Then those that are left share the time. */
static int64_t choose_delay(const struct race *r)
{
	int64_t share = r->again_ms / (count_hopeful(r) ? count_hopeful(r) : 1);

	return r->begun < (unsigned)r->address_count || share < ATTEMPT_DELAY_MS ? ATTEMPT_DELAY_MS : share;
}

/* Begins an attempt to the next address that has not failed, if there is one. */
static void begin_next(struct race *r, int64_t now_ms)
{
	while (count_hopeful(r)) {
		int address = (int)((r->first + r->begun++) % (unsigned)r->address_count), fd;

		if (r->failed[address])
			continue;
		close_attempt(r, address);
		fd = open_socket(r->interface, &r->addresses[address]);
		if (fd >= 0) {
			r->fds[address] = fd;
			r->next_ms = now_ms + choose_delay(r);
			return;
		}
		fail_address(r, address, -fd);
	}
}

/* Is the race over without a winner? 0, or -errno. */
static int judge(struct race *r, int64_t now_ms)
{
	r->deadline_ms = r->next_ms < r->end_ms ? r->next_ms : r->end_ms;
	if (count_hopeful(r) && now_ms < r->end_ms)
		return 0;
	race_stop(r);
	return r->error ? -r->error : -ETIMEDOUT;
}

int race_begin(struct race *race, const char *interface, const struct sockaddr_storage *addresses, int count,
	       unsigned first, uint32_t random, int64_t timeout_ms, int64_t now_ms)
{
	race_stop(race);
	race_init(race);
	snprintf(race->interface, sizeof(race->interface), "%s", interface);
	alternate(race, addresses, count < RACE_ADDRESSES_MAX ? count : RACE_ADDRESSES_MAX);
	race->first = first;
	race->again_ms = AGAIN_MS - random % AGAIN_SPREAD_MS;
	race->end_ms = now_ms + timeout_ms;
	begin_next(race, now_ms);
	return judge(race, now_ms);
}

/* What became of a connection: 0: nothing yet; 1: it is there; or -errno, which the kernel tells only once. */
static int look_at(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	struct sockaddr_storage peer;
	socklen_t error_size = sizeof(int), peer_size = sizeof(peer);
	int error = 0;

	if (poll(&ready, 1, 0) < 1)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) || error)
		return error ? -error : -errno;
	return getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0;
}

static int take_winner(struct race *r, int i)
{
	int fd = r->fds[i];

	r->winner = i;
	r->fds[i] = -1;
	race_stop(r);
	return fd;
}

static void drop_address(struct race *r, int address, int error)
{
	fail_address(r, address, error);
	close_attempt(r, address);
}

int race_step(struct race *race, int64_t now_ms)
{
	bool is_next = now_ms >= race->next_ms;
	int result;

	for (int i = 0; i < RACE_ADDRESSES_MAX; i++) {
		result = race->fds[i] < 0 ? 0 : look_at(race->fds[i]);
		if (result > 0)
			return take_winner(race, i);
		if (result == 0)
			continue;
		drop_address(race, i, -result);
		is_next = is_next || race->begun < (unsigned)race->address_count;
	}
	if (is_next)
		begin_next(race, now_ms);
	result = judge(race, now_ms);
	return result ? result : -EAGAIN;
}

int race_pollfds(const struct race *race, struct pollfd *out, int max)
{
	int count = 0;

	for (int i = 0; i < RACE_ADDRESSES_MAX && count < max; i++)
		if (race->fds[i] >= 0)
			out[count++] = (struct pollfd){.fd = race->fds[i], .events = POLLOUT};
	return count;
}
