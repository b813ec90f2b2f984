/* arp.h - ARP packets that find out whether an IPv4 address is taken (RFC 826, 5227), for Ethernet.
 *
 * Packets without link header, for AF_PACKET, SOCK_DGRAM, ETH_P_ARP sockets; all are sent to the broadcast address.
 * When to send them is the caller's business.
 */
#ifndef PROTO_ARP_H
#define PROTO_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARP_SIZE 28

/* "Who has address?", said by nobody (RFC 5227 2.1.1). Addresses in host byte order. */
void arp_build_probe(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address);

/* "address is me" (RFC 5227 2.3): fills the neighbours' caches. */
void arp_build_announcement(uint8_t packet[ARP_SIZE], const uint8_t mac[6], uint32_t address);

/* Whether a received packet shows that another station has the address (RFC 5227 2.1.1, 2.4). Another's probe for it
 * is none: the address is in use here while we ask, and the kernel answers for it. */
bool arp_is_conflict(const uint8_t *packet, size_t length, const uint8_t mac[6], uint32_t address);

#endif
