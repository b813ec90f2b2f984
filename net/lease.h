/* lease.h - a DHCP client on one interface: the sockets and the clock under the machines of proto/dhcp and proto/dhcp6.
 *
 * One driver for both families. It feeds events into the machine, sends what comes out and remembers why packets were
 * refused; what differs between the families is in lease4.c and lease6.c. It does not put addresses on interfaces:
 * interface.c does. It holds no path and allocates nothing, so that it can go on after the hand-over.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_LEASE_H
#define NET_LEASE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/dhcp.h"
#include "proto/dhcp6.h"

struct lease;

/* What differs between DHCPv4 and DHCPv6. */
struct lease_family {
	const char *protocol; /* for the log */
	unsigned (*step)(struct lease *lease, const struct dhcp_input *input, struct dhcp_output *output);
	bool (*release)(struct lease *lease, uint32_t random, struct dhcp_output *output);
	int (*send)(struct lease *lease, const struct dhcp_output *output); /* opens its socket; 0 or -errno */
	void (*choose_socket)(struct lease *lease);                         /* after BOUND or LOST */
	int64_t (*deadline)(const struct lease *lease);
	const char *(*reason)(const struct lease *lease);
	const char *(*waiting)(const struct lease *lease);
	const char *(*state_name)(const struct lease *lease);
	bool (*has_lease)(const struct lease *lease);
	void (*keep_address)(struct lease *lease);
	void (*wipe_secrets)(struct lease *lease);
};

struct lease {
	const struct lease_family *family;
	bool started;
	int index;
	char name[16];
	int packet_fd;       /* DHCPv4 without an address; -1: closed */
	int udp_fd;          /* -1: closed */
	unsigned sent;       /* messages that ask for an address, since the start */
	unsigned losses;     /* of a lease, since the start */
	const char *refused; /* why the last bad packet was not believed */
	int unsent;          /* why the last message could not be sent: -errno; 0: it was */
	union {
		struct dhcp dhcp;
		struct dhcp6 dhcp6;
	};
};

void lease_init(struct lease *lease, const struct lease_family *family);

/* For lease4_start and lease6_start, which have filled the machine: sends the first message. */
void lease_begin(struct lease *lease, int index, const char *name, int64_t now_ms);

int lease_pollfds(const struct lease *lease, struct pollfd *out, int count, int max);
int64_t lease_deadline(const struct lease *lease); /* monotonic; INT64_MAX: none */

/* Handles what is ready and due, a bounded number of datagrams at a time. Returns DHCP_BOUND and DHCP_LOST as dhcp_step
   does, or'ed; LOST comes first. A lease that has not been started ignores everything, here and below. */
unsigned lease_step(struct lease *lease, const struct pollfd *fds, int count, int64_t now_ms);

/* The carrier came or went. The same result. */
unsigned lease_set_link(struct lease *lease, bool up, int64_t now_ms);

/* Another station has the leased address: declines it and asks for another one. The same result. */
unsigned lease_decline(struct lease *lease, int64_t now_ms);

/* Whether there is a lease (or, where only information was asked for, an answer). */
bool lease_is_held(const struct lease *lease);

/* What is being waited for, to stand after "waiting for ". Constant text. */
const char *lease_waiting(const struct lease *lease);

/* Gives the lease back and closes everything. */
void lease_stop(struct lease *lease);

/* From now on no other address than the present lease's is accepted. */
void lease_keep_address(struct lease *lease);

/* Overwrites the CHAP secrets of the lease and of an offer; a renewal brings them again. */
void lease_wipe_secrets(struct lease *lease);

#endif
