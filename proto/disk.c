/* disk.c - what superblocks and partition tables have in common: bounded reads, UUIDs, UTF-16 names.
 *
 * Bytes that are no valid text (half a surrogate pair) become U+FFFD, as RFC 3629 3 forbids to encode them.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xfffd

int disk_get(const struct disk *disk, uint64_t offset, void *buffer, size_t n)
{
	if (offset > disk->size || n > disk->size - offset)
		return -ENOENT;
	return disk->get(disk->context, offset, buffer, n);
}

struct reader disk_bytes_at(struct reader all, size_t offset)
{
	read_skip(&all, offset);
	return all;
}

uint64_t disk_number_at(struct reader all, size_t offset, size_t n)
{
	read_skip(&all, offset);
	return read_le(&all, n);
}

void disk_uuid_text(char out[static DISK_UUID_BYTES], struct reader bytes)
{
	static const uint8_t lengths[] = {4, 2, 2, 2, 6};
	static const uint8_t nil[16];
	size_t used = 0;

	out[0] = 0;
	if (bytes.left < sizeof(nil) || !memcmp(bytes.at, nil, sizeof(nil)))
		return;
	for (size_t i = 0; i < sizeof(lengths); i++)
		used += (size_t)snprintf(out + used, DISK_UUID_BYTES - used, "%s%0*llx", i ? "-" : "", 2 * lengths[i],
					 (unsigned long long)read_be(&bytes, lengths[i]));
}

static void trim(char *text)
{
	size_t length = strlen(text);

	while (length && strchr(" \t\n\v\f\r", text[length - 1]))
		text[--length] = 0;
}

void disk_label_text(char *out, size_t size, struct reader bytes, size_t n)
{
	const uint8_t *text = read_bytes(&bytes, n);
	size_t length = text ? strnlen((const char *)text, n) : 0;

	if (length > size - 1)
		length = size - 1;
	if (length)
		memcpy(out, text, length);
	out[length] = 0;
	trim(out);
}

static uint32_t read_character(struct reader *units)
{
	uint32_t first = (uint32_t)read_le(units, 2), second;
	struct reader ahead = *units;

	if (first < 0xd800 || first > 0xdfff)
		return first;
	second = (uint32_t)read_le(&ahead, 2);
	if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
		return REPLACEMENT;
	*units = ahead;
	return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

static bool write_character(struct writer *w, uint32_t c)
{
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};

	if ((size_t)more + 1 > w->size - w->used)
		return false;
	write_u8(w, (uint8_t)(lead[more] | c >> 6 * more));
	while (more-- > 0)
		write_u8(w, (uint8_t)(0x80 | (c >> 6 * more & 0x3f)));
	return true;
}

void disk_utf16_text(char *out, size_t size, struct reader units, size_t n)
{
	struct reader name = read_sub(&units, 2 * n);
	struct writer text = writer_of(out, size - 1);
	uint32_t c;

	while (name.left >= 2 && (c = read_character(&name)) && write_character(&text, c))
		;
	out[text.used] = 0;
	trim(out);
}
