/* Any bytes as a disk: reads stay within it and are bounded in number, texts end, a failure writes nothing.
   Input: where in the disk each piece lies (2 bytes, in units of 16), its length (2 bytes), the piece. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "proto/partition.h"
#include "proto/superblock.h"
#include "test/fuzz/require.h"

#define DISK_BYTES 131072
#define READS_MAX  100000 /* a GPT of the largest size, twice, and some */

static uint8_t bytes[DISK_BYTES];
static unsigned reads;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int get_bytes(void *context, uint64_t offset, void *buffer, size_t n)
{
	(void)context;
	require(offset <= DISK_BYTES && n <= DISK_BYTES - offset && ++reads <= READS_MAX);
	memcpy(buffer, bytes + offset, n);
	return 0;
}

static void fill_disk(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);

	memset(bytes, 0, sizeof(bytes));
	while (r.left >= 4) {
		size_t at = (size_t)read_le(&r, 2) * 16, n = (size_t)read_le(&r, 2);

		n = n < r.left ? n : r.left;
		at %= DISK_BYTES;
		n = n < DISK_BYTES - at ? n : DISK_BYTES - at;
		memcpy(bytes + at, read_bytes(&r, n), n);
	}
}

static uint32_t checksum(const uint8_t *at, size_t n)
{
	uint32_t crc = 0xffffffff;

	while (n--) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static void put_number(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Checksums that no mutation would hit: of a GPT in sector 1, where the numbers in it let there be any. */
static void seal_gpt(size_t unit)
{
	uint8_t *header = bytes + unit;
	struct reader r = reader_of(header, unit);
	uint64_t length = disk_number_at(r, 12, 4), at = disk_number_at(r, 72, 8);
	uint64_t n = disk_number_at(r, 80, 4) * disk_number_at(r, 84, 4);

	if (memcmp(header, "EFI PART", 8) != 0)
		return;
	if (at < DISK_BYTES / unit && n <= DISK_BYTES - at * unit)
		put_number(header + 88, checksum(bytes + at * unit, n));
	put_number(header + 16, 0);
	put_number(header + 16, length <= unit ? checksum(header, length) : 0);
}

static void check_text(const char *text, size_t size)
{
	require(memchr(text, 0, size));
}

static void check_superblock(const struct disk *disk)
{
	struct superblock found = {.type = "untouched"};

	if (superblock_probe(disk, &found)) {
		require(!strcmp(found.type, "untouched"));
		return;
	}
	check_text(found.type, sizeof(found.type));
	check_text(found.uuid, sizeof(found.uuid));
	check_text(found.label, sizeof(found.label));
}

static void check_partition(const struct disk *disk, unsigned sector_size, unsigned number)
{
	struct partition found = {.first_lba = 4711};

	reads = 0;
	if (partition_find(disk, sector_size, number, &found)) {
		require(found.first_lba == 4711);
		return;
	}
	check_text(found.uuid, sizeof(found.uuid));
	check_text(found.label, sizeof(found.label));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct disk disk = {.get = get_bytes, .size = DISK_BYTES};

	fill_disk(data, size);
	seal_gpt(512);
	seal_gpt(4096);
	reads = 0;
	check_superblock(&disk);
	check_partition(&disk, 512, 1);
	check_partition(&disk, 512, 6);
	check_partition(&disk, 4096, 2);
	return 0;
}
