/* access.h - which path to a unit is the better one? What the unit itself says of the port that it is reached by (ALUA, SPC-4
 * 5.15.2): asked anew each time, nothing is kept.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_ACCESS_H
#define SESSION_ACCESS_H

#include <stdbool.h>

/* The better ones first. Of two groups in one state that which the target prefers (PREF); but all optimized ones are used beside
   each other, as by multipath-tools, whose prioritizer makes no more of PREF there unless it is told to. */
enum access {
	ACCESS_OPTIMIZED,
	ACCESS_NON_OPTIMIZED_PREFERRED,
	ACCESS_NON_OPTIMIZED,
	ACCESS_UNKNOWN,           /* the unit makes no difference, or cannot be asked */
	ACCESS_STANDBY_PREFERRED, /* from here on: neither read nor written, or not yet */
	ACCESS_STANDBY,
	ACCESS_UNAVAILABLE_PREFERRED,
	ACCESS_UNAVAILABLE,
	ACCESS_COUNT
};

/* Of a SCSI disk ("sda"). One whose session is lost is not asked; else it may block for as long as the unit does. is_new: an answer
   that makes no sense is said. */
enum access access_ask(int sysfs, int dev, const char *block, bool is_new);

#endif
