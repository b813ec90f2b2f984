/* bytes.c - see bytes.h. Every parser calls these: one copy of each is a kilobyte less than one in each file.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/bytes.h"

#include <string.h>

struct reader reader_of(const void *bytes, size_t length)
{
	return (struct reader){.at = bytes, .left = length};
}

const uint8_t *read_bytes(struct reader *r, size_t n)
{
	const uint8_t *start = r->at;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += n;
	r->left -= n;
	return start;
}

void read_skip(struct reader *r, size_t n)
{
	(void)read_bytes(r, n);
}

uint64_t read_be(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = 0; b && i < n; i++)
		value = value << 8 | b[i];
	return value;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_be(r, 1);
}

uint16_t read_be16(struct reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t read_be24(struct reader *r)
{
	return (uint32_t)read_be(r, 3);
}

uint32_t read_be32(struct reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t read_be64(struct reader *r)
{
	return read_be(r, 8);
}

uint64_t read_le(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = n; b && i > 0; i--)
		value = value << 8 | b[i - 1];
	return value;
}

struct reader read_sub(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);

	return (struct reader){.at = b, .left = b ? n : 0, .bad = !b};
}

struct writer writer_of(void *buffer, size_t size)
{
	return (struct writer){.start = buffer, .size = size};
}

uint8_t *write_room(struct writer *w, size_t n)
{
	uint8_t *room = w->start + w->used;

	if (w->bad || n > w->size - w->used) {
		w->bad = true;
		return NULL;
	}
	w->used += n;
	return room;
}

void write_bytes(struct writer *w, const void *bytes, size_t n)
{
	uint8_t *room = write_room(w, n);

	if (room && n)
		memcpy(room, bytes, n);
}

void write_zeros(struct writer *w, size_t n)
{
	uint8_t *room = write_room(w, n);

	if (room && n)
		memset(room, 0, n);
}

void write_be(struct writer *w, uint64_t value, size_t n)
{
	uint8_t *room = write_room(w, n);

	for (size_t i = n; room && i > 0; i--, value >>= 8)
		room[i - 1] = (uint8_t)value;
}

void write_u8(struct writer *w, uint8_t value)
{
	write_be(w, value, 1);
}

void write_be16(struct writer *w, uint16_t value)
{
	write_be(w, value, 2);
}

void write_be24(struct writer *w, uint32_t value)
{
	write_be(w, value, 3);
}

void write_be32(struct writer *w, uint32_t value)
{
	write_be(w, value, 4);
}

void write_be64(struct writer *w, uint64_t value)
{
	write_be(w, value, 8);
}

void write_text(struct writer *w, const char *text)
{
	write_bytes(w, text, strlen(text));
}
