/* leases.c - see leases.h. */
/* SPDX-License-Identifier: MIT */
#include "test/sim/leases.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/dhcp.h"
#include "test/sim/events.h"

#define SERVER 0x0a000001u

struct client {
	struct machine *machine;
	uint64_t timer; /* what was put there before the last one is void */
	struct dhcp dhcp;
};

static struct client *clients;
static int64_t message_cost, free_at;
static unsigned waiting, places;
static void (*tell)(struct machine *machine);

void leases_begin(unsigned machines, double messages_a_second, unsigned room, void (*leased)(struct machine *machine))
{
	clients = messages_a_second > 0 ? calloc(machines, sizeof(*clients)) : NULL;
	message_cost = messages_a_second > 0 ? (int64_t)((double)SIM_SECOND / messages_a_second) : 0;
	free_at = 0;
	waiting = 0;
	places = room;
	tell = leased;
}

void leases_end(void)
{
	free(clients);
	clients = NULL;
}

static void step(struct client *c, enum dhcp_event event, const uint8_t *bytes, size_t length);

static void timed(void *object, uint64_t timer)
{
	struct client *c = object;

	if (timer == c->timer)
		step(c, DHCP_TIMER, NULL, 0);
}

static void put_option(struct writer *w, uint8_t code, uint32_t value)
{
	write_u8(w, code);
	write_u8(w, 4);
	write_be32(w, value);
}

/* value: the message's type, and its transaction. */
static void answered(void *object, uint64_t value)
{
	struct client *c = object;
	uint32_t xid = (uint32_t)value;
	uint8_t bytes[DHCP_MESSAGE_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	waiting--;
	write_be32(&w, 0x02010600);
	write_be32(&w, xid);
	write_zeros(&w, 8);
	write_be32(&w, 0x0b000001u + (uint32_t)(c - clients)); /* yiaddr */
	write_zeros(&w, 8);
	write_bytes(&w, c->dhcp.config.mac, 6);
	write_zeros(&w, 10 + 64 + 128);
	write_be32(&w, 0x63825363);
	write_u8(&w, 53);
	write_u8(&w, 1);
	write_u8(&w, value >> 32 == DHCP_DISCOVER ? DHCP_OFFER : DHCP_ACK);
	put_option(&w, 54, SERVER);
	put_option(&w, 51, 3600);
	put_option(&w, 1, 0xff000000u);
	write_u8(&w, 255);
	step(c, DHCP_PACKET, bytes, w.used);
}

static void ask_server(struct client *c, const struct dhcp_output *output)
{
	uint64_t type = output->bytes[240 + 2]; /* the client's first option is 53 */

	if (output->bytes[240] != 53)
		abort();
	if (waiting >= places)
		return;
	waiting++;
	free_at = (free_at > sim_now ? free_at : sim_now) + message_cost;
	events_at(free_at + 2 * SIM_DELAY, answered, c, type << 32 | c->dhcp.xid);
}

static void step(struct client *c, enum dhcp_event event, const uint8_t *bytes, size_t length)
{
	const struct dhcp_input input = {.event = event,
					 .bytes = bytes,
					 .length = length,
					 .now_ms = sim_now_ms(),
					 .random = (uint32_t)sim_random()};
	struct dhcp_output output;
	unsigned did = dhcp_step(&c->dhcp, &input, &output);

	if (did & DHCP_SEND)
		ask_server(c, &output);
	c->timer++;
	if (did & DHCP_BOUND)
		tell(c->machine);
	else if (dhcp_deadline(&c->dhcp) != DHCP_NEVER && !dhcp_has_lease(&c->dhcp))
		events_at((dhcp_deadline(&c->dhcp) - SIM_EPOCH_MS) * SIM_MS, timed, c, c->timer);
}

void leases_ask(struct machine *machine)
{
	struct client *c = &clients[machine->number];
	struct dhcp_config config = {.mac = {2}};

	config.mac[4] = (uint8_t)(machine->number >> 8);
	config.mac[5] = (uint8_t)machine->number;
	config.mac[3] = (uint8_t)(machine->number >> 16);
	c->machine = machine;
	dhcp_start(&c->dhcp, &config, sim_now_ms());
	step(c, DHCP_TIMER, NULL, 0);
}
