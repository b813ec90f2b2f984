/* Answers to SCSI commands: whatever the bytes are, sizes and texts stay within their bounds, and a designator that was
 * chosen is found again in the page that it is of.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/scsi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scsi_id.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* REPORT TARGET PORT GROUPS data: what was found stands there, and where nothing was, no byte is written. The same bytes in a
   buffer of their very size, past whose end nobody may read. */
static void check_access(const uint8_t *data, size_t size, uint16_t group)
{
	uint8_t *bytes = malloc(size ? size : 1), access = 0x55, again = 0x55;
	bool stands_there = false;
	int result;

	require(bytes != NULL);
	if (size)
		memcpy(bytes, data, size);
	result = scsi_read_access(bytes, size, group, &access);
	for (size_t at = 4; at + 4 <= size; at += 4) /* groups begin at multiples of 4 */
		stands_there = stands_there || ((data[at] & 0x8f) == access && data[at + 2] == group >> 8 &&
						data[at + 3] == (group & 0xff));
	require(result ? access == 0x55 && (result == -EINVAL || result == -ENOENT) : stands_there);
	if (size >= 4) { /* a length that promises more changes nothing for what was found */
		memset(bytes, 0xff, 4);
		require(result || (!scsi_read_access(bytes, size, group, &again) && again == access));
	}
	free(bytes);
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
		check_access(data, size, group);
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
