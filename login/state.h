/* state.h - the data of one login conversation: what it is told, what it has learned, what it ends in. login.h has the
 * functions for everybody; login.c and the parts in login/ share this.
 */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_STATE_H
#define LOGIN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/chap.h"
#include "proto/name.h"
#include "proto/params.h"

#define LOGIN_DATA_MAX      8192  /* RFC 7143 6.2: the default MaxRecvDataSegmentLength holds during login */
#define LOGIN_JOINED_MAX    16384 /* text of one logical response, joined over PDUs by the C bit */
#define LOGIN_EXCHANGES_MAX 16    /* a login that needs more is refused */
#define LOGIN_UNKNOWN_MAX   16    /* only the first 16 keys that we do not know are checked for being sent twice */

/* A PDU to be sent: basic header segment and data segment, without padding and digests. */
struct login_pdu {
	uint8_t bhs[48];
	uint8_t data[LOGIN_DATA_MAX];
	size_t length; /* of data */
};

/* What earlier attempts taught about a target: how the next one begins. */
struct login_lessons {
	bool start_in_security; /* the target insisted on the security stage */
	bool md5_only;          /* the target could not handle the list of CHAP algorithms */
	bool guessed;           /* both were inferred from a login that got no answer: they hold for one retry only */
};

struct login_config {
	const char *initiator_name;
	const char *target_name; /* NULL or "": a discovery session */
	uint8_t isid[6];
	uint16_t tsih; /* 0: a new session */
	uint16_t cid;
	uint32_t itt; /* sent as it is, unless the transport sets its own (the kernel does) */
	uint32_t cmd_sn;
	const struct params *offer;
	const struct chap_config *chap; /* NULL or without a username: AuthMethod=None */
	/* Random bytes for mutual CHAP: our challenge and its identifier. Only read with a username_in. */
	uint8_t challenge[CHAP_OUR_CHALLENGE_BYTES];
	uint8_t challenge_id;
	struct login_lessons lessons;
};

/* The reason of a failure. Each has a stable short code for messages and the manual: login_error_code. */
enum login_error {
	LOGIN_OK,
	LOGIN_STATUS,       /* the target refused: status has its class and detail */
	LOGIN_PROTOCOL,     /* the answer breaks the RFC: text says which rule */
	LOGIN_NEGOTIATION,  /* a key has no common or no legal value */
	LOGIN_AUTH_REFUSED, /* the target failed to authenticate itself, or skipped the authentication that we require */
	LOGIN_AUTH_MISSING,  /* the target wants authentication and we have no secret */
	LOGIN_AUTH_ALGORITHM /* no common CHAP algorithm */
};

struct login_failure {
	enum login_error error;
	uint16_t status;     /* class << 8 | detail, RFC 7143 11.13.5; 0 when the error is ours */
	bool wants_security; /* one more connection that starts in the security stage may succeed */
	bool wants_md5_only; /* one more connection that offers MD5 alone may succeed */
	char text[200];      /* one plain clause, printable, no secret in it */
};

struct login_result {
	struct params negotiated; /* source SOURCE_NEGOTIATED where the conversation decided */
	uint16_t tsih;
	uint32_t exp_stat_sn; /* host byte order: what the kernel gets as ISCSI_PARAM_EXP_STATSN */
	uint32_t exp_cmd_sn;
	int32_t tpgt; /* -1: the target did not say */
	char target_alias[256];
	char tolerated[200]; /* which rules the target broke without harm; "": none */
};

struct login_redirect {
	char host[254];                /* a DNS name (or an address without brackets), with the NUL */
	uint16_t port;                 /* 3260 when the target gave none */
	int32_t tpgt;                  /* -1: not given */
	bool permanent;                /* status 0102; else 0101, temporary */
	char name[NAME_MAX_BYTES + 1]; /* the target's name there, where the target gave another; else "" */
};

/* Only login.c and the files in login/ look into it. */
struct login {
	struct login_config config;
	uint8_t stage; /* CSG of the next request */
	uint8_t exchanges;
	uint32_t exp_stat_sn;
	bool responded; /* a response came: exp_stat_sn is known */
	bool asked_transit, final, declared, moving;
	bool proven; /* the target's CHAP_R is right */
	bool open;   /* a key of the target's has no answer yet */
	uint8_t asked_stage;
	uint8_t authenticated;
	uint64_t keys_seen; /* bits by KEY_... of login/keys.h */
	uint64_t keys_sent;
	uint32_t unknown[LOGIN_UNKNOWN_MAX]; /* hashes of the names of keys that we do not know */
	uint8_t unknown_count;
	struct chap_state chap;
	struct login_result result;
	struct login_redirect redirect;
	struct login_failure failure;
	size_t joined;                  /* bytes in text */
	size_t reply;                   /* bytes in answers */
	size_t sent;                    /* of these */
	char answers[LOGIN_JOINED_MAX]; /* keys to be sent in the next request(s) */
	uint8_t text[LOGIN_JOINED_MAX];
};

#endif
