/* mountinfo.c - see mountinfo.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/mountinfo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define FIELDS_BEFORE_DASH 5 /* that are read; the optional ones come after them */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

char *mountinfo_unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && is_octal(in[2]) && is_octal(in[3])) {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
	return text;
}

/* Ends the field at *rest and moves on to the next one. NULL: there is none. */
static char *next_field(char **rest)
{
	char *field = *rest;

	if (!*field)
		return NULL;
	*rest += strcspn(*rest, " \n");
	if (**rest)
		*(*rest)++ = '\0';
	return field;
}

static bool read_device(const char *text, dev_t *device)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), second;

	if (end == text || *end != ':')
		return false;
	second = strtoul(end + 1, &end, 10);
	*device = makedev((unsigned)first, (unsigned)second);
	return !*end;
}

bool mountinfo_read(char *line, struct mountinfo *mount)
{
	char *fields[FIELDS_BEFORE_DASH], *field;

	for (int i = 0; i < FIELDS_BEFORE_DASH; i++) {
		fields[i] = next_field(&line);
		if (!fields[i])
			return false;
	}
	while ((field = next_field(&line)) && strcmp(field, "-") != 0)
		;
	if (!field || !next_field(&line) || !(field = next_field(&line)) || !read_device(fields[2], &mount->device))
		return false;
	mount->path = mountinfo_unescape(fields[4]);
	mount->source = mountinfo_unescape(field);
	return true;
}
