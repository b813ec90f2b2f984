/* The proof of units against a target that says anything: it never asks for more than the window allows, ends for good once
 * it has ended, and calls units the same only after each question of each has been answered.
 *
 * Input: 32 bits for the units, then PDUs: a header of 48 bytes, a byte with the length of its data, the data. A header's tag
 * is replaced by that of the command that its byte 16 chooses, so that answers find theirs.
 */
/* SPDX-License-Identifier: MIT */
#include "session/unit_proof.h"

#include <string.h>

#include "proto/bytes.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_units(struct unit units[4], uint32_t bits)
{
	static const enum scsi_id_kind kinds[] = {SCSI_ID_NONE, SCSI_ID_SERIAL, SCSI_ID_NAA, SCSI_ID_T10};

	memset(units, 0, 4 * sizeof(units[0]));
	for (uint32_t i = 0; i < 4; i++, bits >>= 6) {
		units[i].lun = i;
		units[i].sectors = bits & 1 ? 2048 : 0;
		units[i].writable = bits & 2;
		units[i].has_long_page = bits & 4;
		units[i].map[0] = bits & 8 ? 'd' : '\0';
		units[i].block_bytes = 512;
		if (kinds[bits >> 4 & 3] != SCSI_ID_NONE)
			scsi_id_set(&units[i].id, kinds[bits >> 4 & 3], (const uint8_t *)"abcd", 4);
	}
}

/* Each command in the window, with a tag of its own. */
static unsigned ask(struct unit_proof *proof, unsigned *commands)
{
	uint8_t bhs[ISCSI_BHS_BYTES];
	unsigned sent = 0;

	while (unit_proof_next(proof, bhs)) {
		require(sent++ <= UNIT_PROOF_AT_ONCE);
		if (bhs[0] == ISCSI_OP_SCSI_COMMAND) {
			require((int32_t)(proof->max_cmd_sn - (proof->cmd_sn - 1)) >= 0);
			++*commands;
		} else {
			require(bhs[0] == (ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE_BIT));
		}
	}
	return sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unit_proof proof;
	struct unit units[4];
	struct reader r = reader_of(data, size);
	uint32_t bits = read_be32(&r);
	int count = (int)(bits & 3) + 1;
	unsigned commands = 0, answers = 0;
	enum unit_verdict verdict = UNIT_PENDING;

	make_units(units, bits >> 2);
	unit_proof_start(&proof, units, count, bits, 1, bits + (bits >> 24 & 15));
	while (!r.bad && r.left) {
		const uint8_t *header, *payload;
		uint8_t bhs[ISCSI_BHS_BYTES], length;

		(void)ask(&proof, &commands);
		header = read_bytes(&r, sizeof(bhs));
		length = read_u8(&r);
		payload = read_bytes(&r, length);
		if (!payload)
			break;
		memcpy(bhs, header, sizeof(bhs));
		if (bhs[16] < UNIT_PROOF_AT_ONCE && proof.commands[bhs[16]].itt) {
			uint32_t itt = proof.commands[bhs[16]].itt;

			bhs[16] = bhs[17] = 0;
			bhs[18] = (uint8_t)(itt >> 8);
			bhs[19] = (uint8_t)itt;
		}
		require(verdict == UNIT_PENDING || unit_proof_take(&proof, bhs, payload, length) == verdict);
		verdict = verdict == UNIT_PENDING ? unit_proof_take(&proof, bhs, payload, length) : verdict;
		answers++;
		require(strlen(proof.text) < sizeof(proof.text) && (verdict <= UNIT_SAME || proof.text[0]));
	}
	if (verdict == UNIT_SAME)
		require(commands >= (unsigned)count && answers >= (unsigned)count);
	return 0;
}
