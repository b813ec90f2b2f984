/* udp.h - UDP sockets that are bound to one interface, for DHCP with an address (RFC 2131 4.1) and for DHCPv6.
 *
 * They are bound by index, so that renaming the interface does not matter. The sockets never block.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_UDP_H
#define SYS_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bound to the port on any address; may send and receive broadcasts. A descriptor or -errno. */
int udp_open4(int index, uint16_t port);

/* The same for IPv6. */
int udp_open6(int index, uint16_t port);

/* address and source in host order; source 0: the kernel chooses. 0 or -errno. */
int udp_send4(int fd, int index, uint32_t source, uint32_t address, uint16_t port, const void *bytes, size_t length);
int udp_send6(int fd, int index, const uint8_t address[16], uint16_t port, const void *bytes, size_t length);

/* Receives the next datagram, cut to size; -EAGAIN: there is none now. Errors that a peer's ICMP caused are ignored. */
ssize_t udp_receive(int fd, void *buffer, size_t size);

#endif
