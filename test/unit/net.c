/* Which plan means which interface, what is waited for, and in which order name servers stand; no kernel is asked. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "net/assignment.h"
#include "net/link.h"
#include "net/net.h"
#include "sys/log.h"

#define LOWER_UP 0x10000
#define DORMANT  0x20000

static struct network_plan plan;
static struct net net;
static char text[400];
static int refusal = EBADF; /* of the kernel, for what it is asked for */

static char warned[400];

void log_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(warned, sizeof(warned), format, arguments);
	va_end(arguments);
}

#define LOG_NOTHING(name)                  \
	void name(const char *format, ...) \
	{                                  \
		(void)format;              \
	}

LOG_NOTHING(log_err)
LOG_NOTHING(log_info)
LOG_NOTHING(log_debug)

void log_set_level(enum log_level wanted)
{
	(void)wanted;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
	(void)fd, (void)bytes, (void)length, (void)flags, (void)to, (void)size;
	errno = refusal;
	return -1;
}

/* rtnl's descriptors are not open: what would change the machine fails, and says so at debug level. */
static int reset(void **state)
{
	(void)state;
	memset(&plan, 0, sizeof(plan));
	memset(&net, 0, sizeof(net));
	plan.wanted = true;
	net.plan = &plan;
	net.rtnl.call_fd = net.rtnl.event_fd = -1;
	net.winner = -1;
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		interface_init(&net.interfaces[i], &net.rtnl, &plan, &net.own);
	log_set_level(LOG_LEVEL_ERR);
	return 0;
}

static struct interface *put_interface(int place, const char *name, uint32_t flags)
{
	struct rtnl_link link = {.index = place + 2, .flags = flags, .type = 1, .has_mac = true};

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	link.mac[5] = (uint8_t)place;
	interface_set_link(&net.interfaces[place], &link);
	return &net.interfaces[place];
}

static struct rtnl_address address_of(uint8_t family, uint8_t last, uint32_t flags)
{
	return (struct rtnl_address){
		.index = 2, .family = family, .prefix = 24, .flags = flags, .address = {192, 0, 2, last}};
}

static void carrier_is_the_drivers_word(void **state)
{
	struct interface *interface = put_interface(0, "eth0", IFF_UP);

	(void)state;
	assert_false(interface_has_carrier(interface));
	interface->link.flags = IFF_UP | LOWER_UP;
	assert_true(interface_has_carrier(interface));
	interface->link.flags = IFF_UP | LOWER_UP | DORMANT;
	assert_false(interface_has_carrier(interface));
	interface->link.flags = LOWER_UP;
	assert_false(interface_has_carrier(interface));
}

static void an_address_counts_only_when_it_may_be_used(void **state)
{
	struct interface *interface = put_interface(0, "eth0", IFF_UP);
	struct rtnl_address address = address_of(AF_INET6, 9, IFA_F_TENTATIVE);

	(void)state;
	interface_set_address(interface, &address, false);
	assert_null(interface_global_address(interface));
	address.flags = 0;
	interface_set_address(interface, &address, false);
	assert_int_equal(interface->address_count, 1);
	assert_non_null(interface_global_address(interface));
	address.flags = IFA_F_DEPRECATED;
	interface_set_address(interface, &address, false);
	assert_null(interface_global_address(interface));
	interface_set_address(interface, &address, true);
	assert_int_equal(interface->address_count, 0);
}

static void more_addresses_than_places_do_no_harm(void **state)
{
	struct interface *interface = put_interface(0, "eth0", IFF_UP);

	(void)state;
	for (int i = 0; i < 3 * INTERFACE_ADDRESSES_MAX; i++) {
		struct rtnl_address address = address_of(AF_INET, (uint8_t)i, 0);

		interface_set_address(interface, &address, false);
	}
	assert_int_equal(interface->address_count, INTERFACE_ADDRESSES_MAX);
}

static void what_is_waited_for_has_a_name(void **state)
{
	(void)state;
	assert_int_equal(net_state(&net), NET_WAITING_LINK);
	assert_string_equal(net_waiting_for(&net, text, sizeof(text)),
			    "an address on any interface (the command line configures none)");
	plan.interface_count = 1;
	assert_string_equal(net_waiting_for(&net, text, sizeof(text)), "a network interface (is its driver there?)");
	strcpy(plan.interfaces[0].name, "eth1");
	assert_string_equal(net_waiting_for(&net, text, sizeof(text)),
			    "the network interface \"eth1\" (is its driver there?)");
	plan.interfaces[0].name[0] = '\0';
	plan.interfaces[0].has_mac = true;
	memcpy(plan.interfaces[0].mac, "\x52\x54\0\x12\x34\x56", 6);
	assert_string_equal(net_waiting_for(&net, text, sizeof(text)),
			    "a network interface with the MAC address 52:54:00:12:34:56");
	put_interface(0, "eth0", IFF_UP)->state = INTERFACE_CARRIER;
	put_interface(1, "eth1", IFF_UP)->state = INTERFACE_CARRIER;
	assert_int_equal(net_state(&net), NET_WAITING_CARRIER);
	assert_string_equal(net_waiting_for(&net, text, sizeof(text)), "carrier on eth0, or carrier on eth1");
}

static void a_short_buffer_is_not_overrun(void **state)
{
	char small[20];

	(void)state;
	for (int i = 0; i < NET_INTERFACES_MAX; i++)
		put_interface(i, "enp0s31f6np1d2", IFF_UP)->state = INTERFACE_CARRIER;
	assert_true(strlen(net_waiting_for(&net, small, sizeof(small))) < sizeof(small));
	assert_true(strlen(net_waiting_for(&net, text, sizeof(text))) < sizeof(text));
}

static void modules_are_asked_for_once_and_only_when_the_plan_needs_them(void **state)
{
	(void)state;
	assert_null(net_module_wanted(&net));
	plan.interface_count = 2;
	plan.interfaces[0].methods = METHOD_DHCP4;
	plan.interfaces[1].address.family = 6;
	plan.link_count = 1;
	plan.links[0].kind = LINK_BOND;
	assert_string_equal(net_module_wanted(&net), "af_packet");
	assert_string_equal(net_module_wanted(&net), "ipv6");
	assert_string_equal(net_module_wanted(&net), "bonding");
	assert_null(net_module_wanted(&net));
}

static void the_plans_name_servers_stand_before_the_leases(void **state)
{
	struct address dns[NET_DNS_MAX];
	struct interface *interface = put_interface(0, "eth0", IFF_UP);

	(void)state;
	plan.dns_count = 1;
	plan.dns[0] = (struct address){4, {192, 0, 2, 1}};
	interface->lease4.dhcp.lease.dns_count = 2;
	interface->lease4.dhcp.lease.dns[0] = 0xc0000235;
	interface->lease4.dhcp.lease.dns[1] = 0xc0000201; /* the plan's: once is enough */
	interface->dns6.count = 1;
	interface->dns6.servers[0][15] = 1;
	assert_int_equal(net_dns(&net, dns), 3);
	assert_int_equal(dns[0].bytes[3], 1);
	assert_int_equal(dns[1].bytes[3], 0x35);
	assert_int_equal(dns[2].family, 6);
	plan.ignore_peer_dns = true;
	assert_int_equal(net_dns(&net, dns), 1);
}

static void slaves_and_interfaces_to_be_renamed_are_not_for_addresses(void **state)
{
	struct rtnl_link link = {.name = "eth0", .has_mac = true, .mac = {2, 0, 0, 0, 0, 1}};

	(void)state;
	assert_false(link_is_taken(&plan, &link));
	link.master = 4;
	assert_true(link_is_taken(&plan, &link));
	link.master = 0;
	plan.link_count = 1;
	plan.links[0] = (struct link_plan){.kind = LINK_BOND, .slaves = {"eth0"}, .slave_count = 1};
	assert_true(link_is_taken(&plan, &link));
	plan.links[0] = (struct link_plan){.kind = LINK_RENAME, .name = "san0", .mac = {2, 0, 0, 0, 0, 1}};
	assert_true(link_is_taken(&plan, &link));
	strcpy(link.name, "san0");
	assert_false(link_is_taken(&plan, &link));
}

/* Up and down as the kernel tells it, without a kernel: DHCP starts with carrier, hears of its loss, goes on after it. */
static void a_lost_cable_leads_back_to_waiting_for_it(void **state)
{
	struct interface *interface = put_interface(0, "eth0", 0);
	static const struct interface_plan static_plan = {.methods = METHOD_LINK6};

	(void)state;
	interface_add_plan(interface, &static_plan);
	interface->state = INTERFACE_CARRIER;
	interface_step(interface, NULL, 0, 1000);
	assert_int_equal(interface->state, INTERFACE_CARRIER);
	interface->link.flags = IFF_UP | LOWER_UP;
	interface_step(interface, NULL, 0, 2000);
	assert_int_equal(interface->state, INTERFACE_ADDRESS);
	assert_int_equal(interface->link_ms, 2000);
	interface->link.flags = IFF_UP;
	interface_step(interface, NULL, 0, 3000);
	assert_int_equal(interface->state, INTERFACE_CARRIER);
	interface->link.flags = IFF_UP | LOWER_UP;
	interface->addresses[0] = (struct rtnl_address){.family = AF_INET6, .scope = 253, .address = {0xfe, 0x80}};
	interface->address_count = 1;
	interface_step(interface, NULL, 0, 4000);
	assert_int_equal(interface->state, INTERFACE_USABLE);
	assert_int_equal(interface->address_ms, 4000);
	interface->address_count = 0;
	interface_step(interface, NULL, 0, 5000);
	assert_int_equal(interface->state, INTERFACE_ADDRESS);
}

static void settling_overwrites_what_leases_kept_secret(void **state)
{
	struct interface *interface = put_interface(0, "eth0", 0);

	(void)state;
	strcpy(interface->lease4.dhcp.lease.chap_secret, "twelve bytes");
	strcpy(interface->lease4.dhcp.lease.chap_in_secret, "twelve others");
	strcpy(interface->lease6.dhcp6.lease.boot_url, "iscsi:me:geheim@[2001:db8::1]::::iqn.2026-01.x:y");
	strcpy(interface->lease6.dhcp6.offer.boot_url, interface->lease6.dhcp6.lease.boot_url);
	net_settle(&net, true);
	for (size_t i = 0; i < sizeof(interface->lease4.dhcp.lease.chap_secret); i++)
		assert_true(!interface->lease4.dhcp.lease.chap_secret[i] &&
			    !interface->lease4.dhcp.lease.chap_in_secret[i]);
	assert_string_equal(interface->lease6.dhcp6.lease.boot_url, "");
	assert_string_equal(interface->lease6.dhcp6.offer.boot_url, "");
	assert_true(interface->assignment.settled);
}

static void limits_end_in_a_failure_that_says_what_was_missing(void **state)
{
	struct interface *interface = put_interface(0, "eth0", 0);
	static const struct interface_plan dhcp = {.methods = METHOD_DHCP4};

	(void)state;
	interface_add_plan(interface, &dhcp);
	interface->state = INTERFACE_CARRIER;
	interface->carrier_limit_ms = 5000;
	assert_int_equal(interface_deadline(interface), 5000);
	interface_step(interface, NULL, 0, 4999);
	assert_int_equal(interface->state, INTERFACE_CARRIER);
	interface_step(interface, NULL, 0, 5000);
	assert_int_equal(interface->state, INTERFACE_FAILED);
	assert_string_equal(interface->failure, "gave up waiting for carrier on eth0");
	assert_int_equal(interface_deadline(interface), INT64_MAX);
}

/* A leased address as it is on the interface, without a kernel. */
static void give_lease4(struct interface *interface)
{
	interface->assignment.leased4 = address_of(AF_INET, 50, 0);
}

static void of_several_methods_one_answer_is_enough(void **state)
{
	static const struct interface_plan both = {.methods = METHOD_DHCP4 | METHOD_AUTO6};
	struct interface *interface = put_interface(0, "eth0", IFF_UP | LOWER_UP);

	(void)state;
	interface_add_plan(interface, &both);
	interface->state = INTERFACE_ADDRESS;
	interface->started = interface->link_up = true;
	interface_step(interface, NULL, 0, 1000);
	assert_int_equal(interface->state, INTERFACE_ADDRESS);
	give_lease4(interface);
	interface_step(interface, NULL, 0, 2000);
	assert_int_equal(interface->state, INTERFACE_USABLE);
	assert_int_equal(interface_answers(interface), METHOD_STATIC | METHOD_DHCP4);
	assert_true(interface_is_pending(interface));
	assert_int_equal(interface_deadline(interface), 62000);
	interface_step(interface, NULL, 0, 62000);
	assert_false(interface_is_pending(interface));
	assert_int_equal(interface->state, INTERFACE_USABLE);
	assert_int_equal(interface_deadline(interface), INT64_MAX);
}

static void addresses_of_the_command_line_must_all_be_there(void **state)
{
	static const struct interface_plan one = {.methods = METHOD_STATIC | METHOD_DHCP4, .address = {.family = 4}},
					   other = {.methods = METHOD_STATIC, .address = {.family = 6}};
	struct interface *interface = put_interface(0, "eth0", IFF_UP | LOWER_UP);

	(void)state;
	interface_add_plan(interface, &one);
	interface_add_plan(interface, &other);
	interface->state = INTERFACE_ADDRESS;
	interface->started = interface->link_up = true;
	interface->assignment.fixed[0] = address_of(AF_INET, 9, 0);
	interface_step(interface, NULL, 0, 1000);
	assert_int_equal(interface->state, INTERFACE_ADDRESS);
	interface->assignment.fixed[1] = interface->addresses[0] = address_of(AF_INET6, 9, 0);
	interface->address_count = 1;
	interface_step(interface, NULL, 0, 2000);
	assert_int_equal(interface->state, INTERFACE_USABLE);
	assert_true(interface_is_pending(interface)); /* DHCP beside the address */
}

static void the_hand_over_ends_what_has_not_answered(void **state)
{
	static const struct interface_plan both = {.methods = METHOD_DHCP4 | METHOD_DHCP6};
	struct interface *used = put_interface(0, "eth0", IFF_UP | LOWER_UP),
			 *idle = put_interface(1, "eth1", IFF_UP | LOWER_UP);

	(void)state;
	interface_add_plan(used, &both);
	interface_add_plan(idle, &both);
	used->state = INTERFACE_USABLE;
	idle->state = INTERFACE_ADDRESS;
	used->started = used->link_up = idle->started = idle->link_up = true;
	give_lease4(used);
	interface_settle(used);
	interface_settle(idle);
	assert_int_equal(used->state, INTERFACE_USABLE);
	assert_int_equal(used->given_up, METHOD_DHCP6);
	assert_false(interface_is_pending(used));
	assert_int_equal(idle->state, INTERFACE_UNUSED);
	assert_int_equal(idle->plan_count, 0);
}

/* Whatever the server says: the address of the hand-over is root's. */
static void after_the_hand_over_a_lease_changes_nothing(void **state)
{
	struct interface *interface = put_interface(0, "eth0", IFF_UP | LOWER_UP);
	struct assignment *assignment = &interface->assignment;
	struct dhcp_lease lease = {.address = 0xc0000232, .prefix = 8};

	(void)state;
	give_lease4(interface);
	assignment->settled = true;
	assert_false(assignment_set_lease4(assignment, &lease, 0));
	lease.address++;
	assert_false(assignment_set_lease4(assignment, &lease, 0));
	assert_int_equal(assignment->leased4.address[3], 50);
	assert_int_equal(assignment->leased4.prefix, 24);
	assignment_lose(assignment, &assignment->leased4);
	assert_int_equal(assignment->leased4.family, AF_INET);
}

static void interfaces_are_known_by_udevs_names_too(void **state)
{
	struct rtnl_link link = {.index = 2, .name = "eth0", .aliases = {.count = 2, .names = {"ens3", "enp0s3"}}};

	(void)state;
	assert_true(link_is_called(&link, "eth0"));
	assert_true(link_is_called(&link, "enp0s3"));
	assert_false(link_is_called(&link, "enp0s4"));
	put_interface(0, "eth0", IFF_UP)->link.aliases = link.aliases;
	assert_string_equal(net_real_name(&net, "ens3"), "eth0");
	assert_null(net_real_name(&net, "eth0")); /* no alias */
	assert_null(net_real_name(&net, "ens4"));
	link.aliases.count = 0;
	interface_set_link(&net.interfaces[0], &link); /* the kernel's event knows no aliases */
	assert_string_equal(net_real_name(&net, "ens3"), "eth0");
}

static void what_a_link_is_made_of_gets_no_address_unasked(void **state)
{
	const struct rtnl_link card = {.name = "eth0"}, vlan = {.name = "vlan7", .kind = "vlan"};

	(void)state;
	plan.link_count = 1;
	plan.links[0] = (struct link_plan){.kind = LINK_VLAN, .name = "vlan7", .parent = "eth0"};
	assert_true(link_is_below(&plan, &card));
	assert_false(link_is_below(&plan, &vlan));
	assert_true(link_is_planned(&plan, &vlan));
	assert_false(link_is_planned(&plan, &card));
	plan.links[0] = (struct link_plan){.kind = LINK_BRIDGE, .name = "br0", .slaves = {"eth0"}, .slave_count = 1};
	assert_true(link_is_below(&plan, &card));
}

/* CONFIG_IP_PNP: ip=dhcp is the kernel's, too. */
static void a_lease_that_nobody_renews_is_told_of(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		static const unsigned methods[] = {METHOD_DHCP4, METHOD_STATIC, METHOD_DHCP4,
						   METHOD_DHCP4 | METHOD_STATIC};
		struct interface *card = put_interface(0, "eth0", IFF_UP | LOWER_UP);
		struct rtnl_address address = address_of(AF_INET, 9, 0);

		interface_set_address(card, &address, false);
		card->state = INTERFACE_UNUSED;
		plan.use_existing = true;
		plan.interface_count = 1;
		plan.interfaces[0] = (struct interface_plan){.methods = methods[i],
							     .source = i == 2 ? SOURCE_DEFAULT : SOURCE_CMDLINE};
		warned[0] = '\0';
		net_step(&net, NULL, 0, 0);
		assert_true(card->existing);
		if (i == 0)
			assert_memory_equal(warned, "eth0: DHCP was asked before us", 30);
		else
			assert_string_equal(warned, "");
	}
}

/* Drivers give what the look for it ended with (bnx2_open, bnx2x_nic_load, e100_open). */
static void a_card_without_its_firmware_says_so(void **state)
{
	struct interface *card = put_interface(0, "eth0", 0);

	(void)state;
	plan.interface_count = 1;
	plan.interfaces[0] = (struct interface_plan){.methods = METHOD_DHCP4};
	interface_add_plan(card, &plan.interfaces[0]);
	refusal = ENOENT;
	interface_claim(card, 0);
	refusal = EBADF;
	assert_int_equal(card->state, INTERFACE_FAILED);
	assert_string_equal(interface_waiting_for(card, text, sizeof(text)),
			    "eth0 cannot be brought up: No such file or directory (is its firmware in the image?)");
}

/* A switch on a board: its ports lie on a card that carries nothing else, and go down with it (kernel: net/dsa/user.c). */
static void a_switchs_port_is_a_card_and_keeps_what_it_lies_on(void **state)
{
	struct interface *card = put_interface(0, "eth0", IFF_UP), *port = put_interface(1, "lan1", IFF_UP | LOWER_UP);
	struct interface *other = put_interface(2, "lan2", IFF_UP);
	struct rtnl_link named = {.name = "lan1", .kind = "dsa", .has_mac = true}, vlan = {.kind = "vlan"};

	(void)state;
	assert_true(link_is_physical(&named));
	assert_false(link_is_physical(&vlan));
	assert_false(link_has_mac(&named, named.mac)); /* it is the card's */
	assert_true(link_has_mac(&card->link, card->link.mac));
	plan.interface_count = 1;
	plan.interfaces[0] = (struct interface_plan){.methods = METHOD_DHCP4, .first_only = true};
	for (int i = 0; i < 3; i++) {
		interface_add_plan(&net.interfaces[i], &plan.interfaces[0]);
		net.interfaces[i].state = INTERFACE_CARRIER;
	}
	port->link.parent = other->link.parent = card->link.index;
	port->state = INTERFACE_USABLE;
	port->link_up = true;
	port->assignment.leased4.family = AF_INET;
	net_step(&net, NULL, 0, 0);
	assert_int_equal(net_state(&net), NET_USABLE);
	assert_int_equal(card->state, INTERFACE_CARRIER);
	assert_int_equal(other->state, INTERFACE_UNUSED);
}

/* hv_netvsc and net_failover take a card with their own MAC address for theirs when it comes, and send through it. */
static void a_card_that_has_become_anothers_part_is_not_set_down(void **state)
{
	struct interface *card = put_interface(0, "eth1", IFF_UP);

	(void)state;
	for (int master = 0; master < 2; master++) {
		card->state = INTERFACE_CARRIER;
		card->prepared = true;
		card->link.master = master;
		net.rtnl.sequence = 0;
		interface_release(card, 0);
		assert_int_equal(card->state, INTERFACE_UNUSED);
		assert_int_equal(net.rtnl.sequence, master ? 0 : 1); /* what the kernel was asked for */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(carrier_is_the_drivers_word, reset),
		cmocka_unit_test_setup(an_address_counts_only_when_it_may_be_used, reset),
		cmocka_unit_test_setup(more_addresses_than_places_do_no_harm, reset),
		cmocka_unit_test_setup(what_is_waited_for_has_a_name, reset),
		cmocka_unit_test_setup(a_short_buffer_is_not_overrun, reset),
		cmocka_unit_test_setup(modules_are_asked_for_once_and_only_when_the_plan_needs_them, reset),
		cmocka_unit_test_setup(the_plans_name_servers_stand_before_the_leases, reset),
		cmocka_unit_test_setup(slaves_and_interfaces_to_be_renamed_are_not_for_addresses, reset),
		cmocka_unit_test_setup(a_lost_cable_leads_back_to_waiting_for_it, reset),
		cmocka_unit_test_setup(settling_overwrites_what_leases_kept_secret, reset),
		cmocka_unit_test_setup(of_several_methods_one_answer_is_enough, reset),
		cmocka_unit_test_setup(addresses_of_the_command_line_must_all_be_there, reset),
		cmocka_unit_test_setup(the_hand_over_ends_what_has_not_answered, reset),
		cmocka_unit_test_setup(after_the_hand_over_a_lease_changes_nothing, reset),
		cmocka_unit_test_setup(interfaces_are_known_by_udevs_names_too, reset),
		cmocka_unit_test_setup(what_a_link_is_made_of_gets_no_address_unasked, reset),
		cmocka_unit_test_setup(limits_end_in_a_failure_that_says_what_was_missing, reset),
		cmocka_unit_test_setup(a_lease_that_nobody_renews_is_told_of, reset),
		cmocka_unit_test_setup(a_card_without_its_firmware_says_so, reset),
		cmocka_unit_test_setup(a_switchs_port_is_a_card_and_keeps_what_it_lies_on, reset),
		cmocka_unit_test_setup(a_card_that_has_become_anothers_part_is_not_set_down, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
