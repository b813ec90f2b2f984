/* verity.c - the superblock of a dm-verity hash tree. See verity.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/verity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SUPERBLOCK_BYTES 512
#define BLOCK_MIN        512
#define BLOCK_MAX        65536 /* more than a page is refused by kernels before 6.x; cryptsetup allows up to this */
#define FORMAT_MAX       1
#define LEVELS_MAX       63 /* kernel: drivers/md/dm-verity.h, DM_VERITY_MAX_LEVELS */

static const struct {
	const char *name;
	uint8_t bytes;
} algorithms[] = {
	{"sha1", 20},     {"sha224", 28},   {"sha256", 32},   {"sha384", 48},   {"sha512", 64},
	{"sha3-224", 28}, {"sha3-256", 32}, {"sha3-384", 48}, {"sha3-512", 64},
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/* The words of the command line. */

int verity_read_hash(struct text value, struct verity_options *options, struct fault *fault)
{
	size_t length = value.length / 2;

	for (size_t i = 0; i < value.length; i++)
		if (text_hex_digit(value.at[i]) < 0)
			return fault_set(fault, value.at + i, "expected a root hash in hexadecimal digits");
	if (value.length % 2 || length < VERITY_HASH_MIN || length > VERITY_HASH_MAX)
		return fault_set(fault, value.at,
				 "expected a root hash of %d to %d hexadecimal digits (64 for sha256), not %zu",
				 VERITY_HASH_MIN * 2, VERITY_HASH_MAX * 2, value.length);
	for (size_t i = 0; i < length; i++)
		options->hash[i] =
			(uint8_t)(text_hex_digit(value.at[2 * i]) << 4 | text_hex_digit(value.at[2 * i + 1]));
	options->hash_length = (uint8_t)length;
	return 0;
}

static int read_offset(struct text value, struct verity_options *options, struct fault *fault)
{
	uint64_t offset;

	if (text_number(value, 10, INT64_MAX, &offset) < 0 || offset % BLOCK_MIN)
		return fault_expected(fault, value, "hash-offset: expected bytes, a multiple of 512");
	options->hash_offset = offset;
	return 0;
}

static int read_option(struct text word, struct verity_options *options, struct fault *fault)
{
	struct text value = word, key = text_cut(&value, '=');
	char shown[TEXT_SHOWN];

	if (text_is(key, "hash-offset") && value.at)
		return read_offset(value, options, fault);
	if (text_is(word, "ignore-corruption"))
		options->corruption = VERITY_IGNORE;
	else if (text_is(word, "restart-on-corruption"))
		options->corruption = VERITY_RESTART;
	else if (text_is(word, "panic-on-corruption"))
		options->corruption = VERITY_PANIC;
	else if (text_is(word, "ignore-zero-blocks"))
		options->ignore_zero_blocks = true;
	else if (text_is(word, "check-at-most-once"))
		options->check_at_most_once = true;
	else if (text_is(word, "try-verify-in-tasklet"))
		options->try_tasklet = true;
	else
		return fault_set(fault, word.at,
				 "%s is not supported; supported are hash-offset=, ignore-, restart- and "
				 "panic-on-corruption, ignore-zero-blocks, check-at-most-once, try-verify-in-tasklet",
				 text_show(key, shown));
	return 0;
}

int verity_read_options(struct text value, struct verity_options *options, struct fault *fault)
{
	while (value.at) {
		struct text word = text_cut(&value, ',');

		if (word.length && read_option(word, options, fault) < 0)
			return -EINVAL;
	}
	return 0;
}

void verity_partition_uuids(const struct verity_options *options, char data[static DISK_UUID_BYTES],
			    char hash[static DISK_UUID_BYTES])
{
	disk_uuid_text(data, reader_of(options->hash, 16));
	disk_uuid_text(hash, reader_of(options->hash + options->hash_length - 16, 16));
}

/* The superblock. */

static size_t digest_bytes(const char *algorithm)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (!strcmp(algorithms[i].name, algorithm))
			return algorithms[i].bytes;
	return 0;
}

static bool is_block_size(uint64_t bytes)
{
	return bytes >= BLOCK_MIN && bytes <= BLOCK_MAX && !(bytes & (bytes - 1));
}

/* Fields in the order of the format; all numbers are little-endian. */
static bool read_superblock(struct reader r, struct verity *out)
{
	uint64_t version;

	read_skip(&r, 8); /* the magic */
	version = read_le(&r, 4);
	out->format = (uint32_t)read_le(&r, 4);
	disk_uuid_text(out->uuid, read_sub(&r, 16));
	disk_label_text(out->algorithm, sizeof(out->algorithm), read_sub(&r, 32), 32);
	out->data_block = (uint32_t)read_le(&r, 4);
	out->hash_block = (uint32_t)read_le(&r, 4);
	out->data_blocks = read_le(&r, 8);
	out->salt_length = (uint16_t)read_le(&r, 2);
	read_skip(&r, 6);
	if (out->salt_length > VERITY_SALT_MAX)
		return false;
	memcpy(out->salt, read_bytes(&r, VERITY_SALT_MAX), VERITY_SALT_MAX);
	return !r.bad && version == 1 && out->format <= FORMAT_MAX;
}

/* All hash blocks of the tree, as the kernel lays it out (verity_ctr). 0: too many levels. */
static uint64_t tree_blocks(const struct verity *verity, size_t digest)
{
	uint64_t level = verity->data_blocks, sum = 0, per_block = verity->hash_block / digest;
	unsigned bits = 0;

	while (per_block >> (bits + 1))
		bits++;
	for (int i = 0; bits && i < LEVELS_MAX; i++) {
		level = (level >> bits) + ((level & ((UINT64_C(1) << bits) - 1)) != 0);
		sum += level;
		if (level <= 1)
			return sum;
	}
	return 0;
}

static int check_sizes(const struct verity *verity, uint64_t data_bytes, uint64_t hash_bytes, uint64_t tree,
		       struct fault *fault)
{
	if (!verity->data_blocks || verity->data_blocks > data_bytes / verity->data_block)
		return fault_set(
			fault, NULL,
			"the hash tree is for %llu blocks of %u bytes, and the data device has only %llu bytes",
			(unsigned long long)verity->data_blocks, verity->data_block, (unsigned long long)data_bytes);
	if (!tree || verity->hash_start + tree > hash_bytes / verity->hash_block)
		return fault_set(fault, NULL,
				 "the hash device is too small for the hash tree that its superblock names");
	return 0;
}

static int check(struct verity *verity, const struct verity_options *options, uint64_t data_bytes, uint64_t hash_bytes,
		 struct fault *fault)
{
	size_t digest = digest_bytes(verity->algorithm);
	uint64_t start;

	if (!digest)
		return fault_set(fault, NULL, "the superblock names a hash algorithm that is not known");
	if (digest != options->hash_length)
		return fault_set(fault, NULL,
				 "the hash tree is of %s, whose root hash has %zu hexadecimal digits; roothash= has %d",
				 verity->algorithm, digest * 2, options->hash_length * 2);
	if (!is_block_size(verity->data_block) || !is_block_size(verity->hash_block))
		return fault_set(fault, NULL, "the superblock names blocks of %u and %u bytes, which cannot be",
				 verity->data_block, verity->hash_block);
	start = options->hash_offset + SUPERBLOCK_BYTES;
	verity->hash_start = (start + verity->hash_block - 1) / verity->hash_block;
	return check_sizes(verity, data_bytes, hash_bytes, tree_blocks(verity, digest), fault);
}

int verity_read(const struct disk *hash_device, uint64_t data_bytes, bool one_device,
		const struct verity_options *options, struct verity *out, struct fault *fault)
{
	uint8_t bytes[SUPERBLOCK_BYTES];
	struct verity verity = {0};
	int error = disk_get(hash_device, options->hash_offset, bytes, sizeof(bytes));

	if (error)
		return error;
	if (memcmp(bytes, "verity\0\0", 8) != 0)
		return -ENOENT;
	if (!read_superblock(reader_of(bytes, sizeof(bytes)), &verity))
		return fault_set(fault, NULL, "the superblock of the hash tree is of a version that is not known");
	if (one_device && data_bytes > options->hash_offset)
		data_bytes = options->hash_offset;
	error = check(&verity, options, data_bytes, hash_device->size, fault);
	if (!error)
		*out = verity;
	return error;
}

/* The kernel's table. */

static void write_hex(struct writer *w, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		write_u8(w, (uint8_t)digits[bytes[i] >> 4]);
		write_u8(w, (uint8_t)digits[bytes[i] & 15]);
	}
}

static void write_flags(struct writer *w, const struct verity_options *options)
{
	static const char *const corruption[] = {NULL, "ignore_corruption", "restart_on_corruption",
						 "panic_on_corruption"};
	const char *const flags[] = {
		corruption[options->corruption],
		options->ignore_zero_blocks ? "ignore_zero_blocks" : NULL,
		options->check_at_most_once ? "check_at_most_once" : NULL,
		options->try_tasklet ? "try_verify_in_tasklet" : NULL,
	};
	uint8_t count = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		count = (uint8_t)(count + (flags[i] != NULL));
	if (!count)
		return;
	write_u8(w, ' ');
	write_u8(w, (uint8_t)('0' + count));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!flags[i])
			continue;
		write_u8(w, ' ');
		write_text(w, flags[i]);
	}
}

int verity_table(const struct verity *verity, const struct verity_options *options, const char *data_device,
		 const char *hash_device, char out[static VERITY_TABLE_MAX])
{
	struct writer w = writer_of(out, VERITY_TABLE_MAX - 1);
	char head[200];

	snprintf(head, sizeof(head), "%u %s %s %u %u %llu %llu %s ", verity->format, data_device, hash_device,
		 verity->data_block, verity->hash_block, (unsigned long long)verity->data_blocks,
		 (unsigned long long)verity->hash_start, verity->algorithm);
	write_text(&w, head);
	write_hex(&w, options->hash, options->hash_length);
	write_u8(&w, ' ');
	if (verity->salt_length)
		write_hex(&w, verity->salt, verity->salt_length);
	else
		write_u8(&w, '-');
	write_flags(&w, options);
	out[w.bad ? 0 : w.used] = 0;
	return (int)(w.bad ? 0 : w.used);
}
