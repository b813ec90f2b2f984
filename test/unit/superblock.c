/* Superblocks and partition tables made by hand. What real tools make is compared in test/host/superblock_oracle.t. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/partition.h"
#include "proto/superblock.h"

#define IMAGE_BYTES 262144

struct image {
	uint8_t bytes[IMAGE_BYTES];
	size_t size;
	unsigned reads;
	uint64_t broken_from; /* a read that goes beyond fails */
};

static struct image image;
static struct disk disk;

static int get_bytes(void *context, uint64_t offset, void *buffer, size_t n)
{
	struct image *from = context;

	assert_true(offset <= from->size && n <= from->size - offset);
	from->reads++;
	if (offset + n > from->broken_from)
		return -EIO;
	memcpy(buffer, from->bytes + offset, n);
	return 0;
}

static void resize(size_t size)
{
	image.size = size;
	disk.size = size;
}

/* Directory entries, and nothing else, are read by 32 bytes. */
static int get_unless_small(void *context, uint64_t offset, void *buffer, size_t n)
{
	return n == 32 ? -EIO : get_bytes(context, offset, buffer, n);
}

static int make_blank(void **state)
{
	(void)state;
	memset(&image, 0, sizeof(image));
	image.broken_from = UINT64_MAX;
	disk = (struct disk){.get = get_bytes, .context = &image};
	resize(IMAGE_BYTES);
	return 0;
}

static void put(size_t offset, const void *bytes, size_t n)
{
	memcpy(image.bytes + offset, bytes, n);
}

static void put_text(size_t offset, const char *text)
{
	put(offset, text, strlen(text));
}

static void put_number(size_t offset, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image.bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static void expect(const char *type, const char *uuid, const char *label)
{
	struct superblock found;

	assert_int_equal(superblock_probe(&disk, &found), 0);
	assert_string_equal(found.type, type);
	assert_string_equal(found.uuid, uuid);
	assert_string_equal(found.label, label);
}

static void expect_nothing(void)
{
	struct superblock found = {.type = "untouched"};

	assert_int_equal(superblock_probe(&disk, &found), -ENOENT);
	assert_string_equal(found.type, "untouched");
}

#define UUID "30313233-3435-3637-3839-616263646566" /* of "0123456789abcdef" */

static void put_ext(uint32_t compatible, uint32_t incompatible, uint32_t read_only)
{
	put_number(1024 + 0x38, 0xef53, 2);
	put_number(1024 + 0x5c, compatible, 4);
	put_number(1024 + 0x60, incompatible, 4);
	put_number(1024 + 0x64, read_only, 4);
	put_text(1024 + 0x68, "0123456789abcdef");
}

static void ext_differs_by_features(void **state)
{
	(void)state;
	put_ext(0, 0x2, 0x3);
	expect("ext2", UUID, "");
	put_ext(4, 0x2, 0x3);
	expect("ext3", UUID, "");
	put_ext(4, 0x6, 0x3); /* to be recovered */
	expect("ext3", UUID, "");
	put_ext(4, 0x42, 0x3); /* extents */
	expect("ext4", UUID, "");
	put_ext(0, 0x2, 0x13); /* huge files */
	expect("ext4", UUID, "");
	put_ext(4, 0xa, 0x3); /* a journal device */
	expect_nothing();
}

static void label_fills_its_field_and_loses_blanks(void **state)
{
	(void)state;
	put_ext(4, 0x42, 0);
	put_text(1024 + 0x78, "sixteen-letters-and the next field");
	expect("ext4", UUID, "sixteen-letters-");
	put_text(1024 + 0x78, "two words \t     ");
	expect("ext4", UUID, "two words");
}

static void uuid_of_zeros_is_none(void **state)
{
	(void)state;
	put_ext(4, 0x42, 0);
	memset(image.bytes + 1024 + 0x68, 0, 16);
	expect("ext4", "", "");
}

static void wrapping_comes_before_what_is_wrapped(void **state)
{
	(void)state;
	put_ext(4, 0x42, 0);
	put(0, "LUKS\xba\xbe\0\2", 8);
	put_text(24, "sealed");
	put_text(168, "6ca7f6f8-2c4e-4d2b-9f3a-0123456789ab");
	expect("crypto_LUKS", "6ca7f6f8-2c4e-4d2b-9f3a-0123456789ab", "sealed");
	image.bytes[7] = 1; /* which has no label there */
	expect("crypto_LUKS", "6ca7f6f8-2c4e-4d2b-9f3a-0123456789ab", "");
	image.bytes[7] = 3;
	expect("ext4", UUID, "");
}

static void raid_is_seen_at_the_end(void **state)
{
	size_t at = (IMAGE_BYTES / 512 - 16) * 512;

	(void)state;
	put_ext(4, 0x42, 0);
	put_number(at, 0xa92b4efc, 4);
	put_number(at + 4, 1, 4);
	put_text(at + 16, "fedcba9876543210host:0");
	put_number(at + 144, at / 512, 8);
	expect("linux_raid_member", "66656463-6261-3938-3736-353433323130", "host:0");
	put_number(at + 144, at / 512 - 8, 8);
	expect("ext4", UUID, "");
}

static void lvm_says_where_its_uuid_is(void **state)
{
	(void)state;
	put(512, "LABELONE\1\0\0\0\0\0\0\0", 16);
	put_text(512 + 24, "LVM2 001");
	put_number(512 + 20, 64, 4);
	put_text(512 + 64, "abcdef0123456789ABCDEF0123456789");
	expect("LVM2_member", "abcdef-0123-4567-89AB-CDEF-0123-456789", "");
	put_number(512 + 20, 512 - 31, 4);
	expect_nothing();
	put_number(512 + 20, 0xffffffff, 4);
	expect_nothing();
}

static void f2fs_label_is_utf16(void **state)
{
	static const uint16_t label[] = {'W', 0xfc, 0x20ac, 0xd83d, 0xde00, 0xd83d, 'x', 0xde00};

	(void)state;
	put_number(1024, 0xf2f52010, 4);
	put_text(1024 + 108, "0123456789abcdef");
	for (size_t i = 0; i < sizeof(label) / 2; i++)
		put_number(1024 + 124 + 2 * i, label[i], 2);
	expect("f2fs", UUID, "W\u00fc\u20ac\U0001f600\ufffdx\ufffd");
}

static void long_label_is_cut_between_characters(void **state)
{
	struct superblock found;

	(void)state;
	put_number(1024, 0xf2f52010, 4);
	for (size_t i = 0; i < 512; i++)
		put_number(1024 + 124 + 2 * i, 0x20ac, 2);
	assert_int_equal(superblock_probe(&disk, &found), 0);
	assert_int_equal(strlen(found.label), sizeof(found.label) / 3 * 3 - (sizeof(found.label) % 3 ? 0 : 3));
	assert_string_equal(found.label + strlen(found.label) - 3, "\u20ac");
}

static void btrfs_lies_far_in(void **state)
{
	(void)state;
	put_text(65536 + 64, "_BHRfS_M");
	put_text(65536 + 32, "0123456789abcdef");
	put_text(65536 + 0x12b, "pool");
	expect("btrfs", UUID, "pool");
	resize(65536 + 512);
	expect_nothing();
}

static void squashfs_is_version_4(void **state)
{
	(void)state;
	put_text(0, "hsqs");
	put_number(28, 4, 2);
	expect("squashfs", "", "");
	put_number(28, 3, 2);
	expect_nothing();
}

/* FAT16: one reserved sector, two tables of 32, 512 entries; FAT32: 32 reserved, clusters of 512 bytes. */
static void put_fat(bool is_32)
{
	put_text(3, "mkfs.fat");
	put_number(0x0b, 512, 2);
	put_number(0x0d, 1, 1);
	put_number(0x0e, is_32 ? 32 : 1, 2);
	put_number(0x10, 2, 1);
	put_number(0x11, is_32 ? 0 : 512, 2);
	put_number(0x15, 0xf8, 1);
	put_number(0x16, is_32 ? 0 : 32, 2);
	if (is_32) {
		put_number(0x24, 16, 4);
		put_number(0x2c, 2, 4);
	}
	put_number(is_32 ? 0x42 : 0x26, 0x29, 1);
	put_number(is_32 ? 0x43 : 0x27, 0xabcd1234, 4);
	put_number(0x1fe, 0xaa55, 2);
}

static void fat_label_is_that_of_the_root_directory(void **state)
{
	size_t root = (1 + 2 * 32) * 512;

	(void)state;
	put_fat(false);
	put_text(0x2b, "OLD NAME   ");
	expect("vfat", "ABCD-1234", "");
	put(root,
	    "\xe5"
	    "ELETED    \x08",
	    12);
	put(root + 32, "part of a l\x0f", 12);
	put(root + 64, "FILE    TXT\x20", 12);
	put(root + 96, "MY DISK    \x08", 12);
	expect("vfat", "ABCD-1234", "MY DISK");
	put(root + 96, "NO NAME    \x08", 12);
	expect("vfat", "ABCD-1234", "");
}

static void fat32_root_directory_is_a_chain(void **state)
{
	size_t clusters = (32 + 2 * 16) * 512;

	(void)state;
	put_fat(true);
	for (size_t i = 0; i < 16; i++)
		put(clusters + 32 * i, "FILE    TXT\x20", 12);
	put_number(32 * 512 + 4 * 2, 5, 4);
	put_number(32 * 512 + 4 * 5, 0x0fffffff, 4);
	put(clusters + 3 * 512, "SECOND     \x08", 12);
	expect("vfat", "ABCD-1234", "SECOND");
}

static void fat32_ring_ends(void **state)
{
	size_t clusters = (32 + 2 * 16) * 512;

	(void)state;
	put_fat(true);
	for (size_t i = 0; i < 16; i++)
		put(clusters + 32 * i, "FILE    TXT\x20", 12);
	put_number(32 * 512 + 4 * 2, 2, 4);
	expect("vfat", "ABCD-1234", "");
	assert_in_range(image.reads, 100, 2000);
}

static void large_fat32_root_directory_is_read_in_part(void **state)
{
	size_t clusters = (32 + 2 * 16) * 512;

	(void)state;
	put_fat(true);
	put_number(0x0d, 128, 1);
	for (size_t i = 0; i < 2048; i++)
		put(clusters + 32 * i, "FILE    TXT\x20", 12);
	put_number(32 * 512 + 4 * 2, 2, 4);
	expect("vfat", "ABCD-1234", "");
	assert_in_range(image.reads, 65536, 66000);
}

static void error_within_a_fat_directory_is_told(void **state)
{
	struct superblock found;

	(void)state;
	put_fat(false);
	put((1 + 2 * 32) * 512, "FILE    TXT\x20", 12);
	disk.get = get_unless_small;
	assert_int_equal(superblock_probe(&disk, &found), -EIO);
}

static void fat_needs_sense(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		size_t n;
	} nonsense[] = {{0x0b, 500, 2}, {0x0d, 3, 1}, {0x0e, 0, 2},  {0x10, 0, 1},
			{0x15, 0, 1},   {0x11, 0, 2}, {0x1fe, 0, 2}, {0x0b, 8192, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		make_blank(NULL);
		put_fat(false);
		put_number(nonsense[i].offset, nonsense[i].value, nonsense[i].n);
		expect_nothing();
	}
}

static void error_of_a_read_is_told(void **state)
{
	struct superblock found;
	struct partition partition;

	(void)state;
	image.broken_from = 0;
	assert_int_equal(superblock_probe(&disk, &found), -EIO);
	assert_int_equal(partition_find(&disk, 512, 1, &partition), -EIO);
	make_blank(NULL);
	put_ext(4, 0x42, 0);
	image.broken_from = 2048; /* the end of the device, where RAID would be */
	assert_int_equal(superblock_probe(&disk, &found), -EIO);
}

static void short_device_is_not_read_beyond(void **state)
{
	(void)state;
	put_ext(4, 0x42, 0);
	for (size_t size = 0; size <= 1536; size += 128) {
		resize(size);
		if (size < 1536)
			expect_nothing();
		else
			expect("ext4", UUID, "");
	}
}

static void types_have_modules(void **state)
{
	(void)state;
	assert_string_equal(superblock_module("ext2"), "ext4");
	assert_string_equal(superblock_module("xfs"), "xfs");
	assert_string_equal(superblock_module("iso9660"), "isofs");
	assert_null(superblock_module("crypto_LUKS"));
	assert_null(superblock_module(""));
	assert_true(superblock_mountable("vfat"));
	assert_false(superblock_mountable("swap"));
	assert_false(superblock_mountable("linux_raid_member"));
}

static void uuids_compare_without_case(void **state)
{
	(void)state;
	assert_true(superblock_uuid_equal("abcd-1234", "ABCD-1234"));
	assert_false(superblock_uuid_equal("abcd-1234", "abcd-1235"));
	assert_false(superblock_uuid_equal("", ""));
}

/* Partitions. */

static void put_mbr_entry(size_t sector, int i, uint8_t type, uint32_t start, uint32_t sectors)
{
	size_t at = sector * 512 + 446 + 16 * (size_t)i;

	put_number(at + 4, type, 1);
	put_number(at + 8, start, 4);
	put_number(at + 12, sectors, 4);
	put_number(sector * 512 + 510, 0xaa55, 2);
}

static void expect_partition(unsigned number, const char *uuid, uint64_t first, uint64_t sectors)
{
	struct partition found;

	assert_int_equal(partition_find(&disk, 512, number, &found), 0);
	assert_string_equal(found.uuid, uuid);
	assert_int_equal(found.first_lba, first);
	assert_int_equal(found.sectors, sectors);
}

static void expect_no_partition(unsigned number)
{
	struct partition found = {.first_lba = 4711};

	assert_int_equal(partition_find(&disk, 512, number, &found), -ENOENT);
	assert_int_equal(found.first_lba, 4711);
}

static void mbr_partition_is_signature_and_number(void **state)
{
	(void)state;
	put_number(440, 0x00c0ffee, 4);
	put_mbr_entry(0, 0, 0x83, 8, 16);
	put_mbr_entry(0, 3, 0x83, 32, 16);
	expect_partition(1, "00c0ffee-01", 8, 16);
	expect_partition(4, "00c0ffee-04", 32, 16);
	expect_no_partition(0);
	expect_no_partition(2);
	expect_no_partition(5);
	image.bytes[510] = 0;
	expect_no_partition(1);
}

/* An extended partition at 64 of 256 sectors; its tables at 64, 96, 128. */
static void put_logical(void)
{
	put_number(440, 0x12345678, 4);
	put_mbr_entry(0, 1, 0x0f, 64, 256);
	put_mbr_entry(64, 0, 0x83, 1, 31);
	put_mbr_entry(64, 1, 0x05, 32, 32);
	put_mbr_entry(96, 0, 0x83, 1, 31);
	put_mbr_entry(96, 1, 0x05, 64, 32);
	put_mbr_entry(128, 0, 0x83, 1, 31);
}

static void logical_partitions_count_from_5(void **state)
{
	(void)state;
	put_logical();
	expect_partition(5, "12345678-05", 65, 31);
	expect_partition(6, "12345678-06", 97, 31);
	expect_partition(7, "12345678-07", 129, 31);
	expect_no_partition(8);
	put_mbr_entry(64, 2, 0x83, 0x12345, 31); /* rubbish in an entry that no tool uses */
	expect_partition(6, "12345678-06", 97, 31);
}

static void ring_of_logical_partitions_ends(void **state)
{
	(void)state;
	put_logical();
	put_mbr_entry(128, 0, 0, 0, 0);
	put_mbr_entry(128, 1, 0x05, 64, 32);
	expect_no_partition(9);
	assert_in_range(image.reads, 50, 200);
}

static uint32_t checksum(const uint8_t *bytes, size_t n)
{
	uint32_t crc = 0xffffffff;

	while (n--) {
		crc ^= *bytes++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static void put_gpt_header(size_t unit, size_t lba, size_t entries_lba, uint32_t number, uint32_t entry_bytes)
{
	size_t at = lba * unit;

	put_text(at, "EFI PART");
	put_number(at + 8, 0x10000, 4);
	put_number(at + 12, 92, 4);
	put_number(at + 16, 0, 4);
	put_number(at + 24, lba, 8);
	put_number(at + 72, entries_lba, 8);
	put_number(at + 80, number, 4);
	put_number(at + 84, entry_bytes, 4);
	if (number <= 128)
		put_number(at + 88, checksum(image.bytes + entries_lba * unit, (size_t)number * entry_bytes), 4);
	put_number(at + 16, checksum(image.bytes + at, 92), 4);
}

/* Its only partition is the second. */
static void put_gpt(size_t unit, uint32_t entry_bytes)
{
	static const uint8_t guid[] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
				       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	size_t at = 2 * unit + entry_bytes;

	put_mbr_entry(0, 0, 0xee, 1, 511);
	put_text(at, "type is not zero");
	put(at + 16, guid, sizeof(guid));
	put_number(at + 32, 40, 8);
	put_number(at + 40, 47, 8);
	for (size_t i = 0; i < 36; i++)
		put_number(at + 56 + 2 * i, 0x20ac, 2);
	put_gpt_header(unit, 1, 2, 8, entry_bytes);
}

#define GUID "00112233-4455-6677-8899-aabbccddeeff"

static void gpt_names_its_partitions(void **state)
{
	struct partition found;

	(void)state;
	put_gpt(512, 128);
	put(1024 + 8 * 128, image.bytes + 1024 + 128, 128); /* behind the table */
	expect_partition(2, GUID, 40, 8);
	assert_int_equal(partition_find(&disk, 512, 2, &found), 0);
	assert_int_equal(strlen(found.label), 36 * 3);
	expect_no_partition(1);
	expect_no_partition(8);
	expect_no_partition(9);
	assert_int_equal(partition_find(&disk, 4096, 2, &found), -ENOENT);
	assert_int_equal(partition_find(&disk, 0, 2, &found), -ENOENT);
	assert_int_equal(partition_find(&disk, 8192, 2, &found), -ENOENT);
}

static void gpt_counts_sectors_of_the_disk(void **state)
{
	struct partition found;

	(void)state;
	put_gpt(4096, 128);
	assert_int_equal(partition_find(&disk, 4096, 2, &found), 0);
	assert_string_equal(found.uuid, GUID);
	expect_no_partition(2);
}

static void gpt_entries_may_be_longer(void **state)
{
	(void)state;
	put_gpt(512, 512);
	expect_partition(2, GUID, 40, 8);
	put(1024 + 192, image.bytes + 1024 + 512, 128);
	put_gpt_header(512, 1, 2, 8, 192);
	expect_no_partition(2);
}

static void gpt_of_absurd_size_is_none(void **state)
{
	(void)state;
	put_gpt(512, 128);
	put_gpt_header(512, 1, 2, 0xffffffff, 128);
	expect_no_partition(2);
	assert_in_range(image.reads, 1, 4);
	put_gpt_header(512, 1, 2, 0x02000000, 128); /* times 128 is zero in 32 bits */
	expect_no_partition(2);
	put_gpt_header(512, 1, 2, 0, 128);
	expect_no_partition(2);
}

static void gpt_elsewhere_is_not_read(void **state)
{
	static const uint64_t places[] = {UINT64_MAX, UINT64_MAX / 512, (1ull << 55) + 2, IMAGE_BYTES / 512,
					  IMAGE_BYTES / 512 - 1};

	(void)state;
	put_gpt(512, 128);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		put_number(512 + 72, places[i], 8);
		put_number(512 + 16, 0, 4);
		put_number(512 + 16, checksum(image.bytes + 512, 92), 4);
		expect_no_partition(2);
	}
}

static void gpt_with_a_wrong_checksum_is_none(void **state)
{
	(void)state;
	put_gpt(512, 128);
	image.bytes[1024 + 500] ^= 1;
	expect_no_partition(2);
	image.bytes[1024 + 500] ^= 1;
	image.bytes[512 + 56] ^= 1;
	expect_no_partition(2);
	image.bytes[512 + 56] ^= 1;
	expect_partition(2, GUID, 40, 8);
}

static void gpt_of_a_smaller_header_is_none(void **state)
{
	static const uint32_t lengths[] = {0, 91, 513, 0xffffffff};

	(void)state;
	put_gpt(512, 128);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_number(512 + 12, lengths[i], 4);
		put_number(512 + 16, 0, 4);
		put_number(512 + 16, checksum(image.bytes + 512, lengths[i] > 513 ? 0 : lengths[i]), 4);
		expect_no_partition(2);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, make_blank)
	const struct CMUnitTest tests[] = {
		TEST(ext_differs_by_features),
		TEST(label_fills_its_field_and_loses_blanks),
		TEST(uuid_of_zeros_is_none),
		TEST(wrapping_comes_before_what_is_wrapped),
		TEST(raid_is_seen_at_the_end),
		TEST(lvm_says_where_its_uuid_is),
		TEST(f2fs_label_is_utf16),
		TEST(long_label_is_cut_between_characters),
		TEST(btrfs_lies_far_in),
		TEST(squashfs_is_version_4),
		TEST(fat_label_is_that_of_the_root_directory),
		TEST(fat32_root_directory_is_a_chain),
		TEST(fat32_ring_ends),
		TEST(large_fat32_root_directory_is_read_in_part),
		TEST(error_within_a_fat_directory_is_told),
		TEST(fat_needs_sense),
		TEST(error_of_a_read_is_told),
		TEST(short_device_is_not_read_beyond),
		TEST(types_have_modules),
		TEST(uuids_compare_without_case),
		TEST(mbr_partition_is_signature_and_number),
		TEST(logical_partitions_count_from_5),
		TEST(ring_of_logical_partitions_ends),
		TEST(gpt_names_its_partitions),
		TEST(gpt_counts_sectors_of_the_disk),
		TEST(gpt_entries_may_be_longer),
		TEST(gpt_of_absurd_size_is_none),
		TEST(gpt_elsewhere_is_not_read),
		TEST(gpt_with_a_wrong_checksum_is_none),
		TEST(gpt_of_a_smaller_header_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
