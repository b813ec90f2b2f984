/* arp.c - ARP packets for address conflict detection (RFC 826, 5227). */
/* SPDX-License-Identifier: MIT */
#include "proto/arp.h"

#include <string.h>

#include "proto/bytes.h"

#define ETHERNET_IPV4 0x0001080006040000ull /* hardware, protocol, their address lengths; operation in the low bits */
#define REQUEST       1
#define REPLY         2

static void build(uint8_t *packet, const uint8_t *mac, uint32_t sender, uint32_t target)
{
	struct writer w = writer_of(packet, ARP_SIZE);

	write_be64(&w, ETHERNET_IPV4 | REQUEST);
	write_bytes(&w, mac, 6);
	write_be32(&w, sender);
	write_zeros(&w, 6);
	write_be32(&w, target);
}

void arp_build_probe(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address)
{
	build(packet, mac, 0, address);
}

void arp_build_announcement(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address)
{
	build(packet, mac, address, address);
}

static bool has_station(const struct arp_stations *stations, const uint8_t mac[6])
{
	for (int i = 0; i < stations->count; i++)
		if (!memcmp(stations->macs[i], mac, 6))
			return true;
	return false;
}

void arp_add_station(struct arp_stations *stations, const uint8_t mac[6])
{
	if (stations->count < ARP_STATIONS_MAX && !has_station(stations, mac))
		memcpy(stations->macs[stations->count++], mac, 6);
}

bool arp_is_conflict(const uint8_t *packet, size_t length, const struct arp_stations *own, uint32_t address)
{
	struct reader r = reader_of(packet, length);
	uint64_t head = read_be64(&r);
	const uint8_t *sender_mac = read_bytes(&r, 6);
	uint32_t sender = read_be32(&r);

	read_skip(&r, 10); /* the target does not matter */
	if (r.bad || (head != (ETHERNET_IPV4 | REQUEST) && head != (ETHERNET_IPV4 | REPLY)))
		return false;
	return sender == address && !has_station(own, sender_mac);
}
