/* libkmod_gzip.c - reads a gzip file for libkmod (RFC 1952), with zlib's inflateBack.
 *
 * In place of libkmod-file-zlib.c, whose gzread brings a second inflate, buffers and seeking: 9 KiB that reading a module
 * from its first to its last byte has no use for. One member per file, as "gzip" and the kernel's makefiles write it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lzma.h>
#include <zlib.h>

#include "libkmod/libkmod-internal-file.h"

#define WINDOW_BITS   15
#define HEADER_BYTES  10
#define TRAILER_BYTES 8

enum gzip_flag { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16 };

struct reader {
	int fd;
	int error;
	unsigned char bytes[16384];
};

struct writer {
	unsigned char *memory;
	size_t used, size;
};

static unsigned int fill(void *context, z_const unsigned char **bytes)
{
	struct reader *reader = context;
	ssize_t got = read(reader->fd, reader->bytes, sizeof(reader->bytes));

	if (got < 0)
		reader->error = -errno;
	*bytes = reader->bytes;
	return got > 0 ? (unsigned int)got : 0;
}

static int append(void *context, unsigned char *bytes, unsigned int length)
{
	struct writer *writer = context;

	if (length > writer->size - writer->used) {
		size_t size = writer->size * 2 + length;
		void *memory = realloc(writer->memory, size);

		if (!memory)
			return -ENOMEM;
		writer->memory = memory;
		writer->size = size;
	}
	memcpy(writer->memory + writer->used, bytes, length);
	writer->used += length;
	return 0;
}

/* The next byte of the file, or -1 at its end. */
static int next_byte(z_stream *stream, struct reader *reader)
{
	if (!stream->avail_in)
		stream->avail_in = fill(reader, &stream->next_in);
	if (!stream->avail_in)
		return -1;
	stream->avail_in--;
	return *stream->next_in++;
}

static int read_little_endian(z_stream *stream, struct reader *reader, int bytes, uint32_t *out)
{
	*out = 0;
	for (int shift = 0; shift < 8 * bytes; shift += 8) {
		int byte = next_byte(stream, reader);

		if (byte < 0)
			return -EINVAL;
		*out |= (uint32_t)byte << shift;
	}
	return 0;
}

static int skip_text(z_stream *stream, struct reader *reader)
{
	int byte;

	do
		byte = next_byte(stream, reader);
	while (byte > 0);
	return byte < 0 ? -EINVAL : 0;
}

static int skip_header(z_stream *stream, struct reader *reader)
{
	uint32_t magic, flags, length = 0, ignored;
	int result = read_little_endian(stream, reader, 3, &magic);

	if (result || magic != 0x088b1f) /* 1f 8b, and 8: deflate */
		return -EINVAL;
	result = read_little_endian(stream, reader, 1, &flags);
	for (int i = 0; !result && i < HEADER_BYTES - 4; i++)
		result = read_little_endian(stream, reader, 1, &ignored);
	if (!result && flags & EXTRA)
		result = read_little_endian(stream, reader, 2, &length);
	for (; !result && length; length--)
		result = read_little_endian(stream, reader, 1, &ignored);
	if (!result && flags & NAME)
		result = skip_text(stream, reader);
	if (!result && flags & COMMENT)
		result = skip_text(stream, reader);
	if (!result && flags & HEADER_CRC)
		result = read_little_endian(stream, reader, 2, &ignored);
	return result;
}

static int check_trailer(z_stream *stream, struct reader *reader, const struct writer *writer)
{
	uint32_t crc, length;

	if (read_little_endian(stream, reader, 4, &crc) || read_little_endian(stream, reader, 4, &length))
		return -EINVAL;
	return crc == lzma_crc32(writer->memory, writer->used, 0) && length == (uint32_t)writer->used ? 0 : -EINVAL;
}

static int inflate_file(struct reader *reader, struct writer *writer)
{
	static unsigned char window[1 << WINDOW_BITS];
	z_stream stream = {0};
	int result = skip_header(&stream, reader);

	if (!result && inflateBackInit(&stream, WINDOW_BITS, window) != Z_OK)
		result = -ENOMEM;
	if (result)
		return result;
	result = inflateBack(&stream, fill, reader, append, writer) == Z_STREAM_END ? 0 : -EINVAL;
	inflateBackEnd(&stream);
	return result ? result : check_trailer(&stream, reader, writer);
}

int kmod_file_load_zlib(struct kmod_file *file)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct writer writer = {0};
	int result = -ENOMEM;

	if (reader) {
		reader->fd = file->fd;
		result = lseek(file->fd, 0, SEEK_SET) < 0 ? -errno : inflate_file(reader, &writer);
		result = reader->error ? reader->error : result;
	}
	free(reader);
	if (result) {
		free(writer.memory);
		return result;
	}
	file->memory = writer.memory;
	file->size = (off_t)writer.used;
	return 0;
}
