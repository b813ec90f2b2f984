/* lease.h - the disk that a DHCP lease names: root-path, initiator name and CHAP, if the command line asks for them.
 *
 * Owns how RFC 4173's and dracut's root paths become part of a plan. The lease's addresses belong to net/. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_LEASE_H
#define PLAN_LEASE_H

#include "plan/plan.h"
#include "proto/dhcp.h"
#include "proto/dhcp6.h"

/* 0; -ENOENT: the lease has no root-path and one is wanted (that of another interface may have one); -EINVAL: it cannot be
   used. Both with *error. */
int plan_add_lease(const struct dhcp_lease *lease, struct plan *plan, struct plan_error *error);

/* The same with DHCPv6's boot file URL (RFC 5970). */
int plan_add_lease6(const struct dhcp6_lease *lease, struct plan *plan, struct plan_error *error);

#endif
