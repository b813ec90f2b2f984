/* lease4.c - DHCPv4 as a family of lease.h.
 *
 * Contracts in lease4.h.
 */
/* SPDX-License-Identifier: MIT */
#include "net/lease4.h"

#include <unistd.h>

#include "proto/dhcp_frame.h"
#include "sys/packet.h"
#include "sys/udp.h"

/* A socket is opened when it is first needed: the packet socket's module may have to be loaded for it. */
static int open_packet(struct lease *lease)
{
	if (lease->packet_fd < 0)
		lease->packet_fd = packet_open_dhcp(lease->index);
	return lease->packet_fd;
}

static int open_udp(struct lease *lease)
{
	if (lease->udp_fd < 0)
		lease->udp_fd = udp_open4(lease->index, DHCP_CLIENT_PORT);
	return lease->udp_fd;
}

static int send_raw(struct lease *lease, const struct dhcp_output *output)
{
	uint8_t frame[DHCP_FRAME_MAX];
	size_t length = dhcp_frame_build(output, frame);
	int fd = open_packet(lease);

	return fd < 0 ? fd : packet_send_dhcp(fd, lease->index, frame, length);
}

static int send_message(struct lease *lease, const struct dhcp_output *output)
{
	int fd;

	if (lease->dhcp.state == DHCP_SELECTING)
		lease->sent++;
	if (output->raw)
		return send_raw(lease, output);
	fd = open_udp(lease);
	return fd < 0 ? fd
		      : udp_send4(fd, lease->index, output->source, output->destination, DHCP_SERVER_PORT,
				  output->bytes, output->length);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* With an address the UDP socket hears the server; without one only the packet socket does. */
static void choose_socket(struct lease *lease)
{
	if (dhcp_has_lease(&lease->dhcp)) {
		(void)open_udp(lease);
		close_fd(&lease->packet_fd);
	} else {
		close_fd(&lease->udp_fd);
	}
}

static unsigned step(struct lease *lease, const struct dhcp_input *input, struct dhcp_output *output)
{
	return dhcp_step(&lease->dhcp, input, output);
}

static bool release(struct lease *lease, uint32_t random, struct dhcp_output *output)
{
	return dhcp_release(&lease->dhcp, random, output);
}

static int64_t deadline(const struct lease *lease)
{
	return dhcp_deadline(&lease->dhcp);
}

static const char *reason(const struct lease *lease)
{
	return dhcp_reason(&lease->dhcp);
}

static const char *waiting(const struct lease *lease)
{
	return dhcp_waiting(&lease->dhcp);
}

static const char *state_name(const struct lease *lease)
{
	return dhcp_state_name(&lease->dhcp);
}

static bool has_lease(const struct lease *lease)
{
	return dhcp_has_lease(&lease->dhcp);
}

static void keep_address(struct lease *lease)
{
	dhcp_keep_address(&lease->dhcp);
}

static void wipe_secrets(struct lease *lease)
{
	dhcp_wipe_secrets(&lease->dhcp);
}

const struct lease_family lease4_family = {
	.protocol = "DHCP",
	.step = step,
	.release = release,
	.send = send_message,
	.choose_socket = choose_socket,
	.deadline = deadline,
	.reason = reason,
	.waiting = waiting,
	.state_name = state_name,
	.has_lease = has_lease,
	.keep_address = keep_address,
	.wipe_secrets = wipe_secrets,
};

void lease4_start(struct lease *lease, int index, const char *name, const struct dhcp_config *config, int64_t now_ms)
{
	lease_stop(lease);
	dhcp_start(&lease->dhcp, config, now_ms);
	lease_begin(lease, index, name, now_ms);
}
