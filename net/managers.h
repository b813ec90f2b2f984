/* managers.h - files that keep the running system's network managers from taking root's interface away.
 *
 * Below /run, so that they last for one boot. They name an interface with a driver of its own by its MAC address, since udev
 * may still give it another name. For systemd-networkd (and netplan, which configures it), NetworkManager, and ifupdown
 * under systemd with udev. Whatever else takes root's network away, heal.h sets it up again.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_MANAGERS_H
#define NET_MANAGERS_H

#include "net/interface.h"
#include "plan/plan.h"

/* The files of one interface below root ("" for /). dns: count name servers, best first. 0, or the first -errno. */
int managers_write(const char *root, const struct interface *interface, const struct address *dns, int count);

#endif
