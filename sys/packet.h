/* packet.h - packet sockets (packet(7)) for DHCP on an interface without an address, and for ARP.
 *
 * A filter in the kernel lets nothing else through, so a busy link does not wake us. Bytes begin behind the link header.
 * The sockets never block.
 */
#ifndef SYS_PACKET_H
#define SYS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* IPv4 packets with UDP to port 68, whole ones. A descriptor or -errno; -EAFNOSUPPORT: module af_packet is missing. */
int packet_open_dhcp(int index);

/* ARP packets. The same. */
int packet_open_arp(int index);

/* To the link's broadcast address; what the descriptor was opened for decides the protocol. 0 or -errno. */
int packet_send_dhcp(int fd, int index, const void *bytes, size_t length);
int packet_send_arp(int fd, int index, const void *bytes, size_t length);

/* The next packet that came from outside for this machine: its length, cut to size; -EAGAIN: none. *checksum_ready
   (may be NULL) is false where a sender on this very machine left the UDP checksum to hardware. */
ssize_t packet_receive(int fd, void *buffer, size_t size, bool *checksum_ready);

#endif
