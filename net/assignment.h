/* assignment.h - what is put on an interface and taken off again: addresses, routes, MTU, MAC; the host name.
 *
 * Carries out what interface.c decided and remembers the addresses in struct interface. A setting that the kernel refuses
 * is said, and the boot goes on, unless it is the address itself.
 */
#ifndef NET_ASSIGNMENT_H
#define NET_ASSIGNMENT_H

#include "net/interface.h"
#include "plan/address.h"

/* The static address of plan number i, with its gateway; whether an IPv4 address is taken is asked beside all else. 0 or
   -errno. Done once; again it does nothing. */
int assignment_static(struct interface *interface, int i, int64_t now_ms);

/* What the lease says. A lease that only was renewed changes nothing; after the hand-over only the address counts. */
void assignment_lease4(struct interface *interface, int64_t now_ms);
void assignment_lease6(struct interface *interface);

/* Takes a leased address away; after the hand-over it stays, for root depends on it, and that is said. */
void assignment_lose(const struct interface *interface, struct rtnl_address *address);

/* Takes all addresses away that were put here. */
void assignment_clear(struct interface *interface);

void assignment_route(const struct interface *interface, const struct route_plan *plan);
void assignment_mtu(const struct interface *interface, uint32_t mtu);
void assignment_mac(struct interface *interface, const uint8_t mac[6]);

/* Only where the kernel has none yet. "" is no name. */
void assignment_hostname(const char *name);

bool assignment_is_same(const struct rtnl_address *a, const struct rtnl_address *b);
const char *assignment_text(const struct rtnl_address *address, char out[ADDRESS_TEXT_MAX]);

#endif
