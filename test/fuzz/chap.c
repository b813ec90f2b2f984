/* The CHAP exchange of RFC 7143 12.1.3 against any text: no target gets in that does not know its secret. The input is the
 * text of the target's three answers, each ended by 0xff. The fuzzer cannot guess a digest, so an end in LOGIN_DONE, or in
 * the operational stage of mutual CHAP, is a hole.
 */
/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <string.h>

#include "proto/bytes.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void respond(uint8_t bhs[48], uint8_t flags, size_t length, uint32_t stat_sn)
{
	struct writer w = writer_of(bhs, 48);

	write_u8(&w, 0x23);
	write_u8(&w, flags);
	write_zeros(&w, 3);
	write_be24(&w, (uint32_t)length);
	write_zeros(&w, 16);
	write_be32(&w, stat_sn);
	write_zeros(&w, 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct login login;
	static struct login_pdu request;
	static struct params offer;
	static struct chap_config chap = {
		.username = "user",
		.password = {.bytes = "insecret1234", .length = 12},
		.username_in = "them",
		.password_in = {.bytes = "outsecret1234", .length = 13},
	};
	struct login_config config = {
		.initiator_name = "iqn.2026-01.test:i",
		.target_name = "iqn.2026-01.test:t",
		.offer = &offer,
		.chap = &chap,
		.challenge = {1, 2, 3},
	};
	enum login_action action;
	uint32_t stat_sn = 0;

	params_default(&offer);
	action = login_start(&login, &config, &request);
	while (action == LOGIN_SEND && size) {
		const uint8_t *end = memchr(data, 0xff, size);
		size_t length = end ? (size_t)(end - data) : size;
		uint8_t bhs[48];

		/* The T bit whenever it was asked for: the target that tries to get in. */
		respond(bhs, request.bhs[1] & 0x80 ? 0x81 : 0x00, length, stat_sn++);
		action = login_step(&login, bhs, data, length, &request);
		data += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
		require(action != LOGIN_SEND || !(request.bhs[1] & 0x04));
	}
	require(action != LOGIN_DONE);
	return 0;
}
