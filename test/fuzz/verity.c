/* Any bytes as the superblock of a hash tree: nothing is written on failure; what is accepted fits the devices and becomes a
   table of printable text. Input: root hash length, hash-offset in sectors, the data device's blocks, then the disk. */
/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "proto/verity.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t size;
};

static int get_bytes(void *context, uint64_t offset, void *buffer, size_t n)
{
	const struct bytes *bytes = context;

	require(offset <= bytes->size && n <= bytes->size - offset);
	memcpy(buffer, bytes->at + offset, n);
	return 0;
}

static void check_table(const struct verity *verity, const struct verity_options *options)
{
	char table[VERITY_TABLE_MAX];
	int length = verity_table(verity, options, "253:4095", "253:4095", table);

	require(length > 0 && (size_t)length == strlen(table));
	for (int i = 0; i < length; i++)
		require(isprint((unsigned char)table[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t lengths[] = {20, 28, 32, 48, 64};
	struct verity_options options = {0};
	struct verity verity, before;
	struct fault fault = {0};
	struct bytes bytes;
	struct disk disk;
	uint64_t data_bytes;

	if (size < 3)
		return 0;
	options.hash_length = lengths[data[0] % sizeof(lengths)];
	options.hash_offset = data[1] * 512u;
	options.corruption = (enum verity_corruption)(data[0] >> 6);
	options.ignore_zero_blocks = options.check_at_most_once = options.try_tasklet = data[0] & 32;
	data_bytes = data[2] * UINT64_C(65536);
	bytes = (struct bytes){data + 3, size - 3};
	/* the tree itself is not read: a device can be said to be larger than its first bytes */
	disk = (struct disk){.get = get_bytes, .context = &bytes, .size = bytes.size};
	memset(&verity, 'x', sizeof(verity));
	before = verity;
	if (verity_read(&disk, data_bytes, data[1] & 1, &options, &verity, &fault)) {
		require(!memcmp(&verity, &before, sizeof(verity)) && memchr(fault.text, 0, sizeof(fault.text)));
		return 0;
	}
	require(verity.data_blocks <= data_bytes / verity.data_block &&
		verity.hash_start < disk.size / verity.hash_block);
	check_table(&verity, &options);
	return 0;
}
