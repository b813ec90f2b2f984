/* dhcp6.h - a DHCPv6 client for one address, or for information only, without a socket or a clock.
 *
 * RFC 8415 (solicit, request, renew, rebind, confirm, decline, release, information-request, rapid commit), 3646 (DNS),
 * 5970 (boot file URL and parameters). Reconfigure is never accepted. Events, actions, input and output are dhcp.h's;
 * the caller has a UDP socket on the link-local address, port 546, and sends everything to [ff02::1:2]:547.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_DHCP6_H
#define PROTO_DHCP6_H

#include "proto/dhcp.h"

#define DHCP6_CLIENT_PORT 546
#define DHCP6_SERVER_PORT 547
#define DHCP6_DUID_MAX    130 /* RFC 8415 11.1: type and at most 128 bytes */

struct dhcp6_config {
	uint8_t mac[6];
	uint8_t hardware_type; /* 0 is read as 1, Ethernet */
	uint32_t iaid;         /* any number that stays the same for this interface */
	bool information_only; /* addresses come from router advertisements: one INFORMATION-REQUEST */
	bool want_boot_url;    /* prefer a server that sends a boot file URL, waiting a short while for one */
	bool keeps_address;    /* offers of another address than only_address are refused */
	uint8_t only_address[16];
	bool no_rapid_commit;         /* do not ask for the exchange of two messages */
	uint8_t duid[DHCP6_DUID_MAX]; /* length 0: DUID-LL from the MAC */
	uint8_t duid_length;
};

/* What a server gave. Texts and counts as in struct dhcp_lease; the address is all zero with information_only. */
struct dhcp6_lease {
	uint8_t address[16];           /* used with prefix length 128: the prefix comes from router advertisements */
	uint32_t preferred_s, valid_s; /* DHCP_INFINITE: for ever */
	uint32_t t1_s, t2_s;
	uint8_t dns[DHCP_DNS_MAX][16];
	uint8_t dns_count;
	uint8_t preference;
	bool has_address;                  /* in an answer: there is one, perhaps with valid_s 0, which takes it away */
	bool rapid_commit;                 /* the answer was given for a SOLICIT at once */
	uint16_t status;                   /* RFC 8415 21.13, of the message or of the address; 0: success */
	uint16_t malformed;                /* the last option that was left out because it could not be read, 0: none */
	char domain[254];                  /* the first of the search list */
	char boot_url[DHCP_ROOT_PATH_MAX]; /* option 59 */
	char boot_params[512];             /* option 60, joined with spaces */
	uint8_t server[DHCP6_DUID_MAX];
	uint8_t server_length;
};

enum dhcp6_state {
	DHCP6_STOPPED,
	DHCP6_INIT,
	DHCP6_SOLICITING,
	DHCP6_REQUESTING,
	DHCP6_INFORMING,
	DHCP6_DECLINING,
	DHCP6_CONFIRMING, /* the link came back: is the held address still right here? */
	DHCP6_IS_BOUND,
	DHCP6_RENEWING,
	DHCP6_REBINDING,
	DHCP6_STATES
};

/* As struct dhcp. */
struct dhcp6 {
	enum dhcp6_state state;
	uint32_t xid; /* 24 bits */
	unsigned attempt;
	unsigned restarts;
	int64_t started_ms; /* first transmission of the message under way, for the elapsed time and for leases */
	int64_t sent_ms;    /* its last transmission */
	int64_t timeout_ms; /* RT of RFC 8415 15 */
	int64_t deadline_ms;
	int64_t t1_ms, t2_ms, expiry_ms;
	const char *reason;
	struct dhcp6_config config;
	struct dhcp6_lease lease;
	struct dhcp6_lease offer;
};

/* These are what their namesakes in dhcp.h are. With information_only, DHCP_BOUND means that the information is there;
 * no deadline follows, and dhcp6_has_lease() means that too. */
void dhcp6_start(struct dhcp6 *dhcp, const struct dhcp6_config *config, int64_t now_ms);
unsigned dhcp6_step(struct dhcp6 *dhcp, const struct dhcp_input *input, struct dhcp_output *output);
bool dhcp6_release(struct dhcp6 *dhcp, uint32_t random, struct dhcp_output *output);
int64_t dhcp6_deadline(const struct dhcp6 *dhcp);
bool dhcp6_has_lease(const struct dhcp6 *dhcp);
const char *dhcp6_reason(const struct dhcp6 *dhcp);
const char *dhcp6_waiting(const struct dhcp6 *dhcp);
const char *dhcp6_state_name(const struct dhcp6 *dhcp);

/* As dhcp_keep_address. */
void dhcp6_keep_address(struct dhcp6 *dhcp);

/* Overwrites a boot file URL with a password in it: the only secret of DHCPv6. */
void dhcp6_wipe_secrets(struct dhcp6 *dhcp);

/* Message types, RFC 8415 7.3. */
enum dhcp6_message {
	DHCP6_SOLICIT = 1,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_RECONFIGURE,
	DHCP6_INFORMATION_REQUEST
};

/* Status codes, RFC 8415 21.13. */
enum { DHCP6_SUCCESS, DHCP6_UNSPEC_FAIL, DHCP6_NO_ADDRS_AVAIL, DHCP6_NO_BINDING, DHCP6_NOT_ON_LINK };

/* Writes a client's message to bytes[DHCP_MESSAGE_MAX]; returns its length. `elapsed` is in 1/100 s. `about` names the
 * server and the address where the type has them (RFC 8415 18.2), else it may be NULL. */
size_t dhcp6_build(const struct dhcp6_config *config, enum dhcp6_message type, uint32_t xid, uint16_t elapsed,
		   const struct dhcp6_lease *about, uint8_t *bytes);

/* Reads one ADVERTISE or REPLY with every check but those against earlier messages. Returns its type, or -1 with
 * *reason set; the lease is meaningless then. A status that is not success is left to the caller. */
int dhcp6_parse(const struct dhcp6_config *config, uint32_t xid, const uint8_t *bytes, size_t length,
		struct dhcp6_lease *lease, const char **reason);

#endif
