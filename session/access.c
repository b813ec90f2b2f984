/* access.c - see access.h. */
/* SPDX-License-Identifier: MIT */
#include "session/access.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/scsi.h"
#include "proto/scsi_id.h"
#include "session/units.h"
#include "sys/bsg.h"
#include "sys/log.h"
#include "sys/sysfs.h"

#define GROUPS_BYTES 2048 /* 64 groups of 6 ports */
#define TRIES        4    /* each may end with what the unit wants to tell first */

/* The data's length, or -errno. */
static ssize_t ask(int dev, const char *address, const uint8_t *cdb, unsigned cdb_bytes, uint8_t *data, size_t size)
{
	struct bsg_answer answer;
	int result;

	for (int tries = 0; tries < TRIES; tries++) {
		result = bsg_ask(dev, address, cdb, cdb_bytes, data, size, &answer);
		if (result || !answer.status)
			return result ? result : (ssize_t)answer.length;
		if (!answer.has_sense || answer.sense.key != SCSI_UNIT_ATTENTION)
			break;
	}
	return -EIO;
}

/* The kernel's page, or, where it was told not to ask (scan=lean), the unit's. */
static int read_group(int sysfs, int dev, const char *device, const char *address, uint16_t *group)
{
	uint8_t page[UNIT_PAGE_MAX], cdb[SCSI_CDB_BYTES];
	char path[80];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/vpd_pg83", device);
	length = sysfs_read_bytes(sysfs, path, page, sizeof(page));
	if (length <= 0) {
		scsi_inquiry(cdb, SCSI_PAGE_IDENTIFIERS, UNIT_PAGE_SMALL);
		length = ask(dev, address, cdb, 6, page, UNIT_PAGE_SMALL);
	}
	return length <= 0 ? -ENOENT : scsi_id_port_group(page, (size_t)length, group);
}

static enum access rank(uint8_t state)
{
	bool preferred = state & SCSI_ACCESS_PREFERRED;

	switch (state & ~SCSI_ACCESS_PREFERRED) {
	case SCSI_ACCESS_OPTIMIZED:
		return ACCESS_OPTIMIZED;
	case SCSI_ACCESS_NON_OPTIMIZED:
	case SCSI_ACCESS_LBA_DEPENDENT:
		return preferred ? ACCESS_NON_OPTIMIZED_PREFERRED : ACCESS_NON_OPTIMIZED;
	case SCSI_ACCESS_STANDBY:
	case SCSI_ACCESS_TRANSITIONING:
		return preferred ? ACCESS_STANDBY_PREFERRED : ACCESS_STANDBY;
	default:
		return preferred ? ACCESS_UNAVAILABLE_PREFERRED : ACCESS_UNAVAILABLE;
	}
}

/* What a unit says that makes no sense. */
static void complain(const char *block, int result, uint8_t state)
{
	state &= (uint8_t)~SCSI_ACCESS_PREFERRED;
	if (result)
		log_warn("%s: the unit's list of target port groups breaks off or leaves its own port out: it is "
			 "not used",
			 block);
	else if (state > SCSI_ACCESS_LBA_DEPENDENT && state < SCSI_ACCESS_OFFLINE)
		log_warn("%s: its port is in access state %u, which there is not: this path is used "
			 "last",
			 block, state);
}

enum access access_ask(int sysfs, int dev, const char *block, bool is_new)
{
	uint8_t groups[GROUPS_BYTES], cdb[SCSI_CDB_BYTES], state = 0;
	char device[64], path[80], link[128], running[16];
	const char *address;
	uint16_t group;
	ssize_t length;
	int result;

	snprintf(device, sizeof(device), "class/block/%.40s/device", block);
	snprintf(path, sizeof(path), "%s/state", device);
	if (sysfs_read(sysfs, path, running, sizeof(running)) < 0 || strcmp(running, "running") != 0 ||
	    sysfs_read_link(sysfs, device, link, sizeof(link)) || !(address = strrchr(link, '/')) ||
	    read_group(sysfs, dev, device, ++address, &group))
		return ACCESS_UNKNOWN;
	scsi_report_port_groups(cdb, GROUPS_BYTES);
	length = ask(dev, address, cdb, 12, groups, GROUPS_BYTES);
	if (length < 0)
		return ACCESS_UNKNOWN;
	result = scsi_read_access(groups, (size_t)length, group, &state);
	if (is_new)
		complain(block, result, state);
	return result ? ACCESS_UNKNOWN : rank(state);
}
