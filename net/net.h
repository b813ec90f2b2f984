/* net.h - the machine's interfaces, and when the network can be used.
 *
 * Follows the kernel's links, gives each interface that a plan means to its machine (interface.h), lets the first win
 * where the plan names none, makes VLANs and bonds (link.h). The event loop drives it; nothing in it waits. After the
 * hand-over the same steps keep leases renewed: net_settle.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/interface.h"
#include "plan/plan.h"
#include "sys/rtnl.h"

#define NET_INTERFACES_MAX 16
#define NET_POLLFDS_MAX    (1 + 5 * NET_INTERFACES_MAX)
#define NET_DNS_MAX        8

enum net_state {
	NET_WAITING_LINK, /* for an interface to appear */
	NET_WAITING_CARRIER,
	NET_WAITING_ADDRESS,
	NET_USABLE,
	NET_FAILED /* for good; net_waiting_for says why */
};

struct net {
	const struct network_plan *plan;
	int sysfs;
	struct rtnl rtnl;
	int winner; /* index in interfaces, -1: none yet */
	bool settled;
	bool overflowed;       /* more interfaces than places: said once */
	unsigned modules_told; /* bits of net.c's list */
	bool link_made[PLAN_LINKS_MAX];
	bool route_set[PLAN_ROUTES_MAX];
	bool records_due;
	int dns_count;
	struct address dns[NET_DNS_MAX]; /* as net_records_due last knew them */
	char failure[200];               /* "": none */
	struct interface interfaces[NET_INTERFACES_MAX];
};

/* Opens rtnetlink, brings lo up, looks at what is there. net: all zero, or used before. plan and sysfs (the descriptor
   of /sys) stay in use. 0 or -errno. */
int net_open(struct net *net, const struct network_plan *plan, int sysfs, int64_t now_ms);

int net_pollfds(const struct net *net, struct pollfd *out, int max);
int64_t net_deadline(const struct net *net); /* monotonic; INT64_MAX: none */
void net_step(struct net *net, const struct pollfd *fds, int count, int64_t now_ms);

enum net_state net_state(const struct net *net);

/* One clause for "waiting for ..."; in NET_FAILED what failed. Returns out. */
const char *net_waiting_for(const struct net *net, char *out, size_t size);

/* The next kernel module that the plan needs, each one once; NULL: no more. */
const char *net_module_wanted(struct net *net);

/* Of the interface that won (the boot interface): NULL where there is none, or no lease on it. */
const struct dhcp_lease *net_lease(const struct net *net);
const struct dhcp6_lease *net_lease6(const struct net *net);
const uint8_t *net_boot_mac(const struct net *net);
const char *net_boot_interface(const struct net *net);

/* When carrier and a usable address came, the first of all interfaces; 0: not yet. */
int64_t net_link_ms(const struct net *net);
int64_t net_address_ms(const struct net *net);

/* Name servers: the plan's, then those that leases and router advertisements brought. Their number. */
int net_dns(const struct net *net, struct address out[NET_DNS_MAX]);

/* True once after the network became usable, and after its name servers changed: write resolv.conf (again). */
bool net_records_due(struct net *net);

/* resolv.conf below root ("" for /), which our own look-ups need. 0 or -errno. */
int net_write_resolver(const struct net *net, const char *root);

/* The same, and what the next system reads (records.h). 0, or the first -errno; it goes on after one. */
int net_write_records(const struct net *net, const char *root);

/* Overwrites the CHAP secrets that leases brought: the plan has them now. net_settle does it too, and every renewal
   after it. */
void net_wipe_secrets(struct net *net);

/* The boot is over: from now on only leases are kept. Interfaces that are not usable are left as they are. */
void net_settle(struct net *net);

#endif
