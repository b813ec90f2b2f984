/* netlink.h - the kernel's iSCSI interface, NETLINK_ISCSI (kernel: drivers/scsi/scsi_transport_iscsi.c, 5.10 and later).
 *
 * Sessions, connections, parameters, PDUs, events. There are two sockets. The kernel answers a call on the socket that made
 * it and sends events only to the group, so that an event never stands between a call and its answer. The kernel carries out
 * a call while it is being sent: the call returns when it is done, and never waits for the network.
 *
 * Every call returns 0 or -errno (what the kernel said; -EPROTO when its answer makes no sense).
 */
/* SPDX-License-Identifier: MIT */
#ifndef NETLINK_H
#define NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_MESSAGE_MAX (16 + 56 + 48 + 8192 + 64) /* nlmsghdr, iscsi_uevent, BHS, data, padding */

struct netlink {
	int call_fd;
	int event_fd;
	uint64_t transport; /* the handle of iSCSI over TCP */
};

/* sysfs: descriptor of /sys. -ENOENT: the iscsi_tcp transport is not there (yet). */
int netlink_open(struct netlink *netlink, int sysfs);

int netlink_create_session(const struct netlink *netlink, uint32_t initial_cmdsn, uint16_t cmds_max,
			   uint16_t queue_depth, uint32_t *sid, uint32_t *host);
int netlink_destroy_session(const struct netlink *netlink, uint32_t sid);
int netlink_create_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid);
int netlink_destroy_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid);
/* fd: a connected TCP socket. The kernel keeps its own reference to it. */
int netlink_bind(const struct netlink *netlink, uint32_t sid, uint32_t cid, int fd);
int netlink_start(const struct netlink *netlink, uint32_t sid, uint32_t cid);
/* flag: ISCSI_STOP_CONN_TERM or ISCSI_STOP_CONN_RECOVER. */
int netlink_stop(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t flag);
/* The kernel sets ITT and CmdSN of what it sends. */
int netlink_send_pdu(const struct netlink *netlink, uint32_t sid, uint32_t cid, const uint8_t bhs[48],
		     const uint8_t *data, size_t length);
int netlink_set_host_param(const struct netlink *netlink, uint32_t host, uint32_t param, const char *value);

/* Many parameters with one call: collect them, then send. A parameter that the kernel does not know (-ENOSYS) is skipped. */
#define NETLINK_BATCH_BYTES 6144
struct netlink_batch {
	uint32_t sid, cid;
	int count;
	bool overflow;
	size_t used;
	uint8_t bytes[NETLINK_BATCH_BYTES] __attribute__((aligned(8)));
};
void netlink_batch_start(struct netlink_batch *batch, uint32_t sid, uint32_t cid);
void netlink_batch_text(struct netlink_batch *batch, uint32_t param, const char *value); /* "" and NULL: not sent */
void netlink_batch_number(struct netlink_batch *batch, uint32_t param, int64_t value);
/* *failed: the first parameter that was refused. The batch is wiped: it may hold secrets. */
int netlink_batch_send(const struct netlink *netlink, struct netlink_batch *batch, uint32_t *failed);

enum netlink_event_type {
	NETLINK_EVENT_PDU,
	NETLINK_EVENT_ERROR,     /* connection error: error */
	NETLINK_EVENT_CREATED,   /* session: sid, host */
	NETLINK_EVENT_DESTROYED, /* session: sid, host */
	NETLINK_EVENT_UNBOUND,   /* session: sid, host */
	NETLINK_EVENT_OTHER,
	NETLINK_EVENT_OVERRUN, /* events were lost: look at everything again */
};

struct netlink_event {
	enum netlink_event_type type;
	uint32_t kernel_type; /* enum iscsi_kernel_message */
	uint64_t transport;
	uint32_t sid, cid, host;
	uint32_t error;     /* ISCSI_ERR_..., see netlink_error_name */
	const uint8_t *bhs; /* NETLINK_EVENT_PDU: 48 bytes inside the buffer */
	const uint8_t *data;
	size_t length; /* as the BHS says, checked against what came */
};

/* Reads one event. buffer: NETLINK_MESSAGE_MAX bytes, aligned to 8; *event points into it. -EAGAIN: there is none. */
int netlink_receive(const struct netlink *netlink, uint8_t *buffer, struct netlink_event *event);

/* Turns one message (struct nlmsghdr and what follows) into an event. Pure. -EPROTO: it is not one of ours. */
int netlink_parse(const uint8_t *message, size_t length, struct netlink_event *event);

/* "ISCSI_ERR_CONN_FAILED", ... and, for people, "the connection failed". Never NULL. */
const char *netlink_error_name(uint32_t error);
const char *netlink_error_text(uint32_t error);

#endif
