/* probe.h - finds out by ARP whether another station has an IPv4 address (RFC 5227), while the boot goes on.
 *
 * Nothing waits for the probes: the address is already in use, and a conflict is reported when it is found. After the
 * probes the address is announced, so that neighbours forget who had it before, and the socket is closed.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/arp.h"

struct probe {
	int fd; /* -1: not under way */
	int index;
	int sent;
	uint32_t address; /* host order */
	uint8_t mac[6];
	int64_t deadline_ms; /* INT64_MAX: none */
};

#define PROBE_NONE ((struct probe){.fd = -1, .deadline_ms = INT64_MAX})

/* Sends the first probe; a probe that is under way is ended. 0 or -errno. */
int probe_start(struct probe *probe, int index, const uint8_t mac[6], uint32_t address, int64_t now_ms);

/* Reads what came and sends what is due. True: another station, none of our own, has the address, and probing has ended. */
bool probe_step(struct probe *probe, const struct arp_stations *own, const struct pollfd *fds, int count,
		int64_t now_ms);

void probe_stop(struct probe *probe);

#endif
