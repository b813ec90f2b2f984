/* libkmod_gzip.c - reads a gzip file for libkmod, with zlib.
 *
 * In place of libkmod-file-zlib.c, whose gzread takes a file that was cut off for a shorter module. A module here is one
 * member (RFC 1952) from the first byte of its file to the last.
 */
/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "libkmod/libkmod-internal-file.h"

#define SMALLEST    18          /* bytes: header, an empty block, checksum and size */
#define GZIP_WINDOW (15 + 16)   /* zlib.h, inflateInit2: the largest window, in a gzip member */
#define RATIO_MAX   1032        /* 258 bytes from two bits: deflate packs no better */
#define PACKED_MAX  (256 << 20) /* bytes: more than any module has */

/* Unpacks all of packed into the size bytes at out: 0, or -EINVAL when it is damaged or not exactly that long. */
static int unpack(const uint8_t *packed, uInt packed_size, uint8_t *out, uInt size)
{
	z_stream stream = {
		.next_in = (z_const Bytef *)packed, .avail_in = packed_size, .next_out = out, .avail_out = size};
	int result = inflateInit2(&stream, GZIP_WINDOW);

	if (result == Z_OK)
		result = inflate(&stream, Z_FINISH);
	(void)inflateEnd(&stream);
	return result == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0 ? 0 : -EINVAL;
}

static int load(struct kmod_file *file, const uint8_t *packed, size_t packed_size)
{
	uint32_t size;
	void *memory;
	int result;

	memcpy(&size, packed + packed_size - sizeof(size), sizeof(size));
	size = le32toh(size);
	if (size / RATIO_MAX > packed_size)
		return -EINVAL;
	memory = malloc(size ? size : 1);
	if (!memory)
		return -ENOMEM;
	result = unpack(packed, (uInt)packed_size, memory, size);
	if (result) {
		free(memory);
		return result;
	}
	file->memory = memory;
	file->size = (off_t)size;
	return 0;
}

int kmod_file_load_zlib(struct kmod_file *file)
{
	struct stat status;
	void *packed;
	int result;

	if (fstat(file->fd, &status))
		return -errno;
	if (status.st_size < SMALLEST || status.st_size > PACKED_MAX)
		return -EINVAL;
	packed = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (packed == MAP_FAILED)
		return -errno;
	result = load(file, packed, (size_t)status.st_size);
	(void)munmap(packed, (size_t)status.st_size);
	return result;
}
