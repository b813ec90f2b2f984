/* sys/ibft.h - reads the firmware's iSCSI boot table, as the kernel's module iscsi_ibft shows it in sysfs.
 *
 * Reads /sys/firmware/ibft (kernel: drivers/firmware/iscsi_ibft.c, Documentation/ABI/testing/sysfs-ibft) into the
 * structs of proto/ibft.h.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_IBFT_H
#define SYS_IBFT_H

#include "proto/ibft.h"

/* sysfs: descriptor of /sys, or of a tree like it. 0; -ENOENT: there is no table; -EINVAL: ibft->error names the
   attribute that cannot be read. Entries without IBFT_VALID are left out. */
int ibft_read(int sysfs, struct ibft *ibft);

/* The 8 bytes of a LUN that the kernel printed one after the other with "%x", without leading zeros. 0 when there is
   just one way to read it that SAM-5 4.7 allows, else -EINVAL. */
int ibft_read_lun(const char *text, uint64_t *lun);

/* Overwrites the secrets. */
void ibft_wipe(struct ibft *ibft);

#endif
