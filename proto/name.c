/* name.c - see name.h. */
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

void name_from_mac(const uint8_t mac[6], char out[21])
{
	(void)snprintf(out, 21, "eui.%02x%02x%02xfffe%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
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

struct field {
	const char *text;
	size_t length;
};

/* Up to the next ':', which is passed over. False: there is none. */
static bool next_field(struct field *rest, struct field *out)
{
	const char *colon = memchr(rest->text, ':', rest->length);

	if (!colon)
		return false;
	*out = (struct field){rest->text, (size_t)(colon - rest->text)};
	rest->length -= out->length + 1;
	rest->text = colon + 1;
	return true;
}

/* "[" IPv6 "]" or up to the ':'. */
static bool next_server(struct field *rest, struct field *out)
{
	const char *end;

	if (!rest->length || rest->text[0] != '[')
		return next_field(rest, out);
	end = memchr(rest->text, ']', rest->length);
	if (!end || (size_t)(end + 1 - rest->text) >= rest->length || end[1] != ':')
		return false;
	*out = (struct field){rest->text + 1, (size_t)(end - rest->text) - 1};
	rest->length -= (size_t)(end + 2 - rest->text);
	rest->text = end + 2;
	return true;
}

static bool read_decimal(struct field f, unsigned long max, unsigned long *out)
{
	unsigned long value = 0;

	if (!f.length || f.length > 5 || !is_digits(f.text, f.length))
		return false;
	for (size_t i = 0; i < f.length; i++)
		value = value * 10 + (unsigned long)(f.text[i] - '0');
	*out = value;
	return value <= max;
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* grp *3("-" grp), each of 1 to 4 hexadecimal digits. */
static bool read_lun(struct field f, uint64_t *out)
{
	uint16_t group[4] = {0};
	unsigned n = 0, digits = 0;

	for (size_t i = 0; i < f.length; i++) {
		if (f.text[i] == '-' && digits && n < 3) {
			n++;
			digits = 0;
		} else if (is_hex(f.text[i]) && ++digits <= 4) {
			group[n] = (uint16_t)((unsigned)group[n] << 4 | digit(f.text[i]));
		} else {
			return false;
		}
	}
	*out = name_lun_of_groups(group);
	return !f.length || digits;
}

int name_root_path(const char *text, size_t length, struct root_path *out, const char **why)
{
	struct field rest = {text, length}, server, protocol, port, lun;
	struct root_path path = {.port = ISCSI_PORT};
	unsigned long number = ISCSI_PORT;

	*why = "expected iscsi:<server>:<protocol>:<port>:<LUN>:<target>";
	if (length < 6 || memcmp(text, "iscsi:", 6))
		return -ENOENT;
	rest = (struct field){text + 6, length - 6};
	if (!next_server(&rest, &server) || !next_field(&rest, &protocol) || !next_field(&rest, &port) ||
	    !next_field(&rest, &lun))
		return -EINVAL;
	*why = "the server's name is too long";
	if (server.length >= sizeof(path.server) || memchr(server.text, 0, server.length))
		return -EINVAL;
	*why = "the protocol: expected nothing or 6 (TCP)";
	if (protocol.length && !(protocol.length == 1 && protocol.text[0] == '6'))
		return -EINVAL;
	*why = "the port: expected nothing or a number from 1 to 65535";
	if (port.length && (!read_decimal(port, 65535, &number) || !number))
		return -EINVAL;
	*why = "the LUN: expected up to four groups of hexadecimal digits, joined with '-'";
	if (!read_lun(lun, &path.lun))
		return -EINVAL;
	if (name_check(rest.text, rest.length, why))
		return -EINVAL;
	memcpy(path.server, server.text, server.length);
	memcpy(path.target, rest.text, rest.length);
	path.port = (uint16_t)number;
	*out = path;
	*why = NULL;
	return 0;
}
