/* scsi.h - SCSI commands over iSCSI (RFC 7143 11.3 to 11.19; SPC-4, SBC-3) for questions that only read. Pure.
 *
 * What a proof that a logical unit is still the same one sends and understands: five commands, their data, sense data, and
 * whatever else a target may send in full feature phase; and which of a target's ports a unit may be used through (ALUA).
 * Nothing is judged here: a field is what its bytes say. Which unit it is stands in proto/scsi_id.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_SCSI_H
#define PROTO_SCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iscsi_abi.h"

#define SCSI_CDB_BYTES            16
#define SCSI_CAPACITY_BYTES       32 /* SBC-3 5.17: READ CAPACITY (16) parameter data */
#define SCSI_SHORT_CAPACITY_BYTES 8  /* SBC-3 5.16: of (10) */
#define SCSI_MODE_BYTES           4  /* SPC-4 7.5.5: the mode parameter header (6) */

/* SAM-5 5.3.1 */
enum scsi_status {
	SCSI_GOOD = 0x00,
	SCSI_CHECK_CONDITION = 0x02,
	SCSI_BUSY = 0x08,
	SCSI_RESERVATION_CONFLICT = 0x18,
	SCSI_TASK_SET_FULL = 0x28,
};

/* SPC-4 4.5.6 */
enum scsi_sense_key {
	SCSI_NO_SENSE = 0x0,
	SCSI_RECOVERED = 0x1,
	SCSI_NOT_READY = 0x2,
	SCSI_ILLEGAL_REQUEST = 0x5,
	SCSI_UNIT_ATTENTION = 0x6,
	SCSI_ABORTED = 0xb,
};

/* SPC-4 5.15.2.4, ASYMMETRIC ACCESS STATE: what a unit does by the ports of a group. */
enum scsi_access {
	SCSI_ACCESS_OPTIMIZED = 0x0,
	SCSI_ACCESS_NON_OPTIMIZED = 0x1,
	SCSI_ACCESS_STANDBY = 0x2,
	SCSI_ACCESS_UNAVAILABLE = 0x3,
	SCSI_ACCESS_LBA_DEPENDENT = 0x4,
	SCSI_ACCESS_OFFLINE = 0xe,
	SCSI_ACCESS_TRANSITIONING = 0xf,
};

/* PREF, in the same byte (SPC-4 6.37): the target would rather have this group used */
#define SCSI_ACCESS_PREFERRED 0x80

/* Vital product data pages (SPC-4 7.8), and none: the standard INQUIRY data. */
#define SCSI_STANDARD_INQUIRY (-1)
#define SCSI_PAGE_SERIAL      0x80
#define SCSI_PAGE_IDENTIFIERS 0x83

/* A command that reads `length` bytes at most (0: none). */
struct scsi_command {
	uint64_t lun; /* the kernel's number */
	uint32_t itt, length, cmd_sn, exp_stat_sn;
	uint8_t cdb[SCSI_CDB_BYTES];
};

/* Anything that a target sends in full feature phase; what its opcode has no field for is whatever stands there. */
struct scsi_pdu {
	uint8_t opcode, flags;
	uint8_t ahs;    /* TotalAHSLength, in words */
	uint8_t detail; /* Response of a SCSI Response, reason of a Reject */
	uint8_t status;
	uint8_t async_event;
	uint8_t lun[8];
	uint32_t length, itt, ttt, stat_sn, exp_cmd_sn, max_cmd_sn, buffer_offset;
};

/* Flags of a Data-In PDU. */
#define SCSI_DATA_STATUS 0x01 /* S: it carries the status */

struct scsi_sense {
	uint8_t key, asc, ascq;
};

struct scsi_inquiry {
	uint8_t qualifier, type;   /* SPC-4 table 138 and 139 */
	char vendor[9], model[17]; /* printable, without the spaces behind them */
};

struct scsi_capacity {
	uint64_t blocks;
	uint32_t block_bytes;
};

/* Requests: the 48 bytes of a basic header segment. */
void scsi_write_command(const struct scsi_command *command, uint8_t bhs[ISCSI_BHS_BYTES]);
/* The answer to a NOP-In that wants one (RFC 7143 11.18). */
void scsi_write_nop_out(const struct scsi_pdu *nop_in, uint32_t cmd_sn, uint32_t exp_stat_sn,
			uint8_t bhs[ISCSI_BHS_BYTES]);
/* Closes the session (RFC 7143 11.14); immediate. */
void scsi_write_logout(uint32_t itt, uint32_t cmd_sn, uint32_t exp_stat_sn, uint8_t bhs[ISCSI_BHS_BYTES]);

void scsi_test_unit_ready(uint8_t cdb[SCSI_CDB_BYTES]);
/* page: of the vital product data, or SCSI_STANDARD_INQUIRY. */
void scsi_inquiry(uint8_t cdb[SCSI_CDB_BYTES], int page, uint16_t length);
void scsi_read_capacity_10(uint8_t cdb[SCSI_CDB_BYTES]);
void scsi_read_capacity_16(uint8_t cdb[SCSI_CDB_BYTES]);
/* Any page: only the header counts. */
void scsi_mode_sense_6(uint8_t cdb[SCSI_CDB_BYTES]);
void scsi_report_luns(uint8_t cdb[SCSI_CDB_BYTES], uint32_t length);
void scsi_report_port_groups(uint8_t cdb[SCSI_CDB_BYTES], uint32_t length);

/* Answers. Those that return int: 0, or -EINVAL when there are too few bytes for what they have to say. */
struct scsi_pdu scsi_read_pdu(const uint8_t bhs[ISCSI_BHS_BYTES]);
/* The sense data of a SCSI Response's data segment (RFC 7143 11.4.7), in fixed or descriptor format (SPC-4 4.5). */
int scsi_read_sense(const uint8_t *data, size_t length, struct scsi_sense *out);
int scsi_read_inquiry(const uint8_t *data, size_t length, struct scsi_inquiry *out);
int scsi_read_capacity(const uint8_t *data, size_t length, bool long_form, struct scsi_capacity *out);
/* Of a mode parameter header (6). */
int scsi_read_write_protected(const uint8_t *data, size_t length, bool *out);
/* The n-th LUN of a REPORT LUNS list, the kernel's number. 0, -ENOENT (no more), -EINVAL (the list breaks off). */
int scsi_read_lun(const uint8_t *data, size_t length, size_t n, uint64_t *out);
/* The access state of a target port group, by REPORT TARGET PORT GROUPS data (SPC-4 6.37, without the extended header): enum
   scsi_access, or what is reserved; with SCSI_ACCESS_PREFERRED if it is. 0, -ENOENT (the group is not listed), -EINVAL (the
   list breaks off before it). */
int scsi_read_access(const uint8_t *data, size_t length, uint16_t group, uint8_t *out);

/* What it means, in words, for a message; never NULL. */
const char *scsi_sense_text(const struct scsi_sense *sense);
const char *scsi_status_text(uint8_t status);

#endif
