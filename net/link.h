/* link.h - links that the plan makes: VLANs, bonds, and interfaces that get another name.
 *
 * One look per call: what can be made now is made, what needs an interface that is not there yet waits for it. Does not
 * give links addresses.
 */
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

/* Makes what the plan says as far as it is possible now. *made remembers that the link itself exists. 0: nothing is left
   to do, or nothing can be done now; -errno: it failed for good, and the log has it. */
int link_make(const struct link_context *context, const struct link_plan *plan, bool *made);

/* Is the interface of this name used up by the plan: a slave of a bond, or waiting for another name? */
bool link_is_taken(const struct network_plan *plan, const struct rtnl_link *link);

#endif
