/* The rules that each type of superblock has of its own; test/unit/superblock.c has those of all. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "proto/superblock.h"
#include "test/unit/disk_image.h"

#define UUID      "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10"
#define UUID_TEXT "01234567-89ab-cdef-fedc-ba9876543210"
#define RAID      "\xfc\x4e\x2b\xa9"

static int start(void **state)
{
	*state = image_new();
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static void holds(const struct image *image, const char *type, const char *uuid, const char *label)
{
	struct superblock found;

	memset(&found, 'x', sizeof(found));
	assert_int_equal(superblock_probe(&image->disk, &found), 0);
	assert_string_equal(found.type, type);
	assert_string_equal(found.uuid, uuid);
	assert_string_equal(found.label, label);
}

static void fails(const struct image *image, int error)
{
	struct superblock found, before;

	memset(&found, 'x', sizeof(found));
	before = found;
	assert_int_equal(superblock_probe(&image->disk, &found), error);
	assert_memory_equal(&found, &before, sizeof(found));
}

static void put_ext(struct image *image, unsigned compatible, unsigned incompatible, unsigned read_only)
{
	PUT(1024 + 0x38, "\x53\xef");
	image_number(image, 1024 + 0x5c, 4, compatible);
	image_number(image, 1024 + 0x60, 4, incompatible);
	image_number(image, 1024 + 0x64, 4, read_only);
	PUT(1024 + 0x68, UUID);
	PUT(1024 + 0x78, "root");
}

static void ext_journal_or_impossible_block_size_is_no_file_system(void **state)
{
	struct image *image = *state;

	put_ext(image, 0, 0x8, 0);
	fails(image, -ENOENT);
	put_ext(image, 0, 0x4, 0); /* recovery without a journal */
	fails(image, -ENOENT);
	put_ext(image, 0, 0x2, 0);
	image_number(image, 1024 + 0x18, 4, 7);
	fails(image, -ENOENT);
	image_number(image, 1024 + 0x18, 4, 6);
	holds(image, "ext2", UUID_TEXT, "root");
}

static void xfs_needs_a_possible_block_size(void **state)
{
	struct image *image = *state;

	PUT(0, "XFSB\0\0\x10\0");
	PUT(32, UUID);
	PUT(108, "twelveletterX");
	holds(image, "xfs", UUID_TEXT, "twelveletter");
	PUT(4, "\0\0\x10\1");
	fails(image, -ENOENT);
	PUT(4, "\0\0\1\0");
	fails(image, -ENOENT);
	PUT(4, "\0\2\0\0");
	fails(image, -ENOENT);
}

static void f2fs_second_superblock_counts_when_the_first_is_gone(void **state)
{
	struct image *image = *state;

	PUT(5120, "\x10\x20\xf5\xf2");
	PUT(5120 + 108, UUID);
	holds(image, "f2fs", UUID_TEXT, "");
}

static void half_a_surrogate_pair_is_replaced(void **state)
{
	struct image *image = *state;

	PUT(1024, "\x10\x20\xf5\xf2");
	PUT(1024 + 124, "\x3d\xd8z\0\x00\xde\x00\xde\x3d\xd8");
	holds(image, "f2fs", "", "\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void erofs_needs_a_possible_block_size(void **state)
{
	struct image *image = *state;

	PUT(1024, "\xe2\xe1\xf5\xe0");
	PUT(1024 + 48, UUID "volume");
	fails(image, -ENOENT);
	image->bytes[1024 + 12] = 12;
	holds(image, "erofs", UUID_TEXT, "volume");
	image->bytes[1024 + 12] = 17;
	fails(image, -ENOENT);
}

/* One reserved sector, two tables of one sector each: the root directory lies in sector 3. */
static void put_fat(struct image *image)
{
	PUT(0x0b, "\0\x02\1\1\0\2\x10\0\0\0\xf8\1\0");
	PUT(0x26, "\x29\x78\x56\x34\x12NOT THIS   FAT16   ");
	PUT(0x1fe, "\x55\xaa");
}

static void put_name(struct image *image, size_t at, const char *name, uint8_t attributes)
{
	memset(image->bytes + at, ' ', 11);
	image_put(image, at, name, strlen(name));
	image->bytes[at + 11] = attributes;
}

static void fat_has_its_serial_number_and_its_root_directorys_label(void **state)
{
	struct image *image = *state;

	put_fat(image);
	holds(image, "vfat", "1234-5678", "");
	put_name(image, 1536, "FILE", 0x20);
	put_name(image, 1568, "A LABEL", 0x08);
	holds(image, "vfat", "1234-5678", "A LABEL");
	put_name(image, 1568, "\x05WEDEN", 0x28);
	holds(image, "vfat", "1234-5678", "\xe5WEDEN");
}

static void fat_passes_over_what_is_no_label(void **state)
{
	struct image *image = *state;

	put_fat(image);
	put_name(image, 1536,
		 "\xe5"
		 "ELETED",
		 0x08);
	put_name(image, 1568, "LONG", 0x0f);
	put_name(image, 1600, "FOLDER", 0x18);
	put_name(image, 1632, "WITHDATA", 0x08);
	image->bytes[1632 + 26] = 5;
	holds(image, "vfat", "1234-5678", "");
	put_name(image, 1664, "NO NAME", 0x08);
	holds(image, "vfat", "1234-5678", "");
	put_name(image, 1664, "\0", 0x08);
	image->bytes[1664] = 0; /* the end */
	put_name(image, 1696, "BEHIND", 0x08);
	holds(image, "vfat", "1234-5678", "");
}

static void fat_without_a_serial_number_has_none(void **state)
{
	struct image *image = *state;

	put_fat(image);
	image->bytes[0x26] = 0;
	holds(image, "vfat", "", "");
}

/* One reserved sector, one table of one sector: cluster 2, the directory's first, is sector 2. */
static void put_fat32(struct image *image)
{
	PUT(0x0b, "\0\x02\1\1\0\1\0\0\0\0\xf8\0\0");
	image_number(image, 0x24, 4, 1);
	image_number(image, 0x2c, 4, 2);
	PUT(0x42, "\x29\xef\xcd\xab\x90NOT THIS   FAT32   ");
	PUT(0x1fe, "\x55\xaa");
	for (size_t at = 1024; at < 4096; at += 32)
		put_name(image, at, "FILE", 0x20);
}

static void fat32_label_is_looked_for_along_the_chain(void **state)
{
	struct image *image = *state;

	put_fat32(image);
	image_number(image, 512 + 4 * 2, 4, 0xf0000005); /* the upper four bits are no part of it */
	image_number(image, 512 + 4 * 5, 4, 0x0fffffff);
	put_name(image, 1024 + 3 * 512 + 480, "CHAINED", 0x08);
	holds(image, "vfat", "90AB-CDEF", "CHAINED");
	image_number(image, 512 + 4 * 2, 4, 0x0fffffff);
	holds(image, "vfat", "90AB-CDEF", "");
}

static void put_luks(struct image *image, unsigned version)
{
	PUT(0, "LUKS\xba\xbe");
	image->bytes[7] = (uint8_t)version;
	PUT(24, "sealed");
	PUT(168, UUID_TEXT);
}

static void luks_has_a_label_in_version_2_only(void **state)
{
	struct image *image = *state;

	put_luks(image, 1);
	holds(image, "crypto_LUKS", UUID_TEXT, "");
	put_luks(image, 2);
	holds(image, "crypto_LUKS", UUID_TEXT, "sealed");
	put_luks(image, 3);
	fails(image, -ENOENT);
}

static void lvm_label_may_lie_in_any_of_four_sectors(void **state)
{
	struct image *image = *state;

	for (size_t sector = 0; sector < 4; sector++) {
		memset(image->bytes, 0, 2048);
		PUT(512 * sector, "LABELONE");
		image_number(image, 512 * sector + 8, 8, sector);
		image_number(image, 512 * sector + 20, 4, 32);
		PUT(512 * sector + 24, "LVM2 001abcdef0123456789ABCDEF0123456789");
		holds(image, "LVM2_member", "abcdef-0123-4567-89AB-CDEF-0123-456789", "");
	}
}

static void lvm_content_lies_within_its_label(void **state)
{
	struct image *image = *state;

	PUT(512, "LABELONE\1");
	PUT(512 + 24, "LVM2 001");
	image_number(image, 512 + 20, 4, 512 - 31);
	fails(image, -ENOENT);
	image_number(image, 512 + 20, 4, 0xffffffff);
	fails(image, -ENOENT);
	image_number(image, 512 + 20, 4, 32);
	PUT(512 + 24, "LVM3 001");
	fails(image, -ENOENT);
}

static void swap_signature_lies_at_the_end_of_a_page_of_any_size(void **state)
{
	struct image *image = *state;

	image_number(image, 1024, 4, 1);
	PUT(1024 + 12, UUID "swapping");
	for (size_t page = 4096; page <= 65536; page *= 2) {
		PUT(page - 10, "SWAPSPACE2");
		holds(image, "swap", UUID_TEXT, "swapping");
		PUT(page - 10, "\0");
	}
	PUT(4086, "SWAPSPACE2");
	image_number(image, 1024, 4, 2);
	fails(image, -ENOENT);
}

static void put_raid(struct image *image, size_t at, uint64_t sector)
{
	PUT(at, RAID "\1\0\0\0");
	PUT(at + 16, UUID "host:root");
	image_number(image, at + 144, 8, sector);
}

static void raid_superblock_must_say_where_it_lies(void **state)
{
	struct image *image = *state;

	put_raid(image, 4096, 8);
	holds(image, "linux_raid_member", UUID_TEXT, "host:root");
	put_raid(image, 4096, 16);
	fails(image, -ENOENT);
	memset(image->bytes, 0, 8192);
	put_raid(image, 0, 0);
	holds(image, "linux_raid_member", UUID_TEXT, "host:root");
}

/* The last multiple of 64 KiB that has 64 KiB behind it (include/uapi/linux/raid/md_p.h). */
static void old_raid_superblock_has_its_uuid_in_two_places(void **state)
{
	struct image *image = *state;
	size_t at = 768 * 512;

	image->disk.size = 1000 * 512;
	PUT(at, RAID "\0\0\0\0\x5a\0\0\0");
	PUT(at + 20, "\3\2\1\0");
	PUT(at + 52, "\7\6\5\4\x0b\x0a\x09\x08\x0f\x0e\x0d\x0c");
	holds(image, "linux_raid_member", "00010203-0405-0607-0809-0a0b0c0d0e0f", "");
}

static void iso9660_has_a_date_for_a_uuid(void **state)
{
	struct image *image = *state;

	PUT(32768, "\1CD001\1");
	PUT(32768 + 40, "CDROM                           ");
	PUT(32768 + 813, "2024010203040506");
	PUT(32768 + 830, "0000000000000000");
	holds(image, "iso9660", "2024-01-02-03-04-05-06", "CDROM");
	PUT(32768 + 830, "2025111213141516");
	holds(image, "iso9660", "2025-11-12-13-14-15-16", "CDROM");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ext_journal_or_impossible_block_size_is_no_file_system),
		TEST(xfs_needs_a_possible_block_size),
		TEST(f2fs_second_superblock_counts_when_the_first_is_gone),
		TEST(half_a_surrogate_pair_is_replaced),
		TEST(erofs_needs_a_possible_block_size),
		TEST(fat_has_its_serial_number_and_its_root_directorys_label),
		TEST(fat_passes_over_what_is_no_label),
		TEST(fat_without_a_serial_number_has_none),
		TEST(fat32_label_is_looked_for_along_the_chain),
		TEST(luks_has_a_label_in_version_2_only),
		TEST(lvm_label_may_lie_in_any_of_four_sectors),
		TEST(lvm_content_lies_within_its_label),
		TEST(swap_signature_lies_at_the_end_of_a_page_of_any_size),
		TEST(raid_superblock_must_say_where_it_lies),
		TEST(old_raid_superblock_has_its_uuid_in_two_places),
		TEST(iso9660_has_a_date_for_a_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
