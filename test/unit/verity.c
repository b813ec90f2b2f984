/* Root hashes, options, superblocks that lie, and the kernel's table. test/full/layers.t (trees) has those of veritysetup. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "proto/verity.h"
#include "test/unit/disk_image.h"

#define HASH "00112233445566778899aabbccddeeff0102030405060708090a0b0c0d0e0f10"

static struct verity_options options_of(const char *hash)
{
	struct verity_options options = {0};
	struct fault fault = {0};

	assert_int_equal(verity_read_hash(text_of(hash), &options, &fault), 0);
	return options;
}

static void a_root_hash_is_hexadecimal(void **state)
{
	static const char *const wrong[] = {
		"", "0", "zz", "00112233445566778899aabbccddeef", "0011", "00112233445566778899aabbccddeefg"};
	struct verity_options options = options_of("00112233445566778899AABBCCDDEEFF");
	struct fault fault;
	char longest[2 * VERITY_HASH_MAX + 3];

	(void)state;
	assert_int_equal(options.hash_length, 16);
	assert_int_equal(options.hash[15], 0xff);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verity_read_hash(text_of(wrong[i]), &options, &fault), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[2 * VERITY_HASH_MAX + 2] = 0;
	assert_int_equal(verity_read_hash(text_of(longest), &options, &fault), -EINVAL);
	longest[2 * VERITY_HASH_MAX] = 0;
	assert_int_equal(verity_read_hash(text_of(longest), &options, &fault), 0);
}

static void its_halves_name_the_partitions(void **state)
{
	struct verity_options options = options_of(HASH);
	char data[DISK_UUID_BYTES], hash[DISK_UUID_BYTES];

	(void)state;
	verity_partition_uuids(&options, data, hash);
	assert_string_equal(data, "00112233-4455-6677-8899-aabbccddeeff");
	assert_string_equal(hash, "01020304-0506-0708-090a-0b0c0d0e0f10");
}

static void options_are_those_that_are_obeyed(void **state)
{
	static const char *const wrong[] = {"no-read-workqueue",  "hash-offset", "hash-offset=1",
					    "hash-offset=x",      "salt=00",     "panic-on-corruption=1",
					    "fec-device=/dev/sda"};
	struct verity_options options = {0};
	struct fault fault = {0};

	(void)state;
	assert_int_equal(verity_read_options(text_of("hash-offset=4096,panic-on-corruption,check-at-most-once"),
					     &options, &fault),
			 0);
	assert_int_equal(options.hash_offset, 4096);
	assert_int_equal(options.corruption, VERITY_PANIC);
	assert_true(options.check_at_most_once && !options.ignore_zero_blocks && !options.try_tasklet);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verity_read_options(text_of(wrong[i]), &options, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "'fec-device' is not supported"));
}

/* A superblock as veritysetup writes it: sha256, 4 KiB blocks, no salt. */
static struct image *image_of(uint64_t blocks)
{
	struct image *image = image_new();

	PUT(0, "verity\0\0");
	image_number(image, 8, 4, 1);
	image_number(image, 12, 4, 1);
	PUT(32, "sha256");
	image_number(image, 64, 4, 4096);
	image_number(image, 68, 4, 4096);
	image_number(image, 72, 8, blocks);
	return image;
}

static int reads(struct image *image, uint64_t data_bytes, struct verity *verity, struct fault *fault)
{
	struct verity_options options = options_of(HASH);

	memset(verity, 'x', sizeof(*verity));
	return verity_read(&image->disk, data_bytes, false, &options, verity, fault);
}

static void a_superblock_becomes_a_table(void **state)
{
	struct image *image = image_of(1000);
	struct verity_options options = options_of(HASH);
	struct verity verity;
	struct fault fault;
	char table[VERITY_TABLE_MAX];

	(void)state;
	assert_int_equal(reads(image, 1000 * 4096, &verity, &fault), 0);
	verity_table(&verity, &options, "8:1", "8:2", table);
	assert_string_equal(table, "1 8:1 8:2 4096 4096 1000 1 sha256 " HASH " -");
	options.corruption = VERITY_RESTART;
	options.check_at_most_once = true;
	verity.salt_length = 2;
	verity.salt[0] = 0xab, verity.salt[1] = 0xcd;
	verity_table(&verity, &options, "8:1", "8:2", table);
	assert_string_equal(table, "1 8:1 8:2 4096 4096 1000 1 sha256 " HASH
				   " abcd 2 restart_on_corruption check_at_most_once");
	free(image);
}

static void lies(size_t at, size_t n, uint64_t value, uint64_t data_bytes, int error, const char *text)
{
	struct image *image = image_of(1000);
	struct verity verity, before;
	struct fault fault = {0};

	image_number(image, at, n, value);
	memset(&before, 'x', sizeof(before));
	assert_int_equal(reads(image, data_bytes, &verity, &fault), error);
	assert_memory_equal(&verity, &before, sizeof(verity));
	if (text && !strstr(fault.text, text))
		fail_msg("%s", fault.text);
	free(image);
}

static void a_superblock_that_cannot_be_right_is_refused(void **state)
{
	const uint64_t bytes = 1000 * 4096;

	(void)state;
	lies(0, 1, 'V', bytes, -ENOENT, NULL);
	lies(8, 4, 2, bytes, -EINVAL, "version");
	lies(12, 4, 2, bytes, -EINVAL, "version");
	lies(64, 4, 0, bytes, -EINVAL, "blocks of 0");
	lies(64, 4, 3000, bytes, -EINVAL, "blocks of 3000");
	lies(68, 4, 1u << 31, bytes, -EINVAL, "blocks of 4096 and");
	lies(72, 8, 0, bytes, -EINVAL, "for 0 blocks");
	lies(72, 8, UINT64_MAX, bytes, -EINVAL, "data device has only");
	lies(72, 8, 1001, bytes, -EINVAL, "data device has only");
	lies(80, 2, 257, bytes, -EINVAL, "version");
	lies(32, 1, 'x', bytes, -EINVAL, "not known");
	lies(36, 4, 0x323135, bytes, -EINVAL, "not known"); /* sha2512 */
	lies(35, 4, 0x323135, bytes, -EINVAL, "sha512, whose root hash has 128");
}

static void the_tree_must_fit(void **state)
{
	struct image *image = image_of(16000); /* 125 hash blocks, and one above */
	struct verity verity;
	struct fault fault = {0};

	(void)state;
	assert_int_equal(reads(image, 16000 * 4096, &verity, &fault), 0);
	image->disk.size = 127 * 4096;
	assert_int_equal(reads(image, 16000 * 4096, &verity, &fault), 0);
	image->disk.size = 126 * 4096;
	assert_int_equal(reads(image, 16000 * 4096, &verity, &fault), -EINVAL);
	free(image);
}

static void on_one_device_the_data_ends_before_the_superblock(void **state)
{
	struct image *image = image_new(), *from = image_of(16);
	struct verity_options options = options_of(HASH);
	struct verity verity;
	struct fault fault = {0};

	(void)state;
	memcpy(image->bytes + 16 * 4096, from->bytes, 512);
	options.hash_offset = 16 * 4096;
	assert_int_equal(verity_read(&image->disk, IMAGE_BYTES, true, &options, &verity, &fault), 0);
	assert_int_equal(verity.hash_start, 17);
	image_number(image, 16 * 4096 + 72, 8, 17);
	assert_int_equal(verity_read(&image->disk, IMAGE_BYTES, true, &options, &verity, &fault), -EINVAL);
	free(image);
	free(from);
}

static void a_read_error_is_passed_on(void **state)
{
	struct image *image = image_of(1000);
	struct verity verity;
	struct fault fault = {0};

	(void)state;
	image->broken = 100;
	assert_int_equal(reads(image, 1000 * 4096, &verity, &fault), -EIO);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_hash_is_hexadecimal),
		cmocka_unit_test(its_halves_name_the_partitions),
		cmocka_unit_test(options_are_those_that_are_obeyed),
		cmocka_unit_test(a_superblock_becomes_a_table),
		cmocka_unit_test(a_superblock_that_cannot_be_right_is_refused),
		cmocka_unit_test(the_tree_must_fit),
		cmocka_unit_test(on_one_device_the_data_ends_before_the_superblock),
		cmocka_unit_test(a_read_error_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
