/* dhcp6.c - DHCPv6 messages: writes a client's, reads a server's (RFC 8415 7-21, 3646, 5970).
 *
 * Owns the layout, the options and every check that one message allows by itself. What it means at this moment is
 * dhcp6_client.c's.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/dhcp6.h"

#include <string.h>

#include "proto/bytes.h"

enum option {
	OPTION_CLIENT_ID = 1,
	OPTION_SERVER_ID = 2,
	OPTION_IA_NA = 3,
	OPTION_ADDRESS = 5,
	OPTION_WANTED = 6,
	OPTION_PREFERENCE = 7,
	OPTION_ELAPSED = 8,
	OPTION_STATUS = 13,
	OPTION_RAPID_COMMIT = 14,
	OPTION_USER_CLASS = 15,
	OPTION_DNS = 23,
	OPTION_DOMAINS = 24,
	OPTION_BOOT_URL = 59,
	OPTION_BOOT_PARAMS = 60
};

#define DUID_LL 3 /* RFC 8415 11.4 */

static const char product[] = "iscsi-init"; /* user class */

/* Writing */

static void put_header(struct writer *w, enum option code, size_t length)
{
	write_be16(w, (uint16_t)code);
	write_be16(w, (uint16_t)length);
}

static size_t client_duid(const struct dhcp6_config *config, uint8_t duid[DHCP6_DUID_MAX])
{
	struct writer w = writer_of(duid, DHCP6_DUID_MAX);

	if (config->duid_length) {
		write_bytes(&w, config->duid, config->duid_length);
	} else {
		write_be16(&w, DUID_LL);
		write_be16(&w, config->hardware_type ? config->hardware_type : 1);
		write_bytes(&w, config->mac, sizeof(config->mac));
	}
	return w.used;
}

/* RFC 8415 18.2.4, 21.4: times are the server's to say; an address only where there is one to speak of. */
static void put_address(struct writer *w, const struct dhcp6_config *config, const uint8_t *address)
{
	put_header(w, OPTION_IA_NA, address ? 40 : 12);
	write_be32(w, config->iaid);
	write_zeros(w, 8);
	if (!address)
		return;
	put_header(w, OPTION_ADDRESS, 24);
	write_bytes(w, address, 16);
	write_zeros(w, 8);
}

static void put_wishes(struct writer *w)
{
	put_header(w, OPTION_WANTED, 8);
	write_be16(w, OPTION_DNS);
	write_be16(w, OPTION_DOMAINS);
	write_be16(w, OPTION_BOOT_URL);
	write_be16(w, OPTION_BOOT_PARAMS);
	put_header(w, OPTION_USER_CLASS, 2 + sizeof(product) - 1);
	write_be16(w, sizeof(product) - 1);
	write_text(w, product);
}

static bool names_server(enum dhcp6_message type)
{
	return type == DHCP6_REQUEST || type == DHCP6_RENEW || type == DHCP6_RELEASE || type == DHCP6_DECLINE;
}

static bool asks_for_options(enum dhcp6_message type)
{
	return type != DHCP6_CONFIRM && type != DHCP6_RELEASE && type != DHCP6_DECLINE;
}

size_t dhcp6_build(const struct dhcp6_config *config, enum dhcp6_message type, uint32_t xid, uint16_t elapsed,
		   const struct dhcp6_lease *about, uint8_t *bytes)
{
	struct writer w = writer_of(bytes, DHCP_MESSAGE_MAX);
	uint8_t duid[DHCP6_DUID_MAX];
	size_t duid_length = client_duid(config, duid);

	write_u8(&w, (uint8_t)type);
	write_be24(&w, xid);
	put_header(&w, OPTION_CLIENT_ID, duid_length);
	write_bytes(&w, duid, duid_length);
	if (names_server(type)) {
		put_header(&w, OPTION_SERVER_ID, about->server_length);
		write_bytes(&w, about->server, about->server_length);
	}
	put_header(&w, OPTION_ELAPSED, 2);
	write_be16(&w, elapsed);
	if (type != DHCP6_INFORMATION_REQUEST)
		put_address(&w, config, type == DHCP6_SOLICIT ? NULL : about->address);
	if (type == DHCP6_SOLICIT && !config->no_rapid_commit)
		put_header(&w, OPTION_RAPID_COMMIT, 0);
	if (asks_for_options(type))
		put_wishes(&w);
	return w.bad ? 0 : w.used;
}

/* Reading: values. These return whether the value is what its option must hold, and fill the field only then. */

static bool read_dns(struct reader value, struct dhcp6_lease *lease)
{
	if (!value.left || value.left % 16)
		return false;
	while (value.left && lease->dns_count < DHCP_DNS_MAX)
		memcpy(lease->dns[lease->dns_count++], read_bytes(&value, 16), 16);
	return true;
}

static bool is_text(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return false;
	return true;
}

/* The first name of the list, RFC 8415 10: no compression. */
static bool read_domain(struct reader value, char *domain, size_t size)
{
	struct writer name = writer_of(domain, size - 1);
	uint8_t length = read_u8(&value);

	while (length && !value.bad) {
		const uint8_t *label = read_bytes(&value, length);

		if (name.used)
			write_u8(&name, '.');
		if (!label || length > 63 || !is_text(label, length) || memchr(label, '.', length) ||
		    memchr(label, ' ', length))
			value.bad = true;
		else
			write_bytes(&name, label, length);
		length = read_u8(&value);
	}
	domain[value.bad || name.bad ? 0 : name.used] = 0;
	return !value.bad && !name.bad;
}

static bool read_text(struct reader value, char *text, size_t size)
{
	while (value.left && !value.at[value.left - 1])
		value.left--;
	if (value.left >= size || !is_text(value.at, value.left))
		return false;
	if (value.left)
		memcpy(text, value.at, value.left);
	text[value.left] = 0;
	return true;
}

/* RFC 5970 3.2: counted texts. */
static bool read_params(struct reader value, char *text, size_t size)
{
	struct writer w = writer_of(text, size - 1);

	while (value.left && !w.bad) {
		struct reader param = read_sub(&value, read_be16(&value));

		if (param.bad || !is_text(param.at, param.left)) {
			w.bad = true;
			break;
		}
		if (w.used)
			write_u8(&w, ' ');
		write_bytes(&w, param.at, param.left);
	}
	text[w.bad ? 0 : w.used] = 0;
	return !w.bad;
}

/* Reading: the address */

static bool all_zero(const uint8_t *bytes, size_t length)
{
	while (length && !bytes[length - 1])
		length--;
	return !length;
}

static const char *check_address(const uint8_t *address)
{
	if (all_zero(address, 16))
		return "the address given is ::";
	if (all_zero(address, 15) && address[15] == 1)
		return "the address given is the loopback address";
	if (address[0] == 0xff)
		return "the address given is a multicast address";
	if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80)
		return "the address given is link-local";
	return NULL;
}

static const char *read_status(struct reader value, uint16_t *status)
{
	uint16_t code = read_be16(&value);

	if (value.bad)
		return "a status code is too short";
	if (code)
		*status = code;
	return NULL;
}

/* Options inside options: the next one, false at the end. Sets *bad when one runs past it. */
static bool next_option(struct reader *options, uint16_t *code, struct reader *value, bool *bad)
{
	if (!options->left)
		return false;
	*code = read_be16(options);
	*value = read_sub(options, read_be16(options));
	*bad = options->bad;
	return !*bad;
}

static const char past_end[] = "an option runs past the end of the packet";

/* The first address that is valid counts; one with a lifetime of 0 only while there is no other (RFC 8415 18.2.10.1).
 * One whose preferred lifetime is longer than the valid one, or with a bad status, is none (21.6). */
static const char *read_address(struct reader value, struct dhcp6_lease *lease)
{
	const uint8_t *address = read_bytes(&value, 16);
	uint32_t preferred = read_be32(&value), valid = read_be32(&value);
	uint16_t code, status = 0;
	const char *refusal = NULL;
	struct reader inner;
	bool bad = false;

	if (value.bad)
		return past_end;
	while (!refusal && next_option(&value, &code, &inner, &bad))
		if (code == OPTION_STATUS)
			refusal = read_status(inner, &status);
	if (bad || refusal)
		return bad ? past_end : refusal;
	if (status || preferred > valid || (lease->has_address && (lease->valid_s || !valid)))
		return NULL;
	memcpy(lease->address, address, 16);
	lease->preferred_s = preferred;
	lease->valid_s = valid;
	lease->has_address = true;
	return check_address(address);
}

static const char *read_identity(const struct dhcp6_config *config, struct reader value, struct dhcp6_lease *lease)
{
	uint32_t iaid = read_be32(&value), t1 = read_be32(&value), t2 = read_be32(&value);
	const char *refusal = NULL;
	struct reader inner;
	uint16_t code;
	bool bad = false;

	if (value.bad)
		return past_end;
	if (iaid != config->iaid || (t1 > t2 && t2)) /* 21.4: such a one is to be passed over */
		return NULL;
	lease->t1_s = t1;
	lease->t2_s = t2;
	while (!refusal && next_option(&value, &code, &inner, &bad)) {
		if (code == OPTION_ADDRESS)
			refusal = read_address(inner, lease);
		else if (code == OPTION_STATUS)
			refusal = read_status(inner, &lease->status);
	}
	return bad ? past_end : refusal;
}

/* RFC 8415 18.2.4, 21.4: half and four fifths of the preferred lifetime, where the server leaves it to us or where its
 * own times make no sense. */
static void repair_times(struct dhcp6_lease *lease)
{
	uint32_t base = lease->preferred_s ? lease->preferred_s : lease->valid_s;
	bool infinite = base == DHCP_INFINITE;

	if (!lease->t2_s || lease->t2_s > lease->valid_s)
		lease->t2_s = infinite ? DHCP_INFINITE : base / 5 * 4 + base % 5 * 4 / 5;
	if (!lease->t1_s || lease->t1_s > lease->t2_s)
		lease->t1_s = infinite ? DHCP_INFINITE : base / 2;
	if (lease->t1_s > lease->t2_s)
		lease->t1_s = lease->t2_s;
}

/* Reading: the message */

static const char *read_server(struct reader value, struct dhcp6_lease *lease)
{
	if (lease->server_length)
		return "there is more than one server identifier";
	if (value.left < 3 || value.left > DHCP6_DUID_MAX) /* RFC 8415 11.1 */
		return "the server identifier is not a DUID";
	memcpy(lease->server, value.at, value.left);
	lease->server_length = (uint8_t)value.left;
	return NULL;
}

static const char *check_client(const struct dhcp6_config *config, struct reader value)
{
	uint8_t duid[DHCP6_DUID_MAX];
	size_t length = client_duid(config, duid);

	return value.left == length && !memcmp(value.at, duid, length) ? NULL : "the client identifier is not ours";
}

/* What a lease can do without. */
static bool read_optional(uint16_t code, struct reader value, struct dhcp6_lease *lease)
{
	switch (code) {
	case OPTION_PREFERENCE:
		lease->preference = read_u8(&value);
		return !value.bad;
	case OPTION_RAPID_COMMIT:
		lease->rapid_commit = true;
		return true;
	case OPTION_DNS:
		return read_dns(value, lease);
	case OPTION_DOMAINS:
		return read_domain(value, lease->domain, sizeof(lease->domain));
	case OPTION_BOOT_URL:
		return read_text(value, lease->boot_url, sizeof(lease->boot_url));
	case OPTION_BOOT_PARAMS:
		return read_params(value, lease->boot_params, sizeof(lease->boot_params));
	default:
		return true;
	}
}

static const char *read_option(const struct dhcp6_config *config, uint16_t code, struct reader value,
			       struct dhcp6_lease *lease, bool *has_client)
{
	switch (code) {
	case OPTION_CLIENT_ID:
		*has_client = true;
		return check_client(config, value);
	case OPTION_SERVER_ID:
		return read_server(value, lease);
	case OPTION_IA_NA:
		return config->information_only ? NULL : read_identity(config, value, lease);
	case OPTION_STATUS:
		return read_status(value, &lease->status);
	default:
		if (!read_optional(code, value, lease))
			lease->malformed = code;
		return NULL;
	}
}

static const char *read_options(const struct dhcp6_config *config, struct reader r, struct dhcp6_lease *lease)
{
	bool has_client = false, bad = false;
	const char *refusal = NULL;
	struct reader value;
	uint16_t code;

	while (!refusal && next_option(&r, &code, &value, &bad))
		refusal = read_option(config, code, value, lease, &has_client);
	if (bad)
		return past_end;
	if (refusal)
		return refusal;
	if (!has_client)
		return "there is no client identifier";
	return lease->server_length ? NULL : "there is no server identifier";
}

int dhcp6_parse(const struct dhcp6_config *config, uint32_t xid, const uint8_t *bytes, size_t length,
		struct dhcp6_lease *lease, const char **reason)
{
	struct reader r = reader_of(bytes, length);
	uint8_t type = read_u8(&r);
	uint32_t id = read_be24(&r);

	memset(lease, 0, sizeof(*lease));
	if (r.bad)
		*reason = "the packet is too short for DHCPv6";
	else if (type != DHCP6_ADVERTISE && type != DHCP6_REPLY)
		*reason = "the message type is none that answers a client";
	else if (id != (xid & 0xffffff))
		*reason = "the packet answers another transaction";
	else
		*reason = read_options(config, r, lease);
	if (*reason)
		return -1;
	repair_times(lease);
	return type;
}
