/* devices.h - a recovered session's SCSI devices, set running again.
 *
 * The kernel unblocks devices by itself when a session is started again, but not those that its error handling took
 * offline while the session was away (its recovery timeout had passed): those stay offline until somebody says otherwise.
 */
#ifndef SESSION_DEVICES_H
#define SESSION_DEVICES_H

#include <stdint.h>

#include "sys/child.h"

/* How many devices of the session are offline. sysfs: descriptor of /sys. */
int devices_offline(int sysfs, uint32_t sid);

/* Sets them running, in a child: the kernel then reads from the disk, and who waits for that must not be the one who
   would repair the session. A child of an earlier call is given up. 0 or -errno. */
int devices_set_running(struct child *child, int sysfs, uint32_t sid);

#endif
