/* log.h - levels, /dev/kmsg and the console.
 *
 * One line a call, no newline in the text. Before log_open (and in the tools on a running system) lines go to standard
 * error; as init they go to /dev/kmsg with the prefix "iscsi-init: ", from where the kernel brings those at or above the
 * console's level to the console. Foreign bytes are passed through log_safe first.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include "proto/text.h"

/* Lines above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* From now on to kmsg below this directory descriptor (of /dev), which must stay open. Each line has a descriptor of its
   own, since the kernel limits the lines of a descriptor (kernel.printk_devkmsg: 10 in 5 s, the rest is dropped). */
void log_open(int dev);

void log_err(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waits until the console has sent what it was given: before the machine ends. */
void log_drain(void);

/* At most this many bytes of text a line; what is longer is cut. */
#define LOG_LINE_MAX 900

#endif
