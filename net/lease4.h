/* lease4.h - DHCPv4 as a family of lease.h.
 *
 * Without an address it speaks through a packet socket that hears DHCP and nothing else; with one through a UDP socket,
 * as RFC 2131 4.3.6 wants renewals.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_LEASE4_H
#define NET_LEASE4_H

#include "net/lease.h"

extern const struct lease_family lease4_family;

/* Stops what is under way, then sends a DISCOVER. */
void lease4_start(struct lease *lease, int index, const char *name, const struct dhcp_config *config, int64_t now_ms);

#endif
