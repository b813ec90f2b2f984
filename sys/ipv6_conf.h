/* ipv6_conf.h - an interface's IPv6 settings in /proc/sys/net/ipv6/conf (kernel: Documentation/networking/ip-sysctl.rst).
 *
 * For the boot only: it opens paths.
 */
#ifndef SYS_IPV6_CONF_H
#define SYS_IPV6_CONF_H

#include <stdbool.h>

/* Lets the kernel have IPv6 on the interface, listen to routers if `routers`, and ask for them at once instead of after
   up to a second's chance, again after 1 s instead of 4. A setting that is not there is passed over. 0 or -errno: -ENOENT without IPv6. */
int ipv6_conf_prepare(const char *interface, bool routers);

#endif
