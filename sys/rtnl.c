/* rtnl.c - links, addresses and routes through NETLINK_ROUTE.
 *
 * Contracts in rtnl.h. Messages are written and read with memcpy in the host's byte order, as the kernel lays them out;
 * every length that the kernel gives is checked all the same.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "sys/nlsock.h"

_Static_assert(sizeof(struct nlmsghdr) == 16, "kernel: include/uapi/linux/netlink.h");
_Static_assert(sizeof(struct nlattr) == 4, "kernel: include/uapi/linux/netlink.h");
_Static_assert(sizeof(struct ifinfomsg) == 16, "kernel: include/uapi/linux/rtnetlink.h");
_Static_assert(sizeof(struct ifaddrmsg) == 8, "kernel: include/uapi/linux/if_addr.h");
_Static_assert(sizeof(struct rtmsg) == 12, "kernel: include/uapi/linux/rtnetlink.h");
_Static_assert(sizeof(struct nduseroptmsg) == 16, "kernel: include/uapi/linux/rtnetlink.h");

#define REQUEST_MAX   512
#define ND_OPTION_DNS 25   /* RFC 8106 5.1 */
#define RA_MANAGED    0x40 /* kernel: include/net/if_inet6.h, IF_RA_MANAGED */
#define RA_OTHER      0x80 /* IF_RA_OTHERCONF */
#define PERM_ADDRESS  54   /* IFLA_PERM_ADDRESS, since 5.6 */
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#ifndef RTPROT_RA
#define RTPROT_RA 9
#endif
#define EVENT_GROUPS                                                                                    \
	(1u << (RTNLGRP_LINK - 1) | 1u << (RTNLGRP_IPV4_IFADDR - 1) | 1u << (RTNLGRP_IPV6_IFADDR - 1) | \
	 1u << (RTNLGRP_IPV6_IFINFO - 1) | 1u << (RTNLGRP_IPV6_ROUTE - 1) | 1u << (RTNLGRP_ND_USEROPT - 1))

/* ---- reading ---- */

/* Host byte order, from the start of what is left. */
static void read_struct(struct reader *r, void *out, size_t size)
{
	const uint8_t *bytes = read_bytes(r, size);

	if (bytes)
		memcpy(out, bytes, size);
	else
		memset(out, 0, size);
}

/* Skips to the next multiple of 4, or to the end. */
static void skip_padding(struct reader *r, size_t length)
{
	size_t padding = -length & 3;

	read_skip(r, padding < r->left ? padding : r->left);
}

/* The next attribute's type and, in *value, its bytes; -1 at the end or where the rest makes no sense. */
static int next_attribute(struct reader *r, struct reader *value)
{
	struct nlattr head;

	if (r->left < sizeof(head))
		return -1;
	read_struct(r, &head, sizeof(head));
	if (head.nla_len < sizeof(head))
		return -1;
	*value = read_sub(r, head.nla_len - sizeof(head));
	if (r->bad)
		return -1;
	skip_padding(r, head.nla_len);
	return head.nla_type & NLA_TYPE_MASK;
}

static uint32_t read_u32(struct reader value)
{
	uint32_t number;

	read_struct(&value, &number, sizeof(number));
	return number;
}

/* A text that fits, with its NUL; else "". */
static void read_text(struct reader value, char *out, size_t size)
{
	size_t length = value.left ? strnlen((const char *)value.at, value.left) : 0;

	if (length >= size)
		length = 0;
	memcpy(out, value.at ? (const char *)value.at : "", length);
	out[length] = '\0';
}

static bool read_mac(struct reader value, uint8_t mac[6])
{
	if (value.left != 6)
		return false;
	memcpy(mac, value.at, 6);
	return true;
}

static void read_link_info(struct reader info, char kind[RTNL_NAME_MAX])
{
	struct reader value;
	int type;

	while ((type = next_attribute(&info, &value)) >= 0)
		if (type == IFLA_INFO_KIND)
			read_text(value, kind, RTNL_NAME_MAX);
}

static void read_link_attribute(struct rtnl_link *link, int type, struct reader value)
{
	switch (type) {
	case IFLA_IFNAME:
		read_text(value, link->name, sizeof(link->name));
		break;
	case IFLA_ADDRESS:
		link->has_mac = read_mac(value, link->mac);
		break;
	case PERM_ADDRESS:
		link->has_permanent_mac = read_mac(value, link->permanent_mac);
		break;
	case IFLA_MTU:
		link->mtu = read_u32(value);
		break;
	case IFLA_MASTER:
		link->master = (int)read_u32(value);
		break;
	case IFLA_LINK:
		link->parent = (int)read_u32(value);
		break;
	case IFLA_LINKINFO:
		read_link_info(value, link->kind);
		break;
	default:
		break;
	}
}

static enum rtnl_type read_link6(struct reader *r, const struct ifinfomsg *head, struct rtnl_link6 *link6)
{
	struct reader value, inner;
	enum rtnl_type found = RTNL_OTHER;
	int type;

	*link6 = (struct rtnl_link6){.index = head->ifi_index};
	while ((type = next_attribute(r, &value)) >= 0) {
		if (type != IFLA_PROTINFO)
			continue;
		inner = value;
		while ((type = next_attribute(&inner, &value)) >= 0) {
			if (type != IFLA_INET6_FLAGS)
				continue;
			link6->managed = read_u32(value) & RA_MANAGED;
			link6->other = read_u32(value) & RA_OTHER;
			found = RTNL_LINK6;
		}
	}
	return found;
}

static enum rtnl_type read_link(struct reader *r, bool gone, struct rtnl_event *event)
{
	struct rtnl_link *link = &event->link;
	struct ifinfomsg head;
	struct reader value;
	int type;

	read_struct(r, &head, sizeof(head));
	if (r->bad || head.ifi_index <= 0)
		return RTNL_OTHER;
	if (head.ifi_family == AF_INET6 && !gone)
		return read_link6(r, &head, &event->link6);
	if (head.ifi_family != AF_UNSPEC)
		return RTNL_OTHER; /* a bridge's port, for one */
	*link = (struct rtnl_link){.index = head.ifi_index, .flags = head.ifi_flags, .type = head.ifi_type};
	while ((type = next_attribute(r, &value)) >= 0)
		read_link_attribute(link, type, value);
	return gone ? RTNL_LINK_GONE : RTNL_LINK;
}

/* With a peer IFA_LOCAL is ours and IFA_ADDRESS the peer's; without, both are ours (IPv6 has only IFA_ADDRESS). */
static enum rtnl_type read_address(struct reader *r, bool gone, struct rtnl_address *address)
{
	struct ifaddrmsg head;
	struct reader value, local = {0}, other = {0};
	size_t size;
	int type;

	read_struct(r, &head, sizeof(head));
	size = head.ifa_family == AF_INET ? 4 : 16;
	if (r->bad || (head.ifa_family != AF_INET && head.ifa_family != AF_INET6))
		return RTNL_OTHER;
	*address = (struct rtnl_address){.index = (int)head.ifa_index,
					 .family = head.ifa_family,
					 .prefix = head.ifa_prefixlen,
					 .scope = head.ifa_scope,
					 .flags = head.ifa_flags};
	while ((type = next_attribute(r, &value)) >= 0) {
		if (type == IFA_LOCAL && value.left == size)
			local = value;
		else if (type == IFA_ADDRESS && value.left == size)
			other = value;
		else if (type == IFA_FLAGS && value.left == 4)
			address->flags = read_u32(value);
	}
	if (!local.at)
		local = other;
	if (!local.at)
		return RTNL_OTHER;
	memcpy(address->address, local.at, size);
	address->has_peer = other.at && memcmp(other.at, local.at, size);
	if (address->has_peer)
		memcpy(address->peer, other.at, size);
	return gone ? RTNL_ADDRESS_GONE : RTNL_ADDRESS;
}

/* RFC 8106 5.1: type, length in units of 8, two reserved bytes, lifetime, servers. */
static enum rtnl_type read_dns6(struct reader *r, struct rtnl_dns6 *dns6)
{
	struct nduseroptmsg head;
	struct reader option;
	uint8_t units;

	read_struct(r, &head, sizeof(head));
	option = read_sub(r, head.nduseropt_opts_len);
	*dns6 = (struct rtnl_dns6){.index = head.nduseropt_ifindex};
	if (read_u8(&option) != ND_OPTION_DNS)
		return RTNL_OTHER;
	units = read_u8(&option);
	read_skip(&option, 2);
	dns6->lifetime_s = read_be32(&option);
	if (option.bad || units < 3 || units % 2 == 0 || option.left < (size_t)units * 8 - 8)
		return RTNL_OTHER;
	dns6->count = (units - 1) / 2 < RTNL_DNS_MAX ? (units - 1) / 2 : RTNL_DNS_MAX;
	for (int i = 0; i < dns6->count; i++)
		read_struct(&option, dns6->servers[i], 16);
	return RTNL_DNS6;
}

/* An IPv6 default route that a router advertised. */
static enum rtnl_type read_router6(struct reader *r, struct rtnl_router6 *router6)
{
	struct reader value;
	int type;

	*router6 = (struct rtnl_router6){.index = 0};
	while ((type = next_attribute(r, &value)) >= 0)
		if (type == RTA_OIF)
			router6->index = (int)read_u32(value);
	return router6->index > 0 ? RTNL_ROUTER6 : RTNL_OTHER;
}

static enum rtnl_type read_host_route(struct reader *r, const struct rtmsg *head, struct rtnl_route *route)
{
	size_t size = head->rtm_family == AF_INET ? 4 : 16;
	struct reader value;
	int type;

	*route = (struct rtnl_route){.family = head->rtm_family, .prefix = head->rtm_dst_len};
	while ((type = next_attribute(r, &value)) >= 0) {
		if (type == RTA_OIF) {
			route->index = (int)read_u32(value);
		} else if (type == RTA_DST && value.left == size) {
			memcpy(route->to, value.at, size);
		} else if (type == RTA_GATEWAY && value.left == size) {
			memcpy(route->gateway, value.at, size);
			route->has_gateway = true;
		} else if (type == RTA_PREFSRC && value.left == size) {
			memcpy(route->source, value.at, size);
			route->has_source = true;
		}
	}
	return route->index > 0 ? RTNL_ROUTE : RTNL_OTHER;
}

static enum rtnl_type read_route(struct reader *r, bool gone, struct rtnl_event *event)
{
	struct rtmsg head;

	read_struct(r, &head, sizeof(head));
	if (r->bad || (head.rtm_family != AF_INET && head.rtm_family != AF_INET6))
		return RTNL_OTHER;
	if (gone)
		return head.rtm_table == RT_TABLE_MAIN ? RTNL_ROUTE_GONE : RTNL_OTHER;
	if (head.rtm_dst_len == (head.rtm_family == AF_INET ? 32 : 128) && head.rtm_type == RTN_UNICAST)
		return read_host_route(r, &head, &event->route);
	if (head.rtm_family != AF_INET6 || head.rtm_dst_len || head.rtm_protocol != RTPROT_RA)
		return RTNL_OTHER;
	return read_router6(r, &event->router6);
}

static enum rtnl_type read_message(struct reader *r, uint16_t type, struct rtnl_event *event)
{
	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return read_link(r, type == RTM_DELLINK, event);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return read_address(r, type == RTM_DELADDR, &event->address);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return read_route(r, type == RTM_DELROUTE, event);
	case RTM_NEWNDUSEROPT:
		return read_dns6(r, &event->dns6);
	default:
		return RTNL_OTHER;
	}
}

/* NLMSG_ERROR is also the acknowledgement, with error 0; NLMSG_DONE carries a dump's error. */
static void read_answer(struct rtnl_reader *reader, struct reader *body)
{
	int error = (int)read_u32(*body);

	reader->done = true;
	reader->error = body->left < sizeof(error) ? 0 : error;
}

bool rtnl_next(struct rtnl_reader *reader, struct rtnl_event *event)
{
	struct reader r = reader_of(reader->bytes + reader->at, reader->used - reader->at), body;
	struct nlmsghdr head;

	read_struct(&r, &head, sizeof(head));
	if (r.bad || head.nlmsg_len < sizeof(head))
		return false;
	body = read_sub(&r, head.nlmsg_len - sizeof(head));
	if (r.bad)
		return false;
	skip_padding(&r, head.nlmsg_len);
	reader->at = reader->used - r.left;
	if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE)
		read_answer(reader, &body);
	event->type = read_message(&body, head.nlmsg_type, event);
	return true;
}

int rtnl_receive(const struct rtnl *rtnl, struct rtnl_reader *reader)
{
	ssize_t got = nlsock_receive(rtnl->event_fd, reader->bytes, sizeof(reader->bytes));

	reader->at = 0;
	reader->used = got > 0 ? (size_t)got : 0;
	reader->error = 0;
	reader->done = false;
	if (got == -EMSGSIZE)
		return -ENOBUFS;
	return got < 0 ? (int)got : 0;
}

/* ---- asking ---- */

/* A request under construction. */
struct request {
	uint8_t bytes[REQUEST_MAX] __attribute__((aligned(8)));
	struct writer w;
};

static void begin(struct request *request, uint16_t type, uint16_t flags, const void *head, size_t head_size)
{
	struct nlmsghdr message = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};

	request->w = writer_of(request->bytes, sizeof(request->bytes));
	write_bytes(&request->w, &message, sizeof(message));
	write_bytes(&request->w, head, head_size);
}

static void add(struct request *request, uint16_t type, const void *value, size_t length)
{
	struct nlattr head = {.nla_len = (uint16_t)(sizeof(head) + length), .nla_type = type};

	write_bytes(&request->w, &head, sizeof(head));
	write_bytes(&request->w, value, length);
	write_zeros(&request->w, -length & 3);
}

/* Opens a nested attribute; what is added until close_nest is inside. */
static size_t open_nest(struct request *request, uint16_t type)
{
	size_t start = request->w.used;

	add(request, type, NULL, 0);
	return start;
}

static void close_nest(struct request *request, size_t start)
{
	uint16_t length = (uint16_t)(request->w.used - start);

	if (!request->w.bad)
		memcpy(request->bytes + start, &length, sizeof(length));
}

static int send_request(struct rtnl *rtnl, struct request *request)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)request->bytes;

	if (request->w.bad)
		return -EMSGSIZE;
	head->nlmsg_len = (uint32_t)request->w.used;
	head->nlmsg_seq = ++rtnl->sequence;
	return nlsock_send(rtnl->call_fd, request->bytes, request->w.used);
}

static void drain(const struct rtnl *rtnl, struct rtnl_reader *reader)
{
	ssize_t got;

	do
		got = nlsock_receive(rtnl->call_fd, reader->bytes, sizeof(reader->bytes));
	while (got >= 0 || got == -EMSGSIZE || got == -ENOBUFS);
}

/* Sends and reads answers until the last one; found may be NULL. */
static int call(struct rtnl *rtnl, struct request *request,
		void (*found)(void *context, const struct rtnl_event *event), void *context)
{
	struct rtnl_reader reader = {0};
	struct rtnl_event event;
	int result;

	drain(rtnl, &reader);
	result = send_request(rtnl, request);
	while (!result && !reader.done) {
		ssize_t got = nlsock_receive(rtnl->call_fd, reader.bytes, sizeof(reader.bytes));

		reader.at = 0;
		reader.used = got > 0 ? (size_t)got : 0;
		if (got < 0)
			result = got == -EAGAIN ? -EPROTO : (int)got;
		while (rtnl_next(&reader, &event))
			if (found && event.type != RTNL_OTHER)
				found(context, &event);
	}
	return result ? result : reader.error;
}

int rtnl_open(struct rtnl *rtnl)
{
	struct rtnl opened = {.call_fd = nlsock_open(NETLINK_ROUTE, 0)};

	if (opened.call_fd < 0)
		return opened.call_fd;
	opened.event_fd = nlsock_open(NETLINK_ROUTE, EVENT_GROUPS);
	if (opened.event_fd < 0) {
		close(opened.call_fd);
		return opened.event_fd;
	}
	*rtnl = opened;
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	close(rtnl->call_fd);
	close(rtnl->event_fd);
	rtnl->call_fd = rtnl->event_fd = -1;
}

/* The filter sees the header's numbers as a network's: they are in the host's order. */
int rtnl_hear_lost_routes(const struct rtnl *rtnl)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {.len = sizeof(lines) / sizeof(lines[0]), .filter = lines};
	int group = RTNLGRP_IPV4_ROUTE;

	if (setsockopt(rtnl->event_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    setsockopt(rtnl->event_fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	return 0;
}

int rtnl_dump_links(struct rtnl *rtnl, void (*found)(void *context, const struct rtnl_event *event), void *context)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
	struct request request;

	begin(&request, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	return call(rtnl, &request, found, context);
}

int rtnl_dump_addresses(struct rtnl *rtnl, void (*found)(void *context, const struct rtnl_event *event), void *context)
{
	struct ifaddrmsg head = {.ifa_family = AF_UNSPEC};
	struct request request;

	begin(&request, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
	return call(rtnl, &request, found, context);
}

/* What the answer to a question about one thing held. */
struct answer {
	enum rtnl_type wanted;
	bool found;
	struct rtnl_event event;
};

static void take_answer(void *context, const struct rtnl_event *event)
{
	struct answer *answer = context;

	if (event->type != answer->wanted)
		return;
	answer->event = *event;
	answer->found = true;
}

int rtnl_get_link(struct rtnl *rtnl, int index, struct rtnl_link *link)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct answer answer = {.wanted = RTNL_LINK};
	struct request request;
	int result;

	begin(&request, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	result = call(rtnl, &request, take_answer, &answer);
	if (!result && !answer.found)
		result = -EPROTO;
	if (!result)
		*link = answer.event.link;
	return result;
}

int rtnl_get_route(struct rtnl *rtnl, struct rtnl_route *route)
{
	size_t size = route->family == AF_INET ? 4 : 16;
	bool is_link_local = route->family == AF_INET6 && route->to[0] == 0xfe && (route->to[1] & 0xc0) == 0x80;
	struct rtmsg head = {.rtm_family = route->family, .rtm_dst_len = (uint8_t)(size * 8)};
	struct answer answer = {.wanted = RTNL_ROUTE};
	struct request request;
	int result;

	begin(&request, RTM_GETROUTE, NLM_F_ACK, &head, sizeof(head));
	add(&request, RTA_DST, route->to, size);
	if (is_link_local)
		add(&request, RTA_OIF, &route->index, sizeof(route->index));
	result = call(rtnl, &request, take_answer, &answer);
	if (!result && !answer.found)
		result = -ENETUNREACH; /* prohibited, or one of our own */
	if (!result)
		*route = answer.event.route;
	return result;
}

/* ---- changing ---- */

static void add_u32(struct request *request, uint16_t type, uint32_t value)
{
	add(request, type, &value, sizeof(value));
}

static void add_name(struct request *request, uint16_t type, const char *name)
{
	add(request, type, name, strlen(name) + 1);
}

int rtnl_change_link(struct rtnl *rtnl, int index, const struct rtnl_change *change)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct request request;

	if (change->up || change->down) {
		head.ifi_change = IFF_UP;
		head.ifi_flags = change->up ? IFF_UP : 0;
	}
	begin(&request, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
	if (change->mtu)
		add_u32(&request, IFLA_MTU, change->mtu);
	if (change->mac)
		add(&request, IFLA_ADDRESS, change->mac, 6);
	if (change->name)
		add_name(&request, IFLA_IFNAME, change->name);
	if (change->master || change->release)
		add_u32(&request, IFLA_MASTER, (uint32_t)change->master);
	return call(rtnl, &request, NULL, NULL);
}

static void begin_new_link(struct request *request, const char *name)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};

	begin(request, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	add_name(request, IFLA_IFNAME, name);
}

int rtnl_add_vlan(struct rtnl *rtnl, const char *name, int parent, uint16_t id)
{
	struct request request;
	size_t info, data;

	begin_new_link(&request, name);
	add_u32(&request, IFLA_LINK, (uint32_t)parent);
	info = open_nest(&request, IFLA_LINKINFO);
	add_name(&request, IFLA_INFO_KIND, "vlan");
	data = open_nest(&request, IFLA_INFO_DATA);
	add(&request, IFLA_VLAN_ID, &id, sizeof(id));
	close_nest(&request, data);
	close_nest(&request, info);
	return call(rtnl, &request, NULL, NULL);
}

int rtnl_add_link(struct rtnl *rtnl, const char *name, const char *kind)
{
	struct request request;
	size_t info;

	begin_new_link(&request, name);
	info = open_nest(&request, IFLA_LINKINFO);
	add_name(&request, IFLA_INFO_KIND, kind);
	close_nest(&request, info);
	return call(rtnl, &request, NULL, NULL);
}

static void add_broadcast(struct request *request, const struct rtnl_address *address)
{
	uint32_t value;

	if (address->family != AF_INET || address->prefix > 30 || address->has_peer)
		return;
	memcpy(&value, address->address, sizeof(value));
	value |= htonl(0xffffffffu >> address->prefix);
	add_u32(request, IFA_BROADCAST, value);
}

static void begin_address(struct request *request, uint16_t type, uint16_t flags, const struct rtnl_address *address)
{
	struct ifaddrmsg head = {.ifa_family = address->family,
				 .ifa_prefixlen = address->prefix,
				 .ifa_flags = (uint8_t)address->flags,
				 .ifa_scope = address->scope,
				 .ifa_index = (uint32_t)address->index};
	size_t size = address->family == AF_INET ? 4 : 16;

	begin(request, type, NLM_F_ACK | flags, &head, sizeof(head));
	add(request, IFA_LOCAL, address->address, size);
	add(request, IFA_ADDRESS, address->has_peer ? address->peer : address->address, size);
}

int rtnl_add_address(struct rtnl *rtnl, const struct rtnl_address *address)
{
	struct request request;

	begin_address(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address);
	add_broadcast(&request, address);
	return call(rtnl, &request, NULL, NULL);
}

int rtnl_remove_address(struct rtnl *rtnl, const struct rtnl_address *address)
{
	struct request request;

	begin_address(&request, RTM_DELADDR, 0, address);
	return call(rtnl, &request, NULL, NULL);
}

int rtnl_add_route(struct rtnl *rtnl, const struct rtnl_route *route)
{
	struct rtmsg head = {.rtm_family = route->family,
			     .rtm_dst_len = route->prefix,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = RTPROT_BOOT,
			     .rtm_scope = route->has_gateway || route->family == AF_INET6 ? RT_SCOPE_UNIVERSE
											  : RT_SCOPE_LINK,
			     .rtm_type = RTN_UNICAST,
			     .rtm_flags = route->has_gateway && route->gateway_on_link ? RTNH_F_ONLINK : 0};
	size_t size = route->family == AF_INET ? 4 : 16;
	struct request request;

	begin(&request, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	if (route->prefix)
		add(&request, RTA_DST, route->to, size);
	if (route->has_gateway)
		add(&request, RTA_GATEWAY, route->gateway, size);
	if (route->has_source)
		add(&request, RTA_PREFSRC, route->source, size);
	if (route->metric)
		add_u32(&request, RTA_PRIORITY, route->metric);
	add_u32(&request, RTA_OIF, (uint32_t)route->index);
	return call(rtnl, &request, NULL, NULL);
}
