/* lease6.c - DHCPv6 as a family of lease.h.
 *
 * Contracts in lease6.h. RFC 8415 7.1, 7.2: everything goes to All_DHCP_Relay_Agents_and_Servers.
 */
/* SPDX-License-Identifier: MIT */
#include "net/lease6.h"

#include "sys/udp.h"

static const uint8_t all_servers[16] = {0xff, 0x02, [13] = 1, [15] = 2}; /* ff02::1:2 */

static int send_message(struct lease *lease, const struct dhcp_output *output)
{
	lease->sent++;
	if (lease->udp_fd < 0)
		lease->udp_fd = udp_open6(lease->index, DHCP6_CLIENT_PORT);
	return lease->udp_fd < 0 ? lease->udp_fd
				 : udp_send6(lease->udp_fd, lease->index, all_servers, DHCP6_SERVER_PORT, output->bytes,
					     output->length);
}

/* One socket serves every state. */
static void choose_socket(struct lease *lease)
{
	(void)lease;
}

static unsigned step(struct lease *lease, const struct dhcp_input *input, struct dhcp_output *output)
{
	return dhcp6_step(&lease->dhcp6, input, output);
}

static bool release(struct lease *lease, uint32_t random, struct dhcp_output *output)
{
	return dhcp6_release(&lease->dhcp6, random, output);
}

static int64_t deadline(const struct lease *lease)
{
	return dhcp6_deadline(&lease->dhcp6);
}

static const char *reason(const struct lease *lease)
{
	return dhcp6_reason(&lease->dhcp6);
}

static const char *waiting(const struct lease *lease)
{
	return dhcp6_waiting(&lease->dhcp6);
}

static const char *state_name(const struct lease *lease)
{
	return dhcp6_state_name(&lease->dhcp6);
}

static bool has_lease(const struct lease *lease)
{
	return dhcp6_has_lease(&lease->dhcp6);
}

static void keep_address(struct lease *lease)
{
	dhcp6_keep_address(&lease->dhcp6);
}

static void wipe_secrets(struct lease *lease)
{
	dhcp6_wipe_secrets(&lease->dhcp6);
}

const struct lease_family lease6_family = {
	.protocol = "DHCPv6",
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

void lease6_start(struct lease *lease, int index, const char *name, const struct dhcp6_config *config, int64_t now_ms)
{
	lease_stop(lease);
	dhcp6_start(&lease->dhcp6, config, now_ms);
	lease_begin(lease, index, name, now_ms);
}
