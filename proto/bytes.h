/* bytes.h - bounded big-endian reader and writer with a sticky error.
 *
 * Every foreign byte of this program is read through struct reader, every packet we make is written through struct
 * writer. Going past the end sets `bad`, which stays set; reads then return 0 and writes do nothing, so that a parser
 * checks once, at its end. Nothing here allocates, logs or fails in any other way.
 */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static inline struct reader reader_of(const void *bytes, size_t length)
{
	return (struct reader){.at = bytes, .left = length};
}

/* The next n bytes, or NULL (and bad) when there are fewer. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n)
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

static inline void read_skip(struct reader *r, size_t n)
{
	(void)read_bytes(r, n);
}

static inline uint64_t read_be(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = 0; b && i < n; i++)
		value = value << 8 | b[i];
	return value;
}

static inline uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_be(r, 1);
}

static inline uint16_t read_be16(struct reader *r)
{
	return (uint16_t)read_be(r, 2);
}

static inline uint32_t read_be24(struct reader *r)
{
	return (uint32_t)read_be(r, 3);
}

static inline uint32_t read_be32(struct reader *r)
{
	return (uint32_t)read_be(r, 4);
}

static inline uint64_t read_be64(struct reader *r)
{
	return read_be(r, 8);
}

static inline uint64_t read_le(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = n; b && i > 0; i--)
		value = value << 8 | b[i - 1];
	return value;
}

/* A reader over the next n bytes, which the outer reader then has behind it. */
static inline struct reader read_sub(struct reader *r, size_t n)
{
	const uint8_t *b = read_bytes(r, n);

	return (struct reader){.at = b, .left = b ? n : 0, .bad = !b};
}

struct writer {
	uint8_t *start;
	size_t size; /* of the buffer */
	size_t used;
	bool bad;
};

static inline struct writer writer_of(void *buffer, size_t size)
{
	return (struct writer){.start = buffer, .size = size};
}

/* Room for n bytes, which then count as written, or NULL (and bad) when there is less. */
static inline uint8_t *write_room(struct writer *w, size_t n)
{
	uint8_t *room = w->start + w->used;

	if (w->bad || n > w->size - w->used) {
		w->bad = true;
		return NULL;
	}
	w->used += n;
	return room;
}

static inline void write_bytes(struct writer *w, const void *bytes, size_t n)
{
	uint8_t *room = write_room(w, n);

	if (room && n)
		memcpy(room, bytes, n);
}

static inline void write_zeros(struct writer *w, size_t n)
{
	uint8_t *room = write_room(w, n);

	if (room && n)
		memset(room, 0, n);
}

static inline void write_be(struct writer *w, uint64_t value, size_t n)
{
	uint8_t *room = write_room(w, n);

	for (size_t i = n; room && i > 0; i--, value >>= 8)
		room[i - 1] = (uint8_t)value;
}

static inline void write_u8(struct writer *w, uint8_t value)
{
	write_be(w, value, 1);
}

static inline void write_be16(struct writer *w, uint16_t value)
{
	write_be(w, value, 2);
}

static inline void write_be24(struct writer *w, uint32_t value)
{
	write_be(w, value, 3);
}

static inline void write_be32(struct writer *w, uint32_t value)
{
	write_be(w, value, 4);
}

static inline void write_be64(struct writer *w, uint64_t value)
{
	write_be(w, value, 8);
}

static inline void write_text(struct writer *w, const char *text)
{
	write_bytes(w, text, strlen(text));
}

#endif
