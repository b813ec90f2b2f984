/* lease6.c - DHCPv6 on one interface: the UDP socket under the machine of proto/dhcp6.
 *
 * Contracts in lease6.h. RFC 8415 7.1, 7.2: everything goes to All_DHCP_Relay_Agents_and_Servers.
 */
#include "net/lease6.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "sys/log.h"
#include "sys/pollfds.h"
#include "sys/udp.h"

static const uint8_t all_servers[16] = {0xff, 0x02, [13] = 1, [15] = 2}; /* ff02::1:2 */

void lease6_init(struct lease6 *lease)
{
	memset(lease, 0, sizeof(*lease));
	lease->fd = -1;
}

static uint32_t random_number(int64_t now_ms)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK | GRND_INSECURE) != sizeof(number))
		number = (uint32_t)now_ms * 2654435761u;
	return number;
}

static void send_output(struct lease6 *lease, const struct dhcp_output *output)
{
	int result;

	if (lease->fd < 0)
		lease->fd = udp_open6(lease->index, DHCP6_CLIENT_PORT);
	result = lease->fd < 0 ? lease->fd
			       : udp_send6(lease->fd, lease->index, all_servers, DHCP6_SERVER_PORT, output->bytes,
					   output->length);
	lease->sent++;
	if (result)
		log_warn("%s: DHCPv6: sending failed: %s", lease->name, strerror(-result));
	else
		log_debug("%s: DHCPv6: sent, %s", lease->name, dhcp6_state_name(&lease->dhcp));
}

static void note_reason(struct lease6 *lease, const char *reason, bool lost)
{
	if (!reason)
		return;
	if (lost)
		log_warn("%s: DHCPv6: the lease is lost: %s", lease->name, reason);
	else if (reason != lease->refused)
		log_debug("%s: DHCPv6: %s", lease->name, reason);
	lease->refused = reason;
}

static unsigned feed(struct lease6 *lease, enum dhcp_event event, const uint8_t *bytes, size_t length, int64_t now_ms)
{
	struct dhcp_input input = {
		.event = event, .bytes = bytes, .length = length, .now_ms = now_ms, .random = random_number(now_ms)};
	struct dhcp_output output;
	unsigned did = dhcp6_step(&lease->dhcp, &input, &output);

	note_reason(lease, dhcp6_reason(&lease->dhcp), did & DHCP_LOST);
	if (did & DHCP_SEND)
		send_output(lease, &output);
	return did & (DHCP_BOUND | DHCP_LOST);
}

void lease6_start(struct lease6 *lease, int index, const char *name, const struct dhcp6_config *config, int64_t now_ms)
{
	lease6_stop(lease);
	lease->index = index;
	(void)snprintf(lease->name, sizeof(lease->name), "%s", name);
	dhcp6_start(&lease->dhcp, config, now_ms);
	(void)feed(lease, DHCP_TIMER, NULL, 0, now_ms);
}

bool lease6_is_started(const struct lease6 *lease)
{
	return lease->dhcp.state != DHCP6_STOPPED;
}

int lease6_pollfds(const struct lease6 *lease, struct pollfd *out, int count, int max)
{
	return pollfds_add(out, count, max, lease->fd);
}

int64_t lease6_deadline(const struct lease6 *lease)
{
	return lease6_is_started(lease) ? dhcp6_deadline(&lease->dhcp) : INT64_MAX;
}

static unsigned read_datagrams(struct lease6 *lease, int64_t now_ms)
{
	uint8_t bytes[DHCP_MESSAGE_MAX];
	unsigned did = 0;
	ssize_t got;

	while ((got = udp_receive(lease->fd, bytes, sizeof(bytes))) >= 0)
		did |= feed(lease, DHCP_PACKET, bytes, (size_t)got, now_ms);
	return did;
}

unsigned lease6_step(struct lease6 *lease, const struct pollfd *fds, int count, int64_t now_ms)
{
	unsigned did = 0;

	if (!lease6_is_started(lease))
		return 0;
	if (pollfds_ready(fds, count, lease->fd))
		did |= read_datagrams(lease, now_ms);
	if (now_ms >= dhcp6_deadline(&lease->dhcp))
		did |= feed(lease, DHCP_TIMER, NULL, 0, now_ms);
	return did;
}

unsigned lease6_link(struct lease6 *lease, bool up, int64_t now_ms)
{
	if (!lease6_is_started(lease))
		return 0;
	return feed(lease, up ? DHCP_LINK_UP : DHCP_LINK_DOWN, NULL, 0, now_ms);
}

unsigned lease6_conflict(struct lease6 *lease, int64_t now_ms)
{
	return lease6_is_started(lease) ? feed(lease, DHCP_CONFLICT, NULL, 0, now_ms) : 0;
}

void lease6_stop(struct lease6 *lease)
{
	struct dhcp_output output;

	if (lease6_is_started(lease) && dhcp6_release(&lease->dhcp, random_number(0), &output))
		send_output(lease, &output);
	if (lease->fd >= 0)
		(void)close(lease->fd);
	lease6_init(lease);
}
