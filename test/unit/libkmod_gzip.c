/* What libkmod reads of a gzip file is what was packed, or an error: with every level, header and kind of damage. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

/* libkmod's own, in libkmod/libkmod-internal.h */
struct kmod_file;
struct kmod_file *kmod_file_open(const void *ctx, const char *name);
int kmod_file_load_contents(struct kmod_file *file);
void *kmod_file_get_contents(const struct kmod_file *file);
off_t kmod_file_get_size(const struct kmod_file *file);
void kmod_file_unref(struct kmod_file *file);

#define HEADER_BYTES 10

static char directory[] = "/tmp/libkmod_gzip.XXXXXX";
static unsigned char plain[400000], packed[500000];

static const char *in_directory(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const unsigned char *bytes, size_t size)
{
	FILE *out = fopen(in_directory(name), "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	fclose(out);
}

/* Half of it packs well, half not at all. */
static void make_plain(size_t size)
{
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		plain[i] = (unsigned char)(i / 50000 % 2 ? state >> 24 : i / 7 % 11);
	}
}

static size_t pack(size_t size, const char *options)
{
	char command[200];
	size_t got;
	FILE *in;

	make_plain(size);
	write_file("plain", plain, size);
	snprintf(command, sizeof(command), "gzip -c %s %s", options, in_directory("plain"));
	in = popen(command, "r");
	assert_non_null(in);
	got = fread(packed, 1, sizeof(packed), in);
	assert_int_equal(pclose(in), 0);
	return got;
}

/* Whether libkmod reads a file of these bytes; what it reads must be the first bytes of plain. */
static int reads(const unsigned char *bytes, size_t size, size_t wanted)
{
	struct kmod_file *file;
	int result;

	write_file("x.ko.gz", bytes, size);
	file = kmod_file_open(NULL, in_directory("x.ko.gz"));
	if (!file)
		return 0;
	result = kmod_file_load_contents(file);
	if (!result) {
		assert_int_equal(kmod_file_get_size(file), wanted);
		if (wanted)
			assert_memory_equal(kmod_file_get_contents(file), plain, wanted);
	}
	kmod_file_unref(file);
	return !result;
}

static void every_size_and_level_is_read(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 32768, 32769, 65536, 400000};
	static const char *const options[] = {"-1", "-6 -n", "-9"};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < 3; j++)
			assert_true(reads(packed, pack(sizes[i], options[j]), sizes[i]));
}

static void every_field_of_the_header_is_skipped(void **state)
{
	/* extra field, name, comment, checksum of the header */
	static const unsigned char fields[] = "\x05\x00xtra!name\0comment\0\0\0";
	static unsigned char whole[1000];
	size_t size = pack(100, "-n"), more = sizeof(fields) - 1, checked = HEADER_BYTES + more - 2;
	uLong checksum;

	(void)state;
	memcpy(whole, packed, HEADER_BYTES);
	whole[3] = 4 | 8 | 16 | 2;
	memcpy(whole + HEADER_BYTES, fields, more);
	checksum = crc32(0, whole, (uInt)checked);
	whole[checked] = (unsigned char)checksum;
	whole[checked + 1] = (unsigned char)(checksum >> 8);
	memcpy(whole + HEADER_BYTES + more, packed + HEADER_BYTES, size - HEADER_BYTES);
	assert_true(reads(whole, size + more, 100));
}

static void damage_is_an_error(void **state)
{
	size_t size = pack(300, "-n");

	(void)state;
	for (size_t i = 0; i < size; i++)
		assert_false(reads(packed, i, 300));
	for (size_t i = HEADER_BYTES; i < size; i++) {
		packed[i] ^= 0x10;
		assert_false(reads(packed, size, 300));
		packed[i] ^= 0x10;
	}
	packed[2] = 7;
	assert_false(reads(packed, size, 300));
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(in_directory("plain"));
	unlink(in_directory("x.ko.gz"));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_and_level_is_read),
		cmocka_unit_test(every_field_of_the_header_is_skipped),
		cmocka_unit_test(damage_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
