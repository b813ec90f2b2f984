/* Any bytes as a gzip file: nothing outside the two buffers is touched, and what is accepted fills the second. */
#include <stdint.h>
#include <stdlib.h>

#include "deps/gunzip.c"

#define OUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t unpacked;
	uint8_t *out;

	if (gunzip_size(data, size, &unpacked) || unpacked > OUT_MAX)
		return 0;
	out = malloc(unpacked + 1);
	if (!out)
		abort();
	out[unpacked] = 0xa5;
	if (!gunzip(data, size, out, unpacked) && lzma_crc32(out, unpacked, 0) != little_endian(data + size - 8))
		abort();
	if (out[unpacked] != 0xa5)
		abort();
	free(out);
	return 0;
}
