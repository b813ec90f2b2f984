/* secrets.h - CHAP names and secrets that stand elsewhere than on the command line.
 *
 * password=@/path and password_in=@/path, and for targets that have no CHAP name yet, the first of these that has one:
 *
 * /etc/iscsi-init/secrets, a table. Fields are separated by blanks and written as in iscsi= (percent signs, 0x, 0b;
 * @/path too). The first line that fits counts.
 *
 *	# target's name or *    user   secret   [target's user   target's secret]
 *	iqn.2026-01.org.example:disk  me  correct%20horse
 *	*                             me  0x00112233445566778899aabb
 *
 * systemd's credentials iscsi.username, iscsi.password, iscsi.username_in, iscsi.password_in, where the service manager,
 * the initrd, the system or QEMU (fw_cfg) has them; keys of type "user" named iscsi-init:username and so on. What they
 * hold is taken as a file of password=@/path is: its first line, byte by byte, or 0x..., 0b... for a secret.
 *
 * A file that others than its owner may read or write, or that is neither root's nor ours, is refused.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_SECRETS_H
#define BOOT_SECRETS_H

#include "plan/plan.h"

#define SECRETS_FILE "/etc/iscsi-init/secrets"

/* Fills in what is missing; to be called whenever targets came (plan_make, plan_add_lease), and again when one's name is
   known: what was found before is forgotten. A target that waits for its lease is left alone. root: where all paths begin, "" but for tests. 0, or -EINVAL with *error, which names the place. */
int secrets_load(struct plan *plan, const char *root, struct plan_error *error);

#endif
