/* partition.c - GPT and MBR.
 *
 * As in the kernel a GPT counts only behind a protective MBR, and an MBR with an entry for a GPT is no other table. The
 * walk through logical partitions is bounded, so that a ring of them ends.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/partition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECTOR_BYTES_MAX    4096
#define GPT_HEADER_BYTES    92      /* UEFI 5.3.2; the checksum covers what the header says it has, from this on */
#define GPT_ENTRY_BYTES     128     /* UEFI 5.3.3; an entry is this or a multiple by a power of two */
#define GPT_TABLE_BYTES_MAX 1048576 /* 64 times the usual */
#define MBR_ENTRIES_AT      446
#define MBR_GPT             0xee
#define MBR_LOGICAL_FIRST   5
#define MBR_LOGICAL_MAX     100 /* the kernel's limit: block/partitions/msdos.c */

/* CRC-32 of ISO 3309, four bits at a time, continued from what the last call returned; 0 at first. */
static uint32_t checksum(uint32_t crc, const uint8_t *bytes, size_t n)
{
	static const uint32_t steps[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ steps[crc & 15];
		crc = crc >> 4 ^ steps[crc & 15];
	}
	return ~crc;
}

/* GPT. */

struct gpt {
	uint64_t entries; /* offset, bytes */
	uint32_t number, entry_bytes, checksum;
};

static bool read_gpt_header(uint8_t *header, unsigned sector_size, uint64_t lba, struct gpt *gpt)
{
	struct reader r = reader_of(header, sector_size);
	uint64_t length = disk_number_at(r, 12, 4);
	uint64_t crc = disk_number_at(r, 16, 4);

	gpt->entries = disk_number_at(r, 72, 8);
	gpt->number = (uint32_t)disk_number_at(r, 80, 4);
	gpt->entry_bytes = (uint32_t)disk_number_at(r, 84, 4);
	gpt->checksum = (uint32_t)disk_number_at(r, 88, 4);
	if (memcmp(header, "EFI PART", 8) != 0 || length < GPT_HEADER_BYTES || length > sector_size ||
	    disk_number_at(r, 24, 8) != lba || gpt->entries > UINT64_MAX / sector_size)
		return false;
	gpt->entries *= sector_size;
	memset(header + 16, 0, 4);
	return checksum(0, header, (size_t)length) == crc && gpt->entry_bytes >= GPT_ENTRY_BYTES &&
	       !(gpt->entry_bytes & (gpt->entry_bytes - 1)) && gpt->number &&
	       gpt->number <= GPT_TABLE_BYTES_MAX / gpt->entry_bytes;
}

static int check_gpt_entries(const struct disk *disk, const struct gpt *gpt)
{
	uint8_t piece[SECTOR_BYTES_MAX];
	uint64_t bytes = (uint64_t)gpt->number * gpt->entry_bytes;
	uint32_t crc = 0;

	for (uint64_t at = 0; at < bytes; at += sizeof(piece)) {
		size_t n = bytes - at < sizeof(piece) ? (size_t)(bytes - at) : sizeof(piece);
		int error = gpt->entries > disk->size ? -ENOENT : disk_get(disk, gpt->entries + at, piece, n);

		if (error)
			return error;
		crc = checksum(crc, piece, n);
	}
	return crc == gpt->checksum ? 0 : -ENOENT;
}

/* The header in sector lba and what belongs to it. */
static int read_gpt(const struct disk *disk, unsigned sector_size, uint64_t lba, struct gpt *gpt)
{
	uint8_t header[SECTOR_BYTES_MAX];
	int error = lba > disk->size / sector_size ? -ENOENT : disk_get(disk, lba * sector_size, header, sector_size);

	if (error)
		return error;
	return read_gpt_header(header, sector_size, lba, gpt) ? check_gpt_entries(disk, gpt) : -ENOENT;
}

/* The first three fields of a GUID are little-endian: UEFI appendix A. */
static void write_guid(char out[static DISK_UUID_BYTES], struct reader guid)
{
	uint8_t bytes[16];
	struct writer w = writer_of(bytes, sizeof(bytes));

	write_be(&w, read_le(&guid, 4), 4);
	write_be(&w, read_le(&guid, 2), 2);
	write_be(&w, read_le(&guid, 2), 2);
	write_be(&w, read_be64(&guid), 8);
	disk_uuid_text(out, reader_of(bytes, sizeof(bytes)));
}

static int find_gpt(const struct disk *disk, unsigned sector_size, unsigned number, struct partition *found)
{
	struct gpt gpt;
	uint8_t bytes[GPT_ENTRY_BYTES];
	struct reader entry;
	uint64_t last;
	int error = read_gpt(disk, sector_size, 1, &gpt);

	if (error && disk->size / sector_size > 2)
		error = read_gpt(disk, sector_size, disk->size / sector_size - 1, &gpt);
	if (!error && number > gpt.number)
		error = -ENOENT;
	if (!error)
		error = disk_get(disk, gpt.entries + (uint64_t)(number - 1) * gpt.entry_bytes, bytes, sizeof(bytes));
	if (error)
		return error;
	entry = reader_of(bytes, sizeof(bytes));
	found->first_lba = disk_number_at(entry, 32, 8);
	last = disk_number_at(entry, 40, 8);
	if ((!disk_number_at(entry, 0, 8) && !disk_number_at(entry, 8, 8)) || last < found->first_lba)
		return -ENOENT;
	found->sectors = last - found->first_lba + 1;
	write_guid(found->uuid, disk_bytes_at(entry, 16));
	disk_utf16_text(found->label, sizeof(found->label), disk_bytes_at(entry, 56), 36);
	return 0;
}

/* MBR. */

struct mbr_entry {
	uint8_t type;
	uint32_t start, sectors;
};

struct mbr {
	uint32_t id;
	struct mbr_entry entries[4];
};

static int read_mbr(const struct disk *disk, uint64_t offset, struct mbr *mbr)
{
	uint8_t sector[512];
	struct reader r;
	int error = disk_get(disk, offset, sector, sizeof(sector));

	if (error)
		return error;
	r = reader_of(sector, sizeof(sector));
	mbr->id = (uint32_t)disk_number_at(r, 440, 4);
	read_skip(&r, MBR_ENTRIES_AT);
	for (int i = 0; i < 4; i++) {
		read_skip(&r, 4);
		mbr->entries[i].type = read_u8(&r);
		read_skip(&r, 3);
		mbr->entries[i].start = (uint32_t)read_le(&r, 4);
		mbr->entries[i].sectors = (uint32_t)read_le(&r, 4);
	}
	return read_le(&r, 2) == 0xaa55 ? 0 : -ENOENT;
}

static bool is_extended(const struct mbr_entry *entry)
{
	return entry->sectors && (entry->type == 0x05 || entry->type == 0x0f || entry->type == 0x85);
}

/* The kernel's rule for the third and fourth entry, where some tools leave rubbish: they must lie within their link. */
static bool is_logical(const struct mbr *link, int i, uint64_t at, uint64_t sectors, const struct mbr_entry *whole)
{
	const struct mbr_entry *entry = &link->entries[i];
	uint64_t start = at + entry->start;

	if (!entry->sectors || is_extended(entry))
		return false;
	return i < 2 || ((uint64_t)entry->start + entry->sectors <= sectors && start >= whole->start &&
			 start + entry->sectors <= (uint64_t)whole->start + whole->sectors);
}

/* Logical partitions are a chain of tables within the extended partition; each names its own and the next. */
static int find_logical(const struct disk *disk, unsigned sector_size, unsigned number, const struct mbr_entry *whole,
			unsigned *next, struct partition *found)
{
	uint64_t at = whole->start, sectors = whole->sectors;
	struct mbr link;

	for (int i = 0; i < MBR_LOGICAL_MAX; i++) {
		int error = read_mbr(disk, at * sector_size, &link), j;

		if (error)
			return error;
		for (j = 0; j < 4; j++)
			if (is_logical(&link, j, at, sectors, whole) && (*next)++ == number) {
				found->first_lba = at + link.entries[j].start;
				found->sectors = link.entries[j].sectors;
				return 0;
			}
		for (j = 0; j < 4 && !is_extended(&link.entries[j]); j++)
			;
		if (j == 4)
			break;
		at = (uint64_t)whole->start + link.entries[j].start;
		sectors = link.entries[j].sectors;
	}
	return -ENOENT;
}

static int find_mbr(const struct disk *disk, unsigned sector_size, unsigned number, const struct mbr *mbr,
		    struct partition *found)
{
	unsigned next = MBR_LOGICAL_FIRST;
	int error = -ENOENT;

	if (number < MBR_LOGICAL_FIRST) {
		const struct mbr_entry *entry = &mbr->entries[number - 1];

		found->first_lba = entry->start;
		found->sectors = entry->sectors;
		error = entry->sectors ? 0 : -ENOENT;
	} else {
		for (int i = 0; i < 4 && error == -ENOENT; i++)
			if (is_extended(&mbr->entries[i]))
				error = find_logical(disk, sector_size, number, &mbr->entries[i], &next, found);
	}
	if (!error)
		snprintf(found->uuid, sizeof(found->uuid), "%08x-%02x", mbr->id, number);
	return error;
}

int partition_find(const struct disk *disk, unsigned sector_size, unsigned number, struct partition *found)
{
	struct partition partition = {0};
	struct mbr mbr;
	bool has_gpt = false;
	int error;

	if (!number || sector_size < 512 || sector_size > SECTOR_BYTES_MAX)
		return -ENOENT;
	error = read_mbr(disk, 0, &mbr);
	if (error)
		return error;
	for (int i = 0; i < 4; i++)
		has_gpt = has_gpt || mbr.entries[i].type == MBR_GPT;
	error = has_gpt ? find_gpt(disk, sector_size, number, &partition)
			: find_mbr(disk, sector_size, number, &mbr, &partition);
	if (!error)
		*found = partition;
	return error;
}
