/* sys/ibft.c - the firmware's iSCSI boot table. See ibft.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/ibft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"
#include "proto/wipe.h"
#include "sys/sysfs.h"

#define BASE      "firmware/ibft"
#define ATTRIBUTE 64
#define ENTRIES   16 /* numbers that are looked for; a gap does not end the search */

/* ---- the LUN ---- */

/* SAM-5 4.7: with bus 0 in the peripheral method, and in the flat space method, the first level is the last. */
static bool is_legal_lun(const uint8_t bytes[8])
{
	bool ends = bytes[0] == 0 || (bytes[0] & 0xc0) == 0x40;

	for (int i = 2; ends && i < 8; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Tries every way to cut the text into eight numbers: bit i of `wide` says that the i-th has two digits. */
static bool cut_lun(const char *text, unsigned wide, uint8_t bytes[8])
{
	for (int i = 0; i < 8; i++) {
		int digit = text_hex_digit(*text);

		if (!*text || digit < 0)
			return false;
		bytes[i] = (uint8_t)digit;
		text++;
		if (!(wide >> i & 1))
			continue;
		if (!digit || !*text || text_hex_digit(*text) < 0)
			return false; /* "%x" prints no leading zero */
		bytes[i] = (uint8_t)(digit << 4 | text_hex_digit(*text));
		text++;
	}
	return !*text;
}

int ibft_read_lun(const char *text, uint64_t *lun)
{
	uint8_t bytes[8], found[8] = {0};
	uint16_t group[4];
	int count = 0;

	for (unsigned wide = 0; wide < 256; wide++) {
		if (!cut_lun(text, wide, bytes) || !is_legal_lun(bytes))
			continue;
		memcpy(found, bytes, sizeof(found));
		count++;
	}
	if (count != 1)
		return -EINVAL;
	for (int i = 0; i < 4; i++)
		group[i] = (uint16_t)(found[2 * i] << 8 | found[2 * i + 1]);
	*lun = name_lun_of_groups(group);
	return 0;
}

/* ---- attributes ---- */

struct block {
	int sysfs;
	char path[ATTRIBUTE]; /* of the directory */
	struct ibft *ibft;
	bool failed;
};

static void fail(struct block *block, const char *name, const char *what)
{
	if (!block->failed)
		snprintf(block->ibft->error, sizeof(block->ibft->error), "%s/%s: %s", block->path, name, what);
	block->failed = true;
}

/* Absent: "". */
static void read_string(struct block *block, const char *name, char *out, size_t size)
{
	char path[2 * ATTRIBUTE], text[512];
	ssize_t length;

	out[0] = 0;
	snprintf(path, sizeof(path), "%s/%s", block->path, name);
	length = sysfs_read(block->sysfs, path, text, sizeof(text));
	if (length == -ENOENT)
		return;
	if (length < 0)
		fail(block, name, strerror((int)-length));
	else if ((size_t)length >= size)
		fail(block, name, "longer than the iBFT allows");
	else
		memcpy(out, text, (size_t)length + 1);
	wipe(text, sizeof(text));
}

/* Absent: `otherwise`. */
static long read_number(struct block *block, const char *name, long max, long otherwise)
{
	char text[32];
	uint64_t number;

	read_string(block, name, text, sizeof(text));
	if (!text[0])
		return otherwise;
	if (text_number(text_of(text), 10, (uint64_t)max, &number) < 0) {
		fail(block, name, "not a number that is allowed here");
		return otherwise;
	}
	return (long)number;
}

static void read_mac(struct block *block, struct ibft_nic *nic)
{
	struct text rest;
	char text[32];

	read_string(block, "mac", text, sizeof(text));
	if (!text[0])
		return;
	rest = text_of(text);
	for (int i = 0; i < 6; i++) {
		struct text byte = text_cut(&rest, ':');
		uint64_t value;

		if (byte.length > 2 || text_number(byte, 16, 0xff, &value) < 0 || !rest.at != (i == 5)) {
			fail(block, "mac", "not a MAC address");
			return;
		}
		nic->mac[i] = (uint8_t)value;
	}
	nic->has_mac = true;
}

static void read_nic(struct block *block, struct ibft_nic *nic)
{
	long origin = read_number(block, "origin", 255, 0);

	nic->is_leased = origin == 3 || origin == 4;
	nic->flags = (unsigned)read_number(block, "flags", 255, 0);
	read_mac(block, nic);
	read_string(block, "ip-addr", nic->address, sizeof(nic->address));
	nic->prefix = (uint8_t)read_number(block, "prefix-len", 128, 0);
	read_string(block, "gateway", nic->gateway, sizeof(nic->gateway));
	read_string(block, "primary-dns", nic->dns[0], sizeof(nic->dns[0]));
	read_string(block, "secondary-dns", nic->dns[1], sizeof(nic->dns[1]));
	read_string(block, "dhcp", nic->dhcp, sizeof(nic->dhcp));
	nic->vlan = (uint16_t)read_number(block, "vlan", 4095, 0);
	read_string(block, "hostname", nic->hostname, sizeof(nic->hostname));
}

static void read_target(struct block *block, struct ibft_target *target)
{
	target->flags = (unsigned)read_number(block, "flags", 255, 0);
	target->nic = (int)read_number(block, "nic-assoc", 255, 0);
	read_string(block, "ip-addr", target->address, sizeof(target->address));
	target->port = (uint16_t)read_number(block, "port", 65535, 0);
	read_string(block, "lun", target->lun_text, sizeof(target->lun_text));
	target->has_lun = ibft_read_lun(target->lun_text, &target->lun) == 0;
	read_string(block, "target-name", target->name, sizeof(target->name));
	target->chap = (int)read_number(block, "chap-type", 2, 0);
	read_string(block, "chap-name", target->username, sizeof(target->username));
	read_string(block, "chap-secret", target->secret, sizeof(target->secret));
	read_string(block, "rev-chap-name", target->username_in, sizeof(target->username_in));
	read_string(block, "rev-chap-name-secret", target->secret_in, sizeof(target->secret_in));
}

/* ---- the table ---- */

static bool open_block(struct block *block, const char *kind, int index)
{
	snprintf(block->path, sizeof(block->path), BASE "/%s%d", kind, index);
	return sysfs_exists(block->sysfs, block->path);
}

static void read_nics(struct block *block, struct ibft *ibft)
{
	for (int i = 0; i < ENTRIES && ibft->nic_count < IBFT_NICS_MAX; i++) {
		struct ibft_nic *nic = &ibft->nics[ibft->nic_count];

		if (!open_block(block, "ethernet", i))
			continue;
		memset(nic, 0, sizeof(*nic));
		nic->index = i;
		read_nic(block, nic);
		if (nic->flags & IBFT_VALID)
			ibft->nic_count++;
	}
}

static void read_targets(struct block *block, struct ibft *ibft)
{
	for (int i = 0; i < ENTRIES && ibft->target_count < IBFT_TARGETS_MAX; i++) {
		struct ibft_target *target = &ibft->targets[ibft->target_count];

		if (!open_block(block, "target", i))
			continue;
		memset(target, 0, sizeof(*target));
		target->index = i;
		read_target(block, target);
		if (target->flags & IBFT_VALID)
			ibft->target_count++;
	}
}

int ibft_read(int sysfs, struct ibft *ibft)
{
	struct block block = {.sysfs = sysfs, .path = BASE "/initiator", .ibft = ibft};

	memset(ibft, 0, sizeof(*ibft));
	if (!sysfs_exists(sysfs, BASE))
		return -ENOENT;
	read_string(&block, "initiator-name", ibft->initiator, sizeof(ibft->initiator));
	read_nics(&block, ibft);
	read_targets(&block, ibft);
	if (!block.failed)
		return 0;
	ibft_wipe(ibft);
	ibft->target_count = ibft->nic_count = 0;
	return -EINVAL;
}

void ibft_wipe(struct ibft *ibft)
{
	for (int i = 0; i < IBFT_TARGETS_MAX; i++) {
		wipe(ibft->targets[i].secret, sizeof(ibft->targets[i].secret));
		wipe(ibft->targets[i].secret_in, sizeof(ibft->targets[i].secret_in));
	}
}
