/* ip_conf.c - an interface's settings in /proc/sys/net/ipv4 and ipv6.
 *
 * Contracts in ip_conf.h. A setting is written only where it differs, because writing disable_ipv6 has side effects.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/ip_conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/sysfs.h"

static int open_conf(int version, const char *interface)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%s", version, interface);
	return sysfs_open(path);
}

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

int ip_conf_prepare6(const char *interface, bool routers)
{
	int directory = open_conf(6, interface), result;

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

int ip_conf_separate_arp(const char *interface)
{
	int directory = open_conf(4, interface), result;

	if (directory < 0)
		return directory;
	result = set(directory, "arp_ignore", 1);
	if (!result)
		result = set(directory, "arp_announce", 2);
	(void)close(directory);
	return result;
}
