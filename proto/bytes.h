/* bytes.h - bounded big-endian reader and writer with a sticky error.
 *
 * Every foreign byte of this program is read through struct reader, every packet we make is written through struct
 * writer. Going past the end sets `bad`, which stays set; reads then return 0 and writes do nothing, so that a parser
 * checks once, at its end. Nothing here allocates, logs or fails in any other way.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct reader reader_of(const void *bytes, size_t length);

/* The next n bytes, or NULL (and bad) when there are fewer. */
const uint8_t *read_bytes(struct reader *r, size_t n);

void read_skip(struct reader *r, size_t n);
uint64_t read_be(struct reader *r, size_t n);
uint8_t read_u8(struct reader *r);
uint16_t read_be16(struct reader *r);
uint32_t read_be24(struct reader *r);
uint32_t read_be32(struct reader *r);
uint64_t read_be64(struct reader *r);
uint64_t read_le(struct reader *r, size_t n);

/* A reader over the next n bytes, which the outer reader then has behind it. */
struct reader read_sub(struct reader *r, size_t n);

struct writer {
	uint8_t *start;
	size_t size; /* of the buffer */
	size_t used;
	bool bad;
};

struct writer writer_of(void *buffer, size_t size);

/* Room for n bytes, which then count as written, or NULL (and bad) when there is less. */
uint8_t *write_room(struct writer *w, size_t n);

void write_bytes(struct writer *w, const void *bytes, size_t n);
void write_zeros(struct writer *w, size_t n);
void write_be(struct writer *w, uint64_t value, size_t n);
void write_u8(struct writer *w, uint8_t value);
void write_be16(struct writer *w, uint16_t value);
void write_be24(struct writer *w, uint32_t value);
void write_be32(struct writer *w, uint32_t value);
void write_be64(struct writer *w, uint64_t value);
void write_text(struct writer *w, const char *text);

#endif
