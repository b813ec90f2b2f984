/* rtnl.h - links, addresses and routes through NETLINK_ROUTE (rtnetlink(7)).
 *
 * Owns the messages; decides nothing. The kernel answers a request while it is being sent, so a call returns when it is done.
 * Events come on a socket of their own and are read by rtnl_receive. Addresses are in network order.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_RTNL_H
#define SYS_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/netnames.h"

#define RTNL_NAME_MAX   16    /* IFNAMSIZ, with the NUL */
#define RTNL_BUFFER_MAX 16384 /* a dump's datagram; kernel: NLMSG_GOODSIZE is 8 KiB at most */
#define RTNL_DNS_MAX    4

struct rtnl {
	int call_fd;
	int event_fd; /* readable when rtnl_receive has something */
	uint32_t sequence;
};

enum rtnl_type {
	RTNL_LINK,         /* .link: new or changed */
	RTNL_LINK_GONE,    /* .link: index and name */
	RTNL_LINK6,        /* .link6: what router advertisements said about DHCPv6 */
	RTNL_ADDRESS,      /* .address: new or changed */
	RTNL_ADDRESS_GONE, /* .address */
	RTNL_DNS6,         /* .dns6: name servers in a router advertisement (RFC 8106) */
	RTNL_ROUTER6,      /* .router6: an IPv6 default route that a router advertised */
	RTNL_ROUTE,        /* .route: to one host */
	RTNL_ROUTE_GONE,   /* a route of the main table, without particulars */
	RTNL_OTHER
};

struct rtnl_link {
	int index;
	char name[RTNL_NAME_MAX];
	char kind[RTNL_NAME_MAX]; /* "vlan", "veth", ...; "": a device with a driver */
	uint32_t flags;           /* IFF_... */
	uint16_t type;            /* ARPHRD_... */
	int master, parent;       /* index; 0 none */
	uint32_t mtu;
	bool has_mac;
	uint8_t mac[6];
	bool has_permanent_mac;
	uint8_t permanent_mac[6];
	struct netnames aliases; /* not from the kernel: for the user of rtnl to fill */
};

struct rtnl_link6 {
	int index;
	bool managed, other; /* RFC 4861 4.2: M and O */
};

struct rtnl_address {
	int index;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix, scope;
	uint32_t flags; /* IFA_F_... */
	uint8_t address[16];
	bool has_peer;
	uint8_t peer[16];
};

struct rtnl_dns6 {
	int index;
	uint32_t lifetime_s; /* 0: no longer */
	int count;
	uint8_t servers[RTNL_DNS_MAX][16];
};

struct rtnl_router6 {
	int index;
};

struct rtnl_route {
	int index;
	uint8_t family;
	uint8_t prefix; /* of to; 0: the default route */
	uint8_t to[16];
	bool has_gateway;
	uint8_t gateway[16];
	bool gateway_on_link; /* reach the gateway directly although no prefix covers it */
	bool has_source;
	uint8_t source[16]; /* the address that packets to it come from */
	uint32_t metric;    /* 0: the kernel's */
};

struct rtnl_event {
	enum rtnl_type type;
	union {
		struct rtnl_link link;
		struct rtnl_link6 link6;
		struct rtnl_address address;
		struct rtnl_dns6 dns6;
		struct rtnl_router6 router6;
		struct rtnl_route route;
	};
};

/* Both sockets. 0 or -errno. */
int rtnl_open(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/* Ends RTNL_ROUTER6 events, so that a large routing table does not wake us while it grows, and begins RTNL_ROUTE_GONE. 0
   or -errno. */
int rtnl_hear_lost_routes(const struct rtnl *rtnl);

/* One datagram from the kernel, and how far it has been read. */
struct rtnl_reader {
	size_t at, used;
	int error; /* of the answer that was met; 0 */
	bool done; /* the answer or the end of a dump was met */
	uint8_t bytes[RTNL_BUFFER_MAX] __attribute__((aligned(8)));
};

/* Receives the next datagram of events. 0; -EAGAIN: there is none now; -ENOBUFS: events were lost, dump everything again. */
int rtnl_receive(const struct rtnl *rtnl, struct rtnl_reader *reader);

/* Reads the next message of the datagram. False at its end. Changes nothing but the reader. */
bool rtnl_next(struct rtnl_reader *reader, struct rtnl_event *event);

/* Calls found for every link, or every address. It must not call rtnl_ functions. 0 or -errno. */
int rtnl_dump_links(struct rtnl *rtnl, void (*found)(void *context, const struct rtnl_event *event), void *context);
int rtnl_dump_addresses(struct rtnl *rtnl, void (*found)(void *context, const struct rtnl_event *event), void *context);

/* One link, by its index. 0 or -errno: -ENODEV when there is none. */
int rtnl_get_link(struct rtnl *rtnl, int index, struct rtnl_link *link);

/* How the kernel would send to route->to now; .family, and for a link-local address .index, are given. Fills in the rest.
   0 or -errno: -ENETUNREACH, for one, when there is no way. */
int rtnl_get_route(struct rtnl *rtnl, struct rtnl_route *route);

/* What to change. A field that is zero leaves its property as it is. */
struct rtnl_change {
	bool up, down;
	bool release; /* from its master */
	uint32_t mtu;
	const uint8_t *mac;
	const char *name;
	int master;
};

/* All return 0 or -errno, as the kernel said. */
int rtnl_change_link(struct rtnl *rtnl, int index, const struct rtnl_change *change);
int rtnl_add_vlan(struct rtnl *rtnl, const char *name, int parent, uint16_t id);
/* A virtual link of a kind that needs no more than its name: "bond", "bridge". */
int rtnl_add_link(struct rtnl *rtnl, const char *name, const char *kind);
/* An address that is there already is no error. */
int rtnl_add_address(struct rtnl *rtnl, const struct rtnl_address *address);
int rtnl_remove_address(struct rtnl *rtnl, const struct rtnl_address *address);

/* -EEXIST: there is a route with this destination and metric. */
int rtnl_add_route(struct rtnl *rtnl, const struct rtnl_route *route);

#endif
