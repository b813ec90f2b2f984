/* params.h - every setting of a session, one row each.
 *
 * A row holds the setting's name (the RFC 7143 key, or open-iscsi's word), its kind, its negotiation rule, its range, the
 * default that we use, the default that RFC 7143 section 13 gives a key that was not negotiated, and the number under
 * which the kernel takes it (include/scsi/iscsi_if.h, enum iscsi_param). The command line, the login, the kernel session,
 * --help, `check` and the manual's table all read this one table.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_PARAMS_H
#define PROTO_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param {
	/* Negotiated or declared in the login: RFC 7143 section 13. */
	PARAM_HEADER_DIGEST,
	PARAM_DATA_DIGEST,
	PARAM_MAX_RECV_DATA_SEGMENT_LENGTH,
	PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH, /* not a key: the target's declaration, or our upper bound for it */
	PARAM_FIRST_BURST_LENGTH,
	PARAM_MAX_BURST_LENGTH,
	PARAM_INITIAL_R2T,
	PARAM_IMMEDIATE_DATA,
	PARAM_DATA_PDU_IN_ORDER,
	PARAM_DATA_SEQUENCE_IN_ORDER,
	PARAM_MAX_OUTSTANDING_R2T,
	PARAM_ERROR_RECOVERY_LEVEL,
	PARAM_DEFAULT_TIME2WAIT,
	PARAM_DEFAULT_TIME2RETAIN,
	PARAM_MAX_CONNECTIONS, /* always 1; no option of ours sets it */

	/* The kernel's and ours. */
	PARAM_CMDS_MAX,
	PARAM_QUEUE_DEPTH,
	PARAM_NOOP_OUT_INTERVAL,
	PARAM_NOOP_OUT_TIMEOUT,
	PARAM_REPLACEMENT_TIMEOUT,
	PARAM_LOGIN_TIMEOUT,
	PARAM_FAST_ABORT,
	PARAM_ABORT_TIMEOUT,
	PARAM_LU_RESET_TIMEOUT,
	PARAM_TARGET_RESET_TIMEOUT,
	PARAM_TPGT,
	PARAM_NR_REQUESTS,
	PARAM_ROTATIONAL,
	PARAM_SCAN_TIMEOUT,
	PARAM_PARTITIONS, /* enum partitions_mode */
	PARAM_SCAN,       /* enum scan_mode */
	PARAM_MULTIPATH,  /* enum multipath_mode */
	PARAM_COUNT
};

/* Values of the two digest settings: preference lists, first choice first. */
enum digest { DIGEST_NONE, DIGEST_CRC32C, DIGEST_CRC32C_NONE, DIGEST_NONE_CRC32C };

enum partitions_mode { PARTITIONS_REREAD, PARTITIONS_KERNEL };
enum scan_mode { SCAN_FULL, SCAN_LEAN };
enum multipath_mode { MULTIPATH_AUTO, MULTIPATH_YES, MULTIPATH_NO };

enum param_kind {
	KIND_NUMBER,
	KIND_BOOLEAN, /* Yes/No, yes/no, 1/0, true/false, on/off */
	KIND_DIGEST,  /* CRC32C, None, CRC32C:None, None:CRC32C */
	KIND_WORD,    /* one of row->words */
};

/* How the two sides' values become the session's: RFC 7143 section 6.2 and 13. */
enum param_rule {
	RULE_NONE,    /* not negotiated */
	RULE_DECLARE, /* each side declares its own */
	RULE_MIN,
	RULE_MAX,
	RULE_AND,
	RULE_OR,
	RULE_LIST, /* the first of our list that the target takes */
};

struct param_row {
	const char *name;
	enum param_kind kind;
	enum param_rule rule;
	int32_t min, max;     /* KIND_NUMBER: what is accepted, both ends included */
	int32_t ours;         /* what we use or offer when nobody says otherwise */
	int32_t rfc;          /* what holds when the key was not negotiated; equals `ours` for RULE_NONE */
	int kernel;           /* ISCSI_PARAM_..., or -1 where SET_PARAM has none */
	bool settable;        /* is an option of iscsi= */
	const char *unit;     /* "bytes", "s", "" */
	const char *words[3]; /* KIND_WORD: the words, in the order of their values */
	const char *help;     /* one line */
};

extern const struct param_row param_rows[PARAM_COUNT];

/* Where a value came from. */
enum source {
	SOURCE_DEFAULT,
	SOURCE_CMDLINE,
	SOURCE_DRACUT,
	SOURCE_DEBIAN,
	SOURCE_DHCP,
	SOURCE_IBFT,
	SOURCE_FILE,
	SOURCE_MAC,
	SOURCE_NEGOTIATED,
	SOURCE_COUNT
};
const char *source_name(enum source source);

struct params {
	int32_t value[PARAM_COUNT];
	uint8_t source[PARAM_COUNT]; /* enum source */
};

/* Every value at our default. */
void params_default(struct params *params);

/* The row's number for a name, compared without case; -1 when there is none. */
int param_find(const char *name, size_t length);

/* Reads a value's text (length bytes, no NUL needed). 0, -EINVAL (not of the row's kind), -ERANGE (out of its range);
   *value is written on success only. */
int param_read(enum param param, const char *text, size_t length, int32_t *value);

/* Writes a value as the command line would have it; returns out. A digest list is joined with ':'. size >= 16. */
const char *param_write(enum param param, int32_t value, char *out, size_t size);

/* What param_read wants, for messages: "a number from 512 to 16777215", "Yes or No", ...; returns out. size >= 80. */
const char *param_expects(enum param param, char *out, size_t size);

#endif
