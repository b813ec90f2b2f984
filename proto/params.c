/* params.c - see params.h. The ranges and the RFC's defaults are those of RFC 7143 section 13; ours are open-iscsi's where
 * it has the setting. Lengths, bursts and depths were measured one at a time (test/bench/run sweep): a FirstBurstLength of
 * 65536 costs a quarter of what one writer of 128 KiB at a time gets; nothing else that was tried, smaller or larger,
 * differs by more than chance, which was a fifth on a busy machine.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/iscsi_abi.h"

#define LENGTH_MIN 512
#define LENGTH_MAX 16777215 /* 2^24 - 1: what DataSegmentLength can say */
#define FOR_EVER   (-1)

/* clang-format off */
const struct param_row param_rows[PARAM_COUNT] = {
	/* name, kind, rule, min, max, ours, rfc, kernel, settable, unit, words, help */
	[PARAM_HEADER_DIGEST] = {"HeaderDigest", KIND_DIGEST, RULE_LIST, 0, 0, DIGEST_NONE, DIGEST_NONE,
		ISCSI_PARAM_HDRDGST_EN, true, "", {0}, "checksum of the headers"},
	[PARAM_DATA_DIGEST] = {"DataDigest", KIND_DIGEST, RULE_LIST, 0, 0, DIGEST_NONE, DIGEST_NONE,
		ISCSI_PARAM_DATADGST_EN, true, "", {0}, "checksum of the data"},
	[PARAM_MAX_RECV_DATA_SEGMENT_LENGTH] = {"MaxRecvDataSegmentLength", KIND_NUMBER, RULE_DECLARE,
		LENGTH_MIN, LENGTH_MAX, 262144, 8192, ISCSI_PARAM_MAX_RECV_DLENGTH, true, "bytes", {0},
		"longest data segment that we take"},
	[PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH] = {"MaxXmitDataSegmentLength", KIND_NUMBER, RULE_DECLARE,
		LENGTH_MIN, LENGTH_MAX, 262144, 8192, ISCSI_PARAM_MAX_XMIT_DLENGTH, true, "bytes", {0},
		"longest data segment that we send, at most what the target takes"},
	[PARAM_FIRST_BURST_LENGTH] = {"FirstBurstLength", KIND_NUMBER, RULE_MIN, LENGTH_MIN, LENGTH_MAX,
		262144, 65536, ISCSI_PARAM_FIRST_BURST, true, "bytes", {0}, "unsolicited data with a write"},
	[PARAM_MAX_BURST_LENGTH] = {"MaxBurstLength", KIND_NUMBER, RULE_MIN, LENGTH_MIN, LENGTH_MAX,
		16776192, 262144, ISCSI_PARAM_MAX_BURST, true, "bytes", {0}, "data in one sequence"},
	[PARAM_INITIAL_R2T] = {"InitialR2T", KIND_BOOLEAN, RULE_OR, 0, 1, 0, 1, ISCSI_PARAM_INITIAL_R2T_EN, true,
		"", {0}, "a write waits for the target's R2T"},
	[PARAM_IMMEDIATE_DATA] = {"ImmediateData", KIND_BOOLEAN, RULE_AND, 0, 1, 1, 1, ISCSI_PARAM_IMM_DATA_EN, true,
		"", {0}, "a write's command carries data"},
	[PARAM_DATA_PDU_IN_ORDER] = {"DataPDUInOrder", KIND_BOOLEAN, RULE_OR, 0, 1, 1, 1, ISCSI_PARAM_PDU_INORDER_EN,
		true, "", {0}, "data PDUs of a sequence come in order"},
	[PARAM_DATA_SEQUENCE_IN_ORDER] = {"DataSequenceInOrder", KIND_BOOLEAN, RULE_OR, 0, 1, 1, 1,
		ISCSI_PARAM_DATASEQ_INORDER_EN, true, "", {0}, "sequences of a command come in order"},
	[PARAM_MAX_OUTSTANDING_R2T] = {"MaxOutstandingR2T", KIND_NUMBER, RULE_MIN, 1, 65535, 1, 1,
		ISCSI_PARAM_MAX_R2T, true, "", {0}, "R2Ts of a task at a time"},
	[PARAM_ERROR_RECOVERY_LEVEL] = {"ErrorRecoveryLevel", KIND_NUMBER, RULE_MIN, 0, 0, 0, 0, ISCSI_PARAM_ERL, true,
		"", {0}, "the kernel has level 0 only"},
	[PARAM_DEFAULT_TIME2WAIT] = {"DefaultTime2Wait", KIND_NUMBER, RULE_MAX, 0, 3600, 2, 2,
		ISCSI_PARAM_DEF_TIME2WAIT, true, "s", {0}, "pause before a lost session is taken up again"},
	[PARAM_DEFAULT_TIME2RETAIN] = {"DefaultTime2Retain", KIND_NUMBER, RULE_MIN, 0, 3600, 0, 20,
		ISCSI_PARAM_DEF_TIME2RETAIN, true, "s", {0}, "how long the target keeps a lost session's tasks"},
	[PARAM_MAX_CONNECTIONS] = {"MaxConnections", KIND_NUMBER, RULE_MIN, 1, 65535, 1, 1, -1, false, "", {0},
		"connections of a session"},
	[PARAM_CMDS_MAX] = {"cmds_max", KIND_NUMBER, RULE_NONE, 2, 2048, 128, 128, -1, true, "", {0},
		"commands of a session at a time; the kernel takes a power of two or rounds it down"},
	[PARAM_QUEUE_DEPTH] = {"queue_depth", KIND_NUMBER, RULE_NONE, 1, 1024, 32, 32, -1, true, "", {0},
		"commands of a LUN at a time"},
	[PARAM_NOOP_OUT_INTERVAL] = {"noop_out_interval", KIND_NUMBER, RULE_NONE, 0, 3600, 5, 5, ISCSI_PARAM_RECV_TMO,
		true, "s", {0}, "silence after which the target is asked for a sign of life; 0: never"},
	[PARAM_NOOP_OUT_TIMEOUT] = {"noop_out_timeout", KIND_NUMBER, RULE_NONE, 0, 3600, 5, 5, ISCSI_PARAM_PING_TMO,
		true, "s", {0}, "how long that sign may take before the connection counts as lost"},
	[PARAM_REPLACEMENT_TIMEOUT] = {"replacement_timeout", KIND_NUMBER, RULE_NONE, FOR_EVER, 86400, FOR_EVER,
		FOR_EVER, ISCSI_PARAM_SESS_RECOVERY_TMO, true, "s", {0},
		"how long a lost session's I/O is held before it fails; -1: for ever"},
	[PARAM_LOGIN_TIMEOUT] = {"login_timeout", KIND_NUMBER, RULE_NONE, 1, 3600, 15, 15, -1, true, "s", {0},
		"for a connect, and again for a login"},
	[PARAM_FAST_ABORT] = {"fast_abort", KIND_BOOLEAN, RULE_NONE, 0, 1, 1, 1, ISCSI_PARAM_FAST_ABORT, true, "",
		{0}, "what is in flight when a task is aborted is not waited for"},
	[PARAM_ABORT_TIMEOUT] = {"abort_timeout", KIND_NUMBER, RULE_NONE, 1, 3600, 15, 15, ISCSI_PARAM_ABORT_TMO,
		false, "s", {0}, ""},
	[PARAM_LU_RESET_TIMEOUT] = {"lu_reset_timeout", KIND_NUMBER, RULE_NONE, 1, 3600, 30, 30,
		ISCSI_PARAM_LU_RESET_TMO, false, "s", {0}, ""},
	[PARAM_TARGET_RESET_TIMEOUT] = {"tgt_reset_timeout", KIND_NUMBER, RULE_NONE, 1, 3600, 30, 30,
		ISCSI_PARAM_TGT_RESET_TMO, false, "s", {0}, ""},
	[PARAM_TPGT] = {"tpgt", KIND_NUMBER, RULE_NONE, 0, 65535, 1, 1, ISCSI_PARAM_TPGT, true, "", {0},
		"target portal group tag, where the target does not say"},
	[PARAM_NR_REQUESTS] = {"nr_requests", KIND_NUMBER, RULE_NONE, 0, 65536, 0, 0, -1, true, "", {0},
		"requests in the disk's queue; 0: the kernel's choice"},
	[PARAM_ROTATIONAL] = {"rotational", KIND_BOOLEAN, RULE_NONE, 0, 1, 0, 0, -1, true, "", {0},
		"what the disk's queue says of itself"},
	[PARAM_SCAN_TIMEOUT] = {"scan_timeout", KIND_NUMBER, RULE_NONE, 1, 3600, 30, 30, -1, true, "s", {0},
		"from the login to usable disks"},
	[PARAM_PARTITIONS] = {"partitions", KIND_WORD, RULE_NONE, 0, 1, PARTITIONS_REREAD, PARTITIONS_REREAD, -1, true,
		"", {"reread", "kernel"}, "read the table again, or trust the kernel's first look"},
	[PARAM_SCAN] = {"scan", KIND_WORD, RULE_NONE, 0, 1, SCAN_FULL, SCAN_FULL, -1, true, "", {"full", "lean"},
		"lean: no vital product data (no wwid, no unmap limits)"},
	[PARAM_MULTIPATH] = {"multipath", KIND_WORD, RULE_NONE, 0, 2, MULTIPATH_AUTO, MULTIPATH_AUTO, -1, true, "",
		{"auto", "yes", "no"}, "disks that are the same one become one map"},
};
/* clang-format on */

static const char *const digests[] = {
	[DIGEST_NONE] = "None",
	[DIGEST_CRC32C] = "CRC32C",
	[DIGEST_CRC32C_NONE] = "CRC32C:None",
	[DIGEST_NONE_CRC32C] = "None:CRC32C",
};

static const struct {
	const char *text;
	int32_t value;
} booleans[] = {
	{"Yes", 1}, {"No", 0}, {"1", 1}, {"0", 0}, {"true", 1}, {"false", 0}, {"on", 1}, {"off", 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const source_names[SOURCE_COUNT] = {
	[SOURCE_DEFAULT] = "default",
	[SOURCE_CMDLINE] = "command line",
	[SOURCE_DRACUT] = "dracut's words",
	[SOURCE_DEBIAN] = "Debian's words",
	[SOURCE_DHCP] = "DHCP",
	[SOURCE_IBFT] = "iBFT",
	[SOURCE_FILE] = "file",
	[SOURCE_MAC] = "MAC address",
	[SOURCE_NEGOTIATED] = "negotiated",
};

const char *source_name(enum source source)
{
	return source < SOURCE_COUNT ? source_names[source] : "?";
}

void params_default(struct params *params)
{
	for (int i = 0; i < PARAM_COUNT; i++) {
		params->value[i] = param_rows[i].ours;
		params->source[i] = SOURCE_DEFAULT;
	}
}

static bool is_text(const char *text, size_t length, const char *wanted)
{
	return strlen(wanted) == length && strncasecmp(text, wanted, length) == 0;
}

int param_find(const char *name, size_t length)
{
	for (int i = 0; i < PARAM_COUNT; i++) {
		if (is_text(name, length, param_rows[i].name))
			return i;
	}
	return -1;
}

static int read_number(const char *text, size_t length, int64_t *value)
{
	bool negative = length > 1 && text[0] == '-';
	int64_t sum = 0;

	if (length == 0)
		return -EINVAL;
	for (size_t i = negative; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		if (sum <= INT32_MAX)
			sum = sum * 10 + (text[i] - '0');
	}
	*value = negative ? -sum : sum;
	return 0;
}

static int read_word(const char *const *words, size_t count, const char *text, size_t length, int32_t *value)
{
	for (size_t i = 0; i < count && words[i]; i++) {
		if (!is_text(text, length, words[i]))
			continue;
		*value = (int32_t)i;
		return 0;
	}
	return -EINVAL;
}

static int read_boolean(const char *text, size_t length, int32_t *value)
{
	for (size_t i = 0; i < COUNT(booleans); i++) {
		if (!is_text(text, length, booleans[i].text))
			continue;
		*value = booleans[i].value;
		return 0;
	}
	return -EINVAL;
}

int param_read(enum param param, const char *text, size_t length, int32_t *value)
{
	const struct param_row *row = &param_rows[param];
	int64_t number;

	switch (row->kind) {
	case KIND_DIGEST:
		return read_word(digests, COUNT(digests), text, length, value);
	case KIND_WORD:
		return read_word(row->words, COUNT(row->words), text, length, value);
	case KIND_BOOLEAN:
		return read_boolean(text, length, value);
	case KIND_NUMBER:
		break;
	}
	if (read_number(text, length, &number))
		return -EINVAL;
	if (number < row->min || number > row->max)
		return -ERANGE;
	*value = (int32_t)number;
	return 0;
}

const char *param_write(enum param param, int32_t value, char *out, size_t size)
{
	const struct param_row *row = &param_rows[param];

	if (row->kind == KIND_NUMBER)
		(void)snprintf(out, size, "%" PRId32, value);
	else if (row->kind == KIND_BOOLEAN)
		(void)snprintf(out, size, "%s", value ? "Yes" : "No");
	else if (row->kind == KIND_DIGEST)
		(void)snprintf(out, size, "%s", digests[value & 3]);
	else
		(void)snprintf(out, size, "%s", row->words[value % 3]);
	return out;
}

const char *param_expects(enum param param, char *out, size_t size)
{
	const struct param_row *row = &param_rows[param];

	if (row->kind == KIND_NUMBER && row->min == row->max)
		(void)snprintf(out, size, "only %" PRId32, row->min);
	else if (row->kind == KIND_NUMBER)
		(void)snprintf(out, size, "a number from %" PRId32 " to %" PRId32, row->min, row->max);
	else if (row->kind == KIND_BOOLEAN)
		(void)snprintf(out, size, "Yes or No");
	else if (row->kind == KIND_DIGEST)
		(void)snprintf(out, size, "CRC32C, None, CRC32C:None or None:CRC32C");
	else if (row->words[2])
		(void)snprintf(out, size, "%s, %s or %s", row->words[0], row->words[1], row->words[2]);
	else
		(void)snprintf(out, size, "%s or %s", row->words[0], row->words[1]);
	return out;
}
