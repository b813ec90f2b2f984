/* disk.h - what superblocks and partition tables have in common: bounded reads, UUIDs, UTF-16 names.
 *
 * Reads through a function that the caller gives; has no descriptor of its own. Knows no format.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_DISK_H
#define PROTO_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define DISK_UUID_BYTES 40 /* room for 36 characters, or for LVM's 38 */

struct disk {
	/* Reads all n bytes at offset, which lie within size: 0 or -errno. */
	int (*get)(void *context, uint64_t offset, void *buffer, size_t n);
	void *context;
	uint64_t size; /* bytes */
};

/* n bytes at offset. 0; -ENOENT: the disk ends before; or what get returned. */
int disk_get(const struct disk *disk, uint64_t offset, void *buffer, size_t n);

/* A reader from offset on. */
struct reader disk_bytes_at(struct reader all, size_t offset);

/* The little-endian number of n bytes at offset; 0 where there are fewer. */
uint64_t disk_number_at(struct reader all, size_t offset, size_t n);

/* 16 bytes as text in lower case; "" when all are zero, or missing. */
void disk_uuid_text(char out[static DISK_UUID_BYTES], struct reader bytes);

/* A label of at most n bytes, up to a NUL, without the blanks at its end; what does not fit in out is cut off. */
void disk_label_text(char *out, size_t size, struct reader bytes, size_t n);

/* At most n little-endian UTF-16 units, up to a zero, as UTF-8: only whole characters, as many as fit in out. */
void disk_utf16_text(char *out, size_t size, struct reader units, size_t n);

#endif
