/* Answers to SCSI commands: whatever the bytes are, sizes and texts stay within their bounds, and a designator that was
 * chosen is found again in the page that it is of.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/scsi.h"

#include <stdlib.h>
#include <string.h>

#include "proto/scsi_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scsi_sense sense;
	struct scsi_inquiry inquiry;
	struct scsi_capacity capacity;
	struct scsi_id id, again;
	char text[SCSI_ID_TEXT], wwid[SCSI_ID_WWID];
	uint64_t lun;
	uint16_t group = 0;
	uint8_t access;
	bool protected;
	size_t n = 0;

	if (!scsi_read_sense(data, size, &sense))
		require(sense.key < 16 && strlen(scsi_sense_text(&sense)) > 4);
	if (!scsi_read_inquiry(data, size, &inquiry))
		require(strlen(inquiry.vendor) <= 8 && strlen(inquiry.model) <= 16 && inquiry.type < 32 &&
			inquiry.qualifier < 8);
	for (int form = 0; form < 2; form++)
		require(scsi_read_capacity(data, size, form, &capacity) || (capacity.blocks && size >= 8));
	require(scsi_read_write_protected(data, size, &protected) || size >= 3);
	while (!scsi_read_lun(data, size, n, &lun))
		n++;
	require(n <= size / 8);
	require(scsi_id_port_group(data, size, &group) || size >= 12);
	for (group = 0; group < 4; group++)
		require(scsi_read_access(data, size, group, &access) || (access < 16 && size >= 8));
	if (!scsi_id_choose(data, size, &id)) {
		require(id.kind >= SCSI_ID_T10 && id.length && id.length <= size);
		require(scsi_id_is_in(data, size, &id) && strlen(scsi_id_text(&id, text)) < sizeof(text));
		require(scsi_id_wwid(&id, wwid) || (strlen(wwid) < sizeof(wwid) && !strpbrk(wwid, "/ \n")));
		(void)scsi_id_is_unique(&id);
		require(!scsi_id_choose(data, size, &again) && scsi_id_is_same(&id, &again));
	}
	if (!scsi_id_serial(data, size, &id))
		require(id.kind == SCSI_ID_SERIAL && id.length && id.bytes[0] != ' ' &&
			strlen(scsi_id_text(&id, text)) < sizeof(text));
	return 0;
}
