/* status.h - what a failed login means: the RFC's words, a stable short code, and whether another try may succeed. */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_STATUS_H
#define LOGIN_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "login/state.h"

/* How a failure is to be treated. */
enum login_retry {
	RETRY_NEVER,    /* permanent: say so and give up */
	RETRY_SHORTLY,  /* "target not found" (0203): a target that is starting says so; retried for 30 s */
	RETRY_TRANSIENT /* retried as long as iscsi.timeout lasts */
};

enum login_retry login_retry(const struct login_failure *failure);

/* The RFC's words for a status (class << 8 | detail), e.g. "authentication failure"; never NULL. */
const char *login_status_text(uint16_t status);

/* The stable short code of a failure, e.g. "L0201" for a status, "LPROTO", ...; returns out (size >= 8). */
const char *login_error_code(const struct login_failure *failure, char *out, size_t size);

#endif
