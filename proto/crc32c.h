/* crc32c.h - the digest of iSCSI PDUs (RFC 7143 13.1; RFC 3720 appendix B.4 has test vectors). Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_CRC32C_H
#define PROTO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_BYTES 4

/* As the four bytes stand on the wire. */
void crc32c_write(const uint8_t *bytes, size_t length, uint8_t out[CRC32C_BYTES]);

#endif
