/* netlink.c - see netlink.h. Owns the wire format between us and the kernel; knows nothing of logins or recovery. */
/* SPDX-License-Identifier: MIT */
#include "netlink.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "proto/wipe.h"
#include "sys/nlsock.h"
#include "sys/sysfs.h"

#define TRANSPORT_HANDLE "class/iscsi_transport/tcp/handle"
#define ANSWER_BYTES     (NLMSG_SPACE(sizeof(struct iscsi_uevent)) + 64)

static int read_handle(int sysfs, uint64_t *handle)
{
	char text[32], *end;
	ssize_t n = sysfs_read(sysfs, TRANSPORT_HANDLE, text, sizeof(text));

	if (n < 0)
		return (int)n;
	*handle = strtoull(text, &end, 10);
	return end == text || *end ? -EPROTO : 0;
}

int netlink_open(struct netlink *netlink, int sysfs)
{
	struct netlink opened;
	int result = read_handle(sysfs, &opened.transport);

	if (result)
		return result;
	opened.call_fd = nlsock_open(NETLINK_ISCSI, 0);
	if (opened.call_fd < 0)
		return opened.call_fd;
	opened.event_fd = nlsock_open(NETLINK_ISCSI, 1u << (ISCSI_NETLINK_GROUP - 1));
	if (opened.event_fd < 0) {
		close(opened.call_fd);
		return opened.event_fd;
	}
	*netlink = opened;
	return 0;
}

/* Reads the answer to a call of this type: *answer is the kernel's struct. 0, or the kernel's -errno. */
static int receive_answer(const struct netlink *netlink, uint32_t type, struct iscsi_uevent *answer)
{
	uint8_t buffer[ANSWER_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr header;
	ssize_t n = nlsock_receive(netlink->call_fd, buffer, sizeof(buffer));

	if (n == -EAGAIN)
		return -EPROTO; /* the call returned, so its answer must be there */
	if (n < 0)
		return (int)n;
	if ((size_t)n < NLMSG_HDRLEN + sizeof(*answer))
		return -EPROTO;
	memcpy(&header, buffer, sizeof(header));
	if (header.nlmsg_type == NLMSG_ERROR) {
		int32_t error;

		memcpy(&error, buffer + NLMSG_HDRLEN, sizeof(error));
		return error < 0 ? error : -EPROTO;
	}
	if (header.nlmsg_type != type)
		return -EPROTO;
	memcpy(answer, buffer + NLMSG_HDRLEN, sizeof(*answer));
	return answer->type == ISCSI_KEVENT_IF_ERROR ? (answer->iferror < 0 ? answer->iferror : -EPROTO) : 0;
}

/* Sends one message and reads its answer into *call. Answers to earlier calls that were given up are dropped first. */
static int call_with(const struct netlink *netlink, uint32_t type, struct iscsi_uevent *call, const void *head,
		     size_t head_length, const void *tail, size_t tail_length)
{
	uint8_t message[NETLINK_MESSAGE_MAX] __attribute__((aligned(8)));
	uint8_t stale[ANSWER_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr header = {.nlmsg_type = (uint16_t)type, .nlmsg_flags = NLM_F_REQUEST};
	struct writer w = writer_of(message, sizeof(message));
	int result;

	call->type = type;
	call->transport_handle = netlink->transport;
	header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(*call) + head_length + tail_length);
	write_bytes(&w, &header, sizeof(header));
	write_bytes(&w, call, sizeof(*call));
	write_bytes(&w, head, head_length);
	write_bytes(&w, tail, tail_length);
	if (w.bad)
		return -EMSGSIZE;
	while (nlsock_receive(netlink->call_fd, stale, sizeof(stale)) >= 0)
		;
	result = nlsock_send(netlink->call_fd, message, w.used);
	wipe(message, w.used);
	return result ? result : receive_answer(netlink, type, call);
}

static int call(const struct netlink *netlink, uint32_t type, struct iscsi_uevent *message)
{
	return call_with(netlink, type, message, NULL, 0, NULL, 0);
}

/* A call whose answer carries the driver's own result as well. */
static int call_driver(const struct netlink *netlink, uint32_t type, struct iscsi_uevent *message)
{
	int result = call(netlink, type, message);

	return result ? result : message->r.retcode;
}

int netlink_create_session(const struct netlink *netlink, uint32_t initial_cmdsn, uint16_t cmds_max,
			   uint16_t queue_depth, uint32_t *sid, uint32_t *host)
{
	struct iscsi_uevent m = {.u.create_session = {initial_cmdsn, cmds_max, queue_depth}};
	int result = call(netlink, ISCSI_UEVENT_CREATE_SESSION, &m);

	if (result)
		return result;
	*sid = m.r.session.sid;
	*host = m.r.session.host_no;
	return 0;
}

int netlink_destroy_session(const struct netlink *netlink, uint32_t sid)
{
	struct iscsi_uevent m = {.u.conn = {sid, 0}};

	return call(netlink, ISCSI_UEVENT_DESTROY_SESSION, &m);
}

int netlink_create_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	struct iscsi_uevent m = {.u.conn = {sid, cid}};

	return call(netlink, ISCSI_UEVENT_CREATE_CONN, &m);
}

int netlink_destroy_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	struct iscsi_uevent m = {.u.conn = {sid, cid}};

	return call(netlink, ISCSI_UEVENT_DESTROY_CONN, &m);
}

int netlink_bind(const struct netlink *netlink, uint32_t sid, uint32_t cid, int fd)
{
	struct iscsi_uevent m = {.u.bind_conn = {sid, cid, (uint64_t)fd, 1}};

	return call_driver(netlink, ISCSI_UEVENT_BIND_CONN, &m);
}

int netlink_start(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	struct iscsi_uevent m = {.u.conn = {sid, cid}};

	return call_driver(netlink, ISCSI_UEVENT_START_CONN, &m);
}

int netlink_stop(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t flag)
{
	struct iscsi_uevent m = {.u.stop_conn = {sid, cid, 0, flag}};

	return call(netlink, ISCSI_UEVENT_STOP_CONN, &m);
}

int netlink_send_pdu(const struct netlink *netlink, uint32_t sid, uint32_t cid, const uint8_t bhs[48],
		     const uint8_t *data, size_t length)
{
	struct iscsi_uevent m = {.u.send_pdu = {sid, cid, ISCSI_BHS_BYTES, (uint32_t)length}};
	int result = call_with(netlink, ISCSI_UEVENT_SEND_PDU, &m, bhs, ISCSI_BHS_BYTES, data, length);

	return result ? result : m.r.retcode;
}

int netlink_set_host_param(const struct netlink *netlink, uint32_t host, uint32_t param, const char *value)
{
	size_t length = strlen(value) + 1;
	struct iscsi_uevent m = {.u.set_host_param = {host, param, (uint32_t)length}};

	return call_with(netlink, ISCSI_UEVENT_SET_HOST_PARAM, &m, value, length, NULL, 0);
}

void netlink_batch_start(struct netlink_batch *batch, uint32_t sid, uint32_t cid)
{
	*batch = (struct netlink_batch){.sid = sid, .cid = cid};
}

void netlink_batch_text(struct netlink_batch *batch, uint32_t param, const char *value)
{
	size_t length = strlen(value ? value : "") + 1;
	size_t space = NLMSG_SPACE(sizeof(struct iscsi_uevent) + length);
	struct nlmsghdr header = {.nlmsg_type = ISCSI_UEVENT_SET_PARAM, .nlmsg_flags = NLM_F_REQUEST};
	struct iscsi_uevent m = {.type = ISCSI_UEVENT_SET_PARAM,
				 .u.set_param = {batch->sid, batch->cid, param, (uint32_t)length}};

	if (length <= 1)
		return;
	if (space > sizeof(batch->bytes) - batch->used) {
		batch->overflow = true;
		return;
	}
	/* The kernel cuts its buffer at the padded length: nlmsg_len itself is the exact one. */
	header.nlmsg_len = (uint32_t)NLMSG_LENGTH(sizeof(m) + length);
	memcpy(batch->bytes + batch->used, &header, sizeof(header));
	memcpy(batch->bytes + batch->used + NLMSG_HDRLEN, &m, sizeof(m));
	memcpy(batch->bytes + batch->used + NLMSG_HDRLEN + sizeof(m), value, length);
	batch->used += space;
	batch->count++;
}

void netlink_batch_number(struct netlink_batch *batch, uint32_t param, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	netlink_batch_text(batch, param, text);
}

/* Every message of the batch needs the transport handle. */
static void put_transport(struct netlink_batch *batch, uint64_t transport)
{
	for (size_t at = 0; at < batch->used;) {
		struct nlmsghdr header;

		memcpy(&header, batch->bytes + at, sizeof(header));
		memcpy(batch->bytes + at + NLMSG_HDRLEN + offsetof(struct iscsi_uevent, transport_handle), &transport,
		       sizeof(transport));
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
}

int netlink_batch_send(const struct netlink *netlink, struct netlink_batch *batch, uint32_t *failed)
{
	struct iscsi_uevent answer = {0};
	int result = batch->overflow ? -EMSGSIZE : 0;

	*failed = 0;
	put_transport(batch, netlink->transport);
	if (!result && batch->count)
		result = nlsock_send(netlink->call_fd, batch->bytes, batch->used);
	for (int i = 0, sent = !result; sent && i < batch->count; i++) {
		int one = receive_answer(netlink, ISCSI_UEVENT_SET_PARAM, &answer);

		if (!one || one == -ENOSYS || result)
			continue;
		*failed = answer.u.set_param.param;
		result = one;
	}
	wipe(batch->bytes, batch->used);
	return result;
}

/* Reads a PDU's basic header segment, and its data segment, which is as long as the header says; -EPROTO when less came. */
static int parse_pdu(struct reader *r, struct netlink_event *event)
{
	event->bhs = read_bytes(r, ISCSI_BHS_BYTES);
	if (!event->bhs)
		return -EPROTO;
	event->length = (size_t)event->bhs[5] << 16 | (size_t)event->bhs[6] << 8 | event->bhs[7];
	event->data = read_bytes(r, event->length);
	return event->data ? 0 : -EPROTO;
}

static enum netlink_event_type event_type(uint32_t kernel_type)
{
	switch (kernel_type) {
	case ISCSI_KEVENT_RECV_PDU:
		return NETLINK_EVENT_PDU;
	case ISCSI_KEVENT_CONN_ERROR:
		return NETLINK_EVENT_ERROR;
	case ISCSI_KEVENT_CREATE_SESSION:
		return NETLINK_EVENT_CREATED;
	case ISCSI_KEVENT_DESTROY_SESSION:
		return NETLINK_EVENT_DESTROYED;
	case ISCSI_KEVENT_UNBIND_SESSION:
		return NETLINK_EVENT_UNBOUND;
	default:
		return NETLINK_EVENT_OTHER;
	}
}

int netlink_parse(const uint8_t *message, size_t length, struct netlink_event *event)
{
	struct reader r = reader_of(message, length);
	struct netlink_event e;
	struct nlmsghdr header;
	struct iscsi_uevent m;
	const uint8_t *bytes;

	bytes = read_bytes(&r, sizeof(header));
	if (!bytes)
		return -EPROTO;
	memcpy(&header, bytes, sizeof(header));
	if (header.nlmsg_len < sizeof(header) + sizeof(m) || header.nlmsg_len > length)
		return -EPROTO;
	r = reader_of(message + sizeof(header), header.nlmsg_len - sizeof(header));
	bytes = read_bytes(&r, sizeof(m));
	if (!bytes)
		return -EPROTO;
	memcpy(&m, bytes, sizeof(m));
	e = (struct netlink_event){.kernel_type = m.type,
				   .type = event_type(m.type),
				   .transport = m.transport_handle,
				   .sid = m.r.conn.sid,
				   .cid = m.r.conn.cid,
				   .host = m.r.session.host_no};
	if (e.type == NETLINK_EVENT_ERROR)
		e.error = m.r.conn_error.error;
	if (e.type == NETLINK_EVENT_DESTROYED) {
		e.sid = m.r.destroyed.sid;
		e.host = m.r.destroyed.host_no;
	}
	if (e.type == NETLINK_EVENT_PDU && parse_pdu(&r, &e))
		return -EPROTO;
	*event = e;
	return 0;
}

int netlink_receive(const struct netlink *netlink, uint8_t *buffer, struct netlink_event *event)
{
	ssize_t n = nlsock_receive(netlink->event_fd, buffer, NETLINK_MESSAGE_MAX);

	if (n == -ENOBUFS) {
		*event = (struct netlink_event){.type = NETLINK_EVENT_OVERRUN};
		return 0;
	}
	return n < 0 ? (int)n : netlink_parse(buffer, (size_t)n, event);
}

/* kernel: include/scsi/iscsi_if.h, enum iscsi_err */
static const struct {
	const char *name, *text;
} kernel_errors[] = {
	{"ISCSI_ERR_DATASN", "a DataSN was missing"},
	{"ISCSI_ERR_DATA_OFFSET", "data came for a wrong offset"},
	{"ISCSI_ERR_MAX_CMDSN", "the target's MaxCmdSN is wrong"},
	{"ISCSI_ERR_EXP_CMDSN", "the target's ExpCmdSN is wrong"},
	{"ISCSI_ERR_BAD_OPCODE", "the target sent an unknown opcode"},
	{"ISCSI_ERR_DATALEN", "the target sent a data segment that is too long"},
	{"ISCSI_ERR_AHSLEN", "the target sent a wrong additional header"},
	{"ISCSI_ERR_PROTO", "the target broke the protocol"},
	{"ISCSI_ERR_LUN", "the target named a wrong LUN"},
	{"ISCSI_ERR_BAD_ITT", "the target answered a request that was not made"},
	{"ISCSI_ERR_CONN_FAILED", "the connection failed"},
	{"ISCSI_ERR_R2TSN", "an R2TSN was missing"},
	{"ISCSI_ERR_SESSION_FAILED", "the session failed"},
	{"ISCSI_ERR_HDR_DGST", "a header digest was wrong"},
	{"ISCSI_ERR_DATA_DGST", "a data digest was wrong"},
	{"ISCSI_ERR_PARAM_NOT_FOUND", "a parameter was not found"},
	{"ISCSI_ERR_NO_SCSI_CMD", "there is no such SCSI command"},
	{"ISCSI_ERR_INVALID_HOST", "the host is invalid"},
	{"ISCSI_ERR_XMIT_FAILED", "sending failed"},
	{"ISCSI_ERR_TCP_CONN_CLOSE", "the target closed the connection"},
	{"ISCSI_ERR_SCSI_EH_SESSION_RST", "SCSI error handling reset the session"},
	{"ISCSI_ERR_NOP_TIMEDOUT", "the target did not answer a NOP-Out"},
};

#define KERNEL_ERROR_BASE 1001
#define KERNEL_ERRORS     (sizeof(kernel_errors) / sizeof(kernel_errors[0]))

const char *netlink_error_name(uint32_t error)
{
	uint32_t i = error - KERNEL_ERROR_BASE;

	return i < KERNEL_ERRORS ? kernel_errors[i].name : "ISCSI_ERR_?";
}

const char *netlink_error_text(uint32_t error)
{
	uint32_t i = error - KERNEL_ERROR_BASE;

	return i < KERNEL_ERRORS ? kernel_errors[i].text : "an error that this program does not know";
}
