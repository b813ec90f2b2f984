/* wipe.h - overwriting secrets in a way that the compiler keeps. */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_WIPE_H
#define PROTO_WIPE_H

#include <string.h>

static inline void wipe(void *bytes, size_t length)
{
	explicit_bzero(bytes, length);
}

#endif
