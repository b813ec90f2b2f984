/* The digest of PDUs, by the vectors of RFC 3720 appendix B.4. */
/* SPDX-License-Identifier: MIT */
#include "proto/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_rfcs_vectors_hold(void **state)
{
	static const uint8_t wanted[4][CRC32C_BYTES] = {
		{0xaa, 0x36, 0x91, 0x8a}, {0x43, 0xab, 0xa8, 0x62}, {0x4e, 0x79, 0xdd, 0x46}, {0x5c, 0xdb, 0x3f, 0x11}};
	uint8_t bytes[4][32], digest[CRC32C_BYTES];

	(void)state;
	memset(bytes[0], 0, 32);
	memset(bytes[1], 0xff, 32);
	for (uint8_t i = 0; i < 32; i++) {
		bytes[2][i] = i;
		bytes[3][i] = (uint8_t)(31 - i);
	}
	for (int i = 0; i < 4; i++) {
		crc32c_write(bytes[i], 32, digest);
		assert_memory_equal(digest, wanted[i], CRC32C_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_rfcs_vectors_hold)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
