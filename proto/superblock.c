/* superblock.c - the signatures: where each type has its magic, its UUID and its label, and what else must hold.
 *
 * Those that lie around another's content (LUKS, LVM, RAID) come first, the vague ones (vfat) last: the first match
 * counts. Offsets are those of the kernel's structures of the same name.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/superblock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SUPERBLOCK_BYTES 1152       /* the longest that is read at once: f2fs's, up to the end of its name */
#define RAID_MAGIC       0xa92b4efc /* include/uapi/linux/raid/md_p.h */
#define FAT_CHAIN_MAX    100        /* clusters of a root directory that are searched for a label */
#define FAT_ENTRY_BYTES  32
#define FAT_ENTRIES_MAX  65536 /* of a directory: FAT specification, 2 MiB */

struct signature {
	char type[18];
	uint32_t offset; /* of the superblock, bytes */
	uint16_t length; /* of what is read there */
	uint16_t magic_at;
	char magic[12];
	uint8_t magic_length;
	uint8_t label_length;
	uint16_t uuid_at, label_at; /* 0: none, or check finds it */
	/* What else must hold, and what else it says: 0, -ENOENT: it is something else, or a read error. */
	int (*check)(const struct disk *disk, struct reader bytes, struct superblock *found);
};

/* 0 when it holds, else "something else". */
static int require(bool holds)
{
	return holds ? 0 : -ENOENT;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* ext2, ext3 and ext4 differ in the features that they use (fs/ext4/ext4.h). */
static int check_ext(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	bool has_journal = disk_number_at(bytes, 0x5c, 4) & 0x4;
	uint64_t incompatible = disk_number_at(bytes, 0x60, 4);
	uint64_t read_only = disk_number_at(bytes, 0x64, 4);

	(void)disk;
	/* beyond filetype, recovery and meta_bg; beyond sparse_super, large_file and btree_dir */
	if (incompatible & ~0x16u || read_only & ~0x7u)
		found->type[3] = '4';
	else if (has_journal)
		found->type[3] = '3';
	else if (incompatible & 0x4)
		return -ENOENT;
	else
		found->type[3] = '2';
	return require(!(incompatible & 0x8) && disk_number_at(bytes, 0x18, 4) <= 6); /* a journal; 64 KiB blocks */
}

static int check_xfs(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	struct reader r = disk_bytes_at(bytes, 4);
	uint32_t block_size = read_be32(&r);

	(void)disk, (void)found;
	return require(is_power_of_two(block_size) && block_size >= 512 && block_size <= 65536);
}

static int check_f2fs(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	(void)disk;
	disk_utf16_text(found->label, sizeof(found->label), disk_bytes_at(bytes, 124), 512);
	return 0;
}

static int check_squashfs(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	(void)disk, (void)found;
	return require(disk_number_at(bytes, 28, 2) == 4); /* the only version that the kernel reads */
}

static int check_erofs(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	uint64_t bits = disk_number_at(bytes, 12, 1);

	(void)disk, (void)found;
	return require(bits >= 9 && bits <= 16);
}

static int check_luks(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	uint64_t version = disk_number_at(bytes, 6, 2) >> 8;

	(void)disk;
	disk_label_text(found->uuid, sizeof(found->uuid), disk_bytes_at(bytes, 168), 40);
	if (version == 2)
		disk_label_text(found->label, sizeof(found->label), disk_bytes_at(bytes, 24), 48);
	return require(version == 1 || version == 2);
}

/* A label sector says in which sector it lies, and where in it the UUID of the physical volume is. */
static int check_lvm(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	static const uint8_t groups[] = {6, 4, 4, 4, 4, 4, 6};
	struct reader id = disk_bytes_at(bytes, (size_t)disk_number_at(bytes, 20, 4));
	const uint8_t *text;
	size_t used = 0;

	(void)disk;
	if (memcmp(bytes.at + 24, "LVM2 001", 8) != 0 || disk_number_at(bytes, 8, 8) > 3)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(groups); i++) {
		text = read_bytes(&id, groups[i]);
		if (!text)
			return -ENOENT;
		used += (size_t)snprintf(found->uuid + used, sizeof(found->uuid) - used, "%s%.*s", i ? "-" : "",
					 groups[i], (const char *)text);
	}
	return 0;
}

/* The sector of a RAID superblock that lies back from the end by so many sectors or more, at a multiple. */
static uint64_t raid_end(const struct disk *disk, unsigned multiple, unsigned back)
{
	uint64_t sectors = disk->size / 512;

	return sectors < back ? 0 : (sectors - back) / multiple * multiple;
}

static void write_raid_uuid(char out[static DISK_UUID_BYTES], uint64_t first, struct reader *rest)
{
	uint8_t uuid[16];
	struct writer w = writer_of(uuid, sizeof(uuid));

	write_be(&w, first, 4);
	for (int i = 0; i < 3; i++)
		write_be(&w, read_le(rest, 4), 4);
	disk_uuid_text(out, reader_of(uuid, sizeof(uuid)));
}

/* Version 1 says itself in which sector it lies: at the start, or eight on, or (1.0) near the end. */
static int check_raid(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	uint64_t sector = disk_number_at(bytes, 144, 8);

	(void)found;
	return require(disk_number_at(bytes, 4, 4) == 1 &&
		       (sector == 0 || sector == 8 || sector == raid_end(disk, 8, 16)));
}

/* Versions 1.0 and 0.90 lie near the end; what is at the start looks as if there were no RAID. */
static int check_raid_end(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	uint8_t buffer[256];
	struct reader r;
	int error = disk_get(disk, raid_end(disk, 8, 16) * 512, buffer, sizeof(buffer));

	bytes = reader_of(buffer, sizeof(buffer));
	if (!error && disk_number_at(bytes, 0, 4) == RAID_MAGIC && !check_raid(disk, bytes, found)) {
		disk_uuid_text(found->uuid, disk_bytes_at(bytes, 16));
		disk_label_text(found->label, sizeof(found->label), disk_bytes_at(bytes, 32), 32);
		return 0;
	}
	if (!error)
		error = disk_get(disk, raid_end(disk, 128, 128) * 512, buffer, sizeof(buffer));
	if (error || disk_number_at(bytes, 0, 4) != RAID_MAGIC || disk_number_at(bytes, 4, 4) != 0)
		return error ? error : -ENOENT;
	r = disk_bytes_at(bytes, 52); /* three words of the UUID, the first of which is apart */
	write_raid_uuid(found->uuid, disk_number_at(bytes, 20, 4), &r);
	return 0;
}

static int check_swap(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	uint8_t header[64];
	struct reader r;
	int error = disk_get(disk, 1024, header, sizeof(header));

	(void)bytes;
	if (error)
		return error;
	r = reader_of(header, sizeof(header));
	disk_uuid_text(found->uuid, disk_bytes_at(r, 12));
	disk_label_text(found->label, sizeof(found->label), disk_bytes_at(r, 28), 16);
	return require(disk_number_at(r, 0, 4) == 1);
}

/* The date of change, else that of creation, is the UUID: digits of a year, month, ... and hundredths. */
static int check_iso9660(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	struct reader date = disk_bytes_at(bytes, 830);
	const char *d;

	(void)disk;
	if (date.left >= 16 && !memcmp(date.at, "0000000000000000", 16))
		date = disk_bytes_at(bytes, 813);
	d = (const char *)read_bytes(&date, 16);
	if (d)
		snprintf(found->uuid, sizeof(found->uuid), "%.4s-%.2s-%.2s-%.2s-%.2s-%.2s-%.2s", d, d + 4, d + 6, d + 8,
			 d + 10, d + 12, d + 14);
	return require(d);
}

/* FAT: no magic worth the name, so that the numbers must make sense together. */

struct fat {
	uint32_t sector, cluster; /* bytes */
	uint32_t reserved, fats, fat_sectors, entries, root_cluster;
	uint64_t root; /* the offset of the root directory, bytes; of the clusters when it is one of them */
	bool is_32;
};

static bool read_fat(struct reader bytes, struct fat *fat)
{
	uint64_t media = disk_number_at(bytes, 0x15, 1);
	uint32_t per_cluster = (uint32_t)disk_number_at(bytes, 0x0d, 1);

	fat->sector = (uint32_t)disk_number_at(bytes, 0x0b, 2);
	fat->cluster = fat->sector * per_cluster;
	fat->reserved = (uint32_t)disk_number_at(bytes, 0x0e, 2);
	fat->fats = (uint32_t)disk_number_at(bytes, 0x10, 1);
	fat->entries = (uint32_t)disk_number_at(bytes, 0x11, 2);
	fat->fat_sectors = (uint32_t)disk_number_at(bytes, 0x16, 2);
	fat->is_32 = !fat->fat_sectors;
	if (fat->is_32) {
		fat->fat_sectors = (uint32_t)disk_number_at(bytes, 0x24, 4);
		fat->root_cluster = (uint32_t)disk_number_at(bytes, 0x2c, 4);
	}
	fat->root = (fat->reserved + (uint64_t)fat->fats * fat->fat_sectors) * fat->sector;
	return disk_number_at(bytes, 0x1fe, 2) == 0xaa55 && (media == 0xf0 || media >= 0xf8) &&
	       is_power_of_two(per_cluster) && is_power_of_two(fat->sector) && fat->sector >= 512 &&
	       fat->sector <= 4096 && fat->reserved && fat->fats && fat->fat_sectors && (fat->is_32 || fat->entries);
}

/* A volume's name among n bytes of directory. 0 found; -EAGAIN: not here; -ENOENT: nor further on. */
static int find_fat_label(const struct disk *disk, uint64_t offset, uint64_t n, struct superblock *found)
{
	uint8_t bytes[FAT_ENTRY_BYTES];
	struct reader entry;
	int error;

	for (; n >= sizeof(bytes); n -= sizeof(bytes), offset += sizeof(bytes)) {
		error = disk_get(disk, offset, bytes, sizeof(bytes));
		if (error)
			return error;
		if (!bytes[0])
			return -ENOENT;
		entry = reader_of(bytes, sizeof(bytes));
		/* not a deleted one, not a part of a long name, not one with content */
		if (bytes[0] == 0xe5 || (bytes[11] & 0x3f) == 0x0f || (bytes[11] & 0x18) != 0x08 ||
		    disk_number_at(entry, 20, 2) || disk_number_at(entry, 26, 2))
			continue;
		if (bytes[0] == 0x05)
			bytes[0] = 0xe5;
		disk_label_text(found->label, sizeof(found->label), entry, 11);
		return 0;
	}
	return -EAGAIN;
}

/* FAT32's root directory is a chain of clusters. */
static int find_fat32_label(const struct disk *disk, const struct fat *fat, struct superblock *found)
{
	uint32_t cluster = fat->root_cluster, entries = fat->cluster / FAT_ENTRY_BYTES;
	int error = -ENOENT;

	for (uint32_t i = 0; i < FAT_CHAIN_MAX && i * entries < FAT_ENTRIES_MAX && cluster >= 2 && cluster < 0x0ffffff0;
	     i++) {
		uint8_t next[4];

		error = find_fat_label(disk, fat->root + (uint64_t)(cluster - 2) * fat->cluster, fat->cluster, found);
		if (error != -EAGAIN)
			break;
		error = disk_get(disk, (uint64_t)fat->reserved * fat->sector + 4ull * cluster, next, sizeof(next));
		if (error)
			break;
		cluster = (uint32_t)disk_number_at(reader_of(next, sizeof(next)), 0, 4) & 0x0fffffff;
	}
	return error;
}

static int check_vfat(const struct disk *disk, struct reader bytes, struct superblock *found)
{
	struct fat fat = {0};
	struct reader extended;
	uint8_t mark;
	uint64_t serial;
	int error;

	if (!read_fat(bytes, &fat))
		return -ENOENT;
	extended = disk_bytes_at(bytes, fat.is_32 ? 0x42 : 0x26);
	mark = read_u8(&extended);
	serial = read_le(&extended, 4);
	if (fat.is_32 || mark == 0x28 || mark == 0x29)
		snprintf(found->uuid, sizeof(found->uuid), "%04X-%04X", (unsigned)(serial >> 16),
			 (unsigned)(serial & 0xffff));
	/* the boot sector's own label is not kept up to date: only the root directory's counts */
	error = fat.is_32 ? find_fat32_label(disk, &fat, found)
			  : find_fat_label(disk, fat.root, (uint64_t)fat.entries * FAT_ENTRY_BYTES, found);
	if (error && error != -ENOENT && error != -EAGAIN)
		return error;
	if (!strcmp(found->label, "NO NAME"))
		found->label[0] = 0;
	return 0;
}

#define MAGIC(text) .magic = text, .magic_length = sizeof(text) - 1
#define RAID_PLACE  .length = 256, .uuid_at = 16, .label_at = 32, .label_length = 32, .check = check_raid
#define LVM(sector)                                                                                           \
	{                                                                                                     \
		"LVM2_member", .offset = 512 * (sector), .length = 512, MAGIC("LABELONE"), .check = check_lvm \
	}
#define SWAP(page)                                                                                  \
	{                                                                                           \
		"swap", .offset = (page)-10, .length = 10, MAGIC("SWAPSPACE2"), .check = check_swap \
	}

static const struct signature signatures[] = {
	{"crypto_LUKS", .length = 208, MAGIC("LUKS\xba\xbe"), .check = check_luks},
	LVM(1),
	LVM(0),
	LVM(2),
	LVM(3),
	{"linux_raid_member", MAGIC("\xfc\x4e\x2b\xa9"), RAID_PLACE},
	{"linux_raid_member", .offset = 4096, MAGIC("\xfc\x4e\x2b\xa9"), RAID_PLACE},
	{"linux_raid_member", .check = check_raid_end},
	SWAP(4096),
	SWAP(8192),
	{"xfs", .length = 256, MAGIC("XFSB"), .uuid_at = 32, .label_at = 108, .label_length = 12, .check = check_xfs},
	{"squashfs", .length = 96, MAGIC("hsqs"), .check = check_squashfs},
	{"erofs", .offset = 1024, .length = 128, MAGIC("\xe2\xe1\xf5\xe0"), .uuid_at = 48, .label_at = 64,
	 .label_length = 16, .check = check_erofs},
	{"ext4", .offset = 1024, .length = 512, .magic_at = 0x38, MAGIC("\x53\xef"), .uuid_at = 0x68, .label_at = 0x78,
	 .label_length = 16, .check = check_ext},
	{"f2fs", .offset = 1024, .length = 1148, MAGIC("\x10\x20\xf5\xf2"), .uuid_at = 108, .check = check_f2fs},
	{"f2fs", .offset = 5120, .length = 1148, MAGIC("\x10\x20\xf5\xf2"), .uuid_at = 108, .check = check_f2fs},
	{"btrfs", .offset = 65536, .length = 1024, .magic_at = 64, MAGIC("_BHRfS_M"), .uuid_at = 32, .label_at = 0x12b,
	 .label_length = 255},
	SWAP(16384), /* of larger pages: rare, and each one more read */
	SWAP(32768),
	SWAP(65536),
	{"iso9660", .offset = 32768, .length = 1024, MAGIC("\1CD001"), .label_at = 40, .label_length = 32,
	 .check = check_iso9660},
	{"vfat", .length = 512, .check = check_vfat},
};

static int probe_one(const struct disk *disk, const struct signature *signature, struct superblock *found)
{
	uint8_t buffer[SUPERBLOCK_BYTES];
	struct reader bytes;
	int error = disk_get(disk, signature->offset, buffer, signature->length);

	if (error)
		return error;
	if (memcmp(buffer + signature->magic_at, signature->magic, signature->magic_length) != 0)
		return -ENOENT;
	bytes = reader_of(buffer, signature->length);
	*found = (struct superblock){0};
	memcpy(found->type, signature->type, sizeof(found->type));
	if (signature->uuid_at)
		disk_uuid_text(found->uuid, disk_bytes_at(bytes, signature->uuid_at));
	disk_label_text(found->label, sizeof(found->label), disk_bytes_at(bytes, signature->label_at),
			signature->label_length);
	return signature->check ? signature->check(disk, bytes, found) : 0;
}

int superblock_probe(const struct disk *disk, struct superblock *found)
{
	struct superblock candidate;
	int error = -ENOENT;

	for (size_t i = 0; error == -ENOENT && i < sizeof(signatures) / sizeof(signatures[0]); i++)
		error = probe_one(disk, &signatures[i], &candidate);
	if (!error)
		*found = candidate;
	return error;
}

static const struct {
	char type[10], module[10];
} modules[] = {
	{"ext2", "ext4"}, {"ext3", "ext4"},         {"ext4", "ext4"},   {"xfs", "xfs"},   {"btrfs", "btrfs"},
	{"f2fs", "f2fs"}, {"squashfs", "squashfs"}, {"erofs", "erofs"}, {"vfat", "vfat"}, {"iso9660", "isofs"},
};

const char *superblock_module(const char *type)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (!strcmp(modules[i].type, type))
			return modules[i].module;
	return NULL;
}

bool superblock_mountable(const char *type)
{
	return superblock_module(type) != NULL;
}

bool superblock_uuid_equal(const char *a, const char *b)
{
	return a[0] && !strcasecmp(a, b);
}
