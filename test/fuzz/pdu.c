/* Headers of login and text PDUs: any 48 bytes are read as some response, lengths stay in 24 bits, and what is written as a
 * request is read back where the two layouts agree (RFC 7143 11.10 to 11.13).
 */
/* SPDX-License-Identifier: MIT */
#include "proto/pdu.h"

#include <string.h>

#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdu_login_response login, login_again;
	struct pdu_text_response text, text_again;
	struct pdu_login_request login_request;
	struct pdu_text_request text_request;
	uint8_t bhs[ISCSI_BHS_BYTES];

	if (size < ISCSI_BHS_BYTES)
		return 0;
	login = pdu_read_login(data);
	text = pdu_read_text(data);
	require(login.length == pdu_data_length(data) && text.length == login.length && login.length < 1u << 24);
	require(pdu_padded(login.length) % 4 == 0 && pdu_padded(login.length) - login.length < 4);
	require(login.opcode < 0x40 && login.opcode == text.opcode);

	login_request = (struct pdu_login_request){
		.flags = login.flags, .length = login.length, .tsih = login.tsih, .itt = login.itt};
	memcpy(login_request.isid, login.isid, 6);
	pdu_write_login(&login_request, bhs);
	login_again = pdu_read_login(bhs);
	require(login_again.opcode == ISCSI_OP_LOGIN && login_again.flags == login.flags && !login_again.ahs);
	require(login_again.length == login.length && login_again.tsih == login.tsih && login_again.itt == login.itt);
	require(!memcmp(login_again.isid, login.isid, 6));

	text_request = (struct pdu_text_request){
		.flags = text.flags, .length = text.length, .itt = text.itt, .ttt = text.ttt, .cmd_sn = text.stat_sn};
	pdu_write_text(&text_request, bhs);
	text_again = pdu_read_text(bhs);
	require(text_again.opcode == ISCSI_OP_TEXT && text_again.flags == text.flags && text_again.itt == text.itt);
	require(text_again.ttt == text.ttt && text_again.length == text.length && text_again.stat_sn == text.stat_sn);
	return 0;
}
