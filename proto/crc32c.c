/* crc32c.c - see crc32c.h. Bit by bit: a few PDUs at the end of an outage need no table. */
/* SPDX-License-Identifier: MIT */
#include "proto/crc32c.h"

#define POLYNOMIAL 0x82f63b78 /* Castagnoli's, reflected */

void crc32c_write(const uint8_t *bytes, size_t length, uint8_t out[CRC32C_BYTES])
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
	}
	crc = ~crc;
	for (int i = 0; i < CRC32C_BYTES; i++, crc >>= 8)
		out[i] = (uint8_t)crc;
}
