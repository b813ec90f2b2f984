/* gunzip.h - unpacks one gzip member in memory (RFC 1952), for libkmod_gzip.c. */
#ifndef GUNZIP_H
#define GUNZIP_H

#include <stddef.h>

#define GUNZIP_TRAILER   8    /* checksum and size */
#define GUNZIP_SMALLEST  18   /* with the header */
#define GUNZIP_RATIO_MAX 1032 /* 258 bytes from two bits: deflate packs no better */

/* How large it says it is, unpacked. 0, or -EINVAL when that cannot be. */
int gunzip_size(const void *packed, size_t packed_size, size_t *size);

/* Unpacks into the size bytes at out. 0, or -EINVAL: not gzip, damaged, not exactly that size, or followed by more. */
int gunzip(const void *packed, size_t packed_size, void *out, size_t size);

#endif
