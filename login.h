/* login.h - the iSCSI login conversation (RFC 7143 section 6.3 and 13), without a transport.
 *
 * login_start, then login_step once for every Login Response that came: it says what to send, or that the login is done,
 * moved or failed. Netlink carries the PDUs in the product, a plain socket in discovery and in tests, an array in the
 * fuzzer. Nothing here reads a clock, a socket or a random source.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/chap.h"
#include "proto/name.h"
#include "proto/params.h"

#define LOGIN_DATA_MAX      8192  /* RFC 7143 6.2: the default MaxRecvDataSegmentLength holds during login */
#define LOGIN_JOINED_MAX    16384 /* text of one logical response, joined over PDUs by the C bit */
#define LOGIN_EXCHANGES_MAX 16    /* a login that needs more is refused */
#define LOGIN_UNKNOWN_MAX   16    /* of more than these it is not noticed when they come twice */

/* A PDU to be sent: basic header segment and data segment, without padding and digests. */
struct login_pdu {
	uint8_t bhs[48];
	uint8_t data[LOGIN_DATA_MAX];
	size_t length; /* of data */
};

/* What earlier attempts taught about a target: how the next one begins. */
struct login_lessons {
	bool start_in_security; /* it insisted on that stage */
	bool md5_only;          /* it choked on the list of CHAP algorithms */
	bool guessed;           /* these two, from a login without an answer: they hold for one more connection */
};

struct login_config {
	const char *initiator_name;
	const char *target_name; /* NULL or "": a discovery session */
	uint8_t isid[6];
	uint16_t tsih; /* 0: a new session */
	uint16_t cid;
	uint32_t itt; /* used as it is when the transport does not set its own (the kernel does) */
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
	LOGIN_STATUS,        /* the target's status class and detail say no: see status */
	LOGIN_PROTOCOL,      /* the answer breaks the RFC: text says which rule */
	LOGIN_NEGOTIATION,   /* a key has no common or no legal value */
	LOGIN_AUTH_REFUSED,  /* what the target did for its authentication is wrong, or it skipped what we require */
	LOGIN_AUTH_MISSING,  /* the target wants authentication and we have no secret */
	LOGIN_AUTH_ALGORITHM /* no common CHAP algorithm */
};

struct login_failure {
	enum login_error error;
	uint16_t status;     /* class << 8 | detail, RFC 7143 11.13.5; 0 when the error is ours */
	bool wants_security; /* worth one more connection that starts there */
	bool wants_md5_only; /* the same, with MD5 alone */
	char text[200];      /* one plain clause, printable, no secret in it */
};

/* How a failure is to be treated. */
enum login_retry {
	RETRY_NEVER,    /* permanent: say so and give up */
	RETRY_SHORTLY,  /* 'target not found' (0203): a target that is starting says so; retried for 30 s */
	RETRY_TRANSIENT /* retried as long as iscsi.timeout lasts */
};

struct login_result {
	struct params negotiated; /* source SOURCE_NEGOTIATED where the conversation decided */
	uint16_t tsih;
	uint32_t exp_stat_sn; /* host byte order: what the kernel gets as ISCSI_PARAM_EXP_STATSN */
	uint32_t exp_cmd_sn;
	int32_t tpgt; /* -1: the target did not say */
	char target_alias[256];
};

enum login_action {
	LOGIN_SEND,  /* *request is filled: send it and come back with the response */
	LOGIN_DONE,  /* login_get_result */
	LOGIN_MOVED, /* login_get_redirect: connect there and start anew */
	LOGIN_FAILED /* login_get_failure */
};

enum login_lesson { LESSON_NONE, LESSON_SECURITY, LESSON_MD5_ONLY };

struct login_redirect {
	char host[254]; /* a DNS name (or an address without brackets), with the NUL */
	uint16_t port;  /* 3260 when the target gave none */
	int32_t tpgt;   /* -1: not given */
	bool permanent; /* status 0102; else 0101, temporary */
};

struct login {
	struct login_config config;
	uint8_t stage; /* CSG of the next request */
	uint8_t exchanges;
	uint16_t tsih;
	uint32_t exp_stat_sn;
	bool responded; /* a response came: stat_sn is known */
	bool asked_transit, final, declared, moving;
	bool proven; /* the target's CHAP_R is right */
	bool open;   /* a key of the target's has no answer yet */
	uint8_t asked_stage;
	uint8_t authenticated; /* private to login.c, like all below */
	uint64_t keys_seen;
	uint32_t unknown[LOGIN_UNKNOWN_MAX]; /* hashes of the names of keys that we do not know */
	uint8_t unknown_count;
	uint64_t keys_sent;
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

/* Begins a conversation: fills *request with the first PDU. Without CHAP the first request is in the operational stage
   with T set to full feature phase, so that an agreeing target needs one round trip. Returns LOGIN_SEND, or LOGIN_FAILED
   when the configuration itself cannot be used. The config is copied; what its pointers name must stay. */
enum login_action login_start(struct login *login, const struct login_config *config, struct login_pdu *request);

/* One Login Response. bhs: 48 bytes. data: its data segment (no padding), length bytes. */
enum login_action login_step(struct login *login, const uint8_t *bhs, const uint8_t *data, size_t length,
			     struct login_pdu *request);

/* After a login that failed, or that ended without an answer, by a closed connection or in time (answered: false), which may
   have been the target's answer to what we sent: is one more connection worth it? Then *lessons say how it begins, and this
   is what is new in them. */
enum login_lesson login_learn(struct login *login, struct login_lessons *lessons, bool answered);

const struct login_result *login_get_result(const struct login *login);
const struct login_redirect *login_get_redirect(const struct login *login);
const struct login_failure *login_get_failure(const struct login *login);

/* Permanent, shortly, transient. */
enum login_retry login_retry(const struct login_failure *failure);

/* The RFC's words for a status (class << 8 | detail), e.g. "authentication failure"; never NULL. */
const char *login_status_text(uint16_t status);

/* The stable short code of a failure, e.g. "L0201" for a status, "LPROTO", ...; returns out (size >= 8). */
const char *login_error_code(const struct login_failure *failure, char *out, size_t size);

/* The value of TargetAddress: host[:port][,tpgt], IPv6 in brackets (RFC 7143 13.8). 0 or -EINVAL. */
int login_read_address(const char *text, size_t length, struct login_redirect *out);

/* Overwrites every secret and digest in it. */
void login_wipe(struct login *login);

#endif
