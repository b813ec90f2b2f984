/* iscsi_abi.h - constants and layouts: iSCSI PDUs (RFC 7143) and the kernel's iSCSI netlink interface.
 *
 * The kernel does not export include/scsi/iscsi_if.h to user space, so its numbers stand here, with the sizes asserted.
 * The layout is the same for 32-bit and 64-bit user space on every architecture whose uint64_t is 8-byte aligned.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_ISCSI_ABI_H
#define PROTO_ISCSI_ABI_H

#include <stdint.h>

#define ISCSI_PORT          3260 /* RFC 7143 4.2.8 */
#define ISCSI_BHS_BYTES     48   /* RFC 7143 11.2.1 */
#define ISCSI_RESERVED_TAG  0xffffffffu
#define ISCSI_IMMEDIATE_BIT 0x40

/* Opcodes, RFC 7143 11.2.1.2. */
enum iscsi_opcode {
	ISCSI_OP_NOP_OUT = 0x00,
	ISCSI_OP_SCSI_COMMAND = 0x01,
	ISCSI_OP_TASK_MANAGEMENT = 0x02,
	ISCSI_OP_LOGIN = 0x03,
	ISCSI_OP_TEXT = 0x04,
	ISCSI_OP_LOGOUT = 0x06,
	ISCSI_OP_NOP_IN = 0x20,
	ISCSI_OP_SCSI_RESPONSE = 0x21,
	ISCSI_OP_LOGIN_RESPONSE = 0x23,
	ISCSI_OP_TEXT_RESPONSE = 0x24,
	ISCSI_OP_DATA_IN = 0x25,
	ISCSI_OP_LOGOUT_RESPONSE = 0x26,
	ISCSI_OP_ASYNC = 0x32,
	ISCSI_OP_REJECT = 0x3f,
};

/* Asynchronous message events, RFC 7143 11.9.1. */
enum iscsi_async_event {
	ISCSI_ASYNC_SCSI = 0,
	ISCSI_ASYNC_REQUEST_LOGOUT = 1,
	ISCSI_ASYNC_DROPPING_CONNECTION = 2,
	ISCSI_ASYNC_DROPPING_ALL = 3,
	ISCSI_ASYNC_NEGOTIATE = 4,
};

/* kernel: include/scsi/iscsi_if.h, enum iscsi_uevent_e */
enum iscsi_kernel_message {
	ISCSI_UEVENT_CREATE_SESSION = 11,
	ISCSI_UEVENT_DESTROY_SESSION = 12,
	ISCSI_UEVENT_CREATE_CONN = 13,
	ISCSI_UEVENT_DESTROY_CONN = 14,
	ISCSI_UEVENT_BIND_CONN = 15,
	ISCSI_UEVENT_SET_PARAM = 16,
	ISCSI_UEVENT_START_CONN = 17,
	ISCSI_UEVENT_STOP_CONN = 18,
	ISCSI_UEVENT_SEND_PDU = 19,
	ISCSI_UEVENT_GET_STATS = 20,
	ISCSI_UEVENT_SET_HOST_PARAM = 26,
	ISCSI_UEVENT_UNBIND_SESSION = 27,

	ISCSI_KEVENT_RECV_PDU = 101,
	ISCSI_KEVENT_CONN_ERROR = 102,
	ISCSI_KEVENT_IF_ERROR = 103,
	ISCSI_KEVENT_DESTROY_SESSION = 104,
	ISCSI_KEVENT_UNBIND_SESSION = 105,
	ISCSI_KEVENT_CREATE_SESSION = 106,
	ISCSI_KEVENT_CONN_LOGIN_STATE = 109,
	ISCSI_KEVENT_HOST_EVENT = 110,
};

#define ISCSI_NETLINK_GROUP 1 /* ISCSI_NL_GRP_ISCSID */

/* Why a connection is stopped. */
#define ISCSI_STOP_CONN_TERM    1
#define ISCSI_STOP_CONN_RECOVER 3

/* kernel: enum iscsi_param */
enum iscsi_kernel_param {
	ISCSI_PARAM_MAX_RECV_DLENGTH = 0,
	ISCSI_PARAM_MAX_XMIT_DLENGTH = 1,
	ISCSI_PARAM_HDRDGST_EN = 2,
	ISCSI_PARAM_DATADGST_EN = 3,
	ISCSI_PARAM_INITIAL_R2T_EN = 4,
	ISCSI_PARAM_MAX_R2T = 5,
	ISCSI_PARAM_IMM_DATA_EN = 6,
	ISCSI_PARAM_FIRST_BURST = 7,
	ISCSI_PARAM_MAX_BURST = 8,
	ISCSI_PARAM_PDU_INORDER_EN = 9,
	ISCSI_PARAM_DATASEQ_INORDER_EN = 10,
	ISCSI_PARAM_ERL = 11,
	ISCSI_PARAM_EXP_STATSN = 14,
	ISCSI_PARAM_TARGET_NAME = 15,
	ISCSI_PARAM_TPGT = 16,
	ISCSI_PARAM_PERSISTENT_ADDRESS = 17,
	ISCSI_PARAM_PERSISTENT_PORT = 18,
	ISCSI_PARAM_SESS_RECOVERY_TMO = 19,
	ISCSI_PARAM_USERNAME = 22,
	ISCSI_PARAM_USERNAME_IN = 23,
	ISCSI_PARAM_PASSWORD = 24,
	ISCSI_PARAM_PASSWORD_IN = 25,
	ISCSI_PARAM_FAST_ABORT = 26,
	ISCSI_PARAM_ABORT_TMO = 27,
	ISCSI_PARAM_LU_RESET_TMO = 28,
	ISCSI_PARAM_PING_TMO = 30,
	ISCSI_PARAM_RECV_TMO = 31,
	ISCSI_PARAM_IFACE_NAME = 32,
	ISCSI_PARAM_ISID = 33,
	ISCSI_PARAM_INITIATOR_NAME = 34,
	ISCSI_PARAM_TGT_RESET_TMO = 35,
	ISCSI_PARAM_TARGET_ALIAS = 36,
	ISCSI_PARAM_BOOT_ROOT = 39,
	ISCSI_PARAM_BOOT_NIC = 40,
	ISCSI_PARAM_BOOT_TARGET = 41,
	ISCSI_PARAM_DEF_TIME2WAIT = 47,
	ISCSI_PARAM_DEF_TIME2RETAIN = 48,
};

/* kernel: enum iscsi_host_param */
enum iscsi_kernel_host_param {
	ISCSI_HOST_PARAM_HWADDRESS = 0,
	ISCSI_HOST_PARAM_INITIATOR_NAME = 1,
	ISCSI_HOST_PARAM_NETDEV_NAME = 2,
	ISCSI_HOST_PARAM_IPADDRESS = 3,
};

/* kernel: struct iscsi_uevent. The two unions hold more than is named here; their sizes are the kernel's. */
struct iscsi_uevent {
	uint32_t type;
	int32_t iferror;
	uint64_t transport_handle;
	union {
		struct {
			uint32_t initial_cmdsn;
			uint16_t cmds_max;
			uint16_t queue_depth;
		} create_session;
		struct {
			uint32_t sid;
			uint32_t cid;
		} conn; /* create_conn, destroy_conn, start_conn, get_stats; sid alone: destroy_session, unbind_session */
		struct {
			uint32_t sid;
			uint32_t cid;
			uint64_t transport_fd;
			uint32_t is_leading;
		} bind_conn;
		struct {
			uint32_t sid;
			uint32_t cid;
			uint32_t header_size;
			uint32_t data_size;
		} send_pdu;
		struct {
			uint32_t sid;
			uint32_t cid;
			uint32_t param;
			uint32_t length;
		} set_param;
		struct {
			uint32_t sid;
			uint32_t cid;
			uint64_t conn_handle;
			uint32_t flag;
		} stop_conn;
		struct {
			uint32_t host_no;
			uint32_t param;
			uint32_t length;
		} set_host_param;
		uint64_t size[3];
	} u;
	union {
		int32_t retcode;
		struct {
			uint32_t sid;
			uint32_t host_no;
		} session; /* create_session's answer, ISCSI_KEVENT_CREATE_SESSION, ISCSI_KEVENT_UNBIND_SESSION */
		struct {
			uint32_t host_no;
			uint32_t sid;
		} destroyed;
		struct {
			uint32_t sid;
			uint32_t cid;
		} conn;
		struct {
			uint32_t sid;
			uint32_t cid;
			uint64_t handle;
		} recv_pdu;
		struct {
			uint32_t sid;
			uint32_t cid;
			uint32_t error;
		} conn_error;
		uint64_t size[2];
	} r;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct iscsi_uevent) == 56, "the kernel's struct iscsi_uevent has 56 bytes");

#endif
