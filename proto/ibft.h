/* ibft.h - the firmware's iSCSI boot table (iBFT), as far as this program uses it.
 *
 * Fixed-size texts as the kernel's module iscsi_ibft shows them (kernel: Documentation/ABI/testing/sysfs-ibft). An
 * attribute that is absent is empty or 0. sys/ibft fills the structs; plan/firmware says what they mean for the boot.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_IBFT_H
#define PROTO_IBFT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/name.h"

#define IBFT_TARGETS_MAX 8
#define IBFT_NICS_MAX    8
#define IBFT_ADDRESS_MAX 46
#define IBFT_CHAP_MAX    257

/* Flags of a target and of a card (ACPI iBFT specification 1.03, block flags). */
#define IBFT_VALID         1
#define IBFT_BOOT_SELECTED 2

struct ibft_nic {
	int index; /* N of ethernetN */
	unsigned flags;
	bool has_mac;
	uint8_t mac[6];
	char address[IBFT_ADDRESS_MAX];
	uint8_t prefix;
	char gateway[IBFT_ADDRESS_MAX];
	char dns[2][IBFT_ADDRESS_MAX];
	char dhcp[IBFT_ADDRESS_MAX]; /* the server that gave the address; "" or 0.0.0.0: not said */
	bool is_leased;              /* origin: 3 (DHCP) or 4 (a router's advertisement) */
	uint16_t vlan;               /* 0: none */
	char hostname[64];
};

struct ibft_target {
	int index; /* N of targetN */
	unsigned flags;
	int nic; /* N of ethernetN */
	char address[IBFT_ADDRESS_MAX];
	uint16_t port;
	bool has_lun; /* false: the kernel's text can be read in several ways, see lun_text */
	uint64_t lun; /* as the kernel numbers it */
	char lun_text[20];
	char name[NAME_MAX_BYTES + 1];
	int chap; /* 0: none, 1: CHAP, 2: mutual CHAP */
	char username[IBFT_CHAP_MAX], secret[IBFT_CHAP_MAX];
	char username_in[IBFT_CHAP_MAX], secret_in[IBFT_CHAP_MAX];
};

struct ibft {
	char initiator[NAME_MAX_BYTES + 1];
	struct ibft_nic nics[IBFT_NICS_MAX];
	int nic_count;
	struct ibft_target targets[IBFT_TARGETS_MAX];
	int target_count;
	char error[200];
};

#endif
