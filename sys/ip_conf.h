/* ip_conf.h - an interface's settings in /proc/sys/net/ipv4 and ipv6 (kernel: Documentation/networking/ip-sysctl.rst).
 *
 * For the boot only: it opens paths.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_IP_CONF_H
#define SYS_IP_CONF_H

#include <stdbool.h>

/* Enables IPv6 on the interface. With `routers` it accepts router advertisements, asks for them at once (not after a random
   wait of up to 1 s) and again after 1 s (not 4 s). A setting that does not exist is skipped. 0 or -errno; -ENOENT: the
   kernel has no IPv6. */
int ip_conf_prepare6(const char *interface, bool routers);

/* Makes the interface answer and ask by ARP for its own addresses only, as several interfaces in one network need it:
   arp_ignore 1, arp_announce 2. 0 or -errno. */
int ip_conf_separate_arp(const char *interface);

#endif
