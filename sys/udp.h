/* udp.h - UDP sockets that are bound to one interface, for DHCP with an address (RFC 2131 4.1) and for DHCPv6.
 *
 * By index, not by name: a rename does not matter. The sockets never block.
 */
#ifndef SYS_UDP_H
#define SYS_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bound to the port of any address; broadcasts may be sent and are heard. A descriptor or -errno. */
int udp_open4(int index, uint16_t port);

/* The same for IPv6. */
int udp_open6(int index, uint16_t port);

/* address in host order; source 0: the kernel chooses. 0 or -errno. */
int udp_send4(int fd, int index, uint32_t source, uint32_t address, uint16_t port, const void *bytes, size_t length);
int udp_send6(int fd, int index, const uint8_t address[16], uint16_t port, const void *bytes, size_t length);

/* The next datagram, cut to size; -EAGAIN: none. An error that a peer's ICMP caused is passed over. */
ssize_t udp_receive(int fd, void *buffer, size_t size);

#endif
