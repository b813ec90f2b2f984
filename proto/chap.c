/* chap.c - see chap.h. The hashes are mbedtls's. */
/* SPDX-License-Identifier: MIT */
#include "proto/chap.h"

#include <errno.h>
#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha3.h>
#include <string.h>

#include "proto/wipe.h"

static const struct algorithm {
	enum chap_algorithm algorithm;
	const char *name;
	size_t length;
} algorithms[] = {
	{CHAP_SHA3_256, "SHA3-256", 32},
	{CHAP_SHA256, "SHA256", 32},
	{CHAP_SHA1, "SHA1", 20},
	{CHAP_MD5, "MD5", 16},
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

size_t chap_digest_length(enum chap_algorithm algorithm)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].algorithm == algorithm)
			return algorithms[i].length;
	}
	return 0;
}

const char *chap_algorithm_name(enum chap_algorithm algorithm)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].algorithm == algorithm)
			return algorithms[i].name;
	}
	return "?";
}

static int hash(enum chap_algorithm algorithm, const uint8_t *bytes, size_t length, uint8_t *out)
{
	switch (algorithm) {
	case CHAP_MD5:
		return mbedtls_md5(bytes, length, out);
	case CHAP_SHA1:
		return mbedtls_sha1(bytes, length, out);
	case CHAP_SHA256:
		return mbedtls_sha256(bytes, length, out, 0);
	case CHAP_SHA3_256:
		return mbedtls_sha3(MBEDTLS_SHA3_256, bytes, length, out, CHAP_DIGEST_MAX);
	case CHAP_NONE:
		break;
	}
	return -1;
}

int chap_respond(enum chap_algorithm algorithm, uint8_t id, const struct chap_secret *secret, const uint8_t *challenge,
		 size_t length, uint8_t out[CHAP_DIGEST_MAX])
{
	uint8_t text[1 + CHAP_SECRET_MAX + CHAP_CHALLENGE_MAX];
	size_t digest = chap_digest_length(algorithm);
	int result;

	if (!digest || secret->length > CHAP_SECRET_MAX || length > CHAP_CHALLENGE_MAX)
		return -EINVAL;
	text[0] = id;
	memcpy(text + 1, secret->bytes, secret->length);
	memcpy(text + 1 + secret->length, challenge, length);
	result = hash(algorithm, text, 1 + secret->length + length, out);
	wipe(text, sizeof(text));
	return result ? -EINVAL : (int)digest;
}

bool chap_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
	uint8_t different = 0;

	for (size_t i = 0; i < length; i++) {
		different = (uint8_t)(different | (a[i] ^ b[i]));
		__asm__ volatile("" : "+r"(different));
	}
	return different == 0;
}

bool chap_is_same_secret(const struct chap_secret *a, const struct chap_secret *b)
{
	return a->length && a->length == b->length && chap_equal(a->bytes, b->bytes, a->length);
}

void chap_offer(const struct chap_config *config, bool md5_only, uint8_t out[5])
{
	static const uint8_t all[4] = {CHAP_SHA3_256, CHAP_SHA256, CHAP_SHA1, CHAP_MD5};
	const uint8_t *list = config->algorithms[0] ? config->algorithms : all;

	memset(out, 0, 5);
	if (md5_only)
		out[0] = CHAP_MD5;
	else
		memcpy(out, list, 4);
}
