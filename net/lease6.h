/* lease6.h - DHCPv6 as a family of lease.h.
 *
 * Needs a link-local address that is past duplicate address detection.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_LEASE6_H
#define NET_LEASE6_H

#include "net/lease.h"

extern const struct lease_family lease6_family;

/* Stops what is under way, then sends a SOLICIT or an INFORMATION-REQUEST. */
void lease6_start(struct lease *lease, int index, const char *name, const struct dhcp6_config *config, int64_t now_ms);

#endif
