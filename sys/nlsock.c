/* nlsock.c - a netlink socket: open, send, receive.
 *
 * Contracts in nlsock.h.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/nlsock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (1 << 20) /* coldplug brings links in bursts; the kernel doubles it */

int nlsock_open(int protocol, uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int size = RECEIVE_BUFFER;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

int nlsock_send(int fd, const void *message, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(fd, message, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EIO;
}

ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	for (;;) {
		struct sockaddr_nl sender = {0};
		struct iovec piece = {.iov_base = buffer, .iov_len = size};
		struct msghdr header = {
			.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &piece, .msg_iovlen = 1};
		ssize_t got = recvmsg(fd, &header, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (header.msg_namelen != sizeof(sender) || sender.nl_pid != 0)
			continue;
		return header.msg_flags & MSG_TRUNC ? -EMSGSIZE : got;
	}
}
