/* unit_proof.h - are these still the same logical units, and can they be used? A conversation in full feature phase, without
 * a transport.
 *
 * For each unit of the record (session/units): its designator (VPD page 0x83, 0x80, or vendor and model where it has
 * neither), TEST UNIT READY, its capacity, its write protection. The questions are sent side by side, as many as the
 * target's window and the table here hold. unit_proof_next says what to send, unit_proof_take hears what came. Nothing here
 * reads a clock or a socket.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_UNIT_PROOF_H
#define SESSION_UNIT_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iscsi_abi.h"
#include "proto/scsi.h"
#include "session/units.h"

#define UNIT_PROOF_AT_ONCE 16 /* commands under way */
#define UNIT_PROOF_TRIES   8  /* for one question, as long as the unit reports attentions */

enum unit_verdict {
	UNIT_PENDING,
	UNIT_SAME,      /* all of them */
	UNIT_OTHER,     /* another unit, none, a smaller one, or one that cannot be written any more */
	UNIT_NOT_READY, /* the same or not: it cannot be used now */
	UNIT_RESERVED,  /* it answers another initiator's port only; a session of this one's own ISID may be answered */
	UNIT_BROKEN     /* the target breaks the rules of iSCSI, or leaves */
};

struct unit_command {
	uint32_t itt; /* 0: free */
	uint16_t unit;
	uint8_t question, tries;
	uint16_t asked, used; /* bytes of data */
	uint8_t data[UNIT_PAGE_MAX];
};

struct unit_proof {
	enum unit_verdict verdict;
	char text[240]; /* why it is not UNIT_SAME: one clause, printable */

	const struct unit *units;
	int count;
	int unit; /* the question that comes next */
	unsigned question;
	uint32_t itt, cmd_sn, exp_stat_sn, max_cmd_sn;
	bool owes_nop; /* an answer to nop */
	struct scsi_pdu nop;
	struct unit_command commands[UNIT_PROOF_AT_ONCE];
};

/* The numbers are those of the login: the next CmdSN, the expected StatSN, MaxCmdSN of its last answer. units must stay. With
   no unit the verdict is UNIT_SAME at once. */
void unit_proof_start(struct unit_proof *proof, const struct unit *units, int count, uint32_t cmd_sn,
		      uint32_t exp_stat_sn, uint32_t max_cmd_sn);

/* The next PDU to be sent: a header without data. False: none now. */
bool unit_proof_next(struct unit_proof *proof, uint8_t bhs[ISCSI_BHS_BYTES]);

/* One PDU of the target's, with its data segment. */
enum unit_verdict unit_proof_take(struct unit_proof *proof, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data,
				  size_t length);

/* The Logout Request with which the session is to be ended. */
void unit_proof_write_logout(struct unit_proof *proof, uint8_t bhs[ISCSI_BHS_BYTES]);

#endif
