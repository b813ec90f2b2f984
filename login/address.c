/* address.c - see address.h. */
/* SPDX-License-Identifier: MIT */
#include "login/address.h"

#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/iscsi_abi.h"

/* A mark (':' or ',') with a number up to 65535 behind it, if the text goes on with one. False: neither that nor its end
   nor another mark. */
static bool read_marked(struct reader *r, char mark, int32_t *value)
{
	uint32_t sum = 0;
	int digits = 0;

	if (!r->left || r->at[0] != mark)
		return true;
	read_skip(r, 1);
	for (; r->left && r->at[0] >= '0' && r->at[0] <= '9' && digits < 6; digits++)
		sum = sum * 10 + read_u8(r) - '0';
	*value = (int32_t)sum;
	return digits && sum <= 65535;
}

/* The host's part of the text: in brackets, or up to the mark. NULL: there is none. */
static const uint8_t *read_host(struct reader *r, size_t *length)
{
	bool brackets = r->left && r->at[0] == '[';
	const uint8_t *host;

	read_skip(r, brackets);
	host = r->at;
	for (*length = 0; *length < r->left; ++*length) {
		uint8_t c = host[*length];

		if (brackets ? c == ']' : c == ':' || c == ',')
			break;
		if (c <= ' ' || c > '~' || c == '[')
			return NULL;
	}
	if (!*length || (brackets && *length == r->left))
		return NULL;
	read_skip(r, *length + brackets);
	return host;
}

int login_read_address(const char *text, size_t length, struct login_redirect *out)
{
	struct login_redirect address = {.tpgt = -1};
	struct reader r = reader_of(text, length);
	int32_t port = ISCSI_PORT;
	size_t host_length;
	const uint8_t *host = read_host(&r, &host_length), *zone = host ? memchr(host, '%', host_length) : NULL;

	if (zone) /* RFC 4007 11.2: of the target's machine; it says nothing here */
		host_length = (size_t)(zone - host);
	if (!host || !host_length || host_length >= sizeof(address.host))
		return -EINVAL;
	memcpy(address.host, host, host_length);
	if (!read_marked(&r, ':', &port) || !port || !read_marked(&r, ',', &address.tpgt) || r.left)
		return -EINVAL;
	address.port = (uint16_t)port;
	*out = address;
	return 0;
}
