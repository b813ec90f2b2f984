/* keys.h - the keys of RFC 7143 section 13: their names, and the negotiation of those that are settings. */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_KEYS_H
#define LOGIN_KEYS_H

#include "login/state.h"
#include "proto/keys.h"

/* All keys in a fixed order: first the settings, each by the number of its row in param_rows. keys_seen and keys_sent have
   one bit for each. */
enum {
	KEY_AUTH_METHOD = PARAM_MAX_CONNECTIONS + 1,
	KEY_CHAP_A,
	KEY_CHAP_I,
	KEY_CHAP_C,
	KEY_CHAP_N,
	KEY_CHAP_R,
	KEY_ALIAS,
	KEY_ADDRESS,
	KEY_TPGT,
	KEY_TARGET_NAME,
	KEY_INITIATOR_NAME,
	KEY_INITIATOR_ALIAS,
	KEY_SESSION_TYPE,
	KEY_IF_MARKER,
	KEY_OF_MARKER,
	KEY_IF_MARK_INT,
	KEY_OF_MARK_INT,
	KEY_TASK_REPORTING,
	KEY_PROTOCOL_LEVEL,
	KEY_COUNT
};
_Static_assert(KEY_COUNT <= 64, "keys_seen has a bit for each");

/* The name of one of these, and the number of a name, or -1. */
const char *keys_name(int key);
int keys_find(const struct key *key);

bool keys_is_discovery(const struct login *login);

/* Puts our value of every setting that is negotiated into the next request, each once. */
void keys_offer_all(struct login *login);

/* Takes one of the target's settings (row i): the answer to our offer, or an offer, which is answered. GO_ON or STOP. */
int keys_negotiate(struct login *login, int i, const struct key *key);

/* At the end of the login: fills in what holds for the settings that the target did not mention. GO_ON or STOP. */
int keys_settle(struct login *login);

#endif
