/* secrets.h - CHAP secrets that stand in files of the initramfs instead of the command line.
 *
 * password=@/path and password_in=@/path, and /etc/iscsi-init/secrets, a table for targets that have no CHAP name yet:
 *
 *	# target's name or *    user   secret   [target's user   target's secret]
 *	iqn.2026-01.org.example:disk  me  correct%20horse
 *	*                             me  0x00112233445566778899aabb
 *
 * Fields are separated by blanks and written as in iscsi= (percent signs, 0x, 0b; @/path too). The first line that fits
 * counts. A file that others than its owner may read or write, or that is neither root's nor ours, is refused.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include "plan.h"

#define SECRETS_FILE "/etc/iscsi-init/secrets"

/* Fills in what is missing; to be called whenever targets came (plan_make, plan_add_lease). A target that waits for its
   lease is left alone. table: SECRETS_FILE, need not exist. 0, or -EINVAL with *error, which names the file. */
int secrets_load(struct plan *plan, const char *table, struct plan_error *error);

#endif
