/* name.c - see name.h. */
/* SPDX-License-Identifier: MIT */
#include "proto/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/iscsi_abi.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool all_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_hex(text[i]))
			return false;
	}
	return true;
}

/* RFC 7143 4.2.7.2: after normalisation only these ASCII characters stay; bytes of UTF-8 are let through. */
static bool all_iqn(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    c != '-' && c != '.' && c != ':' && c != '_')
			return false;
	}
	return true;
}

static bool is_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

/* iqn.yyyy-mm.reversed.domain[:anything] */
static bool is_iqn(const char *name, size_t length)
{
	return length > 12 && is_digits(name + 4, 4) && name[8] == '-' && is_digits(name + 9, 2) && name[11] == '.' &&
	       all_iqn(name, length);
}

int name_check(const char *name, size_t length, const char **why)
{
	*why = NULL;
	if (length > NAME_MAX_BYTES)
		*why = "a name has at most 223 bytes";
	else if (length >= 4 && !memcmp(name, "iqn.", 4))
		*why = is_iqn(name, length) ? NULL : "expected iqn.<yyyy>-<mm>.<reversed domain>[:<name>]";
	else if (length >= 4 && !memcmp(name, "eui.", 4))
		*why = length == 20 && all_hex(name + 4, 16) ? NULL : "expected eui. and 16 hexadecimal digits";
	else if (length >= 4 && !memcmp(name, "naa.", 4))
		*why = (length == 20 || length == 36) && all_hex(name + 4, length - 4)
			       ? NULL
			       : "expected naa. and 16 or 32 hexadecimal digits";
	else
		*why = "expected a name that begins with iqn., eui. or naa.";
	return *why ? -EINVAL : 0;
}

bool name_is_usable(struct text name)
{
	for (size_t i = 0; i < name.length; i++)
		if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f)
			return false;
	return name.length > 0 && name.length <= NAME_MAX_BYTES;
}

bool name_has_type(struct text name)
{
	struct text type = {.at = name.at, .length = name.length < 4 ? name.length : 4};

	return text_is_word(type, "iqn.") || text_is_word(type, "eui.") || text_is_word(type, "naa.");
}

const char *name_oddity(struct text name)
{
	const char *why;

	if (name_check(name.at, name.length, &why) < 0)
		return why;
	for (size_t i = 0; text_starts(name, "iqn.") && i < name.length; i++)
		if (name.at[i] == '_' || (name.at[i] >= 'A' && name.at[i] <= 'Z'))
			return "expected only lower case letters, digits, '-', '.' and ':'";
	return NULL;
}

void name_from_mac(const uint8_t mac[6], char out[21])
{
	snprintf(out, 21, "eui.%02x%02x%02xfffe%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

void name_isid(uint32_t n, uint8_t isid[6])
{
	const uint8_t bytes[6] = {0x00, 0x02, 0x3d, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	memcpy(isid, bytes, sizeof(bytes));
}

/* kernel: drivers/scsi/scsi_common.c, scsilun_to_int: the first group is the number's lowest. */
uint64_t name_lun_of_groups(const uint16_t group[4])
{
	return (uint64_t)group[0] | (uint64_t)group[1] << 16 | (uint64_t)group[2] << 32 | (uint64_t)group[3] << 48;
}

void name_lun_bytes(uint64_t lun, uint8_t bytes[8])
{
	for (int i = 0; i < 4; i++) {
		bytes[i * 2] = (uint8_t)(lun >> (i * 16 + 8));
		bytes[i * 2 + 1] = (uint8_t)(lun >> (i * 16));
	}
}

/* ---- RFC 4173 ---- */

bool name_is_tcp(struct text protocol)
{
	return !protocol.length || text_is(protocol, "6") || text_is_word(protocol, "tcp");
}

int name_read_lun(struct text text, uint64_t *lun)
{
	uint16_t groups[4] = {0};
	unsigned count = 0;

	do {
		struct text group = text_cut(&text, '-');
		uint64_t number;

		if (count == 4 || group.length > 4 || text_number(group, 16, 0xffff, &number) < 0)
			return -EINVAL;
		groups[count++] = (uint16_t)number;
	} while (text.at);
	*lun = name_lun_of_groups(groups);
	return 0;
}

/* "[" IPv6 "]" or what stands before the next ':'. Cuts *rest behind that ':'. False: there is none. */
static bool cut_server(struct text *rest, struct text *server)
{
	*server = text_cut_bracketed(rest, ':');
	if (!rest->at)
		return false;
	if (!text_starts(*server, "["))
		return true;
	if (server->at[server->length - 1] != ']')
		return false;
	*server = (struct text){.at = server->at + 1, .length = server->length - 2};
	return true;
}

/* The fields between server and target: their values, or the constant that says what was expected. */
static const char *read_fields(struct text protocol, struct text port, struct text lun, struct root_path *path)
{
	uint64_t number = ISCSI_PORT;

	if (!name_is_tcp(protocol))
		return "the protocol: expected nothing or 6 (TCP)";
	if (port.length && (text_number(port, 10, 65535, &number) < 0 || !number))
		return "the port: expected nothing or a number from 1 to 65535";
	path->port = (uint16_t)number;
	if (lun.length && name_read_lun(lun, &path->lun) < 0)
		return "the LUN: expected up to four groups of hexadecimal digits, joined with '-'";
	return NULL;
}

int name_root_path(const char *text, size_t length, struct root_path *out, const char **why)
{
	struct text rest = {.at = text, .length = length}, server, protocol, port, lun;
	struct root_path path = {.port = ISCSI_PORT};

	*why = "expected iscsi:<server>:<protocol>:<port>:<LUN>:<target>";
	if (!text_starts(rest, "iscsi:"))
		return -ENOENT;
	rest = text_skip(rest, strlen("iscsi:"));
	if (!cut_server(&rest, &server))
		return -EINVAL;
	protocol = text_cut(&rest, ':');
	port = text_cut(&rest, ':');
	lun = text_cut(&rest, ':');
	if (!rest.at)
		return -EINVAL;
	*why = "the server's name is too long";
	if (text_copy(server, path.server, sizeof(path.server)) < 0)
		return -EINVAL;
	*why = read_fields(protocol, port, lun, &path);
	if (*why)
		return -EINVAL;
	*why = "the target: expected a name that begins with iqn., eui. or naa.";
	if (!name_has_type(rest) || !name_is_usable(rest))
		return -EINVAL;
	memcpy(path.target, rest.at, rest.length);
	*out = path;
	*why = NULL;
	return 0;
}
