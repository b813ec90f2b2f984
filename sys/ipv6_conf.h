/* ipv6_conf.h - an interface's IPv6 settings in /proc/sys/net/ipv6/conf (kernel: Documentation/networking/ip-sysctl.rst).
 *
 * For the boot only: it opens paths.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_IPV6_CONF_H
#define SYS_IPV6_CONF_H

#include <stdbool.h>

/* Enables IPv6 on the interface. With `routers` it accepts router advertisements, asks for them at once (not after a random
   wait of up to 1 s) and again after 1 s (not 4 s). A setting that does not exist is skipped. 0 or -errno; -ENOENT: the
   kernel has no IPv6. */
int ipv6_conf_prepare(const char *interface, bool routers);

#endif
