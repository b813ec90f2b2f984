/* The whole login machine, driven by a byte script: any configuration, any answers. It always comes to an end within its
 * bound of exchanges, what it sends is well-formed, what it agrees on lies within our offer, and messages are printable.
 */
/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <string.h>

#include "proto/bytes.h"
#include "proto/keys.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct login login;
static struct login_pdu request;
static struct params offer;
static struct chap_config chap;

static struct login_config configure(uint8_t bits)
{
	struct login_config config = {
		.initiator_name = "iqn.2026-01.test:i",
		.target_name = bits & 1 ? "" : "iqn.2026-01.test:t",
		.itt = 0x01020304,
		.offer = &offer,
		.chap = bits & 6 ? &chap : NULL,
		.challenge = {1, 2, 3},
		.lessons = {.start_in_security = bits & 8, .md5_only = bits & 16},
	};

	params_default(&offer);
	offer.value[PARAM_HEADER_DIGEST] = bits >> 5 & 3;
	offer.value[PARAM_INITIAL_R2T] = bits >> 7;
	memset(&chap, 0, sizeof(chap));
	memcpy(chap.username, "user", 4);
	chap.password = (struct chap_secret){.bytes = "insecret1234", .length = 12};
	if (bits & 4) {
		memcpy(chap.username_in, "them", 4);
		chap.password_in = (struct chap_secret){.bytes = "outsecret1234", .length = 13};
	}
	return config;
}

/* RFC 7143 11.12, and whole pairs unless the C bit is set. */
static void check_request(bool *more)
{
	struct reader r = reader_of(request.data, request.length);
	uint8_t flags = request.bhs[1];
	struct key key;

	require(request.bhs[0] == 0x43 && request.length <= LOGIN_DATA_MAX);
	require(!(flags & 0x80 && flags & 0x40) && !(flags & 0x30));
	if (!*more && !(flags & 0x40)) {
		while (r.left)
			require(keys_next(&r, &key) == 1);
	}
	*more = flags & 0x40;
}

static void check_result(const struct login_result *result)
{
	const int32_t *value = result->negotiated.value;

	require(value[PARAM_FIRST_BURST_LENGTH] <= value[PARAM_MAX_BURST_LENGTH]);
	for (int i = 0; i <= PARAM_MAX_CONNECTIONS; i++) {
		const struct param_row *row = &param_rows[i];

		if (row->kind == KIND_NUMBER && i != PARAM_MAX_CONNECTIONS)
			require(value[i] >= row->min && value[i] <= row->max);
		if (row->rule == RULE_MIN || row->rule == RULE_AND || i == PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH)
			require(value[i] <= offer.value[i]);
		if (row->rule == RULE_MAX || row->rule == RULE_OR)
			require(value[i] >= offer.value[i]);
	}
	require(!login.config.chap); /* nobody guesses a digest: see the end of LLVMFuzzerTestOneInput */
}

static void check_failure(const struct login_failure *failure)
{
	char code[8];

	require(failure->error != LOGIN_OK && failure->text[0]);
	for (const char *c = failure->text; *c; c++)
		require(*c >= 0x20 && *c < 0x7f);
	require(login_error_code(failure, code, sizeof(code))[0] == 'L');
	(void)login_retry(failure);
	require(login_status_text(failure->status) != NULL);
}

/* One answer: a byte of what is wrong, flags, two bytes of length, that much text. Bits of the first byte put the script's
   own bytes into fields which are honest otherwise, or else nothing would come far. */
static enum login_action answer(struct reader *script, uint32_t stat_sn)
{
	uint8_t bhs[48] = {0x23}, wrong = read_u8(script);
	struct reader text;
	struct writer w = writer_of(bhs + 16, 32);
	size_t length;

	bhs[1] = read_u8(script);
	length = read_be16(script) & 0x3fff;
	if (length > script->left)
		length = script->left;
	text = read_sub(script, length);
	if ((bhs[1] & 0x83) == 0x83)
		bhs[15] = 7;
	bhs[5] = (uint8_t)(length >> 16);
	bhs[6] = (uint8_t)(length >> 8);
	bhs[7] = (uint8_t)length;
	write_be32(&w, 0x01020304);
	write_be32(&w, 0);
	write_be32(&w, stat_sn);
	if (wrong & 1)
		bhs[36] = read_u8(script);
	if (wrong & 2)
		bhs[37] = read_u8(script);
	if (wrong & 4)
		bhs[read_u8(script) % 48] = read_u8(script);
	return login_step(&login, bhs, text.at, length, &request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader script = reader_of(data, size);
	struct login_config config = configure(read_u8(&script));
	enum login_action action = login_start(&login, &config, &request);
	bool more = false;
	int requests = 0;

	while (action == LOGIN_SEND && requests++ < 100) {
		check_request(&more);
		if (!script.left)
			return 0;
		action = answer(&script, (uint32_t)requests);
	}
	require(requests <= LOGIN_EXCHANGES_MAX);
	if (action == LOGIN_DONE && !(config.chap && !chap.username_in[0])) /* one-way: anybody's answer is right */
		check_result(login_get_result(&login));
	if (action == LOGIN_FAILED)
		check_failure(login_get_failure(&login));
	if (action == LOGIN_MOVED)
		require(login_get_redirect(&login)->host[0] && login_get_redirect(&login)->port);
	login_wipe(&login);
	return 0;
}
