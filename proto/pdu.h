/* pdu.h - the headers of login and text PDUs (RFC 7143 11.10 to 11.13), to and from structs. Pure.
 *
 * Nothing is judged here: a field is what its bytes say. Requests carry no additional header and no digests.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_PDU_H
#define PROTO_PDU_H

#include <stddef.h>
#include <stdint.h>

#include "proto/iscsi_abi.h"

/* Flags of login and text PDUs. */
#define PDU_TRANSIT  0x80 /* T, of a login PDU */
#define PDU_FINAL    0x80 /* F, of a text PDU */
#define PDU_CONTINUE 0x40 /* C */

struct pdu_login_request {
	uint8_t flags; /* T, C, CSG, NSG */
	uint32_t length;
	uint8_t isid[6];
	uint16_t tsih, cid;
	uint32_t itt, cmd_sn, exp_stat_sn;
};

struct pdu_login_response {
	uint8_t opcode, flags, version_active;
	uint8_t ahs; /* TotalAHSLength, in words */
	uint32_t length;
	uint8_t isid[6];
	uint16_t tsih;
	uint32_t itt, stat_sn, exp_cmd_sn;
	uint16_t status; /* class << 8 | detail */
};

struct pdu_text_request {
	uint8_t flags;
	uint32_t length, itt, ttt, cmd_sn, exp_stat_sn;
};

struct pdu_text_response {
	uint8_t opcode, flags;
	uint32_t length, itt, ttt, stat_sn;
};

/* DataSegmentLength of any PDU. */
uint32_t pdu_data_length(const uint8_t bhs[ISCSI_BHS_BYTES]);

/* Its data segment on the wire: padded to whole words. */
size_t pdu_padded(size_t length);

void pdu_write_login(const struct pdu_login_request *request, uint8_t bhs[ISCSI_BHS_BYTES]);
void pdu_write_text(const struct pdu_text_request *request, uint8_t bhs[ISCSI_BHS_BYTES]);
struct pdu_login_response pdu_read_login(const uint8_t bhs[ISCSI_BHS_BYTES]);
struct pdu_text_response pdu_read_text(const uint8_t bhs[ISCSI_BHS_BYTES]);

#endif
