/* netnames.c - the predictable names by which udev would know an interface.
 *
 * Contracts in netnames.h. The link /sys/class/net/NAME shows where a device hangs:
 * ../../devices/pci0000:00/0000:00:03.0/virtio0/net/eth0. Names are made of the last PCI address in it.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/netnames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"
#include "sys/sysfs.h"

#define ONBOARD_MAX   16383 /* ONBOARD_14BIT_INDEX_MAX of systemd's net_id; greater ones are firmware errors */
#define HEADER_TYPE   14    /* PCI: offset of the header type; its top bit marks a device with several functions */
#define MULTIFUNCTION 0x80
#define USB_MAX       32 /* what is longer is no name either */
#define BOARD_CARDS   10 /* that a device tree numbers */
#define TREE          "/devicetree/base"

struct pci {
	unsigned domain, bus, slot, function;
};

/* What is known of one interface. */
struct card {
	int sysfs;
	const char *interface;
	char path[256]; /* of the PCI device, below /sys */
	struct pci pci;
	char usb[USB_MAX]; /* "u1u2"; "": not on USB */
	char port[24];     /* "d1", "nP0": which port of the device; "": it has one */
};

bool netnames_has(const struct netnames *names, const char *name)
{
	for (int i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name))
			return true;
	return false;
}

static void add(struct netnames *names, const char *name)
{
	if (name[0] && strlen(name) < NETNAMES_NAME_MAX && names->count < NETNAMES_MAX && !netnames_has(names, name))
		snprintf(names->names[names->count++], NETNAMES_NAME_MAX, "%s", name);
}

/* A number and the separator behind it (0: the end of the text), which *text then has behind it. */
static bool read_part(struct text *text, unsigned base, char separator, unsigned *value)
{
	struct text part = separator ? text_cut(text, separator) : *text;
	uint64_t number;

	if (!text->at || text_number(part, base, UINT32_MAX, &number) < 0)
		return false;
	*value = (unsigned)number;
	return true;
}

/* "0000:00:03.0" and no more. */
static bool read_pci(const char *text, struct pci *pci)
{
	struct text rest = text_of(text);

	return read_part(&rest, 16, ':', &pci->domain) && read_part(&rest, 16, ':', &pci->bus) &&
	       read_part(&rest, 16, '.', &pci->slot) && read_part(&rest, 16, 0, &pci->function);
}

/* "1-1.2:1.0": ports of hubs, configuration, interface. Only the first configuration and interface have no letter. */
static bool read_usb(const char *text, char out[USB_MAX])
{
	const char *ports = strchr(text, '-'), *colon = strchr(text, ':');
	struct text rest = text_of(colon ? colon + 1 : "");
	unsigned configuration, interface;
	size_t used = 0;

	if (!ports || !colon || ports > colon || !read_part(&rest, 10, '.', &configuration) ||
	    !read_part(&rest, 10, 0, &interface))
		return false;
	for (ports++; ports < colon; ports += strspn(ports, ".")) {
		int length = (int)strcspn(ports, ".:");

		used += (size_t)snprintf(out + used, USB_MAX - used, "u%.*s", length, ports);
		if (used >= USB_MAX)
			return false;
		ports += length;
	}
	if (configuration != 1)
		used += (size_t)snprintf(out + used, USB_MAX - used, "c%u", configuration);
	if (used < USB_MAX && interface)
		used += (size_t)snprintf(out + used, USB_MAX - used, "i%u", interface);
	return used < USB_MAX;
}

/* Finds the last PCI device on the way to the interface. False: it hangs on something that has no such names. */
static bool find_device(struct card *card)
{
	char path[64], target[256], seen[sizeof(target)] = "";
	bool found = false;

	snprintf(path, sizeof(path), "class/net/%s", card->interface);
	if (sysfs_read_link(card->sysfs, path, target, sizeof(target)) || strncmp(target, "../../devices/", 14) != 0)
		return false;
	for (char *rest = target + 6, *part = strsep(&rest, "/"); part && rest; part = strsep(&rest, "/")) {
		struct pci pci;
		size_t used = strlen(seen);

		snprintf(seen + used, sizeof(seen) - used, "%s%s", used ? "/" : "", part);
		if (read_pci(part, &pci)) {
			card->pci = pci;
			memcpy(card->path, seen, sizeof(card->path));
			card->usb[0] = '\0';
			found = true;
		} else if (found && strchr(part, '-') && strchr(part, ':') && !read_usb(part, card->usb)) {
			return false;
		}
	}
	return found;
}

static int64_t read_number(const struct card *card, const char *attribute)
{
	char path[320];
	int64_t value = 0;

	snprintf(path, sizeof(path), "%s/%s", card->path, attribute);
	return sysfs_read_number(card->sysfs, path, 0, INT32_MAX, &value) ? 0 : value;
}

static void read_port(struct card *card)
{
	char path[80], name[16];
	int64_t number;

	snprintf(path, sizeof(path), "class/net/%s/phys_port_name", card->interface);
	if (sysfs_read(card->sysfs, path, name, sizeof(name)) > 0) {
		snprintf(card->port, sizeof(card->port), "n%s", name);
		return;
	}
	snprintf(path, sizeof(path), "class/net/%s/dev_port", card->interface);
	if (!sysfs_read_number(card->sysfs, path, 1, INT32_MAX, &number))
		snprintf(card->port, sizeof(card->port), "d%d", (int)number);
}

static bool has_functions(const struct card *card)
{
	char path[320], bytes[64];

	snprintf(path, sizeof(path), "%s/config", card->path);
	return card->pci.function || (sysfs_read_line(card->sysfs, path, bytes, sizeof(bytes)) > HEADER_TYPE &&
				      bytes[HEADER_TYPE] & MULTIFUNCTION);
}

/* "P1enp2s3f0d1": the parts that are not always there begin with a letter. */
static void make_name(const struct card *card, const char *place, char out[96])
{
	char domain[12] = "", function[12] = "";

	if (card->pci.domain)
		snprintf(domain, sizeof(domain), "P%u", card->pci.domain);
	if (has_functions(card))
		snprintf(function, sizeof(function), "f%u", card->pci.function);
	snprintf(out, 96, "en%s%s%s%s%s", domain, place, function, card->usb, card->usb[0] ? "" : card->port);
}

static void add_onboard(const struct card *card, struct netnames *names)
{
	int64_t index = read_number(card, "acpi_index");
	char name[64];

	if (!index)
		index = read_number(card, "index");
	if (!index || index > ONBOARD_MAX || card->usb[0])
		return;
	snprintf(name, sizeof(name), "eno%d%s", (int)index, card->port);
	add(names, name);
}

/* A slot's address is "0000:00:03"; the device's own slot, or that of a bridge above it. */
static bool is_in_slot(const struct card *card, const char *slot)
{
	char path[64], address[32], part[40];

	snprintf(path, sizeof(path), "bus/pci/slots/%.20s/address", slot);
	if (sysfs_read(card->sysfs, path, address, sizeof(address)) <= 0)
		return false;
	snprintf(part, sizeof(part), "/%s.", address);
	return strstr(card->path, part) != NULL;
}

static void add_slot(const struct card *card, struct netnames *names)
{
	struct sysfs_dir dir;
	char place[24], name[96];

	if (sysfs_dir_open(&dir, card->sysfs, "bus/pci/slots"))
		return;
	for (const char *slot = sysfs_dir_next(&dir, NULL); slot; slot = sysfs_dir_next(&dir, NULL)) {
		char *end;
		unsigned long number = strtoul(slot, &end, 10);

		if (*end || !number || !is_in_slot(card, slot))
			continue;
		snprintf(place, sizeof(place), "s%lu", number);
		make_name(card, place, name);
		add(names, name);
		break;
	}
	sysfs_dir_close(&dir);
}

static void add_path(const struct card *card, struct netnames *names)
{
	char place[32], name[96];

	snprintf(place, sizeof(place), "p%us%u", card->pci.bus, card->pci.slot);
	make_name(card, place, name);
	add(names, name);
}

/* The device tree of a board gives its cards numbers, as aliases of its nodes. */
static void add_board(const struct card *card, struct netnames *names)
{
	char path[80], target[256], alias[256], name[16];
	const char *node;

	snprintf(path, sizeof(path), "class/net/%s/device/of_node", card->interface);
	if (sysfs_read_link(card->sysfs, path, target, sizeof(target)) || !(node = strstr(target, TREE)))
		return;
	for (int i = 0; i < BOARD_CARDS; i++) {
		snprintf(path, sizeof(path), "firmware" TREE "/aliases/ethernet%d", i);
		if (sysfs_read(card->sysfs, path, alias, sizeof(alias)) <= 0 || strcmp(alias, node + strlen(TREE)) != 0)
			continue;
		snprintf(name, sizeof(name), "end%d", i);
		add(names, name);
	}
}

/* VLANs, bonds and their like have the address of what is below them. */
static bool is_virtual(const struct card *card)
{
	char path[64], target[256];

	snprintf(path, sizeof(path), "class/net/%s", card->interface);
	return sysfs_read_link(card->sysfs, path, target, sizeof(target)) || strstr(target, "/virtual/");
}

void netnames_read(int sysfs, const char *interface, const uint8_t mac[6], struct netnames *names)
{
	struct card card = {.sysfs = sysfs, .interface = interface};
	char name[64];

	names->count = 0;
	if (find_device(&card)) {
		read_port(&card);
		add_onboard(&card, names);
		add_slot(&card, names);
		add_path(&card, names);
	}
	add_board(&card, names);
	if (!mac || is_virtual(&card))
		return;
	snprintf(name, sizeof(name), "enx%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	add(names, name);
}
