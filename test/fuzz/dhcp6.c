/* dhcp6.c - fuzzes the DHCPv6 client: any events and packets, in any order and at any time.
 *
 * The input is a list of events. Packets get the running transaction and our client identifier, unless the event says
 * not, so that more than the first check is met. What must hold is checked after each step.
 */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/dhcp6.h"
#include "test/fuzz/require.h"

#define PACKET_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool needs_lease(enum dhcp6_state state)
{
	return state == DHCP6_IS_BOUND || state == DHCP6_RENEWING || state == DHCP6_REBINDING ||
	       state == DHCP6_CONFIRMING;
}

static void check_lease(const struct dhcp6_lease *lease, bool has_address)
{
	static const uint8_t none[16];

	require(lease->server_length >= 3 && lease->server_length <= DHCP6_DUID_MAX);
	require(lease->dns_count <= DHCP_DNS_MAX && lease->status == DHCP6_SUCCESS);
	require(memchr(lease->domain, 0, sizeof(lease->domain)) && memchr(lease->boot_url, 0, sizeof(lease->boot_url)));
	require(memchr(lease->boot_params, 0, sizeof(lease->boot_params)) && !strpbrk(lease->boot_url, "\n\r\033"));
	if (!has_address) {
		require(!memcmp(lease->address, none, 16));
		return;
	}
	require(memcmp(lease->address, none, 16) && lease->address[0] != 0xff);
	require(lease->address[0] != 0xfe || (lease->address[1] & 0xc0) != 0x80);
	require(lease->valid_s && lease->preferred_s <= lease->valid_s);
	require(lease->t1_s <= lease->t2_s && lease->t2_s <= lease->valid_s);
}

static void check(const struct dhcp6 *dhcp, unsigned did, const struct dhcp_output *output)
{
	static const struct dhcp6_lease none;

	if (dhcp6_has_lease(dhcp)) {
		check_lease(&dhcp->lease, !dhcp->config.information_only);
		require(needs_lease(dhcp->state) || dhcp->state == DHCP6_REQUESTING || dhcp->state == DHCP6_INFORMING);
	} else {
		require(!memcmp(&dhcp->lease, &none, sizeof(none)) && !needs_lease(dhcp->state));
	}
	require(!(did & DHCP_BOUND) || dhcp6_has_lease(dhcp));
	require(!(did & DHCP_LOST) || !dhcp6_has_lease(dhcp));
	require(!(did & DHCP_SEND) == !output->length);
	require(output->length <= DHCP_MESSAGE_MAX);
	require(dhcp6_waiting(dhcp) && dhcp6_state_name(dhcp));
}

static void step(struct dhcp6 *dhcp, const struct dhcp_input *input)
{
	struct dhcp_output output;
	unsigned did = dhcp6_step(dhcp, input, &output);

	check(dhcp, did, &output);
}

/* A due timer must, within a few steps, either send and wait or wait for something else. */
static void run_timer(struct dhcp6 *dhcp, int64_t *now, uint32_t random)
{
	if (dhcp6_deadline(dhcp) == DHCP_NEVER)
		return;
	if (dhcp6_deadline(dhcp) > *now)
		*now = dhcp6_deadline(dhcp);
	for (int i = 0; dhcp6_deadline(dhcp) <= *now; i++) {
		require(i < 4);
		step(dhcp, &(struct dhcp_input){.event = DHCP_TIMER, .now_ms = *now, .random = random});
	}
}

static void hear(struct dhcp6 *dhcp, struct reader *r, bool ours, int64_t now, uint32_t random)
{
	static const uint8_t client[] = {0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1};
	size_t length = read_be16(r) % PACKET_MAX, head = ours ? 4 + sizeof(client) : 0;
	uint8_t *packet;
	struct writer w;

	if (length > r->left)
		length = r->left;
	packet = malloc(head + length + 1);
	w = writer_of(packet, head + length);
	if (ours) {
		write_u8(&w, random & 0x10 ? DHCP6_REPLY : DHCP6_ADVERTISE);
		write_be24(&w, dhcp->xid);
		write_bytes(&w, client, sizeof(client));
	}
	if (length)
		write_bytes(&w, read_bytes(r, length), length);
	packet = realloc(packet, w.used ? w.used : 1); /* exactly as long as it says: reading past it is seen */
	step(dhcp, &(struct dhcp_input){
			   .event = DHCP_PACKET, .bytes = packet, .length = w.used, .now_ms = now, .random = random});
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct dhcp6_config config = {.mac = {2, 0, 0, 0, 0, 1}, .iaid = 1};
	struct dhcp6 dhcp;
	int64_t now = 1000;
	uint8_t wish = read_u8(&r);

	config.want_boot_url = wish & 1;
	config.information_only = wish & 2;
	memset(&dhcp, 0, sizeof(dhcp));
	dhcp6_start(&dhcp, &config, now);
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
