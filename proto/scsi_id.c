/* scsi_id.c - see scsi_id.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/scsi_id.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/scsi.h"

/* SPC-4 7.8.6: a designation descriptor. */
struct designator {
	uint8_t association, type, length;
	const uint8_t *bytes;
};

/* The page's own part, whole or what there is of it. */
static int open_page(struct reader *r, const uint8_t *page, size_t length, uint8_t code)
{
	struct reader whole = reader_of(page, length);
	uint16_t said;
	uint8_t is;

	read_skip(&whole, 1);
	is = read_u8(&whole);
	said = read_be16(&whole);
	if (whole.bad || is != code)
		return -EINVAL;
	*r = read_sub(&whole, said < whole.left ? said : whole.left);
	return 0;
}

/* False: no more, or it breaks off. */
static bool next_designator(struct reader *r, struct designator *out)
{
	uint8_t flags;

	read_skip(r, 1);
	flags = read_u8(r);
	read_skip(r, 1);
	out->association = flags >> 4 & 3;
	out->type = flags & 0xf;
	out->length = read_u8(r);
	out->bytes = read_bytes(r, out->length);
	return !r->bad;
}

/* A higher number is preferred; 0: of no use. */
static unsigned preference(const struct designator *d)
{
	if (d->association || !d->length || d->length > SCSI_ID_MAX)
		return 0;
	switch (d->type) {
	case 3:
		switch (d->bytes[0] >> 4) {
		case 6:
			return 9;
		case 5:
			return 8;
		case 3: /* locally assigned: unique nowhere */
			return 2;
		default:
			return 7;
		}
	case 2:
		return 5;
	case 8:
		return 4;
	case 1:
		return 3;
	default:
		return 0;
	}
}

static enum scsi_id_kind kind_of(const struct designator *d)
{
	static const enum scsi_id_kind kinds[] = {
		[1] = SCSI_ID_T10, [2] = SCSI_ID_EUI, [3] = SCSI_ID_NAA, [8] = SCSI_ID_NAME};

	if (d->type >= sizeof(kinds) / sizeof(kinds[0]))
		return SCSI_ID_NONE;
	return kinds[d->type];
}

/* FNV-1a. */
static uint32_t hash(const uint8_t *bytes, size_t length)
{
	uint32_t value = 2166136261U;

	for (size_t i = 0; i < length; i++)
		value = (value ^ bytes[i]) * 16777619U;
	return value;
}

void scsi_id_set(struct scsi_id *out, enum scsi_id_kind kind, const uint8_t *bytes, size_t length)
{
	memset(out, 0, sizeof(*out));
	out->kind = (uint8_t)kind;
	out->length = (uint8_t)length;
	out->hash = hash(bytes, length);
	memcpy(out->bytes, bytes, length < SCSI_ID_KEPT ? length : SCSI_ID_KEPT);
}

int scsi_id_choose(const uint8_t *page, size_t length, struct scsi_id *out)
{
	struct designator d, best = {0};
	struct reader r;

	if (open_page(&r, page, length, SCSI_PAGE_IDENTIFIERS))
		return -EINVAL;
	while (next_designator(&r, &d)) {
		if (preference(&d) > (best.bytes ? preference(&best) : 0))
			best = d;
	}
	if (!best.bytes)
		return -ENOENT;
	scsi_id_set(out, kind_of(&best), best.bytes, best.length);
	return 0;
}

bool scsi_id_is_in(const uint8_t *page, size_t length, const struct scsi_id *id)
{
	struct designator d;
	struct scsi_id found;
	struct reader r;

	if (open_page(&r, page, length, SCSI_PAGE_IDENTIFIERS))
		return false;
	while (next_designator(&r, &d)) {
		if (!preference(&d))
			continue;
		scsi_id_set(&found, kind_of(&d), d.bytes, d.length);
		if (scsi_id_is_same(&found, id))
			return true;
	}
	return false;
}

int scsi_id_port_group(const uint8_t *page, size_t length, uint16_t *out)
{
	struct designator d;
	struct reader r;

	if (open_page(&r, page, length, SCSI_PAGE_IDENTIFIERS))
		return -ENOENT;
	while (next_designator(&r, &d)) {
		if (d.association != 1 || d.type != 5 || d.length != 4)
			continue;
		*out = (uint16_t)(d.bytes[2] << 8 | d.bytes[3]);
		return 0;
	}
	return -ENOENT;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == 0;
}

int scsi_id_serial(const uint8_t *page, size_t length, struct scsi_id *out)
{
	struct reader r;

	if (open_page(&r, page, length, SCSI_PAGE_SERIAL))
		return -EINVAL;
	while (r.left && is_blank(r.at[0]))
		read_skip(&r, 1);
	while (r.left && is_blank(r.at[r.left - 1]))
		r.left--;
	if (!r.left || r.left > SCSI_ID_MAX)
		return -ENOENT;
	scsi_id_set(out, SCSI_ID_SERIAL, r.at, r.left);
	return 0;
}

bool scsi_id_is_same(const struct scsi_id *a, const struct scsi_id *b)
{
	return a->kind == b->kind && a->length == b->length && a->hash == b->hash &&
	       !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

const char *scsi_id_text(const struct scsi_id *id, char out[SCSI_ID_TEXT])
{
	static const char *const prefixes[] = {
		[SCSI_ID_NONE] = "unknown", [SCSI_ID_SERIAL] = "serial ", [SCSI_ID_T10] = "t10.",
		[SCSI_ID_NAME] = "",        [SCSI_ID_EUI] = "eui.",       [SCSI_ID_NAA] = "naa."};
	bool binary = id->kind == SCSI_ID_EUI || id->kind == SCSI_ID_NAA;
	size_t used = (size_t)snprintf(out, SCSI_ID_TEXT, "%s", prefixes[id->kind]), i;

	for (i = 0; i < id->length && i < SCSI_ID_KEPT && used + 6 < SCSI_ID_TEXT; i++) {
		uint8_t c = id->bytes[i];

		used += (size_t)snprintf(out + used, SCSI_ID_TEXT - used, binary ? "%02x" : "%c",
					 binary || (c >= ' ' && c < 0x7f) ? c : '?');
	}
	if (i < id->length)
		(void)snprintf(out + used, SCSI_ID_TEXT - used, "...");
	return out;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("#+-.:=@_", c));
}

/* Blanks at the ends go, others become one '_', and what is not for file names, too. */
static void write_name(const struct scsi_id *id, char *out)
{
	const char *first = out;

	for (int i = 0; i < id->length; i++) {
		uint8_t c = id->bytes[i];

		if (!is_blank(c) || (out > first && out[-1] != '_'))
			*out++ = is_name_byte(c) ? (char)c : '_';
	}
	while (out > first && out[-1] == '_')
		out--;
	*out = '\0';
}

int scsi_id_wwid(const struct scsi_id *id, char out[SCSI_ID_WWID])
{
	static const char digits[] = {
		[SCSI_ID_T10] = '1', [SCSI_ID_NAME] = '8', [SCSI_ID_EUI] = '2', [SCSI_ID_NAA] = '3'};

	if (id->kind < SCSI_ID_T10 || id->length > SCSI_ID_KEPT)
		return -ENOENT;
	out[0] = digits[id->kind];
	out[1] = '\0';
	if (id->kind < SCSI_ID_EUI)
		write_name(id, out + 1);
	else
		for (int i = 0; i < id->length; i++)
			(void)snprintf(out + 1 + 2 * i, 3, "%02x", id->bytes[i]);
	return 0;
}

bool scsi_id_is_unique(const struct scsi_id *id)
{
	if (id->kind == SCSI_ID_EUI)
		return id->bytes[0] || id->bytes[1] || id->bytes[2];
	if (id->kind != SCSI_ID_NAA || id->bytes[0] >> 4 == 3)
		return false;
	return id->bytes[0] & 0xf || id->bytes[1] || id->bytes[2] || id->bytes[3] >> 4;
}
