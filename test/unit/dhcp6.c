/* dhcp6.c - what must hold for DHCPv6 messages and the client's state machine.
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

#include "proto/bytes.h"
#include "proto/dhcp6.h"

#define START 1000000
#define IAID  0x12345678u

static const struct dhcp6_config config = {.mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .iaid = IAID};
static const uint8_t duid[] = {0, 3, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t server[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 1};
static const uint8_t other[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 2};
static const uint8_t address[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x64};
static const uint8_t address2[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x65};

/* The server's pen */

struct reply {
	uint8_t bytes[2000];
	struct writer w;
};

static void option(struct reply *r, uint16_t code, size_t length, const void *value)
{
	write_be16(&r->w, code);
	write_be16(&r->w, (uint16_t)length);
	write_bytes(&r->w, value, length);
}

static void header(struct reply *r, uint8_t type, uint32_t xid)
{
	r->w = writer_of(r->bytes, sizeof(r->bytes));
	write_u8(&r->w, type);
	write_be24(&r->w, xid);
}

static void identity(struct reply *r, uint8_t type, uint32_t xid, const uint8_t *from)
{
	header(r, type, xid);
	option(r, 1, sizeof(duid), duid);
	option(r, 2, sizeof(server), from);
}

static void ia(struct reply *r, uint32_t iaid, uint32_t t1, uint32_t t2, size_t inner)
{
	write_be16(&r->w, 3);
	write_be16(&r->w, (uint16_t)(12 + inner));
	write_be32(&r->w, iaid);
	write_be32(&r->w, t1);
	write_be32(&r->w, t2);
}

static void ia_address(struct reply *r, const uint8_t *ip, uint32_t preferred, uint32_t valid, size_t inner)
{
	write_be16(&r->w, 5);
	write_be16(&r->w, (uint16_t)(24 + inner));
	write_bytes(&r->w, ip, 16);
	write_be32(&r->w, preferred);
	write_be32(&r->w, valid);
}

static void status(struct reply *r, uint16_t code)
{
	write_be16(&r->w, 13);
	write_be16(&r->w, 2);
	write_be16(&r->w, code);
}

static void gift(struct reply *r, uint8_t type, uint32_t xid, const uint8_t *from)
{
	identity(r, type, xid, from);
	ia(r, IAID, 1000, 1600, 28);
	ia_address(r, address, 2000, 3000, 0);
}

/* The client's side of a test */

struct world {
	struct dhcp6 dhcp;
	struct dhcp_output output;
	struct reply reply;
	int64_t now;
	uint32_t random;
};

static unsigned happen(struct world *w, enum dhcp_event event)
{
	struct dhcp_input input = {.event = event, .now_ms = w->now, .random = w->random};

	w->random = w->random * 1103515245 + 12345;
	return dhcp6_step(&w->dhcp, &input, &w->output);
}

static unsigned pass(struct world *w)
{
	assert_true(dhcp6_deadline(&w->dhcp) != DHCP_NEVER);
	if (dhcp6_deadline(&w->dhcp) > w->now)
		w->now = dhcp6_deadline(&w->dhcp);
	return happen(w, DHCP_TIMER);
}

static unsigned hear(struct world *w)
{
	struct dhcp_input input = {.event = DHCP_PACKET,
				   .bytes = w->reply.bytes,
				   .length = w->reply.w.used,
				   .now_ms = w->now,
				   .random = w->random};

	assert_false(w->reply.w.bad);
	w->random = w->random * 1103515245 + 12345;
	return dhcp6_step(&w->dhcp, &input, &w->output);
}

static unsigned hear_gift(struct world *w, uint8_t type, const uint8_t *from)
{
	gift(&w->reply, type, w->dhcp.xid, from);
	return hear(w);
}

static unsigned hear_status(struct world *w, uint16_t code)
{
	identity(&w->reply, DHCP6_REPLY, w->dhcp.xid, server);
	ia(&w->reply, IAID, 0, 0, 6);
	status(&w->reply, code);
	return hear(w);
}

static void start_with(struct world *w, const struct dhcp6_config *with)
{
	memset(w, 0, sizeof(*w));
	w->now = START;
	w->random = 0xfedcba98;
	dhcp6_start(&w->dhcp, with, w->now);
	assert_int_equal(pass(w), DHCP_SEND);
}

static void solicit(struct world *w)
{
	start_with(w, &config);
	assert_string_equal(dhcp6_state_name(&w->dhcp), "SOLICITING");
}

static void request(struct world *w)
{
	solicit(w);
	assert_int_equal(hear_gift(w, DHCP6_ADVERTISE, server), DHCP_SEND);
	assert_string_equal(dhcp6_state_name(&w->dhcp), "REQUESTING");
}

static void bind_to(struct world *w)
{
	request(w);
	assert_int_equal(hear_gift(w, DHCP6_REPLY, server), DHCP_BOUND);
	assert_true(dhcp6_has_lease(&w->dhcp));
}

static const uint8_t *sent_option(const struct world *w, uint16_t code, size_t *length)
{
	struct reader r = reader_of(w->output.bytes, w->output.length);

	read_skip(&r, 4);
	while (r.left && !r.bad) {
		uint16_t tag = read_be16(&r);

		*length = read_be16(&r);
		if (tag == code)
			return read_bytes(&r, *length);
		read_skip(&r, *length);
	}
	assert_false(r.bad);
	return NULL;
}

static bool sent(const struct world *w, uint16_t code, size_t length, const void *value)
{
	size_t size = 0;
	const uint8_t *bytes = sent_option(w, code, &size);

	return bytes && size == length && !memcmp(bytes, value, length);
}

static bool sent_none(const struct world *w, uint16_t code)
{
	size_t length;

	return !sent_option(w, code, &length);
}

static bool sent_address(const struct world *w, const uint8_t *ip)
{
	size_t length = 0;
	const uint8_t *ia_na = sent_option(w, 3, &length);

	return ia_na && length == 40 && !memcmp(ia_na, "\x12\x34\x56\x78\0\0\0\0\0\0\0\0\0\5\0\30", 16) &&
	       !memcmp(ia_na + 16, ip, 16);
}

/* Messages that are sent */

static void solicit_says_who_we_are_and_what_we_want(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_true(sent(&w, 1, sizeof(duid), duid));
	assert_true(sent_none(&w, 2));
	assert_true(sent(&w, 3, 12, "\x12\x34\x56\x78\0\0\0\0\0\0\0\0"));
	assert_true(sent(&w, 6, 8, "\0\27\0\30\0\73\0\74"));
	assert_true(sent(&w, 8, 2, "\0\0"));
	assert_true(sent(&w, 14, 0, ""));
	assert_true(sent(&w, 15, 12, "\0\12iscsi-init"));
	assert_true(sent_none(&w, 20)); /* reconfigure accept */
}

static void given_duid_and_wishes_are_obeyed(void **state)
{
	struct dhcp6_config mine = config;
	struct world w;

	(void)state;
	memcpy(mine.duid, "\0\4uuid", 6);
	mine.duid_length = 6;
	mine.no_rapid_commit = true;
	start_with(&w, &mine);
	assert_true(sent(&w, 1, 6, "\0\4uuid"));
	assert_true(sent_none(&w, 14));
}

/* RFC 8415 11.4: a DUID-LL has the type of the hardware. */
static void hardware_type_stands_in_our_duid(void **state)
{
	struct dhcp6_config other_hardware = config;
	struct world w;
	uint8_t id[10] = {0, 3, 0, 32};

	(void)state;
	memcpy(id + 4, config.mac, 6);
	other_hardware.hardware_type = 32; /* InfiniBand */
	start_with(&w, &other_hardware);
	assert_true(sent(&w, 1, sizeof(id), id));
}

static void our_duid_may_be_as_long_as_the_rfc_allows(void **state)
{
	struct dhcp6_config mine = config;
	struct world w;

	(void)state;
	memset(mine.duid, 'd', sizeof(mine.duid));
	mine.duid_length = sizeof(mine.duid);
	start_with(&w, &mine);
	assert_true(sent(&w, 1, sizeof(mine.duid), mine.duid));
}

static void request_names_server_and_address(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(w.output.bytes[0], DHCP6_REQUEST);
	assert_true(sent(&w, 2, sizeof(server), server));
	assert_true(sent_address(&w, address));
	assert_true(sent_none(&w, 14));
}

/* Messages that are read */

static void a_lease_holds_all_that_was_given(void **state)
{
	struct world w;
	uint8_t dns[32] = {0x20, 1, [15] = 1, [16] = 0x20, [17] = 1, [31] = 2};

	(void)state;
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 23, 32, dns);
	option(&w.reply, 24, 21, "\7example\3org\0\3two\2xx\0");
	option(&w.reply, 59, 44, "iscsi:[2001:db8::9]::::iqn.2026-01.org.ex:t1");
	option(&w.reply, 60, 11, "\0\3one\0\4two2");
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_memory_equal(w.dhcp.lease.address, address, 16);
	assert_int_equal(w.dhcp.lease.preferred_s, 2000);
	assert_int_equal(w.dhcp.lease.valid_s, 3000);
	assert_int_equal(w.dhcp.lease.t1_s, 1000);
	assert_int_equal(w.dhcp.lease.t2_s, 1600);
	assert_int_equal(w.dhcp.lease.dns_count, 2);
	assert_memory_equal(w.dhcp.lease.dns, dns, 32);
	assert_string_equal(w.dhcp.lease.domain, "example.org");
	assert_string_equal(w.dhcp.lease.boot_url, "iscsi:[2001:db8::9]::::iqn.2026-01.org.ex:t1");
	assert_string_equal(w.dhcp.lease.boot_params, "one two2");
	assert_int_equal(w.dhcp.lease.malformed, 0);
}

/* RFC 8415 11.1: two bytes of type, and 1 to 128 more. */
static void server_identifiers_at_the_edge_are_taken(void **state)
{
	static const size_t lengths[] = {3, DHCP6_DUID_MAX};
	uint8_t id[DHCP6_DUID_MAX];
	struct world w;

	(void)state;
	memset(id, 's', sizeof(id));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		solicit(&w);
		header(&w.reply, DHCP6_ADVERTISE, w.dhcp.xid);
		option(&w.reply, 1, sizeof(duid), duid);
		option(&w.reply, 2, lengths[i], id);
		ia(&w.reply, IAID, 0, 0, 28);
		ia_address(&w.reply, address, 3000, 3000, 0);
		assert_int_equal(hear(&w), DHCP_SEND);
		assert_true(sent(&w, 2, lengths[i], id));
	}
}

static void what_cannot_be_read_is_left_out_and_named(void **state)
{
	static const struct {
		uint16_t code;
		size_t length;
		const char *value;
	} table[] = {
		{7, 0, ""},
		{23, 0, ""},
		{23, 15, "123456789012345"},
		{24, 0, ""},
		{24, 8, "\7example"},    /* no end */
		{24, 9, "\10example\0"}, /* cut */
		{24, 3, "\300\14\0"},    /* a compressed name */
		{24, 5, "\3a.b\0"},      /* a dot in a label */
		{24, 5, "\3a\nb\0"},
		{24, 5, "\3a b\0"},
		{24, 5,
		 "\3a\x7f"
		 "b\0"},
		{59, 3, "a\nb"},
		{59, 3, "a\0b"},
		{60, 1, "\0"},
		{60, 4, "\0\3ab"},
		{60, 4, "\0\2a\n"},
		{60, 7, "\0\1a\0\2b\n"},
		{24, 6, "\1a\3b.c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world w;

		request(&w);
		gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
		option(&w.reply, table[i].code, table[i].length, table[i].value);
		assert_int_equal(hear(&w), DHCP_BOUND);
		assert_int_equal(w.dhcp.lease.malformed, table[i].code);
		assert_string_equal(w.dhcp.lease.domain, "");
		assert_string_equal(w.dhcp.lease.boot_url, "");
		assert_string_equal(w.dhcp.lease.boot_params, "");
		assert_int_equal(w.dhcp.lease.dns_count, 0);
	}
}

static void a_text_that_is_too_long_is_left_out(void **state)
{
	char url[512], labels[300];
	struct world w;

	(void)state;
	memset(url, 'u', sizeof(url));
	for (size_t i = 0; i < sizeof(labels); i++)
		labels[i] = i % 10 ? 'x' : 9;
	labels[290] = 0;
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 59, 512, url);
	option(&w.reply, 24, 291, labels);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_string_equal(w.dhcp.lease.boot_url, "");
	assert_string_equal(w.dhcp.lease.domain, "");
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 59, 511, url);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(strlen(w.dhcp.lease.boot_url), 511);
}

static void texts_at_their_limits_are_whole(void **state)
{
	char labels[256], expected[254], params[515];
	struct world w;

	(void)state;
	for (size_t i = 0; i < 254; i++) {
		labels[i] = i % 64 ? (char)('a' + i % 26) : 63;
		if (i)
			expected[i - 1] = i % 64 ? labels[i] : '.';
	}
	labels[192] = 61; /* 3 * 64 + 62 = 254 */
	labels[254] = 0;
	expected[253] = 0;
	params[0] = 0x1;
	params[1] = (char)0xff; /* 511 bytes */
	memset(params + 2, 'p', 511);
	params[2] = ' '; /* the first that can be seen */
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 24, 255, labels);
	option(&w.reply, 60, 513, params);
	option(&w.reply, 23, 80, labels); /* five addresses */
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.malformed, 0);
	assert_string_equal(w.dhcp.lease.domain, expected);
	assert_int_equal(strlen(w.dhcp.lease.boot_params), 511);
	assert_int_equal(w.dhcp.lease.dns_count, DHCP_DNS_MAX);
	labels[192] = 62;
	labels[254] = 'z';
	labels[255] = 0;
	params[0] = 0x2;
	params[1] = 0; /* 512 */
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 24, 256, labels);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.malformed, 24);
	assert_string_equal(w.dhcp.lease.domain, "");
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 60, 514, params);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.malformed, 60);
	memset(labels, 'l', 66);
	labels[0] = 64; /* RFC 1035 2.3.4: 63 at most */
	labels[65] = 0;
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 24, 66, labels);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.malformed, 24);
}

static void addresses_beside_the_refused_ones_are_taken(void **state)
{
	static const uint8_t good[][16] = {{[15] = 2},
					   {[14] = 1, [15] = 1},
					   {1, [15] = 1},
					   {0xfe, 0xc0, [15] = 1},
					   {0xfe, 0x40, [15] = 1},
					   {0xfd, 0x80, [15] = 1},
					   {0xfc, [15] = 1}};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		request(&w);
		identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
		ia(&w.reply, IAID, 0, 0, 28);
		ia_address(&w.reply, good[i], 3000, 3000, 0);
		assert_int_equal(hear(&w), DHCP_BOUND);
		assert_memory_equal(w.dhcp.lease.address, good[i], 16);
	}
}

static void make_short(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	r->w.used = 3;
}

static void make_solicit(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_SOLICIT, xid, server);
}

static void make_reconfigure(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_RECONFIGURE, xid, server);
}

static void make_other_xid(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid ^ 1, server);
}

static void make_past_end(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	write_be32(&r->w, 59u << 16 | 1);
}

static void make_half_option(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	write_be24(&r->w, 59u << 8);
}

static void make_inner_past_end(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 27);
	ia_address(r, address, 2000, 3000, 0);
	r->w.used--;
}

static void make_innermost_past_end(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 28 + 5);
	ia_address(r, address, 2000, 3000, 5);
	status(r, 0);
	r->w.used--;
}

static void make_short_ia(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	option(r, 3, 11, "12345678901");
}

static void make_short_status(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	option(r, 13, 1, "");
}

static void make_no_client(struct reply *r, uint32_t xid)
{
	header(r, DHCP6_ADVERTISE, xid);
	option(r, 2, sizeof(server), server);
}

static void make_no_server(struct reply *r, uint32_t xid)
{
	header(r, DHCP6_ADVERTISE, xid);
	option(r, 1, sizeof(duid), duid);
}

static void make_other_client(struct reply *r, uint32_t xid)
{
	header(r, DHCP6_ADVERTISE, xid);
	option(r, 1, sizeof(server), server);
}

static void make_two_servers(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	option(r, 2, sizeof(other), other);
}

static void make_long_server(struct reply *r, uint32_t xid)
{
	uint8_t id[131] = {0};

	header(r, DHCP6_ADVERTISE, xid);
	option(r, 1, sizeof(duid), duid);
	option(r, 2, sizeof(id), id);
}

static void make_short_duid(struct reply *r, uint32_t xid)
{
	header(r, DHCP6_ADVERTISE, xid);
	option(r, 1, sizeof(duid), duid);
	option(r, 2, 2, "\0\3");
}

static void make_client_with_more(struct reply *r, uint32_t xid)
{
	uint8_t id[sizeof(duid) + 1] = {0};

	memcpy(id, duid, sizeof(duid));
	header(r, DHCP6_ADVERTISE, xid);
	option(r, 1, sizeof(id), id);
}

static void make_address(struct reply *r, uint32_t xid, const uint8_t *ip)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 28);
	ia_address(r, ip, 2000, 3000, 0);
}

static void make_address_none(struct reply *r, uint32_t xid)
{
	make_address(r, xid, (const uint8_t[16]){0});
}

static void make_address_loopback(struct reply *r, uint32_t xid)
{
	make_address(r, xid, (const uint8_t[16]){[15] = 1});
}

static void make_address_multicast(struct reply *r, uint32_t xid)
{
	make_address(r, xid, (const uint8_t[16]){0xff, 2, [15] = 1});
}

static void make_address_link_local(struct reply *r, uint32_t xid)
{
	make_address(r, xid, (const uint8_t[16]){0xfe, 0xbf, [15] = 1});
}

static void make_no_ia(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
}

static void make_other_ia(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID + 1, 0, 0, 28);
	ia_address(r, address, 2000, 3000, 0);
}

static void make_t1_after_t2(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 2000, 1000, 28);
	ia_address(r, address, 2000, 3000, 0);
}

static void make_preferred_after_valid(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 28);
	ia_address(r, address, 3001, 3000, 0);
}

static void make_valid_0(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 28);
	ia_address(r, address, 0, 0, 0);
}

static void make_bad_address_status(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 28 + 6);
	ia_address(r, address, 2000, 3000, 6);
	status(r, 1);
}

static void make_no_addresses_inside(struct reply *r, uint32_t xid)
{
	identity(r, DHCP6_ADVERTISE, xid, server);
	ia(r, IAID, 0, 0, 6);
	status(r, DHCP6_NO_ADDRS_AVAIL);
}

static void make_no_addresses(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_ADVERTISE, xid, server);
	status(r, DHCP6_NO_ADDRS_AVAIL);
}

static void make_slow_reply(struct reply *r, uint32_t xid)
{
	gift(r, DHCP6_REPLY, xid, server);
}

static const struct {
	const char *reason;
	void (*make)(struct reply *r, uint32_t xid);
} wrongs[] = {
	{"the packet is too short for DHCPv6", make_short},
	{"the message type is none that answers a client", make_solicit},
	{"the message type is none that answers a client", make_reconfigure},
	{"the packet answers another transaction", make_other_xid},
	{"an option runs past the end of the packet", make_past_end},
	{"an option runs past the end of the packet", make_half_option},
	{"an option runs past the end of the packet", make_inner_past_end},
	{"an option runs past the end of the packet", make_innermost_past_end},
	{"an option runs past the end of the packet", make_short_ia},
	{"a status code is too short", make_short_status},
	{"there is no client identifier", make_no_client},
	{"there is no server identifier", make_no_server},
	{"the client identifier is not ours", make_other_client},
	{"there is more than one server identifier", make_two_servers},
	{"the server identifier is not a DUID", make_long_server},
	{"the server identifier is not a DUID", make_short_duid},
	{"the client identifier is not ours", make_client_with_more},
	{"the address given is ::", make_address_none},
	{"the address given is the loopback address", make_address_loopback},
	{"the address given is a multicast address", make_address_multicast},
	{"the address given is link-local", make_address_link_local},
	{"the answer holds no address", make_no_ia},
	{"the answer holds no address", make_other_ia},
	{"the answer holds no address", make_t1_after_t2},
	{"the answer holds no address", make_preferred_after_valid},
	{"the answer holds no address", make_bad_address_status},
	{"the address given has a lifetime of 0 s", make_valid_0},
	{"the server has no address to give (NoAddrsAvail)", make_no_addresses_inside},
	{"the server has no address to give (NoAddrsAvail)", make_no_addresses},
	{"the REPLY to a SOLICIT has no rapid commit option", make_slow_reply},
};

static void wrong_packets_are_refused_by_name_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct world w;
		struct dhcp6 before;

		solicit(&w);
		wrongs[i].make(&w.reply, w.dhcp.xid);
		before = w.dhcp;
		assert_int_equal(hear(&w), DHCP_NOTHING);
		assert_int_equal(w.output.length, 0);
		assert_non_null(dhcp6_reason(&w.dhcp));
		assert_string_equal(dhcp6_reason(&w.dhcp), wrongs[i].reason);
		before.reason = w.dhcp.reason;
		assert_memory_equal(&before, &w.dhcp, sizeof(before));
		assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
	}
}

static void a_packet_cut_anywhere_never_binds(void **state)
{
	struct world w;
	size_t whole;

	(void)state;
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	whole = w.reply.w.used;
	for (size_t length = 0; length < whole; length++) {
		w.reply.w.used = length;
		if (length == 4 + 14 + 14)
			continue; /* whole, but without address: refused as that, and all begins anew */
		assert_int_equal(hear(&w), DHCP_NOTHING);
	}
	w.reply.w.used = whole;
	assert_int_equal(hear(&w), DHCP_BOUND);
}

static void times_are_chosen_where_the_server_leaves_them_to_us(void **state)
{
	static const uint32_t table[][6] = {
		/* preferred, valid, T1, T2 -> T1, T2 */
		{2000, 3000, 0, 0, 1000, 1600},
		{2000, 3000, 700, 0, 700, 1600},
		{2000, 3000, 100, 3001, 100, 1600},
		{0, 3000, 0, 0, 1500, 2400},
		{DHCP_INFINITE, DHCP_INFINITE, 0, 0, DHCP_INFINITE, DHCP_INFINITE},
		{2000, DHCP_INFINITE, 0, 0, 1000, 1600},
		{2000, 3000, 0, 500, 500, 500},
		{2000, 3000, 1600, 0, 1600, 1600},
		{2000, 3000, 1601, 0, 1000, 1600},
		{2000, 3000, 3000, 3000, 3000, 3000},
		{2004, 3000, 0, 0, 1002, 1603},
		{2003, DHCP_INFINITE, 0, 0, 1001, 1602},
		{0, DHCP_INFINITE, 0, 0, DHCP_INFINITE, DHCP_INFINITE},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		request(&w);
		identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
		ia(&w.reply, IAID, table[i][2], table[i][3], 28);
		ia_address(&w.reply, address, table[i][0], table[i][1], 0);
		assert_int_equal(hear(&w), DHCP_BOUND);
		assert_int_equal(w.dhcp.lease.t1_s, table[i][4]);
		assert_int_equal(w.dhcp.lease.t2_s, table[i][5]);
		if (table[i][4] == DHCP_INFINITE)
			assert_true(dhcp6_deadline(&w.dhcp) == DHCP_NEVER);
	}
}

/* The machine */

static void solicit_is_repeated_as_the_rfc_says(void **state)
{
	static const int64_t doubled[] = {1, 2, 4, 8, 16, 30, 30, 30};

	(void)state;
	for (uint32_t random = 0; random < 4000000000u; random += 98765432) {
		struct world w;
		int64_t last = 0;

		memset(&w, 0, sizeof(w));
		w.random = random;
		w.now = START;
		dhcp6_start(&w.dhcp, &config, START);
		assert_int_equal(dhcp6_deadline(&w.dhcp), START);
		for (size_t i = 0; i < sizeof(doubled) / sizeof(doubled[0]); i++) {
			int64_t wait;
			size_t size = 0;
			const uint8_t *elapsed;

			assert_int_equal(pass(&w), DHCP_SEND);
			assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
			elapsed = sent_option(&w, 8, &size);
			assert_int_equal(elapsed[0] << 8 | elapsed[1], (w.now - START) / 10);
			wait = dhcp6_deadline(&w.dhcp) - w.now;
			if (!i)
				assert_in_range(wait, 1000, 1100);
			else if (2 * last + last / 10 < 30000)
				assert_in_range(wait, 2 * last - last / 10 - 1, 2 * last + last / 10);
			else
				assert_in_range(wait, 27000, 33000);
			last = wait;
		}
	}
}

/* As far as this message; what decides on the waits is drawn before it is sent. */
static void begin_to_send(struct world *w, enum dhcp6_message type, uint32_t random)
{
	struct dhcp6_config with = config;

	with.information_only = type == DHCP6_INFORMATION_REQUEST;
	memset(w, 0, sizeof(*w));
	w->now = START;
	w->random = random;
	dhcp6_start(&w->dhcp, &with, w->now);
	assert_int_equal(pass(w), DHCP_SEND);
	if (type == DHCP6_SOLICIT || type == DHCP6_INFORMATION_REQUEST)
		return;
	w->random = random;
	assert_int_equal(hear_gift(w, DHCP6_ADVERTISE, server), DHCP_SEND);
	if (type == DHCP6_REQUEST)
		return;
	identity(&w->reply, DHCP6_REPLY, w->dhcp.xid, server);
	ia(&w->reply, IAID, 10000, 20000, 28);
	ia_address(&w->reply, address, 30000, 40000, 0);
	assert_int_equal(hear(w), DHCP_BOUND);
	w->random = random;
	if (type == DHCP6_DECLINE)
		assert_int_equal(happen(w, DHCP_CONFLICT), DHCP_LOST | DHCP_SEND);
	else if (type == DHCP6_CONFIRM)
		assert_int_equal(happen(w, DHCP_LINK_UP), DHCP_SEND);
	else {
		w->now = START + (type == DHCP6_RENEW ? 10000 : 20000) * 1000;
		assert_int_equal(happen(w, DHCP_TIMER), DHCP_SEND);
	}
}

/* RFC 8415 7.6 and 15: with the least, no, and the most of what chance may add. 0: it is given up. */
static void each_message_has_its_times(void **state)
{
	enum { LEAST = 0, EVEN = 1000, MOST = 2000 };
	static const struct {
		enum dhcp6_message type;
		uint32_t random;
		int32_t waits[10];
	} rows[] = {
		{DHCP6_SOLICIT, EVEN, {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000}},
		{DHCP6_SOLICIT, LEAST, {1100, 2090, 3971, 7545, 14336, 27239, 27000, 27000, 27000, 27000}},
		{DHCP6_SOLICIT, MOST, {1100, 2310, 4851, 10187, 21392, 33000, 33000, 33000, 33000, 33000}},
		{DHCP6_REQUEST, EVEN, {1000, 2000, 4000, 8000, 16000, 0}},
		{DHCP6_REQUEST, LEAST, {900, 1710, 3249, 6174, 11731, 0}},
		{DHCP6_REQUEST, MOST, {1100, 2310, 4851, 10187, 21392, 0}},
		{DHCP6_INFORMATION_REQUEST, EVEN, {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000}},
		{DHCP6_INFORMATION_REQUEST, MOST, {1100, 2310, 4851, 10187, 21392, 33000, 33000, 33000, 33000, 33000}},
		{DHCP6_DECLINE, EVEN, {1000, 2000, 4000, 8000, 0}},
		{DHCP6_CONFIRM, EVEN, {1000, 2000, 4000, 4000, 0}},
		{DHCP6_CONFIRM, MOST, {1100, 2310, 4400, 4400, 0}},
		{DHCP6_RENEW, EVEN, {10000, 20000, 40000, 80000, 160000, 320000, 600000, 600000, 600000, 600000}},
		{DHCP6_RENEW, MOST, {11000, 23100, 48510, 101871, 213929, 449250, 660000, 660000, 660000, 660000}},
		{DHCP6_REBIND, EVEN, {10000, 20000, 40000, 80000, 160000, 320000, 600000, 600000, 600000, 600000}},
		{DHCP6_REBIND, MOST, {11000, 23100, 48510, 101871, 213929, 449250, 660000, 660000, 660000, 660000}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		begin_to_send(&w, rows[i].type, rows[i].random);
		for (size_t n = 0; n < 10 && rows[i].waits[n]; n++) {
			assert_int_equal(w.output.bytes[0], rows[i].type);
			assert_int_equal(dhcp6_deadline(&w.dhcp) - w.now, rows[i].waits[n]);
			w.random = rows[i].random;
			(void)pass(&w);
		}
		if (!rows[i].waits[5])
			assert_true(!w.output.length || w.output.bytes[0] == DHCP6_SOLICIT);
	}
}

/* What chance adds to the longest wait counts from there on where it is longer, not where it is the same. */
static void wait_that_is_just_the_longest_is_kept(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	w.dhcp.timeout_ms = 14286; /* twice that and a tenth: 30000 */
	w.random = 2000;
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(dhcp6_deadline(&w.dhcp) - w.now, 30000);
	solicit(&w);
	w.dhcp.timeout_ms = 15625; /* twice that but for 8 per cent */
	w.random = 200;
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(dhcp6_deadline(&w.dhcp) - w.now, 30000);
}

/* CNF_MAX_RD, RFC 8415 7.6 and 18.2.3 */
static void confirmation_is_asked_for_within_ten_seconds(void **state)
{
	struct world w;

	(void)state;
	for (int late = 0; late < 2; late++) {
		bind_to(&w);
		assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
		w.now += 9999 + late;
		assert_int_equal(happen(&w, DHCP_TIMER), late ? DHCP_NOTHING : DHCP_SEND);
		assert_string_equal(dhcp6_state_name(&w.dhcp), late ? "BOUND" : "CONFIRMING");
	}
}

/* Half of a second is none, and a lease is not renewed at the moment it is given. */
static void lease_that_is_preferred_for_a_second_is_renewed_after_one(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address, 1, 3000, 0);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(dhcp6_deadline(&w.dhcp) - w.now, 1000);
}

static void elapsed_time_has_a_most(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	w.now = START + 655340;
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
	assert_true(sent(&w, 8, 2, "\xff\xfe"));
	w.now = START + 655360;
	w.dhcp.deadline_ms = w.now;
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
	assert_true(sent(&w, 8, 2, "\xff\xff"));
}

static void the_first_good_server_is_taken_at_once(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, other), DHCP_NOTHING);
	assert_string_equal(dhcp6_reason(&w.dhcp), "nobody asked for this message now");
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, other), DHCP_NOTHING);
	assert_string_equal(dhcp6_reason(&w.dhcp), "the server identifier changed between question and answer");
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_NOTHING);
	assert_null(dhcp6_reason(&w.dhcp)); /* it was another event's */
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_NOTHING);
	assert_int_equal(dhcp6_deadline(&w.dhcp), START + 1000 * 1000);
}

static void rapid_commit_takes_one_exchange(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 14, 0, NULL);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_memory_equal(w.dhcp.lease.address, address, 16);
}

static unsigned hear_advertise(struct world *w, const uint8_t *from, uint8_t preference, const char *url)
{
	gift(&w->reply, DHCP6_ADVERTISE, w->dhcp.xid, from);
	option(&w->reply, 7, 1, &preference);
	if (url)
		option(&w->reply, 59, strlen(url), url);
	return hear(w);
}

static void a_boot_url_is_waited_for_half_a_second(void **state)
{
	struct dhcp6_config wanting = config;
	struct world w;

	(void)state;
	wanting.want_boot_url = true;
	start_with(&w, &wanting);
	assert_int_equal(hear_advertise(&w, server, 5, NULL), DHCP_NOTHING);
	assert_int_equal(dhcp6_deadline(&w.dhcp), START + 500);
	assert_int_equal(hear_advertise(&w, other, 5, "iscsi:x"), DHCP_SEND);
	assert_true(sent(&w, 2, sizeof(other), other));

	start_with(&w, &wanting);
	assert_int_equal(hear_advertise(&w, server, 5, NULL), DHCP_NOTHING);
	w.now += 300;
	assert_int_equal(hear_advertise(&w, other, 6, NULL), DHCP_NOTHING);
	assert_int_equal(hear_advertise(&w, server, 6, NULL), DHCP_NOTHING); /* no better: the earlier one stays */
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.now, START + 500);
	assert_int_equal(w.output.bytes[0], DHCP6_REQUEST);
	assert_true(sent(&w, 2, sizeof(other), other)); /* of two without, the preferred one */

	start_with(&w, &wanting);
	assert_int_equal(hear_advertise(&w, server, 255, NULL), DHCP_SEND); /* nobody is better */
}

static void a_request_that_is_not_answered_begins_anew(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(pass(&w), DHCP_SEND);
		assert_int_equal(w.output.bytes[0], DHCP6_REQUEST);
	}
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_string_equal(dhcp6_reason(&w.dhcp), "the server does not answer");
	assert_true(w.now - START < 40000);
}

static void refusals_restart_at_once_then_later_and_failures_are_waited_out(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(hear_status(&w, DHCP6_UNSPEC_FAIL), DHCP_NOTHING);
	assert_string_equal(dhcp6_state_name(&w.dhcp), "REQUESTING");
	assert_int_equal(hear_status(&w, DHCP6_NOT_ON_LINK), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_string_equal(dhcp6_reason(&w.dhcp), "the address does not belong on this link (NotOnLink)");
	for (int i = 0; i < 5; i++) {
		int64_t heard;

		assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
		assert_int_equal(hear_status(&w, DHCP6_NO_ADDRS_AVAIL), DHCP_NOTHING);
		heard = w.now;
		assert_int_equal(pass(&w), DHCP_SEND);
		assert_in_range(w.now - heard, i < 4 ? 1000 << i : 16000, i < 4 ? (1000 << i) + 250 : 16250);
		assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	}
}

static void refusals_are_put_off_by_sixteen_seconds_at_most(void **state)
{
	static const int64_t waits[] = {0, 1000, 2000, 4000, 8000, 16000, 16000};
	struct world w;

	(void)state;
	solicit(&w);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
		w.random = 0;
		assert_int_equal(hear_status(&w, DHCP6_NO_ADDRS_AVAIL), i ? DHCP_NOTHING : DHCP_SEND);
		if (!i)
			continue;
		assert_int_equal(dhcp6_deadline(&w.dhcp) - w.now, waits[i]);
		assert_int_equal(pass(&w), DHCP_SEND);
	}
}

/* Neither its refusals nor its end count for what comes after a lease. */
static void lease_that_is_gone_leaves_nothing(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
		if (!(hear_status(&w, DHCP6_NO_ADDRS_AVAIL) & DHCP_SEND))
			assert_int_equal(pass(&w), DHCP_SEND);
	}
	assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);
	assert_int_equal(w.dhcp.offer.server_length, 0);
	assert_int_equal(pass(&w), DHCP_SEND);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address, 0, 0, 0);
	assert_int_equal(hear(&w), DHCP_LOST | DHCP_SEND); /* at once again */
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	w.now += 3600 * 1000;
	assert_true(dhcp6_deadline(&w.dhcp) < w.now);
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_LOST | DHCP_SEND);
	assert_string_equal(dhcp6_reason(&w.dhcp), "another station has the address");
	w.now += 3600 * 1000;
	assert_int_equal(happen(&w, DHCP_TIMER), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_DECLINE);
}

static void information_is_one_exchange_and_stays(void **state)
{
	struct dhcp6_config asking = config;
	struct world w;

	(void)state;
	asking.information_only = true;
	start_with(&w, &asking);
	assert_int_equal(w.output.bytes[0], DHCP6_INFORMATION_REQUEST);
	assert_true(sent_none(&w, 3));
	assert_int_equal(pass(&w), DHCP_SEND);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 59, 7, "iscsi:x");
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_string_equal(w.dhcp.lease.boot_url, "iscsi:x");
	assert_memory_equal(w.dhcp.lease.address, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(dhcp6_deadline(&w.dhcp) == DHCP_NEVER);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_NOTHING);
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_true(dhcp6_has_lease(&w.dhcp));
	assert_false(dhcp6_release(&w.dhcp, 1, &w.output));
}

static void a_lease_is_renewed_then_rebound_then_lost(void **state)
{
	struct world w;
	unsigned did;
	int renewals = 0, rebindings = 0;

	(void)state;
	bind_to(&w);
	for (did = pass(&w); !(did & DHCP_LOST); did = pass(&w)) {
		assert_int_equal(did, DHCP_SEND);
		assert_true(sent_address(&w, address));
		if (w.output.bytes[0] == DHCP6_RENEW) {
			assert_in_range(w.now, START + 1000000, START + 1599999);
			assert_true(sent(&w, 2, sizeof(server), server));
			renewals++;
		} else {
			assert_int_equal(w.output.bytes[0], DHCP6_REBIND);
			assert_in_range(w.now, START + 1600000, rebindings ? START + 2999999 : START + 1600000);
			assert_true(sent_none(&w, 2));
			rebindings++;
		}
	}
	assert_in_range(renewals, 5, 7);
	assert_in_range(rebindings, 5, 9);
	assert_int_equal(did, DHCP_LOST | DHCP_SEND);
	assert_int_equal(w.now, START + 3000000);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_false(dhcp6_has_lease(&w.dhcp));
	assert_string_equal(dhcp6_reason(&w.dhcp), "the lease has run out");
}

static void a_renewal_extends_the_lease(void **state)
{
	struct world w;
	int64_t sent_ms;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, other), DHCP_NOTHING);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address2, 2000, 3000, 0);
	assert_int_equal(hear(&w), DHCP_NOTHING);
	assert_string_equal(dhcp6_reason(&w.dhcp), "the server renews another address than ours");
	w.now += 50;
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);
	assert_int_equal(dhcp6_deadline(&w.dhcp), START + 2000000);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(pass(&w), DHCP_SEND); /* the first was lost: the second counts */
	sent_ms = w.now;
	w.now += 50;
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);
	assert_int_equal(dhcp6_deadline(&w.dhcp), sent_ms + 1000000);
}

static void any_server_may_extend_a_lease_that_is_being_rebound(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	do
		assert_int_equal(pass(&w), DHCP_SEND);
	while (strcmp(dhcp6_state_name(&w.dhcp), "REBINDING"));
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, other), DHCP_BOUND);
	assert_memory_equal(w.dhcp.lease.server, other, sizeof(other));
}

static void a_server_that_forgot_us_is_asked_for_the_same_address(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_status(&w, DHCP6_NO_BINDING), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_REQUEST);
	assert_true(sent_address(&w, address));
	assert_true(dhcp6_has_lease(&w.dhcp));
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);

	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(hear_status(&w, DHCP6_NO_BINDING), DHCP_SEND);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(pass(&w), DHCP_SEND); /* silent now: the others are asked while the lease lasts */
	assert_int_equal(w.output.bytes[0], DHCP6_REBIND);
	assert_true(dhcp6_has_lease(&w.dhcp));
}

/* Root depends on it: no other one helps. */
static void an_address_that_is_in_use_is_the_only_one(void **state)
{
	struct world w;

	(void)state;
	solicit(&w);
	dhcp6_keep_address(&w.dhcp); /* there is none yet */
	assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, server), DHCP_BOUND);
	dhcp6_keep_address(&w.dhcp);
	assert_int_equal(pass(&w), DHCP_SEND);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address, 0, 0, 0);
	assert_int_equal(hear(&w), DHCP_LOST | DHCP_SEND);
	identity(&w.reply, DHCP6_ADVERTISE, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address2, 2000, 3000, 0);
	assert_int_equal(hear(&w), DHCP_NOTHING);
	assert_string_equal(dhcp6_reason(&w.dhcp), "the server offers another address than the one in use");
	assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, other), DHCP_SEND);
	assert_int_equal(hear_gift(&w, DHCP6_REPLY, other), DHCP_BOUND);
}

static void a_boot_url_with_a_password_is_a_secret(void **state)
{
	struct dhcp6 dhcp = {.lease.boot_url = "iscsi:me:geheim@[2001:db8::1]::::iqn.2026-01.x:y"};

	(void)state;
	memcpy(dhcp.offer.boot_url, dhcp.lease.boot_url, sizeof(dhcp.offer.boot_url));
	dhcp6_wipe_secrets(&dhcp);
	assert_string_equal(dhcp.lease.boot_url, "");
	assert_string_equal(dhcp.offer.boot_url, "");
	strcpy(dhcp.lease.boot_url, "iscsi:[2001:db8::1]::::iqn.2026-01.x:y");
	dhcp6_wipe_secrets(&dhcp);
	assert_string_equal(dhcp.lease.boot_url, "iscsi:[2001:db8::1]::::iqn.2026-01.x:y");
}

static void an_address_that_is_taken_away_is_lost(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(pass(&w), DHCP_SEND);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 28);
	ia_address(&w.reply, address, 0, 0, 0);
	assert_int_equal(hear(&w), DHCP_LOST | DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_memory_equal(w.dhcp.lease.address, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void of_two_addresses_the_valid_one_counts(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	ia(&w.reply, IAID, 0, 0, 56);
	ia_address(&w.reply, address, 0, 0, 0);
	ia_address(&w.reply, address2, 2000, 3000, 0);
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_memory_equal(w.dhcp.lease.address, address2, 16);
}

/* The first that is valid; until there is one, the first that is taken away. */
static void of_several_addresses_the_first_good_one_counts(void **state)
{
	static const struct {
		uint32_t preferred[3], valid[3];
		uint8_t wanted; /* the last byte */
	} rows[] = {
		{{10, 10, 10}, {20, 20, 20}, 0x64}, {{10, 0, 0}, {20, 0, 0}, 0x64},  {{0, 10, 10}, {0, 20, 20}, 0x65},
		{{0, 0, 10}, {0, 0, 20}, 0x66},     {{0, 0, 0}, {0, 0, 0}, 0x64},    {{21, 10, 10}, {20, 20, 20}, 0x65},
		{{20, 10, 10}, {20, 20, 20}, 0x64}, {{21, 21, 21}, {20, 20, 20}, 0},
	};
	static const uint8_t third[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x66};
	struct dhcp6_lease lease;
	struct reply reply;
	const char *reason;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = NULL;
		identity(&reply, DHCP6_REPLY, 7, server);
		ia(&reply, IAID, 0, 0, 3 * 28);
		ia_address(&reply, address, rows[i].preferred[0], rows[i].valid[0], 0);
		ia_address(&reply, address2, rows[i].preferred[1], rows[i].valid[1], 0);
		ia_address(&reply, third, rows[i].preferred[2], rows[i].valid[2], 0);
		assert_int_equal(dhcp6_parse(&config, 7, reply.bytes, reply.w.used, &lease, &reason), DHCP6_REPLY);
		assert_int_equal(lease.has_address, rows[i].wanted != 0);
		assert_int_equal(lease.address[15], rows[i].wanted);
	}
}

static void parameters_may_be_empty(void **state)
{
	struct dhcp6_lease lease;
	struct reply reply;
	const char *reason = NULL;

	(void)state;
	gift(&reply, DHCP6_REPLY, 7, server);
	option(&reply, 60, 8, "\0\0\0\1a\0\1b");
	assert_int_equal(dhcp6_parse(&config, 7, reply.bytes, reply.w.used, &lease, &reason), DHCP6_REPLY);
	assert_string_equal(lease.boot_params, "a b");
	assert_int_equal(lease.malformed, 0);
	assert_int_equal(dhcp6_parse(&config, 0x1000007, reply.bytes, reply.w.used, &lease, &reason), DHCP6_REPLY);
	reply.w.used = 4;
	assert_int_equal(dhcp6_parse(&config, 7, reply.bytes, 4, &lease, &reason), -1);
	assert_string_equal(reason, "there is no client identifier");
}

static void a_conflict_is_declined_until_the_server_heard(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_LOST | DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_DECLINE);
	assert_true(sent(&w, 2, sizeof(server), server));
	assert_true(sent_address(&w, address));
	assert_true(sent_none(&w, 6)); /* nothing is asked for */
	assert_false(dhcp6_has_lease(&w.dhcp));
	for (int i = 1; i < 4; i++) {
		assert_int_equal(pass(&w), DHCP_SEND);
		assert_int_equal(w.output.bytes[0], DHCP6_DECLINE);
	}
	assert_int_equal(pass(&w), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);

	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_CONFLICT), DHCP_LOST | DHCP_SEND);
	assert_int_equal(hear_status(&w, 0), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
}

static void a_lease_survives_the_link_and_is_confirmed(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_int_equal(happen(&w, DHCP_LINK_DOWN), DHCP_NOTHING);
	w.now += 5000;
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_CONFIRM);
	assert_true(sent_address(&w, address));
	assert_true(sent_none(&w, 2));
	identity(&w.reply, DHCP6_REPLY, w.dhcp.xid, other);
	status(&w.reply, 0);
	assert_int_equal(hear(&w), DHCP_NOTHING);
	assert_string_equal(dhcp6_state_name(&w.dhcp), "BOUND");
	assert_int_equal(dhcp6_deadline(&w.dhcp), START + 1000000);

	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	while (pass(&w) & DHCP_SEND)
		assert_int_equal(w.output.bytes[0], DHCP6_CONFIRM);
	assert_in_range(w.now, START + 15000, START + 20000); /* nobody answers: keep what we have */
	assert_string_equal(dhcp6_reason(&w.dhcp),
			    "no server confirms the address; it stays valid until the lease ends");
	assert_string_equal(dhcp6_state_name(&w.dhcp), "BOUND");

	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(hear_status(&w, DHCP6_NOT_ON_LINK), DHCP_LOST | DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
}

static void without_link_nothing_is_due(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	assert_int_equal(happen(&w, DHCP_LINK_DOWN), DHCP_NOTHING);
	assert_true(dhcp6_deadline(&w.dhcp) == DHCP_NEVER);
	assert_string_equal(dhcp6_waiting(&w.dhcp), "the link to come up");
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_SEND);
	assert_int_equal(w.output.bytes[0], DHCP6_SOLICIT);
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_NOTHING);
}

static void each_exchange_has_its_own_number(void **state)
{
	struct world w;
	uint32_t before;

	(void)state;
	solicit(&w);
	assert_int_equal(w.dhcp.xid, 0xdcba98); /* RFC 8415 8: 24 bits of chance */
	assert_memory_equal(w.output.bytes + 1, "\xdc\xba\x98", 3);
	before = w.dhcp.xid;
	assert_int_equal(pass(&w), DHCP_SEND); /* again: the same exchange */
	assert_int_equal(w.dhcp.xid, before);
	assert_int_equal(hear_gift(&w, DHCP6_ADVERTISE, server), DHCP_SEND);
	assert_int_not_equal(w.dhcp.xid, before);
}

static void options_that_nobody_asked_for_do_no_harm(void **state)
{
	struct world w;

	(void)state;
	request(&w);
	gift(&w.reply, DHCP6_REPLY, w.dhcp.xid, server);
	option(&w.reply, 82, 4, "\0\0\1\0");
	option(&w.reply, 14, 0, ""); /* rapid commit */
	assert_int_equal(hear(&w), DHCP_BOUND);
	assert_int_equal(w.dhcp.lease.malformed, 0);
}

static void release_gives_the_address_back_and_stops(void **state)
{
	struct world w;

	(void)state;
	bind_to(&w);
	assert_true(dhcp6_release(&w.dhcp, 7, &w.output));
	assert_memory_equal(w.output.bytes, "\x08\0\0\x07", 4); /* RELEASE, with a number of its own */
	assert_true(sent_address(&w, address));
	assert_true(sent(&w, 2, sizeof(server), server));
	assert_int_equal(happen(&w, DHCP_LINK_UP), DHCP_NOTHING);
	assert_true(dhcp6_deadline(&w.dhcp) == DHCP_NEVER);
	assert_memory_equal(&w.dhcp.lease, &(struct dhcp6_lease){0}, sizeof(w.dhcp.lease)); /* nothing of it is left */
	assert_memory_equal(&w.dhcp.offer, &(struct dhcp6_lease){0}, sizeof(w.dhcp.offer));
	assert_false(dhcp6_release(&w.dhcp, 7, &w.output));
}

static void every_state_says_what_it_waits_for(void **state)
{
	struct dhcp6 dhcp = {.state = DHCP6_STOPPED};

	(void)state;
	for (int i = 0; i < DHCP6_STATES; i++) {
		dhcp.state = (enum dhcp6_state)i;
		assert_non_null(dhcp6_waiting(&dhcp));
		assert_non_null(dhcp6_state_name(&dhcp));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(solicit_says_who_we_are_and_what_we_want),
		cmocka_unit_test(given_duid_and_wishes_are_obeyed),
		cmocka_unit_test(hardware_type_stands_in_our_duid),
		cmocka_unit_test(our_duid_may_be_as_long_as_the_rfc_allows),
		cmocka_unit_test(request_names_server_and_address),
		cmocka_unit_test(a_lease_holds_all_that_was_given),
		cmocka_unit_test(server_identifiers_at_the_edge_are_taken),
		cmocka_unit_test(what_cannot_be_read_is_left_out_and_named),
		cmocka_unit_test(a_text_that_is_too_long_is_left_out),
		cmocka_unit_test(texts_at_their_limits_are_whole),
		cmocka_unit_test(addresses_beside_the_refused_ones_are_taken),
		cmocka_unit_test(wrong_packets_are_refused_by_name_and_change_nothing),
		cmocka_unit_test(a_packet_cut_anywhere_never_binds),
		cmocka_unit_test(times_are_chosen_where_the_server_leaves_them_to_us),
		cmocka_unit_test(solicit_is_repeated_as_the_rfc_says),
		cmocka_unit_test(each_message_has_its_times),
		cmocka_unit_test(wait_that_is_just_the_longest_is_kept),
		cmocka_unit_test(confirmation_is_asked_for_within_ten_seconds),
		cmocka_unit_test(lease_that_is_preferred_for_a_second_is_renewed_after_one),
		cmocka_unit_test(elapsed_time_has_a_most),
		cmocka_unit_test(the_first_good_server_is_taken_at_once),
		cmocka_unit_test(rapid_commit_takes_one_exchange),
		cmocka_unit_test(a_boot_url_is_waited_for_half_a_second),
		cmocka_unit_test(a_request_that_is_not_answered_begins_anew),
		cmocka_unit_test(refusals_restart_at_once_then_later_and_failures_are_waited_out),
		cmocka_unit_test(lease_that_is_gone_leaves_nothing),
		cmocka_unit_test(refusals_are_put_off_by_sixteen_seconds_at_most),
		cmocka_unit_test(information_is_one_exchange_and_stays),
		cmocka_unit_test(a_lease_is_renewed_then_rebound_then_lost),
		cmocka_unit_test(a_renewal_extends_the_lease),
		cmocka_unit_test(any_server_may_extend_a_lease_that_is_being_rebound),
		cmocka_unit_test(a_server_that_forgot_us_is_asked_for_the_same_address),
		cmocka_unit_test(an_address_that_is_in_use_is_the_only_one),
		cmocka_unit_test(a_boot_url_with_a_password_is_a_secret),
		cmocka_unit_test(an_address_that_is_taken_away_is_lost),
		cmocka_unit_test(of_two_addresses_the_valid_one_counts),
		cmocka_unit_test(of_several_addresses_the_first_good_one_counts),
		cmocka_unit_test(parameters_may_be_empty),
		cmocka_unit_test(a_conflict_is_declined_until_the_server_heard),
		cmocka_unit_test(a_lease_survives_the_link_and_is_confirmed),
		cmocka_unit_test(without_link_nothing_is_due),
		cmocka_unit_test(each_exchange_has_its_own_number),
		cmocka_unit_test(options_that_nobody_asked_for_do_no_harm),
		cmocka_unit_test(release_gives_the_address_back_and_stops),
		cmocka_unit_test(every_state_says_what_it_waits_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
