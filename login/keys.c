/* keys.c - see keys.h. What we offer, what the target's answer or offer makes of it, and what holds when the target says
 * nothing (RFC 7143 6.2 and 13).
 */
/* SPDX-License-Identifier: MIT */
#include "login/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "login/answer.h"

/* The names of the keys that are no settings. */
static const char *const key_names[KEY_COUNT - KEY_AUTH_METHOD] = {
	"AuthMethod",
	"CHAP_A",
	"CHAP_I",
	"CHAP_C",
	"CHAP_N",
	"CHAP_R",
	"TargetAlias",
	"TargetAddress",
	"TargetPortalGroupTag",
	"TargetName",
	"InitiatorName",
	"InitiatorAlias",
	"SessionType",
	"IFMarker",
	"OFMarker",
	"IFMarkInt",
	"OFMarkInt",
	"TaskReporting",
	"iSCSIProtocolLevel",
};

const char *keys_name(int key)
{
	return key < KEY_AUTH_METHOD ? param_rows[key].name : key_names[key - KEY_AUTH_METHOD];
}

int keys_find(const struct key *key)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		if (i != PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH && key_is(key, keys_name(i)))
			return i;
	}
	return -1;
}

static const char *write_number(int32_t value, char out[16])
{
	snprintf(out, 16, "%" PRId32, value);
	return out;
}

static void answer_number(struct login *l, int i, int32_t value)
{
	char text[16];

	answer_offer(l, keys_name(i), write_number(value, text));
}

static const char *digest_list(int32_t value)
{
	static const char *const lists[] = {
		[DIGEST_NONE] = "None",
		[DIGEST_CRC32C] = "CRC32C",
		[DIGEST_CRC32C_NONE] = "CRC32C,None",
		[DIGEST_NONE_CRC32C] = "None,CRC32C",
	};

	return lists[value & 3];
}

/* RFC 7143 13: these keys have a meaning in a discovery session, too. */
static bool is_for_discovery(int i)
{
	return i == PARAM_HEADER_DIGEST || i == PARAM_DATA_DIGEST || i == PARAM_MAX_RECV_DATA_SEGMENT_LENGTH ||
	       i == PARAM_ERROR_RECOVERY_LEVEL || i == PARAM_DEFAULT_TIME2WAIT || i == PARAM_DEFAULT_TIME2RETAIN;
}

bool keys_is_discovery(const struct login *l)
{
	return !l->config.target_name || !l->config.target_name[0];
}

/* One operational key with our value. */
static void offer(struct login *l, int i)
{
	const struct param_row *row = &param_rows[i];
	int32_t value = l->config.offer->value[i];
	char number[16];

	if (row->rule == RULE_NONE || i == PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH || l->keys_sent & 1ull << i)
		return;
	if (row->kind == KIND_DIGEST)
		answer_put(l, row->name, digest_list(value));
	else if (row->kind == KIND_BOOLEAN)
		answer_put(l, row->name, value ? "Yes" : "No");
	else
		answer_put(l, row->name, write_number(value, number));
	l->keys_sent |= 1ull << i;
}

void keys_offer_all(struct login *l)
{
	for (int i = 0; i <= PARAM_MAX_CONNECTIONS; i++) {
		if (!keys_is_discovery(l) || is_for_discovery(i))
			offer(l, i);
	}
}

/* The result function of the row, RFC 7143 6.2.1 and 6.2.2. */
static int32_t combine(const struct param_row *row, int32_t a, int32_t b)
{
	switch (row->rule) {
	case RULE_MIN:
	case RULE_AND:
		return a < b ? a : b;
	case RULE_MAX:
	case RULE_OR:
		return a > b ? a : b;
	default:
		return b;
	}
}

static bool takes_digest(int32_t offered, enum digest digest)
{
	return digest == DIGEST_CRC32C ? offered != DIGEST_NONE : offered != DIGEST_CRC32C;
}

/* DIGEST_NONE, DIGEST_CRC32C, or -1: a word that we do not know. */
static int read_digest(const char *word, size_t length)
{
	if (length == 4 && !memcmp(word, "None", 4))
		return DIGEST_NONE;
	return length == 6 && !memcmp(word, "CRC32C", 6) ? DIGEST_CRC32C : -1;
}

/* The first digest of the target's list that we accept, or -1. */
static int choose_digest(const struct key *list, int32_t offered)
{
	const char *word = list->value, *end = list->value + list->value_length;

	while (word < end) {
		const char *comma = memchr(word, ',', (size_t)(end - word));
		size_t length = (size_t)((comma ? comma : end) - word);
		int digest = read_digest(word, length);

		if (digest >= 0 && takes_digest(offered, (enum digest)digest))
			return digest;
		word += length + 1;
	}
	return -1;
}

static int take_digest(struct login *l, int i, const struct key *key, bool ours)
{
	int32_t offered = l->config.offer->value[i];
	int chosen = choose_digest(key, offered);

	char expected[96];

	if (chosen < 0 || (ours && memchr(key->value, ',', key->value_length))) {
		snprintf(expected, sizeof(expected), "%s (if the target insists, allow it with %s=)",
			 digest_list(offered), keys_name(i));
		return answer_refuse(l, key, expected);
	}
	if (!ours)
		answer_offer(l, keys_name(i), chosen == DIGEST_CRC32C ? "CRC32C" : "None");
	l->result.negotiated.value[i] = chosen;
	return GO_ON;
}

static int take_boolean(struct login *l, int i, const struct key *key, bool ours)
{
	int32_t offered = l->config.offer->value[i];
	bool value;

	if (key_read_boolean(key, &value))
		return answer_refuse(l, key, "Yes or No");
	/* The answer to an offer is the result already: AND can only turn Yes into No, OR only No into Yes. A target that answers
	   otherwise gets the offer: no immediate data, nothing unasked. But data out of order is not to be had here. */
	if (ours && (i == PARAM_IMMEDIATE_DATA || i == PARAM_INITIAL_R2T) &&
	    combine(&param_rows[i], value, offered) != value)
		answer_tolerate(l, "%s=%s goes beyond what was offered", keys_name(i), value ? "Yes" : "No");
	else if (ours && param_rows[i].rule == RULE_OR && !value && offered)
		return answer_refuse(l, key, "Yes, as offered");
	l->result.negotiated.value[i] = combine(&param_rows[i], value, offered);
	if (!ours)
		answer_offer(l, keys_name(i), l->result.negotiated.value[i] ? "Yes" : "No");
	return GO_ON;
}

/* MaxRecvDataSegmentLength: what the target takes, so that it is the limit of what we send. It may declare it again. */
static int take_declaration(struct login *l, int32_t value)
{
	int32_t bound = l->config.offer->value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH];

	l->result.negotiated.value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH] = value < bound ? value : bound;
	l->declared = true;
	return GO_ON;
}

/* A value above the range, or an answer that goes beyond the offer, is bounded to what both can do. */
static int take_number(struct login *l, int i, const struct key *key, bool ours)
{
	const struct param_row *row = &param_rows[i];
	int32_t offered = l->config.offer->value[i], result;
	uint32_t value, max = i == PARAM_ERROR_RECOVERY_LEVEL ? 2 : (uint32_t)row->max;
	char expected[96];

	if (key_read_number(key, &value) || value < (uint32_t)row->min) {
		snprintf(expected, sizeof(expected), "a number from %d to %u", row->min, max);
		return answer_refuse(l, key, expected);
	}
	if (value > max)
		answer_tolerate(l, "%s=%u is above %u", row->name, value, max);
	value = value > max ? max : value;
	if (row->rule == RULE_DECLARE)
		return take_declaration(l, (int32_t)value);
	result = combine(row, (int32_t)value, offered);
	if (ours && result != (int32_t)value)
		answer_tolerate(l, "%s=%u goes beyond the offered %d", row->name, value, offered);
	l->result.negotiated.value[i] = result;
	if (!ours)
		answer_number(l, i, result);
	return GO_ON;
}

/* A key that was not negotiated after all gets the RFC's default, but never more than we offered. */
static void take_default(struct login *l, int i)
{
	l->result.negotiated.value[i] = combine(&param_rows[i], l->config.offer->value[i], param_rows[i].rfc);
}

static int take_special(struct login *l, int i, const struct key *key)
{
	const struct param_row *row = &param_rows[i];

	if (key_value_is(key, "Reject"))
		return answer_fail(l, LOGIN_NEGOTIATION, "the target rejects our %s%s", row->name,
				   row->kind == KIND_DIGEST ? "; if it insists on a digest, allow CRC32C here" : "");
	if (row->kind == KIND_DIGEST && l->config.offer->value[i] == DIGEST_CRC32C)
		return answer_fail(l, LOGIN_NEGOTIATION, "%s=CRC32C is required, and the target does not know it",
				   row->name);
	if (row->rule != RULE_DECLARE)
		take_default(l, i);
	return GO_ON;
}

int keys_negotiate(struct login *l, int i, const struct key *key)
{
	bool ours = l->keys_sent & 1ull << i;

	if (l->stage != OPERATIONAL && param_rows[i].rule != RULE_DECLARE)
		return answer_fail(l, LOGIN_PROTOCOL, "%s does not belong to the security stage", keys_name(i));
	if (keys_is_discovery(l) && !is_for_discovery(i)) {
		answer_put(l, keys_name(i), "Irrelevant");
		return GO_ON;
	}
	l->result.negotiated.source[i] = SOURCE_NEGOTIATED;
	if (answer_is_special(key))
		return take_special(l, i, key);
	switch (param_rows[i].kind) {
	case KIND_DIGEST:
		return take_digest(l, i, key, ours);
	case KIND_BOOLEAN:
		return take_boolean(l, i, key, ours);
	default:
		return take_number(l, i, key, ours);
	}
}

/* RFC 7143 13.12: a target that declares nothing takes 8192 bytes. */
static void settle_xmit(struct login *l)
{
	int32_t silent = param_rows[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH].rfc;
	int32_t *value = &l->result.negotiated.value[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH];

	if (!l->declared)
		*value = silent < *value ? silent : *value;
}

static int settle_digest(struct login *l, int i)
{
	if (l->keys_seen & 1ull << i)
		return GO_ON;
	if (l->config.offer->value[i] == DIGEST_CRC32C)
		return answer_fail(l, LOGIN_NEGOTIATION, "the target did not answer %s=CRC32C", keys_name(i));
	l->result.negotiated.value[i] = DIGEST_NONE;
	return GO_ON;
}

int keys_settle(struct login *l)
{
	int32_t *value = l->result.negotiated.value;

	if (settle_digest(l, PARAM_HEADER_DIGEST) || settle_digest(l, PARAM_DATA_DIGEST))
		return STOP;
	settle_xmit(l);
	for (int i = PARAM_FIRST_BURST_LENGTH; i < PARAM_MAX_CONNECTIONS; i++) {
		if (!(l->keys_seen & 1ull << i))
			take_default(l, i);
	}
	/* The kernel does not start a connection with FirstBurstLength above MaxBurstLength (libiscsi.c). */
	if (value[PARAM_FIRST_BURST_LENGTH] > value[PARAM_MAX_BURST_LENGTH])
		value[PARAM_FIRST_BURST_LENGTH] = value[PARAM_MAX_BURST_LENGTH];
	return GO_ON;
}
