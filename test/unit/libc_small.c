/* The small functions that take the places of musl's say what the host's C library says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define vfprintf small_vfprintf
#define strstr   small_strstr
#define qsort    small_qsort
#define mbstowcs small_mbstowcs
#define strtol   small_strtol
#define strtoll  small_strtoll
#define strtoul  small_strtoul
#define strtoull small_strtoull
int small_vfprintf(FILE *restrict out, const char *restrict format, va_list arguments);
char *small_strstr(const char *text, const char *wanted);
void small_qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
size_t small_mbstowcs(wchar_t *restrict out, const char *restrict text, size_t size);
long small_strtol(const char *restrict text, char **restrict end, int base);
long long small_strtoll(const char *restrict text, char **restrict end, int base);
unsigned long small_strtoul(const char *restrict text, char **restrict end, int base);
unsigned long long small_strtoull(const char *restrict text, char **restrict end, int base);
#include "deps/libc_small.c"
#undef vfprintf
#undef strstr
#undef qsort
#undef mbstowcs
#undef strtol
#undef strtoll
#undef strtoul
#undef strtoull

/* Both write the same text and return the same count. */
__attribute__((format(printf, 1, 2))) static void assert_same(const char *format, ...)
{
	char wanted[1024], got[1024] = "";
	FILE *out = fmemopen(got, sizeof(got), "w");
	va_list arguments, again;
	int expected, result;

	assert_non_null(out);
	va_start(arguments, format);
	va_copy(again, arguments);
	errno = ENOENT;
	expected = vsnprintf(wanted, sizeof(wanted), format, arguments);
	errno = ENOENT;
	result = small_vfprintf(out, format, again);
	va_end(again);
	va_end(arguments);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(got, wanted);
	assert_int_equal(result, expected);
}

static void text_is_cut_and_padded(void **state)
{
	(void)state;
	assert_same("nothing to convert");
	assert_same("%s", "");
	assert_same("a%sb%%c%c", "text", 'x');
	assert_same("[%-24s][%24s][%.3s][%-8.2s]", "name", "name", "name", "name");
	assert_same("[%.*s][%*s][%-*s][%.*s]", 2, "name", 6, "name", 6, "name", -1, "name");
	assert_same("[%.40s][%4c][%-4c]", "not ended by more than this", 'x', 'y');
	assert_same("%m: %s", "no such file");
}

static void numbers_of_every_size_have_every_form(void **state)
{
	static const long long values[] = {0,     1,    -1,      9,       10,        255,      256,
					   65535, -128, INT_MIN, INT_MAX, LLONG_MIN, LLONG_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long long v = values[i];

		assert_same("%d %i %u %x %X %o", (int)v, (int)v, (unsigned int)v, (unsigned int)v, (unsigned int)v,
			    (unsigned int)v);
		assert_same("%lld %llu %llx %ld %lu %zu %jd %jx %td", v, (unsigned long long)v, (unsigned long long)v,
			    (long)v, (unsigned long)v, (size_t)v, (intmax_t)v, (uintmax_t)v, (ptrdiff_t)v);
		assert_same("%hhd %hhu %hd %hu", (signed char)v, (unsigned char)v, (short)v, (unsigned short)v);
		assert_same("[%5d][%-5d][%05d][%+d][% d][%+05d]", (int)v, (int)v, (int)v, (int)v, (int)v, (int)v);
		assert_same("[%.3d][%8.3d][%-8.3d][%.0d]", (int)v, (int)v, (int)v, (int)v);
		assert_same("[%02x][%08x][%04X][%#x][%#o][%#10x][%#010x]", (unsigned int)v, (unsigned int)v,
			    (unsigned int)v, (unsigned int)v, (unsigned int)v, (unsigned int)v, (unsigned int)v);
		assert_same("[%0*llx][%*d]", 16, (unsigned long long)v, -7, (int)v);
	}
}

static void an_unknown_conversion_is_an_error(void **state)
{
	static const char *const formats[] = {"%f", "%n", "%", "a%k"};
	char got[64];

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		FILE *out = fmemopen(got, sizeof(got), "w");
		va_list none = {0};

		assert_int_equal(small_vfprintf(out, formats[i], none), -1);
		fclose(out);
	}
}

#define assert_same_number(function, text, base)                                                    \
	do {                                                                                        \
		char *end = NULL, *small_end = NULL;                                                \
		int error;                                                                          \
		unsigned long long value;                                                           \
		errno = 0;                                                                          \
		value = (unsigned long long)function(text, &end, base);                             \
		error = errno;                                                                      \
		errno = 0;                                                                          \
		assert_true(value == (unsigned long long)small_##function(text, &small_end, base)); \
		assert_int_equal(errno, error);                                                     \
		assert_ptr_equal(small_end, end);                                                   \
	} while (0)

static void numbers_are_read_as_c_says(void **state)
{
	static const char *const texts[] = {
		"",
		"0",
		"7",
		"+7",
		"-7",
		" \t\n9x",
		"x",
		"-",
		"+-1",
		"0x",
		"0x1F",
		"0X1f",
		"0xg",
		"08",
		"077",
		"1e3",
		"ff",
		"zz",
		"2147483647",
		"4294967296",
		"9223372036854775807",
		"9223372036854775808",
		"-9223372036854775808",
		"-9223372036854775809",
		"18446744073709551615",
		"18446744073709551616",
		"-18446744073709551615",
		"-18446744073709551616",
		"99999999999999999999999999 more",
		"0xffffffffffffffff",
		"0x10000000000000000",
	};
	static const int bases[] = {0, 8, 10, 16, 36};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t j = 0; j < sizeof(bases) / sizeof(bases[0]); j++) {
			assert_same_number(strtol, texts[i], bases[j]);
			assert_same_number(strtoll, texts[i], bases[j]);
			assert_same_number(strtoul, texts[i], bases[j]);
			assert_same_number(strtoull, texts[i], bases[j]);
		}
	}
}

static void text_is_found_in_text(void **state)
{
	static const char *const texts[] = {"", "a", "ab", "aab", "abab", "ababac", "xabac"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			assert_ptr_equal(small_strstr(texts[i], texts[j]), strstr(texts[i], texts[j]));
}

static int by_tens(const void *a, const void *b)
{
	return *(const int *)a / 10 - *(const int *)b / 10;
}

static void sorting_orders_and_keeps_what_is_equal(void **state)
{
	int values[] = {31, 12, 30, 11, 99, 10, 0, 32}, sorted[] = {0, 12, 11, 10, 31, 30, 32, 99};

	(void)state;
	small_qsort(values, 8, sizeof(values[0]), by_tens);
	assert_memory_equal(values, sorted, sizeof(sorted));
	small_qsort(values, 0, sizeof(values[0]), by_tens);
}

static void a_byte_is_a_character(void **state)
{
	(void)state;
	assert_int_equal(small_mbstowcs(NULL, "target.example", 0), 14);
	assert_int_equal(small_mbstowcs(NULL, "\xff", 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cut_and_padded),
		cmocka_unit_test(numbers_of_every_size_have_every_form),
		cmocka_unit_test(an_unknown_conversion_is_an_error),
		cmocka_unit_test(numbers_are_read_as_c_says),
		cmocka_unit_test(text_is_found_in_text),
		cmocka_unit_test(sorting_orders_and_keeps_what_is_equal),
		cmocka_unit_test(a_byte_is_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
