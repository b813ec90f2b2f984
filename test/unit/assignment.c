/* What is put on an interface, line by line: routing netlink is a few functions here that write down what they are asked. */
/* SPDX-License-Identifier: MIT */
#include "net/assignment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/log.h"

/* ---- the kernel ---- */

static char asked[1024], said[1024], nodename[16];
static int address_result, route_results[2], link_results[3];
static unsigned routes, links;

static void note(char *where, const char *format, va_list arguments)
{
	size_t used = strlen(where);

	(void)vsnprintf(where + used, sizeof(asked) - used, format, arguments);
}

static void ask(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(asked, format, arguments);
	va_end(arguments);
}

#define LOG_AS(name)                           \
	void name(const char *format, ...)     \
	{                                      \
		va_list arguments;             \
                                               \
		va_start(arguments, format);   \
		note(said, format, arguments); \
		va_end(arguments);             \
		(void)strcat(said, "\n");      \
	}

LOG_AS(log_err)
LOG_AS(log_warn)

void log_info(const char *format, ...)
{
	(void)format;
}

static const char *text(uint8_t family, const uint8_t *bytes)
{
	static char out[4][INET6_ADDRSTRLEN];
	static unsigned next;

	return inet_ntop(family, bytes, out[next++ % 4], sizeof(out[0]));
}

int rtnl_add_address(struct rtnl *rtnl, const struct rtnl_address *a)
{
	(void)rtnl;
	ask("%d +%s/%u%s%s; ", a->index, text(a->family, a->address), a->prefix, a->has_peer ? " peer " : "",
	    a->has_peer ? text(a->family, a->peer) : "");
	return address_result;
}

int rtnl_remove_address(struct rtnl *rtnl, const struct rtnl_address *a)
{
	(void)rtnl;
	ask("%d -%s/%u; ", a->index, text(a->family, a->address), a->prefix);
	return 0;
}

int rtnl_add_route(struct rtnl *rtnl, const struct rtnl_route *r)
{
	(void)rtnl;
	ask("%d %s/%u", r->index, text(r->family, r->to), r->prefix);
	if (r->has_gateway)
		ask(" via %s%s", text(r->family, r->gateway), r->gateway_on_link ? " onlink" : "");
	if (r->metric)
		ask(" metric %u", r->metric);
	ask("; ");
	return route_results[routes++ % 2];
}

int rtnl_change_link(struct rtnl *rtnl, int index, const struct rtnl_change *change)
{
	(void)rtnl;
	if (change->mtu)
		ask("%d mtu %u; ", index, change->mtu);
	if (change->mac)
		ask("%d mac %02x; ", index, change->mac[5]);
	if (change->down)
		ask("%d down; ", index);
	return link_results[links++ % 3];
}

int uname(struct utsname *system)
{
	if (nodename[0] == '!')
		return -1;
	memset(system, 0, sizeof(*system));
	strcpy(system->nodename, nodename);
	return 0;
}

int sethostname(const char *name, size_t length)
{
	ask("host name %.*s; ", (int)length, name);
	errno = EPERM;
	return strcmp(name, "refused") ? 0 : -1;
}

/* ---- the rig ---- */

static struct rtnl_link link7;
static struct assignment assignment;

static int begin(void **state)
{
	(void)state;
	asked[0] = said[0] = '\0';
	address_result = 0;
	memset(route_results, 0, sizeof(route_results));
	memset(link_results, 0, sizeof(link_results));
	routes = links = 0;
	strcpy(nodename, "(none)");
	link7 = (struct rtnl_link){.index = 7, .name = "eth7", .mtu = 1500, .has_mac = true, .mac = {2, 0, 0, 0, 0, 7}};
	assignment = (struct assignment){.link = &link7};
	return 0;
}

static void assert_asked(const char *what)
{
	assert_string_equal(asked, what);
	asked[0] = '\0';
}

static struct address address(const char *from)
{
	struct address out = {.family = strchr(from, ':') ? 6 : 4};

	assert_int_equal(inet_pton(out.family == 6 ? AF_INET6 : AF_INET, from, out.bytes), 1);
	return out;
}

static struct dhcp_lease lease(void)
{
	return (struct dhcp_lease){.address = 0xc0000264u, .prefix = 24};
}

/* ---- what must hold ---- */

static void static_address_comes_with_its_gateway_and_once(void **state)
{
	struct interface_plan plan = {.prefix = 24};

	(void)state;
	plan.address = address("192.0.2.5");
	plan.gateway = address("192.0.2.1");
	assert_int_equal(assignment_set_static(&assignment, 3, &plan), 0);
	assert_asked("7 +192.0.2.5/24; 7 0.0.0.0/0 via 192.0.2.1; ");
	assert_int_equal(assignment_set_static(&assignment, 3, &plan), 0);
	assert_asked("");
	assert_true(assignment_has(&assignment, &assignment.fixed[3]));
	assignment_clear(&assignment);
	assert_asked("7 -192.0.2.5/24; ");
	assert_int_equal(assignment.fixed[3].family, 0);
	plan.address = address("2001:db8::5");
	plan.prefix = 64;
	assert_int_equal(assignment_set_static(&assignment, 0, &plan), 0); /* the gateway is of the other family */
	assert_asked("7 +2001:db8::5/64; ");
	plan.peer = address("2001:db8::6");
	plan.gateway = address("2001:db8::1");
	assert_int_equal(assignment_set_static(&assignment, 1, &plan), 0);
	assert_asked("7 +2001:db8::5/64 peer 2001:db8::6; 7 ::/0 via 2001:db8::1; ");
	plan.peer = address("192.0.2.6");
	address_result = -ENOMEM;
	assert_int_equal(assignment_set_static(&assignment, 2, &plan), -ENOMEM);
	assert_asked("7 +2001:db8::5/64; ");
	assert_int_equal(assignment.fixed[2].family, 0);
	assert_string_equal(said, "eth7: address 2001:db8::5/64 cannot be set: Cannot allocate memory\n");
}

/* A gateway that no prefix covers is reached directly, as kernels want it said. */
static void gateway_outside_the_prefix_is_on_the_link(void **state)
{
	static const struct {
		const char *gateway;
		uint8_t prefix;
		bool on_link;
	} rows[] = {{"192.0.2.1", 24, false},  {"192.0.3.1", 24, true},   {"192.0.2.69", 26, true},
		    {"192.0.2.63", 26, false}, {"192.0.2.5", 32, false},  {"192.0.2.4", 32, true},
		    {"192.0.2.7", 30, false},  {"192.0.2.8", 30, true},   {"192.0.2.4", 31, false},
		    {"193.0.2.5", 8, true},    {"192.255.2.5", 8, false}, {"198.51.100.1", 4, false},
		    {"208.0.0.1", 4, true},    {"192.0.2.132", 25, true}, {"192.0.2.100", 25, false}};
	char wanted[100];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct interface_plan plan = {.prefix = rows[i].prefix};

		plan.address = address("192.0.2.5");
		plan.gateway = address(rows[i].gateway);
		assignment.fixed[0].family = 0;
		assert_int_equal(assignment_set_static(&assignment, 0, &plan), 0);
		(void)snprintf(wanted, sizeof(wanted), "7 +192.0.2.5/%u; 7 0.0.0.0/0 via %s%s; ", rows[i].prefix,
			       rows[i].gateway, rows[i].on_link ? " onlink" : "");
		assert_asked(wanted);
	}
}

static void second_default_route_stands_behind_the_first(void **state)
{
	struct route_plan plan = {.gateway = address("192.0.2.1")};

	(void)state;
	route_results[0] = -EEXIST;
	assignment_set_route(&assignment, &plan);
	assert_asked("7 0.0.0.0/0 via 192.0.2.1; 7 0.0.0.0/0 via 192.0.2.1 metric 1031; ");
	assert_string_equal(said, "");
	plan.to = address("10.0.0.0");
	plan.prefix = 8;
	routes = 0;
	assignment_set_route(&assignment, &plan); /* it is there already */
	assert_asked("7 10.0.0.0/8 via 192.0.2.1; ");
	assert_string_equal(said, "");
	routes = 0;
	route_results[0] = -ENETUNREACH;
	assignment_set_route(&assignment, &plan);
	assert_asked("7 10.0.0.0/8 via 192.0.2.1; ");
	assert_string_equal(said, "eth7: a route cannot be set: Network is unreachable\n");
}

static void routes_of_a_plan_go_through_an_address_of_their_family(void **state)
{
	struct route_plan plan = {.to = address("2001:db8:1::"), .prefix = 48};

	(void)state;
	assignment_set_route(&assignment, &plan);
	assert_asked("7 2001:db8:1::/48; ");
	plan.gateway = address("2001:db8::1");
	assignment_set_route(&assignment, &plan); /* no address yet: nothing is known of the link */
	assert_asked("7 2001:db8:1::/48 via 2001:db8::1; ");
	assignment.fixed[0] = (struct rtnl_address){.family = AF_INET, .prefix = 24};
	assignment.fixed[3] = (struct rtnl_address){.family = AF_INET6, .prefix = 64, .address = {0x20, 1, 0xd, 0xb9}};
	assignment_set_route(&assignment, &plan);
	assert_asked("7 2001:db8:1::/48 via 2001:db8::1 onlink; ");
	plan = (struct route_plan){.gateway = address("2001:db8::1")};
	assignment_set_route(&assignment, &plan);
	assert_asked("7 ::/0 via 2001:db8::1 onlink; ");
	plan = (struct route_plan){.gateway = address("192.0.2.1")};
	assignment.leased4 = (struct rtnl_address){.family = AF_INET, .prefix = 24, .address = {192, 0, 2, 100}};
	assignment_set_route(&assignment, &plan); /* the lease's goes before the plan's */
	assert_asked("7 0.0.0.0/0 via 192.0.2.1; ");
	assignment.leased4.family = 0;
	assignment_set_route(&assignment, &plan);
	assert_asked("7 0.0.0.0/0 via 192.0.2.1 onlink; ");
}

static void lease_is_set_once_and_replaced_by_another(void **state)
{
	struct dhcp_lease given = lease();

	(void)state;
	given.router_count = 2;
	given.routers[0] = 0xc0000201u;
	given.mtu = 1400;
	strcpy(given.hostname, "rack7");
	assert_true(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("7 +192.0.2.100/24; 7 0.0.0.0/0 via 192.0.2.1; 7 mtu 1400; host name rack7; ");
	assert_false(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("");
	given.prefix = 25; /* another network with the same address */
	given.router_count = 0;
	given.mtu = 576;
	given.hostname[0] = '\0';
	assert_true(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("7 -192.0.2.100/24; 7 +192.0.2.100/25; 7 mtu 576; ");
	given.address++;
	given.mtu = 575; /* nobody can mean that */
	assert_true(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("7 -192.0.2.100/25; 7 +192.0.2.101/25; ");
	given.address++;
	given.mtu = 9000;
	assert_true(assignment_set_lease4(&assignment, &given, 1500)); /* a word said another */
	assert_asked("7 -192.0.2.101/25; 7 +192.0.2.102/25; ");
	given.address++;
	address_result = -EACCES;
	assert_false(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("7 -192.0.2.102/25; 7 +192.0.2.103/25; ");
	assert_int_equal(assignment.leased4.family, 0);
	address_result = 0;
	assignment.settled = true;
	assert_false(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("");
}

/* Else the network lacks something, and nobody knows why. */
static void options_that_cannot_be_read_are_named(void **state)
{
	struct dhcp_lease given = {.address = 0xc0000209, .prefix = 24, .malformed = 121};
	struct dhcp6_lease given6 = {.address = {0x20, 1}, .malformed = 59};

	(void)state;
	assert_true(assignment_set_lease4(&assignment, &given, 0));
	assert_string_equal(said, "eth7: option 121 of the DHCP server is malformed: it is not used\n");
	assert_false(assignment_set_lease4(&assignment, &given, 0)); /* once */
	said[0] = '\0';
	assignment_set_lease6(&assignment, &given6);
	assignment_set_lease6(&assignment, &given6);
	assert_string_equal(said, "eth7: option 59 of the DHCPv6 server is malformed: it is not used\n");
}

static void classless_routes_of_a_lease_are_set(void **state)
{
	struct dhcp_lease given = lease();

	(void)state;
	given.route_count = 2;
	given.routes[0] = (struct dhcp_route){.destination = 0x0a000000, .prefix = 8, .gateway = 0xc0000301u};
	given.routes[1] = (struct dhcp_route){.destination = 0xc6336400u, .prefix = 24};
	assert_true(assignment_set_lease4(&assignment, &given, 0));
	assert_asked("7 +192.0.2.100/24; 7 10.0.0.0/8 via 192.0.3.1 onlink; 7 198.51.100.0/24; ");
}

static void dhcpv6_gives_an_address_alone(void **state)
{
	struct dhcp6_lease given = {.address = {0x20, 1, 0xd, 0xb8, [15] = 0x64}};

	(void)state;
	assignment_set_lease6(&assignment, &given);
	assert_asked("7 +2001:db8::64/128; ");
	assert_true(assignment_has(&assignment, &assignment.leased6));
	assignment_set_lease6(&assignment, &given);
	assert_asked("");
	given.address[15]++;
	assert_false(assignment_has(&assignment, &(struct rtnl_address){.family = AF_INET6, .prefix = 128}));
	address_result = -EACCES;
	assignment_set_lease6(&assignment, &given);
	assert_asked("7 -2001:db8::64/128; 7 +2001:db8::65/128; ");
	assert_int_equal(assignment.leased6.family, 0);
	address_result = 0;
	assignment.settled = true;
	assignment_set_lease6(&assignment, &given);
	assert_asked("");
}

static void lost_address_stays_after_the_hand_over(void **state)
{
	struct dhcp_lease given = lease();

	(void)state;
	(void)assignment_set_lease4(&assignment, &given, 0);
	asked[0] = '\0';
	assignment_lose(&assignment, &assignment.leased6); /* none */
	assert_asked("");
	assignment_lose(&assignment, &assignment.leased4);
	assert_asked("7 -192.0.2.100/24; ");
	assert_string_equal(said, "");
	(void)assignment_set_lease4(&assignment, &given, 0);
	asked[0] = '\0';
	assignment.settled = true;
	for (int i = 0; i < 2; i++)
		assignment_lose(&assignment, &assignment.leased4);
	assert_asked("");
	assert_string_equal(said, "eth7: the address stays on the interface, because root depends on it\n");
	assignment.settled = false;
	assignment_clear(&assignment);
	assert_asked("7 -192.0.2.100/24; ");
}

static void mtu_is_changed_where_it_is_another(void **state)
{
	(void)state;
	assignment_set_mtu(&assignment, 1500);
	assert_asked("");
	link_results[0] = -EINVAL;
	assignment_set_mtu(&assignment, 9000);
	assert_asked("7 mtu 9000; ");
	assert_string_equal(said, "eth7: an MTU of 9000 cannot be set: Invalid argument\n");
}

static void host_name_is_given_where_there_is_none(void **state)
{
	(void)state;
	assignment_set_hostname("");
	strcpy(nodename, "rack");
	assignment_set_hostname("other");
	strcpy(nodename, "!");
	assignment_set_hostname("other");
	assert_asked("");
	strcpy(nodename, "(none)");
	assignment_set_hostname("refused");
	assert_asked("host name refused; ");
	assert_string_equal(said, "the host name \"refused\" cannot be set: Operation not permitted\n");
}

static void busy_interface_is_set_down_for_its_mac(void **state)
{
	static const uint8_t same[6] = {2, 0, 0, 0, 0, 7}, other[6] = {2, 0, 0, 0, 0, 8};

	(void)state;
	assert_true(assignment_set_mac(&assignment, same));
	assert_asked("");
	assert_true(assignment_set_mac(&assignment, other));
	assert_asked("7 mac 08; ");
	links = 0;
	link_results[0] = -EBUSY;
	assert_true(assignment_set_mac(&assignment, other));
	assert_asked("7 mac 08; 7 down; 7 mac 08; ");
	links = 0;
	link_results[1] = -EPERM;
	assert_string_equal(said, "");
	assert_false(assignment_set_mac(&assignment, other));
	assert_asked("7 mac 08; 7 down; ");
	assert_string_equal(said, "eth7: the MAC address cannot be changed: Device or resource busy\n");
	links = 0;
	link_results[0] = -EOPNOTSUPP;
	link7.has_mac = false;
	assert_false(assignment_set_mac(&assignment, same));
	assert_asked("7 mac 07; ");
}

static void addresses_are_the_same_with_family_and_prefix(void **state)
{
	struct rtnl_address a = {.family = AF_INET, .prefix = 24, .address = {192, 0, 2, 1}}, b = a;
	char out[ADDRESS_TEXT_MAX];

	(void)state;
	assert_true(assignment_is_same(&a, &b));
	b.index = 9;
	assert_true(assignment_is_same(&a, &b));
	b.prefix = 25;
	assert_false(assignment_is_same(&a, &b));
	b = a;
	b.family = AF_INET6;
	assert_false(assignment_is_same(&a, &b));
	b = a;
	b.address[15] = 1;
	assert_false(assignment_is_same(&a, &b));
	assert_string_equal(assignment_text(&a, out), "192.0.2.1");
	a.family = 0;
	assert_string_equal(assignment_text(&a, out), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(static_address_comes_with_its_gateway_and_once, begin),
		cmocka_unit_test_setup(gateway_outside_the_prefix_is_on_the_link, begin),
		cmocka_unit_test_setup(second_default_route_stands_behind_the_first, begin),
		cmocka_unit_test_setup(routes_of_a_plan_go_through_an_address_of_their_family, begin),
		cmocka_unit_test_setup(lease_is_set_once_and_replaced_by_another, begin),
		cmocka_unit_test_setup(options_that_cannot_be_read_are_named, begin),
		cmocka_unit_test_setup(classless_routes_of_a_lease_are_set, begin),
		cmocka_unit_test_setup(dhcpv6_gives_an_address_alone, begin),
		cmocka_unit_test_setup(lost_address_stays_after_the_hand_over, begin),
		cmocka_unit_test_setup(mtu_is_changed_where_it_is_another, begin),
		cmocka_unit_test_setup(host_name_is_given_where_there_is_none, begin),
		cmocka_unit_test_setup(busy_interface_is_set_down_for_its_mac, begin),
		cmocka_unit_test_setup(addresses_are_the_same_with_family_and_prefix, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
