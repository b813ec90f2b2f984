/* lease.c - a DHCP client on one interface, of either family.
 *
 * Contracts in lease.h.
 */
/* SPDX-License-Identifier: MIT */
#include "net/lease.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/dhcp_frame.h"
#include "sys/log.h"
#include "sys/packet.h"
#include "sys/pollfds.h"
#include "sys/udp.h"

#define LOSSES_TOLD   3
#define DATAGRAMS_MAX 32 /* of one step: a flood must not keep the loop from the sessions; poll brings the rest */

void lease_init(struct lease *lease, const struct lease_family *family)
{
	memset(lease, 0, sizeof(*lease));
	lease->family = family;
	lease->packet_fd = lease->udp_fd = -1;
}

/* The kernel's generator may not be ready this early in a boot. Nothing secret is made of this number. */
static uint32_t random_number(int64_t now_ms)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK | GRND_INSECURE) != sizeof(number))
		number = (uint32_t)now_ms * 2654435761u;
	return number;
}

/* What keeps a message from being sent mostly keeps all of them. */
static void send_output(struct lease *lease, const struct dhcp_output *output)
{
	int result = lease->family->send(lease, output);

	if (result && result != lease->unsent)
		log_warn("%s: %s: messages cannot be sent: %s%s", lease->name, lease->family->protocol,
			 strerror(-result), result == -EAFNOSUPPORT ? " (no module af_packet or ipv6?)" : "");
	lease->unsent = result;
	if (!result)
		log_debug("%s: %s: sent a message, state %s", lease->name, lease->family->protocol,
			  lease->family->state_name(lease));
}

/* The reason for refusing a packet is shown when nothing better comes. The loss of a lease is logged, but not for ever: a
   server may give leases of a second. */
static void note_reason(struct lease *lease, const char *reason, bool lost)
{
	if (!reason)
		return;
	if (lost && lease->losses++ < LOSSES_TOLD)
		log_warn("%s: %s: the lease is lost: %s", lease->name, lease->family->protocol, reason);
	else if (reason != lease->refused)
		log_debug("%s: %s: %s", lease->name, lease->family->protocol, reason);
	lease->refused = reason;
}

static unsigned feed(struct lease *lease, enum dhcp_event event, const uint8_t *bytes, size_t length, int64_t now_ms)
{
	struct dhcp_input input = {
		.event = event, .bytes = bytes, .length = length, .now_ms = now_ms, .random = random_number(now_ms)};
	struct dhcp_output output;
	unsigned did = lease->family->step(lease, &input, &output);

	note_reason(lease, lease->family->reason(lease), did & DHCP_LOST);
	if (did & DHCP_SEND)
		send_output(lease, &output);
	if (did & (DHCP_BOUND | DHCP_LOST))
		lease->family->choose_socket(lease);
	return did & (DHCP_BOUND | DHCP_LOST);
}

void lease_begin(struct lease *lease, int index, const char *name, int64_t now_ms)
{
	lease->started = true;
	lease->index = index;
	snprintf(lease->name, sizeof(lease->name), "%s", name);
	(void)feed(lease, DHCP_TIMER, NULL, 0, now_ms);
}

int lease_pollfds(const struct lease *lease, struct pollfd *out, int count, int max)
{
	count = pollfds_add(out, count, max, lease->packet_fd);
	return pollfds_add(out, count, max, lease->udp_fd);
}

int64_t lease_deadline(const struct lease *lease)
{
	return lease->started ? lease->family->deadline(lease) : INT64_MAX;
}

static unsigned read_packets(struct lease *lease, int64_t now_ms)
{
	uint8_t frame[DHCP_FRAME_MAX + 60]; /* with IPv4 options */
	unsigned did = 0;

	for (int i = 0; i < DATAGRAMS_MAX && lease->packet_fd >= 0; i++) {
		const char *bad;
		const uint8_t *payload;
		size_t length;
		bool ready;
		ssize_t got = packet_receive(lease->packet_fd, frame, sizeof(frame), &ready);

		if (got < 0)
			break;
		bad = dhcp_frame_parse(frame, (size_t)got, ready, &payload, &length);
		if (bad)
			note_reason(lease, bad, false);
		else
			did |= feed(lease, DHCP_PACKET, payload, length, now_ms);
	}
	explicit_bzero(frame, sizeof(frame)); /* it may have held CHAP secrets */
	return did;
}

static unsigned read_datagrams(struct lease *lease, int64_t now_ms)
{
	uint8_t bytes[DHCP_MESSAGE_MAX];
	unsigned did = 0;

	for (int i = 0; i < DATAGRAMS_MAX && lease->udp_fd >= 0; i++) {
		ssize_t got = udp_receive(lease->udp_fd, bytes, sizeof(bytes));

		if (got < 0)
			break;
		did |= feed(lease, DHCP_PACKET, bytes, (size_t)got, now_ms);
	}
	explicit_bzero(bytes, sizeof(bytes));
	return did;
}

unsigned lease_step(struct lease *lease, const struct pollfd *fds, int count, int64_t now_ms)
{
	unsigned did = 0;

	if (!lease->started)
		return 0;
	if (pollfds_ready(fds, count, lease->packet_fd))
		did |= read_packets(lease, now_ms);
	if (pollfds_ready(fds, count, lease->udp_fd))
		did |= read_datagrams(lease, now_ms);
	if (now_ms >= lease->family->deadline(lease))
		did |= feed(lease, DHCP_TIMER, NULL, 0, now_ms);
	return did;
}

unsigned lease_set_link(struct lease *lease, bool up, int64_t now_ms)
{
	return lease->started ? feed(lease, up ? DHCP_LINK_UP : DHCP_LINK_DOWN, NULL, 0, now_ms) : 0;
}

unsigned lease_decline(struct lease *lease, int64_t now_ms)
{
	return lease->started ? feed(lease, DHCP_CONFLICT, NULL, 0, now_ms) : 0;
}

bool lease_is_held(const struct lease *lease)
{
	return lease->started && lease->family->has_lease(lease);
}

const char *lease_waiting(const struct lease *lease)
{
	return lease->family->waiting(lease);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void lease_stop(struct lease *lease)
{
	struct dhcp_output output;

	if (lease->started && lease->family->release(lease, random_number(0), &output))
		send_output(lease, &output);
	close_fd(lease->packet_fd);
	close_fd(lease->udp_fd);
	lease_init(lease, lease->family);
}

void lease_keep_address(struct lease *lease)
{
	if (lease->started)
		lease->family->keep_address(lease);
}

void lease_wipe_secrets(struct lease *lease)
{
	lease->family->wipe_secrets(lease);
}
