/* dialect_debian.h - iscsi_*= and ISCSI_*, as Debian's open-iscsi reads them in its initramfs.
 *
 * Owns those words on the command line and in /etc/iscsi/iscsi.initramfs. For each setting the first of these counts: the
 * word in lower case, the file, the word in upper case. dialect_dracut reads root=iscsi:, whose Debian form is part of
 * dracut's. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_DIALECT_DEBIAN_H
#define PLAN_DIALECT_DEBIAN_H

#include "cmdline.h"
#include "plan/plan.h"

struct debian_wishes {
	bool targets, firmware;
};
struct debian_wishes debian_wishes(const struct cmdline *cmdline, const struct plan_files *files);

/* Checks that every setting of the file is known. 0, or -EINVAL with *error. */
int debian_check(const struct plan_files *files, struct plan_error *error);

/* Adds a target for each address. 0, or -EINVAL with *error. */
int debian_add_targets(const struct cmdline *cmdline, const struct plan_files *files, struct plan *plan,
		       struct plan_error *error);

/* Reads iscsi_initiator= into *name, which is empty if there is none. 0, or -EINVAL with *error. */
int debian_initiator(const struct cmdline *cmdline, const struct plan_files *files, char name[NAME_MAX_BYTES + 1],
		     struct plan_error *error);

#endif
