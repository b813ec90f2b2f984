/* arp.h - ARP packets that find out whether an IPv4 address is taken (RFC 826, 5227), for Ethernet.
 *
 * Packets have no link header: they are for AF_PACKET, SOCK_DGRAM, ETH_P_ARP sockets. All go to the broadcast address. The
 * caller decides when to send them.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_ARP_H
#define PROTO_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARP_SIZE         28
#define ARP_STATIONS_MAX 32

/* The MAC addresses of this machine's own interfaces: with several in one network, one may hear or answer for another. */
struct arp_stations {
	int count;
	uint8_t macs[ARP_STATIONS_MAX][6];
};

/* Adds a MAC address once; one that does not fit is left out. */
void arp_add_station(struct arp_stations *stations, const uint8_t mac[6]);

/* "Who has this address?", without a sender address (RFC 5227 2.1.1). Addresses are in host byte order. */
void arp_build_probe(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address);

/* "This address is mine" (RFC 5227 2.3): updates the neighbours' caches. */
void arp_build_announcement(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address);

/* Whether a received packet shows that another station has the address (RFC 5227 2.1.1, 2.4). Another station's probe for
 * it is not a conflict: the address is already in use here, and the kernel answers the probe. Nor is what one of our own
 * interfaces sends: a switch may bring it back, and the kernel answers on each interface for the addresses of all. */
bool arp_is_conflict(const uint8_t *packet, size_t length, const struct arp_stations *own, uint32_t address);

#endif
