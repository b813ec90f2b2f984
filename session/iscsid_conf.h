/* iscsid_conf.h - will the new root's own iscsid keep the session as it is?
 *
 * Where the real system starts open-iscsi's daemon, it takes the session over and logs in again by its own files. What in
 * them would break that is said in one line each. Reads the new root: call it in a process of its own, beside the boot.
 */
#ifndef SESSION_ISCSID_CONF_H
#define SESSION_ISCSID_CONF_H

#include <stddef.h>

#include "session/session.h"

/* The value of "key = value" in iscsid.conf's manner: the last such line that is no comment, without blanks around it.
   Its length, or -ENOENT, then *out is "". Pure. */
int handover_setting(const char *text, size_t length, const char *key, char *out, size_t size);

/* Logs a warning for everything in the root's /etc/iscsi that would change these sessions. root: a directory descriptor.
   Nothing is said when the root has no iscsid. How many warnings. */
int handover_compare(int root, const struct session *sessions, int count);

#endif
