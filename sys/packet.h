/* packet.h - packet sockets (packet(7)) for DHCP on an interface without an address, and for ARP.
 *
 * A filter in the kernel lets nothing else through, so that a busy link does not wake us. Packets begin after the link header.
 * The sockets never block.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_PACKET_H
#define SYS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* For whole IPv4 packets with UDP to port 68. A descriptor or -errno; -EAFNOSUPPORT: the module af_packet is missing. */
int packet_open_dhcp(int index);

/* The same for ARP packets. */
int packet_open_arp(int index);

/* Send to the link's broadcast address, over a descriptor of the same kind. 0 or -errno. */
int packet_send_dhcp(int fd, int index, const void *bytes, size_t length);
int packet_send_arp(int fd, int index, const void *bytes, size_t length);

/* Receives the next packet that came from outside for this machine. Returns its length, cut to size; -EAGAIN: there is none
   now. *checksum_ready (may be NULL) is false where a sender on this machine left the UDP checksum to the hardware. */
ssize_t packet_receive(int fd, void *buffer, size_t size, bool *checksum_ready);

#endif
