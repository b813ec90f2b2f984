/* credential.h - CHAP names and secrets as our own grammar writes them, and which of them may stand together.
 *
 * A value in iscsi= is percent-decoded (%2C is a comma). A secret "@/path" stands in that file; "0x..." and "0b..." are
 * binary secrets in hexadecimal and base64 (RFC 7143 6.1). No message of this file holds a piece of a secret. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_CREDENTIAL_H
#define PLAN_CREDENTIAL_H

#include "plan/plan.h"
#include "proto/text.h"

/* A percent-encoded name: 1 to 255 bytes, no NUL. */
int credential_read_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault);

/* A secret, or a file's path (file: size bytes); the other of the two is left empty. */
int credential_read_secret(struct text text, struct chap_secret *secret, char *file, size_t size, struct fault *fault);

/* What other dialects and files write: taken byte by byte as it stands. Name: 1 to 255 bytes; secret 1 to 256. */
int credential_take_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault);
int credential_take_secret(struct text text, struct chap_secret *secret, struct fault *fault);

/* The content of a secret's file: its first line, without the end of the line; read as in iscsi=, but not decoded. */
int credential_read_file(struct text content, struct chap_secret *secret, struct fault *fault);

/* "SHA3-256:SHA256:SHA1:MD5", any part of it. */
int credential_read_algorithms(struct text text, struct chap_config *chap, struct fault *fault);

/* Name with secret, the target's pair only with ours, and not the same secret both ways (RFC 7143 9.2.1). */
int credential_check(const struct target_plan *target, struct fault *fault);

/* What is to be said about the target's secrets that are too short (those that are known by now); NULL: nothing. */
const char *credential_warning(const struct target_plan *target);

#endif
