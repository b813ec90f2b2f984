/* sys/bsg.h - one SCSI command to a unit, by the node that every SCSI device has (/dev/bsg/<h:c:t:l>): its disk need not be
 * attached or readable, and who closes that node wakes nobody who watches disks. Knows no command.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_BSG_H
#define SYS_BSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/scsi.h"

struct bsg_answer {
	size_t length;  /* of the data */
	uint8_t status; /* enum scsi_status */
	bool has_sense;
	struct scsi_sense sense;
};

/* dev: descriptor of /dev. address: "2:0:0:1". Reads at most size bytes of data (0: none). It may block for as long as the unit does.
   0 with *answer, whatever the status; or -errno: no answer. */
int bsg_ask(int dev, const char *address, const uint8_t *cdb, unsigned cdb_bytes, void *data, size_t size,
	    struct bsg_answer *answer);

#endif
