/* params.h - the parameters of a kernel session, before the login and after it.
 *
 * The kernel needs them to run the session, and a later iscsid reads them back from sysfs to adopt it: names, the persistent
 * address and port, CHAP, timeouts. The list and its order are those of open-iscsi's own tools.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_PARAMS_H
#define SESSION_PARAMS_H

#include <stdint.h>

#include "login.h"
#include "netlink.h"
#include "plan/plan.h"

/* When the connection is bound and not logged in. name: of the target, as it is logged in to. portal: the configured one, to which iscsid is to reconnect. 0 or -errno. */
int session_params_before(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t host,
			  const struct target_plan *plan, const char *name, const struct portal *portal);

/* When the connection is logged in and not started. 0, or -errno with the refused parameter in *refused. */
int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *plan, uint32_t *refused);

#endif
