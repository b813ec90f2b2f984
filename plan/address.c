/* address.c - addresses, prefixes, hardware addresses and portals as text. See address.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/iscsi_abi.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

int address_read(struct text text, struct address *address)
{
	struct address read = {0};
	char copy[ADDRESS_TEXT_MAX];

	if (text.length > 2 && text.at[0] == '[' && text.at[text.length - 1] == ']') {
		text = (struct text){.at = text.at + 1, .length = text.length - 2};
		if (!text_has(text, ':'))
			return -EINVAL;
	}
	if (text_copy(text, copy, sizeof(copy)) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, copy, read.bytes) == 1)
		read.family = 4;
	else if (inet_pton(AF_INET6, copy, read.bytes) == 1)
		read.family = 6;
	else
		return -EINVAL;
	*address = read;
	return 0;
}

bool address_is_same(const char *a, const char *b)
{
	struct address first, second;

	return !address_read(text_of(a), &first) && !address_read(text_of(b), &second) &&
	       !memcmp(&first, &second, sizeof(first));
}

bool address_is_link_local(const struct address *address)
{
	return address->family == 6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

const char *address_write(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
	out[0] = 0;
	if (address->family)
		inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, out, ADDRESS_TEXT_MAX);
	return out;
}

int address_read_prefix(struct text text, struct address *address, uint8_t *prefix, bool *has_prefix)
{
	struct text bits = text, bare = text_cut(&bits, '/');
	struct address read;

	if (bits.at && text.at[0] == '[' && text.at[text.length - 1] == ']') { /* [address/prefix] */
		bare = (struct text){.at = bare.at + 1, .length = bare.length - 1};
		bits.length--;
	}
	if (address_read(bare, &read) < 0)
		return -EINVAL;
	if (bits.at && address_read_mask(bits, read.family, prefix) < 0)
		return -EINVAL;
	if (has_prefix)
		*has_prefix = bits.at != NULL;
	*address = read;
	return 0;
}

static int read_dotted_mask(struct text text, uint8_t *prefix)
{
	struct address mask;
	uint32_t bits;
	uint8_t ones = 0;

	if (address_read(text, &mask) < 0 || mask.family != 4)
		return -EINVAL;
	bits = (uint32_t)mask.bytes[0] << 24 | (uint32_t)mask.bytes[1] << 16 | (uint32_t)mask.bytes[2] << 8 |
	       mask.bytes[3];
	for (; bits & 0x80000000u; bits <<= 1)
		ones++;
	if (bits)
		return -EINVAL;
	*prefix = ones;
	return 0;
}

int address_read_mask(struct text text, uint8_t family, uint8_t *prefix)
{
	uint64_t number;

	if (family != 6 && text_has(text, '.'))
		return read_dotted_mask(text, prefix);
	if (text_number(text, 10, family == 6 ? 128 : 32, &number) < 0)
		return -EINVAL;
	*prefix = (uint8_t)number;
	return 0;
}

uint8_t address_class(const struct address *address)
{
	if (address->bytes[0] < 128)
		return 8;
	return address->bytes[0] < 192 ? 16 : 24;
}

int address_read_mac(struct text text, char separator, uint8_t mac[6])
{
	uint8_t read[6];

	for (int i = 0; i < 6; i++) {
		struct text byte = text_cut(&text, separator);
		uint64_t number;

		if (byte.length > 2 || text_number(byte, 16, 0xff, &number) < 0 || !text.at != (i == 5))
			return -EINVAL;
		read[i] = (uint8_t)number;
	}
	memcpy(mac, read, sizeof(read));
	return 0;
}

int address_read_interface(struct text text, char out[PLAN_IFNAME_MAX])
{
	if (!text.length || text_is(text, ".") || text_is(text, ".."))
		return -EINVAL;
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '/' || text.at[i] == ':')
			return -EINVAL;
	return text_copy(text, out, PLAN_IFNAME_MAX) < 0 ? -EINVAL : 0;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A DNS name. If its last label is a number, an IPv4 address was meant. */
static bool is_host_name(struct text text)
{
	struct text label;
	uint64_t number;

	if (text.length && text.at[text.length - 1] == '.')
		text.length--;
	do {
		label = text_cut(&text, '.');
		if (!label.length || label.length > LABEL_MAX || label.at[0] == '-')
			return false;
		for (size_t i = 0; i < label.length; i++)
			if (!is_name_character(label.at[i]))
				return false;
	} while (text.at);
	return text_number(label, 10, UINT64_MAX, &number) == -EINVAL;
}

int address_read_host(struct text text, char out[PLAN_HOST_MAX], struct fault *fault)
{
	struct address address;

	if (text.length < PLAN_HOST_MAX && (address_read(text, &address) == 0 || is_host_name(text)))
		return text_copy(text, out, PLAN_HOST_MAX);
	return fault_expected(fault, text, "expected an IPv4 address, an [IPv6] address or a host name");
}

static int read_port(struct text text, struct portal *portal, struct fault *fault)
{
	uint64_t port;

	if (text_number(text, 10, 65535, &port) < 0 || port == 0)
		return fault_expected(fault, text, "port: expected a number from 1 to 65535");
	portal->port = (uint16_t)port;
	return 0;
}

static int read_portal6(struct text text, struct portal *portal, struct fault *fault)
{
	const char *close = memchr(text.at, ']', text.length);
	struct text inside, scope, host, port;
	struct address address;
	char shown[TEXT_SHOWN];

	if (!close)
		return fault_set(fault, text.at, "expected ']' after the IPv6 address %s", text_show(text, shown));
	inside = (struct text){.at = text.at + 1, .length = (size_t)(close - text.at) - 1};
	port = (struct text){.at = close + 1, .length = text.length - inside.length - 2};
	scope = inside;
	host = text_cut(&scope, '%');
	if (address_read(host, &address) < 0 || address.family != 6)
		return fault_expected(fault, host, "expected an IPv6 address between the brackets");
	if (scope.at && address_read_interface(scope, portal->scope) < 0)
		return fault_set(fault, scope.at, "expected an interface after '%%', not %s", text_show(scope, shown));
	if (port.length && port.at[0] != ':')
		return fault_expected(fault, port, "expected ':' and a port after ']'");
	text_copy(host, portal->host, sizeof(portal->host));
	if (!port.length)
		return 0;
	return read_port((struct text){.at = port.at + 1, .length = port.length - 1}, portal, fault);
}

int portal_read(struct text text, struct portal *portal, struct fault *fault)
{
	struct portal read = {.port = ISCSI_PORT};
	struct text port = text, host = text_cut(&port, ':');

	if (text_starts(text, "[")) {
		if (read_portal6(text, &read, fault) < 0)
			return -EINVAL;
	} else {
		if (text_has(port, ':'))
			return fault_expected(fault, text, "expected an IPv6 address in brackets, [address]:port");
		if (address_read_host(host, read.host, fault) < 0)
			return -EINVAL;
		if (port.at && read_port(port, &read, fault) < 0)
			return -EINVAL;
	}
	*portal = read;
	return 0;
}

const char *portal_write(const struct portal *portal, char out[PORTAL_TEXT_MAX])
{
	const char *percent = portal->scope[0] ? "%" : "";

	if (strchr(portal->host, ':'))
		snprintf(out, PORTAL_TEXT_MAX, "[%s%s%s]:%u", portal->host, percent, portal->scope, portal->port);
	else
		snprintf(out, PORTAL_TEXT_MAX, "%s:%u", portal->host, portal->port);
	return out;
}
