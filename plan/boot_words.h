/* boot_words.h - our own words iscsi.* that control the boot, and the kernel's root= and related words.
 *
 * Owns their values. It does not read iscsi= and iscsi.ip= (target_word, network_words), nor root=iscsi: and root=dhcp
 * (the dialects).
 * Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_BOOT_WORDS_H
#define PLAN_BOOT_WORDS_H

#include "cmdline.h"
#include "plan/plan.h"

#define BOOT_TIMEOUT_DEFAULT_S 180 /* iscsi.timeout */

/* Fills *boot and *root, and looks at the name of every word. 0, or -EINVAL with *error: the first thing that is wrong.
   Even then everything that could be read is read, so that iscsi.onfail= decides what becomes of the boot. */
int boot_words_read(const struct cmdline *cmdline, struct boot_plan *boot, struct root_plan *root,
		    struct plan_error *error);

/* A device as root= names one, cut out of the command line. */
struct device_text {
	enum root_kind kind; /* ROOT_NONE: the value is empty; ROOT_OTHER: a form that names no device */
	struct text value;   /* without the prefix */
};

/* Reads "UUID=...", "/dev/sda1", "8:1" and the like. 0 or -EINVAL with *fault. */
int boot_words_device(struct text value, struct device_text *out, struct fault *fault);

/* The values of iscsi.onfail= and iscsi.log= as words: "panic", "info". */
const char *boot_words_onfail(enum onfail onfail);
const char *boot_words_log(enum log_level level);

#endif
