/* Where the attempts of a session go: the table at the head of connect.h, redirects, and the address that worked. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/connect.h"
#include "test/unit/forks.h"

static struct route route;
static struct portal portal_of(const char *host)
{
	struct portal portal = {.port = 3260};

	(void)snprintf(portal.host, sizeof(portal.host), "%s", host);
	return portal;
}

static struct login_redirect redirect_to(const char *host, bool permanent)
{
	struct login_redirect to = {.port = 3260, .tpgt = -1, .permanent = permanent};

	(void)snprintf(to.host, sizeof(to.host), "%s", host);
	return to;
}

static int follow(const char *host, bool permanent)
{
	struct login_redirect to = redirect_to(host, permanent);
	char said[700];

	return route_follow(&route, &to, said, sizeof(said));
}

static void begin(void)
{
	static struct portal listed[2];
	struct portal planned = portal_of("planned");

	memset(&route, 0x55, sizeof(route));
	listed[0] = portal_of("listed");
	listed[1] = portal_of("second");
	route_init(&route, &planned, listed, 2);
}

static void route_begins_with_nothing(void **state)
{
	(void)state;
	begin();
	assert_string_equal(route.portal.host, "planned");
	assert_string_equal(route.name, "");
	assert_string_equal(route.home_name, "");
	assert_int_equal(route.redirect_count, 0);
	assert_int_equal(route.moved_tpgt, -1);
	assert_false(route.moved_for_now);
}

static void attempts_go_where_the_table_says(void **state)
{
	static const char *const before[] = {"planned", "listed", "planned", "second", "planned", "listed"};
	static const char *const after[] = {"moved", "moved",  "listed", "moved",  "planned",
					    "moved", "second", "moved",  "planned"};

	(void)state;
	begin();
	for (unsigned n = 0; n < 6; n++) {
		route_choose(&route, n, false);
		assert_string_equal(route.portal.host, before[n]);
	}
	route_choose(&route, 0, false);
	assert_int_equal(follow("moved", true), 0);
	route_arrive(&route);
	for (unsigned n = 0; n < 9; n++) {
		route_choose(&route, n, true);
		assert_string_equal(route.portal.host, after[n]);
	}
}

static void only_what_moved_for_good_is_remembered(void **state)
{
	(void)state;
	begin();
	assert_int_equal(follow("a", true), 0);
	assert_int_equal(follow("b", false), 0); /* one that is temporary makes all of it so */
	assert_int_equal(follow("c", true), 0);
	assert_string_equal(route.portal.host, "c");
	route_arrive(&route);
	assert_string_equal(route.home.host, "planned");
	route_choose(&route, 0, false);
	assert_int_equal(route.redirect_count, 0);
	assert_int_equal(follow("a", true), 0);
	route_arrive(&route);
	assert_string_equal(route.home.host, "a");
}

static void eight_redirects_are_followed_and_no_ninth(void **state)
{
	(void)state;
	begin();
	for (char host[] = "a"; host[0] < 'a' + 8; host[0]++)
		assert_int_equal(follow(host, false), 0);
	assert_int_equal(follow("z", false), -ELOOP);
	assert_string_equal(route.portal.host, "h");
}

static void circles_are_left(void **state)
{
	(void)state;
	begin();
	assert_int_equal(follow("planned", true), -ELOOP);
	assert_int_equal(follow("a", true), 0);
	assert_int_equal(follow("planned", true), -ELOOP);
	assert_int_equal(follow("b", true), 0);
	assert_int_equal(follow("a", true), -ELOOP);
	route_choose(&route, 0, false); /* those of another attempt make none */
	assert_int_equal(follow("b", true), 0);
	assert_int_equal(follow("a", true), 0);
}

static void name_of_a_moved_target_is_kept_with_its_portal(void **state)
{
	struct login_redirect to = redirect_to("a", true);
	char said[700];

	(void)state;
	begin();
	strcpy(to.name, "iqn.2026-01.test:other");
	assert_int_equal(route_follow(&route, &to, said, sizeof(said)), 0);
	assert_string_equal(said, "planned:3260 sends us to iqn.2026-01.test:other at a:3260 (for good)");
	assert_string_equal(route.name, "iqn.2026-01.test:other");
	route_arrive(&route);
	route_choose(&route, 1, true);
	assert_string_equal(route.name, "iqn.2026-01.test:other");
	route_choose(&route, 4, false); /* the planned portal has the planned target */
	assert_string_equal(route.name, "");
}

/* The first four attempts begin with the first four addresses, and each four after them one further on. */
static void attempts_begin_with_another_address(void **state)
{
	static const unsigned first[] = {0, 1, 2, 3, 1, 2, 3, 4, 2, 3};
	static struct connect connect;
	struct portal portal = portal_of("127.0.0.1");
	struct sockaddr_storage address;

	(void)state;
	portal.port = 1;
	connect_init(&connect);
	assert_true(connect_read_literal(&portal, &address));
	for (unsigned n = 0; n < sizeof(first) / sizeof(first[0]); n++) {
		(void)connect_begin_at(&connect, &portal, &address, 1, n, 1000, 0);
		assert_int_equal(connect.first, first[n]);
	}
	connect_stop(&connect);
}

static void redirect_is_told(void **state)
{
	struct login_redirect to = redirect_to("a", false);
	char said[700];

	(void)state;
	begin();
	assert_int_equal(route_follow(&route, &to, said, sizeof(said)), 0);
	assert_string_equal(said, "planned:3260 sends us to a:3260 (for now)");
	strcpy(to.host, "b");
	strcpy(to.name, "t");
	to.tpgt = 4;
	assert_int_equal(route_follow(&route, &to, said, sizeof(said)), 0);
	assert_string_equal(said, "a:3260 sends us to t at b:3260 (for now)");
	assert_string_equal(route.name, "t");
	assert_int_equal(route.moved_tpgt, 4);
	route_choose(&route, 0, false);
	assert_int_equal(route.moved_tpgt, -1); /* another attempt */
	assert_int_equal(follow("a", false), 0);
	assert_int_equal(route_follow(&route, &to, said, sizeof(said)), 0);
	strcpy(to.host, "c");
	to.name[0] = '\0';
	to.tpgt = -1;
	assert_int_equal(route_follow(&route, &to, said, sizeof(said)), 0);
	assert_string_equal(route.name, "t"); /* it is still that one that is looked for */
	assert_int_equal(route.moved_tpgt, -1);
	assert_int_equal(route.redirect_count, 3);
}

static void addresses_are_read_with_their_interface(void **state)
{
	static const uint8_t zeros[sizeof(struct sockaddr_storage)];
	struct portal portal = portal_of("fe80::1");
	struct sockaddr_storage address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;

	(void)state;
	assert_true(connect_read_literal(&portal, &address));
	assert_int_equal(v6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(v6->sin6_port), 3260);
	assert_int_equal(v6->sin6_scope_id, 0);
	strcpy(portal.scope, "lo");
	assert_true(connect_read_literal(&portal, &address));
	assert_int_equal(v6->sin6_scope_id, if_nametoindex("lo"));
	portal = portal_of("192.0.2.1");
	memset(&address, 0x55, sizeof(address));
	assert_true(connect_read_literal(&portal, &address));
	/* addresses are compared to their last byte */
	assert_memory_equal(v4 + 1, zeros, sizeof(address) - sizeof(*v4));
	assert_int_equal(v4->sin_family, AF_INET);
	assert_int_equal(ntohs(v4->sin_port), 3260);
	assert_int_equal(ntohl(v4->sin_addr.s_addr), 0xc0000201u);
	portal = portal_of("name");
	assert_false(connect_read_literal(&portal, &address));
}

/* A name server that is back with dead addresses only: the one that worked is still tried. */
static void address_of_the_last_login_is_never_lost(void **state)
{
	static struct connect connect;
	struct portal portal = portal_of("n");
	struct sockaddr_storage worked = {0}, dead = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&worked;

	(void)state;
	v4->sin_family = AF_INET;
	v4->sin_port = htons(1);
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	dead = worked;
	((struct sockaddr_in *)&dead)->sin_port = htons(2);
	connect_init(&connect);
	(void)connect_begin_at(&connect, &portal, &worked, 1, 0, 1000, 0);
	connect.race.winner = 0; /* as if it had answered */
	connect_prove(&connect);
	(void)connect_begin_at(&connect, &portal, &dead, 1, 0, 1000, 0);
	assert_int_equal(connect.race.address_count, 2);
	assert_memory_equal(&connect.race.addresses[1], &worked, sizeof(worked));
	(void)connect_begin_at(&connect, &portal, &dead, 1, 0, 1000, 0); /* each time */
	assert_int_equal(connect.race.address_count, 2);
	(void)connect_begin_at(&connect, &portal, &worked, 1, 0, 1000, 0);
	assert_int_equal(connect.race.address_count, 1);
	portal = portal_of("another"); /* a redirect's */
	(void)connect_begin_at(&connect, &portal, &dead, 1, 0, 1000, 0);
	assert_int_equal(connect.race.address_count, 1);
	connect_stop(&connect);
}

static void what_is_begun_anew_leaves_nothing_of_before(void **state)
{
	static struct connect connect;
	struct portal name = portal_of("known.invalid");
	struct sockaddr_storage address;
	struct portal literal = portal_of("127.0.0.1");
	int fd, raced;

	(void)state;
	memset(&connect, 0x55, sizeof(connect));
	connect_init(&connect);
	assert_int_equal(connect.fd, -1);
	assert_int_equal(connect.state, CONNECT_IDLE);
	assert_string_equal(connect.proven_host, "");
	assert_string_equal(connect.failure, "");
	assert_int_equal(connect_begin(&connect, &name, 0, 15000, 5000, 100), CONNECT_RESOLVING);
	fd = connect.fd = dup(0);
	assert_true(connect_read_literal(&literal, &address));
	literal.port = 1;
	(void)connect_begin_at(&connect, &literal, &address, 1, 0, 1000, 100);
	assert_int_equal(connect.resolve.child.fd, -1);
	assert_int_equal(connect.fd, -1);
	connect_stop(&connect);
	assert_int_equal(connect_pollfds(&connect, &(struct pollfd){0}, 1), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	connect.state = CONNECT_CONNECTING;
	raced = connect.race.fds[1] = dup(0);
	connect_stop(&connect);
	assert_int_equal(fcntl(raced, F_GETFD), -1);
	assert_int_equal(connect.state, CONNECT_IDLE);
}

/* Name servers that are away as well cost half a second where the addresses are known, not the whole time. */
static void known_addresses_are_not_kept_waiting(void **state)
{
	static struct connect connect;
	struct portal known = portal_of("known.invalid"), other = portal_of("other.invalid");

	(void)state;
	connect_init(&connect);
	snprintf(connect.resolve.known[0].host, sizeof(connect.resolve.known[0].host), "%s", known.host);
	connect.resolve.known[0].count = 1;
	assert_int_equal(connect_begin(&connect, &known, 0, 15000, 5000, 100), CONNECT_RESOLVING);
	assert_int_equal(connect.deadline_ms, 100 + 500);
	assert_int_equal(connect_begin(&connect, &known, 2, 15000, 5000, 1100), CONNECT_RESOLVING);
	assert_int_equal(connect.deadline_ms, 1100 + 2000);
	assert_int_equal(connect_begin(&connect, &known, 1000, 15000, 5000, 2100), CONNECT_RESOLVING);
	assert_int_equal(connect.deadline_ms, 2100 + 15000);
	assert_int_equal(connect_begin(&connect, &other, 0, 15000, 5000, 2100), CONNECT_RESOLVING);
	assert_int_equal(connect.deadline_ms, 2100 + 15000);
	connect_stop(&connect);
}

/* A portal that refuses is asked several times a second; its name servers are asked once in one, and only for what is new. */
static void name_is_looked_up_once_a_second(void **state)
{
	static struct connect connect;
	struct portal known = portal_of("known.invalid"), other = portal_of("other.invalid");
	struct portal literal = portal_of("127.0.0.1");

	(void)state;
	connect_init(&connect);
	snprintf(connect.resolve.known[0].host, sizeof(connect.resolve.known[0].host), "%s", known.host);
	assert_true(connect_read_literal(&literal, &connect.resolve.known[0].addresses[0]));
	connect.resolve.known[0].count = 1;
	assert_int_equal(connect_begin(&connect, &known, 0, 15000, 5000, 100), CONNECT_RESOLVING);
	assert_int_equal(connect_begin(&connect, &known, 1, 15000, 5000, 1099), CONNECT_CONNECTING);
	assert_int_equal(connect.race.address_count, 1);
	assert_int_equal(connect.resolve.child.fd, -1);
	known.port = 3261; /* a redirect to another port of the same host */
	assert_int_equal(connect_begin(&connect, &known, 1, 15000, 5000, 1099), CONNECT_CONNECTING);
	assert_int_equal(((struct sockaddr_in *)&connect.race.addresses[0])->sin_port, htons(3261));
	assert_int_equal(connect_begin(&connect, &known, 2, 15000, 5000, 1100), CONNECT_RESOLVING);
	assert_int_equal(connect_begin(&connect, &other, 3, 15000, 5000, 1101), CONNECT_RESOLVING);
	assert_int_equal(connect_begin(&connect, &other, 4, 15000, 5000, 1102),
			 CONNECT_RESOLVING); /* nothing is known */
	assert_int_equal(connect_begin(&connect, &known, 5, 15000, 5000, 1103), CONNECT_RESOLVING);
	connect_stop(&connect);
}

/* As long as a user's processes fill the machine, a name that was found before leads where it led. */
static void known_addresses_do_without_a_process(void **state)
{
	static struct connect connect;
	struct portal literal = portal_of("127.0.0.1"), known = portal_of("known.invalid"),
		      other = portal_of("other.invalid");

	(void)state;
	connect_init(&connect);
	snprintf(connect.resolve.known[0].host, sizeof(connect.resolve.known[0].host), "%s", known.host);
	assert_true(connect_read_literal(&literal, &connect.resolve.known[0].addresses[0]));
	connect.resolve.known[0].count = 1;
	processes_are_used_up = true;
	assert_int_equal(connect_begin(&connect, &known, 3, 15000, 5000, 100), CONNECT_CONNECTING);
	assert_int_equal(connect.race.address_count, 1);
	assert_true(connect.deadline_ms <= 100 + 5000);
	assert_int_equal(connect_begin(&connect, &other, 3, 15000, 5000, 100), CONNECT_FAILED);
	assert_int_equal(connect.error, EAGAIN); /* no silence: what could not be begun took no time */
	assert_string_equal(connect.failure, "cannot look up \"other.invalid\": no process can be begun for it: "
					     "Resource temporarily unavailable");
	processes_are_used_up = false;
	assert_int_equal(connect_begin(&connect, &other, 3, 15000, 5000, 100), CONNECT_RESOLVING);
	connect_stop(&connect);
}

static int option_of(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void guard_asks_three_times_in_fifteen_seconds(void **state)
{
	struct connect connect = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	(void)state;
	assert_true(connect.fd >= 0);
	connect_guard(&connect, true);
	assert_int_equal(option_of(connect.fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option_of(connect.fd, IPPROTO_TCP, TCP_KEEPIDLE), 5);
	assert_int_equal(option_of(connect.fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
	assert_int_equal(option_of(connect.fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
	connect_guard(&connect, false);
	assert_int_equal(option_of(connect.fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(connect.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_begins_with_nothing),
		cmocka_unit_test(attempts_go_where_the_table_says),
		cmocka_unit_test(only_what_moved_for_good_is_remembered),
		cmocka_unit_test(eight_redirects_are_followed_and_no_ninth),
		cmocka_unit_test(circles_are_left),
		cmocka_unit_test(name_of_a_moved_target_is_kept_with_its_portal),
		cmocka_unit_test(redirect_is_told),
		cmocka_unit_test(attempts_begin_with_another_address),
		cmocka_unit_test(addresses_are_read_with_their_interface),
		cmocka_unit_test(address_of_the_last_login_is_never_lost),
		cmocka_unit_test(what_is_begun_anew_leaves_nothing_of_before),
		cmocka_unit_test(known_addresses_are_not_kept_waiting),
		cmocka_unit_test(name_is_looked_up_once_a_second),
		cmocka_unit_test(known_addresses_do_without_a_process),
		cmocka_unit_test(guard_asks_three_times_in_fifteen_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
