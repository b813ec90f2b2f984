/* Damaged and odd partition tables. liblzma has the other opinion about checksums. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <lzma.h>

#include "proto/partition.h"
#include "test/unit/disk_image.h"

#define GUID      "\x67\x45\x23\x01\xab\x89\xef\xcd\xfe\xdc\xba\x98\x76\x54\x32\x10"
#define GUID_TEXT "01234567-89ab-cdef-fedc-ba9876543210"
#define TYPE_GUID "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4"

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

static void has(const struct image *image, unsigned sector, unsigned number, uint64_t first, uint64_t sectors,
		const char *uuid, const char *label)
{
	struct partition found;

	memset(&found, 'x', sizeof(found));
	assert_int_equal(partition_find(&image->disk, sector, number, &found), 0);
	assert_int_equal(found.first_lba, first);
	assert_int_equal(found.sectors, sectors);
	assert_string_equal(found.uuid, uuid);
	assert_string_equal(found.label, label);
}

static void fails(const struct image *image, unsigned sector, unsigned number, int error)
{
	struct partition found, before;

	memset(&found, 'x', sizeof(found));
	before = found;
	assert_int_equal(partition_find(&image->disk, sector, number, &found), error);
	assert_memory_equal(&found, &before, sizeof(found));
}

/* GPT. */

struct gpt {
	uint64_t lba, entries; /* sectors */
	uint32_t number, entry_bytes;
	unsigned sector; /* bytes */
};

static const struct gpt usual = {.lba = 1, .entries = 2, .number = 128, .entry_bytes = 128, .sector = 512};
static const struct gpt backup = {.lba = IMAGE_BYTES / 512 - 1,
				  .entries = IMAGE_BYTES / 512 - 33,
				  .number = 128,
				  .entry_bytes = 128,
				  .sector = 512};

static void put_mbr_entry(struct image *image, size_t table, int entry, unsigned type, uint32_t first, uint32_t sectors)
{
	size_t at = table + 446 + 16 * (size_t)entry;

	image->bytes[at + 4] = (uint8_t)type;
	image_number(image, at + 8, 4, first);
	image_number(image, at + 12, 4, sectors);
	PUT(table + 510, "\x55\xaa");
}

static void seal_header(struct image *image, const struct gpt *gpt)
{
	size_t at = gpt->lba * gpt->sector;

	image_number(image, at + 16, 4, 0);
	image_number(image, at + 16, 4, lzma_crc32(image->bytes + at, 92, 0));
}

static void seal(struct image *image, const struct gpt *gpt)
{
	size_t at = gpt->lba * gpt->sector;

	put_mbr_entry(image, 0, 0, 0xee, 1, IMAGE_BYTES / gpt->sector - 1);
	PUT(at, "EFI PART\0\0\1\0\x5c\0\0\0");
	image_number(image, at + 24, 8, gpt->lba);
	image_number(image, at + 72, 8, gpt->entries);
	image_number(image, at + 80, 4, gpt->number);
	image_number(image, at + 84, 4, gpt->entry_bytes);
	image_number(image, at + 88, 4,
		     lzma_crc32(image->bytes + gpt->entries * gpt->sector, gpt->number * gpt->entry_bytes, 0));
	seal_header(image, gpt);
}

static void put_entry(struct image *image, const struct gpt *gpt, unsigned number, uint64_t first, uint64_t last)
{
	size_t at = gpt->entries * gpt->sector + (number - 1) * (size_t)gpt->entry_bytes;

	PUT(at, TYPE_GUID GUID);
	image_number(image, at + 32, 8, first);
	image_number(image, at + 40, 8, last);
	PUT(at + 56, "r\0\xf6\0o\0t\0");
	seal(image, gpt);
}

static void gpt_name_that_fills_its_field_ends(void **state)
{
	struct image *image = *state;
	char name[109] = "";

	put_entry(image, &usual, 1, 34, 99);
	for (size_t i = 0; i < 36; i++) {
		PUT(1024 + 56 + 2 * i, "\xac\x20");
		memcpy(name + 3 * i, "\xe2\x82\xac", 4);
	}
	put_entry(image, &usual, 2, 100, 101);
	PUT(1024 + 56, "\xac\x20\xac\x20\xac\x20\xac\x20");
	seal(image, &usual);
	has(image, 512, 1, 34, 66, GUID_TEXT, name);
}

static void backup_counts_when_the_first_table_is_damaged(void **state)
{
	static const size_t places[] = {512, 520, 524, 528, 536, 584, 592, 596, 600, 1024, 1024 + 16383};
	struct image *image = *state;

	put_entry(image, &usual, 1, 34, 99);
	put_entry(image, &backup, 1, 34, 98);
	has(image, 512, 1, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		image->bytes[places[i]] ^= 1;
		has(image, 512, 1, 34, 65, GUID_TEXT, "r\xc3\xb6ot");
		image->bytes[places[i]] ^= 1;
	}
	image->broken = 512;
	has(image, 512, 1, 34, 65, GUID_TEXT, "r\xc3\xb6ot");
	image->broken = 1024;
	has(image, 512, 1, 34, 65, GUID_TEXT, "r\xc3\xb6ot");
}

static void two_damaged_tables_are_none(void **state)
{
	struct image *image = *state;

	put_entry(image, &usual, 1, 34, 99);
	put_entry(image, &backup, 1, 34, 99);
	image->bytes[1030] ^= 1;
	image->bytes[IMAGE_BYTES - 512 + 40] ^= 1;
	fails(image, 512, 1, -ENOENT);
}

/* Sealed, so that nothing but its numbers speaks against it. */
static void header_with_impossible_numbers_is_none(void **state)
{
	static const struct {
		size_t at, n;
		uint64_t value;
	} damages[] = {
		{12, 4, 91},
		{12, 4, 513},
		{12, 4, UINT32_MAX},
		{24, 8, 2},
		{72, 8, UINT64_MAX},
		{72, 8, UINT64_MAX / 512},
		{72, 8, IMAGE_BYTES / 512},
		{80, 4, 0},
		{80, 4, UINT32_MAX},
		{80, 4, 8193},
		{84, 4, 0},
		{84, 4, 64},
		{84, 4, 160},
		{84, 4, 0x80000000},
		{84, 4, UINT32_MAX},
	};
	struct image *image = *state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		put_entry(image, &usual, 1, 34, 99);
		image_number(image, 512 + damages[i].at, damages[i].n, damages[i].value);
		seal_header(image, &usual);
		fails(image, 512, 1, -ENOENT);
	}
}

/* UEFI 5.3.2: it may be longer than its fields, and then its checksum covers all of its sector. */
static void header_may_fill_its_sector(void **state)
{
	struct image *image = *state;

	put_entry(image, &usual, 1, 34, 99);
	image_number(image, 512 + 12, 4, 512);
	image_number(image, 512 + 16, 4, 0);
	image_number(image, 512 + 16, 4, lzma_crc32(image->bytes + 512, 512, 0));
	has(image, 512, 1, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
	image->bytes[1023] ^= 1;
	fails(image, 512, 1, -ENOENT);
}

/* The kernel looks at neither: it may be a later revision's. */
static void revision_and_reserved_bytes_do_not_matter(void **state)
{
	struct image *image = *state;

	put_entry(image, &usual, 1, 34, 99);
	image->bytes[512 + 8] = 1;
	image->bytes[512 + 20] = 1;
	seal_header(image, &usual);
	has(image, 512, 1, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
}

/* It is read in pieces of 4096 bytes. */
static void table_ends_where_its_last_entry_does(void **state)
{
	struct image *image = *state;
	struct gpt gpt = usual;

	gpt.number = 33;
	put_entry(image, &gpt, 33, 34, 99);
	has(image, 512, 33, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
	image->bytes[1024 + 33 * 128] ^= 1; /* that is behind it */
	has(image, 512, 33, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
	image->bytes[1024 + 33 * 128 - 1] ^= 1;
	fails(image, 512, 33, -ENOENT);
}

/* Its table lies where the first header was. */
static void backup_is_looked_for_on_a_disk_of_three_sectors(void **state)
{
	static const struct gpt small = {.lba = 2, .entries = 1, .number = 4, .entry_bytes = 128, .sector = 512};
	struct image *image = *state;

	put_entry(image, &small, 1, 1, 2);
	fails(image, 512, 1, -ENOENT);
	image->disk.size = 3 * 512;
	has(image, 512, 1, 1, 2, GUID_TEXT, "r\xc3\xb6ot");
	image->disk.size = 3 * 512 - 1;
	fails(image, 512, 1, -ENOENT);
}

/* 64 times the usual, in entries of whatever size. */
static void table_has_a_mebibyte_at_most(void **state)
{
	struct gpt gpt = usual;
	struct image *image = *state;

	for (gpt.entry_bytes = 128; gpt.entry_bytes <= 4096; gpt.entry_bytes *= 2) {
		memset(image->bytes, 0, sizeof(image->bytes));
		gpt.number = 1048576 / gpt.entry_bytes;
		put_entry(image, &gpt, gpt.number, 34, 99);
		has(image, 512, gpt.number, 34, 66, GUID_TEXT, "r\xc3\xb6ot");
		fails(image, 512, gpt.number - 1, -ENOENT);
		fails(image, 512, gpt.number + 1, -ENOENT);
		gpt.number++;
		seal(image, &gpt);
		fails(image, 512, 1, -ENOENT);
	}
}

static void entry_that_ends_before_it_starts_is_none(void **state)
{
	struct image *image = *state;

	put_entry(image, &usual, 1, 34, 33);
	fails(image, 512, 1, -ENOENT);
	put_entry(image, &usual, 1, 34, 34);
	has(image, 512, 1, 34, 1, GUID_TEXT, "r\xc3\xb6ot");
}

/* MBR. */

/* Primary 1, extended 2 with logical ones in a chain, primary 4. */
static void put_mbr(struct image *image, unsigned sector)
{
	image_number(image, 440, 4, 0xdeadbeef);
	put_mbr_entry(image, 0, 0, 0x83, 1, 9);
	put_mbr_entry(image, 0, 1, 0x0f, 10, 40);
	put_mbr_entry(image, 0, 3, 0x82, 50, 5);
	put_mbr_entry(image, 10 * sector, 0, 0x83, 1, 4);
	put_mbr_entry(image, 10 * sector, 1, 0x05, 20, 10);
	put_mbr_entry(image, 30 * sector, 0, 0x83, 2, 8);
}

static void logical_partitions_are_found_in_sectors_of_4_kib(void **state)
{
	struct image *image = *state;

	put_mbr(image, 4096);
	has(image, 4096, 6, 32, 8, "deadbeef-06", "");
	fails(image, 512, 6, -ENOENT);
}

static void links_that_are_a_ring_or_leave_the_disk_end(void **state)
{
	struct image *image = *state;

	put_mbr(image, 512);
	put_mbr_entry(image, 30 * 512, 1, 0x05, 0, 40); /* back to the first */
	has(image, 512, 7, 11, 4, "deadbeef-07", "");
	has(image, 512, 104, 32, 8, "deadbeef-68", ""); /* the hundredth link's */
	fails(image, 512, 105, -ENOENT);
	fails(image, 512, 1000, -ENOENT);
	fails(image, 512, UINT32_MAX, -ENOENT);
	put_mbr_entry(image, 30 * 512, 0, 0, 0, 0); /* a ring without a partition */
	put_mbr_entry(image, 10 * 512, 0, 0, 0, 0);
	fails(image, 512, 5, -ENOENT);
	put_mbr(image, 512);
	put_mbr_entry(image, 30 * 512, 1, 0x05, UINT32_MAX, 40);
	has(image, 512, 6, 32, 8, "deadbeef-06", "");
	fails(image, 512, 7, -ENOENT);
}

static void rubbish_in_the_last_entries_of_a_link_is_none(void **state)
{
	struct image *image = *state;

	put_mbr(image, 512);
	put_mbr_entry(image, 10 * 512, 2, 0x83, 30, 11); /* one sector past the end */
	has(image, 512, 6, 32, 8, "deadbeef-06", "");
	put_mbr_entry(image, 10 * 512, 2, 0x83, 30, 10);
	has(image, 512, 6, 40, 10, "deadbeef-06", "");
	has(image, 512, 7, 32, 8, "deadbeef-07", "");
	put_mbr_entry(image, 30 * 512, 2, 0x83, 5, 10); /* within the whole, past the end of its link */
	fails(image, 512, 8, -ENOENT);
	put_mbr_entry(image, 10 * 512, 1, 0x05, 20, 100); /* a link that claims more than the whole has */
	put_mbr_entry(image, 30 * 512, 2, 0x83, 5, 16);
	fails(image, 512, 8, -ENOENT);
	put_mbr_entry(image, 30 * 512, 2, 0x83, 5, 15); /* up to the end of the whole */
	has(image, 512, 8, 35, 15, "deadbeef-08", "");
	put_mbr(image, 512);
	put_mbr_entry(image, 10 * 512, 2, 0x83, 0, 5); /* from the first sector of the whole on */
	has(image, 512, 6, 10, 5, "deadbeef-06", "");
}

static void every_type_of_extended_partition_has_a_chain(void **state)
{
	static const unsigned types[] = {0x05, 0x0f, 0x85};
	struct image *image = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		put_mbr(image, 512);
		put_mbr_entry(image, 0, 1, types[i], 10, 40);
		put_mbr_entry(image, 10 * 512, 1, types[i], 20, 10);
		has(image, 512, 6, 32, 8, "deadbeef-06", "");
	}
}

static void link_may_name_the_next_one_first(void **state)
{
	struct image *image = *state;

	put_mbr(image, 512);
	put_mbr_entry(image, 10 * 512, 0, 0x05, 20, 10);
	put_mbr_entry(image, 10 * 512, 1, 0x83, 1, 4);
	has(image, 512, 5, 11, 4, "deadbeef-05", "");
	has(image, 512, 6, 32, 8, "deadbeef-06", "");
}

static void sectors_of_an_impossible_size_are_refused(void **state)
{
	struct image *image = *state;

	put_mbr(image, 512);
	fails(image, 0, 1, -ENOENT);
	fails(image, 511, 1, -ENOENT);
	fails(image, 4097, 1, -ENOENT);
	fails(image, 8192, 1, -ENOENT);
}

static void read_error_is_not_taken_for_an_empty_table(void **state)
{
	struct image *image = *state;

	put_mbr(image, 512);
	image->broken = 0;
	fails(image, 512, 1, -EIO);
	image->broken = 10 * 512;
	has(image, 512, 1, 1, 9, "deadbeef-01", "");
	fails(image, 512, 5, -EIO);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gpt_name_that_fills_its_field_ends),
		TEST(backup_counts_when_the_first_table_is_damaged),
		TEST(two_damaged_tables_are_none),
		TEST(header_with_impossible_numbers_is_none),
		TEST(header_may_fill_its_sector),
		TEST(revision_and_reserved_bytes_do_not_matter),
		TEST(table_ends_where_its_last_entry_does),
		TEST(backup_is_looked_for_on_a_disk_of_three_sectors),
		TEST(table_has_a_mebibyte_at_most),
		TEST(entry_that_ends_before_it_starts_is_none),
		TEST(logical_partitions_are_found_in_sectors_of_4_kib),
		TEST(links_that_are_a_ring_or_leave_the_disk_end),
		TEST(rubbish_in_the_last_entries_of_a_link_is_none),
		TEST(every_type_of_extended_partition_has_a_chain),
		TEST(link_may_name_the_next_one_first),
		TEST(sectors_of_an_impossible_size_are_refused),
		TEST(read_error_is_not_taken_for_an_empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
