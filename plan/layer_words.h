/* layer_words.h - the words that say what root is made of: a writable layer over it, and a hash tree that verifies it.
 *
 * iscsi.overlay= is ours; systemd.volatile= (systemd's kernel-command-line(7)), overlayroot= (Debian's and Ubuntu's package)
 * and rd.overlay= (dracut's overlayfs module) mean here what they mean there. roothash= and systemd.verity_root_*= are
 * systemd's (systemd-veritysetup-generator(8)). What is not supported is an error or a note, never silence: a machine that
 * was meant to write to memory must not write to the shared disk. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_LAYER_WORDS_H
#define PLAN_LAYER_WORDS_H

#include "cmdline.h"
#include "plan/plan.h"

/* Fills plan->root.overlay and plan->root.verity. Of several overlays the first of this order counts: iscsi.overlay=,
   systemd.volatile=, overlayroot=, rd.overlay=. A verified root without another root= is /dev/mapper/root. 0, or -EINVAL
   with *error. Call it after boot_words_read. */
int layer_words_read(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error);

#endif
