/* lease6.h - DHCPv6 on one interface: the UDP socket under the machine of proto/dhcp6.
 *
 * Needs a link-local address that is past duplicate address detection. Does not put addresses on interfaces.
 */
#ifndef NET_LEASE6_H
#define NET_LEASE6_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/dhcp6.h"

struct lease6 {
	struct dhcp6 dhcp;
	int index;
	char name[16];
	int fd; /* -1: closed */
	unsigned sent;
	const char *refused;
};

void lease6_init(struct lease6 *lease);
void lease6_start(struct lease6 *lease, int index, const char *name, const struct dhcp6_config *config, int64_t now_ms);
bool lease6_is_started(const struct lease6 *lease);
int lease6_pollfds(const struct lease6 *lease, struct pollfd *out, int count, int max);
int64_t lease6_deadline(const struct lease6 *lease);

/* As lease4_step. */
unsigned lease6_step(struct lease6 *lease, const struct pollfd *fds, int count, int64_t now_ms);
unsigned lease6_link(struct lease6 *lease, bool up, int64_t now_ms);

/* The kernel's duplicate address detection found the address taken. */
unsigned lease6_conflict(struct lease6 *lease, int64_t now_ms);

void lease6_stop(struct lease6 *lease);

#endif
