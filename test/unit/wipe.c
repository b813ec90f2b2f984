/* After a login with mutual CHAP and its wipe, no writable memory of the process holds a secret: not the structs, not the
 * stack, not what the hashes left behind. The secrets are made from masked bytes, so that only the program's own copies
 * can be found.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/wipe.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "login.h"
#include "proto/bytes.h"
#include "proto/keys.h"

#define MASK        0x5a
#define SECRET_SIZE 16
#define REGION_MAX  (256ul << 20) /* the sanitizer's shadow is larger, and holds no copies */

static const uint8_t masked[2][SECRET_SIZE] = {
	{1, 130, 3, 44, 5, 66, 7, 88, 9, 10, 211, 12, 13, 14, 15, 16},
	{101, 2, 103, 4, 105, 6, 107, 8, 109, 10, 111, 12, 113, 14, 115, 17},
};

static struct login login;
static struct login_pdu request;
static struct params offer;
static struct chap_config chap;

/* Looks where it stands: a copy of the memory would hold the secrets, too. The sanitizer's own memory is looked at like all
   other. */
__attribute__((no_sanitize("address"))) static int count_in_region(const uint8_t *start, const uint8_t *end)
{
	int found = 0;

	for (const uint8_t *at = start; at + SECRET_SIZE <= end; at++) {
		for (int k = 0; k < 2; k++) {
			size_t equal = 0;

			while (equal < SECRET_SIZE && (uint8_t)(at[equal] ^ MASK) == masked[k][equal])
				equal++;
			found += equal == SECRET_SIZE;
		}
	}
	return found;
}

/* How often a secret stands in writable memory. */
static int count_secrets(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t start, end;
	char line[400], rights[8];
	int found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &start, &end, rights) == 3 && rights[0] == 'r' &&
		    rights[1] == 'w' && end - start < REGION_MAX)
			found += count_in_region((const uint8_t *)start, (const uint8_t *)end);
	}
	(void)fclose(maps);
	return found;
}

static void take_secret(struct chap_secret *secret, const uint8_t *mask)
{
	secret->length = SECRET_SIZE;
	for (size_t i = 0; i < SECRET_SIZE; i++)
		secret->bytes[i] = mask[i] ^ MASK;
}

static enum login_action respond(uint8_t flags, const char *text, size_t length)
{
	static uint32_t stat_sn;
	uint8_t bhs[48] = {0x23, flags};
	struct writer w = writer_of(bhs + 24, 4);

	bhs[7] = (uint8_t)length;
	bhs[15] = flags == 0x87;
	write_be32(&w, stat_sn++);
	return login_step(&login, bhs, (const uint8_t *)text, length, &request);
}

static void prove(enum chap_algorithm algorithm, const struct login_config *config)
{
	uint8_t digest[CHAP_DIGEST_MAX];
	char text[200];
	struct writer w = writer_of(text, sizeof(text));
	int n = chap_respond(algorithm, config->challenge_id, &chap.password_in, config->challenge,
			     sizeof(config->challenge), digest);

	keys_put(&w, "CHAP_N", "them");
	write_text(&w, "CHAP_R=");
	keys_put_hex(&w, digest, (size_t)n);
	assert_int_equal(respond(0x81, text, w.used), LOGIN_SEND);
}

static void log_in(enum chap_algorithm algorithm)
{
	static const char method[] = "AuthMethod=CHAP";
	struct login_config config = {
		.initiator_name = "iqn.2026-01.test:i",
		.target_name = "iqn.2026-01.test:t",
		.offer = &offer,
		.chap = &chap,
		.challenge = {1, 2, 3},
	};
	char text[64];
	int length;

	assert_int_equal(login_start(&login, &config, &request), LOGIN_SEND);
	assert_int_equal(respond(0, method, sizeof(method)), LOGIN_SEND);
	length = snprintf(text, sizeof(text), "CHAP_A=%d%cCHAP_I=1%cCHAP_C=0x0102", algorithm, 0, 0);
	assert_int_equal(respond(0, text, (size_t)length), LOGIN_SEND);
	prove(algorithm, &config);
	assert_int_equal(respond(0x87, "", 0), LOGIN_DONE);
}

static void no_secret_is_left_in_memory(void **state)
{
	static const enum chap_algorithm algorithms[] = {CHAP_MD5, CHAP_SHA1, CHAP_SHA256, CHAP_SHA3_256};

	(void)state;
	params_default(&offer);
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		(void)snprintf(chap.username, sizeof(chap.username), "user");
		(void)snprintf(chap.username_in, sizeof(chap.username_in), "them");
		take_secret(&chap.password, masked[0]);
		take_secret(&chap.password_in, masked[1]);
		log_in(algorithms[i]);
		assert_int_equal(count_secrets(), 2); /* the configuration's own, which shows that the search finds */
		login_wipe(&login);
		wipe(&chap, sizeof(chap));
		assert_int_equal(count_secrets(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_is_left_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
