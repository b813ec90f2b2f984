/* status.c - see status.h (RFC 7143 11.13.5). */
/* SPDX-License-Identifier: MIT */
#include "login/status.h"

#include <stdio.h>

static const struct status {
	uint16_t status;
	enum login_retry retry;
	const char *text;
} statuses[] = {
	{0x0000, RETRY_NEVER, "success"},
	{0x0101, RETRY_TRANSIENT, "target moved temporarily"},
	{0x0102, RETRY_TRANSIENT, "target moved permanently"},
	{0x0200, RETRY_NEVER, "initiator error"},
	{0x0201, RETRY_NEVER, "authentication failure: check username and password here and on the target"},
	{0x0202, RETRY_NEVER, "authorization failure: the target does not let this initiator name in"},
	{0x0203, RETRY_SHORTLY, "target not found: check the target name"},
	{0x0204, RETRY_SHORTLY, "target removed: it is gone for good, or is not online yet"},
	{0x0205, RETRY_NEVER, "unsupported version"},
	{0x0206, RETRY_TRANSIENT, "too many connections: the target may still hold an old session of ours"},
	{0x0207, RETRY_NEVER, "missing parameter: the target wants a key that was not sent"},
	{0x0208, RETRY_TRANSIENT, "cannot include in session: the target may still hold an old session of ours"},
	{0x0209, RETRY_NEVER, "session type not supported"},
	{0x020a, RETRY_TRANSIENT, "session does not exist"},
	{0x020b, RETRY_NEVER, "invalid during login: the target did not expect this request"},
	{0x0300, RETRY_TRANSIENT, "target error"},
	{0x0301, RETRY_TRANSIENT,
	 "service unavailable: the target is not ready, still holds an old session of ours, or (Linux LIO) has no "
	 "target of "
	 "this name"},
	{0x0302, RETRY_TRANSIENT, "out of resources: the target may still hold an old session of ours"},
};

static const struct status *find_status(uint16_t status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].status == status)
			return &statuses[i];
	}
	return NULL;
}

const char *login_status_text(uint16_t status)
{
	const struct status *row = find_status(status);

	if (row)
		return row->text;
	switch (status >> 8) {
	case 1:
		return "redirection, of a kind that the RFC does not know";
	case 2:
		return "initiator error, of a kind that the RFC does not know";
	case 3:
		return "target error, of a kind that the RFC does not know";
	default:
		return "a status that the RFC does not know";
	}
}

enum login_retry login_retry(const struct login_failure *failure)
{
	const struct status *row = find_status(failure->status);

	if (failure->error != LOGIN_STATUS)
		return RETRY_NEVER;
	if (row)
		return row->retry;
	return failure->status >> 8 == 3 ? RETRY_TRANSIENT : RETRY_NEVER;
}

const char *login_error_code(const struct login_failure *failure, char *out, size_t size)
{
	static const char *const codes[] = {
		[LOGIN_OK] = "LOK",
		[LOGIN_STATUS] = "L",
		[LOGIN_PROTOCOL] = "LPROTO",
		[LOGIN_NEGOTIATION] = "LNEGO",
		[LOGIN_AUTH_REFUSED] = "LAUTH",
		[LOGIN_AUTH_MISSING] = "LNOAUTH",
		[LOGIN_AUTH_ALGORITHM] = "LALGO",
	};

	if (failure->error == LOGIN_STATUS)
		snprintf(out, size, "L%04X", failure->status);
	else
		snprintf(out, size, "%s", codes[failure->error]);
	return out;
}
