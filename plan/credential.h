/* credential.h - CHAP names and secrets as our own grammar writes them, and which combinations of them are allowed.
 *
 * A value in iscsi= is percent-decoded (%2C is a comma). A secret "@/path" is read from that file; "0x..." and "0b..." are
 * binary secrets in hexadecimal and base64 (RFC 7143 6.1). No message of this file contains any part of a secret. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_CREDENTIAL_H
#define PLAN_CREDENTIAL_H

#include "plan/plan.h"
#include "proto/text.h"

/* A percent-encoded name: 1 to 255 bytes, no NUL. */
int credential_read_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault);

/* A secret, or the path of the file that has it (file: size bytes). The other one is left empty. */
int credential_read_secret(struct text text, struct chap_secret *secret, char *file, size_t size, struct fault *fault);

/* A name (1 to 255 bytes) or a secret (1 to 256) of another dialect or a file: taken literally. */
int credential_take_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault);
int credential_take_secret(struct text text, struct chap_secret *secret, struct fault *fault);

/* The content of a secret's file: the first line without its line end, read as in iscsi= but not percent-decoded. */
int credential_read_file(struct text content, struct chap_secret *secret, struct fault *fault);

/* A list of algorithms, such as "SHA3-256:SHA256:SHA1:MD5". */
int credential_read_algorithms(struct text text, struct chap_config *chap, struct fault *fault);

/* A name needs a secret, the target's pair needs ours, and both secrets must differ (RFC 7143 9.2.1). */
int credential_check(const struct target_plan *target, struct fault *fault);

/* A warning if one of the secrets that are known by now is too short; NULL: there is nothing to warn of. */
const char *credential_warning(const struct target_plan *target);

#endif
