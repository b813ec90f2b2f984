/* nlsock.h - a netlink socket: open, send, receive.
 *
 * Checks that the kernel sent a datagram and that it is whole; does not look into it. Used for rtnetlink
 * (sys/rtnl) and for NETLINK_ISCSI (netlink.c). The sockets never block on receiving.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_NLSOCK_H
#define SYS_NLSOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens and binds a netlink socket, CLOEXEC, in the multicast groups of the bit mask. Its descriptor or -errno:
   -EPROTONOSUPPORT when the kernel does not have that protocol (yet). */
int nlsock_open(int protocol, uint32_t groups);

/* Sends one datagram to the kernel. 0 or -errno. */
int nlsock_send(int fd, const void *message, size_t length);

/* Receives the next datagram from the kernel and returns its length. Datagrams of other processes are dropped unread.
   -EAGAIN: there is none now; -ENOBUFS: some were lost, read the whole state again; -EMSGSIZE: it was longer than size and
   is lost. */
ssize_t nlsock_receive(int fd, void *buffer, size_t size);

#endif
