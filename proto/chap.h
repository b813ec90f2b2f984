/* chap.h - CHAP (RFC 1994) as iSCSI carries it (RFC 7143 12.1): algorithms, challenges, responses, comparison. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_CHAP_H
#define PROTO_CHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAP_NAME_MAX            256
#define CHAP_SECRET_MAX          256
#define CHAP_CHALLENGE_MAX       1024 /* RFC 7143 12.1.3 */
#define CHAP_DIGEST_MAX          32
#define CHAP_OUR_CHALLENGE_BYTES 32
#define CHAP_SECRET_SHORT        12 /* bytes: below 96 bits RFC 7143 9.2.1 wants a warning */

/* IANA's CHAP registry. */
enum chap_algorithm { CHAP_NONE = 0, CHAP_MD5 = 5, CHAP_SHA1 = 6, CHAP_SHA256 = 7, CHAP_SHA3_256 = 8 };

struct chap_secret {
	uint8_t bytes[CHAP_SECRET_MAX];
	uint16_t length; /* 0: none */
};

struct chap_config {
	char username[CHAP_NAME_MAX]; /* "": no authentication */
	struct chap_secret password;
	char username_in[CHAP_NAME_MAX]; /* "": one-way; set: the target must authenticate itself */
	struct chap_secret password_in;
	uint8_t algorithms[4]; /* strongest first, 0-ended when shorter; all 0: the default list */
	bool algorithms_given; /* chap_algs= stood there: no MD5-only second try */
};

/* Digest of identifier, secret, challenge (RFC 1994 4.1). Its length, or -EINVAL: not an algorithm of ours. */
int chap_respond(enum chap_algorithm algorithm, uint8_t id, const struct chap_secret *secret, const uint8_t *challenge,
		 size_t length, uint8_t out[CHAP_DIGEST_MAX]);

size_t chap_digest_length(enum chap_algorithm algorithm);
const char *chap_algorithm_name(enum chap_algorithm algorithm);

/* Takes the same time whatever the bytes are. */
bool chap_equal(const uint8_t *a, const uint8_t *b, size_t length);

/* Are both secrets known and equal? RFC 7143 9.2.1 forbids the same one in both directions. */
bool chap_is_same_secret(const struct chap_secret *a, const struct chap_secret *b);

/* The algorithms to be offered, strongest first: the configured ones, or all. 0-ended. */
void chap_offer(const struct chap_config *config, bool md5_only, uint8_t out[5]);

/* What one conversation has to remember. */
struct chap_state {
	enum chap_algorithm algorithm;
	uint8_t their_id;
	uint16_t their_challenge_length;
	uint8_t their_challenge[CHAP_CHALLENGE_MAX];
	uint8_t offered[5];
};

#endif
