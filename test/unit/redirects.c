/* Where the attempts of a session go: redirects, circles, and home; and what counts as an address. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "session/connect.h"

static const struct portal planned = {.host = "192.0.2.1", .port = 3260};
static struct route route;
static char said[320];

static int begin(void **state)
{
	(void)state;
	memset(&route, 0xee, sizeof(route));
	route_init(&route, &planned, NULL, 0);
	route_choose(&route, 1, true);
	return 0;
}

static int follow(const char *host, uint16_t port, bool permanent)
{
	struct login_redirect to = {.port = port, .tpgt = 7, .permanent = permanent};

	snprintf(to.host, sizeof(to.host), "%s", host);
	return route_follow(&route, &to, said, sizeof(said));
}

static void assert_portal(const struct portal *is, const char *host, uint16_t port)
{
	assert_string_equal(is->host, host);
	assert_int_equal(is->port, port);
}

static void a_redirect_is_followed_and_told(void **state)
{
	(void)state;
	assert_int_equal(follow("192.0.2.2", 3261, true), 0);
	assert_portal(&route.portal, "192.0.2.2", 3261);
	assert_int_equal(route.moved_tpgt, 7);
	assert_string_equal(said, "192.0.2.1:3260 sends us to 192.0.2.2:3261 (for good)");
	assert_int_equal(follow("192.0.2.3", 3260, false), 0);
	assert_string_equal(said, "192.0.2.2:3261 sends us to 192.0.2.3:3260 (for now)");
}

static void so_many_redirects_are_followed_and_no_more(void **state)
{
	(void)state;
	for (uint16_t i = 1; i <= 8; i++)
		assert_int_equal(follow("192.0.2.2", i, true), 0);
	assert_int_equal(follow("192.0.2.2", 9, true), -ELOOP);
	assert_non_null(strstr(said, "redirected too often: 192.0.2.2:8 sends us to 192.0.2.2:9"));
	assert_portal(&route.portal, "192.0.2.2", 8);
	assert_int_equal(route.redirect_count, 8);
}

static void a_circle_is_noticed_wherever_it_closes(void **state)
{
	(void)state;
	assert_int_equal(follow("192.0.2.1", 3260, true), -ELOOP); /* to itself */
	assert_non_null(strstr(said, "redirected in a circle"));
	assert_int_equal(follow("192.0.2.2", 3260, true), 0);
	assert_int_equal(follow("192.0.2.3", 3260, true), 0);
	assert_int_equal(follow("192.0.2.1", 3260, true), -ELOOP);
	assert_int_equal(follow("192.0.2.2", 3260, true), -ELOOP);
	assert_int_equal(follow("192.0.2.3", 3260, true), -ELOOP);
	assert_int_equal(follow("192.0.2.1", 3261, true), 0); /* another port is another portal */
}

static void home_moves_only_for_good_and_with_a_login(void **state)
{
	(void)state;
	assert_int_equal(follow("192.0.2.2", 3260, true), 0);
	assert_portal(&route.home, "192.0.2.1", 3260);
	route_arrive(&route);
	assert_portal(&route.home, "192.0.2.2", 3260);
	begin(NULL);
	assert_int_equal(follow("192.0.2.2", 3260, false), 0);
	assert_int_equal(follow("192.0.2.3", 3260, true), 0); /* one of them for now: all are */
	route_arrive(&route);
	assert_portal(&route.home, "192.0.2.1", 3260);
}

static void an_attempt_begins_without_the_last_ones_redirects(void **state)
{
	(void)state;
	for (uint16_t i = 1; i <= 8; i++)
		assert_int_equal(follow("192.0.2.2", i, false), 0);
	route_choose(&route, 2, false);
	assert_portal(&route.portal, "192.0.2.1", 3260);
	assert_int_equal(route.redirect_count, 0);
	assert_false(route.moved_for_now);
	assert_int_equal(follow("192.0.2.2", 1, true), 0);
}

static void literal_addresses_need_no_look_up(void **state)
{
	static const struct {
		const char *host;
		sa_family_t family; /* 0: a name */
	} rows[] = {{"192.0.2.1", AF_INET}, {"2001:db8::1", AF_INET6}, {"portal.example", 0}, {"192.0.2", 0}, {"", 0}};
	struct sockaddr_storage out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct portal portal = {.port = 3261};

		snprintf(portal.host, sizeof(portal.host), "%s", rows[i].host);
		assert_int_equal(connect_read_literal(&portal, &out), rows[i].family != 0);
		if (!rows[i].family)
			continue;
		assert_int_equal(out.ss_family, rows[i].family);
		assert_int_equal(ntohs(((struct sockaddr_in *)&out)->sin_port), 3261); /* in both at the same place */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_redirect_is_followed_and_told, begin),
		cmocka_unit_test_setup(so_many_redirects_are_followed_and_no_more, begin),
		cmocka_unit_test_setup(a_circle_is_noticed_wherever_it_closes, begin),
		cmocka_unit_test_setup(home_moves_only_for_good_and_with_a_login, begin),
		cmocka_unit_test_setup(an_attempt_begins_without_the_last_ones_redirects, begin),
		cmocka_unit_test(literal_addresses_need_no_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
