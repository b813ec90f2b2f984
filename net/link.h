/* link.h - links that the plan creates (VLANs, bonds, bridges), and interfaces that it renames.
 *
 * Each call creates what can be created now; what needs an interface that has not appeared yet is left for a later call.
 * Does not give links addresses.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>

#include "plan/plan.h"
#include "sys/rtnl.h"

/* What link_make needs of its caller. */
struct link_context {
	struct rtnl *rtnl;
	int sysfs; /* descriptor of /sys: bond options are set there */
	const struct rtnl_link *links[32];
	int count;
};

/* Does what the plan says as far as it is possible now. *made remembers that the link itself exists. 0: nothing is left to
   do, or nothing can be done now; -errno: it failed for good. */
int link_make(const struct link_context *context, const struct link_plan *plan, bool *made);

/* Whether the link gets no address of its own: it is a slave of a bond or bridge, or waits to be renamed. */
bool link_is_taken(const struct network_plan *plan, const struct rtnl_link *link);

/* Whether the link has the name, or would have it on a system with predictable names. */
bool link_is_called(const struct rtnl_link *link, const char *name);

/* Whether the plan makes it. */
bool link_is_planned(const struct network_plan *plan, const struct rtnl_link *link);

/* Whether the plan makes another link of it: a VLAN, a bond, a bridge. */
bool link_is_below(const struct network_plan *plan, const struct rtnl_link *link);

/* Whether it has a driver of its own. VLANs and their like do not, and carry the MAC address of what is below them; veth is
   a container's Ethernet. */
bool link_is_physical(const struct rtnl_link *link);

/* Whether a physical link has the MAC address, now or by its permanent one. */
bool link_has_mac(const struct rtnl_link *link, const uint8_t mac[6]);

#endif
