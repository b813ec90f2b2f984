/* params.h - the parameters of a kernel session, before the login and after it.
 *
 * What the kernel needs to run the session, and what a later iscsid reads back from sysfs to adopt it: names, the
 * persistent address and port, CHAP, time-outs. The list and its order are those that open-iscsi's own tools set.
 */
#ifndef SESSION_PARAMS_H
#define SESSION_PARAMS_H

#include <stdint.h>

#include "login.h"
#include "netlink.h"
#include "plan/plan.h"

/* Connection bound, not logged in. portal: what is configured, where iscsid is to reconnect to. 0 or -errno. */
int session_params_before(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t host,
			  const struct target_plan *plan, const struct portal *portal);

/* Logged in, not started. 0, or -errno with the refused parameter in *refused. */
int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *plan, uint32_t *refused);

#endif
