/* interface.h - one network interface from its plan to a usable address.
 *
 * Keeps what the kernel says of the interface (link, addresses, router advertisements) as it is; the machine looks at it
 * again after every event. Owns the leases and everything that was put on the interface, so that it can be taken off
 * again. Does not choose which plan is for which interface: net.c does.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/assignment.h"
#include "net/lease.h"
#include "net/probe.h"
#include "plan/plan.h"
#include "sys/rtnl.h"

enum interface_state {
	INTERFACE_UNUSED,  /* no plan is for it */
	INTERFACE_CARRIER, /* up; waiting for the cable */
	INTERFACE_ADDRESS, /* carrier; waiting for an address */
	INTERFACE_USABLE,
	INTERFACE_FAILED, /* .failure says why */
	INTERFACE_STATES
};

enum interface_event {
	INTERFACE_EVENT_CLAIM, /* its plans are set */
	INTERFACE_EVENT_UP,    /* carrier came */
	INTERFACE_EVENT_DOWN,  /* carrier went */
	INTERFACE_EVENT_READY, /* as many addresses are there as a boot needs */
	INTERFACE_EVENT_UNREADY,
	INTERFACE_EVENT_FAIL,
	INTERFACE_EVENT_RELEASE, /* to be put back as it was */
	INTERFACE_EVENTS
};

#define INTERFACE_ADDRESSES_MAX 32 /* the kernel makes at most 16 by itself: max_addresses in ip-sysctl.rst */
#define INTERFACE_PLANS_MAX     ASSIGNMENT_FIXED_MAX
#define INTERFACE_FAILURE_MAX   200

struct interface {
	const struct network_plan *network;
	const struct arp_stations *own; /* this machine's interfaces */

	enum interface_state state;
	const struct interface_plan *plans[INTERFACE_PLANS_MAX];
	int plan_count;                             /* 0: used as it is, or not at all */
	bool existing;                              /* had its address before us */
	bool was_up;                                /* before us */
	bool prepared;                              /* MAC, MTU set; brought up */
	bool started;                               /* methods are under way */
	bool link_up;                               /* as the leases were told last */
	bool separate_arp;                          /* it answers by ARP for its own addresses only */
	int64_t link_ms, address_ms;                /* when carrier and a usable address came; 0: not yet */
	int64_t carrier_limit_ms, address_limit_ms; /* INT64_MAX: none */
	int64_t rest_limit_ms;                      /* for the methods that have not answered when it became usable */
	unsigned given_up;                          /* enum method, or'ed: nobody answered in time */

	/* What the kernel says. link.index 0: this place is free. */
	struct rtnl_link6 link6;
	bool has_router6; /* a router has advertised itself */
	int address_count;
	bool overflowed; /* more addresses than places: logged once */
	struct rtnl_link link;
	struct rtnl_address addresses[INTERFACE_ADDRESSES_MAX];
	struct rtnl_dns6 dns6;

	char failure[INTERFACE_FAILURE_MAX];
	struct lease lease4, lease6;
	struct probe probe; /* whether another station has the newest IPv4 address */
	struct assignment assignment;
};

/* All three must outlive it. */
void interface_init(struct interface *interface, struct rtnl *rtnl, const struct network_plan *network,
		    const struct arp_stations *own);

/* What the kernel says now. Nothing is done about it until interface_step. */
void interface_set_link(struct interface *interface, const struct rtnl_link *link);
void interface_set_link6(struct interface *interface, const struct rtnl_link6 *link6);
void interface_set_address(struct interface *interface, const struct rtnl_address *address, bool gone);
void interface_set_router6(struct interface *interface);
void interface_set_dns6(struct interface *interface, const struct rtnl_dns6 *dns6);

/* Adds a plan; one that does not fit is left out. */
void interface_add_plan(struct interface *interface, const struct interface_plan *plan);

/* Other interfaces are in use, too: makes it answer by ARP for its own addresses only. */
void interface_separate_arp(struct interface *interface);

/* Its plans are complete: brings it up and takes the first step. */
void interface_claim(struct interface *interface, int64_t now_ms);

/* The methods that have brought an address (enum method, or'ed), where the interface is usable. */
unsigned interface_answers(const struct interface *interface);

/* Whether a method may still bring an address, and with it a root path. */
bool interface_is_pending(const struct interface *interface);

/* The boot is over: leases are kept and nothing new is asked for. One that has no address of ours is left as it is. */
void interface_settle(struct interface *interface);

/* It has an address already: usable as it is. */
void interface_adopt(struct interface *interface, int64_t now_ms);

/* Overwrites the CHAP secrets that its leases hold. */
void interface_wipe_secrets(struct interface *interface);

/* Gives its leases back and leaves it as it was before us. */
void interface_release(struct interface *interface, int64_t now_ms);

/* The interface is gone from the kernel: closes everything. The place is free afterwards. */
void interface_forget(struct interface *interface);

int interface_pollfds(const struct interface *interface, struct pollfd *out, int count, int max);
int64_t interface_deadline(const struct interface *interface);
void interface_step(struct interface *interface, const struct pollfd *fds, int count, int64_t now_ms);

bool interface_has_carrier(const struct interface *interface);

/* An address of global scope that may be used, of any origin; NULL: none. */
const struct rtnl_address *interface_global_address(const struct interface *interface);

/* One clause: "carrier on eth0", "a DHCP offer on eth0 (4 discovers sent)". Returns out. */
const char *interface_waiting_for(const struct interface *interface, char *out, size_t size);

#endif
