/* libc_small.c - a few functions of the C library, without what this program never asks them for.
 *
 * deps/build puts them into musl's libc.a in place of musl's own: printf without floating point, wide characters and
 * numbered arguments (7 KiB less), a plain search and a plain sort (2 KiB less), strtol and its kin without streams (1 KiB
 * less), for the resolver's one question whether a host name is text no tables, and for fork no locks against threads that
 * this program never starts (1 KiB less each). Each does what C11 says of the part that is here.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- vfprintf: C11 7.21.6.1, and %m ---- */

struct printer {
	FILE *out;
	size_t total;
	va_list arguments;
};

/* What stands between '%' and the conversion. */
struct field {
	bool left, zero, alternate;
	char sign;         /* before what is not negative: '+', ' ' or nothing */
	int width;         /* 0: none */
	int precision;     /* -1: none */
	unsigned int size; /* bytes of a number */
};

/* What a conversion made of its argument. */
struct piece {
	const char *prefix; /* "-", "0x", ... */
	int zeros;          /* between prefix and text */
	const char *text;
	size_t length;
};

static void put(struct printer *printer, const char *text, size_t length)
{
	(void)fwrite(text, 1, length, printer->out);
	printer->total += length;
}

static void repeat(struct printer *printer, char c, int count)
{
	while (count-- > 0)
		put(printer, &c, 1);
}

static void put_piece(struct printer *printer, const struct field *field, const struct piece *piece)
{
	size_t prefix = strlen(piece->prefix), used = prefix + (size_t)piece->zeros + piece->length;
	int blanks = (size_t)field->width > used ? field->width - (int)used : 0;
	int zeros = piece->zeros;

	if (field->zero && !field->left) {
		zeros += blanks;
		blanks = 0;
	}
	if (!field->left)
		repeat(printer, ' ', blanks);
	put(printer, piece->prefix, prefix);
	repeat(printer, '0', zeros);
	put(printer, piece->text, piece->length);
	if (field->left)
		repeat(printer, ' ', blanks);
}

static void put_number(struct printer *printer, struct field *field, char conversion)
{
	bool is_signed = conversion == 'd' || conversion == 'i', capital = conversion == 'X';
	unsigned int base = is_signed || conversion == 'u' ? 10 : conversion == 'o' ? 8 : 16;
	unsigned int unused = 8 * (unsigned int)(sizeof(uintmax_t) - field->size);
	char digits[3 * sizeof(uintmax_t)], prefix[3] = {field->sign};
	char *at = digits + sizeof(digits);
	uintmax_t value = field->size > sizeof(long)  ? va_arg(printer->arguments, unsigned long long)
			  : field->size > sizeof(int) ? va_arg(printer->arguments, unsigned long)
						      : va_arg(printer->arguments, unsigned int);
	bool negative = is_signed && (value << unused & (uintmax_t)1 << (8 * sizeof(value) - 1));
	struct piece piece = {.prefix = prefix};

	if (negative)
		value = -value;
	value = value << unused >> unused;
	if (!is_signed)
		prefix[0] = '\0';
	else if (negative)
		prefix[0] = '-';
	if (field->alternate && base == 16 && value)
		memcpy(prefix, capital ? "0X" : "0x", 2);
	for (; value; value /= base)
		*--at = (capital ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
	piece.text = at;
	piece.length = (size_t)(digits + sizeof(digits) - at);
	if (field->precision < 0)
		field->precision = 1;
	else
		field->zero = false;
	if ((size_t)field->precision > piece.length)
		piece.zeros = field->precision - (int)piece.length;
	else if (field->alternate && base == 8)
		piece.zeros = 1;
	put_piece(printer, field, &piece);
}

static void put_text(struct printer *printer, struct field *field, const char *text)
{
	struct piece piece = {.prefix = "", .text = text ? text : "(null)"};

	field->zero = false;
	piece.length = field->precision < 0 ? strlen(piece.text) : strnlen(piece.text, (size_t)field->precision);
	put_piece(printer, field, &piece);
}

static int read_count(struct printer *printer, const char **at)
{
	int count = 0;

	if (**at == '*') {
		++*at;
		return va_arg(printer->arguments, int);
	}
	for (; '0' <= **at && **at <= '9'; ++*at)
		count = count * 10 + (**at - '0');
	return count;
}

static const char *read_flags(struct field *field, const char *at)
{
	for (;; at++) {
		switch (*at) {
		case '-':
			field->left = true;
			break;
		case '0':
			field->zero = true;
			break;
		case '#':
			field->alternate = true;
			break;
		case '+':
			field->sign = '+';
			break;
		case ' ':
			field->sign = field->sign ? field->sign : ' ';
			break;
		default:
			return at;
		}
	}
}

static const char *read_size(struct field *field, const char *at)
{
	for (;; at++) {
		switch (*at) {
		case 'h':
			field->size /= 2;
			break;
		case 'l':
			field->size = at[-1] == 'l' ? sizeof(long long) : sizeof(long);
			break;
		case 'z':
		case 't':
			field->size = sizeof(size_t);
			break;
		case 'j':
			field->size = sizeof(uintmax_t);
			break;
		default:
			return at;
		}
	}
}

static const char *read_field(struct printer *printer, struct field *field, const char *at)
{
	*field = (struct field){.precision = -1, .size = sizeof(int)};
	at = read_flags(field, at);
	field->width = read_count(printer, &at);
	if (field->width < 0) {
		field->left = true;
		field->width = -field->width;
	}
	if (*at == '.') {
		at++;
		field->precision = read_count(printer, &at);
	}
	return read_size(field, at);
}

/* False: no conversion that is known here. */
static bool convert(struct printer *printer, struct field *field, char conversion, int error)
{
	char c;

	switch (conversion) {
	case 'p':
		field->alternate = true;
		field->size = sizeof(void *);
		/* fall through */
	case 'd':
	case 'i':
	case 'o':
	case 'u':
	case 'x':
	case 'X':
		put_number(printer, field, conversion);
		return true;
	case 'c':
		c = (char)va_arg(printer->arguments, int);
		field->zero = false;
		put_piece(printer, field, &(struct piece){.prefix = "", .text = &c, .length = 1});
		return true;
	case 's':
		put_text(printer, field, va_arg(printer->arguments, const char *));
		return true;
	case 'm':
		put_text(printer, field, strerror(error));
		return true;
	case '%':
		put(printer, "%", 1);
		return true;
	default:
		return false;
	}
}

int vfprintf(FILE *restrict out, const char *restrict format, va_list arguments)
{
	struct printer printer = {.out = out};
	int error = errno;
	bool known = true;

	va_copy(printer.arguments, arguments);
	while (known && *format) {
		size_t plain = strcspn(format, "%");
		struct field field;

		put(&printer, format, plain);
		format += plain;
		if (*format) {
			format = read_field(&printer, &field, format + 1);
			known = convert(&printer, &field, *format, error);
			format++;
		}
	}
	va_end(printer.arguments);
	return !known || ferror(out) || printer.total > INT_MAX ? -1 : (int)printer.total;
}

/* ---- numbers from text: C11 7.22.1.4 ---- */

static unsigned int digit_of(char c)
{
	if ('0' <= c && c <= '9')
		return (unsigned int)(c - '0');
	c |= 'a' ^ 'A';
	return 'a' <= c && c <= 'z' ? (unsigned int)(c - 'a') + 10 : UINT_MAX;
}

/* "0x" counts only before a digit. */
static const char *read_base(const char *at, unsigned int *base)
{
	bool sixteen = at[0] == '0' && (at[1] | ('a' ^ 'A')) == 'x' && digit_of(at[2]) < 16;

	if (!*base)
		*base = sixteen ? 16 : *at == '0' ? 8 : 10;
	return *base == 16 && sixteen ? at + 2 : at;
}

/* The number at text, at most `most`, or one more below zero for what has a sign. Beyond that: the limit, and ERANGE. */
static unsigned long long read_number(const char *text, char **end, int base_wanted, unsigned long long most,
				      bool is_signed)
{
	unsigned int base = (unsigned int)base_wanted;
	unsigned long long value = 0;
	const char *at = text + strspn(text, " \t\n\v\f\r"), *first;
	bool negative = *at == '-', beyond = false;

	at += *at == '-' || *at == '+';
	most += negative && is_signed;
	first = at = read_base(at, &base);
	for (; digit_of(*at) < base; at++) {
		beyond = beyond || value > (most - digit_of(*at)) / base;
		value = value * base + digit_of(*at);
	}
	if (end)
		*end = (char *)(at == first ? text : at);
	if (beyond) {
		errno = ERANGE;
		value = most;
	}
	/* what has no sign is negated within its type, but not its limit */
	return negative && (is_signed || !beyond) ? -value : value;
}

long strtol(const char *restrict text, char **restrict end, int base)
{
	return (long)read_number(text, end, base, LONG_MAX, true);
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
	return (long long)read_number(text, end, base, LLONG_MAX, true);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
	return (unsigned long)read_number(text, end, base, ULONG_MAX, false);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
	return read_number(text, end, base, ULLONG_MAX, false);
}

/* ---- the others ---- */

char *strstr(const char *text, const char *wanted)
{
	size_t length = strlen(wanted);

	while (strncmp(text, wanted, length) != 0)
		if (!*text++)
			return NULL;
	return (char *)text;
}

/* By insertion: what is sorted are a few dozen addresses. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *first = base;

	for (size_t sorted = 1; sorted < count; sorted++) {
		for (char *at = first + sorted * size; at > first && compare(at - size, at) > 0; at -= size) {
			char *before = at - size;

			for (size_t i = 0; i < size; i++) {
				char byte = at[i];

				at[i] = before[i];
				before[i] = byte;
			}
		}
	}
}

/* In the C locale each byte is a character. The characters themselves are not to be had here. */
size_t mbstowcs(wchar_t *restrict out, const char *restrict text, size_t size)
{
	(void)size;
	return out ? (size_t)-1 : strlen(text);
}

/* What fork waits for: threads that are being started. There are none. */
void __inhibit_ptc(void);
void __acquire_ptc(void);
void __release_ptc(void);

void __inhibit_ptc(void)
{
}

void __acquire_ptc(void)
{
}

void __release_ptc(void)
{
}
