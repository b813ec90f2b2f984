/* disk_image.h - a small disk in memory for the tests of superblocks and partition tables. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_DISK_IMAGE_H
#define TEST_DISK_IMAGE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/disk.h"

#define IMAGE_BYTES   (2048 * 1024)
#define PUT(at, text) image_put(image, at, text, sizeof(text) - 1)

struct image {
	uint8_t bytes[IMAGE_BYTES];
	uint64_t broken; /* the offset that no read may touch; none when it is past the end */
	struct disk disk;
};

static inline int image_get(void *context, uint64_t offset, void *buffer, size_t n)
{
	const struct image *image = context;

	if (offset > image->disk.size || n > image->disk.size - offset)
		abort(); /* the contract of struct disk */
	if (image->broken >= offset && image->broken - offset < n)
		return -EIO;
	memcpy(buffer, image->bytes + offset, n);
	return 0;
}

static inline struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	image->broken = UINT64_MAX;
	image->disk = (struct disk){.get = image_get, .context = image, .size = IMAGE_BYTES};
	return image;
}

static inline void image_put(struct image *image, size_t at, const void *bytes, size_t n)
{
	if (at > IMAGE_BYTES || n > IMAGE_BYTES - at)
		abort();
	memcpy(image->bytes + at, bytes, n);
}

/* n bytes, little-endian */
static inline void image_number(struct image *image, size_t at, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++, value >>= 8)
		image->bytes[at + i] = (uint8_t)value;
}

#endif
