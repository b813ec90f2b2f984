/* What the kernel says of links, addresses and routers, as messages that the test makes: good ones, cut ones, wrong ones. */
/* SPDX-License-Identifier: MIT */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "proto/bytes.h"
#include "sys/rtnl.h"

static struct rtnl_reader reader;
static struct writer w;
static struct rtnl_event event;

static void begin(uint16_t type, const void *head, size_t size)
{
	struct nlmsghdr message = {.nlmsg_len = (uint32_t)(sizeof(message) + size), .nlmsg_type = type};

	memset(&reader, 0, sizeof(reader));
	w = writer_of(reader.bytes, sizeof(reader.bytes));
	write_bytes(&w, &message, sizeof(message));
	write_bytes(&w, head, size);
}

static size_t attribute(uint16_t type, const void *value, size_t length)
{
	struct nlattr head = {.nla_len = (uint16_t)(sizeof(head) + length), .nla_type = type};
	size_t start = w.used;

	write_bytes(&w, &head, sizeof(head));
	write_bytes(&w, value, length);
	write_zeros(&w, -length & 3);
	return start;
}

static void close_nest(size_t start)
{
	uint16_t length = (uint16_t)(w.used - start);

	memcpy(reader.bytes + start, &length, sizeof(length));
}

static void finish(void)
{
	uint32_t length = (uint32_t)w.used;

	memcpy(reader.bytes, &length, sizeof(length));
	reader.used = w.used;
}

static void begin_link(uint16_t type, uint8_t family)
{
	struct ifinfomsg head = {.ifi_family = family, .ifi_type = 1, .ifi_index = 7, .ifi_flags = 0x11043};

	begin(type, &head, sizeof(head));
}

static void begin_address(uint8_t family)
{
	struct ifaddrmsg head = {.ifa_family = family, .ifa_prefixlen = 24, .ifa_index = 7, .ifa_flags = 0x80};

	begin(RTM_NEWADDR, &head, sizeof(head));
}

static void a_link_is_read_whole(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	uint32_t mtu = 1500, master = 3;
	size_t info;

	(void)state;
	begin_link(RTM_NEWLINK, AF_UNSPEC);
	attribute(IFLA_IFNAME, "eth0.5", 7);
	attribute(IFLA_ADDRESS, mac, 6);
	attribute(IFLA_MTU, &mtu, 4);
	attribute(IFLA_MASTER, &master, 4);
	info = attribute(IFLA_LINKINFO, NULL, 0);
	attribute(IFLA_INFO_KIND, "vlan", 5);
	close_nest(info);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_LINK);
	assert_int_equal(event.link.index, 7);
	assert_string_equal(event.link.name, "eth0.5");
	assert_string_equal(event.link.kind, "vlan");
	assert_int_equal(event.link.mtu, 1500);
	assert_int_equal(event.link.master, 3);
	assert_true(event.link.has_mac && !memcmp(event.link.mac, mac, 6));
	assert_int_equal(event.link.flags, 0x11043);
	assert_false(rtnl_next(&reader, &event));
}

static void a_link_that_goes_is_told_apart(void **state)
{
	(void)state;
	begin_link(RTM_DELLINK, AF_UNSPEC);
	attribute(IFLA_IFNAME, "eth0", 5);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_LINK_GONE);
	assert_string_equal(event.link.name, "eth0");
}

/* A bridge's port that goes is a link that stays. */
static void another_familys_link_is_no_link(void **state)
{
	(void)state;
	begin_link(RTM_DELLINK, AF_BRIDGE);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_OTHER);
}

static void a_name_too_long_and_a_mac_of_another_length_are_left_out(void **state)
{
	(void)state;
	begin_link(RTM_NEWLINK, AF_UNSPEC);
	attribute(IFLA_IFNAME, "sixteen-letters!", 17);
	attribute(IFLA_ADDRESS, "0123456789abcdef0123", 20);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_string_equal(event.link.name, "");
	assert_false(event.link.has_mac);
}

static void managed_and_other_come_from_the_inet6_flags(void **state)
{
	uint32_t flags = 0x40;
	size_t info;

	(void)state;
	begin_link(RTM_NEWLINK, AF_INET6);
	info = attribute(IFLA_PROTINFO, NULL, 0);
	attribute(IFLA_INET6_FLAGS, &flags, 4);
	close_nest(info);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_LINK6);
	assert_true(event.link6.managed);
	assert_false(event.link6.other);
}

static void an_address_is_the_local_one(void **state)
{
	static const uint8_t ours[4] = {192, 0, 2, 9}, peer[4] = {192, 0, 2, 1};

	(void)state;
	begin_address(AF_INET);
	attribute(IFA_ADDRESS, peer, 4);
	attribute(IFA_LOCAL, ours, 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_ADDRESS);
	assert_memory_equal(event.address.address, ours, 4);
	assert_true(event.address.has_peer);
	assert_memory_equal(event.address.peer, peer, 4);
}

static void an_addresss_long_flags_replace_the_short_ones(void **state)
{
	static const uint8_t ours[16] = {0x20, 1};
	uint32_t flags = IFA_F_TENTATIVE | 0x100;

	(void)state;
	begin_address(AF_INET6);
	attribute(IFA_ADDRESS, ours, 16);
	attribute(IFA_FLAGS, &flags, 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.address.flags, flags);
	assert_false(event.address.has_peer);
}

static void an_address_of_the_wrong_length_is_none(void **state)
{
	static const uint8_t ours[16] = {0x20, 1};

	(void)state;
	begin_address(AF_INET);
	attribute(IFA_LOCAL, ours, 16);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_OTHER);
}

static void write_dns_option(uint8_t type, uint8_t units, size_t servers)
{
	struct nduseroptmsg head = {.nduseropt_ifindex = 7, .nduseropt_opts_len = (unsigned short)(8 + 16 * servers)};

	begin(RTM_NEWNDUSEROPT, &head, sizeof(head));
	write_u8(&w, type);
	write_u8(&w, units);
	write_be16(&w, 0);
	write_be32(&w, 600);
	for (size_t i = 0; i < servers; i++) {
		write_be64(&w, 0x20010db800000000);
		write_be64(&w, 0x53 + i);
	}
	finish();
}

static void name_servers_of_an_advertisement(void **state)
{
	(void)state;
	write_dns_option(25, 5, 2);
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_DNS6);
	assert_int_equal(event.dns6.index, 7);
	assert_int_equal(event.dns6.count, 2);
	assert_int_equal(event.dns6.lifetime_s, 600);
	assert_int_equal(event.dns6.servers[1][15], 0x54);
}

static void a_name_server_option_that_lies_is_left_out(void **state)
{
	static const struct {
		uint8_t type, units;
		size_t servers;
	} lies[] = {{25, 7, 2}, {25, 4, 2}, {25, 1, 0}, {25, 0, 2}, {31, 5, 2}, {25, 255, 6}};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		write_dns_option(lies[i].type, lies[i].units, lies[i].servers);
		assert_true(rtnl_next(&reader, &event));
		assert_int_equal(event.type, RTNL_OTHER);
	}
}

static void more_name_servers_than_places_are_cut(void **state)
{
	(void)state;
	write_dns_option(25, 13, 6);
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.dns6.count, RTNL_DNS_MAX);
}

static void a_router_is_known_by_its_default_route(void **state)
{
	struct rtmsg head = {.rtm_family = AF_INET6, .rtm_protocol = 9 /* RTPROT_RA */};
	uint32_t index = 7;

	(void)state;
	begin(RTM_NEWROUTE, &head, sizeof(head));
	attribute(RTA_OIF, &index, 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_ROUTER6);
	assert_int_equal(event.router6.index, 7);
	head.rtm_dst_len = 64;
	begin(RTM_NEWROUTE, &head, sizeof(head));
	attribute(RTA_OIF, &index, 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_OTHER);
}

/* The answer to "how would you send there?". */
static void a_route_to_one_host_is_read_whole(void **state)
{
	struct rtmsg head = {.rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_type = RTN_UNICAST, .rtm_table = 254};
	uint32_t index = 7;

	(void)state;
	begin(RTM_NEWROUTE, &head, sizeof(head));
	attribute(RTA_DST, "\xc6\x33\x64\x01", 4);
	attribute(RTA_OIF, &index, 4);
	attribute(RTA_PREFSRC, "\xc0\0\2\x09", 4);
	attribute(RTA_GATEWAY, "\xc0\0\2\x01", 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_ROUTE);
	assert_int_equal(event.route.index, 7);
	assert_true(event.route.has_gateway && event.route.has_source);
	assert_memory_equal(event.route.to, "\xc6\x33\x64\x01", 4);
	assert_memory_equal(event.route.source, "\xc0\0\2\x09", 4);
	assert_memory_equal(event.route.gateway, "\xc0\0\2\x01", 4);
	head.rtm_type = RTN_UNREACHABLE;
	begin(RTM_NEWROUTE, &head, sizeof(head));
	attribute(RTA_OIF, &index, 4);
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_OTHER);
}

static void a_route_of_the_main_table_that_goes_is_heard(void **state)
{
	struct rtmsg head = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN};

	(void)state;
	begin(RTM_DELROUTE, &head, sizeof(head));
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_ROUTE_GONE);
	head.rtm_table = RT_TABLE_LOCAL;
	begin(RTM_DELROUTE, &head, sizeof(head));
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_int_equal(event.type, RTNL_OTHER);
}

static void an_answer_carries_its_error(void **state)
{
	struct nlmsgerr head = {.error = -EEXIST};

	(void)state;
	begin(NLMSG_ERROR, &head, sizeof(head));
	finish();
	assert_true(rtnl_next(&reader, &event));
	assert_true(reader.done);
	assert_int_equal(reader.error, -EEXIST);
	assert_int_equal(event.type, RTNL_OTHER);
}

static void several_messages_come_one_after_the_other(void **state)
{
	(void)state;
	begin_link(RTM_NEWLINK, AF_UNSPEC);
	attribute(IFLA_IFNAME, "eth0", 5);
	finish();
	memcpy(reader.bytes + reader.used, reader.bytes, reader.used);
	reader.used *= 2;
	assert_true(rtnl_next(&reader, &event));
	assert_true(rtnl_next(&reader, &event));
	assert_string_equal(event.link.name, "eth0");
	assert_false(rtnl_next(&reader, &event));
}

/* Wherever it is cut: no message, or one that lacks what was behind. */
static void a_cut_message_is_never_read_past_its_end(void **state)
{
	size_t whole;

	(void)state;
	begin_link(RTM_NEWLINK, AF_UNSPEC);
	attribute(IFLA_IFNAME, "eth0", 5);
	finish();
	whole = reader.used;
	for (size_t cut = 0; cut < whole; cut++) {
		reader.at = 0;
		reader.used = cut;
		assert_false(rtnl_next(&reader, &event));
	}
	for (uint32_t length = 0; length < whole; length++) {
		memcpy(reader.bytes, &length, sizeof(length));
		reader.at = 0;
		reader.used = whole;
		if (rtnl_next(&reader, &event) && event.type == RTNL_LINK)
			assert_true(length >= 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_read_whole),
		cmocka_unit_test(a_link_that_goes_is_told_apart),
		cmocka_unit_test(another_familys_link_is_no_link),
		cmocka_unit_test(a_name_too_long_and_a_mac_of_another_length_are_left_out),
		cmocka_unit_test(managed_and_other_come_from_the_inet6_flags),
		cmocka_unit_test(an_address_is_the_local_one),
		cmocka_unit_test(an_addresss_long_flags_replace_the_short_ones),
		cmocka_unit_test(an_address_of_the_wrong_length_is_none),
		cmocka_unit_test(name_servers_of_an_advertisement),
		cmocka_unit_test(a_name_server_option_that_lies_is_left_out),
		cmocka_unit_test(more_name_servers_than_places_are_cut),
		cmocka_unit_test(a_router_is_known_by_its_default_route),
		cmocka_unit_test(a_route_to_one_host_is_read_whole),
		cmocka_unit_test(a_route_of_the_main_table_that_goes_is_heard),
		cmocka_unit_test(an_answer_carries_its_error),
		cmocka_unit_test(several_messages_come_one_after_the_other),
		cmocka_unit_test(a_cut_message_is_never_read_past_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
