/* bsg.c - see bsg.h. kernel: include/uapi/linux/bsg.h, drivers/scsi/scsi_bsg.c */
/* SPDX-License-Identifier: MIT */
#include "sys/bsg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bsg.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ANSWER_MS   5000 /* a unit that is slow is not to meet the kernel's error handling */
#define SENSE_BYTES 64

int bsg_ask(int dev, const char *address, const uint8_t *cdb, unsigned cdb_bytes, void *data, size_t size,
	    struct bsg_answer *answer)
{
	uint8_t sense[2 + SENSE_BYTES]; /* as a SCSI Response has it: length, sense data */
	struct sg_io_v4 request = {.guard = 'Q',
				   .request_len = cdb_bytes,
				   .request = (uintptr_t)cdb,
				   .timeout = ANSWER_MS,
				   .din_xfer_len = (uint32_t)size,
				   .din_xferp = (uintptr_t)data,
				   .max_response_len = SENSE_BYTES,
				   .response = (uintptr_t)(sense + 2)};
	char path[48];
	int fd, result;

	if (size)
		memset(data, 0, size); /* a target that sends less need not say so */
	snprintf(path, sizeof(path), "bsg/%.40s", address);
	fd = openat(dev, path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = ioctl(fd, SG_IO, &request) ? -errno : request.transport_status ? -EIO : 0;
	close(fd);
	if (result)
		return result;
	sense[0] = 0;
	sense[1] = (uint8_t)request.response_len;
	answer->length =
		request.din_resid > 0 && (size_t)request.din_resid <= size ? size - (size_t)request.din_resid : size;
	answer->status = (uint8_t)request.device_status;
	answer->has_sense = answer->status == SCSI_CHECK_CONDITION &&
			    !scsi_read_sense(sense, 2 + request.response_len, &answer->sense);
	return 0;
}
