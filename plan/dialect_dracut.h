/* dialect_dracut.h - netroot=, root=iscsi:, root=dhcp and rd.iscsi.*, as dracut reads them (dracut.cmdline(7)).
 *
 * Owns dracut's iSCSI words; network_words has its network words. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_DIALECT_DRACUT_H
#define PLAN_DIALECT_DRACUT_H

#include "cmdline.h"
#include "plan/plan.h"

/* What do dracut's words ask for: targets that they name, the firmware's, the lease's? */
struct dracut_wishes {
	bool targets, firmware, dhcp, dhcp6;
};
struct dracut_wishes dracut_wishes(const struct cmdline *cmdline);

/* Looks at the words that are not read elsewhere, and notes those without effect. 0, or -EINVAL with *error. */
int dracut_check(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error);

/* Adds the targets of netroot= and root=iscsi: and, for dhcp, the template. 0, or -EINVAL with *error. */
int dracut_add_targets(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error);

/* Reads rd.iscsi.initiator= into *name, which is empty if there is none. 0, or -EINVAL with *error. */
int dracut_initiator(const struct cmdline *cmdline, char name[NAME_MAX_BYTES + 1], struct plan_error *error);

/* [auth@]server:[proto]:[port]:[[iface:][netdev:]][lun]:target, without "iscsi:" before it. The LUN is decimal, or
   (hex_lun) RFC 4173's. *target must have its defaults. An empty server is left empty. 0, or -EINVAL with *fault, which
   holds no piece of a secret. */
int dracut_read_target(struct text text, bool hex_lun, struct target_plan *target, struct fault *fault);

#endif
