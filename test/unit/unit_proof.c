/* The proof that units are the same: a target in a few functions, which answers each question as a case wants it. */
/* SPDX-License-Identifier: MIT */
#include "session/unit_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST_UNIT_READY 0x00
#define INQUIRY         0x12
#define MODE_SENSE      0x1a
#define CAPACITY_10     0x25
#define CAPACITY_16     0x9e

/* ---- the target ---- */

/* What is wrong with the one unit that answers so; a command of 0xff: nothing. */
struct answer {
	uint64_t lun;
	uint8_t command, status, key, asc, ascq;
	int times; /* 0: always */
};

static struct target {
	struct answer answer;
	uint64_t blocks;
	uint32_t block_bytes, window, stat_sn, cmd_sn;
	bool protected, apart; /* apart: data in PDUs of 5 bytes, and the status by itself */
	bool speaks_first;     /* data comes before the other answer, too */
	uint8_t first, identity;
	unsigned sent, most;
} target;

static struct unit_proof proof;
static struct unit units[300];

static void put(uint8_t *at, uint64_t value, int bytes)
{
	while (bytes--) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static void make_pdu(uint8_t bhs[48], uint8_t opcode, const uint8_t *request)
{
	memset(bhs, 0, 48);
	bhs[0] = opcode;
	bhs[1] = 0x80;
	memcpy(bhs + 16, request + 16, 4);
	put(bhs + 20, opcode == 0x21 ? 0 : 0xffffffff, 4); /* of a SCSI Response: no tag */
	put(bhs + 24, target.stat_sn, 4);
	put(bhs + 28, target.cmd_sn, 4);
	put(bhs + 32, target.cmd_sn + target.window - 1, 4);
}

static void respond(const uint8_t *request, uint8_t status, const uint8_t *data, size_t length)
{
	uint8_t bhs[48];

	make_pdu(bhs, 0x21, request);
	bhs[3] = status;
	target.stat_sn++;
	(void)unit_proof_take(&proof, bhs, data, length);
}

static void send_data(const uint8_t *request, const uint8_t *data, size_t length, bool apart)
{
	size_t step = target.apart ? 5 : 512;
	uint8_t bhs[48];

	for (size_t at = 0; at < length; at += step) {
		bool last = at + step >= length;

		make_pdu(bhs, 0x25, request);
		bhs[1] = last ? 0x80 : 0;
		put(bhs + 40, at, 4);
		if (last && !apart) {
			bhs[1] = 0x81;
			target.stat_sn++;
		}
		(void)unit_proof_take(&proof, bhs, data + at, last ? length - at : step);
	}
}

static size_t make_identity(const uint8_t *cdb, uint64_t lun, uint8_t *data)
{
	data[0] = target.first;
	if (!cdb[1]) {
		memcpy(data + 8, "IET     VIRTUAL-DISK    ", 24);
		data[16] = target.identity;
		return 36;
	}
	data[1] = cdb[2];
	if (cdb[2] == 0x80) {
		data[3] = 4;
		memcpy(data + 4, "beaf", 4);
		data[4] = target.identity;
		return 8;
	}
	data[3] = 12;
	data[4] = 1;
	data[5] = 3;
	data[7] = 8;
	data[8] = 0x50;
	data[9] = target.identity;
	put(data + 10, lun, 6);
	return 16;
}

static size_t make_data(const uint8_t *cdb, uint64_t lun, uint8_t *data)
{
	switch (cdb[0]) {
	case INQUIRY:
		return make_identity(cdb, lun, data);
	case CAPACITY_10:
		put(data, target.blocks - 1, 4);
		put(data + 4, target.block_bytes, 4);
		return 8;
	case CAPACITY_16:
		put(data, target.blocks - 1, 8);
		put(data + 8, target.block_bytes, 4);
		return 32;
	case MODE_SENSE:
		data[0] = 3;
		data[2] = target.protected ? 0x90 : 0x10;
		return 4;
	default:
		return 0;
	}
}

static bool is_answered_otherwise(const uint8_t *cdb, uint64_t lun)
{
	if (target.answer.command != cdb[0] || target.answer.lun != lun)
		return false;
	if (target.answer.times && --target.answer.times == 0)
		target.answer.command = 0xff;
	return true;
}

static void answer(const uint8_t *request)
{
	const struct answer *a = &target.answer;
	const uint8_t *cdb = request + 32;
	uint8_t data[512] = {0}, sense[20] = {0, 18, 0x70, 0, a->key, 0, 0, 0, 0, 10, 0, 0, 0, 0, a->asc, a->ascq};
	uint64_t lun = get(request + 8, 2);
	bool otherwise = is_answered_otherwise(cdb, lun);
	size_t length = otherwise && !target.speaks_first ? 0 : make_data(cdb, lun, data);

	assert_int_equal(request[0], 0x01);
	assert_true(cdb[0] != TEST_UNIT_READY || get(request + 20, 4) == 0); /* whatever had its place before */
	assert_int_equal(get(request + 24, 4), target.cmd_sn);
	target.cmd_sn++;
	send_data(request, data, length, target.apart || otherwise);
	if (otherwise)
		respond(request, a->status, sense, a->status == 2 ? sizeof(sense) : 0);
	else if (target.apart || !length)
		respond(request, 0, NULL, 0);
}

/* Until nothing is left to be sent; everything that can be sent is sent before the first answer. */
static enum unit_verdict run(int count)
{
	uint8_t requests[64][48];
	unsigned waiting;

	unit_proof_start(&proof, units, count, 1, 7, target.window);
	target.cmd_sn = 1;
	target.stat_sn = 7;
	do {
		for (waiting = 0; waiting < 64 && unit_proof_next(&proof, requests[waiting]); waiting++)
			target.sent++;
		target.most = waiting > target.most ? waiting : target.most;
		for (unsigned i = 0; i < waiting; i++)
			answer(requests[i]);
	} while (waiting);
	return proof.verdict;
}

static int begin(void **state)
{
	uint8_t naa[8] = {0x50, 1};

	(void)state;
	memset(units, 0, sizeof(units));
	for (uint64_t i = 0; i < 300; i++) {
		units[i] = (struct unit){.lun = i, .sectors = 131072, .block_bytes = 512, .writable = true};
		put(naa + 2, i, 6);
		scsi_id_set(&units[i].id, SCSI_ID_NAA, naa, sizeof(naa));
		memcpy(units[i].vendor, "IET", 4);
		memcpy(units[i].model, "VIRTUAL-DISK", 13);
	}
	target = (struct target){
		.answer = {.command = 0xff}, .blocks = 131072, .block_bytes = 512, .window = 32, .identity = 1};
	return 0;
}

static void says(enum unit_verdict verdict, const char *text)
{
	assert_int_equal(proof.verdict, verdict);
	assert_string_equal(proof.text, text);
}

/* ---- cases ---- */

static void the_same_unit_is_proven_in_one_round(void **state)
{
	(void)state;
	assert_int_equal(run(1), UNIT_SAME);
	assert_int_equal(target.sent, 4);
	assert_int_equal(target.most, 4);
	assert_int_equal(proof.exp_stat_sn, 11);
	assert_int_equal(run(0), UNIT_SAME);
}

/* Each command says how much data it is about. */
static void no_more_is_asked_for_than_is_needed(void **state)
{
	static const struct {
		enum scsi_id_kind kind;
		bool has_long_page;
		uint8_t page;
		uint32_t length;
	} rows[] = {{SCSI_ID_NAA, false, 0x83, 255},
		    {SCSI_ID_NAA, true, 0x83, 512},
		    {SCSI_ID_SERIAL, false, 0x80, 255},
		    {SCSI_ID_NONE, true, 0, 36}};
	uint8_t request[48];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const uint32_t lengths[] = {0, 32, 4};

		units[0].id.kind = rows[i].kind;
		units[0].has_long_page = rows[i].has_long_page;
		unit_proof_start(&proof, units, 1, 1, 7, 32);
		assert_true(unit_proof_next(&proof, request));
		assert_int_equal(get(request + 20, 4), rows[i].length);
		assert_int_equal(request[34], rows[i].page);
		assert_int_equal(get(request + 35, 2), rows[i].length);
		for (size_t k = 0; k < 3; k++) {
			assert_true(unit_proof_next(&proof, request));
			assert_int_equal(get(request + 20, 4), lengths[k]);
		}
		assert_false(unit_proof_next(&proof, request));
	}
}

static void many_units_are_asked_side_by_side(void **state)
{
	(void)state;
	assert_int_equal(run(256), UNIT_SAME);
	assert_int_equal(target.sent, 1024);
	assert_int_equal(target.most, UNIT_PROOF_AT_ONCE);
	target.window = 3;
	target.most = target.sent = 0;
	assert_int_equal(run(20), UNIT_SAME);
	assert_int_equal(target.most, 3);
	target.answer = (struct answer){19, CAPACITY_16, 2, 2, 4, 1, 0};
	assert_int_equal(run(20), UNIT_NOT_READY);
}

static void data_may_come_in_pieces_and_the_status_behind_it(void **state)
{
	(void)state;
	target.apart = true;
	assert_int_equal(run(3), UNIT_SAME);
}

static void another_identity_is_another_unit(void **state)
{
	(void)state;
	target.identity = 2;
	run(1);
	says(UNIT_OTHER, "LUN 0 is another unit: naa.5002000000000000, it was naa.5001000000000000");
	scsi_id_set(&units[0].id, SCSI_ID_SERIAL, (const uint8_t *)"beaf", 4);
	target.identity = 'B';
	run(1);
	says(UNIT_OTHER, "LUN 0 is another unit: serial Beaf, it was serial beaf");
	target.identity = 'b';
	assert_int_equal(run(1), UNIT_SAME);
	units[0].id.kind = SCSI_ID_NONE;
	target.identity = 'v';
	run(1);
	says(UNIT_OTHER, "LUN 0 is another unit: \"IET vIRTUAL-DISK\", it was \"IET VIRTUAL-DISK\"");
	target.identity = 'V';
	assert_int_equal(run(1), UNIT_SAME);
}

static void a_unit_that_is_not_there_is_no_unit(void **state)
{
	(void)state;
	target.first = 0x7f;
	run(1);
	says(UNIT_OTHER, "LUN 0 is not there");
	target.first = 0x0c;
	run(1);
	says(UNIT_OTHER, "LUN 0 is another unit: of type 12, it was of type 0");
	target.first = 0;
	target.answer = (struct answer){1, TEST_UNIT_READY, 2, 5, 0x25, 0, 0};
	run(2);
	says(UNIT_OTHER, "LUN 1 is not there");
	target.answer = (struct answer){0, INQUIRY, 2, 5, 0x24, 0, 0};
	run(1);
	says(UNIT_OTHER, "LUN 0 does not tell its identity any more");
}

static void size_and_write_protection_count(void **state)
{
	(void)state;
	target.blocks = 131071;
	run(1);
	says(UNIT_OTHER, "LUN 0 is smaller: 131071 blocks, it had 131072");
	target.blocks = 1 << 20; /* a larger one is the same */
	assert_int_equal(run(1), UNIT_SAME);
	target.block_bytes = 4096;
	run(1);
	says(UNIT_OTHER, "LUN 0 has blocks of 4096 bytes, it had blocks of 512");
	target.block_bytes = 512;
	target.protected = true;
	run(1);
	says(UNIT_OTHER, "LUN 0 is write-protected, it was not");
	units[0].writable = false;
	assert_int_equal(run(1), UNIT_SAME);
}

static void a_unit_without_a_size_has_only_its_identity(void **state)
{
	(void)state;
	units[0].sectors = 0;
	target.blocks = 0;
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 2, 0x3a, 0, 0};
	assert_int_equal(run(1), UNIT_SAME);
	assert_int_equal(target.sent, 1);
}

static void attentions_are_asked_through(void **state)
{
	(void)state;
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 6, 0x29, 0, 3};
	assert_int_equal(run(1), UNIT_SAME);
	assert_int_equal(target.sent, 7);
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 6, 0x29, 0, 0};
	target.sent = 0;
	run(1);
	says(UNIT_NOT_READY, "LUN 0 cannot be used: it was reset (sense 6/29/00)");
	assert_int_equal(target.sent, 3 + UNIT_PROOF_TRIES);
	for (int i = 0; i < 20; i++) { /* each unit's question has its own tries, though it takes another's place */
		target.answer = (struct answer){(uint64_t)i, INQUIRY, 2, 6, 0x29, 0, UNIT_PROOF_TRIES - 1};
		assert_int_equal(run(i + 1), UNIT_SAME);
	}
}

static void a_unit_that_is_not_ready_is_waited_for(void **state)
{
	static const struct {
		struct answer answer;
		enum unit_verdict verdict;
		const char *text;
	} cases[] = {
		{{0, TEST_UNIT_READY, 2, 2, 0x04, 0x01, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it is becoming ready (sense 2/04/01)"},
		{{0, TEST_UNIT_READY, 2, 2, 0x04, 0x0b, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: its port is in standby (sense 2/04/0B)"},
		{{0, INQUIRY, 2, 2, 0x04, 0x01, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it is becoming ready (sense 2/04/01)"},
		{{0, TEST_UNIT_READY, 2, 5, 0x20, 0x00, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it does not know the command (sense 5/20/00)"},
		{{0, CAPACITY_16, 2, 2, 0x3a, 0x00, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it has no medium (sense 2/3A/00)"},
		{{0, MODE_SENSE, 2, 4, 0x3e, 0x01, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: its hardware has an error (sense 4/3E/01)"},
		{{0, TEST_UNIT_READY, 0x18, 0, 0, 0, 0},
		 UNIT_RESERVED,
		 "LUN 0 cannot be used: another initiator has reserved it"},
		{{0, TEST_UNIT_READY, 0x08, 0, 0, 0, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it is busy (status 08)"},
		{{0, CAPACITY_16, 0x28, 0, 0, 0, 0},
		 UNIT_NOT_READY,
		 "LUN 0 cannot be used: it has too many commands at once (status 28)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		target.answer = cases[i].answer;
		run(1);
		says(cases[i].verdict, cases[i].text);
	}
}

static void standby_is_the_multipath_maps_affair(void **state)
{
	(void)state;
	units[0].map[0] = 'd';
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 2, 0x04, 0x0b, 0};
	assert_int_equal(run(1), UNIT_SAME);
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 2, 0x04, 0x01, 0};
	assert_int_equal(run(1), UNIT_NOT_READY);
}

/* SPC-4 5.15.2.4.5: the identity is told all the same. */
static void unavailable_units_have_a_qualifier_of_their_own(void **state)
{
	(void)state;
	units[0].map[0] = 'd';
	target.first = 0x20;
	target.answer = (struct answer){0, TEST_UNIT_READY, 2, 2, 0x04, 0x0c, 0};
	assert_int_equal(run(1), UNIT_SAME);
	target.identity = 9;
	run(1);
	assert_int_equal(proof.verdict, UNIT_OTHER);
	assert_non_null(strstr(proof.text, "LUN 0 is another unit: "));
	target.identity = 0;
	target.first = 0x60;
	run(1);
	says(UNIT_OTHER, "LUN 0 is not there");
	target.first = 0x20;
	units[0].map[0] = '\0';
	run(1);
	says(UNIT_OTHER, "LUN 0 is not there");
}

static void what_a_unit_does_not_know_is_asked_otherwise_or_not(void **state)
{
	(void)state;
	target.answer = (struct answer){0, CAPACITY_16, 2, 5, 0x20, 0, 0};
	assert_int_equal(run(1), UNIT_SAME);
	assert_int_equal(target.sent, 5);
	target.blocks = 5;
	assert_int_equal(run(1), UNIT_OTHER);
	target.blocks = 131072;
	target.answer = (struct answer){0, MODE_SENSE, 2, 5, 0x24, 0, 0};
	assert_int_equal(run(1), UNIT_SAME);
}

/* Sense that tells of nothing bad: the data counts, as ever, and so does that there is none. */
static void an_error_that_was_recovered_is_none(void **state)
{
	static const uint8_t commands[] = {INQUIRY, TEST_UNIT_READY, CAPACITY_16, MODE_SENSE};

	(void)state;
	target.speaks_first = true;
	for (size_t i = 0; i < sizeof(commands); i++)
		for (uint8_t key = 0; key < 2; key++) {
			target.answer = (struct answer){0, commands[i], 2, key, 0x17, 1, 0};
			assert_int_equal(run(1), UNIT_SAME);
		}
	target.blocks = 5;
	target.answer.command = CAPACITY_16;
	assert_int_equal(run(1), UNIT_OTHER);
	target.blocks = 131072;
	target.protected = true;
	target.answer.command = MODE_SENSE;
	assert_int_equal(run(1), UNIT_OTHER);
	target.protected = false;
	target.identity = 2;
	target.answer.command = INQUIRY;
	assert_int_equal(run(1), UNIT_OTHER);
	target.speaks_first = false;
	target.identity = 1;
	run(1);
	says(UNIT_OTHER, "LUN 0 is not there");
	target.answer.command = CAPACITY_16;
	run(1);
	says(UNIT_NOT_READY, "LUN 0 does not tell its size");
	target.answer.command = MODE_SENSE; /* not every unit can tell */
	assert_int_equal(run(1), UNIT_SAME);
	target.speaks_first = true;
	target.answer = (struct answer){0, CAPACITY_16, 2, 4, 0x3e, 1, 0};
	run(1);
	says(UNIT_NOT_READY, "LUN 0 cannot be used: its hardware has an error (sense 4/3E/01)");
}

/* ---- what a hostile target does ---- */

static void begin_with_one_request(uint8_t request[48])
{
	unit_proof_start(&proof, units, 1, 1, 7, 1);
	assert_true(unit_proof_next(&proof, request));
	target.stat_sn = 7;
	target.cmd_sn = 2;
}

static enum unit_verdict take(uint8_t opcode, const uint8_t *request, int at, uint32_t value, int bytes, size_t length)
{
	static const uint8_t data[1024];
	uint8_t bhs[48];

	make_pdu(bhs, opcode, request);
	put(bhs + at, value, bytes);
	return unit_proof_take(&proof, bhs, data, length);
}

static void nonsense_ends_the_conversation(void **state)
{
	uint8_t request[48];

	(void)state;
	begin_with_one_request(request);
	assert_int_equal(take(0x21, request, 16, 0x99, 4, 0), UNIT_BROKEN); /* no such command */
	begin_with_one_request(request);
	assert_int_equal(take(0x21, request, 16, 0, 4, 0), UNIT_BROKEN);
	begin_with_one_request(request);
	assert_int_equal(take(0x25, request, 16, 0xffffffff, 4, 4), UNIT_BROKEN);
	begin_with_one_request(request);
	assert_int_equal(take(0x25, request, 40, 1, 4, 4), UNIT_BROKEN); /* a gap */
	begin_with_one_request(request);
	assert_int_equal(take(0x25, request, 40, 0xffffffff, 4, 4), UNIT_BROKEN);
	begin_with_one_request(request);
	assert_int_equal(take(0x25, request, 40, 0, 4, 256), UNIT_BROKEN);
	says(UNIT_BROKEN, "the target sent data that was not asked for (256 bytes at 0, expected at most 255)");
	begin_with_one_request(request);
	for (int i = 0; i < 2; i++)
		assert_int_equal(take(0x25, request, 40, (uint32_t)i * 100, 4, 100), UNIT_PENDING);
	assert_int_equal(take(0x25, request, 40, 200, 4, 56), UNIT_BROKEN);
	says(UNIT_BROKEN, "the target sent data that was not asked for (56 bytes at 200, expected at most 55)");
	for (unsigned opcode = 0; opcode < 0x40; opcode++) {
		begin_with_one_request(request);
		if (opcode != 0x20 && opcode != 0x21 && opcode != 0x25 && opcode != 0x32)
			assert_int_equal(take((uint8_t)opcode, request, 2, 4, 1, 0), UNIT_BROKEN);
	}
	for (unsigned event = 0; event < 5; event++) { /* RFC 7143 11.9: 1 to 3 end the session */
		begin_with_one_request(request);
		assert_int_equal(take(0x32, request, 36, event, 1, 0),
				 event >= 1 && event <= 3 ? UNIT_BROKEN : UNIT_PENDING);
	}
	begin_with_one_request(request);
	assert_int_equal(take(0x21, request, 2, 1, 1, 0), UNIT_NOT_READY); /* target failure */
	begin_with_one_request(request);
	assert_int_equal(take(0x21, request, 3, 2, 1, 3), UNIT_NOT_READY); /* sense that cannot be read */
	begin_with_one_request(request);
	assert_int_equal(take(0x21, request, 3, 0, 1, 0), UNIT_OTHER); /* good, and no data */
	assert_false(unit_proof_next(&proof, request));
	units[0].id.kind = SCSI_ID_NONE;
	begin_with_one_request(request);
	assert_int_equal(take(0x25, request, 40, 0, 4, 8), UNIT_PENDING); /* 8 bytes, without a vendor */
	assert_int_equal(take(0x21, request, 3, 0, 1, 0), UNIT_OTHER);
	says(UNIT_OTHER, "LUN 0 does not tell its vendor any more");
}

static void endless_nops_are_answered_one_by_one(void **state)
{
	uint8_t request[48], nop[48];

	(void)state;
	begin_with_one_request(request);
	target.window = 0;
	assert_int_equal(take(0x20, request, 16, 0xffffffff, 4, 0), UNIT_PENDING);
	assert_false(unit_proof_next(&proof, nop)); /* it wants none, and the window is closed */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(take(0x20, request, 20, 5, 4, 0), UNIT_PENDING);
		assert_true(unit_proof_next(&proof, nop));
		assert_int_equal(nop[0], 0x40);
		assert_int_equal(get(nop + 20, 4), 5);
	}
}

static void the_window_is_never_crossed(void **state)
{
	uint8_t request[48];

	(void)state;
	unit_proof_start(&proof, units, 4, 0xfffffffe, 7, 0xffffffff);
	assert_true(unit_proof_next(&proof, request));
	assert_int_equal(get(request + 24, 4), 0xfffffffe);
	assert_int_equal(get(request + 28, 4), 7); /* ExpStatSN: the login's */
	assert_true(unit_proof_next(&proof, request));
	assert_false(unit_proof_next(&proof, request));
	target.stat_sn = 0;
	target.cmd_sn = 0;
	target.window = 2;
	(void)take(0x20, request, 16, 0xffffffff, 4, 0); /* MaxCmdSN 1 now */
	assert_true(unit_proof_next(&proof, request));
	assert_true(unit_proof_next(&proof, request));
	assert_false(unit_proof_next(&proof, request));
	unit_proof_write_logout(&proof, request);
	assert_int_equal(request[0], 0x46);
	assert_int_equal(get(request + 16, 4), 0x104);
	assert_int_equal(get(request + 24, 4), 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		CASE(the_same_unit_is_proven_in_one_round),
		CASE(no_more_is_asked_for_than_is_needed),
		CASE(many_units_are_asked_side_by_side),
		CASE(data_may_come_in_pieces_and_the_status_behind_it),
		CASE(another_identity_is_another_unit),
		CASE(a_unit_that_is_not_there_is_no_unit),
		CASE(size_and_write_protection_count),
		CASE(a_unit_without_a_size_has_only_its_identity),
		CASE(attentions_are_asked_through),
		CASE(a_unit_that_is_not_ready_is_waited_for),
		CASE(standby_is_the_multipath_maps_affair),
		CASE(unavailable_units_have_a_qualifier_of_their_own),
		CASE(what_a_unit_does_not_know_is_asked_otherwise_or_not),
		CASE(an_error_that_was_recovered_is_none),
		CASE(nonsense_ends_the_conversation),
		CASE(endless_nops_are_answered_one_by_one),
		CASE(the_window_is_never_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
