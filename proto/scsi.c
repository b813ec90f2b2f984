/* scsi.c - see scsi.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/scsi.h"

#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/name.h"
#include "proto/pdu.h"

#define OPCODE_MASK 0x3f
#define FINAL       0x80
#define READS       0x40
#define SIMPLE      0x01 /* task attribute, RFC 7143 11.3.1 */
#define PORT_ENTRY  4    /* SPC-4 6.37: bytes of a target port descriptor */
#define LUN_ENTRY   8    /* SPC-4 6.33: bytes of an entry of REPORT LUNS, and of what stands before the first */

/* ---- requests ---- */

void scsi_write_command(const struct scsi_command *command, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_SCSI_COMMAND);
	write_u8(&w, (uint8_t)(FINAL | (command->length ? READS : 0) | SIMPLE));
	write_zeros(&w, 6);
	name_lun_bytes(command->lun, write_room(&w, 8));
	write_be32(&w, command->itt);
	write_be32(&w, command->length);
	write_be32(&w, command->cmd_sn);
	write_be32(&w, command->exp_stat_sn);
	write_bytes(&w, command->cdb, SCSI_CDB_BYTES);
}

void scsi_write_nop_out(const struct scsi_pdu *nop_in, uint32_t cmd_sn, uint32_t exp_stat_sn,
			uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE_BIT);
	write_u8(&w, FINAL);
	write_zeros(&w, 6);
	write_bytes(&w, nop_in->lun, sizeof(nop_in->lun));
	write_be32(&w, ISCSI_RESERVED_TAG);
	write_be32(&w, nop_in->ttt);
	write_be32(&w, cmd_sn);
	write_be32(&w, exp_stat_sn);
	write_zeros(&w, 16);
}

void scsi_write_logout(uint32_t itt, uint32_t cmd_sn, uint32_t exp_stat_sn, uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct writer w = writer_of(bhs, ISCSI_BHS_BYTES);

	write_u8(&w, ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT);
	write_u8(&w, FINAL); /* reason 0: close the session */
	write_zeros(&w, 14);
	write_be32(&w, itt);
	write_zeros(&w, 4); /* CID, reserved */
	write_be32(&w, cmd_sn);
	write_be32(&w, exp_stat_sn);
	write_zeros(&w, 16);
}

void scsi_test_unit_ready(uint8_t cdb[SCSI_CDB_BYTES])
{
	memset(cdb, 0, SCSI_CDB_BYTES);
}

/* SPC-4 6.6 */
void scsi_inquiry(uint8_t cdb[SCSI_CDB_BYTES], int page, uint16_t length)
{
	struct writer w = writer_of(cdb, SCSI_CDB_BYTES);

	write_u8(&w, 0x12);
	write_u8(&w, page >= 0); /* EVPD */
	write_u8(&w, page >= 0 ? (uint8_t)page : 0);
	write_be16(&w, length);
	write_zeros(&w, 11);
}

/* SBC-3 5.15 */
void scsi_read_capacity_10(uint8_t cdb[SCSI_CDB_BYTES])
{
	memset(cdb, 0, SCSI_CDB_BYTES);
	cdb[0] = 0x25;
}

/* SBC-3 5.16: SERVICE ACTION IN (16) */
void scsi_read_capacity_16(uint8_t cdb[SCSI_CDB_BYTES])
{
	struct writer w = writer_of(cdb, SCSI_CDB_BYTES);

	write_u8(&w, 0x9e);
	write_u8(&w, 0x10);
	write_zeros(&w, 8);
	write_be32(&w, SCSI_CAPACITY_BYTES);
	write_zeros(&w, 2);
}

/* SPC-4 6.11; page 0x3f is all of them: no target lacks it. */
void scsi_mode_sense_6(uint8_t cdb[SCSI_CDB_BYTES])
{
	memset(cdb, 0, SCSI_CDB_BYTES);
	cdb[0] = 0x1a;
	cdb[2] = 0x3f;
	cdb[4] = SCSI_MODE_BYTES;
}

/* 12 bytes: the operation, its service action, and how much may be sent. */
static void write_list_request(uint8_t cdb[SCSI_CDB_BYTES], uint8_t operation, uint8_t action, uint32_t length)
{
	struct writer w = writer_of(cdb, SCSI_CDB_BYTES);

	write_u8(&w, operation);
	write_u8(&w, action);
	write_zeros(&w, 4);
	write_be32(&w, length);
	write_zeros(&w, 6);
}

/* SPC-4 6.33 */
void scsi_report_luns(uint8_t cdb[SCSI_CDB_BYTES], uint32_t length)
{
	write_list_request(cdb, 0xa0, 0, length);
}

/* SPC-4 6.37: MAINTENANCE IN */
void scsi_report_port_groups(uint8_t cdb[SCSI_CDB_BYTES], uint32_t length)
{
	write_list_request(cdb, 0xa3, 0x0a, length);
}

/* ---- answers ---- */

struct scsi_pdu scsi_read_pdu(const uint8_t bhs[ISCSI_BHS_BYTES])
{
	struct reader r = reader_of(bhs, ISCSI_BHS_BYTES);
	struct scsi_pdu out = {.opcode = read_u8(&r) & OPCODE_MASK};

	out.flags = read_u8(&r);
	out.detail = read_u8(&r);
	out.status = read_u8(&r);
	out.ahs = read_u8(&r);
	out.length = read_be24(&r);
	memcpy(out.lun, read_bytes(&r, 8), 8);
	out.itt = read_be32(&r);
	out.ttt = read_be32(&r);
	out.stat_sn = read_be32(&r);
	out.exp_cmd_sn = read_be32(&r);
	out.max_cmd_sn = read_be32(&r);
	out.async_event = bhs[36];
	read_skip(&r, 4); /* DataSN, of Data-In */
	out.buffer_offset = read_be32(&r);
	return out;
}

int scsi_read_sense(const uint8_t *data, size_t length, struct scsi_sense *out)
{
	struct reader segment = reader_of(data, length), r;
	uint8_t code;

	r = read_sub(&segment, read_be16(&segment));
	code = read_u8(&r) & 0x7f;
	if (code == 0x70 || code == 0x71) {
		struct scsi_sense sense = {0};

		read_skip(&r, 1);
		sense.key = read_u8(&r) & 0xf;
		read_skip(&r, 9);
		if (r.bad)
			return -EINVAL;
		if (r.left >= 2) { /* ADDITIONAL SENSE LENGTH may leave them out */
			sense.asc = read_u8(&r);
			sense.ascq = read_u8(&r);
		}
		*out = sense;
		return 0;
	}
	if (code == 0x72 || code == 0x73) {
		struct scsi_sense sense = {.key = read_u8(&r) & 0xf};

		sense.asc = read_u8(&r);
		sense.ascq = read_u8(&r);
		if (r.bad)
			return -EINVAL;
		*out = sense;
		return 0;
	}
	return -EINVAL;
}

/* ASCII, padded with spaces (SPC-4 4.3.1). */
static void copy_field(char *out, const uint8_t *from, size_t size)
{
	size_t used = size;

	while (used && (from[used - 1] == ' ' || !from[used - 1]))
		used--;
	for (size_t i = 0; i < used; i++)
		out[i] = (char)(from[i] > ' ' - 1 && from[i] < 0x7f ? from[i] : '?');
	out[used] = '\0';
}

int scsi_read_inquiry(const uint8_t *data, size_t length, struct scsi_inquiry *out)
{
	struct reader r = reader_of(data, length);
	const uint8_t *vendor, *model;
	uint8_t first = read_u8(&r);

	read_skip(&r, 7);
	vendor = read_bytes(&r, 8);
	model = read_bytes(&r, 16);
	if (r.bad)
		return -EINVAL;
	out->qualifier = first >> 5;
	out->type = first & 0x1f;
	copy_field(out->vendor, vendor, 8);
	copy_field(out->model, model, 16);
	return 0;
}

int scsi_read_capacity(const uint8_t *data, size_t length, bool long_form, struct scsi_capacity *out)
{
	struct reader r = reader_of(data, length);
	uint64_t last = long_form ? read_be64(&r) : read_be32(&r);
	uint32_t block_bytes = read_be32(&r);

	if (r.bad || last == UINT64_MAX)
		return -EINVAL;
	*out = (struct scsi_capacity){last + 1, block_bytes};
	return 0;
}

int scsi_read_write_protected(const uint8_t *data, size_t length, bool *out)
{
	struct reader r = reader_of(data, length);
	uint8_t device;

	read_skip(&r, 2);
	device = read_u8(&r); /* DEVICE-SPECIFIC PARAMETER, SBC-3 6.4.1: WP is its highest bit */
	if (r.bad)
		return -EINVAL;
	*out = device & 0x80;
	return 0;
}

int scsi_read_lun(const uint8_t *data, size_t length, size_t n, uint64_t *out)
{
	struct reader r = reader_of(data, length);
	uint32_t listed = read_be32(&r);
	uint16_t group[4];

	if (r.bad)
		return -EINVAL;
	if (n >= listed / LUN_ENTRY)
		return -ENOENT;
	read_skip(&r, LUN_ENTRY - 4 + n * LUN_ENTRY);
	for (int i = 0; i < 4; i++)
		group[i] = read_be16(&r);
	if (r.bad)
		return -EINVAL;
	*out = name_lun_of_groups(group);
	return 0;
}

/* The list may be longer than what was asked for, and what a target sent longer than the list. */
int scsi_read_access(const uint8_t *data, size_t length, uint16_t group, uint8_t *out)
{
	struct reader r = reader_of(data, length);
	uint32_t said = read_be32(&r);

	if (!r.bad && said < r.left)
		r.left = said;
	while (!r.bad && r.left) {
		uint8_t state = read_u8(&r) & (SCSI_ACCESS_PREFERRED | 0xf);
		uint16_t number;

		read_skip(&r, 1);
		number = read_be16(&r);
		if (number == group && !r.bad) {
			*out = state;
			return 0;
		}
		read_skip(&r, 3);
		read_skip(&r, (size_t)read_u8(&r) * PORT_ENTRY);
	}
	return r.bad ? -EINVAL : -ENOENT;
}

/* ---- words ---- */

#define ANY 0xff

/* SPC-4 annex E: what a unit says that cannot be used now. The first row that fits counts. */
static const struct {
	uint8_t key, asc, ascq;
	const char *text;
} meanings[] = {
	{0x2, 0x04, 0x01, "it is becoming ready"},
	{0x2, 0x04, 0x02, "it wants to be started"},
	{0x2, 0x04, 0x03, "it is not ready: somebody has to do something at the target"},
	{0x2, 0x04, 0x04, "it is being formatted"},
	{0x2, 0x04, 0x0a, "its port changes its access state"},
	{0x2, 0x04, 0x0b, "its port is in standby"},
	{0x2, 0x04, 0x0c, "its port is unavailable"},
	{0x2, 0x04, 0x12, "it is offline"},
	{0x2, 0x3a, ANY, "it has no medium"},
	{0x2, ANY, ANY, "it is not ready"},
	{0x3, ANY, ANY, "its medium has an error"},
	{0x4, ANY, ANY, "its hardware has an error"},
	{0x5, 0x20, 0x00, "it does not know the command"},
	{0x5, 0x24, 0x00, "it does not know a field of the command"},
	{0x5, 0x25, 0x00, "there is no such LUN"},
	{0x5, ANY, ANY, "it refuses the command"},
	{0x6, 0x29, ANY, "it was reset"},
	{0x6, 0x2a, 0x09, "its capacity has changed"},
	{0x6, 0x3f, 0x0e, "the target's list of LUNs has changed"},
	{0x6, ANY, ANY, "its state has changed"},
	{0x7, ANY, ANY, "it is protected"},
	{0xb, ANY, ANY, "it aborted the command"},
};

const char *scsi_sense_text(const struct scsi_sense *sense)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].key == sense->key && (meanings[i].asc == ANY || meanings[i].asc == sense->asc) &&
		    (meanings[i].ascq == ANY || meanings[i].ascq == sense->ascq))
			return meanings[i].text;
	}
	return "it failed the command";
}

const char *scsi_status_text(uint8_t status)
{
	switch (status) {
	case SCSI_GOOD:
		return "good";
	case SCSI_CHECK_CONDITION:
		return "check condition";
	case SCSI_BUSY:
		return "it is busy";
	case SCSI_RESERVATION_CONFLICT:
		return "another initiator has reserved it";
	case SCSI_TASK_SET_FULL:
		return "it has too many commands at once";
	default:
		return "it failed the command";
	}
}
