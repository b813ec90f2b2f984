/* packet.c - packet sockets for DHCP and ARP.
 *
 * Contracts in packet.h.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSED_OVER_MAX 64 /* packets of one call; poll brings the rest */

/* IPv4, UDP, not a later fragment, destination port 68. */
static const struct sock_filter dhcp_filter[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* The socket hears nothing before bind names a protocol: no packet slips past the filter. */
static int prepare(int fd, int index, uint16_t protocol, const struct sock_fprog *filter)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = index};
	int one = 1;

	if (filter && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0)
		return -errno;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int open_socket(int index, uint16_t protocol, const struct sock_fprog *filter)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result;

	if (fd < 0)
		return -errno;
	result = prepare(fd, index, protocol, filter);
	if (result)
		close(fd);
	return result ? result : fd;
}

int packet_open_dhcp(int index)
{
	struct sock_fprog filter = {.len = sizeof(dhcp_filter) / sizeof(dhcp_filter[0]),
				    .filter = (struct sock_filter *)(uintptr_t)dhcp_filter};

	return open_socket(index, ETH_P_IP, &filter);
}

int packet_open_arp(int index)
{
	return open_socket(index, ETH_P_ARP, NULL);
}

static int send_broadcast(int fd, int index, uint16_t protocol, const void *bytes, size_t length)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(protocol),
				 .sll_ifindex = index,
				 .sll_halen = ETH_ALEN,
				 .sll_addr = {255, 255, 255, 255, 255, 255}};

	return sendto(fd, bytes, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

int packet_send_dhcp(int fd, int index, const void *bytes, size_t length)
{
	return send_broadcast(fd, index, ETH_P_IP, bytes, length);
}

int packet_send_arp(int fd, int index, const void *bytes, size_t length)
{
	return send_broadcast(fd, index, ETH_P_ARP, bytes, length);
}

static bool is_checksum_ready(struct msghdr *header)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(header); /* no other was asked for */
	struct tpacket_auxdata auxiliary;

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA ||
	    c->cmsg_len < CMSG_LEN(sizeof(auxiliary)))
		return true;
	memcpy(&auxiliary, CMSG_DATA(c), sizeof(auxiliary));
	return !(auxiliary.tp_status & TP_STATUS_CSUMNOTREADY);
}

ssize_t packet_receive(int fd, void *buffer, size_t size, bool *checksum_ready)
{
	for (int i = 0; i < PASSED_OVER_MAX; i++) {
		_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))] = {0};
		struct sockaddr_ll from = {0};
		struct iovec piece = {.iov_base = buffer, .iov_len = size};
		struct msghdr header = {.msg_name = &from,
					.msg_namelen = sizeof(from),
					.msg_iov = &piece,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(fd, &header, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (from.sll_pkttype == PACKET_OUTGOING || from.sll_pkttype == PACKET_OTHERHOST)
			continue; /* ours, or of a VLAN that is not here */
		if (checksum_ready)
			*checksum_ready = is_checksum_ready(&header);
		return got;
	}
	return -EAGAIN;
}
