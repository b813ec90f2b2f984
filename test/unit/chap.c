/* CHAP: the digests of a second implementation (Python's hashlib), the offer, the comparison. */
/* SPDX-License-Identifier: MIT */
#include "proto/chap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *hex(const uint8_t *bytes, int length)
{
	static char text[2 * CHAP_DIGEST_MAX + 1];

	for (int i = 0; i < length; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static void responses_are_those_of_another_implementation(void **state)
{
	static const struct {
		enum chap_algorithm algorithm;
		const char *usual, *longest;
	} rows[] = {
		{CHAP_MD5, "36406e0f9e3a319cb112f0db8130934d", "b10b53e4a6faa3b6235158f9ed8621c4"},
		{CHAP_SHA1, "8cbc295efbd7eba7c524a08cb93cc5adc4e652a1", "2605b85a1f7773ffed834c081bfdc28821314cac"},
		{CHAP_SHA256, "3c1a23920327bfce923f5fc26a17e9049492bcf5c9cbdeb9ea85de8ea80522e2",
		 "b30aa4cd22d952803fcbc0dab152b5d09d653c8815ec29ce6a5a06f0bb0fb086"},
		{CHAP_SHA3_256, "380bdac8e4250e41494b3773efd495f8fe70074c907332d7619765d324fed920",
		 "72246bffe7203dec433b289c39948d4f45ab1055fa778d0e9045e37d87c77519"},
	};
	struct chap_secret usual = {.bytes = "a long enough secret", .length = 20};
	struct chap_secret longest = {.length = CHAP_SECRET_MAX};
	uint8_t challenge[CHAP_CHALLENGE_MAX], long_challenge[CHAP_CHALLENGE_MAX], out[CHAP_DIGEST_MAX];

	(void)state;
	memset(longest.bytes, 's', sizeof(longest.bytes));
	memset(long_challenge, 0xa5, sizeof(long_challenge));
	for (int i = 0; i < 24; i++)
		challenge[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int length = (int)strlen(rows[i].usual) / 2;

		assert_int_equal(chap_respond(rows[i].algorithm, 0x11, &usual, challenge, 24, out), length);
		assert_string_equal(hex(out, length), rows[i].usual);
		assert_int_equal(
			chap_respond(rows[i].algorithm, 0xff, &longest, long_challenge, CHAP_CHALLENGE_MAX, out),
			length);
		assert_string_equal(hex(out, length), rows[i].longest);
		assert_int_equal(chap_digest_length(rows[i].algorithm), length);
	}
}

static void what_cannot_be_hashed_is_refused(void **state)
{
	struct chap_secret secret = {.bytes = "x", .length = 1};
	uint8_t challenge[CHAP_CHALLENGE_MAX + 1] = {0}, out[CHAP_DIGEST_MAX];

	(void)state;
	assert_int_equal(chap_respond(CHAP_NONE, 1, &secret, challenge, 1, out), -EINVAL);
	assert_int_equal(chap_respond((enum chap_algorithm)9, 1, &secret, challenge, 1, out), -EINVAL);
	assert_int_equal(chap_respond(CHAP_MD5, 1, &secret, challenge, CHAP_CHALLENGE_MAX + 1, out), -EINVAL);
	secret.length = CHAP_SECRET_MAX + 1;
	assert_int_equal(chap_respond(CHAP_MD5, 1, &secret, challenge, 1, out), -EINVAL);
}

static void the_offer_is_strongest_first_or_what_was_configured(void **state)
{
	struct chap_config config = {.username = "u"};
	uint8_t out[5];

	(void)state;
	chap_offer(&config, false, out);
	assert_memory_equal(out, "\x08\x07\x06\x05\x00", 5);
	chap_offer(&config, true, out);
	assert_memory_equal(out, "\x05\x00\x00\x00\x00", 5);
	config.algorithms[0] = CHAP_SHA1;
	chap_offer(&config, false, out);
	assert_memory_equal(out, "\x06\x00\x00\x00\x00", 5);
}

static void equal_means_every_byte(void **state)
{
	uint8_t a[CHAP_DIGEST_MAX], b[CHAP_DIGEST_MAX];

	(void)state;
	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(chap_equal(a, b, sizeof(a)));
	assert_true(chap_equal(a, b, 0));
	for (size_t i = 0; i < sizeof(a); i++) {
		for (int bit = 0; bit < 8; bit++) {
			b[i] = (uint8_t)(a[i] ^ 1 << bit);
			assert_false(chap_equal(a, b, sizeof(a)));
			b[(i + 1) % sizeof(b)] = b[i]; /* the same difference twice does not cancel itself out */
			assert_false(chap_equal(a, b, sizeof(a)));
			b[(i + 1) % sizeof(b)] = a[0];
		}
		b[i] = a[i];
	}
}

static void a_secret_is_the_same_when_all_of_it_is(void **state)
{
	struct chap_secret a = {.bytes = "insecret1234", .length = 12}, b = a;

	(void)state;
	assert_true(chap_is_same_secret(&a, &b));
	b.length = 11;
	assert_false(chap_is_same_secret(&a, &b));
	assert_false(chap_is_same_secret(&b, &a));
	b = a;
	b.bytes[11] ^= 1;
	assert_false(chap_is_same_secret(&a, &b));
	a.length = b.length = 0; /* none is set */
	assert_false(chap_is_same_secret(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_are_those_of_another_implementation),
		cmocka_unit_test(what_cannot_be_hashed_is_refused),
		cmocka_unit_test(the_offer_is_strongest_first_or_what_was_configured),
		cmocka_unit_test(equal_means_every_byte),
		cmocka_unit_test(a_secret_is_the_same_when_all_of_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
