/* verity.h - the superblock of a dm-verity hash tree, and the device-mapper table that it asks for.
 *
 * A hash tree proves each block of a data device against one root hash. The superblock is foreign data: it is read here,
 * checked against the sizes of both devices and against the root hash, and turned into the kernel's table. The tree itself
 * is the kernel's to verify. Format: Documentation/admin-guide/device-mapper/verity.rst, and cryptsetup's wiki, DMVerity
 * ("on-disk format", version 1). Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_VERITY_H
#define PROTO_VERITY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/disk.h"
#include "proto/text.h"

#define VERITY_HASH_MAX      64  /* bytes: sha512 is the longest that the kernel takes here */
#define VERITY_HASH_MIN      16  /* two halves of 16 bytes name the partitions */
#define VERITY_SALT_MAX      256 /* bytes, of the superblock's field */
#define VERITY_ALGORITHM_MAX 32  /* with the NUL */
#define VERITY_TABLE_MAX     1024

/* What the kernel does when a block does not match. */
enum verity_corruption { VERITY_FAIL_READ, VERITY_IGNORE, VERITY_RESTART, VERITY_PANIC };

/* What the command line says of a verified root. */
struct verity_options {
	uint8_t hash[VERITY_HASH_MAX];
	uint8_t hash_length;  /* bytes; 0: no verified root */
	uint64_t hash_offset; /* bytes, of the superblock on the hash device */
	enum verity_corruption corruption;
	bool ignore_zero_blocks;
	bool check_at_most_once;
	bool try_tasklet;
};

struct verity {
	uint32_t format; /* 0 Chromium OS's, 1 the usual */
	char uuid[DISK_UUID_BYTES];
	char algorithm[VERITY_ALGORITHM_MAX];
	uint32_t data_block, hash_block; /* bytes */
	uint64_t data_blocks;
	uint64_t hash_start; /* in hash blocks: where the tree begins, behind the superblock */
	uint16_t salt_length;
	uint8_t salt[VERITY_SALT_MAX];
};

/* roothash=: hexadecimal digits, an even number of them. 0 or -EINVAL with *fault. */
int verity_read_hash(struct text value, struct verity_options *options, struct fault *fault);

/* systemd.verity_root_options=: a comma list, with the meaning of systemd's veritytab(5). A word that is not supported is
   named. 0 or -EINVAL with *fault. */
int verity_read_options(struct text value, struct verity_options *options, struct fault *fault);

/* The partition UUIDs of data and hash tree by the Discoverable Partitions Specification: the first and the last 16 bytes
   of the root hash. */
void verity_partition_uuids(const struct verity_options *options, char data[static DISK_UUID_BYTES],
			    char hash[static DISK_UUID_BYTES]);

/* Reads the superblock at options->hash_offset of the hash device, and proves that data_bytes (the size of the data device)
   and the hash device hold what it describes and that the root hash has the algorithm's length. When both are one device
   the data must end before the superblock. 0; -ENOENT: no superblock there; -EINVAL: one that cannot be right, with
   *fault; or what disk->get returned. */
int verity_read(const struct disk *hash_device, uint64_t data_bytes, bool one_device,
		const struct verity_options *options, struct verity *out, struct fault *fault);

/* The parameters of the kernel's "verity" target for devices given as "major:minor". The length of the text. */
int verity_table(const struct verity *verity, const struct verity_options *options, const char *data_device,
		 const char *hash_device, char out[static VERITY_TABLE_MAX]);

#endif
