/* dhcp.c - fuzzes the DHCPv4 client: any events and packets, in any order and at any time.
 *
 * The input is a list of events. Packets get the running transaction and our hardware address, unless the event says
 * not, so that more than the first check is met. What must hold is checked after each step.
 */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arp.h"
#include "proto/bytes.h"
#include "proto/dhcp.h"
#include "proto/dhcp_frame.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool may_hold_lease(enum dhcp_state state)
{
	return state == DHCP_IS_BOUND || state == DHCP_RENEWING || state == DHCP_REBINDING || state == DHCP_REBOOTING;
}

static void check_lease(const struct dhcp_lease *lease)
{
	uint32_t host = lease->prefix < 31 ? lease->address << lease->prefix >> lease->prefix : 1;

	require(lease->address >> 24 != 0 && lease->address >> 24 != 127 && lease->address < 0xe0000000u);
	require(lease->prefix >= 1 && lease->prefix <= 32);
	require(host != 0 && (lease->prefix >= 31 || host != 0xffffffffu >> lease->prefix));
	require(lease->server != 0 && lease->lease_s != 0 && lease->t1_s <= lease->t2_s &&
		lease->t2_s <= lease->lease_s);
	require(lease->router_count <= DHCP_ROUTER_MAX && lease->dns_count <= DHCP_DNS_MAX);
	require(lease->ntp_count <= DHCP_NTP_MAX && lease->route_count <= DHCP_ROUTE_MAX);
	require(!lease->mtu || lease->mtu >= 68);
	require(memchr(lease->hostname, 0, sizeof(lease->hostname)) && memchr(lease->domain, 0, sizeof(lease->domain)));
	require(memchr(lease->root_path, 0, sizeof(lease->root_path)));
	require(memchr(lease->initiator_name, 0, sizeof(lease->initiator_name)));
	require(memchr(lease->chap_user, 0, sizeof(lease->chap_user)));
	require(memchr(lease->chap_secret, 0, sizeof(lease->chap_secret)));
	require(memchr(lease->chap_in_user, 0, sizeof(lease->chap_in_user)));
	require(memchr(lease->chap_in_secret, 0, sizeof(lease->chap_in_secret)));
	require(!strpbrk(lease->root_path, "\n\r\033"));
}

static void check(const struct dhcp *dhcp, unsigned did, const struct dhcp_output *output)
{
	static const struct dhcp_lease none;

	if (dhcp_has_lease(dhcp)) {
		require(may_hold_lease(dhcp->state));
		check_lease(&dhcp->lease);
	} else {
		require(!memcmp(&dhcp->lease, &none, sizeof(none)));
		require(dhcp->state != DHCP_IS_BOUND && dhcp->state != DHCP_RENEWING && dhcp->state != DHCP_REBINDING);
	}
	require(!(did & DHCP_BOUND) || dhcp_has_lease(dhcp));
	require(!(did & DHCP_LOST) || !dhcp_has_lease(dhcp));
	require(!(did & DHCP_SEND) == !output->length);
	require(output->length <= DHCP_MESSAGE_MAX);
	require(!output->length || output->raw || output->source == dhcp->lease.address);
	require(dhcp_waiting(dhcp) && dhcp_state_name(dhcp));
}

static void step(struct dhcp *dhcp, const struct dhcp_input *input)
{
	struct dhcp_output output;
	struct dhcp before = *dhcp;
	unsigned did = dhcp_step(dhcp, input, &output);

	check(dhcp, did, &output);
	if (input->event == DHCP_PACKET && dhcp_reason(dhcp) && !did && dhcp->state == before.state) {
		before.reason = dhcp->reason;
		require(!memcmp(&before, dhcp, sizeof(before)));
	}
}

/* A due timer must, within a few steps, either send and wait or wait for something else. */
static void run_timer(struct dhcp *dhcp, int64_t *now, uint32_t random)
{
	if (dhcp_deadline(dhcp) == DHCP_NEVER)
		return;
	if (dhcp_deadline(dhcp) > *now)
		*now = dhcp_deadline(dhcp);
	for (int i = 0; dhcp_deadline(dhcp) <= *now; i++) {
		require(i < 4);
		step(dhcp, &(struct dhcp_input){.event = DHCP_TIMER, .now_ms = *now, .random = random});
	}
}

static void hear(struct dhcp *dhcp, struct reader *r, bool ours, int64_t now, uint32_t random)
{
	size_t length = read_be16(r) % (DHCP_MESSAGE_MAX + 8);
	uint8_t *packet;

	if (length > r->left)
		length = r->left;
	packet = malloc(length + 1); /* exactly as long as it says: reading past it is seen */
	if (length)
		memcpy(packet, read_bytes(r, length), length);
	packet = realloc(packet, length ? length : 1);
	if (ours && length >= 240) {
		struct writer w = writer_of(packet, length);

		write_be32(&w, 0x02010600);
		write_be32(&w, dhcp->xid);
		memcpy(packet + 28, dhcp->config.mac, 6);
		memcpy(packet + 236, "\x63\x82\x53\x63", 4);
	}
	step(dhcp, &(struct dhcp_input){
			   .event = DHCP_PACKET, .bytes = packet, .length = length, .now_ms = now, .random = random});
	free(packet);
}

/* The header's sum made right, or none would be met but that check. */
static void mend_frame(uint8_t *frame)
{
	uint32_t sum = 0;

	frame[0] = 0x45;
	frame[10] = frame[11] = 0;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame[10] = (uint8_t)(~sum >> 8);
	frame[11] = (uint8_t)~sum;
}

static void parse_frame(const uint8_t *data, size_t size)
{
	static const struct arp_stations own = {.count = 1};
	uint8_t *frame = malloc(size + 1);
	const uint8_t *payload;
	size_t length;

	frame = realloc(frame, size ? size : 1);
	if (size)
		memcpy(frame, data, size);
	(void)arp_is_conflict(frame, size, &own, 0x0a000001);
	if (!dhcp_frame_parse(frame, size, size & 1, &payload, &length))
		require(payload >= frame + 28 && payload + length <= frame + size);
	if (size >= 20) {
		mend_frame(frame);
		if (!dhcp_frame_parse(frame, size, size & 1, &payload, &length))
			require(payload >= frame + 28 && payload + length <= frame + size);
	}
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct dhcp_config config = {.mac = {2, 0, 0, 0, 0, 1}};
	struct dhcp dhcp;
	int64_t now = 1000;
	uint8_t wish = read_u8(&r);

	parse_frame(data, size);
	config.want_root_path = wish & 1;
	config.client_id_mode = wish & 2 ? DHCP_CLIENT_ID_NONE : DHCP_CLIENT_ID_MAC;
	config.requested_address = wish & 4 ? 0x0a000002 : 0;
	memset(&dhcp, 0, sizeof(dhcp));
	dhcp_start(&dhcp, &config, now);
	while (r.left && !r.bad) {
		uint8_t event = read_u8(&r);
		uint32_t random = event * 0x01010101u;

		now += event >> 4;
		if (event % 8 < 3)
			hear(&dhcp, &r, event % 8 < 2, now, random);
		else if (event % 8 < 5)
			run_timer(&dhcp, &now, random);
		else
			step(&dhcp, &(struct dhcp_input){.event = (enum dhcp_event)(DHCP_CONFLICT + event % 8 - 5),
							 .now_ms = now,
							 .random = random});
	}
	return 0;
}
