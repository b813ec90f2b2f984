/* lease4.h - DHCPv4 on one interface: the sockets under the machine of proto/dhcp.
 *
 * Without an address it speaks through a packet socket that hears DHCP and nothing else; with one through a UDP socket,
 * as RFC 2131 4.3.6 wants renewals. Does not put addresses on interfaces: interface.c does. Holds no path and allocates
 * nothing, so that it goes on after the hand-over.
 */
#ifndef NET_LEASE4_H
#define NET_LEASE4_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/probe.h"
#include "proto/dhcp.h"
#include "sys/rtnl.h"

struct lease4 {
	struct dhcp dhcp;
	struct probe probe;
	int index;
	char name[16];
	int packet_fd, udp_fd; /* -1: closed */
	unsigned discovers;    /* sent since the start */
	const char *refused;   /* why the last bad packet was not believed */
};

void lease4_init(struct lease4 *lease);

/* Sends a DISCOVER. */
void lease4_start(struct lease4 *lease, int index, const char *name, const struct dhcp_config *config, int64_t now_ms);
bool lease4_is_started(const struct lease4 *lease);

int lease4_pollfds(const struct lease4 *lease, struct pollfd *out, int count, int max);
int64_t lease4_deadline(const struct lease4 *lease);

/* Handles what is ready and due. Returns DHCP_BOUND and DHCP_LOST as dhcp_step does, or'ed; LOST comes first. */
unsigned lease4_step(struct lease4 *lease, const struct pollfd *fds, int count, int64_t now_ms);

/* Carrier came or went. The same result. */
unsigned lease4_link(struct lease4 *lease, bool up, int64_t now_ms);

/* The address of a new lease is on the interface: now it can be asked for among the neighbours. */
void lease4_applied(struct lease4 *lease, int64_t now_ms);

/* The same for an address that is no lease: a conflict is told, and that is all. Starts nothing else. */
void lease4_probe(struct lease4 *lease, const struct rtnl_link *link, uint32_t address, int64_t now_ms);

/* Gives the lease back and closes everything. */
void lease4_stop(struct lease4 *lease);

#endif
