/* answer.h - what a conversation says next: keys for the next request, or the failure that ends it. */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_ANSWER_H
#define LOGIN_ANSWER_H

#include "login/state.h"
#include "proto/keys.h"

/* Stages, RFC 7143 6.3.1. */
enum { SECURITY = 0, OPERATIONAL = 1, FULL_FEATURE = 3 };

/* Where authentication stands: login->authenticated. */
enum { NOT_ASKED, CHAP_OFFERED, METHOD_CHOSEN, RESPONDED, AUTHENTICATED };

/* What one step of the conversation returns. */
enum { GO_ON = 0, STOP = -1 };

/* Notes the first failure; returns STOP. The text is one clause without secrets or unprintable bytes. */
int answer_fail(struct login *login, enum login_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fails the negotiation with "Key=value: expected ..."; returns STOP. */
int answer_refuse(struct login *login, const struct key *key, const char *expected);

/* Notes a rule that the target broke without harm, for the log; returns GO_ON. */
int answer_tolerate(struct login *login, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails because the target sent the key twice (RFC 7143 6.2); returns STOP. */
int answer_repeated(struct login *login, const struct key *key);

/* Is it "Reject", "Irrelevant" or "NotUnderstood" instead of a value (RFC 7143 6.2)? */
bool answer_is_special(const struct key *key);

/* Appends a key to the next request. What no longer fits into LOGIN_JOINED_MAX fails the login. */
void answer_put(struct login *login, const char *name, const char *value);
void answer_put_bytes(struct login *login, const char *name, const uint8_t *bytes, size_t length);

/* The same for a key that the target offered: the login may not end before the target has this answer. */
void answer_offer(struct login *login, const char *name, const char *value);

#endif
