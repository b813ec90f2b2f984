/* netnames.h - the predictable names by which udev would know an interface (systemd.net-naming-scheme(7)).
 *
 * Nobody renames interfaces before the real system runs, but its command line may already use those names: onboard (eno1),
 * slot (ens3) and path (enp0s3, enp0s20u1) of what is on PCI, number in a board's device tree (end0), and MAC (enx525400123456)
 * of what has any device. Reads sysfs only.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_NETNAMES_H
#define SYS_NETNAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NETNAMES_MAX      5
#define NETNAMES_NAME_MAX 16 /* IFNAMSIZ, with the NUL; udev gives no longer names either */

struct netnames {
	int count;
	char names[NETNAMES_MAX][NETNAMES_NAME_MAX];
};

/* sysfs: descriptor of /sys; mac: the permanent MAC address, or NULL. What cannot be read gives no name. */
void netnames_read(int sysfs, const char *interface, const uint8_t mac[6], struct netnames *names);

bool netnames_has(const struct netnames *names, const char *name);

#endif
