/* dhcp_signal.h - what an event is for a DHCP client's table of states, the same for both families.
 *
 * For dhcp_client.c and dhcp6_client.c only. A timer is told apart by what is due: nothing yet, the next message, or the
 * end of the lease, which counts before all else.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_DHCP_SIGNAL_H
#define PROTO_DHCP_SIGNAL_H

#include "proto/dhcp.h"

enum dhcp_signal {
	ON_NOTHING,
	ON_TIMER,
	ON_EXPIRY,
	ON_CONFLICT,
	ON_LINK_DOWN,
	ON_LINK_UP,
	ON_MESSAGE /* a packet, not yet read: the families' own signals begin here */
};

static inline int64_t dhcp_next_ms(int64_t deadline_ms, int64_t expiry_ms)
{
	return deadline_ms < expiry_ms ? deadline_ms : expiry_ms;
}

/* expiry_ms: of the lease, DHCP_NEVER without one. */
static inline enum dhcp_signal dhcp_signal_of(const struct dhcp_input *input, int64_t deadline_ms, int64_t expiry_ms)
{
	static const enum dhcp_signal signals[DHCP_EVENTS] = {[DHCP_PACKET] = ON_MESSAGE,
							      [DHCP_CONFLICT] = ON_CONFLICT,
							      [DHCP_LINK_DOWN] = ON_LINK_DOWN,
							      [DHCP_LINK_UP] = ON_LINK_UP};

	if (input->event != DHCP_TIMER)
		return input->event < DHCP_EVENTS ? signals[input->event] : ON_NOTHING;
	if (input->now_ms >= expiry_ms)
		return ON_EXPIRY;
	return input->now_ms >= deadline_ms ? ON_TIMER : ON_NOTHING;
}

#endif
