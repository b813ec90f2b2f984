/* lease4.c - DHCPv4 on one interface: the sockets under the machine of proto/dhcp.
 *
 * Contracts in lease4.h.
 */
#include "net/lease4.h"

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

#define ADDRESS(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255

void lease4_init(struct lease4 *lease)
{
	memset(lease, 0, sizeof(*lease));
	lease->probe = PROBE_NONE;
	lease->packet_fd = lease->udp_fd = -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* The kernel's generator may not be ready this early; nothing secret is made of this. */
static uint32_t random_number(int64_t now_ms)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK | GRND_INSECURE) != sizeof(number))
		number = (uint32_t)now_ms * 2654435761u;
	return number;
}

/* A socket is opened when it is needed first: the packet socket's module may have to be loaded for it. */
static int open_packet(struct lease4 *lease)
{
	if (lease->packet_fd < 0)
		lease->packet_fd = packet_open_dhcp(lease->index);
	return lease->packet_fd;
}

static int open_udp(struct lease4 *lease)
{
	if (lease->udp_fd < 0)
		lease->udp_fd = udp_open4(lease->index, DHCP_CLIENT_PORT);
	return lease->udp_fd;
}

static int send_raw(struct lease4 *lease, const struct dhcp_output *output)
{
	uint8_t frame[DHCP_FRAME_MAX];
	size_t length = dhcp_frame_build(output, frame);
	int fd = open_packet(lease);

	return fd < 0 ? fd : packet_send_dhcp(fd, lease->index, frame, length);
}

static void send_output(struct lease4 *lease, const struct dhcp_output *output)
{
	int fd, result;

	if (lease->dhcp.state == DHCP_SELECTING)
		lease->discovers++;
	if (output->raw) {
		result = send_raw(lease, output);
	} else {
		fd = open_udp(lease);
		result = fd < 0 ? fd
				: udp_send4(fd, lease->index, output->source, output->destination, DHCP_SERVER_PORT,
					    output->bytes, output->length);
	}
	if (result)
		log_warn("%s: DHCP: sending failed: %s", lease->name, strerror(-result));
	else
		log_debug("%s: DHCP: sent, %s", lease->name, dhcp_state_name(&lease->dhcp));
}

/* With an address the UDP socket hears the server; without one only the packet socket does. */
static void choose_socket(struct lease4 *lease)
{
	if (dhcp_has_lease(&lease->dhcp)) {
		(void)open_udp(lease);
		close_fd(&lease->packet_fd);
	} else {
		close_fd(&lease->udp_fd);
	}
}

/* What one packet was refused for is shown when nothing better comes; a lease that is lost is shouted about. */
static void note_reason(struct lease4 *lease, const char *reason, bool lost)
{
	if (!reason)
		return;
	if (lost)
		log_warn("%s: DHCP: the lease is lost: %s", lease->name, reason);
	else if (reason != lease->refused)
		log_debug("%s: DHCP: %s", lease->name, reason);
	lease->refused = reason;
}

static unsigned feed(struct lease4 *lease, enum dhcp_event event, const uint8_t *bytes, size_t length, int64_t now_ms)
{
	struct dhcp_input input = {
		.event = event, .bytes = bytes, .length = length, .now_ms = now_ms, .random = random_number(now_ms)};
	struct dhcp_output output;
	unsigned did = dhcp_step(&lease->dhcp, &input, &output);

	note_reason(lease, dhcp_reason(&lease->dhcp), did & DHCP_LOST);
	if (did & DHCP_LOST)
		probe_stop(&lease->probe);
	if (did & DHCP_SEND)
		send_output(lease, &output);
	if (did & (DHCP_BOUND | DHCP_LOST))
		choose_socket(lease);
	return did & (DHCP_BOUND | DHCP_LOST);
}

void lease4_start(struct lease4 *lease, int index, const char *name, const struct dhcp_config *config, int64_t now_ms)
{
	lease4_stop(lease);
	lease->index = index;
	(void)snprintf(lease->name, sizeof(lease->name), "%s", name);
	dhcp_start(&lease->dhcp, config, now_ms);
	(void)feed(lease, DHCP_TIMER, NULL, 0, now_ms);
}

bool lease4_is_started(const struct lease4 *lease)
{
	return lease->dhcp.state != DHCP_STOPPED;
}

int lease4_pollfds(const struct lease4 *lease, struct pollfd *out, int count, int max)
{
	count = pollfds_add(out, count, max, lease->packet_fd);
	count = pollfds_add(out, count, max, lease->udp_fd);
	return pollfds_add(out, count, max, lease->probe.fd);
}

int64_t lease4_deadline(const struct lease4 *lease)
{
	int64_t at = lease4_is_started(lease) ? dhcp_deadline(&lease->dhcp) : INT64_MAX;

	return lease->probe.deadline_ms < at ? lease->probe.deadline_ms : at;
}

static unsigned read_packets(struct lease4 *lease, int64_t now_ms)
{
	uint8_t frame[DHCP_FRAME_MAX + 60]; /* with IPv4 options */
	unsigned did = 0;
	bool ready;
	ssize_t got;

	while (lease->packet_fd >= 0 && (got = packet_receive(lease->packet_fd, frame, sizeof(frame), &ready)) >= 0) {
		const uint8_t *payload;
		size_t length;
		const char *bad = dhcp_frame_parse(frame, (size_t)got, ready, &payload, &length);

		if (bad)
			note_reason(lease, bad, false);
		else
			did |= feed(lease, DHCP_PACKET, payload, length, now_ms);
	}
	explicit_bzero(frame, sizeof(frame)); /* it may have held CHAP secrets */
	return did;
}

static unsigned read_datagrams(struct lease4 *lease, int64_t now_ms)
{
	uint8_t bytes[DHCP_MESSAGE_MAX];
	unsigned did = 0;
	ssize_t got;

	while (lease->udp_fd >= 0 && (got = udp_receive(lease->udp_fd, bytes, sizeof(bytes))) >= 0)
		did |= feed(lease, DHCP_PACKET, bytes, (size_t)got, now_ms);
	explicit_bzero(bytes, sizeof(bytes));
	return did;
}

static unsigned look_at_probe(struct lease4 *lease, const struct pollfd *fds, int count, int64_t now_ms)
{
	uint32_t address = lease->probe.address;
	bool leased = lease4_is_started(lease) && lease->dhcp.lease.address == address;

	if (!probe_step(&lease->probe, fds, count, now_ms))
		return 0;
	log_warn("%s: another station has %u.%u.%u.%u: %s", lease->name, ADDRESS(address),
		 leased ? "declined, asking for another address"
			: "going on, but connections break until one of the two has another");
	return leased ? feed(lease, DHCP_CONFLICT, NULL, 0, now_ms) : 0;
}

unsigned lease4_step(struct lease4 *lease, const struct pollfd *fds, int count, int64_t now_ms)
{
	unsigned did = look_at_probe(lease, fds, count, now_ms);

	if (!lease4_is_started(lease))
		return 0;
	if (pollfds_ready(fds, count, lease->packet_fd))
		did |= read_packets(lease, now_ms);
	if (pollfds_ready(fds, count, lease->udp_fd))
		did |= read_datagrams(lease, now_ms);
	if (now_ms >= dhcp_deadline(&lease->dhcp))
		did |= feed(lease, DHCP_TIMER, NULL, 0, now_ms);
	return did;
}

unsigned lease4_link(struct lease4 *lease, bool up, int64_t now_ms)
{
	if (!lease4_is_started(lease))
		return 0;
	return feed(lease, up ? DHCP_LINK_UP : DHCP_LINK_DOWN, NULL, 0, now_ms);
}

static void start_probe(struct lease4 *lease, const uint8_t mac[6], uint32_t address, int64_t now_ms)
{
	int result = probe_start(&lease->probe, lease->index, mac, address, now_ms);

	if (result)
		log_warn("%s: cannot ask whether another station has the address: %s", lease->name, strerror(-result));
}

void lease4_applied(struct lease4 *lease, int64_t now_ms)
{
	start_probe(lease, lease->dhcp.config.mac, lease->dhcp.lease.address, now_ms);
}

void lease4_probe(struct lease4 *lease, const struct rtnl_link *link, uint32_t address, int64_t now_ms)
{
	lease->index = link->index;
	(void)snprintf(lease->name, sizeof(lease->name), "%s", link->name);
	if (link->has_mac)
		start_probe(lease, link->mac, address, now_ms);
}

void lease4_stop(struct lease4 *lease)
{
	struct dhcp_output output;

	if (lease4_is_started(lease) && dhcp_release(&lease->dhcp, random_number(0), &output))
		send_output(lease, &output);
	close_fd(&lease->packet_fd);
	close_fd(&lease->udp_fd);
	probe_stop(&lease->probe);
	lease4_init(lease);
}
