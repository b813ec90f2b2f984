/* gunzip.c - unpacks one gzip member in memory (RFC 1952, RFC 1951), for libkmod_gzip.c.
 *
 * Pure, and small rather than fast: codes are read bit by bit. The bytes may be anybody's: nothing outside the two buffers
 * is touched, and every loop ends with the input.
 */
#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gunzip.h"

#define MAGIC        0x088b1f /* and method 8: deflate */
#define CODE_BITS    15
#define LITERALS     288
#define LITERALS_MAX 286 /* what a block may define (RFC 1951 3.2.5: the last two are never used) */
#define DISTANCES    30
#define END_OF_BLOCK 256

enum gzip_flag { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16 };
enum block { STORED, FIXED, DYNAMIC };

struct unpacker {
	const uint8_t *in, *in_end;
	uint8_t *out, *out_start, *out_end;
	uint32_t held;     /* bits that were read and not yet taken, the next one lowest */
	unsigned int bits; /* how many */
	bool broken;
};

/* A Huffman code: how many codes of each length there are, and what they stand for, shortest first (RFC 1951 3.2.2). */
struct code {
	uint16_t counts[CODE_BITS + 1];
	uint16_t symbols[LITERALS];
};

static void fill(struct unpacker *unpacker)
{
	for (; unpacker->bits <= 24 && unpacker->in < unpacker->in_end; unpacker->bits += 8)
		unpacker->held |= (uint32_t)*unpacker->in++ << unpacker->bits;
}

static void drop(struct unpacker *unpacker, unsigned int bits)
{
	if (bits > unpacker->bits) {
		unpacker->broken = true;
		return;
	}
	unpacker->held >>= bits;
	unpacker->bits -= bits;
}

/* Up to 16 bits. Behind the end of the input: broken for good. */
static unsigned int take(struct unpacker *unpacker, unsigned int bits)
{
	unsigned int value;

	fill(unpacker);
	value = unpacker->held & ((1U << bits) - 1);
	drop(unpacker, bits);
	return value;
}

static void put(struct unpacker *unpacker, unsigned int byte)
{
	if (unpacker->out == unpacker->out_end)
		unpacker->broken = true;
	else
		*unpacker->out++ = (uint8_t)byte;
}

static void make_code(struct unpacker *unpacker, struct code *code, const uint8_t *lengths, unsigned int symbols)
{
	unsigned int next[CODE_BITS + 1];
	int left = 1;

	memset(code, 0, sizeof(*code));
	for (unsigned int i = 0; i < symbols; i++)
		code->counts[lengths[i]]++;
	code->counts[0] = 0;
	next[0] = 0;
	for (unsigned int length = 1; length <= CODE_BITS; length++) {
		left = 2 * left - code->counts[length];
		if (left < 0) { /* more codes than bits can tell apart */
			unpacker->broken = true;
			return;
		}
		next[length] = next[length - 1] + code->counts[length - 1];
	}
	for (unsigned int i = 0; i < symbols; i++)
		if (lengths[i])
			code->symbols[next[lengths[i]]++] = (uint16_t)i;
}

static unsigned int take_symbol(struct unpacker *unpacker, const struct code *code)
{
	unsigned int value = 0, first = 0, index = 0;

	fill(unpacker);
	for (unsigned int length = 1; length <= CODE_BITS; length++) {
		unsigned int count = code->counts[length];

		value = value << 1 | (unpacker->held >> (length - 1) & 1);
		if (value - first < count) {
			drop(unpacker, length);
			return code->symbols[index + value - first];
		}
		index += count;
		first = (first + count) << 1;
	}
	unpacker->broken = true; /* a code that stands for nothing */
	return END_OF_BLOCK;
}

/* RFC 1951 3.2.5: each extra bit serves four lengths, or two distances. */
static unsigned int take_length(struct unpacker *unpacker, unsigned int symbol)
{
	unsigned int extra;

	if (symbol < 265)
		return symbol - 254;
	if (symbol == 285)
		return 258;
	extra = (symbol - 261) / 4;
	return ((4 + (symbol - 261) % 4) << extra) + 3 + take(unpacker, extra);
}

static unsigned int take_distance(struct unpacker *unpacker, unsigned int symbol)
{
	unsigned int extra = symbol / 2 - 1;

	if (symbol < 4)
		return symbol + 1;
	return ((2 + symbol % 2) << extra) + 1 + take(unpacker, extra);
}

static void copy_back(struct unpacker *unpacker, unsigned int symbol, const struct code *distances)
{
	unsigned int length = take_length(unpacker, symbol), distance;

	symbol = take_symbol(unpacker, distances);
	if (unpacker->broken || symbol >= DISTANCES) {
		unpacker->broken = true;
		return;
	}
	distance = take_distance(unpacker, symbol);
	if (distance > (size_t)(unpacker->out - unpacker->out_start)) {
		unpacker->broken = true;
		return;
	}
	while (length-- && !unpacker->broken)
		put(unpacker, *(unpacker->out - distance));
}

static void unpack_codes(struct unpacker *unpacker, const uint8_t *lengths, unsigned int literals,
			 unsigned int distances)
{
	struct code literal_code, distance_code;
	unsigned int symbol;

	make_code(unpacker, &literal_code, lengths, literals);
	make_code(unpacker, &distance_code, lengths + literals, distances);
	while (!unpacker->broken) {
		symbol = take_symbol(unpacker, &literal_code);
		if (symbol == END_OF_BLOCK)
			return;
		if (symbol < END_OF_BLOCK)
			put(unpacker, symbol);
		else if (symbol < LITERALS_MAX)
			copy_back(unpacker, symbol, &distance_code);
		else
			unpacker->broken = true;
	}
}

static void unpack_fixed(struct unpacker *unpacker)
{
	uint8_t lengths[LITERALS + DISTANCES];

	memset(lengths, 8, LITERALS);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + LITERALS, 5, DISTANCES);
	unpack_codes(unpacker, lengths, LITERALS, DISTANCES);
}

/* The lengths of both codes, themselves in a code (RFC 1951 3.2.7). */
static void take_lengths(struct unpacker *unpacker, const struct code *code, uint8_t *lengths, unsigned int count)
{
	for (unsigned int i = 0; i < count && !unpacker->broken;) {
		unsigned int symbol = take_symbol(unpacker, code), again = 1, length = symbol;

		if (symbol > 15)
			length = 0;
		if (symbol == 16) {
			again = 3 + take(unpacker, 2);
			length = i ? lengths[i - 1] : CODE_BITS + 1;
		} else if (symbol == 17) {
			again = 3 + take(unpacker, 3);
		} else if (symbol == 18) {
			again = 11 + take(unpacker, 7);
		}
		if (length > CODE_BITS || again > count - i) {
			unpacker->broken = true;
			return;
		}
		memset(lengths + i, (int)length, again);
		i += again;
	}
}

static void unpack_dynamic(struct unpacker *unpacker)
{
	static const uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	unsigned int literals = 257 + take(unpacker, 5), distances = 1 + take(unpacker, 5),
		     count = 4 + take(unpacker, 4);
	uint8_t lengths[LITERALS_MAX + DISTANCES] = {0};
	struct code code;

	if (literals > LITERALS_MAX || distances > DISTANCES) {
		unpacker->broken = true;
		return;
	}
	for (unsigned int i = 0; i < count; i++)
		lengths[order[i]] = (uint8_t)take(unpacker, 3);
	make_code(unpacker, &code, lengths, sizeof(order));
	take_lengths(unpacker, &code, lengths, literals + distances);
	unpack_codes(unpacker, lengths, literals, distances);
}

static void unpack_stored(struct unpacker *unpacker)
{
	unsigned int length, inverse;

	drop(unpacker, unpacker->bits % 8);
	length = take(unpacker, 16);
	inverse = take(unpacker, 16);
	if (length != (inverse ^ 0xffff))
		unpacker->broken = true;
	while (length-- && !unpacker->broken)
		put(unpacker, take(unpacker, 8));
}

static void unpack_blocks(struct unpacker *unpacker)
{
	bool last = false;

	while (!last && !unpacker->broken) {
		last = take(unpacker, 1);
		switch (take(unpacker, 2)) {
		case STORED:
			unpack_stored(unpacker);
			break;
		case FIXED:
			unpack_fixed(unpacker);
			break;
		case DYNAMIC:
			unpack_dynamic(unpacker);
			break;
		default:
			unpacker->broken = true;
		}
	}
	drop(unpacker, unpacker->bits % 8);
}

static void skip_text(struct unpacker *unpacker)
{
	while (!unpacker->broken && take(unpacker, 8))
		;
}

static void skip_header(struct unpacker *unpacker)
{
	unsigned int magic = take(unpacker, 16), method = take(unpacker, 8), flags = take(unpacker, 8);

	if ((method << 16 | magic) != MAGIC)
		unpacker->broken = true;
	for (int i = 0; i < 6; i++) /* time, extra flags, system */
		take(unpacker, 8);
	if (flags & EXTRA)
		for (unsigned int length = take(unpacker, 16); length && !unpacker->broken; length--)
			take(unpacker, 8);
	if (flags & NAME)
		skip_text(unpacker);
	if (flags & COMMENT)
		skip_text(unpacker);
	if (flags & HEADER_CRC)
		take(unpacker, 16);
}

static uint32_t little_endian(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int gunzip_size(const void *packed, size_t packed_size, size_t *size)
{
	uint32_t claimed;

	if (packed_size < GUNZIP_SMALLEST)
		return -EINVAL;
	claimed = little_endian((const uint8_t *)packed + packed_size - 4);
	if (claimed / GUNZIP_RATIO_MAX > packed_size)
		return -EINVAL;
	*size = claimed;
	return 0;
}

int gunzip(const void *packed, size_t packed_size, void *out, size_t size)
{
	const uint8_t *bytes = packed;
	struct unpacker unpacker = {.in = bytes, .out = out, .out_start = out, .out_end = (uint8_t *)out + size};

	if (packed_size < GUNZIP_SMALLEST)
		return -EINVAL;
	unpacker.in_end = bytes + packed_size - GUNZIP_TRAILER;
	skip_header(&unpacker);
	unpack_blocks(&unpacker);
	if (unpacker.broken || unpacker.bits || unpacker.in != unpacker.in_end || unpacker.out != unpacker.out_end)
		return -EINVAL;
	return little_endian(unpacker.in_end) == lzma_crc32(out, size, 0) ? 0 : -EINVAL;
}
