/* iscsid_conf.h - will the new root's own iscsid keep the session as it is?
 *
 * Where the real system starts open-iscsi's daemon, the daemon takes the session over and logs in again by its own files.
 * Each of their settings that would break the session is reported in one line. This reads the new root: call it in a process
 * of its own, beside the boot.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_ISCSID_CONF_H
#define SESSION_ISCSID_CONF_H

#include <stddef.h>

#include "session/session.h"

/* Reads the value of "key = value" as iscsid does: that of the last such line that is no comment, without the blanks around
   it. Its length; -ENOENT: there is none, and *out is "". Pure. */
int iscsid_conf_setting(const char *text, size_t length, const char *key, char *out, size_t size);

/* Logs a warning for everything in the root's /etc/iscsi that would change these sessions; nothing when the root has no
   iscsid. root: a directory descriptor. Returns how many warnings. */
int iscsid_conf_compare(int root, const struct session *sessions, int count);

#endif
