/* Any bytes as a gzip file of libkmod's: what is accepted is as long as its trailer says. */
/* SPDX-License-Identifier: MIT */
/* what the header of libkmod's insides asks of a configuration */
#define ENABLE_ZLIB        1
#define HAVE_SECURE_GETENV 1
#define HAVE_NORETURN      1
#define HAVE_DECL_BASENAME 1
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "deps/libkmod_gzip.c"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int memory = -1;
	struct kmod_file file = {0};
	uint32_t said;

	if (memory < 0)
		memory = memfd_create("gzip", MFD_CLOEXEC);
	require(!ftruncate(memory, 0) && pwrite(memory, data, size, 0) == (ssize_t)size);
	file.fd = memory;
	if (kmod_file_load_zlib(&file))
		return 0;
	memcpy(&said, data + size - sizeof(said), sizeof(said));
	require(file.size == (off_t)le32toh(said));
	for (off_t i = 0; i < file.size; i++)
		*(volatile uint8_t *)((uint8_t *)file.memory + i) ^= 1;
	free(file.memory);
	return 0;
}
