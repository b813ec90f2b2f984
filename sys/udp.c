/* udp.c - UDP sockets that are bound to one interface.
 *
 * Contracts in udp.h.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62 /* since Linux 5.0 */
#endif

#define PASSED_OVER_MAX 64 /* errors of one call; poll brings the rest */

static int open_bound(int index, const struct sockaddr *address, socklen_t length)
{
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	int one = 1, error;

	if (fd < 0)
		return -errno;
	/* The next system's own client may want the port as well. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)) == 0 &&
	    (address->sa_family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
	    bind(fd, address, length) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int udp_open4(int index, uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};

	return open_bound(index, (struct sockaddr *)&any, sizeof(any));
}

int udp_open6(int index, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	return open_bound(index, (struct sockaddr *)&any, sizeof(any));
}

int udp_send4(int fd, int index, uint32_t source, uint32_t address, uint16_t port, const void *bytes, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	struct in_pktinfo info = {.ipi_ifindex = index, .ipi_spec_dst.s_addr = htonl(source)};
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(info))] = {0};
	struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
	struct msghdr header = {.msg_name = &to,
				.msg_namelen = sizeof(to),
				.msg_iov = &piece,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return sendmsg(fd, &header, 0) < 0 ? -errno : 0;
}

int udp_send6(int fd, int index, const uint8_t address[16], uint16_t port, const void *bytes, size_t length)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = (uint32_t)index};

	memcpy(&to.sin6_addr, address, 16);
	return sendto(fd, bytes, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

ssize_t udp_receive(int fd, void *buffer, size_t size)
{
	for (int i = 0; i < PASSED_OVER_MAX; i++) {
		ssize_t got = recv(fd, buffer, size, MSG_DONTWAIT);

		if (got >= 0)
			return got;
		if (errno != EINTR && errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH)
			return -errno;
	}
	return -EAGAIN;
}
