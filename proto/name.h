/* name.h - initiator and target names (RFC 7143 4.2.7, RFC 3722), ISIDs (RFC 7143 11.12.5), root paths (RFC 4173).  Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_NAME_H
#define PROTO_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

#define NAME_MAX_BYTES 223 /* RFC 7143 4.2.7.1 */

/* Can the name stand in a login's text: 1 to 223 bytes, neither blanks nor control characters? Names that are no legal
   iSCSI names are in use everywhere, and targets take them. */
bool name_is_usable(struct text name);

/* Does it begin with iqn., eui. or naa., in any case? */
bool name_has_type(struct text name);

/* What is odd about a usable name: a constant that says what RFC 7143 4.2.7 expects; NULL: it is as it should be. */
const char *name_oddity(struct text name);

/* Is it a legal iqn., eui. or naa. name? 0, or -EINVAL with *why (a constant that says what was expected). */
int name_check(const char *name, size_t length, const char **why);

/* "eui." + EUI-64 of the MAC address (RFC 7143 4.2.7.5; RFC 4291 appendix A inserts ff-fe). out: 21 bytes. */
void name_from_mac(const uint8_t mac[6], char out[21]);

/* The ISID of the n-th session: 00 02 3d + 24 bits, the form that open-iscsi uses for its sid, so that iscsid reinstates
   the same session. */
void name_isid(uint32_t n, uint8_t isid[6]);

/* RFC 4173: iscsi:<server>:<protocol>:<port>:<LUN, hexadecimal>:<target>. */
struct root_path {
	char server[254]; /* "": ask the DHCP server's next-server */
	uint16_t port;
	uint64_t lun; /* as the kernel numbers it, see name_lun_of_groups */
	char target[NAME_MAX_BYTES + 1];
};

/* 0; -ENOENT: does not begin with "iscsi:"; -EINVAL: *why says which field and what was expected. */
int name_root_path(const char *text, size_t length, struct root_path *out, const char **why);

/* Is this RFC 4173's number of TCP, or nothing, or "tcp" as people write it? */
bool name_is_tcp(struct text protocol);

/* A LUN as RFC 4173 writes it: one to four groups of up to four hexadecimal digits, joined with '-'. 0 or -EINVAL. */
int name_read_lun(struct text text, uint64_t *lun);

/* Four 16-bit groups, the first the highest, to the kernel's number for the LUN (scsilun_to_int). */
uint64_t name_lun_of_groups(const uint16_t group[4]);

/* The kernel's number back into the 8 bytes of the LUN field (int_to_scsilun). */
void name_lun_bytes(uint64_t lun, uint8_t bytes[8]);

#endif
