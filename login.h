/* login.h - the iSCSI login conversation (RFC 7143 section 6.3 and 13), without a transport.
 *
 * login_start, then login_step once for every Login Response that came: it says what to send, or that the login is done,
 * moved or failed. Netlink carries the PDUs in the product, a plain socket in discovery and in tests, an array in the
 * fuzzer. Nothing here reads a clock, a socket or a random source.
 */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_H
#define LOGIN_H

#include <stddef.h>
#include <stdint.h>

#include "login/address.h"
#include "login/state.h"
#include "login/status.h"

enum login_action {
	LOGIN_SEND,  /* *request is filled: send it and come back with the response */
	LOGIN_DONE,  /* login_get_result */
	LOGIN_MOVED, /* login_get_redirect: connect there and start anew */
	LOGIN_FAILED /* login_get_failure */
};

enum login_lesson { LESSON_NONE, LESSON_SECURITY, LESSON_MD5_ONLY };

/* Begins a conversation: fills *request with the first PDU. Without CHAP the first request is in the operational stage
   with T set to full feature phase, so that an agreeing target needs one round trip. Returns LOGIN_SEND, or LOGIN_FAILED
   when the configuration itself cannot be used. The config is copied; what its pointers name must stay. */
enum login_action login_start(struct login *login, const struct login_config *config, struct login_pdu *request);

/* Takes one Login Response. bhs: 48 bytes. data: its data segment without padding, length bytes. */
enum login_action login_step(struct login *login, const uint8_t *bhs, const uint8_t *data, size_t length,
			     struct login_pdu *request);

/* Learns from a login that failed (answered), or that ended in silence because the connection closed or time ran out (not
   answered): silence may be a target's answer to what we sent. Adds to *lessons how one more connection is to begin. Returns
   what is new in them; LESSON_NONE: another connection would be no better. */
enum login_lesson login_learn(struct login *login, struct login_lessons *lessons, bool answered);

const struct login_result *login_get_result(const struct login *login);
const struct login_redirect *login_get_redirect(const struct login *login);
const struct login_failure *login_get_failure(const struct login *login);

/* Overwrites every secret and digest in it. */
void login_wipe(struct login *login);

#endif
