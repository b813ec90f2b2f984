/* The headers of login and text PDUs, byte for byte as RFC 7143 11.10 to 11.13 draws them. */
/* SPDX-License-Identifier: MIT */
#include "proto/pdu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_login_request_has_the_rfcs_layout(void **state)
{
	static const uint8_t wanted[ISCSI_BHS_BYTES] = {
		0x43, 0x87, 0,    0,    0,    0x01, 0x02, 0x03, 1, 2, 3, 4, 5, 6, 0xaa, 0xbb,
		0xde, 0xad, 0xbe, 0xef, 0x12, 0x34, 0,    0,    9, 8, 7, 6, 5, 4, 3,    2,
	};
	struct pdu_login_request request = {
		.flags = 0x87,
		.length = 0x010203,
		.isid = {1, 2, 3, 4, 5, 6},
		.tsih = 0xaabb,
		.cid = 0x1234,
		.itt = 0xdeadbeef,
		.cmd_sn = 0x09080706,
		.exp_stat_sn = 0x05040302,
	};
	uint8_t bhs[ISCSI_BHS_BYTES];

	(void)state;
	memset(bhs, 0xff, sizeof(bhs));
	pdu_write_login(&request, bhs);
	assert_memory_equal(bhs, wanted, sizeof(bhs));
}

static void a_login_response_is_read_field_by_field(void **state)
{
	uint8_t bhs[ISCSI_BHS_BYTES];
	struct pdu_login_response r;

	(void)state;
	for (uint8_t i = 0; i < sizeof(bhs); i++)
		bhs[i] = (uint8_t)(0x80 + i);
	bhs[0] = 0xe3; /* reserved bits are none of the opcode's */
	r = pdu_read_login(bhs);
	assert_int_equal(r.opcode, ISCSI_OP_LOGIN_RESPONSE);
	assert_int_equal(r.flags, 0x81);
	assert_int_equal(r.version_active, 0x83);
	assert_int_equal(r.ahs, 0x84);
	assert_int_equal(r.length, 0x858687);
	assert_memory_equal(r.isid, bhs + 8, 6);
	assert_int_equal(r.tsih, 0x8e8f);
	assert_int_equal(r.itt, 0x90919293);
	assert_int_equal(r.stat_sn, 0x98999a9b);
	assert_int_equal(r.exp_cmd_sn, 0x9c9d9e9f);
	assert_int_equal(r.status, 0xa4a5);
}

static void text_pdus_have_their_tags_behind_the_lun(void **state)
{
	static const uint8_t wanted[ISCSI_BHS_BYTES] = {
		0x44, 0x80, 0, 0, 0,    0,    0,    16,   0, 0, 0, 0, 0, 0, 0, 0,
		0,    0,    0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 9,
	};
	struct pdu_text_request request = {
		.flags = PDU_FINAL, .length = 16, .itt = 7, .ttt = ISCSI_RESERVED_TAG, .cmd_sn = 1, .exp_stat_sn = 9};
	struct pdu_text_response r;
	uint8_t bhs[ISCSI_BHS_BYTES];

	(void)state;
	memset(bhs, 0xff, sizeof(bhs));
	pdu_write_text(&request, bhs);
	assert_memory_equal(bhs, wanted, sizeof(bhs));
	bhs[0] = ISCSI_OP_TEXT_RESPONSE;
	r = pdu_read_text(bhs);
	assert_int_equal(r.opcode, ISCSI_OP_TEXT_RESPONSE);
	assert_int_equal(r.flags, PDU_FINAL);
	assert_int_equal(r.length, 16);
	assert_int_equal(r.itt, 7);
	assert_int_equal(r.ttt, ISCSI_RESERVED_TAG);
	assert_int_equal(r.stat_sn, 1); /* where a request has CmdSN */
}

static void data_is_padded_to_words(void **state)
{
	(void)state;
	assert_int_equal(pdu_padded(0), 0);
	assert_int_equal(pdu_padded(1), 4);
	assert_int_equal(pdu_padded(4), 4);
	assert_int_equal(pdu_padded(8189), 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_request_has_the_rfcs_layout),
		cmocka_unit_test(a_login_response_is_read_field_by_field),
		cmocka_unit_test(text_pdus_have_their_tags_behind_the_lun),
		cmocka_unit_test(data_is_padded_to_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
