/* ip_word.c - the value of ip= and iscsi.ip=. See ip_word.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/ip_word.h"

#include <errno.h>
#include <string.h>

#include "plan/address.h"

#define FIELDS_MAX 16
#define MTU_MIN    68 /* RFC 791 */
#define MTU_MAX    65535

/* The fields of dracut's and the kernel's long form. */
enum field { CLIENT, SERVER, GATEWAY, MASK, HOST, DEVICE, METHOD, EIGHTH, NINTH };

struct fields {
	struct text field[FIELDS_MAX];
	struct text rest[FIELDS_MAX]; /* from this field to the end */
	unsigned count;
};

static int cut_fields(struct text text, struct fields *fields, struct fault *fault)
{
	memset(fields, 0, sizeof(*fields));
	do {
		if (fields->count == FIELDS_MAX)
			return fault_set(fault, text.at, "more than %d fields", FIELDS_MAX);
		fields->rest[fields->count] = text;
		fields->field[fields->count++] = text_cut_bracketed(&text, ':');
	} while (text.at);
	return 0;
}

/* ---- methods ---- */

/* What a method's word means besides its methods. */
enum { EITHER = 1, FIRST_CARD = 2, REFUSED = 4, GO_ON = 8 };

static const struct {
	const char *word;
	uint8_t methods, says;
} methods[] = {
	{"dhcp", METHOD_DHCP4, 0},
	{"on", METHOD_DHCP4, FIRST_CARD},
	{"any", METHOD_DHCP4, FIRST_CARD},
	{"single-dhcp", METHOD_DHCP4, FIRST_CARD},
	{"dhcp4", METHOD_DHCP4, 0},
	{"auto", METHOD_DHCP4 | METHOD_AUTO6 | METHOD_DHCP6, EITHER | GO_ON}, /* NetworkManager's */
	{"dhcp6", METHOD_DHCP6, 0},
	{"auto6", METHOD_AUTO6, 0},
	{"either6", METHOD_AUTO6 | METHOD_DHCP6, EITHER},
	{"link6", METHOD_LINK6, 0},
	{"link-local", METHOD_LINK6, 0},
	{"none", 0, 0},
	{"off", 0, 0},
	{"static", 0, 0},
	{"bootp", 0, REFUSED},
	{"rarp", 0, REFUSED},
	{"both", 0, REFUSED},
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

static int find_method(struct text text)
{
	for (unsigned i = 0; i < METHODS; i++)
		if (text_is(text, methods[i].word))
			return (int)i;
	return -1;
}

/* Is it a list of methods? The kernel's "dhcp,<type>,<value>" counts, too. */
static bool is_method(struct text text)
{
	return text.length && (find_method(text_cut(&text, ',')) >= 0);
}

/* The iBFT; "fw" is NetworkManager's name for it. */
static bool is_firmware(struct text text)
{
	return text_is(text, "ibft") || text_is(text, "fw");
}

static int read_client_id(struct text text, struct interface_plan *interface, struct fault *fault)
{
	struct text value = text, type = text_cut(&value, ',');
	uint64_t number;

	if (text_number(type, 10, 255, &number) < 0 || !value.length)
		return fault_expected(fault, text, "expected a DHCP client id as <type 0-255>,<value>");
	if (value.length >= sizeof(interface->client_id))
		return fault_set(fault, text.at, "the DHCP client id is longer than %zu bytes",
				 sizeof(interface->client_id) - 1);
	interface->client_id[0] = (uint8_t)number;
	memcpy(interface->client_id + 1, value.at, value.length);
	interface->client_id_length = (uint8_t)(value.length + 1);
	return 0;
}

/* Each method of a list may fail: an image with dhcp,dhcp6 boots where only one of them has a server. */
static void add_method(struct interface_plan *interface, unsigned added)
{
	if (interface->methods && added & ~interface->methods)
		interface->any_method = interface->others_go_on = true;
	interface->methods |= added;
}

static int read_methods(struct text text, struct interface_plan *interface, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	while (text.at) {
		struct text word = text_cut(&text, ',');
		int found = find_method(word);

		if (found < 0)
			return fault_expected(
				fault, word, "expected dhcp, on, any, none, off, dhcp6, auto6, either6, link6 or ibft");
		if (methods[found].says & REFUSED)
			return fault_set(fault, word.at, "%s is not supported; write dhcp", text_show(word, shown));
		add_method(interface, methods[found].methods);
		interface->any_method |= (methods[found].says & EITHER) != 0;
		interface->others_go_on |= (methods[found].says & GO_ON) != 0;
		interface->first_only |= (methods[found].says & FIRST_CARD) != 0;
		if (text_is(word, "dhcp") && text.length && text.at[0] >= '0' && text.at[0] <= '9')
			return read_client_id(text, interface, fault);
	}
	return 0;
}

/* ---- the fields at the end ---- */

int ip_word_read_mtu(struct text text, int *out, struct fault *fault)
{
	uint64_t mtu;

	if (!text.length)
		return 0;
	if (text_number(text, 10, MTU_MAX, &mtu) < 0 || mtu < MTU_MIN)
		return fault_expected(fault, text, "MTU: expected a number from 68 to 65535");
	*out = (int)mtu;
	return 0;
}

static int read_new_mac(struct text text, struct interface_plan *interface, struct fault *fault)
{
	if (!text.length)
		return 0;
	if (address_read_mac(text, ':', interface->new_mac) < 0)
		return fault_expected(fault, text, "expected a MAC address, as 52:54:00:12:34:56");
	interface->sets_mac = true;
	return 0;
}

static int read_dns(struct text text, struct ip_word *word, struct fault *fault)
{
	if (!text.length || text_is(text, ADDRESS_NONE))
		return 0;
	if (address_read(text, &word->dns[word->dns_count]) < 0)
		return fault_expected(fault, text, "expected a name server's address");
	word->dns_count++;
	return 0;
}

static bool is_address(struct text text)
{
	struct address address;

	return address_read(text, &address) == 0;
}

/* From the eighth field on: [mtu][:mac] or dns0[:dns1[:ntp0]]. */
static int read_tail(const struct fields *fields, struct ip_word *word, struct fault *fault)
{
	struct text eighth = fields->field[EIGHTH];
	unsigned left = fields->count > EIGHTH ? fields->count - EIGHTH : 0;
	bool mac_follows = left == 7 && !is_address(eighth);
	char shown[TEXT_SHOWN];
	uint64_t number;

	if (left == 0)
		return 0;
	if (left == 6 && fields->field[NINTH].length <= 2 &&
	    address_read_mac(fields->rest[EIGHTH], ':', (uint8_t[6]){0}) == 0)
		return read_new_mac(fields->rest[EIGHTH], &word->interface, fault);
	if (mac_follows || (left == 1 && text_number(eighth, 10, UINT64_MAX, &number) == 0)) {
		if (ip_word_read_mtu(eighth, &word->interface.mtu, fault) < 0)
			return -EINVAL;
		return mac_follows ? read_new_mac(fields->rest[NINTH], &word->interface, fault) : 0;
	}
	if (left > 3)
		return fault_set(fault, eighth.at, "expected MTU and MAC address or up to two name servers, not %s",
				 text_show(fields->rest[EIGHTH], shown));
	if (left == 2 && !fields->field[NINTH].length && text_number(eighth, 10, UINT64_MAX, &number) == 0)
		return ip_word_read_mtu(eighth, &word->interface.mtu, fault);
	if (eighth.length && !is_address(eighth))
		return fault_expected(fault, eighth, "expected an MTU, a MAC address or a name server");
	if (read_dns(eighth, word, fault) < 0)
		return -EINVAL;
	return left > 1 ? read_dns(fields->field[NINTH], word, fault) : 0; /* a third field is a time server */
}

/* ---- the three forms ---- */

static int read_device(struct text text, struct ip_word *word, struct fault *fault)
{
	struct interface_plan *interface = &word->interface;

	if (!text.length)
		return 0;
	if (text_is(text, "BOOTIF")) {
		word->boot_interface = true;
		return 0;
	}
	if (text.length == 17 && address_read_mac(text, '-', interface->mac) == 0) {
		interface->has_mac = true;
		return 0;
	}
	if (address_read_interface(text, interface->name) < 0)
		return fault_expected(fault, text, "expected an interface");
	return 0;
}

/* Debian's ip=eth0. A name that looks like a method or an address is a typing error. */
static int read_lone_device(struct text text, struct ip_word *word, struct fault *fault)
{
	char shown[TEXT_SHOWN];
	bool numeric = true;

	text_show(text, shown);
	for (unsigned i = 0; i < METHODS; i++)
		if (text_is_near(text, methods[i].word))
			return fault_set(fault, text.at, "%s is not known; did you mean %s?", shown, methods[i].word);
	for (size_t i = 0; i < text.length; i++)
		numeric &= text.at[i] == '.' || (text.at[i] >= '0' && text.at[i] <= '9');
	if (numeric)
		return fault_set(fault, text.at, "expected an address, an interface or a method such as dhcp, not %s",
				 shown);
	return read_device(text, word, fault);
}

static int read_single(struct text text, struct ip_word *word, struct fault *fault)
{
	struct interface_plan *interface = &word->interface;
	bool has_prefix;

	if (!text.length || text_is(text, ADDRESS_NONE)) {
		interface->methods = METHOD_DHCP4;
		return 0;
	}
	if (is_firmware(text)) {
		word->form = IP_FIRMWARE;
		return 0;
	}
	if (is_method(text)) {
		if (read_methods(text, interface, fault) < 0)
			return -EINVAL;
		if (!interface->methods)
			word->form = IP_OFF;
		return 0;
	}
	if (address_read_prefix(text, &interface->address, &interface->prefix, &has_prefix) == 0) {
		interface->methods = METHOD_STATIC;
		interface->first_only = true;
		if (!has_prefix && interface->address.family == 6)
			return fault_set(fault, text.at, "an IPv6 address needs its prefix: [address]/64");
		if (!has_prefix) {
			interface->prefix = address_class(&interface->address);
			word->guesses_prefix = true;
		}
		word->bare_address = true;
		return 0;
	}
	interface->methods = METHOD_DHCP4;
	return read_lone_device(text, word, fault);
}

/* [dev]:method[:[mtu][:mac]] */
static int read_short(const struct fields *fields, struct ip_word *word, struct fault *fault)
{
	if (read_device(fields->field[0], word, fault) < 0)
		return -EINVAL;
	if (is_firmware(fields->field[1])) {
		word->form = IP_FIRMWARE;
		return 0;
	}
	if (read_methods(fields->field[1], &word->interface, fault) < 0)
		return -EINVAL;
	if (!word->interface.methods && !fields->field[0].length)
		word->form = IP_OFF;
	if (fields->count > 2 && ip_word_read_mtu(fields->field[2], &word->interface.mtu, fault) < 0)
		return -EINVAL;
	if (fields->count > 3)
		return read_new_mac(fields->rest[3], &word->interface, fault);
	return 0;
}

static int read_server(struct text text, struct ip_word *word, struct fault *fault)
{
	uint8_t prefix = 0;
	bool has_prefix;
	struct address address;

	if (!text.length)
		return 0;
	if (address_read_prefix(text, &address, &prefix, &has_prefix) < 0)
		return fault_expected(fault, text,
				      "second field: expected a method such as dhcp after an interface, or an address "
				      "after an address");
	if (has_prefix) {
		word->interface.peer = address;
		word->interface.prefix = prefix;
	} else {
		word->ignored_server = true;
	}
	return 0;
}

static int read_client(const struct fields *fields, struct ip_word *word, struct fault *fault)
{
	struct interface_plan *interface = &word->interface;
	struct text client = fields->field[CLIENT], mask = fields->field[MASK], gateway = fields->field[GATEWAY];
	bool has_prefix = interface->peer.family != 0, has_own = false;
	char shown[TEXT_SHOWN];

	if (address_read_prefix(client, &interface->address, &interface->prefix, &has_own) < 0)
		return fault_expected(fault, client, "first field: expected an address or an interface");
	has_prefix |= has_own;
	if (mask.length && address_read_mask(mask, interface->address.family, &interface->prefix) < 0)
		return fault_expected(fault, mask, "netmask: expected 255.255.255.0 or a prefix length");
	has_prefix |= mask.length != 0;
	if (!has_prefix && interface->address.family == 6)
		return fault_set(fault, client.at, "an IPv6 address needs its prefix length as netmask");
	word->guesses_prefix = !has_prefix;
	if (!has_prefix)
		interface->prefix = address_class(&interface->address);
	if (gateway.length &&
	    (address_read(gateway, &interface->gateway) < 0 || interface->gateway.family != interface->address.family))
		return fault_set(fault, gateway.at, "gateway: expected an IPv%d address, not %s",
				 interface->address.family, text_show(gateway, shown));
	return 0;
}

static int read_host(struct text text, struct interface_plan *interface, struct fault *fault)
{
	/* The kernel's host.domain: DHCP and sethostname want the first label; the rest is its NIS domain. */
	text = text_cut(&text, '.');
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return fault_expected(fault, text, "expected a host name");
	if (text_copy(text, interface->hostname, sizeof(interface->hostname)) < 0)
		return fault_set(fault, text.at, "the host name is longer than %zu bytes",
				 sizeof(interface->hostname) - 1);
	return 0;
}

static int read_long_method(const struct fields *fields, struct ip_word *word, struct fault *fault)
{
	struct text method = fields->field[METHOD], client = fields->field[CLIENT];
	struct interface_plan *interface = &word->interface;
	char shown[TEXT_SHOWN];
	bool lenient = text_is(method, "on") || text_is(method, "any");

	if (is_firmware(method)) {
		word->form = IP_FIRMWARE;
		return 0;
	}
	if (method.length && read_methods(method, interface, fault) < 0)
		return -EINVAL;
	if (!client.length) {
		if (!method.length)
			interface->methods = METHOD_DHCP4; /* kernel: "any" is the default */
		else if (!interface->methods && !fields->field[DEVICE].length)
			return fault_set(fault, client.at, "first field: %s needs the client's address",
					 text_show(method, shown));
		return 0;
	}
	if (lenient)
		interface->methods = 0;
	add_method(interface, METHOD_STATIC);
	interface->first_only = true;
	return 0;
}

/* client:server:gateway:mask:host:dev:method[:...] */
static int read_long(struct fields *fields, struct ip_word *word, struct fault *fault)
{
	struct text *field = fields->field;

	for (int i = CLIENT; i <= MASK; i++)
		if (text_is(field[i], ADDRESS_NONE))
			field[i].length = 0;
	if (read_server(field[SERVER], word, fault) < 0 || read_host(field[HOST], &word->interface, fault) < 0 ||
	    read_device(field[DEVICE], word, fault) < 0)
		return -EINVAL;
	if (field[CLIENT].length && read_client(fields, word, fault) < 0)
		return -EINVAL;
	if (read_long_method(fields, word, fault) < 0)
		return -EINVAL;
	return read_tail(fields, word, fault);
}

static bool is_bare_ipv6(struct text text)
{
	struct address address;
	uint8_t prefix;

	return !text_starts(text, "[") && address_read_prefix(text, &address, &prefix, NULL) == 0 &&
	       address.family == 6;
}

int ip_word_read(struct text text, struct ip_word *word, struct fault *fault)
{
	struct fields fields;

	memset(word, 0, sizeof(*word));
	if (is_bare_ipv6(text))
		return fault_set(fault, text.at,
				 "write an IPv6 address in brackets and its prefix after them: [2001:db8::2]/64");
	if (cut_fields(text, &fields, fault) < 0)
		return -EINVAL;
	if (fields.count == 1)
		return read_single(text, word, fault);
	if (is_method(fields.field[1]) || is_firmware(fields.field[1]))
		return read_short(&fields, word, fault);
	return read_long(&fields, word, fault);
}
