/* policies.h - whose machines a storm is made of. */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_POLICIES_H
#define SIM_POLICIES_H

#include "test/sim/sockets.h"

extern const struct policy policy_ours, policy_iscsistart, policy_iscsid, policy_ipxe;

/* Descriptor of a tree in the place of /sys, the same for all machines; must stay. */
void ours_prepare(int sysfs);

/* The machine has its session. */
void storm_up(struct machine *machine);

#endif
