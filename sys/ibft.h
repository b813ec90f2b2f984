/* sys/ibft.h - the firmware's iSCSI boot table, as the kernel's module iscsi_ibft shows it in sysfs.
 *
 * Reads /sys/firmware/ibft (kernel: drivers/firmware/iscsi_ibft.c, Documentation/ABI/testing/sysfs-ibft). What a target
 * or a card of it means for the boot is plan.c's. An attribute that is absent is empty or 0.
 */
#ifndef SYS_IBFT_H
#define SYS_IBFT_H

#include <stdbool.h>
#include <stddef.h>
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
	char dhcp[IBFT_ADDRESS_MAX]; /* the server that gave the address; "": it was configured */
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

/* sysfs: descriptor of /sys, or of a tree like it. 0; -ENOENT: there is no table; -EINVAL: ibft->error names the
   attribute that cannot be read. Entries without IBFT_VALID are left out. */
int ibft_read(int sysfs, struct ibft *ibft);

/* The 8 bytes of a LUN that the kernel printed one after the other with "%x", without leading zeros. 0 when there is
   just one way to read it that SAM-5 4.7 allows, else -EINVAL. */
int ibft_read_lun(const char *text, uint64_t *lun);

/* Overwrites the secrets. */
void ibft_wipe(struct ibft *ibft);

#endif
