/* assignment.h - what is put on an interface and taken off again: addresses, routes, MTU, MAC; the host name.
 *
 * Carries out what interface.c decided and remembers the addresses. A setting that the kernel refuses is logged and the
 * boot goes on, unless it is the address itself.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_ASSIGNMENT_H
#define NET_ASSIGNMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/address.h"
#include "plan/plan.h"
#include "proto/dhcp.h"
#include "proto/dhcp6.h"
#include "sys/rtnl.h"

#define ASSIGNMENT_FIXED_MAX 4 /* plans of one interface: an ip= each, IPv4 and IPv6, for one */

struct assignment {
	struct rtnl *rtnl;
	const struct rtnl_link *link;                    /* of the interface that this is part of */
	bool settled;                                    /* after the hand-over: root depends on what is there */
	bool loss_told;                                  /* that a lost lease's address stays: logged once */
	struct rtnl_address leased4, leased6;            /* what leases put on the interface; family 0: nothing */
	struct rtnl_address fixed[ASSIGNMENT_FIXED_MAX]; /* what each plan put on it; family 0: nothing */
};

/* Sets the static address of the interface's plan number i, with its gateway. Does nothing where it is set already. 0 or
   -errno. */
int assignment_set_static(struct assignment *assignment, int i, const struct interface_plan *plan);

/* Sets what the lease says. True where the address is new on the interface. A lease that was only renewed changes
   nothing, and after the hand-over nothing is changed at all. plan_mtu, in bytes, goes before the lease's; 0: none. */
bool assignment_set_lease4(struct assignment *assignment, const struct dhcp_lease *lease, int plan_mtu);
void assignment_set_lease6(struct assignment *assignment, const struct dhcp6_lease *lease);

/* Takes a leased address away. After the hand-over it stays, because root depends on it, and the log says so once. */
void assignment_lose(struct assignment *assignment, struct rtnl_address *address);

/* Takes all addresses away that were put here. */
void assignment_clear(struct assignment *assignment);

void assignment_set_route(const struct assignment *assignment, const struct route_plan *plan);

/* Bytes. */
void assignment_set_mtu(const struct assignment *assignment, uint32_t mtu);

/* True where the interface has this MAC address afterwards. */
bool assignment_set_mac(const struct assignment *assignment, const uint8_t mac[6]);

/* Only where the kernel has no host name yet. "" is no name. */
void assignment_set_hostname(const char *name);

/* Whether the address was put here by a plan or by DHCPv6. (The kernel makes no IPv4 addresses.) */
bool assignment_has(const struct assignment *assignment, const struct rtnl_address *address);

bool assignment_is_same(const struct rtnl_address *a, const struct rtnl_address *b);
const char *assignment_text(const struct rtnl_address *address, char out[ADDRESS_TEXT_MAX]);

#endif
