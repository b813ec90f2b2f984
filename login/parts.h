/* parts.h - what login.c and its parts (login_keys.c: negotiation; login_chap.c: authentication) share. Nobody else
 * includes it: login.h is the login's face.
 */
#ifndef LOGIN_PARTS_H
#define LOGIN_PARTS_H

#include "login.h"
#include "proto/keys.h"

/* Stages, RFC 7143 6.3.1. */
enum { SECURITY = 0, OPERATIONAL = 1, FULL_FEATURE = 3 };

/* What one step of a failing conversation returns. */
enum { GO_ON = 0, STOP = -1 };

/* Where authentication stands: login->authenticated. */
enum { NOT_ASKED, CHAP_OFFERED, METHOD_CHOSEN, RESPONDED, AUTHENTICATED };

/* The keys of RFC 7143 section 13 in a fixed order: first those that are settings, with the number of their row in
   param_rows. A bit of keys_seen and keys_sent each. */
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
const char *login_key_name(int key);
int login_find_key(const struct key *key);

/* ---- login.c ---- */

/* Notes the first failure; returns STOP. The text is one clause without secrets or unprintable bytes. */
int login_fail(struct login *login, enum login_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "Key=value: expected ..." as a failed negotiation. */
int login_refuse_value(struct login *login, const struct key *key, const char *expected);

/* "Reject", "Irrelevant", "NotUnderstood" instead of a value: RFC 7143 6.2. */
bool login_is_special(const struct key *key);

/* Appends to the text of the next request. */
void login_put(struct login *login, const char *name, const char *value);
void login_put_bytes(struct login *login, const char *name, const uint8_t *bytes, size_t length);

/* The same for a key that the target offered, and that needs our answer before the login may end. */
void login_answer(struct login *login, const char *name, const char *value);

bool login_is_discovery(const struct login *login);

/* ---- login_keys.c ---- */

/* Our values of everything that is negotiated, once. */
void login_offer_all(struct login *login);

/* One of the target's keys that are settings (row i): the answer to an offer of ours, or an offer that is answered. */
int login_negotiate(struct login *login, int i, const struct key *key);

/* At the end: what holds for keys that the target did not speak of. */
int login_settle(struct login *login);

/* ---- login_chap.c ---- */

bool login_wants_chap(const struct login *login);

/* Can the configured names and secrets be used? */
int login_check_chap(struct login *login);

int login_take_method(struct login *login, const struct key *key);
int login_take_chap(struct login *login, int i, const struct key *key);

/* What the security stage still lacks, into the next request; *ready: nothing any more. */
int login_authenticate(struct login *login, bool *ready);

/* Would a list of MD5 alone be worth another try? */
bool login_chokes_on_list(const struct login *login);

#endif
