/* chap.h - the security stage of a login: CHAP, one-way and mutual, and the rules that keep a false target out
 * (RFC 7143 9.2.1 and 12.1.3).
 */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_CHAP_H
#define LOGIN_CHAP_H

#include "login/state.h"
#include "proto/keys.h"

bool chap_is_wanted(const struct login *login);

/* Fails the login when the configured names and secrets cannot be used. GO_ON or STOP. */
int chap_check(struct login *login);

/* AuthMethod, and the five keys of CHAP (i: KEY_CHAP_...). GO_ON or STOP. */
int chap_take_method(struct login *login, const struct key *key);
int chap_take(struct login *login, int i, const struct key *key);

/* Puts what the security stage still lacks into the next request; *ready: it lacks nothing any more. GO_ON or STOP. */
int chap_authenticate(struct login *login, bool *ready);

/* Would a retry that offers MD5 alone be worth it? */
bool chap_blames_list(const struct login *login);

#endif
