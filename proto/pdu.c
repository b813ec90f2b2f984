/* pdu.c - see pdu.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/pdu.h"

#include <string.h>

#include "proto/bytes.h"

#define OPCODE_MASK 0x3f

uint32_t pdu_data_length(const uint8_t bhs[ISCSI_BHS_BYTES])
{
	return (uint32_t)bhs[5] << 16 | (uint32_t)bhs[6] << 8 | bhs[7];
}

size_t pdu_padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

void pdu_write_login(const struct pdu_login_request *request, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_LOGIN | ISCSI_IMMEDIATE_BIT);
	write_u8(&w, request->flags);
	write_zeros(&w, 3); /* Version-max, Version-min, TotalAHSLength */
	write_be24(&w, request->length);
	write_bytes(&w, request->isid, 6);
	write_be16(&w, request->tsih);
	write_be32(&w, request->itt);
	write_be16(&w, request->cid);
	write_zeros(&w, 2);
	write_be32(&w, request->cmd_sn);
	write_be32(&w, request->exp_stat_sn);
	write_zeros(&w, 16);
}

void pdu_write_text(const struct pdu_text_request *request, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_TEXT | ISCSI_IMMEDIATE_BIT);
	write_u8(&w, request->flags);
	write_zeros(&w, 3);
	write_be24(&w, request->length);
	write_zeros(&w, 8); /* LUN */
	write_be32(&w, request->itt);
	write_be32(&w, request->ttt);
	write_be32(&w, request->cmd_sn);
	write_be32(&w, request->exp_stat_sn);
	write_zeros(&w, 16);
}

struct pdu_login_response pdu_read_login(const uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct reader r = reader_of(bhs, ISCSI_BHS_BYTES);
	struct pdu_login_response out = {.opcode = read_u8(&r) & OPCODE_MASK};

	out.flags = read_u8(&r);
	read_skip(&r, 1); /* Version-max */
	out.version_active = read_u8(&r);
	out.ahs = read_u8(&r);
	out.length = read_be24(&r);
	memcpy(out.isid, read_bytes(&r, 6), 6);
	out.tsih = read_be16(&r);
	out.itt = read_be32(&r);
	read_skip(&r, 4);
	out.stat_sn = read_be32(&r);
	out.exp_cmd_sn = read_be32(&r);
	read_skip(&r, 4); /* MaxCmdSN */
	out.status = read_be16(&r);
	return out;
}

struct pdu_text_response pdu_read_text(const uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct reader r = reader_of(bhs, ISCSI_BHS_BYTES);
	struct pdu_text_response out = {.opcode = read_u8(&r) & OPCODE_MASK};

	out.flags = read_u8(&r);
	out.length = pdu_data_length(bhs);
	read_skip(&r, 14);
	out.itt = read_be32(&r);
	out.ttt = read_be32(&r);
	out.stat_sn = read_be32(&r);
	return out;
}
