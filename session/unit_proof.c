/* unit_proof.c - see unit_proof.h. Each question is asked and judged by itself; the first answer that is wrong ends it. */
/* SPDX-License-Identifier: MIT */
#include "session/unit_proof.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/pdu.h"

#define FIRST_TAG 0x100

enum question { ASK_ID, ASK_READY, ASK_CAPACITY, ASK_PROTECTION, QUESTIONS, ASK_SHORT_CAPACITY };

/* ---- verdicts ---- */

static void judge(struct unit_proof *p, enum unit_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void judge(struct unit_proof *p, enum unit_verdict verdict, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(p->text, sizeof(p->text), format, arguments);
	va_end(arguments);
	p->verdict = verdict;
}

static const struct unit *unit_of(const struct unit_proof *p, const struct unit_command *c)
{
	return &p->units[c->unit];
}

static uint64_t lun_of(const struct unit_proof *p, const struct unit_command *c)
{
	return unit_of(p, c)->lun;
}

static void judge_other(struct unit_proof *p, const struct unit_command *c, const char *is, const char *was)
{
	judge(p, UNIT_OTHER, "LUN %" PRIu64 " is another unit: %s, it was %s", lun_of(p, c), is, was);
}

/* ---- the identity ---- */

static bool asks_for(const struct unit *unit, int *page, uint16_t *length)
{
	*page = unit->id.kind == SCSI_ID_NONE     ? SCSI_STANDARD_INQUIRY
		: unit->id.kind == SCSI_ID_SERIAL ? SCSI_PAGE_SERIAL
						  : SCSI_PAGE_IDENTIFIERS;
	*length = *page == SCSI_STANDARD_INQUIRY ? 36 : unit->has_long_page ? UNIT_PAGE_MAX : UNIT_PAGE_SMALL;
	return *page != SCSI_STANDARD_INQUIRY;
}

static void judge_model(struct unit_proof *p, const struct unit_command *c)
{
	const struct unit *unit = unit_of(p, c);
	struct scsi_inquiry now;
	char is[40], was[40];

	if (scsi_read_inquiry(c->data, c->used, &now)) {
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " does not tell its vendor any more", unit->lun);
		return;
	}
	(void)snprintf(is, sizeof(is), "\"%s %s\"", now.vendor, now.model);
	(void)snprintf(was, sizeof(was), "\"%s %s\"", unit->vendor, unit->model);
	if (strcmp(is, was))
		judge_other(p, c, is, was);
}

static void judge_id(struct unit_proof *p, const struct unit_command *c)
{
	const struct unit *unit = unit_of(p, c);
	bool by_page = unit->id.kind != SCSI_ID_SERIAL;
	char is[SCSI_ID_TEXT], was[SCSI_ID_TEXT];
	struct scsi_id id;
	int result = by_page ? scsi_id_choose(c->data, c->used, &id) : scsi_id_serial(c->data, c->used, &id);

	if (result)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " does not tell its identity any more, it was %s", unit->lun,
		      scsi_id_text(&unit->id, was));
	else if (by_page ? !scsi_id_is_in(c->data, c->used, &unit->id) : !scsi_id_is_same(&id, &unit->id))
		judge_other(p, c, scsi_id_text(&id, is), scsi_id_text(&unit->id, was));
}

/* Peripheral qualifier and type stand in the first byte of every answer to INQUIRY (SPC-4 table 138). 1 is what a unit of this
   target says by a port in the access state "unavailable" (5.15.2.4.5): a map's affair, as what it says to commands. */
static void judge_inquiry(struct unit_proof *p, const struct unit_command *c)
{
	uint8_t first = c->used ? c->data[0] : 0xff;
	int page;
	uint16_t length;

	if (first >> 5 > (unit_of(p, c)->map[0] != 0))
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " is not there", lun_of(p, c));
	else if ((first & 0x1f) != unit_of(p, c)->type)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " is another unit: of type %u, it was of type %u", lun_of(p, c),
		      first & 0x1f, unit_of(p, c)->type);
	else if (asks_for(unit_of(p, c), &page, &length))
		judge_id(p, c);
	else
		judge_model(p, c);
}

/* ---- size and write protection ---- */

static void judge_capacity(struct unit_proof *p, const struct unit_command *c)
{
	const struct unit *unit = unit_of(p, c);
	struct scsi_capacity now;
	uint32_t sectors;

	if (scsi_read_capacity(c->data, c->used, c->question == ASK_CAPACITY, &now)) {
		judge(p, UNIT_NOT_READY, "LUN %" PRIu64 " does not tell its size", unit->lun);
		return;
	}
	sectors = unit->block_bytes / 512 ? unit->block_bytes / 512 : 1;
	if (now.block_bytes != unit->block_bytes)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " has blocks of %u bytes, it had blocks of %u", unit->lun,
		      now.block_bytes, unit->block_bytes);
	else if (now.blocks < unit->sectors / sectors)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " is smaller: %" PRIu64 " blocks, it had %" PRIu64, unit->lun,
		      now.blocks, unit->sectors / sectors);
}

static void judge_protection(struct unit_proof *p, const struct unit_command *c)
{
	bool protected;

	if (!scsi_read_write_protected(c->data, c->used, &protected) && protected)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " is write-protected, it was not", lun_of(p, c));
}

static void judge_good(struct unit_proof *p, const struct unit_command *c)
{
	switch (c->question) {
	case ASK_ID:
		judge_inquiry(p, c);
		break;
	case ASK_CAPACITY:
	case ASK_SHORT_CAPACITY:
		judge_capacity(p, c);
		break;
	case ASK_PROTECTION:
		judge_protection(p, c);
		break;
	default:
		break;
	}
}

/* ---- what did not work ---- */

static bool passes(const struct unit *unit, const struct scsi_sense *sense)
{
	return unit->map[0] && sense->key == SCSI_NOT_READY && sense->asc == 0x04 &&
	       (sense->ascq == 0x0b || sense->ascq == 0x0c); /* the map's affair: it sends nothing there */
}

static void judge_sense(struct unit_proof *p, struct unit_command *c, const struct scsi_sense *sense)
{
	if (sense->key == SCSI_ILLEGAL_REQUEST && sense->asc == 0x25)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " is not there", lun_of(p, c));
	else if (sense->key == SCSI_ILLEGAL_REQUEST && c->question == ASK_ID)
		judge(p, UNIT_OTHER, "LUN %" PRIu64 " does not tell its identity any more", lun_of(p, c));
	else
		judge(p, UNIT_NOT_READY, "LUN %" PRIu64 " cannot be used: %s (sense %X/%02X/%02X)", lun_of(p, c),
		      scsi_sense_text(sense), sense->key, sense->asc, sense->ascq);
}

/* Asks the same question once more, or another form of it; false: there is none. */
static bool asks_again(struct unit_command *c, const struct scsi_sense *sense)
{
	if ((sense->key == SCSI_UNIT_ATTENTION || sense->key == SCSI_ABORTED) && c->tries < UNIT_PROOF_TRIES) {
		c->itt = ISCSI_RESERVED_TAG; /* to be sent */
		return true;
	}
	if (sense->key != SCSI_ILLEGAL_REQUEST || sense->asc == 0x25 || c->question != ASK_CAPACITY)
		return false;
	c->question = ASK_SHORT_CAPACITY;
	c->itt = ISCSI_RESERVED_TAG;
	return true;
}

static bool is_unimportant(const struct unit_command *c, const struct scsi_sense *sense)
{
	return sense->key == SCSI_NO_SENSE || sense->key == SCSI_RECOVERED ||
	       (c->question == ASK_PROTECTION && sense->key == SCSI_ILLEGAL_REQUEST && sense->asc != 0x25);
}

static void take_sense(struct unit_proof *p, struct unit_command *c, const uint8_t *data, size_t length)
{
	struct scsi_sense sense;

	if (scsi_read_sense(data, length, &sense)) {
		judge(p, UNIT_NOT_READY, "LUN %" PRIu64 " failed a command without a readable reason", lun_of(p, c));
		return;
	}
	if (asks_again(c, &sense))
		return;
	if (is_unimportant(c, &sense))
		judge_good(p, c); /* by its data, as ever: a question that is not answered proves nothing */
	else if (!passes(unit_of(p, c), &sense))
		judge_sense(p, c, &sense);
	c->itt = 0;
}

static void take_status(struct unit_proof *p, struct unit_command *c, uint8_t status, const uint8_t *data,
			size_t length)
{
	switch (status) {
	case SCSI_GOOD:
		judge_good(p, c);
		c->itt = 0;
		break;
	case SCSI_CHECK_CONDITION:
		take_sense(p, c, data, length);
		break;
	case SCSI_RESERVATION_CONFLICT:
		judge(p, UNIT_RESERVED, "LUN %" PRIu64 " cannot be used: %s", lun_of(p, c), scsi_status_text(status));
		break;
	default:
		judge(p, UNIT_NOT_READY, "LUN %" PRIu64 " cannot be used: %s (status %02X)", lun_of(p, c),
		      scsi_status_text(status), status);
	}
}

/* ---- PDUs that came ---- */

static struct unit_command *find(struct unit_proof *p, uint32_t itt)
{
	for (int i = 0; i < UNIT_PROOF_AT_ONCE; i++) {
		if (p->commands[i].itt == itt)
			return &p->commands[i];
	}
	return NULL;
}

static struct unit_command *find_asked(struct unit_proof *p, const struct scsi_pdu *pdu)
{
	struct unit_command *c = pdu->itt && pdu->itt != ISCSI_RESERVED_TAG ? find(p, pdu->itt) : NULL;

	if (!c)
		judge(p, UNIT_BROKEN, "the target answered a command that was not sent (tag %08x)", pdu->itt);
	return c;
}

/* RFC 7143 11.7: DataPDUInOrder is Yes. */
static void take_data(struct unit_proof *p, const struct scsi_pdu *pdu, const uint8_t *data, size_t length)
{
	struct unit_command *c = find_asked(p, pdu);

	if (!c)
		return;
	if (pdu->buffer_offset != c->used || length > (size_t)(c->asked - c->used)) {
		judge(p, UNIT_BROKEN,
		      "the target sent data that was not asked for (%zu bytes at %u, expected at most %u)", length,
		      pdu->buffer_offset, c->asked - c->used);
		return;
	}
	memcpy(c->data + c->used, data, length);
	c->used = (uint16_t)(c->used + length);
	if (pdu->flags & SCSI_DATA_STATUS)
		take_status(p, c, pdu->status, NULL, 0);
}

/* RFC 7143 11.4. A response code other than 0: the command did not reach the unit. */
static void take_response(struct unit_proof *p, const struct scsi_pdu *pdu, const uint8_t *data, size_t length)
{
	struct unit_command *c = find_asked(p, pdu);

	if (c && pdu->detail)
		judge(p, UNIT_NOT_READY, "LUN %" PRIu64 " cannot be used: the target failed a command (response %02X)",
		      lun_of(p, c), pdu->detail);
	else if (c)
		take_status(p, c, pdu->status, data, length);
}

static void take_async(struct unit_proof *p, const struct scsi_pdu *pdu)
{
	if (pdu->async_event >= ISCSI_ASYNC_REQUEST_LOGOUT && pdu->async_event <= ISCSI_ASYNC_DROPPING_ALL)
		judge(p, UNIT_BROKEN, "the target ends the session (async event %u)", pdu->async_event);
}

static void take_pdu(struct unit_proof *p, const struct scsi_pdu *pdu, const uint8_t *data, size_t length)
{
	switch (pdu->opcode) {
	case ISCSI_OP_DATA_IN:
		take_data(p, pdu, data, length);
		break;
	case ISCSI_OP_SCSI_RESPONSE:
		take_response(p, pdu, data, length);
		break;
	case ISCSI_OP_NOP_IN:
		if (pdu->ttt != ISCSI_RESERVED_TAG) {
			p->owes_nop = true;
			p->nop = *pdu;
		}
		break;
	case ISCSI_OP_ASYNC:
		take_async(p, pdu);
		break;
	case ISCSI_OP_REJECT:
		judge(p, UNIT_BROKEN, "the target rejects a command (reason 0x%02x)", pdu->detail);
		break;
	default:
		judge(p, UNIT_BROKEN, "expected an answer to a command, got a PDU with opcode 0x%02x", pdu->opcode);
	}
}

/* Not every PDU has a StatSN of its own (RFC 7143 11.7.4, 11.19.2). */
static void count(struct unit_proof *p, const struct scsi_pdu *pdu)
{
	bool has_status = pdu->opcode == ISCSI_OP_DATA_IN  ? pdu->flags & SCSI_DATA_STATUS
			  : pdu->opcode == ISCSI_OP_NOP_IN ? pdu->itt != ISCSI_RESERVED_TAG
							   : true;

	if (has_status)
		p->exp_stat_sn = pdu->stat_sn + 1;
	if ((int32_t)(pdu->max_cmd_sn - p->max_cmd_sn) > 0) /* RFC 1982: serial numbers */
		p->max_cmd_sn = pdu->max_cmd_sn;
}

static bool is_done(const struct unit_proof *p)
{
	for (int i = 0; i < UNIT_PROOF_AT_ONCE; i++) {
		if (p->commands[i].itt)
			return false;
	}
	return p->unit >= p->count;
}

enum unit_verdict unit_proof_take(struct unit_proof *proof, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data,
				  size_t length)
{
	struct scsi_pdu pdu = scsi_read_pdu(bhs);

	if (proof->verdict != UNIT_PENDING)
		return proof->verdict;
	count(proof, &pdu);
	take_pdu(proof, &pdu, data, length);
	if (proof->verdict == UNIT_PENDING && is_done(proof))
		proof->verdict = UNIT_SAME;
	return proof->verdict;
}

/* ---- PDUs to be sent ---- */

static bool is_asked(const struct unit *unit, unsigned question)
{
	return question == ASK_ID || (unit->sectors && (question != ASK_PROTECTION || unit->writable));
}

/* To the next question that is to be asked. */
static void advance(struct unit_proof *p)
{
	do {
		if (++p->question == QUESTIONS) {
			p->question = 0;
			p->unit++;
		}
	} while (p->unit < p->count && !is_asked(&p->units[p->unit], p->question));
}

static void write_cdb(const struct unit *unit, struct unit_command *c, uint8_t cdb[SCSI_CDB_BYTES])
{
	int page;

	c->asked = 0;
	switch (c->question) {
	case ASK_ID:
		(void)asks_for(unit, &page, &c->asked);
		scsi_inquiry(cdb, page, c->asked);
		break;
	case ASK_CAPACITY:
		scsi_read_capacity_16(cdb);
		c->asked = SCSI_CAPACITY_BYTES;
		break;
	case ASK_SHORT_CAPACITY:
		scsi_read_capacity_10(cdb);
		c->asked = SCSI_SHORT_CAPACITY_BYTES;
		break;
	case ASK_PROTECTION:
		scsi_mode_sense_6(cdb);
		c->asked = SCSI_MODE_BYTES;
		break;
	default:
		scsi_test_unit_ready(cdb);
	}
}

static void ask(struct unit_proof *p, struct unit_command *c, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct scsi_command command = {.lun = lun_of(p, c), .itt = p->itt++, .cmd_sn = p->cmd_sn++};

	c->itt = command.itt;
	c->used = 0;
	c->tries++;
	write_cdb(unit_of(p, c), c, command.cdb);
	command.length = c->asked;
	command.exp_stat_sn = p->exp_stat_sn;
	scsi_write_command(&command, bhs);
}

/* One that is to be asked again, or a free place with the next question; NULL: nothing to ask now. */
static struct unit_command *next_command(struct unit_proof *p)
{
	struct unit_command *c = find(p, ISCSI_RESERVED_TAG);

	if ((int32_t)(p->max_cmd_sn - p->cmd_sn) < 0)
		return NULL;
	if (c || p->unit >= p->count)
		return c;
	c = find(p, 0);
	if (!c)
		return NULL;
	c->unit = (uint16_t)p->unit;
	c->question = (uint8_t)p->question;
	c->tries = 0;
	advance(p);
	return c;
}

bool unit_proof_next(struct unit_proof *proof, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct unit_command *c;

	if (proof->verdict != UNIT_PENDING)
		return false;
	if (proof->owes_nop) {
		proof->owes_nop = false;
		scsi_write_nop_out(&proof->nop, proof->cmd_sn, proof->exp_stat_sn, bhs);
		return true;
	}
	c = next_command(proof);
	if (c)
		ask(proof, c, bhs);
	return c;
}

void unit_proof_write_logout(struct unit_proof *proof, uint8_t bhs[ISCSI_BHS_BYTES])
{
	scsi_write_logout(proof->itt, proof->cmd_sn, proof->exp_stat_sn, bhs);
}

void unit_proof_start(struct unit_proof *proof, const struct unit *units, int count, uint32_t cmd_sn,
		      uint32_t exp_stat_sn, uint32_t max_cmd_sn)
{
	memset(proof, 0, sizeof(*proof));
	proof->verdict = count ? UNIT_PENDING : UNIT_SAME;
	proof->units = units;
	proof->count = count;
	proof->itt = FIRST_TAG;
	proof->cmd_sn = cmd_sn;
	proof->exp_stat_sn = exp_stat_sn;
	proof->max_cmd_sn = max_cmd_sn;
}
