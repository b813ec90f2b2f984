/* dhcp.c - what must hold for DHCPv4 messages, the client's state machine, its frames and the ARP probe.
 *
 * A small server here writes replies byte by byte, so that it can also write wrong ones.
 */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/arp.h"
#include "proto/bytes.h"
#include "proto/dhcp.h"
#include "proto/dhcp_frame.h"

#define CLIENT 0xc0000264u /* 192.0.2.100 */
#define SERVER 0xc0000201u /* 192.0.2.1 */
#define OTHER  0xc0000202u
#define START  1000000

static const struct dhcp_config config = {.mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}};

/* The server's pen */

struct reply {
	uint8_t bytes[DHCP_MESSAGE_MAX + 64];
	struct writer w;
};

static void option(struct reply *r, uint8_t code, size_t length, const void *value)
{
	write_u8(&r->w, code);
	write_u8(&r->w, (uint8_t)length);
	write_bytes(&r->w, value, length);
}

static void option8(struct reply *r, uint8_t code, uint8_t value)
{
	option(r, code, 1, &value);
}

static void option32(struct reply *r, uint8_t code, uint32_t value)
{
	write_u8(&r->w, code);
	write_u8(&r->w, 4);
	write_be32(&r->w, value);
}

static void text(struct reply *r, uint8_t code, const char *value)
{
	option(r, code, strlen(value), value);
}

/* Fixed part and cookie only. */
static void header(struct reply *r, uint32_t xid, uint32_t address)
{
	r->w = writer_of(r->bytes, sizeof(r->bytes));
	write_be32(&r->w, 0x02010600);
	write_be32(&r->w, xid);
	write_zeros(&r->w, 8);
	write_be32(&r->w, address);
	write_be32(&r->w, 0xc0000209u); /* siaddr */
	write_zeros(&r->w, 4);
	write_bytes(&r->w, config.mac, 6);
	write_zeros(&r->w, 10 + 64 + 128);
	write_be32(&r->w, 0x63825363);
}

/* What every good lease has; open for more. */
static void answer(struct reply *r, uint8_t type, uint32_t xid, uint32_t address, uint32_t server)
{
	header(r, xid, address);
	option8(r, 53, type);
	option32(r, 54, server);
	if (type != DHCP_NAK) {
		option32(r, 51, 3600);
		option32(r, 1, 0xffffff00u);
	}
}

static void end(struct reply *r)
{
	write_u8(&r->w, 255);
	assert_false(r->w.bad);
}

/* The client's side of a test */

struct world {
	struct dhcp dhcp;
	struct dhcp_output output;
	struct reply reply;
	int64_t now;
	uint32_t random;
};

static unsigned happen(struct world *w, enum dhcp_event event)
{
	struct dhcp_input input = {.event = event, .now_ms = w->now, .random = w->random++};

	return dhcp_step(&w->dhcp, &input, &w->output);
}

/* Lets the time pass until the deadline. */
static unsigned pass(struct world *w)
{
	assert_true(dhcp_deadline(&w->dhcp) != DHCP_NEVER);
	if (dhcp_deadline(&w->dhcp) > w->now)
		w->now = dhcp_deadline(&w->dhcp);
	return happen(w, DHCP_TIMER);
}

static unsigned hear_bytes(struct world *w, const uint8_t *bytes, size_t length)
{
	struct dhcp_input input = {
		.event = DHCP_PACKET, .bytes = bytes, .length = length, .now_ms = w->now, .random = w->random++};

	return dhcp_step(&w->dhcp, &input, &w->output);
}

static unsigned hear(struct world *w)
{
	end(&w->reply);
	return hear_bytes(w, w->reply.bytes, w->reply.w.used);
}

/* The answer that a good server gives. */
static unsigned hear_plain(struct world *w, uint8_t type, uint32_t address, uint32_t server)
{
	answer(&w->reply, type, w->dhcp.xid, address, server);
	return hear(w);
}

static void start_with(struct world *w, const struct dhcp_config *with)
{
	memset(w, 0, sizeof(*w));
	w->now = START;
	w->random = 0x12345678;
	dhcp_start(&w->dhcp, with, w->now);
}

static void discover(struct world *w)
{
	start_with(w, &config);
	assert_int_equal(pass(w), DHCP_SEND);
	assert_string_equal(dhcp_state_name(&w->dhcp), "SELECTING");
}

static void request(struct world *w)
{
	discover(w);
	assert_int_equal(hear_plain(w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
	assert_string_equal(dhcp_state_name(&w->dhcp), "REQUESTING");
}

static void bind_to(struct world *w)
{
	request(w);
	assert_int_equal(hear_plain(w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	assert_true(dhcp_has_lease(&w->dhcp));
}

/* The value of an option in what the client sends, or NULL. */
static const uint8_t *sent_option(const struct world *w, uint8_t code, size_t *length)
{
	struct reader r = reader_of(w->output.bytes, w->output.length);

	read_skip(&r, 240);
	while (r.left && !r.bad) {
		uint8_t tag = read_u8(&r), size;

		if (tag == 255 || tag == 0)
			break;
		size = read_u8(&r);
		*length = size;
		if (tag == code)
			return read_bytes(&r, size);
		read_skip(&r, size);
	}
	assert_false(r.bad);
	return NULL;
}

static uint32_t sent32(const struct world *w, uint8_t code)
{
	size_t length = 0;
	const uint8_t *value = sent_option(w, code, &length);
	struct reader r = reader_of(value, length);

	if (!value)
		return 0;
	assert_int_equal(length, 4);
	return read_be32(&r);
}

static int sent_type(const struct world *w)
{
	size_t length = 0;
	const uint8_t *type = sent_option(w, 53, &length);

	assert_non_null(type);
	return *type;
}

static uint32_t sent_ciaddr(const struct world *w)
{
	struct reader r = reader_of(w->output.bytes + 12, 4);

	return read_be32(&r);
}

/* Messages that are sent */

static void discover_says_who_we_are_and_what_we_want(void **state)
{
	static const uint8_t id[] = {1, 0x52, 0x54, 0, 0x12, 0x34, 0x56};
	static const uint8_t user_class[] = "\niscsi-init";
	struct world w;
	const uint8_t *value;
	size_t length;

	(void)state;
	discover(&w);
	assert_true(w.output.length >= 300 && w.output.length <= DHCP_MESSAGE_MAX);
	assert_true(w.output.raw);
	assert_int_equal(w.output.destination, 0xffffffffu);
	assert_int_equal(w.output.source, 0);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	value = sent_option(&w, 61, &length);
	assert_int_equal(length, 7);
	assert_memory_equal(value, id, 7);
	value = sent_option(&w, 60, &length);
	assert_int_equal(length, 10);
	assert_memory_equal(value, "iscsi-init", 10);
	value = sent_option(&w, 77, &length);
	assert_int_equal(length, 11);
	assert_memory_equal(value, user_class, 11);
	value = sent_option(&w, 55, &length);
	assert_non_null(memchr(value, 17, length));
	assert_non_null(memchr(value, 203, length));
	assert_non_null(memchr(value, 175, length));
	assert_true((const uint8_t *)memchr(value, 121, length) < (const uint8_t *)memchr(value, 3, length));
	value = sent_option(&w, 57, &length);
	assert_int_equal(length, 2);
	assert_int_equal(value[0] << 8 | value[1], DHCP_MESSAGE_MAX + 28); /* with IP and UDP headers */
	assert_null(sent_option(&w, 50, &length));
	assert_null(sent_option(&w, 54, &length));
	assert_null(sent_option(&w, 12, &length));
}

static void client_identifier_and_host_name_are_as_asked(void **state)
{
	struct dhcp_config other = config;
	struct world w;
	const uint8_t *value;
	size_t length;

	(void)state;
	other.client_id_mode = DHCP_CLIENT_ID_NONE;
	other.broadcast = true;
	start_with(&w, &other);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_null(sent_option(&w, 61, &length));
	assert_int_equal(w.output.bytes[10], 0x80);
	other.client_id_mode = DHCP_CLIENT_ID_GIVEN;
	memcpy(other.client_id, "\0rack7", 6);
	other.client_id_length = 6;
	strcpy(other.hostname, "rack7");
	start_with(&w, &other);
	assert_int_equal(pass(&w), DHCP_SEND);
	value = sent_option(&w, 61, &length);
	assert_int_equal(length, 6);
	assert_memory_equal(value, "\0rack7", 6);
	value = sent_option(&w, 12, &length);
	assert_int_equal(length, 5);
	assert_memory_equal(value, "rack7", 5);
}

static void request_names_server_and_address_of_the_offer(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(sent_type(&w), DHCP_REQUEST);
	assert_int_equal(sent32(&w, 50), CLIENT);
	assert_int_equal(sent32(&w, 54), SERVER);
	assert_int_equal(sent_ciaddr(&w), 0);
	assert_true(w.output.raw);
}

static void a_message_is_laid_out_byte_by_byte(void **state)
{
	static const uint8_t fixed[] = {1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44, 1, 2, 0, 0, 192, 0, 2, 100};
	static const uint8_t options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 4,   61, 7, 1,   0x52, 0x54, 0, 0x12, 0x34,
					  0x56, 50,   4,    192,  0,  2, 100, 54, 4, 192, 0,    2,    1, 255};
	const struct dhcp_request declines = {.type = DHCP_DECLINE,
					      .xid = 0x11223344,
					      .seconds = 0x102,
					      .client = CLIENT,
					      .requested = CLIENT,
					      .server = SERVER};
	uint8_t bytes[DHCP_MESSAGE_MAX], expected[300] = {0};

	(void)state;
	memcpy(expected, fixed, sizeof(fixed));
	memcpy(expected + 28, config.mac, 6);
	memcpy(expected + 236, options, sizeof(options));
	memset(bytes, 0xee, sizeof(bytes));
	assert_int_equal(dhcp_build(&config, &declines, bytes), sizeof(expected)); /* BOOTP's size at least */
	assert_memory_equal(bytes, expected, sizeof(expected));
}

/* RFC 2131 2 and 4.2: in its field, and before the address in the client identifier. */
static void hardware_type_is_the_interface_s(void **state)
{
	struct dhcp_config other = config;
	const uint8_t *value;
	struct world w;
	size_t length;

	(void)state;
	other.hardware_type = 6; /* IEEE 802 */
	start_with(&w, &other);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.output.bytes[1], 6);
	value = sent_option(&w, 61, &length);
	assert_int_equal(length, 7);
	assert_memory_equal(value, "\6\x52\x54\0\x12\x34\x56", 7);
	answer(&w.reply, DHCP_OFFER, w.dhcp.xid, CLIENT, SERVER);
	w.reply.bytes[1] = 6;
	assert_int_equal(hear(&w), DHCP_SEND);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER); /* Ethernet's */
	assert_int_equal(hear(&w), DHCP_NOTHING);
}

static void a_given_client_identifier_has_64_bytes_at_most(void **state)
{
	const struct dhcp_request asks = {.type = DHCP_DISCOVER};
	struct dhcp_config other = config;
	uint8_t bytes[DHCP_MESSAGE_MAX];

	(void)state;
	other.client_id_mode = DHCP_CLIENT_ID_GIVEN;
	memset(other.client_id, 7, sizeof(other.client_id));
	other.client_id_length = 64;
	assert_true(dhcp_build(&other, &asks, bytes) > 300);
	assert_memory_equal(bytes + 243, "\75\100\7", 3);
	assert_int_equal(bytes[243 + 2 + 64], 57);
	other.client_id_length = 65;
	assert_true(dhcp_build(&other, &asks, bytes) > 0);
	assert_int_equal(bytes[243], 57); /* none */
}

/* Messages that are read */

static void a_lease_holds_all_that_was_given(void **state)
{
	static const uint8_t routers[] = {192, 0, 2, 254, 0, 0, 0, 0, 192, 0, 2, 253};
	static const uint8_t dns[] = {192, 0, 2, 3, 192, 0, 2, 4};
	static const uint8_t chap[] = "\276\002me\277\010secret12\300\004them\301\012secret7890\010\001\001\377\010";
	struct world w;
	const struct dhcp_lease *lease = &w.dhcp.lease;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option(&w.reply, 3, sizeof(routers), routers);
	option(&w.reply, 6, sizeof(dns), dns);
	option(&w.reply, 7, sizeof(dns), dns); /* log servers: the first counts */
	option(&w.reply, 42, sizeof(dns), dns);
	option(&w.reply, 26, 2, "\x23\x28");
	option32(&w.reply, 58, 1000);
	option32(&w.reply, 59, 2000);
	option(&w.reply, 12, 6, "rack7\0");
	text(&w.reply, 15, "example.org");
	text(&w.reply, 17, "iscsi:192.0.2.9::::iqn.2026-01.org.example:t1");
	text(&w.reply, 203, "iqn.2026-01.org.example:rack7");
	option(&w.reply, 175, sizeof(chap) - 1, chap);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(lease->address, CLIENT);
	assert_int_equal(lease->prefix, 24);
	assert_int_equal(lease->server, SERVER);
	assert_int_equal(lease->next_server, 0xc0000209u);
	assert_int_equal(lease->lease_s, 3600);
	assert_int_equal(lease->t1_s, 1000);
	assert_int_equal(lease->t2_s, 2000);
	assert_int_equal(lease->router_count, 2); /* 0.0.0.0 is no router */
	assert_int_equal(lease->routers[1], 0xc00002fdu);
	assert_int_equal(lease->dns_count, 2);
	assert_int_equal(lease->dns[1], 0xc0000204u);
	assert_int_equal(lease->log_server, 0xc0000203u);
	assert_int_equal(lease->ntp_count, 2);
	assert_int_equal(lease->ntp[1], 0xc0000204u);
	assert_int_equal(lease->mtu, 9000);
	assert_string_equal(lease->hostname, "rack7");
	assert_string_equal(lease->domain, "example.org");
	assert_string_equal(lease->root_path, "iscsi:192.0.2.9::::iqn.2026-01.org.example:t1");
	assert_string_equal(lease->initiator_name, "iqn.2026-01.org.example:rack7");
	assert_string_equal(lease->chap_user, "me");
	assert_string_equal(lease->chap_secret, "secret12");
	assert_string_equal(lease->chap_in_user, "them");
	assert_string_equal(lease->chap_in_secret, "secret7890");
	assert_int_equal(lease->malformed, 0);
	dhcp_wipe_secrets(&w.dhcp);
	assert_string_equal(lease->chap_secret, "");
	assert_string_equal(lease->chap_in_secret, "");
	assert_string_equal(lease->chap_user, "me");
}

static void a_root_path_with_a_password_is_a_secret_too(void **state)
{
	static const struct {
		const char *path;
		bool secret;
	} rows[] = {
		{"iscsi:me:geheim@192.0.2.1::::iqn.2026-01.x:y", true},
		{"iscsi:192.0.2.1:::a:iqn.2026-01.x:y iscsi:me:geheim@192.0.2.2::::iqn.2026-01.x:y", true},
		{"iscsi:192.0.2.1:::a:iqn.2026-01.x:y", false},
		{"192.0.2.1:/srv/nfs@home", false},
		{"", false},
	};
	struct dhcp dhcp;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *left = rows[i].secret ? "" : rows[i].path;

		(void)snprintf(dhcp.lease.root_path, sizeof(dhcp.lease.root_path), "%s", rows[i].path);
		(void)snprintf(dhcp.offer.root_path, sizeof(dhcp.offer.root_path), "%s", rows[i].path);
		dhcp_wipe_secrets(&dhcp);
		assert_string_equal(dhcp.lease.root_path, left);
		assert_string_equal(dhcp.offer.root_path, left);
		assert_true(!rows[i].secret || !memchr(dhcp.lease.root_path, '@', sizeof(dhcp.lease.root_path)));
	}
}

static void long_options_are_joined_also_across_overloaded_fields(void **state)
{
	struct world w;
	char path[400], *expected = path;
	uint8_t *sname, *file;

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "iscsi:", 6);
	path[350] = 0;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option8(&w.reply, 52, 3);
	option(&w.reply, 17, 200, path);
	option(&w.reply, 17, 50, path + 200);
	sname = w.reply.bytes + 44;
	file = w.reply.bytes + 108;
	memset(path + 250, 'f', 60);
	memset(path + 310, 's', 40);
	file[0] = 17;
	file[1] = 60;
	memset(file + 2, 'f', 60);
	file[62] = 52; /* an overload in an overloaded field means nothing */
	file[63] = 1;
	file[64] = 1;
	file[65] = 255;
	sname[0] = 0;
	sname[1] = 17;
	sname[2] = 40;
	memset(sname + 3, 's', 40);
	sname[43] = 255;
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_string_equal(w.dhcp.lease.root_path, expected);
}

static void fields_are_no_options_without_overload(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	memset(w.reply.bytes + 44, 200, 64 + 128); /* a boot file name, not options past the end */
	memcpy(w.reply.bytes + 108, "\021\003abc", 5);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_string_equal(w.dhcp.lease.root_path, "");
}

static void pads_stand_anywhere_and_nothing_counts_after_the_end(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	header(&w.reply, w.dhcp.xid, CLIENT);
	write_zeros(&w.reply.w, 5);
	option8(&w.reply, 53, DHCP_ACK);
	write_zeros(&w.reply.w, 1);
	option32(&w.reply, 54, SERVER);
	option32(&w.reply, 51, 60);
	write_u8(&w.reply.w, 255);
	text(&w.reply, 17, "too late");
	write_u8(&w.reply.w, 17);
	write_u8(&w.reply.w, 200); /* runs past the end, but nobody reads it */
	assert_int_equal(hear_bytes(&w, w.reply.bytes, w.reply.w.used), DHCP_BOUND);
	assert_string_equal(w.dhcp.lease.root_path, "");
	assert_int_equal(w.dhcp.lease.prefix, 24); /* class C: no netmask was sent */
}

static void classless_routes_replace_the_routers(void **state)
{
	static const uint8_t routes[] = {0, 192, 0, 2, 254, 12, 172, 31, 192, 0, 2, 17, 32, 10, 1, 2, 3, 0, 0, 0, 0};
	struct world w;
	const struct dhcp_lease *lease = &w.dhcp.lease;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option32(&w.reply, 3, OTHER);
	option(&w.reply, 121, sizeof(routes), routes);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(lease->router_count, 0);
	assert_int_equal(lease->route_count, 3);
	assert_int_equal(lease->routes[0].prefix, 0);
	assert_int_equal(lease->routes[0].destination, 0);
	assert_int_equal(lease->routes[0].gateway, 0xc00002feu);
	assert_int_equal(lease->routes[1].prefix, 12);
	assert_int_equal(lease->routes[1].destination, 0xac100000u); /* host bits cleared */
	assert_int_equal(lease->routes[1].gateway, 0xc0000211u);
	assert_int_equal(lease->routes[2].destination, 0x0a010203u);
	assert_int_equal(lease->routes[2].gateway, 0);
}

static void values_at_the_edge_are_taken(void **state)
{
	static const uint8_t routes[] = {9,    10,  0x80, 192, 0,  2, 17,  17, 172, 16,
					 0x80, 192, 0,    2,   17, 0, 192, 0,  2,   254};
	static const uint8_t others[] = {1, 0, 0, 1, 223, 255, 255, 255, 224, 0, 0, 0, 0, 255, 255, 255};
	static const uint8_t chap[] = "\0\0\277\014geheim\11wort\1";
	struct world w;
	const struct dhcp_lease *lease = &w.dhcp.lease;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option(&w.reply, 26, 2, "\0\104"); /* RFC 2132 5.1: 68 */
	option(&w.reply, 6, sizeof(others), others);
	option(&w.reply, 121, sizeof(routes), routes);
	text(&w.reply, 15, "a b");
	option(&w.reply, 175, sizeof(chap) - 1, chap); /* a secret may have any byte */
	option8(&w.reply, 43, 1);                      /* nobody asked for it */
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(lease->malformed, 0);
	assert_int_equal(lease->mtu, 68);
	assert_string_equal(lease->domain, "a b");
	assert_string_equal(lease->chap_secret, "geheim\11wort\1");
	assert_int_equal(lease->dns_count, 2);
	assert_int_equal(lease->dns[0], 0x01000001u);
	assert_int_equal(lease->dns[1], 0xdfffffffu);
	assert_int_equal(lease->route_count, 3);
	assert_int_equal(lease->routes[0].prefix, 9);
	assert_int_equal(lease->routes[0].destination, 0x0a800000u);
	assert_int_equal(lease->routes[1].prefix, 17);
	assert_int_equal(lease->routes[1].destination, 0xac108000u);
	assert_int_equal(lease->routes[2].destination, 0);
	assert_int_equal(lease->routes[2].gateway, 0xc00002feu);
}

static void an_answer_may_be_as_long_as_we_said(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	write_zeros(&w.reply.w, DHCP_MESSAGE_MAX - 1 - w.reply.w.used);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.reply.w.used, DHCP_MESSAGE_MAX);
}

static void overload_of_one_field_leaves_the_other_alone(void **state)
{
	struct world w;

	(void)state;
	for (uint8_t overload = 1; overload <= 2; overload++) {
		request(&w);
		answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
		option8(&w.reply, 52, overload);
		memcpy(w.reply.bytes + 44, "\21\3snm\377", 6);
		memcpy(w.reply.bytes + 108, "\21\3fil\377", 6);
		assert_int_equal(hear(&w), DHCP_BOUND);
		assert_string_equal(w.dhcp.lease.root_path, overload == 1 ? "fil" : "snm");
	}
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option8(&w.reply, 52, 1);
	memset(w.reply.bytes + 44, 200, 64); /* a server's name */
	assert_int_equal(hear(&w), DHCP_BOUND);
}

static void what_cannot_be_read_is_left_out_and_named(void **state)
{
	static const struct {
		uint8_t code;
		size_t length;
		const char *value;
	} table[] = {
		{3, 3, "\300\0\2"},
		{3, 0, ""},
		{6, 5, "\300\0\2\1\1"},
		{26, 2, "\0\103"}, /* an MTU of 67 */
		{26, 1, "\5"},
		{58, 3, "\0\0\1"},
		{12, 4, "a\0bc"},
		{12, 4, "\tabc"},
		{15, 3, "a\nb"},
		{17, 5, "isc\x7fi"},
		{121, 6, "\41\1\2\3\4\5"},               /* prefix length 33 */
		{121, 6, "\30\12\0\0\300\0"},            /* cut */
		{121, 9, "\40\1\2\3\4\377\377\377\377"}, /* by the broadcast address */
		{121, 0, ""},
		{175, 4, "\276\005me"},
		{175, 5, "\276\3a\1b"},
		{175, 5, "\300\3a\1b"},
		{203, 224, "iqn.2026-01.org.example:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char value[224];
		struct world w;

		memset(value, 'x', sizeof(value));
		memcpy(value, table[i].value, table[i].length < 24 ? table[i].length : 24);
		request(&w);
		answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
		option(&w.reply, table[i].code, table[i].length, value);
		assert_int_equal(hear(&w), DHCP_BOUND);
		assert_int_equal(w.dhcp.lease.malformed, table[i].code);
		assert_int_equal(w.dhcp.lease.router_count + w.dhcp.lease.dns_count + w.dhcp.lease.route_count, 0);
		assert_int_equal(w.dhcp.lease.mtu, 0);
		assert_string_equal(w.dhcp.lease.root_path, "");
		assert_string_equal(w.dhcp.lease.hostname, "");
		assert_string_equal(w.dhcp.lease.domain, "");
		assert_string_equal(w.dhcp.lease.chap_user, "");
		assert_string_equal(w.dhcp.lease.initiator_name, "");
	}
}

/* A packet that is wrong in one way, made from a good one. */
struct wrong {
	const char *reason;
	void (*make)(struct reply *r, uint32_t xid);
};

static void make_short(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->w.used = 200;
}

static void make_request(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->bytes[0] = 1;
}

static void make_other_xid(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid + 1, CLIENT, SERVER);
}

static void make_other_mac(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->bytes[33] ^= 1;
}

static void make_other_cookie(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->bytes[239] ^= 1;
}

static void make_option_past_end(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	write_be16(&r->w, 17 << 8 | 9);
	write_text(&r->w, "iscsi:"); /* and the end option after it: 7 of 9 */
}

static void make_overload(struct reply *r, uint32_t xid, uint8_t value)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	option8(r, 52, value);
	r->bytes[44] = 17; /* sname */
	r->bytes[45] = 63;
	r->bytes[108] = 17; /* file */
	r->bytes[109] = 127;
}

static void make_overload_of_file_past_end(struct reply *r, uint32_t xid)
{
	make_overload(r, xid, 1);
}

static void make_overload_of_sname_past_end(struct reply *r, uint32_t xid)
{
	make_overload(r, xid, 2);
}

static void make_overload_0(struct reply *r, uint32_t xid)
{
	make_overload(r, xid, 0);
}

static void make_overload_4(struct reply *r, uint32_t xid)
{
	make_overload(r, xid, 4);
}

static void make_overload_twice(struct reply *r, uint32_t xid)
{
	make_overload(r, xid, 1);
	option8(r, 52, 1);
}

static void make_bootp(struct reply *r, uint32_t xid)
{
	header(r, xid, CLIENT);
	option32(r, 54, SERVER);
	option32(r, 51, 60);
}

static void make_two_types(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	option8(r, 53, DHCP_ACK);
}

static void make_discover(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_DISCOVER, xid, CLIENT, SERVER);
}

static void make_other_client(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	option(r, 61, 7, "\1\2\3\4\5\6\7");
}

static void make_mask(struct reply *r, uint32_t xid, uint32_t mask)
{
	header(r, xid, CLIENT);
	option8(r, 53, DHCP_OFFER);
	option32(r, 54, SERVER);
	option32(r, 51, 60);
	option32(r, 1, mask);
}

static void make_mask_with_hole(struct reply *r, uint32_t xid)
{
	make_mask(r, xid, 0xff00ff00u);
}

static void make_mask_0(struct reply *r, uint32_t xid)
{
	make_mask(r, xid, 0);
}

static void make_no_server(struct reply *r, uint32_t xid)
{
	header(r, xid, CLIENT);
	option8(r, 53, DHCP_OFFER);
	option32(r, 51, 60);
}

static void make_short_server(struct reply *r, uint32_t xid)
{
	make_no_server(r, xid);
	option(r, 54, 3, "\300\0\2");
}

static void make_server_0(struct reply *r, uint32_t xid)
{
	make_no_server(r, xid);
	option32(r, 54, 0);
}

static void make_server_broadcast(struct reply *r, uint32_t xid)
{
	make_no_server(r, xid);
	option32(r, 54, 0xffffffffu);
}

static void make_no_lease_time(struct reply *r, uint32_t xid)
{
	header(r, xid, CLIENT);
	option8(r, 53, DHCP_OFFER);
	option32(r, 54, SERVER);
}

static void make_lease_0(struct reply *r, uint32_t xid)
{
	make_no_lease_time(r, xid);
	option32(r, 51, 0);
}

static void make_lease_of_2_bytes(struct reply *r, uint32_t xid)
{
	make_no_lease_time(r, xid);
	option(r, 51, 2, "\1\1");
}

static void make_address_none(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0, SERVER);
}

static void make_address_0_net(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0x00000001, SERVER);
}

static void make_address_loopback(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0x7f000001, SERVER);
}

/* As the management controllers of servers do, on a card of theirs on USB. */
static void make_address_link_local(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xa9fe0102, SERVER);
}

static void make_address_multicast(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xe0000001u, SERVER);
}

static void make_address_first_multicast(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xe0000000u, SERVER);
}

static void make_other_hardware_type(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->bytes[1] = 6;
}

static void make_other_address_length(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	r->bytes[2] = 16;
}

static void make_address_broadcast(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xffffffffu, SERVER);
}

static void make_address_net(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xc0000200u, SERVER);
}

static void make_address_net_broadcast(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, 0xc00002ffu, SERVER);
}

static void make_too_long(struct reply *r, uint32_t xid)
{
	answer(r, DHCP_OFFER, xid, CLIENT, SERVER);
	write_zeros(&r->w, DHCP_MESSAGE_MAX - r->w.used);
}

static const struct wrong wrongs[] = {
	{"the packet is too short for DHCP", make_short},
	{"the packet is longer than we said we take", make_too_long},
	{"the packet is not a reply", make_request},
	{"the packet answers another transaction", make_other_xid},
	{"the packet is for another hardware address", make_other_mac},
	{"the packet is for another hardware address", make_other_hardware_type},
	{"the packet is for another hardware address", make_other_address_length},
	{"the packet has no DHCP magic cookie", make_other_cookie},
	{"an option runs past the end of the packet", make_option_past_end},
	{"an option runs past the end of the packet", make_overload_of_file_past_end},
	{"an option runs past the end of the packet", make_overload_of_sname_past_end},
	{"option overload is not 1, 2 or 3", make_overload_0},
	{"option overload is not 1, 2 or 3", make_overload_4},
	{"option overload is not 1, 2 or 3", make_overload_twice},
	{"the packet is BOOTP, not DHCP (no option 53)", make_bootp},
	{"the message type (option 53) is not 1 byte", make_two_types},
	{"the message type is none that a server sends", make_discover},
	{"the client identifier (option 61) is not ours", make_other_client},
	{"the netmask (option 1) is not a netmask", make_mask_with_hole},
	{"the netmask (option 1) is not a netmask", make_mask_0},
	{"there is no usable server identifier (option 54)", make_no_server},
	{"the server identifier (option 54) is not one address", make_short_server},
	{"there is no usable server identifier (option 54)", make_server_0},
	{"there is no usable server identifier (option 54)", make_server_broadcast},
	{"there is no lease time (option 51)", make_no_lease_time},
	{"the lease time is 0 s", make_lease_0},
	{"the lease time (option 51) is not 4 bytes", make_lease_of_2_bytes},
	{"no address is given (yiaddr 0.0.0.0)", make_address_none},
	{"the address given is in 0.0.0.0/8", make_address_0_net},
	{"the address given is a loopback address", make_address_loopback},
	{"the address given is link-local", make_address_link_local},
	{"the address given is a multicast or reserved address", make_address_multicast},
	{"the address given is a multicast or reserved address", make_address_first_multicast},
	{"the address given is the broadcast address", make_address_broadcast},
	{"the address given is its network's own or broadcast address", make_address_net},
	{"the address given is its network's own or broadcast address", make_address_net_broadcast},
};

static void wrong_packets_are_refused_by_name_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct world w;
		struct dhcp before;

		discover(&w);
		wrongs[i].make(&w.reply, w.dhcp.xid);
		before = w.dhcp;
		assert_int_equal(hear(&w), DHCP_NOTHING);
		assert_int_equal(w.output.length, 0);
		assert_non_null(dhcp_reason(&w.dhcp));
		assert_string_equal(dhcp_reason(&w.dhcp), wrongs[i].reason);
		before.reason = w.dhcp.reason;
		assert_memory_equal(&before, &w.dhcp, sizeof(before));
		assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
	}
}

static void a_packet_cut_anywhere_never_binds(void **state)
{
	struct world w;
	size_t whole;

	(void)state;
	request(&w);
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	whole = w.reply.w.used;
	for (size_t length = 0; length < whole - 6; length++) /* the netmask, the last option, is 6 bytes */
		assert_int_equal(hear_bytes(&w, w.reply.bytes, length), DHCP_NOTHING);
	assert_int_equal(hear(&w), DHCP_BOUND);
}

static void client_identifier_may_be_echoed(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	answer(&w.reply, DHCP_OFFER, w.dhcp.xid, CLIENT, SERVER);
	option(&w.reply, 61, 7, "\1\122\124\0\022\064\126");
	assert_int_equal(hear(&w), DHCP_SEND);
}

static void addresses_at_the_edge_of_point_to_point_networks_are_good(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	make_mask(&w.reply, w.dhcp.xid, 0xffffffffu);
	assert_int_equal(hear(&w), DHCP_SEND);
	assert_int_equal(w.dhcp.offer.prefix, 32);
	discover(&w);
	make_mask(&w.reply, w.dhcp.xid, 0xfffffffeu);
	assert_int_equal(hear(&w), DHCP_SEND);
	assert_int_equal(w.dhcp.offer.prefix, 31);
}

static void what_is_no_value_is_left_out(void **state)
{
	static const uint8_t dns[] = {127, 0, 0, 1, 0, 0, 0, 1, 224, 0, 0, 1, 192, 0, 2, 127, 223, 255, 255, 1};
	const struct dhcp_lease *lease;
	struct world w;

	(void)state;
	request(&w);
	lease = &w.dhcp.lease;
	answer(&w.reply, DHCP_ACK, w.dhcp.xid, CLIENT, SERVER);
	option(&w.reply, 6, sizeof(dns), dns);
	option(&w.reply, 58, 5, "\0\0\0\100\0");
	option(&w.reply, 59, 3, "\0\7\0");
	option(&w.reply, 26, 2, "\0\104"); /* MTU 68, at least 576 */
	option(&w.reply, 12, 5, "ra\0ck");
	option(&w.reply, 15, 4, "a\037.b");
	option(&w.reply, 17, 3, "\0\0\0");
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(lease->dns_count, 2);
	assert_int_equal(lease->dns[0], 0xc000027fu);
	assert_int_equal(lease->dns[1], 0xdfffff01u);
	assert_int_equal(lease->t1_s, 1800);
	assert_int_equal(lease->t2_s, 3150);
	assert_string_equal(lease->hostname, "");
	assert_string_equal(lease->domain, "");
	assert_string_equal(lease->root_path, "");
}

static void without_a_netmask_the_class_counts(void **state)
{
	static const struct {
		uint32_t address;
		int prefix; /* 0: no address for a machine */
	} rows[] = {{0x0a000001, 8},   {0x7effff01, 8},   {0x80000001u, 16}, {0xbfffff01u, 16},
		    {0xc0000001u, 24}, {0xdfffff01u, 24}, {0xe0000000u, 0},  {0xf0000001u, 0}};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		discover(&w);
		header(&w.reply, w.dhcp.xid, rows[i].address);
		option8(&w.reply, 53, DHCP_OFFER);
		option32(&w.reply, 54, SERVER);
		option32(&w.reply, 51, 3600);
		assert_int_equal(hear(&w), rows[i].prefix ? DHCP_SEND : DHCP_NOTHING);
		assert_int_equal(w.dhcp.offer.prefix, rows[i].prefix);
	}
}

/* Whoever overhears one exchange must not be able to answer the next. */
static void each_exchange_has_its_own_number(void **state)
{
	struct world w;
	uint32_t before;

	(void)state;
	bind_to(&w);
	before = w.dhcp.xid;
	assert_int_equal(pass(&w), DHCP_SEND); /* renews */
	assert_int_not_equal(w.dhcp.xid, before);
	before = w.dhcp.xid;
	assert_int_equal(pass(&w), DHCP_SEND); /* again: the same exchange */
	assert_int_equal(w.dhcp.xid, before);
	assert_true(dhcp_release(&w.dhcp, 7, &w.output));
	assert_int_equal(w.dhcp.xid, 7);
	assert_memory_equal(w.output.bytes + 4, "\0\0\0\7", 4);
}

/* The machine */

static void discover_is_repeated_after_1_2_4_4_seconds(void **state)
{
	static const int64_t expected[] = {1000, 2000, 4000, 4000, 4000, 4000, 4000};

	(void)state;
	for (uint32_t random = 0; random < 4000000000u; random += 123456789) {
		struct world w;

		start_with(&w, &config);
		w.random = random;
		assert_int_equal(dhcp_deadline(&w.dhcp), START);
		assert_int_equal(pass(&w), DHCP_SEND);
		for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
			int64_t jitter = expected[i] / 2;
			int64_t wait = dhcp_deadline(&w.dhcp) - w.now;
			uint32_t xid = w.dhcp.xid;

			assert_in_range(wait, expected[i] - jitter, expected[i] + jitter);
			assert_int_equal(pass(&w), DHCP_SEND);
			assert_int_equal(sent_type(&w), DHCP_DISCOVER);
			assert_int_equal(w.dhcp.xid, xid);
			assert_int_equal(w.output.bytes[8] << 8 | w.output.bytes[9], (w.now - START) / 1000);
		}
	}
}

static void a_timer_that_comes_early_does_nothing(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	w.now = dhcp_deadline(&w.dhcp) - 1;
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_NOTHING);
	w.now++;
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
}

static void first_offer_is_taken_at_once_and_duplicates_are_ignored(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_NOTHING);
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT + 1, OTHER), DHCP_NOTHING);
	assert_int_equal(w.dhcp.offer.server, SERVER);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_NOTHING);
	assert_string_equal(dhcp_reason(&w.dhcp), "nobody asked for this message now");
	assert_string_equal(dhcp_state_name(&w.dhcp), "BOUND");
}

static int64_t wait_of(const struct world *w)
{
	return dhcp_deadline(&w->dhcp) - w->now;
}

/* A half less and a half more, as chance has it. */
static void each_repetition_has_its_span(void **state)
{
	static const int64_t doubled[] = {1000, 2000, 4000, 4000, 4000, 4000, 4000};
	struct world w;

	(void)state;
	for (int most = 0; most < 2; most++) {
		start_with(&w, &config);
		for (size_t i = 0; i < sizeof(doubled) / sizeof(doubled[0]); i++) {
			w.random = most ? (uint32_t)doubled[i] : 0;
			assert_int_equal(pass(&w), DHCP_SEND);
			assert_int_equal(sent_type(&w), DHCP_DISCOVER);
			assert_int_equal(wait_of(&w), doubled[i] / 2 + (most ? doubled[i] : 0));
		}
		w.random = most ? 1000 : 0;
		assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(sent_type(&w), DHCP_REQUEST);
			assert_int_equal(wait_of(&w), doubled[i] / 2 + (most ? doubled[i] : 0));
			w.random = most ? (uint32_t)doubled[i + 1] : 0;
			assert_int_equal(pass(&w), DHCP_SEND);
		}
		assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	}
	start_with(&w, &config);
	w.random = 1001; /* one more than can be added to half of the first wait */
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(wait_of(&w), 500);
}

/* RFC 2131 table 1: seconds count from when the client began to renew. */
static void seconds_of_a_renewal_begin_with_it(void **state)
{
	struct world w;
	int64_t begun;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	begun = w.now;
	assert_int_equal(w.output.bytes[8] << 8 | w.output.bytes[9], 0);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.output.bytes[8] << 8 | w.output.bytes[9], (w.now - begun) / 1000);
}

static void quarrel_is_put_off_by_sixteen_seconds_at_most(void **state)
{
	static const int64_t waits[] = {0, 500, 1000, 2000, 4000, 8000, 8000, 8000};
	struct world w;

	(void)state;
	discover(&w);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
		w.random = 0;
		assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), i ? DHCP_NOTHING : DHCP_SEND);
		if (i) {
			assert_int_equal(wait_of(&w), waits[i]);
			assert_int_equal(pass(&w), DHCP_SEND);
		}
		assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	}
}

/* Neither its refusals nor its end count for what comes after a lease. */
static void lease_that_is_gone_leaves_nothing(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
		if (!(hear_plain(&w, DHCP_NAK, 0, SERVER) & DHCP_SEND))
			assert_int_equal(pass(&w), DHCP_SEND);
	}
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	assert_int_equal(w.dhcp.offer.address, 0);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_LOST | DHCP_SEND); /* at once again */
	w.now += 3600 * 1000;
	assert_true(dhcp_deadline(&w.dhcp) < w.now);
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_int_equal(sent32(&w, 50), 0);
}

static void renewals_come_closer_together_but_not_too_close(void **state)
{
	static const struct {
		uint32_t lease_s;
		int64_t renewing[8], rebinding[8];
	} rows[] = {
		{3600, {675000, 337500, 168750, 84375, 60000, 24375}, {225000, 112500, 60000, 52500}},
		{60, {11500, 5750, 3000, 2750}, {3500, 3000, 500}},
		{10, {2000, 1000, 1000}, {1000}},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned did;

		request(&w);
		header(&w.reply, w.dhcp.xid, CLIENT);
		option8(&w.reply, 53, DHCP_ACK);
		option32(&w.reply, 54, SERVER);
		option32(&w.reply, 51, rows[i].lease_s);
		assert_int_equal(hear(&w), DHCP_BOUND);
		did = pass(&w);
		for (size_t n = 0; rows[i].renewing[n]; n++, did = pass(&w)) {
			assert_string_equal(dhcp_state_name(&w.dhcp), "RENEWING");
			assert_int_equal(wait_of(&w), rows[i].renewing[n]);
			assert_int_equal(w.output.destination, SERVER);
		}
		for (size_t n = 0; rows[i].rebinding[n]; n++, did = pass(&w)) {
			assert_string_equal(dhcp_state_name(&w.dhcp), "REBINDING");
			assert_int_equal(wait_of(&w), rows[i].rebinding[n]);
			assert_int_equal(w.output.destination, 0xffffffffu);
		}
		assert_int_equal(did, DHCP_LOST | DHCP_SEND);
	}
}

static void declined_address_is_not_asked_for_at_once(void **state)
{
	struct world w;

	(void)state;
	for (uint32_t random = 998; random < 1001; random++) {
		bind_to(&w);
		w.random = random;
		assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_SEND | DHCP_LOST);
		assert_int_equal(wait_of(&w), 10000 + random % 1000);
	}
}

static void seconds_of_a_message_have_a_most(void **state)
{
	static const uint32_t seconds[][2] = {{0, 0}, {1, 1}, {65534, 65534}, {65535, 65535}, {65536, 65535}};
	struct world w;

	(void)state;
	discover(&w);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		w.now = START + seconds[i][0] * 1000ll;
		w.dhcp.deadline_ms = w.now;
		assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
		assert_int_equal(w.output.bytes[8] << 8 | w.output.bytes[9], seconds[i][1]);
	}
}

static void an_offer_with_root_path_is_preferred_for_half_a_second(void **state)
{
	struct dhcp_config wanting = config;
	struct world w;

	(void)state;
	wanting.want_root_path = true;
	start_with(&w, &wanting);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_NOTHING);
	assert_int_equal(dhcp_deadline(&w.dhcp), w.now + 500);
	w.now += 100;
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_NOTHING);
	assert_int_equal(dhcp_deadline(&w.dhcp), w.now + 400); /* a duplicate does not prolong it */
	answer(&w.reply, DHCP_OFFER, w.dhcp.xid, CLIENT + 1, OTHER);
	text(&w.reply, 17, "iscsi:192.0.2.9::::iqn.2026-01.org.example:t1");
	assert_int_equal(hear(&w), DHCP_SEND);
	assert_int_equal(sent32(&w, 54), OTHER);

	start_with(&w, &wanting);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_NOTHING);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.now, START + 500);
	assert_int_equal(sent_type(&w), DHCP_REQUEST);
	assert_int_equal(sent32(&w, 54), SERVER);

	start_with(&w, &wanting);
	assert_int_equal(pass(&w), DHCP_SEND);
	answer(&w.reply, DHCP_OFFER, w.dhcp.xid, CLIENT, SERVER);
	text(&w.reply, 17, "x"); /* whatever it is */
	assert_int_equal(hear(&w), DHCP_SEND);
}

static void an_ack_must_fit_what_was_asked(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, OTHER), DHCP_NOTHING);
	assert_string_equal(dhcp_reason(&w.dhcp), "the server identifier changed between offer and acknowledgement");
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT + 1, SERVER), DHCP_NOTHING);
	assert_string_equal(dhcp_reason(&w.dhcp), "the server acknowledges another address than was asked for");
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, OTHER), DHCP_NOTHING);
	assert_string_equal(dhcp_reason(&w.dhcp), "another server than the one asked refuses");
	assert_false(dhcp_has_lease(&w.dhcp));
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
}

static void an_ack_out_of_the_blue_gives_no_lease(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_NOTHING);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_NOTHING);
	assert_false(dhcp_has_lease(&w.dhcp));
	assert_string_equal(dhcp_state_name(&w.dhcp), "SELECTING");
}

static void a_request_is_sent_four_times_then_all_begins_anew(void **state)
{
	struct world w;
	uint32_t xid;

	(void)state;
	request(&w);
	xid = w.dhcp.xid;
	for (int i = 1; i < 4; i++) {
		assert_int_equal(pass(&w), DHCP_SEND);
		assert_int_equal(sent_type(&w), DHCP_REQUEST);
	}
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_int_not_equal(w.dhcp.xid, xid);
	assert_non_null(dhcp_reason(&w.dhcp));
	assert_true(w.now - START < 20000);
}

static void naks_restart_at_once_then_ever_later(void **state)
{
	struct world w;
	int64_t last = 0;

	(void)state;
	request(&w);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	for (int i = 0; i < 8; i++) {
		int64_t heard;

		assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
		heard = w.now;
		assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_NOTHING);
		assert_string_equal(dhcp_reason(&w.dhcp), "the server refuses the address (NAK)");
		assert_string_equal(dhcp_state_name(&w.dhcp), "INIT");
		assert_int_equal(pass(&w), DHCP_SEND);
		assert_int_equal(sent_type(&w), DHCP_DISCOVER);
		assert_true(w.now - heard > last || last > 14000);
		assert_true(i || w.now - heard <= 1500);
		last = w.now - heard;
	}
}

static void a_known_address_is_asked_for_in_one_exchange(void **state)
{
	struct dhcp_config known = config;
	struct world w;

	(void)state;
	known.requested_address = CLIENT;
	start_with(&w, &known);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_string_equal(dhcp_state_name(&w.dhcp), "REBOOTING");
	assert_int_equal(sent_type(&w), DHCP_REQUEST);
	assert_int_equal(sent32(&w, 50), CLIENT);
	assert_int_equal(sent32(&w, 54), 0);
	assert_int_equal(sent_ciaddr(&w), 0);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT + 1, SERVER), DHCP_NOTHING);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
}

static void a_known_address_that_is_refused_or_unknown_costs_little(void **state)
{
	struct dhcp_config known = config;
	struct world w;

	(void)state;
	known.requested_address = CLIENT;
	start_with(&w, &known);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);

	start_with(&w, &known);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_REQUEST);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_string_equal(dhcp_reason(&w.dhcp), "no server answers for the known address");
	assert_true(w.now - START <= 3750);
}

static void a_lease_is_renewed_then_rebound_then_lost(void **state)
{
	struct world w;
	unsigned did = 0;
	int renewals = 0, rebindings = 0;

	(void)state;
	bind_to(&w);
	assert_int_equal(dhcp_deadline(&w.dhcp), START + 1800 * 1000);
	for (did = pass(&w); !(did & DHCP_LOST); did = pass(&w)) {
		assert_int_equal(did, DHCP_SEND);
		assert_int_equal(sent_type(&w), DHCP_REQUEST);
		assert_int_equal(sent_ciaddr(&w), CLIENT);
		assert_int_equal(sent32(&w, 50), 0);
		assert_int_equal(sent32(&w, 54), 0);
		assert_false(w.output.raw);
		assert_int_equal(w.output.source, CLIENT);
		if (w.output.destination == SERVER) {
			assert_true(w.now < START + 3150 * 1000);
			assert_string_equal(dhcp_state_name(&w.dhcp), "RENEWING");
			renewals++;
		} else {
			assert_int_equal(w.output.destination, 0xffffffffu);
			assert_true(w.now >= START + 3150 * 1000);
			assert_string_equal(dhcp_state_name(&w.dhcp), "REBINDING");
			rebindings++;
		}
	}
	assert_in_range(renewals, 3, 8);
	assert_in_range(rebindings, 2, 8);
	assert_int_equal(did, DHCP_LOST | DHCP_SEND);
	assert_int_equal(w.now, START + 3600 * 1000);
	assert_string_equal(dhcp_reason(&w.dhcp), "the lease has run out");
	assert_false(dhcp_has_lease(&w.dhcp));
	assert_int_equal(w.dhcp.lease.prefix, 0);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
}

static void a_renewal_extends_the_lease_from_when_it_was_asked(void **state)
{
	struct world w;
	int64_t sent_ms;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	w.now += 700;
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, OTHER), DHCP_NOTHING);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	assert_int_equal(dhcp_deadline(&w.dhcp), START + 2 * 1800 * 1000);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(pass(&w), DHCP_SEND); /* the first was lost: the second counts */
	sent_ms = w.now;
	w.now += 50;
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	assert_int_equal(dhcp_deadline(&w.dhcp), sent_ms + 1800 * 1000);
}

static void any_server_may_extend_a_lease_that_is_being_rebound(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	do
		assert_int_equal(pass(&w), DHCP_SEND);
	while (strcmp(dhcp_state_name(&w.dhcp), "REBINDING"));
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, OTHER), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.server, OTHER);
}

static void a_nak_while_renewing_takes_the_address_away(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, OTHER), DHCP_NOTHING);
	assert_true(dhcp_has_lease(&w.dhcp));
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_LOST | DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_true(w.output.raw);
}

static void bind_with_times(struct world *w, uint32_t lease, uint32_t t1, uint32_t t2)
{
	request(w);
	header(&w->reply, w->dhcp.xid, CLIENT);
	option8(&w->reply, 53, DHCP_ACK);
	option32(&w->reply, 54, SERVER);
	option32(&w->reply, 51, lease);
	option32(&w->reply, 58, t1);
	option32(&w->reply, 59, t2);
	assert_int_equal(hear(w), DHCP_BOUND);
}

/* Root depends on it: no other one helps. */
static void an_address_that_is_in_use_is_the_only_one(void **state)
{
	struct world w;

	(void)state;
	discover(&w);
	dhcp_keep_address(&w.dhcp); /* there is none yet */
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, SERVER), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, SERVER), DHCP_BOUND);
	dhcp_keep_address(&w.dhcp);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, SERVER), DHCP_LOST | DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_int_equal(sent32(&w, 50), CLIENT);
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT + 1, SERVER), DHCP_NOTHING);
	assert_string_equal(dhcp_reason(&w.dhcp), "the server offers another address than the one in use");
	assert_int_equal(hear_plain(&w, DHCP_OFFER, CLIENT, OTHER), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_ACK, CLIENT, OTHER), DHCP_BOUND);
}

static void an_infinite_lease_never_ends(void **state)
{
	struct world w;

	(void)state;
	bind_with_times(&w, 0xffffffffu, 10, 20);
	assert_true(dhcp_deadline(&w.dhcp) == DHCP_NEVER);
	bind_with_times(&w, 0xfffffffeu, 0, 0);
	assert_true(dhcp_deadline(&w.dhcp) > START + 2147483000ll * 1000);
	assert_true(dhcp_deadline(&w.dhcp) < START + 2147484000ll * 1000);
}

static void nonsense_times_are_repaired(void **state)
{
	static const uint32_t table[][5] = {
		{3600, 0, 0, 1800, 3150},
		{3600, 3000, 2000, 1142, 2000},
		{3600, 4000, 5000, 1800, 3150},
		{3600, 100, 3600, 100, 3150},
		{3600, 3150, 0, 1800, 3150},
		{1, 0, 0, 0, 1},
		{3600, 0xffffffff, 0xffffffff, 1800, 3150},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bind_with_times(&w, table[i][0], table[i][1], table[i][2]);
		assert_int_equal(w.dhcp.lease.t1_s, table[i][3]);
		assert_int_equal(w.dhcp.lease.t2_s, table[i][4]);
	}
}

static void a_lease_of_a_second_ends_in_a_second_and_makes_no_storm(void **state)
{
	struct world w;
	int sent = 0;

	(void)state;
	bind_with_times(&w, 1, 0, 0);
	while (!(pass(&w) & DHCP_LOST))
		assert_true(++sent < 5);
	assert_int_equal(w.now, START + 1000);
}

static void a_conflict_is_declined_and_ten_seconds_pass(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_SEND | DHCP_LOST);
	assert_int_equal(sent_type(&w), DHCP_DECLINE);
	assert_int_equal(sent32(&w, 50), CLIENT);
	assert_int_equal(sent32(&w, 54), SERVER);
	assert_int_equal(sent_ciaddr(&w), 0);
	assert_true(w.output.raw);
	assert_int_equal(w.output.source, 0);
	assert_false(dhcp_has_lease(&w.dhcp));
	assert_in_range(dhcp_deadline(&w.dhcp) - w.now, 10000, 11000);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_NOTHING);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
}

static void without_link_nothing_is_due_and_the_link_restarts_all(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(happen(&w, DHCP_LINK_DOWN), DHCP_NOTHING);
	assert_true(dhcp_deadline(&w.dhcp) == DHCP_NEVER);
	assert_string_equal(dhcp_waiting(&w.dhcp), "the link to come up");
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(sent_type(&w), DHCP_DISCOVER);
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_NOTHING);
}

static void a_lease_survives_the_link_and_is_verified(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_LINK_DOWN), DHCP_NOTHING);
	assert_true(dhcp_has_lease(&w.dhcp));
	w.now += 5000;
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(sent32(&w, 50), CLIENT);
	assert_int_equal(sent_ciaddr(&w), 0);
	assert_true(dhcp_has_lease(&w.dhcp));
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(pass(&w), DHCP_NOTHING); /* nobody answers: keep what we have */
	assert_true(dhcp_has_lease(&w.dhcp));
	assert_int_equal(dhcp_deadline(&w.dhcp), START + 1800 * 1000);
	assert_string_equal(dhcp_state_name(&w.dhcp), "BOUND");
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(hear_plain(&w, DHCP_NAK, 0, OTHER), DHCP_LOST | DHCP_SEND);
}

static void release_gives_the_lease_back_and_stops(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_true(dhcp_release(&w.dhcp, 7, &w.output));
	assert_int_equal(sent_type(&w), DHCP_RELEASE);
	assert_int_equal(sent_ciaddr(&w), CLIENT);
	assert_int_equal(w.output.destination, SERVER);
	assert_false(w.output.raw);
	assert_true(dhcp_deadline(&w.dhcp) == DHCP_NEVER);
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_NOTHING);
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_NOTHING);
	assert_memory_equal(&w.dhcp.lease, &(struct dhcp_lease){0}, sizeof(w.dhcp.lease)); /* nothing of it is left */
	assert_memory_equal(&w.dhcp.offer, &(struct dhcp_lease){0}, sizeof(w.dhcp.offer));
	assert_false(dhcp_release(&w.dhcp, 7, &w.output));
}

static void every_state_says_what_it_waits_for(void **state)
{
	struct dhcp dhcp = {.state = DHCP_STOPPED};

	(void)state;
	for (int i = 0; i < DHCP_STATES; i++) {
		dhcp.state = (enum dhcp_state)i;
		assert_non_null(dhcp_waiting(&dhcp));
		assert_non_null(dhcp_state_name(&dhcp));
	}
}

/* Frames */

/* A frame for port 68, from what the client would send to 67. */
static size_t turned_frame(struct world *w, uint8_t *frame)
{
	size_t length;

	discover(w);
	length = dhcp_frame_build(&w->output, frame);
	frame[21] = 67; /* 68 -> 67 and 67 -> 68: the sums stay */
	frame[23] = 68;
	return length;
}

static void a_frame_holds_the_message_and_right_sums(void **state)
{
	uint8_t frame[DHCP_FRAME_MAX];
	const uint8_t *payload;
	struct world w;
	size_t length, payload_length;

	(void)state;
	length = turned_frame(&w, frame);
	assert_int_equal(length, w.output.length + 28);
	assert_int_equal(frame[9], 17); /* UDP */
	assert_null(dhcp_frame_parse(frame, length, true, &payload, &payload_length));
	assert_int_equal(payload_length, w.output.length);
	assert_memory_equal(payload, w.output.bytes, payload_length);
	memset(frame + length, 0, 4);
	assert_null(dhcp_frame_parse(frame, length + 4, true, &payload, &payload_length)); /* Ethernet's padding */
	assert_int_equal(payload_length, w.output.length);
	for (size_t cut = 0; cut < length; cut++)
		assert_non_null(dhcp_frame_parse(frame, cut, true, &payload, &payload_length));
}

static void a_frame_is_laid_out_byte_by_byte(void **state)
{
	static const uint8_t expected[] = {0x45, 0x10, 0x00, 0x1f, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x78,
					   0x5a, 0xc0, 0x00, 0x02, 0x64, 0xff, 0xff, 0xff, 0xff, 0x00, 0x44,
					   0x00, 0x43, 0x00, 0x0b, 0x38, 0xeb, 0x01, 0x02, 0x03};
	struct dhcp_output output = {.length = 3, .source = CLIENT, .destination = 0xffffffffu, .bytes = {1, 2, 3}};
	uint8_t frame[DHCP_FRAME_MAX];

	(void)state;
	assert_int_equal(dhcp_frame_build(&output, frame), sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	output.length = 4;
	memcpy(output.bytes, "\x01\x02\x3b\xe9", 4);
	assert_int_equal(dhcp_frame_build(&output, frame), 32);
	assert_memory_equal(frame + 26, "\xff\xff", 2); /* RFC 768: a sum of 0 is sent so */
	output.length = 0;
	assert_int_equal(dhcp_frame_build(&output, frame), 28);
}

/* RFC 791: a header may have options. */
static void a_frame_with_options_is_read(void **state)
{
	uint8_t frame[DHCP_FRAME_MAX + 4];
	const uint8_t *payload;
	struct world w;
	size_t length, n;

	(void)state;
	length = turned_frame(&w, frame);
	memmove(frame + 24, frame + 20, length - 20);
	memset(frame + 20, 1, 4); /* four times "no operation" */
	frame[0] = 0x46;
	frame[2] = (uint8_t)((length + 4) >> 8);
	frame[3] = (uint8_t)(length + 4);
	frame[10] = frame[11] = 0;
	for (uint32_t i = 0, sum = 0; i < 24; i += 2) {
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
		sum = (sum & 0xffff) + (sum >> 16);
		if (i == 22) {
			frame[10] = (uint8_t)(~sum >> 8);
			frame[11] = (uint8_t)~sum;
		}
	}
	assert_null(dhcp_frame_parse(frame, length + 4, true, &payload, &n));
	assert_ptr_equal(payload, frame + 32);
	assert_int_equal(n, w.output.length);
	assert_memory_equal(payload, w.output.bytes, n);
}

static void a_frame_with_wrong_sums_is_refused(void **state)
{
	uint8_t frame[DHCP_FRAME_MAX];
	const uint8_t *payload;
	struct world w;
	size_t length, n;

	(void)state;
	length = turned_frame(&w, frame);
	frame[100] ^= 1;
	assert_string_equal(dhcp_frame_parse(frame, length, true, &payload, &n), "the UDP checksum is wrong");
	assert_null(dhcp_frame_parse(frame, length, false, &payload, &n)); /* not filled in yet */
	frame[26] = frame[27] = 0;
	assert_null(dhcp_frame_parse(frame, length, true, &payload, &n)); /* none was sent */
	frame[8] ^= 1;
	assert_string_equal(dhcp_frame_parse(frame, length, false, &payload, &n), "the IPv4 header checksum is wrong");
}

static void change16(uint8_t *frame, size_t at, int by)
{
	/* keeps the header's sum right by taking the same from the identification field, which counts for nothing */
	int value = (frame[at] << 8 | frame[at + 1]) + by, id = (frame[4] << 8 | frame[5]) - by;

	if (id < 0)
		id += 0xffff;
	frame[at] = (uint8_t)(value >> 8);
	frame[at + 1] = (uint8_t)value;
	frame[4] = (uint8_t)(id >> 8);
	frame[5] = (uint8_t)id;
}

static void other_packets_are_no_frames_of_ours(void **state)
{
	static const struct {
		size_t at;
		int by;
		const char *reason;
	} table[] = {
		{8, -11, "the packet is not UDP"},
		{6, 0x2000 - 0x4000, "the packet is a fragment"},
		{6, 1, "the packet is a fragment"},
		{2, 1, "the packet is not a whole IPv4 packet"},
		{0, 0x1000, "the packet is not a whole IPv4 packet"},
		{0, -0x0100, "the packet is not a whole IPv4 packet"},
		{2, -400, "the packet is not a whole IPv4 packet"},
		{22, 1, "the packet is for another port"},
		{24, 1, "the UDP length is wrong"},
		{24, -400, "the UDP length is wrong"},
	};
	uint8_t frame[DHCP_FRAME_MAX];
	const uint8_t *payload;
	struct world w;
	size_t length, n;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		length = turned_frame(&w, frame);
		if (table[i].at == 24 && table[i].by == -400) /* shorter than its header */
			memcpy(frame + 24, "\0\7", 2);
		else if (table[i].by == -400)
			change16(frame, table[i].at, 7 - (frame[table[i].at] << 8 | frame[table[i].at + 1]));
		else if (table[i].at < 20)
			change16(frame, table[i].at, table[i].by);
		else
			frame[table[i].at + 1] = (uint8_t)(frame[table[i].at + 1] + table[i].by);
		assert_string_equal(dhcp_frame_parse(frame, length, false, &payload, &n), table[i].reason);
	}
}

static void a_frame_may_be_empty(void **state)
{
	struct dhcp_output output = {.source = SERVER, .destination = CLIENT};
	uint8_t frame[DHCP_FRAME_MAX];
	const uint8_t *payload;
	size_t n = 1;

	(void)state;
	assert_int_equal(dhcp_frame_build(&output, frame), 28);
	frame[21] = 67;
	frame[23] = 68;
	assert_null(dhcp_frame_parse(frame, 28, true, &payload, &n));
	assert_int_equal(n, 0);
	assert_ptr_equal(payload, frame + 28);
}

static void a_message_that_is_too_long_makes_no_frame(void **state)
{
	uint8_t frame[DHCP_FRAME_MAX];
	struct dhcp_output output = {.length = DHCP_MESSAGE_MAX};

	(void)state;
	assert_int_equal(dhcp_frame_build(&output, frame), DHCP_FRAME_MAX);
	output.length++;
	assert_int_equal(dhcp_frame_build(&output, frame), 0);
}

/* ARP */

static void arp_sees_who_has_our_address(void **state)
{
	static const uint8_t theirs[6] = {2, 0, 0, 0, 0, 9};
	struct arp_stations ours = {.count = 0}, others = {.count = 0};
	uint8_t packet[ARP_SIZE + 18] = {0};

	(void)state;
	arp_add_station(&ours, config.mac);
	arp_add_station(&others, theirs);
	arp_build_probe(packet, config.mac, CLIENT);
	assert_memory_equal(packet, "\0\1\10\0\6\4\0\1\122\124\0\22\64\126\0\0\0\0\0\0\0\0\0\0\300\0\2\144", ARP_SIZE);
	assert_false(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT));
	assert_false(arp_is_conflict(packet, ARP_SIZE, &others, CLIENT)); /* who probes does not have it */
	arp_build_announcement(packet, theirs, CLIENT);
	assert_true(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT));
	assert_true(arp_is_conflict(packet, ARP_SIZE + 18, &ours, CLIENT));
	assert_false(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT + 1));
	assert_false(arp_is_conflict(packet, ARP_SIZE, &others, CLIENT)); /* our own */
	packet[7] = 2;
	assert_true(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT));
	packet[7] = 3;
	assert_false(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT));
	packet[7] = 2;
	for (size_t cut = 0; cut < ARP_SIZE; cut++)
		assert_false(arp_is_conflict(packet, cut, &ours, CLIENT));
	arp_add_station(&ours, theirs); /* another interface of this machine */
	assert_false(arp_is_conflict(packet, ARP_SIZE, &ours, CLIENT));
}

static void stations_are_kept_once_and_within_bounds(void **state)
{
	struct arp_stations stations = {.count = 0};

	(void)state;
	for (uint8_t i = 0; i < 2 * ARP_STATIONS_MAX; i++)
		arp_add_station(&stations, (uint8_t[6]){2, [5] = i / 2});
	assert_int_equal(stations.count, ARP_STATIONS_MAX);
	for (uint8_t i = 100; i < 150; i++)
		arp_add_station(&stations, (uint8_t[6]){2, [5] = i});
	assert_int_equal(stations.count, ARP_STATIONS_MAX);
	assert_int_equal(stations.macs[ARP_STATIONS_MAX - 1][5], ARP_STATIONS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discover_says_who_we_are_and_what_we_want),
		cmocka_unit_test(client_identifier_and_host_name_are_as_asked),
		cmocka_unit_test(request_names_server_and_address_of_the_offer),
		cmocka_unit_test(a_message_is_laid_out_byte_by_byte),
		cmocka_unit_test(hardware_type_is_the_interface_s),
		cmocka_unit_test(a_given_client_identifier_has_64_bytes_at_most),
		cmocka_unit_test(a_lease_holds_all_that_was_given),
		cmocka_unit_test(a_root_path_with_a_password_is_a_secret_too),
		cmocka_unit_test(long_options_are_joined_also_across_overloaded_fields),
		cmocka_unit_test(fields_are_no_options_without_overload),
		cmocka_unit_test(pads_stand_anywhere_and_nothing_counts_after_the_end),
		cmocka_unit_test(classless_routes_replace_the_routers),
		cmocka_unit_test(values_at_the_edge_are_taken),
		cmocka_unit_test(overload_of_one_field_leaves_the_other_alone),
		cmocka_unit_test(an_answer_may_be_as_long_as_we_said),
		cmocka_unit_test(what_cannot_be_read_is_left_out_and_named),
		cmocka_unit_test(wrong_packets_are_refused_by_name_and_change_nothing),
		cmocka_unit_test(a_packet_cut_anywhere_never_binds),
		cmocka_unit_test(client_identifier_may_be_echoed),
		cmocka_unit_test(addresses_at_the_edge_of_point_to_point_networks_are_good),
		cmocka_unit_test(what_is_no_value_is_left_out),
		cmocka_unit_test(without_a_netmask_the_class_counts),
		cmocka_unit_test(each_exchange_has_its_own_number),
		cmocka_unit_test(discover_is_repeated_after_1_2_4_4_seconds),
		cmocka_unit_test(a_timer_that_comes_early_does_nothing),
		cmocka_unit_test(first_offer_is_taken_at_once_and_duplicates_are_ignored),
		cmocka_unit_test(lease_that_is_gone_leaves_nothing),
		cmocka_unit_test(each_repetition_has_its_span),
		cmocka_unit_test(seconds_of_a_renewal_begin_with_it),
		cmocka_unit_test(quarrel_is_put_off_by_sixteen_seconds_at_most),
		cmocka_unit_test(renewals_come_closer_together_but_not_too_close),
		cmocka_unit_test(declined_address_is_not_asked_for_at_once),
		cmocka_unit_test(seconds_of_a_message_have_a_most),
		cmocka_unit_test(an_offer_with_root_path_is_preferred_for_half_a_second),
		cmocka_unit_test(an_ack_must_fit_what_was_asked),
		cmocka_unit_test(an_ack_out_of_the_blue_gives_no_lease),
		cmocka_unit_test(a_request_is_sent_four_times_then_all_begins_anew),
		cmocka_unit_test(naks_restart_at_once_then_ever_later),
		cmocka_unit_test(a_known_address_is_asked_for_in_one_exchange),
		cmocka_unit_test(a_known_address_that_is_refused_or_unknown_costs_little),
		cmocka_unit_test(a_lease_is_renewed_then_rebound_then_lost),
		cmocka_unit_test(a_renewal_extends_the_lease_from_when_it_was_asked),
		cmocka_unit_test(any_server_may_extend_a_lease_that_is_being_rebound),
		cmocka_unit_test(a_nak_while_renewing_takes_the_address_away),
		cmocka_unit_test(an_address_that_is_in_use_is_the_only_one),
		cmocka_unit_test(an_infinite_lease_never_ends),
		cmocka_unit_test(nonsense_times_are_repaired),
		cmocka_unit_test(a_lease_of_a_second_ends_in_a_second_and_makes_no_storm),
		cmocka_unit_test(a_conflict_is_declined_and_ten_seconds_pass),
		cmocka_unit_test(without_link_nothing_is_due_and_the_link_restarts_all),
		cmocka_unit_test(a_lease_survives_the_link_and_is_verified),
		cmocka_unit_test(release_gives_the_lease_back_and_stops),
		cmocka_unit_test(every_state_says_what_it_waits_for),
		cmocka_unit_test(a_frame_holds_the_message_and_right_sums),
		cmocka_unit_test(a_frame_is_laid_out_byte_by_byte),
		cmocka_unit_test(a_frame_with_options_is_read),
		cmocka_unit_test(a_frame_with_wrong_sums_is_refused),
		cmocka_unit_test(other_packets_are_no_frames_of_ours),
		cmocka_unit_test(a_frame_may_be_empty),
		cmocka_unit_test(a_message_that_is_too_long_makes_no_frame),
		cmocka_unit_test(arp_sees_who_has_our_address),
		cmocka_unit_test(stations_are_kept_once_and_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
