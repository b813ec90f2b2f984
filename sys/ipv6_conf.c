/* ipv6_conf.c - an interface's IPv6 settings.
 *
 * Contracts in ipv6_conf.h. A setting is written only where it differs, because writing disable_ipv6 has side effects.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/ipv6_conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/sysfs.h"

#define CONF_DIRECTORY "/proc/sys/net/ipv6/conf"

static int set(int directory, const char *name, int64_t wanted)
{
	char text[24];
	int64_t value;
	int result = sysfs_read_number(directory, name, INT32_MIN, INT32_MAX, &value);

	if (result || value == wanted)
		return result;
	snprintf(text, sizeof(text), "%d", (int)wanted);
	return sysfs_write(directory, name, text);
}

int ipv6_conf_prepare(const char *interface, bool routers)
{
	char path[64];
	int directory, result;

	snprintf(path, sizeof(path), CONF_DIRECTORY "/%s", interface);
	directory = sysfs_open(path);
	if (directory < 0)
		return directory;
	result = set(directory, "disable_ipv6", 0);
	if (routers && !result)
		result = set(directory, "accept_ra", 1);
	if (!result) {
		(void)set(directory, "router_solicitation_delay", 0);
		(void)set(directory, "router_solicitation_interval", 1); /* RFC 4861 10 has 4 s; it doubles */
		(void)set(directory, "autoconf", 1);
	}
	(void)close(directory);
	return result;
}
