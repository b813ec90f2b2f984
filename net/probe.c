/* probe.c - ARP probes for an address that is already in use (RFC 5227).
 *
 * Contracts in probe.h. Three probes and two announcements. RFC 5227 1.1 has them 1 to 2 s apart; here it is 1 s, and the
 * first is sent at once, because nothing waits for the answer.
 */
/* SPDX-License-Identifier: MIT */
#include "net/probe.h"

#include <errno.h>
#include <unistd.h>

#include "sys/packet.h"
#include "sys/pollfds.h"

#define PROBES        3 /* RFC 5227 1.1, PROBE_NUM */
#define ANNOUNCEMENTS 2 /* ANNOUNCE_NUM */
#define INTERVAL_MS   1000
#define PACKETS_MAX   64 /* of one step: a flood must not keep the loop from the sessions; poll brings the rest */

static void send_next(struct probe *probe, int64_t now_ms)
{
	uint8_t packet[ARP_SIZE];

	if (probe->sent < PROBES)
		arp_build_probe(packet, probe->mac, probe->address);
	else
		arp_build_announcement(packet, probe->mac, probe->address);
	/* A packet may be lost: that is why there are several. */
	(void)packet_send_arp(probe->fd, probe->index, packet, sizeof(packet));
	probe->sent++;
	probe->deadline_ms = now_ms + INTERVAL_MS;
}

int probe_start(struct probe *probe, int index, const uint8_t mac[6], uint32_t address, int64_t now_ms)
{
	int fd = packet_open_arp(index);

	probe_stop(probe);
	if (fd < 0)
		return fd;
	*probe = (struct probe){.fd = fd, .index = index, .address = address};
	for (int i = 0; i < 6; i++)
		probe->mac[i] = mac[i];
	send_next(probe, now_ms);
	return 0;
}

static bool hears_conflict(const struct probe *probe, const struct arp_stations *own)
{
	uint8_t packet[64];
	ssize_t got;

	for (int i = 0; i < PACKETS_MAX; i++) {
		got = packet_receive(probe->fd, packet, sizeof(packet), NULL);
		if (got < 0)
			break;
		if (arp_is_conflict(packet, (size_t)got, own, probe->address))
			return true;
	}
	return false;
}

bool probe_step(struct probe *probe, const struct arp_stations *own, const struct pollfd *fds, int count,
		int64_t now_ms)
{
	if (pollfds_ready(fds, count, probe->fd) && hears_conflict(probe, own)) {
		probe_stop(probe);
		return true;
	}
	if (now_ms < probe->deadline_ms)
		return false;
	if (probe->sent < PROBES + ANNOUNCEMENTS)
		send_next(probe, now_ms);
	else
		probe_stop(probe);
	return false;
}

void probe_stop(struct probe *probe)
{
	if (probe->fd >= 0)
		(void)close(probe->fd);
	*probe = PROBE_NONE;
}
