/* dhcp.c - DHCPv4 messages: writes a client's, reads a server's.
 *
 * Owns the layout (RFC 2131 2), the options (RFC 2132, 3004, 3442), their joining and overload (RFC 3396) and every
 * check that one message allows by itself. What it means at this moment is dhcp_client.c's.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/dhcp.h"

#include <string.h>

#include "proto/bytes.h"

#define MAGIC_COOKIE 0x63825363u /* RFC 2131 3 */
#define BOOT_REQUEST 1
#define BOOT_REPLY   2
#define MESSAGE_MIN  300 /* BOOTP's fixed size: relays and old servers drop shorter ones, RFC 1542 2.1 */
#define MTU_MIN      68  /* RFC 2132 5.1 */

enum option {
	OPTION_PAD = 0,
	OPTION_NETMASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_LOG_SERVER = 7,
	OPTION_HOSTNAME = 12,
	OPTION_DOMAIN = 15,
	OPTION_ROOT_PATH = 17,
	OPTION_MTU = 26,
	OPTION_NTP = 42,
	OPTION_REQUESTED = 50,
	OPTION_LEASE = 51,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_PARAMETERS = 55,
	OPTION_MESSAGE_SIZE = 57,
	OPTION_T1 = 58,
	OPTION_T2 = 59,
	OPTION_VENDOR_CLASS = 60,
	OPTION_CLIENT_ID = 61,
	OPTION_USER_CLASS = 77,
	OPTION_ROUTES = 121,
	OPTION_ETHERBOOT = 175,
	OPTION_INITIATOR = 203,
	OPTION_END = 255
};

/* Inside option 175. */
enum { ETHERBOOT_USER = 190, ETHERBOOT_SECRET, ETHERBOOT_IN_USER, ETHERBOOT_IN_SECRET };

static const char product[] = "iscsi-init"; /* vendor class and user class */

/* RFC 3442: classless routes are asked for before routers. */
static const uint8_t wanted[] = {OPTION_LOG_SERVER, OPTION_NETMASK, OPTION_ROUTES,    OPTION_ROUTER,
				 OPTION_DNS,        OPTION_DOMAIN,  OPTION_HOSTNAME,  OPTION_ROOT_PATH,
				 OPTION_MTU,        OPTION_LEASE,   OPTION_T1,        OPTION_T2,
				 OPTION_NTP,        OPTION_SERVER,  OPTION_ETHERBOOT, OPTION_INITIATOR};

static uint8_t hardware_type(const struct dhcp_config *config)
{
	return config->hardware_type ? config->hardware_type : 1;
}

/* Writing */

static void put_option(struct writer *w, uint8_t code, const void *value, size_t length)
{
	write_u8(w, code);
	write_u8(w, (uint8_t)length);
	write_bytes(w, value, length);
}

static void put_address(struct writer *w, uint8_t code, uint32_t address)
{
	if (!address)
		return;
	write_u8(w, code);
	write_u8(w, 4);
	write_be32(w, address);
}

/* The bytes of option 61; 0: not sent. */
static size_t client_id(const struct dhcp_config *config, uint8_t id[64])
{
	switch (config->client_id_mode) {
	case DHCP_CLIENT_ID_MAC:
		id[0] = hardware_type(config);
		memcpy(id + 1, config->mac, 6);
		return 7;
	case DHCP_CLIENT_ID_GIVEN:
		if (config->client_id_length > 64)
			return 0;
		memcpy(id, config->client_id, config->client_id_length);
		return config->client_id_length;
	case DHCP_CLIENT_ID_NONE:
		break;
	}
	return 0;
}

static void put_header(struct writer *w, const struct dhcp_config *config, const struct dhcp_request *request)
{
	write_u8(w, BOOT_REQUEST);
	write_u8(w, hardware_type(config));
	write_u8(w, sizeof(config->mac));
	write_u8(w, 0);
	write_be32(w, request->xid);
	write_be16(w, request->seconds);
	write_be16(w, config->broadcast ? 0x8000 : 0);
	write_be32(w, request->client);
	write_zeros(w, 12); /* yiaddr, siaddr, giaddr */
	write_bytes(w, config->mac, sizeof(config->mac));
	write_zeros(w, 10 + 64 + 128); /* rest of chaddr, sname, file */
	write_be32(w, MAGIC_COOKIE);
}

/* What a message that wants an answer carries besides. */
static void put_wishes(struct writer *w, const struct dhcp_config *config)
{
	size_t name = strnlen(config->hostname, sizeof(config->hostname));
	size_t vendor = strnlen(config->vendor_class, sizeof(config->vendor_class));

	write_u8(w, OPTION_MESSAGE_SIZE);
	write_u8(w, 2);
	write_be16(w, DHCP_MESSAGE_MAX + 28);
	put_option(w, OPTION_PARAMETERS, wanted, sizeof(wanted));
	if (vendor)
		put_option(w, OPTION_VENDOR_CLASS, config->vendor_class, vendor);
	else
		put_option(w, OPTION_VENDOR_CLASS, product, sizeof(product) - 1);
	write_u8(w, OPTION_USER_CLASS); /* RFC 3004 4: a list of counted texts */
	write_u8(w, sizeof(product));
	write_u8(w, sizeof(product) - 1);
	write_bytes(w, product, sizeof(product) - 1);
	if (name)
		put_option(w, OPTION_HOSTNAME, config->hostname, name);
}

size_t dhcp_build(const struct dhcp_config *config, const struct dhcp_request *request, uint8_t *bytes)
{
	struct writer w = writer_of(bytes, DHCP_MESSAGE_MAX);
	uint8_t id[64], type = (uint8_t)request->type;
	size_t id_length = client_id(config, id);

	put_header(&w, config, request);
	put_option(&w, OPTION_TYPE, &type, 1);
	if (id_length)
		put_option(&w, OPTION_CLIENT_ID, id, id_length);
	put_address(&w, OPTION_REQUESTED, request->requested);
	put_address(&w, OPTION_SERVER, request->server);
	if (request->type == DHCP_DISCOVER || request->type == DHCP_REQUEST)
		put_wishes(&w, config);
	write_u8(&w, OPTION_END);
	if (w.used < MESSAGE_MIN)
		write_zeros(&w, MESSAGE_MIN - w.used);
	return w.bad ? 0 : w.used;
}

/* Reading: the areas that hold options */

struct areas {
	struct reader area[3]; /* options, file, sname: the order in which RFC 3396 5 joins them */
	size_t count;
};

/* Appends the values of option `code` (PAD: of none) in one area to `value`. False: an option runs past the end. */
static bool collect(struct reader area, uint8_t code, struct writer *value, unsigned *found)
{
	while (area.left) {
		uint8_t tag = read_u8(&area);
		struct reader body;

		if (tag == OPTION_PAD)
			continue;
		if (tag == OPTION_END)
			break;
		body = read_sub(&area, read_u8(&area));
		if (body.bad)
			return false;
		if (tag == code) {
			write_bytes(value, body.at, body.left);
			++*found;
		}
	}
	return true;
}

/* The joined value of an option in buffer[DHCP_MESSAGE_MAX]. False: it is absent. All areas are known to be sound, and
 * together hold no more than a message. */
static bool find_option(const struct areas *areas, uint8_t code, uint8_t *buffer, struct reader *value)
{
	struct writer w = writer_of(buffer, DHCP_MESSAGE_MAX);
	unsigned found = 0;

	for (size_t i = 0; i < areas->count; i++)
		(void)collect(areas->area[i], code, &w, &found);
	*value = reader_of(buffer, w.used);
	return found > 0;
}

static const char *add_area(struct areas *areas, struct reader area)
{
	unsigned found = 0;

	if (!collect(area, OPTION_PAD, NULL, &found))
		return "an option runs past the end of the packet";
	areas->area[areas->count++] = area;
	return NULL;
}

/* RFC 2132 9.3. An overload option inside the overloaded fields has no meaning, and none is looked for there. */
static const char *find_areas(struct areas *areas, struct reader options, struct reader file, struct reader sname)
{
	const char *refusal = add_area(areas, options);
	uint8_t buffer[DHCP_MESSAGE_MAX];
	struct reader value;
	uint8_t overload;

	if (refusal || !find_option(areas, OPTION_OVERLOAD, buffer, &value))
		return refusal;
	overload = read_u8(&value);
	if (value.left || overload < 1 || overload > 3)
		return "option overload is not 1, 2 or 3";
	if (overload & 1)
		refusal = add_area(areas, file);
	if (!refusal && overload & 2)
		refusal = add_area(areas, sname);
	return refusal;
}

/* Reading: values. Each returns whether the value is what its option must hold, and fills the field only then. */

static bool read_number(struct reader value, uint32_t *number)
{
	uint32_t n = read_be32(&value);

	if (value.bad || value.left)
		return false;
	*number = n;
	return true;
}

static bool read_mtu(struct reader value, uint16_t *mtu)
{
	uint16_t n = read_be16(&value);

	if (value.bad || value.left || n < MTU_MIN)
		return false;
	*mtu = n;
	return true;
}

static bool read_netmask(struct reader value, uint8_t *prefix)
{
	uint32_t mask = 0;

	if (!read_number(value, &mask) || !mask || (~mask & (~mask + 1)))
		return false;
	*prefix = (uint8_t)__builtin_popcount(mask);
	return true;
}

static bool is_unicast(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address < 0xe0000000u;
}

/* A list of addresses; those that can be nobody's are passed over. DNS may be on the loopback for all we know: it is
 * not, at a boot. */
static bool read_addresses(struct reader value, uint32_t *addresses, size_t size, uint8_t *count)
{
	if (!value.left || value.left % 4)
		return false;
	while (value.left && *count < size) {
		uint32_t address = read_be32(&value);

		if (is_unicast(address))
			addresses[(*count)++] = address;
	}
	return true;
}

/* Servers disagree on whether a text ends with 0 bytes (RFC 2132 2 says it should not). */
static bool read_text(struct reader value, char *text, size_t size, bool any_byte)
{
	size_t length = value.left;

	while (length && !value.at[length - 1])
		length--;
	if (!length)
		return true;
	if (length >= size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!value.at[i] || (!any_byte && (value.at[i] < 0x20 || value.at[i] == 0x7f)))
			return false;
	memcpy(text, value.at, length);
	text[length] = 0;
	return true;
}

/* RFC 3442: prefix length, as many bytes of the destination as it needs, gateway. */
static bool read_route(struct reader *r, struct dhcp_route *route)
{
	uint8_t prefix = read_u8(r);
	size_t significant = (prefix + 7u) / 8;

	if (prefix > 32)
		return false;
	route->prefix = prefix;
	route->destination =
		prefix ? (uint32_t)read_be(r, significant) << (32 - 8 * significant) & ~0u << (32 - prefix) : 0;
	route->gateway = read_be32(r);
	return !r->bad && (!route->gateway || is_unicast(route->gateway));
}

/* All or none: half a routing table is worse than the routers. */
static bool read_routes(struct reader value, struct dhcp_lease *lease)
{
	struct dhcp_route routes[DHCP_ROUTE_MAX];
	uint8_t count = 0;

	while (value.left) {
		if (count == DHCP_ROUTE_MAX || !read_route(&value, &routes[count]))
			return false;
		count++;
	}
	if (!count)
		return false;
	memcpy(lease->routes, routes, count * sizeof(*routes));
	lease->route_count = count;
	return true;
}

/* iPXE's settings, type-length-value like the options around them. */
static bool read_etherboot(struct reader value, struct dhcp_lease *lease)
{
	bool good = true;

	while (value.left) {
		uint8_t tag = read_u8(&value);
		struct reader body;

		if (tag == OPTION_PAD)
			continue;
		if (tag == OPTION_END)
			break;
		body = read_sub(&value, read_u8(&value));
		if (body.bad)
			return false;
		if (tag == ETHERBOOT_USER)
			good &= read_text(body, lease->chap_user, sizeof(lease->chap_user), false);
		if (tag == ETHERBOOT_SECRET)
			good &= read_text(body, lease->chap_secret, sizeof(lease->chap_secret), true);
		if (tag == ETHERBOOT_IN_USER)
			good &= read_text(body, lease->chap_in_user, sizeof(lease->chap_in_user), false);
		if (tag == ETHERBOOT_IN_SECRET)
			good &= read_text(body, lease->chap_in_secret, sizeof(lease->chap_in_secret), true);
	}
	return good;
}

/* A list of addresses, of which the first counts. */
static bool read_first(struct reader value, uint32_t *address)
{
	if (!value.left || value.left % 4)
		return false;
	*address = read_be32(&value);
	return true;
}

#define READ_ADDRESSES(value, list, count) read_addresses(value, list, sizeof(list) / sizeof(*(list)), count)
#define READ_TEXT(value, text)             read_text(value, text, sizeof(text), false)

static bool read_option(uint8_t code, struct reader value, struct dhcp_lease *lease)
{
	switch (code) {
	case OPTION_NETMASK:
		return read_netmask(value, &lease->prefix);
	case OPTION_SERVER:
		return read_number(value, &lease->server);
	case OPTION_LEASE:
		return read_number(value, &lease->lease_s);
	case OPTION_T1:
		return read_number(value, &lease->t1_s);
	case OPTION_T2:
		return read_number(value, &lease->t2_s);
	case OPTION_ROUTER:
		return READ_ADDRESSES(value, lease->routers, &lease->router_count);
	case OPTION_DNS:
		return READ_ADDRESSES(value, lease->dns, &lease->dns_count);
	case OPTION_LOG_SERVER:
		return read_first(value, &lease->log_server);
	case OPTION_NTP:
		return READ_ADDRESSES(value, lease->ntp, &lease->ntp_count);
	case OPTION_ROUTES:
		return read_routes(value, lease);
	case OPTION_MTU:
		return read_mtu(value, &lease->mtu);
	case OPTION_HOSTNAME:
		return READ_TEXT(value, lease->hostname);
	case OPTION_DOMAIN:
		return READ_TEXT(value, lease->domain);
	case OPTION_ROOT_PATH:
		return READ_TEXT(value, lease->root_path);
	case OPTION_INITIATOR:
		return READ_TEXT(value, lease->initiator_name);
	case OPTION_ETHERBOOT:
		return read_etherboot(value, lease);
	default:
		return true;
	}
}

/* What a lease cannot do without, and why one is refused when it cannot be read. The rest is left out then. */
static const char *refusal_of(uint8_t code)
{
	switch (code) {
	case OPTION_NETMASK:
		return "the netmask (option 1) is not a netmask";
	case OPTION_SERVER:
		return "the server identifier (option 54) is not one address";
	case OPTION_LEASE:
		return "the lease time (option 51) is not 4 bytes";
	default:
		return NULL;
	}
}

static const char *read_options(const struct areas *areas, struct dhcp_lease *lease)
{
	uint8_t buffer[DHCP_MESSAGE_MAX];
	const char *refusal = NULL;
	struct reader value;

	for (size_t i = 0; i < sizeof(wanted) && !refusal; i++) {
		if (!find_option(areas, wanted[i], buffer, &value) || read_option(wanted[i], value, lease))
			continue;
		refusal = refusal_of(wanted[i]);
		lease->malformed = wanted[i];
	}
	explicit_bzero(buffer, sizeof(buffer)); /* it held the CHAP secrets */
	return refusal;
}

/* Reading: what the whole must be */

static uint8_t class_prefix(uint32_t address)
{
	if (address < 0x80000000u)
		return 8;
	return address < 0xc0000000u ? 16 : 24;
}

static const char *check_address(const struct dhcp_lease *lease)
{
	uint32_t host_mask = (uint32_t)(0xffffffffull >> lease->prefix);
	uint32_t host = lease->address & host_mask;

	if (!lease->address)
		return "no address is given (yiaddr 0.0.0.0)";
	if (lease->address >> 24 == 0)
		return "the address given is in 0.0.0.0/8";
	if (lease->address >> 24 == 127)
		return "the address given is a loopback address";
	if (lease->address >> 16 == 0xa9fe) /* RFC 3927 1.6; a server's controller gives it, and leads nowhere */
		return "the address given is link-local";
	if (lease->address == 0xffffffffu)
		return "the address given is the broadcast address";
	if (lease->address >= 0xe0000000u)
		return "the address given is a multicast or reserved address";
	if (lease->prefix < 31 && (!host || host == host_mask))
		return "the address given is its network's own or broadcast address";
	return NULL;
}

/* RFC 2131 4.4.5: half and seven eighths, where the server's own times make no sense. */
static void repair_times(struct dhcp_lease *lease)
{
	if (!lease->t2_s || lease->t2_s >= lease->lease_s)
		lease->t2_s = lease->lease_s - lease->lease_s / 8;
	if (!lease->t1_s || lease->t1_s >= lease->t2_s)
		lease->t1_s = (uint32_t)(lease->t2_s * 4ull / 7);
}

static const char *check_lease(const struct areas *areas, struct dhcp_lease *lease)
{
	uint8_t buffer[DHCP_MESSAGE_MAX];
	struct reader value;

	if (!find_option(areas, OPTION_LEASE, buffer, &value))
		return "there is no lease time (option 51)";
	if (!lease->lease_s)
		return "the lease time is 0 s";
	if (!lease->prefix)
		lease->prefix = class_prefix(lease->address);
	if (lease->route_count)
		lease->router_count = 0;
	repair_times(lease);
	return check_address(lease);
}

/* RFC 6842: a server that returns a client identifier returns ours. */
static bool is_our_client_id(const struct dhcp_config *config, const struct areas *areas)
{
	uint8_t buffer[DHCP_MESSAGE_MAX], id[64];
	size_t length = client_id(config, id);
	struct reader value;

	if (!length || !find_option(areas, OPTION_CLIENT_ID, buffer, &value))
		return true;
	return value.left == length && !memcmp(value.at, id, length);
}

/* The fixed part; leaves `r` at the options. */
static const char *read_header(const struct dhcp_config *config, uint32_t xid, struct reader *r,
			       struct dhcp_lease *lease, struct reader *sname, struct reader *file)
{
	uint8_t operation = read_u8(r), type = read_u8(r), address_length = read_u8(r);
	const uint8_t *mac;
	uint32_t id, cookie;

	read_skip(r, 1);
	id = read_be32(r);
	read_skip(r, 8); /* secs, flags, ciaddr */
	lease->address = read_be32(r);
	lease->next_server = read_be32(r);
	read_skip(r, 4); /* giaddr */
	mac = read_bytes(r, 16);
	*sname = read_sub(r, 64);
	*file = read_sub(r, 128);
	cookie = read_be32(r);
	if (r->bad)
		return "the packet is too short for DHCP";
	if (operation != BOOT_REPLY)
		return "the packet is not a reply";
	if (id != xid)
		return "the packet answers another transaction";
	if (type != hardware_type(config) || address_length != 6 || memcmp(mac, config->mac, 6))
		return "the packet is for another hardware address";
	if (cookie != MAGIC_COOKIE)
		return "the packet has no DHCP magic cookie";
	return NULL;
}

static const char *read_type(const struct areas *areas, int *type)
{
	uint8_t buffer[DHCP_MESSAGE_MAX];
	struct reader value;

	if (!find_option(areas, OPTION_TYPE, buffer, &value))
		return "the packet is BOOTP, not DHCP (no option 53)";
	*type = read_u8(&value);
	if (value.bad || value.left)
		return "the message type (option 53) is not 1 byte";
	if (*type != DHCP_OFFER && *type != DHCP_ACK && *type != DHCP_NAK)
		return "the message type is none that a server sends";
	return NULL;
}

/* A refusal names nothing but its server. */
static void keep_server_only(struct dhcp_lease *lease)
{
	uint32_t server = lease->server;

	memset(lease, 0, sizeof(*lease));
	lease->server = server;
}

int dhcp_parse(const struct dhcp_config *config, uint32_t xid, const uint8_t *bytes, size_t length,
	       struct dhcp_lease *lease, const char **reason)
{
	struct reader r = reader_of(bytes, length), sname, file;
	struct areas areas = {.count = 0};
	int type = -1;

	memset(lease, 0, sizeof(*lease));
	*reason = length > DHCP_MESSAGE_MAX ? "the packet is longer than we said we take" : NULL;
	if (!*reason)
		*reason = read_header(config, xid, &r, lease, &sname, &file);
	if (!*reason)
		*reason = find_areas(&areas, r, file, sname);
	if (!*reason)
		*reason = read_type(&areas, &type);
	if (!*reason && !is_our_client_id(config, &areas))
		*reason = "the client identifier (option 61) is not ours";
	if (!*reason)
		*reason = read_options(&areas, lease);
	if (!*reason && !is_unicast(lease->server))
		*reason = "there is no usable server identifier (option 54)";
	if (!*reason && type == DHCP_NAK)
		keep_server_only(lease);
	else if (!*reason)
		*reason = check_lease(&areas, lease);
	return *reason ? -1 : type;
}
