/* A session from the first login to the last logout, with a kernel that does what a test says. What comes out of order is
   session.c's matter. The kernel is a few functions here; the sockets are real. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/iscsi_abi.h"
#include "session/params.h"
#include "session/session.h"
#include "sys/dm.h"
#include "sys/sysfs.h"
#include "test/unit/listener.h"
#include "test/unit/tree.h"

#define SID 3

/* ---- the kernel ---- */

enum call { CREATE, CONNECTION, BIND, BEFORE, AFTER, START, SEND, STOP, END_CONNECTION, END_SESSION, CALLS };

static struct {
	int answers[CALLS];
	unsigned calls[CALLS];
	unsigned destroyed, connections_destroyed;
	uint32_t stopped_with;
	uint8_t sent; /* the opcode */
} kernel;

static int answer(enum call call)
{
	kernel.calls[call]++;
	return kernel.answers[call];
}

static void assert_our(uint32_t sid, uint32_t cid)
{
	assert_int_equal(sid, SID);
	assert_int_equal(cid, SESSION_CID);
}

int netlink_create_session(const struct netlink *netlink, uint32_t cmd_sn, uint16_t cmds_max, uint16_t depth,
			   uint32_t *sid, uint32_t *host)
{
	(void)netlink;
	assert_int_equal(cmd_sn, 1);
	assert_int_equal(cmds_max, 64);
	assert_int_equal(depth, 16);
	*sid = SID;
	*host = 1;
	return answer(CREATE);
}

int netlink_destroy_session(const struct netlink *netlink, uint32_t sid)
{
	(void)netlink;
	assert_int_equal(sid, SID);
	kernel.destroyed++;
	return answer(END_SESSION);
}

int netlink_create_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink;
	assert_our(sid, cid);
	return answer(CONNECTION);
}

int netlink_destroy_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink;
	assert_our(sid, cid);
	kernel.connections_destroyed++;
	return answer(END_CONNECTION);
}

int netlink_bind(const struct netlink *netlink, uint32_t sid, uint32_t cid, int fd)
{
	(void)netlink;
	assert_our(sid, cid);
	assert_true(fd >= 0);
	return answer(BIND);
}

int netlink_start(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink;
	assert_our(sid, cid);
	return answer(START);
}

int netlink_stop(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t flag)
{
	(void)netlink;
	assert_our(sid, cid);
	kernel.stopped_with = flag;
	return answer(STOP);
}

int netlink_send_pdu(const struct netlink *netlink, uint32_t sid, uint32_t cid, const uint8_t bhs[48],
		     const uint8_t *data, size_t length)
{
	(void)netlink, (void)data;
	assert_our(sid, cid);
	kernel.sent = bhs[0] & 0x3f;
	if (kernel.sent == ISCSI_OP_LOGOUT) { /* RFC 7143 11.14: at once, the whole session, no data */
		assert_int_equal(bhs[0], ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT);
		assert_int_equal(bhs[1], 0x80);
		assert_int_equal(length, 0);
	}
	return answer(SEND);
}

const char *netlink_error_name(uint32_t error)
{
	(void)error;
	return "name";
}

const char *netlink_error_text(uint32_t error)
{
	(void)error;
	return "text";
}

int session_params_before(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t host,
			  const struct target_plan *plan, const char *target, const struct portal *home)
{
	(void)netlink, (void)plan, (void)home;
	assert_our(sid, cid);
	assert_int_equal(host, 1);
	assert_string_equal(target, "iqn.2003-01.org.example:disk");
	return answer(BEFORE);
}

int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *plan, uint32_t *failed)
{
	(void)netlink, (void)result, (void)plan, (void)failed;
	assert_our(sid, cid);
	return answer(AFTER);
}

static char told[200]; /* the multipath maps */

int dm_message(int control, const char *name, const char *message)
{
	size_t used = strlen(told);

	(void)snprintf(told + used, sizeof(told) - used, "%d %s %s; ", control, name, message);
	return 0;
}

/* ---- the rig ---- */

static const struct netlink netlink = {.transport = 7};
static struct target_plan plan;
static struct session session;
static int listener = -1, tree = -1;
static char root[32];

static int begin(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	plan.params.value[PARAM_CMDS_MAX] = 64;
	plan.params.value[PARAM_QUEUE_DEPTH] = 16;
	strcpy(plan.name, "iqn.2003-01.org.example:disk");
	strcpy(plan.initiator, "iqn.2003-01.org.example:host");
	strcpy(plan.portal.host, "127.0.0.1");
	listener = listener_open(64, &plan.portal.port);
	strcpy(root, "/tmp/session-life-XXXXXX");
	assert_non_null(mkdtemp(root));
	tree = sysfs_open(root);
	session_init(&session, &plan, &netlink, tree, 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	session_step(&session, SESSION_EVENT_LEAVE, &(struct session_input){.now_ms = 0});
	session_step(&session, SESSION_EVENT_DEADLINE, &(struct session_input){.now_ms = 0});
	(void)close(listener);
	(void)close(tree);
	return tree_remove(root);
}

static void step(enum session_event event, int64_t now_ms)
{
	session_step(&session, event, &(struct session_input){.now_ms = now_ms});
}

static void await_socket(void)
{
	struct pollfd fd;

	assert_int_equal(session_pollfds(&session, &fd, 1), 1);
	assert_int_equal(poll(&fd, 1, 5000), 1);
}

static void hear(const uint8_t bhs[48], const char *data, size_t length, int64_t now_ms)
{
	const struct netlink_event event = {.type = NETLINK_EVENT_PDU,
					    .transport = netlink.transport,
					    .sid = SID,
					    .bhs = bhs,
					    .data = (const uint8_t *)data,
					    .length = length};

	session_kernel_event(&session, &event, now_ms);
}

/* Up to the request that the target has. */
static void begin_login(int64_t now_ms)
{
	step(SESSION_EVENT_START, now_ms);
	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, now_ms);
}

static void respond(const char *text, size_t length, int64_t now_ms)
{
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, 0x87,     [6] = (uint8_t)(length >> 8),
			   [7] = (uint8_t)length,   [15] = 1, [19] = 77};

	memcpy(bhs + 8, session.attempt.login.config.isid, 6);
	hear(bhs, text, length, now_ms);
}

static void log_in(int64_t now_ms)
{
	begin_login(now_ms);
	assert_int_equal(session.state, SESSION_LOGIN);
	respond("", 0, now_ms);
	assert_int_equal(session.state, SESSION_UP);
}

static void hear_async(uint8_t event, uint8_t time2wait_s, int64_t now_ms)
{
	const uint8_t bhs[48] = {ISCSI_OP_ASYNC, 0x80, [36] = event, [41] = time2wait_s};

	hear(bhs, "", 0, now_ms);
}

static void give_the_kernel_its_session(const char *connection_state)
{
	static const char *const folders[] = {"class", "class/iscsi_session", "class/iscsi_session/session3",
					      "class/iscsi_connection", "class/iscsi_connection/connection3:0"};
	int fd;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		(void)mkdirat(tree, folders[i], 0755);
	fd = openat(tree, "class/iscsi_connection/connection3:0/state", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0 && dprintf(fd, "%s\n", connection_state) > 0);
	close(fd);
	fd = openat(tree, "class/iscsi_session/session3/state", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0 && dprintf(fd, "%s\n", strcmp(connection_state, "up") ? "FAILED" : "LOGGED_IN") > 0);
	close(fd);
}

static void put(const char *path, const char *text)
{
	tree_put(tree, path, text);
}

#define UNITS "class/iscsi_session/session3/device/target3:0:0/"

/* ---- what must hold ---- */

static void login_goes_through_every_call_once(void **state)
{
	static const char text[] = "TargetPortalGroupTag=0\0DefaultTime2Wait=4";

	(void)state;
	begin_login(1000);
	assert_int_equal(session.begun_ms, 1000);
	assert_int_equal(session.connected_ms, 1000);
	assert_int_equal(kernel.sent, ISCSI_OP_LOGIN);
	assert_in_range(session_deadline(&session), 2000, 61000);
	respond(text, sizeof(text), 1500);
	assert_int_equal(session.state, SESSION_UP);
	for (enum call call = CREATE; call <= SEND; call++)
		assert_int_equal(kernel.calls[call], 1);
	assert_int_equal(session.up_ms, 1500);
	assert_int_equal(session.negotiated.tpgt, 0);
	assert_int_equal(session.negotiated.negotiated.value[PARAM_DEFAULT_TIME2WAIT], 4);
	assert_int_equal(session_deadline(&session), 1500 + 45000);
	assert_int_equal(session.begun_ms, 0);
	assert_int_equal(session.recoveries, 0);
	assert_true(session_was_up(&session));
	assert_string_equal(session_failure(&session), "");
}

static void maps_are_told_when_a_session_is_lost(void **state)
{
	int32_t hold_s = -1;

	(void)state;
	give_the_kernel_its_session("up");
	log_in(1000);
	put(UNITS "3:0:0:1/type", "0\n");
	put(UNITS "3:0:0:1/block/sda/size", "8\n");
	session_become_path(&session, 77, &hold_s);
	assert_true(session.mapper == -1 && hold_s == -1); /* a plain disk */
	put(UNITS "3:0:0:1/block/sda/holders/dm-0/dm/uuid", "mpath-1\n");
	put(UNITS "3:0:0:2/type", "0\n");
	put(UNITS "3:0:0:2/block/sdb/size", "8\n");
	put("class/block/sda/dev", "8:0\n");
	put("class/block/dm-0/dm/name", "mpatha\n");
	session_become_path(&session, 77, &hold_s);
	assert_true(session.mapper == 77 && hold_s == -1); /* sdb's I/O is to be held */
	session.mapper = -1;
	assert_int_equal(kernel.calls[BEFORE], 1);
	put(UNITS "3:0:0:2/block/sdb/holders/dm-0/dm/uuid", "mpath-1\n");
	put("class/block/sdb/dev", "8:16\n");
	session.units[2] = (struct unit){.block = "sdc"}; /* one that was there before */
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(hold_s, 0);
	assert_int_equal(kernel.calls[BEFORE], 2);
	assert_string_equal(told, "");
	session_step(&session, SESSION_EVENT_ERROR, &(struct session_input){.now_ms = 90000});
	assert_non_null(strstr(told, "77 mpatha fail_path 8:0; "));
	assert_non_null(strstr(told, "77 mpatha fail_path 8:16; "));
	told[0] = '\0';
	session.state = SESSION_UP;
	session_step(&session, SESSION_EVENT_DEADLINE, &(struct session_input){.now_ms = 100000});
	assert_non_null(strstr(told, "77 mpatha reinstate_path 8:16; "));
	assert_int_equal(session_deadline(&session), 110000);
	assert_int_equal(unlinkat(tree, UNITS "3:0:0:2/block/sdb/holders/dm-0/dm/uuid", 0),
			 0); /* it has been taken apart */
	session_step(&session, SESSION_EVENT_ERROR, &(struct session_input){.now_ms = 120000});
	assert_int_equal(hold_s, -1);
	assert_int_equal(kernel.calls[BEFORE], 3);
}

static void call_that_is_refused_is_named(void **state)
{
	static const struct {
		enum call call;
		const char *step;
	} rows[] = {{CREATE, "creating the session"},
		    {CONNECTION, "creating the connection"},
		    {BIND, "binding the connection"},
		    {BEFORE, "setting parameters before the login"},
		    {AFTER, "setting the negotiated parameters"},
		    {START, "starting the connection"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&kernel, 0, sizeof(kernel));
		session_init(&session, &plan, &netlink, tree, 1);
		kernel.answers[rows[i].call] = -ENOSPC;
		begin_login(1000);
		if (rows[i].call >= AFTER)
			respond("", 0, 1000);
		assert_int_equal(session.state, SESSION_FAILED);
		assert_int_equal(kernel.calls[rows[i].call], 1);
		assert_ptr_equal(strstr(session_failure(&session), rows[i].step), session_failure(&session));
		assert_non_null(strstr(session_failure(&session), strerror(ENOSPC)));
		assert_int_equal(kernel.destroyed, rows[i].call != CREATE);
		assert_int_equal(kernel.connections_destroyed, rows[i].call > CONNECTION);
		assert_false(session.in_kernel || session.has_connection || session.unstopped);
		assert_int_equal(session_deadline(&session), SESSION_NEVER);
	}
}

/* All three are tried; what the session itself says counts most. */
static void end_of_a_session_says_what_did_not_work(void **state)
{
	(void)state;
	assert_int_equal(session_destroy(&netlink, SID, SESSION_CID), 0);
	kernel.answers[STOP] = -EINVAL;
	assert_int_equal(session_destroy(&netlink, SID, SESSION_CID), -EINVAL);
	kernel.answers[END_CONNECTION] = -ENODEV;
	assert_int_equal(session_destroy(&netlink, SID, SESSION_CID), -ENODEV);
	kernel.answers[END_SESSION] = -EBUSY;
	assert_int_equal(session_destroy(&netlink, SID, SESSION_CID), -EBUSY);
	assert_int_equal(kernel.calls[STOP], 4);
	assert_int_equal(kernel.calls[END_CONNECTION], 4);
	assert_int_equal(kernel.calls[END_SESSION], 4);
	assert_int_equal(kernel.stopped_with, ISCSI_STOP_CONN_TERM);
}

/* Other programs shall not see what was never up, once the boot is over. */
static void session_that_never_was_goes_with_its_attempt(void **state)
{
	(void)state;
	for (int resident = 0; resident < 2; resident++) {
		memset(&kernel, 0, sizeof(kernel));
		session_init(&session, &plan, &netlink, tree, 1);
		session.attempt.resident = resident;
		kernel.answers[BIND] = -ENOTCONN;
		begin_login(1000);
		assert_int_equal(session.state, SESSION_WAITING);
		assert_int_equal(kernel.destroyed, resident);
		assert_int_equal(kernel.calls[STOP], 1); /* either the end's or the recovery's */
		assert_int_equal(kernel.stopped_with, resident ? ISCSI_STOP_CONN_TERM : ISCSI_STOP_CONN_RECOVER);
		assert_int_equal(session.in_kernel, !resident);
		step(SESSION_EVENT_LEAVE, 2000);
	}
}

/* A unit of the session whose disk is in a map. */
static void put_map_path(const char *unit, const char *disk)
{
	char path[128];

	(void)snprintf(path, sizeof(path), UNITS "%s/type", unit);
	put(path, "0\n");
	(void)snprintf(path, sizeof(path), UNITS "%s/block/%s/size", unit, disk);
	put(path, "8\n");
	(void)snprintf(path, sizeof(path), UNITS "%s/block/%s/holders/dm-0/dm/uuid", unit, disk);
	put(path, "mpath-1\n");
}

static void session_is_no_path_before_it_is_up(void **state)
{
	int32_t hold_s = 30;

	(void)state;
	give_the_kernel_its_session("up");
	put_map_path("3:0:0:1", "sda");
	begin_login(1000);
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(session.mapper, -1);
	respond("", 0, 1000);
	assert_int_equal(session.state, SESSION_UP);
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(session.mapper, 77);
	assert_int_equal(hold_s, 0);
	assert_int_equal(session.planned_hold_s, 30);
	kernel.calls[BEFORE] = 0;
	session_become_path(&session, 78, &hold_s); /* it is one already */
	assert_int_equal(session.mapper, 77);
}

/* What stands in the record of an earlier look is not looked at. */
static void path_that_is_gone_makes_no_session_one(void **state)
{
	int32_t hold_s = 30;

	(void)state;
	give_the_kernel_its_session("up");
	put_map_path("3:0:0:1", "sda");
	put_map_path("3:0:0:2", "sdb");
	log_in(1000);
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(session.mapper, 77);
	session.mapper = -1;
	assert_int_equal(unlinkat(tree, UNITS "3:0:0:1/block/sda/holders/dm-0/dm/uuid", 0), 0);
	assert_int_equal(renameat(tree, UNITS "3:0:0:2", tree, "gone"), 0);
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(session.mapper, -1);
}

static void states_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < SESSION_STATES; i++)
		assert_true(strlen(session_state_name((enum session_state)i)) > 2);
	assert_string_equal(session_state_name(SESSION_STATES), "?");
}

/* Events may have been lost: the session is looked at as it stands in sysfs. */
static void look_again_sees_what_is_there(void **state)
{
	(void)state;
	session_look_again(&session, 1000); /* nothing in the kernel */
	assert_int_equal(session.state, SESSION_IDLE);
	log_in(1000);
	give_the_kernel_its_session("up");
	session_look_again(&session, 20000);
	assert_int_equal(session.state, SESSION_UP);
	give_the_kernel_its_session("failed");
	session_look_again(&session, 20000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.down_ms, 20000);
	await_socket();
	step(SESSION_EVENT_READY, 20000);
	give_the_kernel_its_session("up");
	session_look_again(&session, 20100); /* a login that was under way is begun anew */
	assert_int_equal(session.state, SESSION_CONNECTING);
}

static void refusal_that_may_pass_is_tried_again(void **state)
{
	static const struct {
		int error;
		enum session_state then;
	} rows[] = {{-ENOTCONN, SESSION_WAITING}, {-EPROTO, SESSION_WAITING}, {-ENOBUFS, SESSION_WAITING},
		    {-EINVAL, SESSION_FAILED},    {-ENOMEM, SESSION_FAILED},  {-EPERM, SESSION_FAILED}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_init(&session, &plan, &netlink, tree, 1);
		kernel.answers[BIND] = rows[i].error;
		begin_login(1000);
		assert_int_equal(session.state, rows[i].then);
		step(SESSION_EVENT_LEAVE, 1000);
	}
}

static void lost_session_keeps_its_place_in_the_kernel(void **state)
{
	const struct netlink_event error = {
		.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID, .error = 1020};

	(void)state;
	log_in(1000);
	session_settle(&session, -1);
	session_kernel_event(&session, &error, 20000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.last_error, 1020);
	assert_int_equal(session.down_ms, 20000);
	assert_int_equal(kernel.stopped_with, ISCSI_STOP_CONN_RECOVER);
	assert_true(session_is_lost(&session));
	await_socket();
	step(SESSION_EVENT_READY, 21000);
	assert_int_equal(session.state, SESSION_LOGIN);
	respond("", 0, 22000);
	assert_int_equal(session.state, SESSION_UP);
	assert_int_equal(session.recoveries, 1);
	assert_int_equal(kernel.calls[CREATE], 1);
	assert_int_equal(kernel.calls[CONNECTION], 1);
	assert_int_equal(kernel.calls[BIND], 2);
	assert_int_equal(kernel.destroyed, 0);
	assert_int_equal(session_deadline(&session), 22000 + 5000); /* the devices once more */
}

/* The kernel goes on sending what it holds as long as it has not stopped: on the new socket, too, before the login. */
static void nothing_is_bound_while_the_old_connection_may_still_send(void **state)
{
	const struct netlink_event error = {
		.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID, .error = 1020};

	(void)state;
	log_in(1000);
	session_settle(&session, -1);
	kernel.answers[STOP] = -ENOBUFS;
	session_kernel_event(&session, &error, 20000);
	await_socket();
	step(SESSION_EVENT_READY, 20000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(kernel.calls[BIND], 1);
	assert_non_null(strstr(session_failure(&session), "stopping the old connection"));
	kernel.answers[STOP] = -ENOMEM; /* never a reason to give up what was up */
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	await_socket();
	step(SESSION_EVENT_READY, 40000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(kernel.calls[BIND], 1);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	await_socket();
	kernel.answers[STOP] = 0; /* only now: the attempt began with a stop that failed */
	kernel.calls[STOP] = 0;
	step(SESSION_EVENT_READY, 60000);
	assert_int_equal(session.state, SESSION_LOGIN);
	assert_int_equal(kernel.calls[STOP], 1);
	assert_int_equal(kernel.stopped_with, ISCSI_STOP_CONN_RECOVER);
	assert_int_equal(kernel.calls[BIND], 2);
	respond("", 0, 60000);
	assert_int_equal(session.state, SESSION_UP);
	session_kernel_event(&session, &error, 90000);
	await_socket();
	step(SESSION_EVENT_READY, 90000);
	assert_int_equal(kernel.calls[STOP], 2); /* one that goes through is enough */
	assert_int_equal(kernel.calls[BIND], 3);
}

static void session_that_was_short_waits_before_the_next_login(void **state)
{
	const struct netlink_event error = {
		.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID, .error = 1020};

	(void)state;
	log_in(1000);
	session_kernel_event(&session, &error, 1050);
	await_socket();
	step(SESSION_EVENT_READY, 1060);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_in_range(session_deadline(&session), 2050, 31050);
	assert_int_equal(kernel.stopped_with, ISCSI_STOP_CONN_RECOVER);
}

static void async_messages_have_their_own_ends(void **state)
{
	(void)state;
	log_in(1000);
	session.last_error = 1020; /* of another outage */
	hear_async(ISCSI_ASYNC_SCSI, 0, 20000);
	hear_async(255, 0, 20000);
	assert_int_equal(session.state, SESSION_UP);
	hear_async(ISCSI_ASYNC_DROPPING_CONNECTION, 0, 20000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.last_error, 0);
	await_socket();
	step(SESSION_EVENT_READY, 20000);
	respond("", 0, 20000);
	hear_async(ISCSI_ASYNC_DROPPING_ALL, 3, 40000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session_deadline(&session), 43000); /* Time2Wait */
}

static void negotiation_is_answered_by_a_logout(void **state)
{
	(void)state;
	log_in(1000);
	kernel.sent = 0;
	hear_async(ISCSI_ASYNC_NEGOTIATE, 0, 20000); /* RFC 7143 11.9.1: a Text exchange, or a Logout */
	assert_int_equal(session.state, SESSION_LOGOUT);
	assert_int_equal(kernel.sent, ISCSI_OP_LOGOUT);
}

static void target_that_asks_for_a_logout_gets_one(void **state)
{
	const uint8_t logged_out[48] = {ISCSI_OP_LOGOUT_RESPONSE, 0x80, [41] = 2};

	(void)state;
	log_in(1000);
	kernel.sent = 0;
	hear_async(ISCSI_ASYNC_REQUEST_LOGOUT, 0, 20000);
	assert_int_equal(session.state, SESSION_LOGOUT);
	assert_int_equal(kernel.sent, ISCSI_OP_LOGOUT);
	assert_int_equal(session_deadline(&session), 25000);
	hear(logged_out, "", 0, 20100);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session_deadline(&session), 22100);
	step(SESSION_EVENT_DEADLINE, 22100);
	await_socket();
	step(SESSION_EVENT_READY, 22100);
	respond("", 0, 22100);
	kernel.answers[SEND] = -ENOTCONN; /* the connection is gone: there is no logout to wait for */
	hear_async(ISCSI_ASYNC_REQUEST_LOGOUT, 0, 60000);
	assert_int_equal(session.state, SESSION_CONNECTING);
}

static void leaving_is_a_logout_whose_answer_is_waited_for(void **state)
{
	const uint8_t logged_out[48] = {ISCSI_OP_LOGOUT_RESPONSE, 0x80};

	(void)state;
	log_in(1000);
	kernel.sent = 0;
	step(SESSION_EVENT_LEAVE, 20000);
	assert_int_equal(session.state, SESSION_LEAVING);
	assert_int_equal(kernel.sent, ISCSI_OP_LOGOUT);
	assert_int_equal(session_deadline(&session), 25000);
	assert_int_equal(kernel.destroyed, 0);
	hear(logged_out, "", 0, 20100);
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(kernel.destroyed, 1);
	assert_int_equal(kernel.connections_destroyed, 1);
	assert_int_equal(kernel.stopped_with, ISCSI_STOP_CONN_TERM);
	assert_false(session.in_kernel || session.has_connection);
	step(SESSION_EVENT_LEAVE, 20200);
	assert_int_equal(kernel.destroyed, 1);
}

static void leaving_has_an_end_without_an_answer(void **state)
{
	(void)state;
	log_in(1000);
	step(SESSION_EVENT_LEAVE, 20000);
	assert_false(session_needs_repair(&session)); /* not left to iscsid, which would not end it */
	step(SESSION_EVENT_DEADLINE, 25000);
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(kernel.destroyed, 1);
	session_init(&session, &plan, &netlink, tree, 1);
	log_in(1000);
	kernel.answers[SEND] = -ENOTCONN;
	step(SESSION_EVENT_LEAVE, 20000);
	assert_int_equal(session.state, SESSION_GONE);
}

static void session_leaves_at_once_from_wherever_it_is_not_up(void **state)
{
	static const enum session_state states[] = {SESSION_IDLE,   SESSION_CONNECTING, SESSION_LOGIN, SESSION_WAITING,
						    SESSION_LOGOUT, SESSION_PARKED,     SESSION_FAILED};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		session_init(&session, &plan, &netlink, tree, 1);
		session_reserve(&session);
		session.state = states[i];
		kernel.destroyed = 0;
		step(SESSION_EVENT_LEAVE, 1000);
		assert_int_equal(session.state, SESSION_GONE);
		assert_int_equal(kernel.destroyed, 1);
	}
}

static void other_programs_login_is_made_way_for(void **state)
{
	(void)state;
	log_in(1000);
	respond("", 0, 20000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session.up_ms, 20000);
	assert_int_equal(session_deadline(&session), 30000);
	give_the_kernel_its_session("up");
	kernel.calls[BEFORE] = 0;
	step(SESSION_EVENT_DEADLINE, 30000);
	assert_int_equal(session.state, SESSION_UP);
	assert_int_equal(kernel.calls[BEFORE], 1); /* our settings are put back */
	assert_int_equal(session.up_ms, 30000);
	assert_int_equal(session_deadline(&session), 75000);
	step(SESSION_EVENT_TAKEN, 80000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session_deadline(&session), SESSION_NEVER);
	give_the_kernel_its_session("failed");
	step(SESSION_EVENT_RETURNED, 90000);
	assert_int_not_equal(session.state, SESSION_UP);
	assert_true(session_is_lost(&session));
}

static void portal_group_of_a_redirect_counts_where_the_target_names_none(void **state)
{
	static const char named[] = "TargetPortalGroupTag=0";

	(void)state;
	begin_login(1000);
	session.attempt.route.moved_tpgt = 5;
	respond("", 0, 1000);
	assert_int_equal(session.negotiated.tpgt, 5);
	session_init(&session, &plan, &netlink, tree, 1);
	begin_login(1000);
	session.attempt.route.moved_tpgt = 5;
	respond(named, sizeof(named), 1000);
	assert_int_equal(session.negotiated.tpgt, 0);
}

static void each_login_challenges_anew(void **state)
{
	static const uint8_t none[sizeof(session.attempt.login.config.challenge)];
	uint8_t first[sizeof(none)];

	(void)state;
	strcpy(plan.chap.username, "m"); /* one letter is enough */
	strcpy(plan.chap.username_in, "t");
	plan.chap.password.length = plan.chap.password_in.length = 12;
	memset(plan.chap.password.bytes, 'a', 12);
	memset(plan.chap.password_in.bytes, 'b', 12);
	plan.chap.algorithms_given = 0;
	begin_login(1000);
	assert_int_equal(session.state, SESSION_LOGIN);
	assert_ptr_equal(session.attempt.login.config.chap, &plan.chap);
	memcpy(first, session.attempt.login.config.challenge, sizeof(first));
	assert_memory_not_equal(first, none, sizeof(first));
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	await_socket();
	step(SESSION_EVENT_READY, 90000);
	assert_int_equal(session.state, SESSION_LOGIN);
	assert_memory_not_equal(session.attempt.login.config.challenge, first, sizeof(first));
}

static int guarded(int fd)
{
	socklen_t size = sizeof(int);
	int on = -1;

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
	return on;
}

/* A target that dies while it is waited for would not be missed before the wait is over. Later NOP-Out asks for it, if at all. */
static void connection_is_guarded_until_it_is_started(void **state)
{
	int fd;

	(void)state;
	begin_login(1000);
	fd = dup(session.attempt.connect.fd);
	assert_int_equal(guarded(fd), 1);
	respond("", 0, 1000);
	assert_int_equal(session.state, SESSION_UP);
	assert_int_equal(guarded(fd), 0);
	(void)close(fd);
}

static void connection_that_breaks_in_the_login_is_tried_again(void **state)
{
	const struct netlink_event error = {
		.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID, .error = 1020};

	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	begin_login(1000);
	assert_in_range(session_deadline(&session), 8000, 22000); /* by each machine another time */
	session_kernel_event(&session, &error, 1100);
	assert_int_equal(session.state, SESSION_CONNECTING); /* once more, beginning otherwise */
	await_socket();
	step(SESSION_EVENT_READY, 1100);
	session_kernel_event(&session, &error, 1200);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session.begun_ms, 1000);
	assert_int_equal(session.last_error, 1020);
	assert_non_null(strstr(session_failure(&session), "text (name)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(login_goes_through_every_call_once, begin, end),
		cmocka_unit_test_setup_teardown(end_of_a_session_says_what_did_not_work, begin, end),
		cmocka_unit_test_setup_teardown(session_that_never_was_goes_with_its_attempt, begin, end),
		cmocka_unit_test_setup_teardown(session_is_no_path_before_it_is_up, begin, end),
		cmocka_unit_test_setup_teardown(path_that_is_gone_makes_no_session_one, begin, end),
		cmocka_unit_test_setup_teardown(states_have_names, begin, end),
		cmocka_unit_test_setup_teardown(look_again_sees_what_is_there, begin, end),
		cmocka_unit_test_setup_teardown(call_that_is_refused_is_named, begin, end),
		cmocka_unit_test_setup_teardown(refusal_that_may_pass_is_tried_again, begin, end),
		cmocka_unit_test_setup_teardown(lost_session_keeps_its_place_in_the_kernel, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_bound_while_the_old_connection_may_still_send, begin, end),
		cmocka_unit_test_setup_teardown(session_that_was_short_waits_before_the_next_login, begin, end),
		cmocka_unit_test_setup_teardown(async_messages_have_their_own_ends, begin, end),
		cmocka_unit_test_setup_teardown(negotiation_is_answered_by_a_logout, begin, end),
		cmocka_unit_test_setup_teardown(target_that_asks_for_a_logout_gets_one, begin, end),
		cmocka_unit_test_setup_teardown(leaving_is_a_logout_whose_answer_is_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(leaving_has_an_end_without_an_answer, begin, end),
		cmocka_unit_test_setup_teardown(session_leaves_at_once_from_wherever_it_is_not_up, begin, end),
		cmocka_unit_test_setup_teardown(other_programs_login_is_made_way_for, begin, end),
		cmocka_unit_test_setup_teardown(portal_group_of_a_redirect_counts_where_the_target_names_none, begin,
						end),
		cmocka_unit_test_setup_teardown(maps_are_told_when_a_session_is_lost, begin, end),
		cmocka_unit_test_setup_teardown(each_login_challenges_anew, begin, end),
		cmocka_unit_test_setup_teardown(connection_is_guarded_until_it_is_started, begin, end),
		cmocka_unit_test_setup_teardown(connection_that_breaks_in_the_login_is_tried_again, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
