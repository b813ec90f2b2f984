/* scsi_id.h - which logical unit is it? The designators of VPD page 0x83 and the serial number of page 0x80 (SPC-4 7.8). Pure.
 *
 * One designator is chosen, as multipath-tools and udev prefer them: NAA registered extended, other NAA, EUI-64, SCSI name
 * string, T10 vendor, and a locally assigned NAA last. Only those of the unit itself count, none of a port or target. A page that breaks off, as it does
 * when it was longer than what was asked for, is read up to there.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_SCSI_ID_H
#define PROTO_SCSI_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCSI_ID_MAX  252 /* bytes of a designator whose page has at most 255 */
#define SCSI_ID_KEPT 48  /* of these; one that is longer is kept in part, and a hash of all of it */
#define SCSI_ID_TEXT 80  /* room for scsi_id_text */
#define SCSI_ID_WWID (2 + 2 * SCSI_ID_KEPT)

enum scsi_id_kind { SCSI_ID_NONE, SCSI_ID_SERIAL, SCSI_ID_T10, SCSI_ID_NAME, SCSI_ID_EUI, SCSI_ID_NAA };

struct scsi_id {
	uint8_t kind;
	uint8_t length;
	uint8_t bytes[SCSI_ID_KEPT];
	uint32_t hash;
};

/* length: 1 to SCSI_ID_MAX. */
void scsi_id_set(struct scsi_id *out, enum scsi_id_kind kind, const uint8_t *bytes, size_t length);

/* The best designator of page 0x83. 0, -ENOENT (none of the unit's that is known), -EINVAL (another page, or none). */
int scsi_id_choose(const uint8_t *page, size_t length, struct scsi_id *out);

/* Is this designator among those of page 0x83? */
bool scsi_id_is_in(const uint8_t *page, size_t length, const struct scsi_id *id);

/* The target port group that the page was asked through (SPC-4 7.8.6.8). 0 or -ENOENT. */
int scsi_id_port_group(const uint8_t *page, size_t length, uint16_t *out);

/* The serial number, without spaces around it. 0, -ENOENT (empty), -EINVAL. */
int scsi_id_serial(const uint8_t *page, size_t length, struct scsi_id *out);

bool scsi_id_is_same(const struct scsi_id *a, const struct scsi_id *b);

/* The name that udev and multipath-tools give the unit: "36001405..." (NAA), "2..." (EUI-64), "1..." (T10 vendor), "8..." (SCSI name).
   0; -ENOENT: it has none, because it is unknown or a mere serial number, or because it is too long to be known whole. */
int scsi_id_wwid(const struct scsi_id *id, char out[SCSI_ID_WWID]);

/* Does its own form promise that no unit of another maker has it? NAA and EUI-64 with a company's number: some targets count from
   zero behind none, and every one of them has the same first disk. */
bool scsi_id_is_unique(const struct scsi_id *id);

/* "naa.6001405...", "eui....", "t10.LIO-ORG ...", "serial 1234", cut when long; foreign bytes as '?'. Returns out. */
const char *scsi_id_text(const struct scsi_id *id, char out[SCSI_ID_TEXT]);

#endif
