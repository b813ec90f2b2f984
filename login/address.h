/* address.h - the value of TargetAddress. */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIN_ADDRESS_H
#define LOGIN_ADDRESS_H

#include <stddef.h>

#include "login/state.h"

/* host[:port][,tpgt], IPv6 in brackets (RFC 7143 13.8); a zone in them is left out. What is not given gets its default. 0,
   or -EINVAL and nothing written. */
int login_read_address(const char *text, size_t length, struct login_redirect *out);

#endif
