/* chap.c - see chap.h. */
/* SPDX-License-Identifier: MIT */
#include "login/chap.h"

#include <stdio.h>
#include <string.h>

#include "login/answer.h"
#include "login/keys.h"
#include "proto/wipe.h"

bool chap_is_wanted(const struct login *l)
{
	return l->config.chap && l->config.chap->username[0];
}

static bool wants_mutual(const struct login *l)
{
	return chap_is_wanted(l) && l->config.chap->username_in[0];
}

int chap_take_method(struct login *l, const struct key *key)
{
	if (l->stage != SECURITY) {
		l->failure.wants_security = !l->responded;
		return answer_fail(l, LOGIN_AUTH_MISSING,
				   "the target asks for authentication: set username= and password=");
	}
	if (key_value_is(key, "CHAP") && chap_is_wanted(l)) {
		l->authenticated = METHOD_CHOSEN;
		return GO_ON;
	}
	if (key_value_is(key, "None") && !chap_is_wanted(l)) {
		l->authenticated = AUTHENTICATED;
		return GO_ON;
	}
	if (key_value_is(key, "None"))
		return answer_fail(
			l, LOGIN_AUTH_REFUSED,
			"the target skips the authentication that username= asks for: it may not be the real one");
	if (!chap_is_wanted(l))
		return answer_fail(l, LOGIN_AUTH_MISSING,
				   "the target wants authentication: set username= and password=");
	if (key_value_is(key, "Reject"))
		return answer_fail(
			l, LOGIN_AUTH_REFUSED,
			"the target does not authenticate with CHAP, as username= asks for (AuthMethod=Reject)");
	return answer_refuse(l, key, "CHAP");
}

static void put_algorithms(struct login *l)
{
	char list[16] = "";
	size_t used = 0;

	chap_offer(l->config.chap, l->config.lessons.md5_only, l->chap.offered);
	for (int i = 0; l->chap.offered[i]; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u", i ? "," : "", l->chap.offered[i]);
	answer_put(l, "CHAP_A", list);
}

static int take_algorithm(struct login *l, const struct key *key)
{
	uint32_t value;

	l->failure.wants_md5_only = chap_blames_list(l);
	if (answer_is_special(key) || key_value_is(key, "None") || !key->value_length)
		return answer_fail(l, LOGIN_AUTH_ALGORITHM,
				   "the target takes none of our CHAP algorithms (chap_algs=)");
	if (key_read_number(key, &value))
		return answer_refuse(l, key, "the number of a CHAP algorithm");
	l->failure.wants_md5_only = false;
	for (int i = 0; l->chap.offered[i]; i++) {
		if (l->chap.offered[i] == value) {
			l->chap.algorithm = (enum chap_algorithm)value;
			return GO_ON;
		}
	}
	return answer_fail(l, LOGIN_AUTH_REFUSED, "the target chose CHAP algorithm %u, which was not offered", value);
}

static int take_identifier(struct login *l, const struct key *key)
{
	uint8_t bytes[8];
	int n = key_read_binary(key->value, key->value_length, bytes, sizeof(bytes));

	if (n < 1)
		return answer_refuse(l, key, "a number from 0 to 255");
	for (int i = 0; i < n - 1; i++) {
		if (bytes[i])
			return answer_refuse(l, key, "a number from 0 to 255");
	}
	l->chap.their_id = bytes[n - 1];
	return GO_ON;
}

static int take_challenge(struct login *l, const struct key *key)
{
	int n = key_read_binary(key->value, key->value_length, l->chap.their_challenge,
				sizeof(l->chap.their_challenge));

	if (n < 1)
		return answer_fail(l, LOGIN_PROTOCOL, "CHAP_C: expected 1 to %d bytes as 0x... or 0b...",
				   CHAP_CHALLENGE_MAX);
	/* RFC 7143 9.2.1: our own challenge sent back would have us compute the answer for the target. */
	if (wants_mutual(l) && (size_t)n == sizeof(l->config.challenge) &&
	    !memcmp(l->chap.their_challenge, l->config.challenge, (size_t)n))
		return answer_fail(l, LOGIN_AUTH_REFUSED, "the target sent our own challenge back (reflection)");
	l->chap.their_challenge_length = (uint16_t)n;
	return GO_ON;
}

static int take_their_name(struct login *l, const struct key *key)
{
	if (l->authenticated != RESPONDED)
		return answer_fail(l, LOGIN_PROTOCOL, "CHAP_N came from the target without being asked for");
	if (!key_value_is(key, l->config.chap->username_in))
		return answer_fail(l, LOGIN_AUTH_REFUSED, "the target's CHAP name is not the configured username_in");
	return GO_ON;
}

static int take_their_response(struct login *l, const struct key *key)
{
	uint8_t theirs[CHAP_DIGEST_MAX], expected[CHAP_DIGEST_MAX];
	size_t length = chap_digest_length(l->chap.algorithm);
	int n = key_read_binary(key->value, key->value_length, theirs, sizeof(theirs)), made;
	bool equal;

	if (l->authenticated != RESPONDED)
		return answer_fail(l, LOGIN_PROTOCOL, "CHAP_R came from the target without being asked for");
	made = chap_respond(l->chap.algorithm, l->config.challenge_id, &l->config.chap->password_in,
			    l->config.challenge, sizeof(l->config.challenge), expected);
	equal = n == (int)length && made == n && chap_equal(theirs, expected, length);
	wipe(expected, sizeof(expected));
	if (!equal)
		return answer_fail(
			l, LOGIN_AUTH_REFUSED,
			"the target's CHAP response is wrong: it does not know password_in, or is not the real one");
	l->proven = true;
	return GO_ON;
}

/* CHAP_N and CHAP_R, with our own challenge where the target is to answer for itself. */
static int respond(struct login *l)
{
	uint8_t digest[CHAP_DIGEST_MAX];
	int n;

	l->failure.wants_md5_only = !l->chap.algorithm && chap_blames_list(l);
	if (!l->chap.algorithm || !l->chap.their_challenge_length || !(l->keys_seen & 1ull << KEY_CHAP_I))
		return answer_fail(l, LOGIN_PROTOCOL, "the target's CHAP message lacks CHAP_A, CHAP_I or CHAP_C");
	n = chap_respond(l->chap.algorithm, l->chap.their_id, &l->config.chap->password, l->chap.their_challenge,
			 l->chap.their_challenge_length, digest);
	if (n < 0)
		return answer_fail(l, LOGIN_AUTH_REFUSED, "the CHAP response cannot be made");
	answer_put(l, "CHAP_N", l->config.chap->username);
	answer_put_bytes(l, "CHAP_R", digest, (size_t)n);
	wipe(digest, sizeof(digest));
	if (wants_mutual(l)) {
		char id[8];

		snprintf(id, sizeof(id), "%u", l->config.challenge_id);
		answer_put(l, "CHAP_I", id);
		answer_put_bytes(l, "CHAP_C", l->config.challenge, sizeof(l->config.challenge));
	}
	l->authenticated = wants_mutual(l) ? RESPONDED : AUTHENTICATED;
	return GO_ON;
}

/* A target that sends its challenge together with AuthMethod=CHAP chooses from the list that it would have been offered. */
static void take_hasty_challenge(struct login *l, int i)
{
	bool opens = i == KEY_CHAP_A || i == KEY_CHAP_I || i == KEY_CHAP_C;

	if (l->stage != SECURITY || !chap_is_wanted(l) || !opens ||
	    (l->authenticated != CHAP_OFFERED && l->authenticated != METHOD_CHOSEN))
		return;
	chap_offer(l->config.chap, l->config.lessons.md5_only, l->chap.offered);
	answer_tolerate(l, "the challenge came before the list of algorithms");
}

/* RFC 7143 12.1.3: which of CHAP's keys may come when. */
int chap_take(struct login *l, int i, const struct key *key)
{
	if (!l->chap.offered[0])
		take_hasty_challenge(l, i);
	if (l->stage != SECURITY || !chap_is_wanted(l) || !l->chap.offered[0])
		return answer_fail(l, LOGIN_PROTOCOL, "%s came from the target without being asked for", keys_name(i));
	switch (i) {
	case KEY_CHAP_A:
		return take_algorithm(l, key);
	case KEY_CHAP_I:
		return take_identifier(l, key);
	case KEY_CHAP_C:
		return take_challenge(l, key);
	case KEY_CHAP_N:
		return take_their_name(l, key);
	default:
		return take_their_response(l, key);
	}
}

/* Checks that the target sent both CHAP_N and CHAP_R, where it had to authenticate itself. */
static int take_proof(struct login *l)
{
	if (l->authenticated != RESPONDED)
		return GO_ON;
	if (!l->proven || !(l->keys_seen & 1ull << KEY_CHAP_N))
		return answer_fail(
			l, LOGIN_AUTH_REFUSED,
			"the target did not authenticate itself (no CHAP_N and CHAP_R), which username_in= asks for");
	l->authenticated = AUTHENTICATED;
	return GO_ON;
}

int chap_authenticate(struct login *l, bool *ready)
{
	*ready = false;
	if (take_proof(l))
		return STOP;
	if (l->authenticated == CHAP_OFFERED && chap_is_wanted(l))
		return answer_fail(l, LOGIN_AUTH_REFUSED, "the target did not answer AuthMethod=CHAP");
	if (l->authenticated == METHOD_CHOSEN && !l->chap.offered[0]) {
		put_algorithms(l);
		return GO_ON;
	}
	*ready = true;
	return l->authenticated == METHOD_CHOSEN ? respond(l) : GO_ON;
}

/* Is the list of algorithms to blame? It is when the target refuses the list itself, and when it chose 7: that is SHA-256
   in IANA's registry, but SHA-1 to tgt and its kin, whose answer to our right response is then a refusal. */
bool chap_blames_list(const struct login *l)
{
	if (!l->chap.offered[0] || l->config.chap->algorithms_given || l->config.lessons.md5_only ||
	    l->stage != SECURITY)
		return false;
	return l->authenticated == METHOD_CHOSEN || l->chap.algorithm == CHAP_SHA256;
}

/* RFC 7143 9.2.1: the same secret both ways would let the target answer with what it learns. */
int chap_check(struct login *l)
{
	const struct chap_config *chap = l->config.chap;

	if (!chap_is_wanted(l))
		return GO_ON;
	if (!chap->password.length)
		return answer_fail(l, LOGIN_AUTH_MISSING, "a username is set, but no password");
	if (!wants_mutual(l))
		return GO_ON;
	if (!chap->password_in.length)
		return answer_fail(l, LOGIN_AUTH_MISSING, "a username_in is set, but no password_in");
	if (chap_is_same_secret(&chap->password, &chap->password_in))
		return answer_fail(
			l, LOGIN_AUTH_REFUSED,
			"password and password_in are the same: RFC 7143 9.2.1 forbids one secret both ways");
	return GO_ON;
}
