/* net.h - the machine's interfaces, and when the network can be used.
 *
 * Follows the kernel's links, starts the machine (interface.h) of each interface that a plan means, lets the first usable
 * one win where the plan names none, and creates VLANs and bonds (link.h). The event loop drives it; nothing in it waits.
 * After the hand-over the same steps keep leases renewed: see net_settle.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_NET_H
#define NET_NET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/heal.h"
#include "net/interface.h"
#include "plan/plan.h"
#include "sys/rtnl.h"

#define NET_INTERFACES_MAX 16
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
	struct arp_stations own; /* the MAC addresses of all interfaces */
	int winner;              /* index in interfaces, -1: none yet */
	bool settled;
	bool overflowed;       /* more interfaces than places: logged once */
	bool has_new;          /* an interface has come since the last step */
	int64_t missing_at_ms; /* when names that no interface has are reported */
	bool events_lost;      /* everything must be looked at again when the queue is empty */
	unsigned modules_told; /* bits of net.c's list */
	bool link_made[PLAN_LINKS_MAX];
	bool route_set[PLAN_ROUTES_MAX];
	bool records_due;
	int dns_count;
	struct address dns[NET_DNS_MAX]; /* as net_records_due last knew them */
	char failure[200];               /* "": none */
	struct heal heal;                /* once settled; the loop steps it */
	struct interface interfaces[NET_INTERFACES_MAX];
};

/* Opens rtnetlink, brings lo up, looks at which interfaces exist. net is all zero or was used before. plan and sysfs (the
   descriptor of /sys) stay in use. 0 or -errno. */
int net_open(struct net *net, const struct network_plan *plan, int sysfs, int64_t now_ms);

int net_pollfds(const struct net *net, struct pollfd *out, int max);
int64_t net_deadline(const struct net *net); /* monotonic; INT64_MAX: none */
void net_step(struct net *net, const struct pollfd *fds, int count, int64_t now_ms);

enum net_state net_state(const struct net *net);

/* One clause to stand after "waiting for "; in NET_FAILED what failed. Returns out. */
const char *net_waiting_for(const struct net *net, char *out, size_t size);

/* The next kernel module that the plan needs. Each is returned once; NULL: there are no more. */
const char *net_module_wanted(struct net *net);

/* Of the interface that won (the boot interface); NULL where there is none, or where it has no lease. */
const struct dhcp_lease *net_lease(const struct net *net);
const struct dhcp6_lease *net_lease6(const struct net *net);
const uint8_t *net_boot_mac(const struct net *net);

/* How many addresses the methods of all usable interfaces have brought so far. It grows when a portal that could not be
   reached may be reachable. */
unsigned net_answers(const struct net *net);

/* The name of the interface that udev would call by the given one; NULL: the name is no such alias. */
const char *net_real_name(const struct net *net, const char *name);

/* When the first interface had carrier, and when the first had a usable address (monotonic); 0: not yet. */
int64_t net_link_ms(const struct net *net);
int64_t net_address_ms(const struct net *net);

/* Name servers: the plan's, then those of leases and router advertisements. Returns their number. */
int net_dns(const struct net *net, struct address out[NET_DNS_MAX]);

/* True once after the network became usable, and once after its name servers changed: the records must be written (again). */
bool net_records_due(struct net *net);

/* resolv.conf below root ("" for /), which our own look-ups need. 0 or -errno. */
int net_write_resolver(const struct net *net, const char *root);

/* The same, and the files that the next system reads (records.h). 0, or the first -errno; the other files are written all
   the same. */
int net_write_records(const struct net *net, const char *root);

/* Overwrites the CHAP secrets that leases brought, because the plan has them now. net_settle and every renewal after it do
   so, too. */
void net_wipe_secrets(struct net *net);

/* The boot is over: from now on leases are renewed. Interfaces that are not usable stay as they are. heals: what root needs
   is set again when the running system takes it away (heal.h). */
void net_settle(struct net *net, bool heals);

#endif
