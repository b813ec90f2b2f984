/* dhcp.h - a DHCPv4 client: messages and the client's state machine, without a socket or a clock.
 *
 * Owns what is sent, which answers are accepted and when to send again (RFC 2131, 2132, 3004, 3396, 3442, 6842; option 203
 * and encapsulated option 175 as iPXE reads them). Does not own sockets, addresses on interfaces or the ARP probe: the
 * caller feeds events in and does what comes out. dhcp_frame.h makes IPv4/UDP frames for packet sockets; dhcp6.h is the
 * same for IPv6 and shares this header's events, actions, input and output.
 *
 * The caller's loop:
 *	dhcp_start(&d, &config, now);
 *	for (;;) {
 *		wait for a packet, an event, or until dhcp_deadline(&d);
 *		did = dhcp_step(&d, &input, &output);
 *		if (did & DHCP_LOST)  take the address away
 *		if (did & DHCP_BOUND) d.lease is new, or renewed: apply it
 *		if (did & DHCP_SEND)  send output
 *	}
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_DHCP_H
#define PROTO_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67
#define DHCP_NEVER       INT64_MAX   /* no deadline */
#define DHCP_INFINITE    0xffffffffu /* a lease without end, RFC 2131 3.3 */

#define DHCP_DNS_MAX       4
#define DHCP_ROUTER_MAX    4
#define DHCP_NTP_MAX       4
#define DHCP_ROUTE_MAX     16
#define DHCP_ROOT_PATH_MAX 512  /* with its 0 byte */
#define DHCP_MESSAGE_MAX   1472 /* what an Ethernet frame holds after the IPv4 and UDP headers */

/* All IPv4 addresses of this interface are in host byte order: 192.0.2.1 is 0xc0000201. */

struct dhcp_route {
	uint32_t destination;
	uint32_t gateway; /* 0: on the link */
	uint8_t prefix;
};

/* What a server gave. A count of 0, an address of 0, an MTU of 0 and an empty text mean "not given". Texts contain no
 * control characters and end with a 0 byte. An option that is too long or malformed is left out, never cut short, and
 * `malformed` has its number. */
struct dhcp_lease {
	uint32_t address;
	uint32_t server;      /* server identifier, option 54 */
	uint32_t next_server; /* siaddr: where an empty server in a root path points */
	uint32_t lease_s;     /* DHCP_INFINITE: for ever */
	uint32_t t1_s, t2_s;
	uint32_t routers[DHCP_ROUTER_MAX]; /* none where there are classless routes (RFC 3442: those replace them) */
	uint32_t dns[DHCP_DNS_MAX];
	uint32_t ntp[DHCP_NTP_MAX];
	uint32_t log_server; /* option 7, the first of them; 0: none */
	struct dhcp_route routes[DHCP_ROUTE_MAX];
	uint16_t mtu;
	uint8_t prefix; /* of the netmask; the address class's where none was sent */
	uint8_t router_count, dns_count, ntp_count, route_count;
	uint8_t malformed; /* the last option that was left out because it could not be read; 0: none */
	char hostname[254];
	char domain[254];
	char root_path[DHCP_ROOT_PATH_MAX]; /* option 17 */
	char initiator_name[224];           /* option 203; RFC 7143 4.2.7: 223 bytes */
	char chap_user[256];                /* 175.190 */
	char chap_secret[256];              /* 175.191; may hold any byte but 0 */
	char chap_in_user[256];             /* 175.192: the target's name and secret towards us */
	char chap_in_secret[256];           /* 175.193 */
};

enum dhcp_client_id {
	DHCP_CLIENT_ID_MAC,  /* hardware type and address, as boot ROMs send it: the same lease comes back */
	DHCP_CLIENT_ID_NONE, /* option 61 is not sent */
	DHCP_CLIENT_ID_GIVEN /* client_id[], its first byte the type */
};

struct dhcp_config {
	uint8_t mac[6];
	uint8_t hardware_type; /* ARPHRD_ETHER is 1; 0 is read as 1 */
	enum dhcp_client_id client_id_mode;
	uint8_t client_id[64];
	uint8_t client_id_length;
	bool want_root_path;        /* prefer an offer with a root path, and wait a short while for one */
	bool broadcast;             /* ask for broadcast answers: for links that lose unicast to an unset address */
	uint32_t requested_address; /* 0, or an address to ask for at once (INIT-REBOOT) */
	uint32_t only_address;      /* 0, or the one address that may be accepted: offers of others are refused */
	char hostname[64];          /* option 12, empty: not sent */
	char vendor_class[128];     /* option 60; empty: ours. Servers choose root paths by it */
};

enum dhcp_event {
	DHCP_TIMER,    /* dhcp_deadline() has come */
	DHCP_PACKET,   /* bytes, length: the UDP payload */
	DHCP_CONFLICT, /* ARP (v6: DAD) says another station has the leased address */
	DHCP_LINK_DOWN,
	DHCP_LINK_UP,
	DHCP_EVENTS
};

/* What dhcp_step() asks of its caller: any of these together, to be done in the order LOST, BOUND, SEND. */
enum dhcp_action {
	DHCP_NOTHING = 0,
	DHCP_SEND = 1,  /* the output is to be sent */
	DHCP_BOUND = 2, /* the lease is valid: new, or renewed with perhaps other contents */
	DHCP_LOST = 4   /* the address must no longer be used: NAK, expiry, conflict */
};

struct dhcp_input {
	enum dhcp_event event;
	const uint8_t *bytes;
	size_t length;
	int64_t now_ms;  /* monotonic */
	uint32_t random; /* fresh for each call */
};

struct dhcp_output {
	size_t length; /* of bytes */
	/* DHCPv4 only; DHCPv6 always sends to [ff02::1:2]:547 from the link-local address and port 546 */
	uint32_t source;      /* 0, or the leased address */
	uint32_t destination; /* 0xffffffff, or the server */
	bool raw;             /* no usable address yet: send by packet socket, to the link's broadcast address; else
			       * by a UDP socket on port 68 that is bound to the device and to no address, for answers
			       * may be broadcast */
	uint8_t bytes[DHCP_MESSAGE_MAX]; /* UDP payload */
};

enum dhcp_state {
	DHCP_STOPPED, /* zero bytes, or stopped: ignores everything */
	DHCP_INIT,    /* about to send DISCOVER, or the link is down */
	DHCP_SELECTING,
	DHCP_REQUESTING,
	DHCP_REBOOTING, /* asked for a known address; with a held lease after the link came back */
	DHCP_IS_BOUND,
	DHCP_RENEWING,
	DHCP_REBINDING,
	DHCP_STATES
};

/* Holds no pointers but constants: may be copied, and lives on across fork. All but `lease` and `state` is private. */
struct dhcp {
	enum dhcp_state state;
	uint32_t xid;
	unsigned attempt;   /* of the message under way, from 0 */
	unsigned restarts;  /* refusals in a row: slows down a quarrel with a server */
	int64_t started_ms; /* of this acquisition, for `secs` */
	int64_t sent_ms;    /* first transmission of the message under way: leases count from there */
	int64_t deadline_ms;
	int64_t t1_ms, t2_ms, expiry_ms;
	const char *reason;
	struct dhcp_config config;
	struct dhcp_lease lease; /* valid while dhcp_has_lease(), all zero otherwise */
	struct dhcp_lease offer;
};

/* Begins. The first step with DHCP_TIMER, which is due at once, sends. There is no random wait before it (RFC 2131 4.4.1
 * has 1 to 10 s, for many machines that start together): a boot should not wait, and retransmissions spread out anyway. */
void dhcp_start(struct dhcp *dhcp, const struct dhcp_config *config, int64_t now_ms);

/* Handles one event; returns a set of enum dhcp_action. A packet is never an error, whatever it contains: one that is
 * refused changes nothing but dhcp_reason(). */
unsigned dhcp_step(struct dhcp *dhcp, const struct dhcp_input *input, struct dhcp_output *output);

/* Builds a RELEASE (RFC 2131 4.4.6) and stops. False, and only stops, when there is no lease to give back. */
bool dhcp_release(struct dhcp *dhcp, uint32_t random, struct dhcp_output *output);

/* When DHCP_TIMER is due; DHCP_NEVER: only another event helps. */
int64_t dhcp_deadline(const struct dhcp *dhcp);

/* Whether `lease` holds an address that may be used now. */
bool dhcp_has_lease(const struct dhcp *dhcp);

/* Why the last step refused a packet or lost the lease: a constant text; NULL: it did neither. */
const char *dhcp_reason(const struct dhcp *dhcp);

/* What is being waited for, to stand after "waiting for ". Constant text, never NULL. */
const char *dhcp_waiting(const struct dhcp *dhcp);

/* The state's name in RFC 2131's words. */
const char *dhcp_state_name(const struct dhcp *dhcp);

/* From now on no other address than the present lease's is accepted. Without a lease it does nothing. */
void dhcp_keep_address(struct dhcp *dhcp);

/* Overwrites the CHAP secrets. A renewal brings them again. */
void dhcp_wipe_secrets(struct dhcp *dhcp);

/* Overwrites a root path (v6: a boot file URL) with a password in it, dracut's iscsi:user:password@... */
void dhcp_wipe_root_path(char path[DHCP_ROOT_PATH_MAX]);

/* Message types, RFC 2132 9.6. */
enum dhcp_message {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM
};

/* What a client's message says, RFC 2131 table 5; an address of 0 is not sent. */
struct dhcp_request {
	enum dhcp_message type;
	uint32_t xid;
	uint16_t seconds;
	uint32_t client;    /* ciaddr */
	uint32_t requested; /* option 50 */
	uint32_t server;    /* option 54 */
};

/* Writes a client's message to bytes[DHCP_MESSAGE_MAX]; returns its length. */
size_t dhcp_build(const struct dhcp_config *config, const struct dhcp_request *request, uint8_t *bytes);

/* Reads one server message (OFFER, ACK or NAK) with every check but those against earlier messages. Returns its type,
 * or -1 with *reason set. The lease is filled for OFFER and ACK, all zero but `server` for NAK, meaningless for -1. */
int dhcp_parse(const struct dhcp_config *config, uint32_t xid, const uint8_t *bytes, size_t length,
	       struct dhcp_lease *lease, const char **reason);

#endif
