/* A session's life where no boot test comes by: events out of their order, a kernel that refuses, other programs. The kernel
   is a few functions here; the sockets are real. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <poll.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/iscsi_abi.h"
#include "session/params.h"
#include "session/session.h"
#include "sys/dm.h"
#include "sys/log.h"
#include "sys/sysfs.h"
#include "test/unit/forks.h"
#include "test/unit/listener.h"

#define SID 3

/* ---- what is said ---- */

static char said[65536];

static void keep_line(const char *level, const char *format, va_list arguments)
{
	size_t used = strlen(said);

	used += (size_t)snprintf(said + used, sizeof(said) - used, "%s: ", level);
	vsnprintf(said + used, sizeof(said) - used, format, arguments);
	assert_null(strstr(said + used, "please report this")); /* the table has a rule for whatever happens here */
	used = strlen(said);
	assert_true(used < sizeof(said) - 1024);
	strcpy(said + used, "\n");
}

#define LOG_AS(name)                                 \
	void name(const char *format, ...)           \
	{                                            \
		va_list arguments;                   \
                                                     \
		va_start(arguments, format);         \
		keep_line(#name, format, arguments); \
		va_end(arguments);                   \
	}

LOG_AS(log_err)
LOG_AS(log_warn)
LOG_AS(log_info)

void log_debug(const char *format, ...)
{
	(void)format;
}

enum log_level log_get_level(void)
{
	return LOG_LEVEL_INFO;
}

/* In how many lines; afterwards all are forgotten. */
static int times_said(const char *text)
{
	int count = 0;

	for (const char *at = said; (at = strstr(at, text)); at++)
		count++;
	said[0] = '\0';
	return count;
}

/* ---- the kernel ---- */

static struct {
	int bind, send; /* what it answers */
	unsigned bound, sent, destroyed, created, started;
	uint32_t next_sid; /* 0: SID */
} kernel;

int netlink_create_session(const struct netlink *netlink, uint32_t cmd_sn, uint16_t cmds_max, uint16_t depth,
			   uint32_t *sid, uint32_t *host)
{
	(void)netlink, (void)cmd_sn, (void)cmds_max, (void)depth;
	kernel.created++;
	*sid = kernel.next_sid ? kernel.next_sid : SID;
	*host = 1;
	return 0;
}

int netlink_destroy_session(const struct netlink *netlink, uint32_t sid)
{
	(void)netlink, (void)sid;
	kernel.destroyed++;
	return 0;
}

int netlink_create_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink, (void)sid, (void)cid;
	return 0;
}

int netlink_destroy_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink, (void)sid, (void)cid;
	return 0;
}

int netlink_bind(const struct netlink *netlink, uint32_t sid, uint32_t cid, int fd)
{
	(void)netlink, (void)sid, (void)cid, (void)fd;
	kernel.bound++;
	return kernel.bind;
}

int netlink_start(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink, (void)sid, (void)cid;
	kernel.started++;
	return 0;
}

int netlink_stop(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t flag)
{
	(void)netlink, (void)sid, (void)cid, (void)flag;
	return 0;
}

int netlink_send_pdu(const struct netlink *netlink, uint32_t sid, uint32_t cid, const uint8_t bhs[48],
		     const uint8_t *data, size_t length)
{
	(void)netlink, (void)sid, (void)cid, (void)bhs, (void)data, (void)length;
	kernel.sent++;
	return kernel.send;
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
			  const struct target_plan *plan, const char *name, const struct portal *home)
{
	(void)netlink, (void)sid, (void)cid, (void)host, (void)plan, (void)name, (void)home;
	return 0;
}

int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *plan, uint32_t *failed)
{
	(void)netlink, (void)sid, (void)cid, (void)result, (void)plan, (void)failed;
	return 0;
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
	said[0] = '\0';
	memset(&kernel, 0, sizeof(kernel));
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	strcpy(plan.name, "iqn.2003-01.org.example:disk");
	strcpy(plan.initiator, "iqn.2003-01.org.example:host");
	strcpy(plan.portal.host, "127.0.0.1");
	listener = listener_open(1024, &plan.portal.port);
	strcpy(root, "/tmp/session-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	tree = sysfs_open(root);
	session_init(&session, &plan, &netlink, tree, 1);
	return 0;
}

static int end(void **state)
{
	char command[64] = "rm -rf ";

	(void)state;
	session_step(&session, SESSION_EVENT_LEAVE, &(struct session_input){.now_ms = 0});
	(void)close(listener);
	(void)close(tree);
	return system(strcat(command, root));
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

/* A session that was up before the hand-over, and is logging in again. */
static void relogin(void)
{
	session.attempt.resident = true;
	session_adopt(&session, SID, 1, false, 1000);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void hear(enum netlink_event_type type, int64_t now_ms)
{
	const struct netlink_event event = {.type = type, .transport = netlink.transport, .sid = SID};

	session_kernel_event(&session, &event, now_ms);
}

/* In sysfs. */
static void give_the_kernel_its_session(void)
{
	assert_int_equal(mkdirat(tree, "class", 0755), 0);
	assert_int_equal(mkdirat(tree, "class/iscsi_session", 0755), 0);
	assert_int_equal(mkdirat(tree, "class/iscsi_session/session3", 0755), 0);
}

static void write_state(const char *text)
{
	int fd = openat(tree, "class/iscsi_connection/connection3:0/state", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- what must hold ---- */

static void event_of_an_old_socket_begins_no_login(void **state)
{
	int fillers[4];

	(void)state;
	(void)close(listener);
	listener = listener_open(0, &plan.portal.port);
	for (int i = 0; i < 4; i++) { /* the queue is full: a SYN gets no answer */
		struct sockaddr_in to = {.sin_family = AF_INET,
					 .sin_port = htons(plan.portal.port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&to, sizeof(to));
	}
	session_init(&session, &plan, &netlink, tree, 1);
	step(SESSION_EVENT_START, 0);
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(kernel.bound, 0);
	for (int i = 0; i < 4; i++)
		(void)close(fillers[i]);
}

/* libiscsi says EPERM as long as the last request has not been let go of. */
static void refused_request_is_tried_again(void **state)
{
	(void)state;
	kernel.send = -EPERM;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(kernel.sent, 1);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(kernel.destroyed, 0); /* with its number it keeps its ISID */
	kernel.send = 0;
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void ended_by_another_program_is_forgotten_in_every_state(void **state)
{
	static const enum session_state states[] = {SESSION_UP,      SESSION_RESOLVING, SESSION_CONNECTING,
						    SESSION_LOGIN,   SESSION_WAITING,   SESSION_LOGOUT,
						    SESSION_LEAVING, SESSION_PARKED};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		session_init(&session, &plan, &netlink, tree, 1);
		session_adopt(&session, SID, 1, true, 1000);
		session.state = states[i];
		hear(NETLINK_EVENT_DESTROYED, 2000);
		assert_int_equal(session.state, SESSION_GONE);
		assert_int_equal(session_deadline(&session), SESSION_NEVER);
		assert_false(session.in_kernel);
	}
	assert_int_equal(kernel.destroyed, 0);
}

/* The event was lost: the kernel refuses to bind a connection to what it does not have. */
static void missing_session_is_noticed_when_it_cannot_be_bound(void **state)
{
	(void)state;
	session.attempt.resident = true;
	session_adopt(&session, SID, 1, false, 1000);
	await_socket();
	kernel.bind = -EINVAL;
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_GONE);
}

static void session_that_is_there_is_not_given_up_for_a_refused_bind(void **state)
{
	(void)state;
	give_the_kernel_its_session();
	session.attempt.resident = true;
	session_adopt(&session, SID, 1, false, 1000);
	await_socket();
	kernel.bind = -EINVAL;
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_WAITING);
}

static void iscsid_may_take_a_session_that_is_logging_out(void **state)
{
	(void)state;
	session_adopt(&session, SID, 1, true, 1000);
	session.state = SESSION_LOGOUT;
	step(SESSION_EVENT_TAKEN, 2000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session_deadline(&session), SESSION_NEVER);
}

/* A boot that gives up leaves nothing behind, not even what it made way for. */
static void session_that_made_way_can_still_leave(void **state)
{
	(void)state;
	session_adopt(&session, SID, 1, true, 1000);
	session.state = SESSION_PARKED;
	step(SESSION_EVENT_LEAVE, 2000);
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(kernel.destroyed, 1);
}

static void lost_events_are_made_up_for_by_what_sysfs_says(void **state)
{
	(void)state;
	session_look_again(&session, 0); /* not begun */
	assert_int_equal(session.state, SESSION_IDLE);
	session_adopt(&session, SID, 1, true, 1000);
	give_the_kernel_its_session();
	assert_int_equal(mkdirat(tree, "class/iscsi_connection", 0755), 0);
	assert_int_equal(mkdirat(tree, "class/iscsi_connection/connection3:0", 0755), 0);
	write_state("up\n");
	session_look_again(&session, 1500); /* nothing was missed */
	assert_int_equal(session.state, SESSION_UP);
	write_state("failed\n");
	session_look_again(&session, 2000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.down_ms, 2000);
	assert_int_equal(session.last_error, 0);
	assert_int_equal(times_said("and its message did not arrive"), 1);
	await_socket();
	step(SESSION_EVENT_READY, 2000);
	assert_int_equal(session.state, SESSION_LOGIN);
	write_state("up\n");
	session_look_again(&session, 2500); /* its answer may be among the lost */
	assert_int_not_equal(session.state, SESSION_LOGIN);
	assert_int_equal(session.last_error, 0);
	assert_non_null(strstr(session.attempt.failure, "the target's answer may be among them"));
	assert_int_equal(unlinkat(tree, "class/iscsi_session/session3", AT_REMOVEDIR), 0);
	session_look_again(&session, 3000);
	assert_int_equal(session.state, SESSION_GONE);
}

/* An attempt of this number begins to connect to two addresses, as after a look-up. */
static void try_addresses(const struct sockaddr_in pair[2], unsigned attempts)
{
	struct sockaddr_storage addresses[2];

	memset(addresses, 0, sizeof(addresses));
	for (int i = 0; i < 2; i++)
		memcpy(&addresses[i], &pair[i], sizeof(pair[i]));
	session_init(&session, &plan, &netlink, tree, 1);
	session.state = SESSION_CONNECTING;
	session.attempt.state = ATTEMPT_CONNECTING;
	session.attempt.count = attempts;
	assert_int_equal(connect_begin_at(&session.attempt.connect, &plan.portal, addresses, 2, attempts, 1000, 0),
			 CONNECT_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void each_attempt_begins_with_another_address(void **state)
{
	struct sockaddr_in dead = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in live = dead, peer;

	(void)state;
	dead.sin_port = htons(1);
	live.sin_port = htons(plan.portal.port);
	for (unsigned attempts = 0; attempts < 4; attempts++) {
		socklen_t size = sizeof(peer);

		try_addresses(attempts % 2 ? (struct sockaddr_in[]){dead, live} : (struct sockaddr_in[]){live, dead},
			      attempts);
		assert_int_equal(getpeername(session.attempt.connect.fd, (struct sockaddr *)&peer, &size), 0);
		assert_int_equal(peer.sin_port, live.sin_port);
		step(SESSION_EVENT_LEAVE, 0);
	}
}

/* The place of the address that an attempt of this number begins with, of two that both answer. */
static int first_address(unsigned attempts, const uint16_t ports[2])
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, pair[2] = {to, to};
	socklen_t size = sizeof(to);

	for (int i = 0; i < 2; i++)
		pair[i].sin_port = htons(ports[i]);
	try_addresses(pair, attempts);
	assert_int_equal(getpeername(session.attempt.connect.fd, (struct sockaddr *)&to, &size), 0);
	step(SESSION_EVENT_LEAVE, 0);
	return ntohs(to.sin_port) == ports[1];
}

/* One portal has the even attempts and another the odd, or one has each fourth: each has its addresses tried in turn. */
static void each_address_of_a_portal_asked_in_turns_is_tried(void **state)
{
	int first = listener;
	uint16_t ports[2] = {plan.portal.port};

	(void)state;
	listener = listener_open(8, &ports[1]);
	for (unsigned begin = 0; begin < 4; begin++) {
		assert_int_not_equal(first_address(begin, ports), first_address(begin + 4, ports));
		assert_int_not_equal(first_address(begin + 4, ports), first_address(begin + 8, ports));
	}
	(void)close(first);
}

/* Nobody listens, or nobody answers. */
static void let_attempt_fail(int64_t now_ms)
{
	for (int steps = 0; session.state != SESSION_WAITING && steps < 6; steps++) {
		if (session.state == SESSION_CONNECTING)
			await_socket();
		step(session.state == SESSION_CONNECTING ? SESSION_EVENT_READY : SESSION_EVENT_DEADLINE, now_ms);
	}
	assert_int_equal(session.state, SESSION_WAITING);
}

/* A target that moved for good may have moved again, and whom the plan names knows where to. */
static void planned_portal_is_asked_again_now_and_then(void **state)
{
	unsigned planned = 0, moved = 0;

	(void)state;
	relogin();
	strcpy(session.attempt.route.home.host, "127.0.0.9");
	session.attempt.route.home.port = 1;
	for (int i = 0; i < 16; i++) {
		let_attempt_fail(2000);
		assert_int_equal(session.state, SESSION_WAITING);
		planned += !strcmp(session.attempt.route.portal.host, plan.portal.host);
		moved += !strcmp(session.attempt.route.portal.host, "127.0.0.9");
		step(SESSION_EVENT_START, 2000);
	}
	assert_int_equal(planned, 4);
	assert_int_equal(moved, 12);
}

/* A target that closes the connection may want the login to begin in the security stage: it gets one more like that. */
static void login_without_an_answer_is_tried_otherwise_once(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.state, SESSION_LOGIN);
	step(SESSION_EVENT_READY, 100); /* POLLRDHUP */
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_true(session.attempt.lessons.start_in_security);
	await_socket();
	step(SESSION_EVENT_READY, 100);
	assert_int_equal(session.state, SESSION_LOGIN);
	assert_int_equal(session.attempt.login.stage, 0);
	step(SESSION_EVENT_READY, 200);
	assert_int_equal(session.state, SESSION_WAITING);
	step(SESSION_EVENT_DEADLINE, 1000);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.attempt.login.stage, 1); /* as at first */
}

static void listed_portal_is_asked_in_turns_with_the_one_that_was_named(void **state)
{
	(void)state;
	strcpy(plan.listed[0].host, "127.0.0.8");
	plan.listed[0].port = 1;
	plan.listed_count = 1;
	session_init(&session, &plan, &netlink, tree, 1);
	step(SESSION_EVENT_START, 0);
	for (int i = 0; i < 4; i++) {
		let_attempt_fail(2000);
		assert_string_equal(session.attempt.route.portal.host, i % 2 ? "127.0.0.1" : "127.0.0.8");
		step(SESSION_EVENT_DEADLINE, 2000);
	}
}

/* Its target had no name, and what the portal listed is known only now. */
static void portals_that_a_discovery_listed_are_asked_too(void **state)
{
	(void)state;
	strcpy(plan.listed[0].host, "127.0.0.8");
	plan.listed[0].port = 1;
	plan.listed_count = 1;
	session_discovered(&session);
	step(SESSION_EVENT_START, 0);
	let_attempt_fail(2000);
	assert_string_equal(session.attempt.route.portal.host, "127.0.0.8");
}

/* 'Target not found': a target that is starting says so, but not for half a minute. */
static void target_that_is_not_found_is_asked_for_thirty_seconds(void **state)
{
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, 0x87};
	const struct netlink_event event = {
		.type = NETLINK_EVENT_PDU, .transport = netlink.transport, .sid = SID, .bhs = bhs};
	int64_t last = 0;

	(void)state;
	bhs[36] = 2;
	bhs[37] = 3;
	step(SESSION_EVENT_START, 0);
	for (int64_t now = 0; session.state != SESSION_FAILED && now < 100000; now += 1000) {
		if (session.state == SESSION_WAITING && session_deadline(&session) <= now)
			step(SESSION_EVENT_DEADLINE, now);
		if (session.state == SESSION_CONNECTING) {
			await_socket();
			step(SESSION_EVENT_READY, now);
		}
		if (session.state == SESSION_LOGIN) {
			memcpy(bhs + 8, session.attempt.login.config.isid, 6);
			session_kernel_event(&session, &event, now);
			last = now;
		}
	}
	assert_int_equal(session.state, SESSION_FAILED);
	assert_in_range(last, 30000, 36000);
	assert_true(session.attempt.count > 5);
}

/* The target's answer: the login is done, or another status. */
static void answer_login(uint16_t status, int64_t now_ms)
{
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, 0x87};
	const struct netlink_event event = {
		.type = NETLINK_EVENT_PDU, .transport = netlink.transport, .sid = SID, .bhs = bhs, .data = bhs};

	bhs[36] = (uint8_t)(status >> 8);
	bhs[37] = (uint8_t)status;
	session_kernel_event(&session, &event, now_ms);
}

/* From the beginning of an attempt to the end of its login. */
static void log_in(int64_t now_ms)
{
	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, now_ms);
	assert_int_equal(session.state, SESSION_LOGIN);
	answer_login(0, now_ms);
	assert_int_equal(session.state, SESSION_UP);
}

/* The session has ended, and the portal still takes connections. */
static void find_target_there(int64_t now_ms)
{
	unsigned bound = kernel.bound;

	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, now_ms);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(kernel.bound, bound); /* it was no login */
	assert_int_equal(session.attempt.count, 0);
}

/* A target, or another machine with our name, that ends each session at once: how many logins in how long. */
static void short_sessions_are_no_storm(void **state)
{
	static const int64_t pauses_ms[] = {2000, 4000, 8000, 16000, 30000, 30000};
	int64_t now = 100000;

	(void)state;
	step(SESSION_EVENT_START, now);
	for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++) {
		log_in(now);
		now += 50;
		hear(NETLINK_EVENT_ERROR, now);
		find_target_there(now + 10);
		assert_int_equal(session_deadline(&session), now + pauses_ms[i]);
		now = session_deadline(&session);
		step(SESSION_EVENT_DEADLINE, now);
	}
	log_in(now);
	hear(NETLINK_EVENT_ERROR, now + 60000);
	assert_int_equal(session.state, SESSION_CONNECTING); /* one that lasted is taken up at once */
}

static void listen_again(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_port = htons(plan.portal.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(listen(listener, 8), 0);
}

/* It ends and begins again, as often as it likes: nobody throws us out, and no pause is longer than that of any outage. */
static void target_that_restarts_often_makes_no_storm(void **state)
{
	int64_t now = 100000;

	(void)state;
	step(SESSION_EVENT_START, now);
	log_in(now);
	session_settle(&session, -1);
	said[0] = '\0';
	for (int i = 0; i < 10; i++) {
		now += 500;
		(void)close(listener);
		hear(NETLINK_EVENT_ERROR, now);
		let_attempt_fail(now + 1);
		assert_in_range(session_deadline(&session), now + 1, now + 101);
		listen_again();
		now = session_deadline(&session);
		step(SESSION_EVENT_DEADLINE, now);
		log_in(now);
	}
	assert_int_equal(times_said("event=storm"), 0);
	hear(NETLINK_EVENT_ERROR, now + 50);
	find_target_there(now + 50);
	assert_int_equal(session_deadline(&session), now + 2050); /* as after the first */
}

/* It was the cable: what has been found out before it was plugged in says nothing. */
static void link_that_comes_back_ends_the_wait_for_the_next_login(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 100000);
	log_in(100000);
	hear(NETLINK_EVENT_ERROR, 100050);
	step(SESSION_EVENT_START, 100100); /* while it asks whether the target is there */
	log_in(100100);
	hear(NETLINK_EVENT_ERROR, 100200);
	find_target_there(100200);
	step(SESSION_EVENT_START, 100300);
	log_in(100300);
}

static void hear_pdu(uint8_t opcode, uint8_t event_code, uint16_t time2wait, int64_t now_ms)
{
	uint8_t bhs[48] = {opcode};
	const struct netlink_event event = {
		.type = NETLINK_EVENT_PDU, .transport = netlink.transport, .sid = SID, .bhs = bhs, .data = bhs};

	if (opcode == ISCSI_OP_ASYNC)
		bhs[36] = event_code;
	bhs[40] = (uint8_t)(time2wait >> 8);
	bhs[41] = (uint8_t)time2wait;
	session_kernel_event(&session, &event, now_ms);
}

static void target_says_how_long_to_wait(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 100000);
	log_in(100000);
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_DROPPING_CONNECTION, 7, 200000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session_deadline(&session), 207000);
	step(SESSION_EVENT_DEADLINE, 207000);
	log_in(207000);
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_REQUEST_LOGOUT, 0, 300000);
	assert_int_equal(session.state, SESSION_LOGOUT);
	hear_pdu(ISCSI_OP_LOGOUT_RESPONSE, 0, 3, 300100);
	assert_int_equal(session_deadline(&session), 303100);
	step(SESSION_EVENT_DEADLINE, 303100);
	log_in(303100);
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_DROPPING_ALL, 65535, 400000);
	assert_int_equal(session_deadline(&session), 460000); /* but not for ever */
	step(SESSION_EVENT_DEADLINE, 460000);
	log_in(460000);
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_DROPPING_ALL, 256, 500000); /* both bytes count */
	assert_int_equal(session_deadline(&session), 560000);
}

/* No event may say that the kernel lost the connection: 4,000 other events overflow the socket. */
static void kernel_is_asked_now_and_then_how_a_session_fares(void **state)
{
	int64_t now;

	(void)state;
	give_the_kernel_its_session();
	assert_int_equal(mkdirat(tree, "class/iscsi_connection", 0755), 0);
	assert_int_equal(mkdirat(tree, "class/iscsi_connection/connection3:0", 0755), 0);
	write_state("up\n");
	step(SESSION_EVENT_START, 0);
	log_in(0);
	for (int i = 0; i < 3; i++) {
		now = session_deadline(&session);
		assert_in_range(now, 45000 * i + 30000, 45000 * i + 60000);
		assert_false(session_needs_repair(&session));
		step(SESSION_EVENT_DEADLINE, now);
		assert_int_equal(session.state, SESSION_UP);
	}
	write_state("failed\n");
	session.last_error = 1020;
	assert_true(session_needs_repair(&session));
	now = session_deadline(&session);
	step(SESSION_EVENT_DEADLINE, now);
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.last_error, 0); /* nobody has said what it was */
	assert_int_equal(session.down_ms, now);
	log_in(now);
	assert_int_equal(unlinkat(tree, "class/iscsi_session/session3", AT_REMOVEDIR), 0);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	assert_int_equal(session.state, SESSION_GONE);
}

/* The kernel's numbers: another session's event, or another transport's, is nobody's here. */
static void events_of_other_sessions_are_ignored(void **state)
{
	struct netlink_event event = {.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID + 1};

	(void)state;
	session_adopt(&session, SID, 1, true, 1000);
	session_kernel_event(&session, &event, 2000);
	assert_int_equal(session.state, SESSION_UP);
	event.sid = SID;
	event.transport++;
	session_kernel_event(&session, &event, 2000);
	assert_int_equal(session.state, SESSION_UP);
	event.transport--;
	session_kernel_event(&session, &event, 2000);
	assert_int_equal(session.state, SESSION_CONNECTING);
}

/* RFC 7143 11.9: event 4 wants parameters negotiated, which a logout answers as well. */
static void demand_for_negotiation_is_answered(void **state)
{
	unsigned sent;

	(void)state;
	step(SESSION_EVENT_START, 100000);
	log_in(100000);
	sent = kernel.sent;
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_NEGOTIATE, 0, 200000);
	assert_int_equal(kernel.sent, sent + 1);
	assert_int_equal(session.state, SESSION_LOGOUT);
	hear_pdu(ISCSI_OP_LOGOUT_RESPONSE, 0, 0, 200100);
	log_in(200100);
}

/* A target that holds the session of an earlier attempt lets the same ISID take its place (RFC 7143 6.3.5). */
static void every_attempt_has_the_same_isid(void **state)
{
	uint8_t isid[6];

	(void)state;
	session_reserve(&session);
	assert_true(session.in_kernel);
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	memcpy(isid, session.attempt.login.config.isid, sizeof(isid));
	assert_int_equal(isid[5], SID);
	for (int i = 0; i < 3; i++) {
		answer_login(0x0302, 0);
		assert_int_equal(session.state, SESSION_WAITING);
		step(SESSION_EVENT_DEADLINE, session_deadline(&session));
		await_socket();
		step(SESSION_EVENT_READY, 0);
		assert_memory_equal(session.attempt.login.config.isid, isid, sizeof(isid));
	}
	assert_int_equal(kernel.created, 1);
	assert_int_equal(kernel.destroyed, 0);
}

/* It is in the kernel only while it is logging in: nobody else is to find what has never been up. */
static void late_session_keeps_its_isid_too(void **state)
{
	(void)state;
	session_reserve(&session);
	session_settle(&session, -1);
	assert_false(session.in_kernel);
	kernel.next_sid = 9;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.sid, 9);
	assert_int_equal(session.attempt.login.config.isid[5], SID);
	step(SESSION_EVENT_DEADLINE, 20000);
	await_socket();
	step(SESSION_EVENT_READY, 20000); /* from the security stage */
	step(SESSION_EVENT_DEADLINE, 40000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_false(session.in_kernel);
}

/* Only what was said to MD5 alone, on a guess, says nothing of the rest. */
static void refusal_after_a_guess_counts(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	step(SESSION_EVENT_READY, 0); /* the target closed the connection: the next begins in the security stage */
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_true(session.attempt.lessons.guessed);
	answer_login(0x0202, 0);
	assert_int_equal(session.state, SESSION_FAILED);
}

static void lesson_that_did_not_help_is_unlearned(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.attempt.login.stage, 1);
	answer_login(0x0200, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_int_equal(session.attempt.login.stage, 0); /* the security stage */
	answer_login(0x0302, 0);
	assert_int_equal(session.state, SESSION_WAITING);
	step(SESSION_EVENT_DEADLINE, 1000);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.attempt.login.stage, 1);
}

/* A target that starts late is found within about a second, and the console hears of it seldom. */
static void refused_connection_of_a_boot_is_tried_each_second(void **state)
{
	int64_t now = 0, end = 60000;
	int attempts = 0, reports = 0;

	(void)state;
	plan.portal.port = 1;
	session_init(&session, &plan, &netlink, tree, 1);
	for (step(SESSION_EVENT_START, now); now < end; step(SESSION_EVENT_DEADLINE, now), attempts++) {
		let_attempt_fail(now);
		assert_in_range(session_deadline(&session) - now, 1, 1000);
		reports += attempt_take_report(&session.attempt, now) == ATTEMPT_OVERDUE;
		now = session_deadline(&session);
	}
	assert_in_range(attempts, 60, 110); /* each pause is a half of it at least */
	assert_in_range(reports, 0, 6);
}

static void only_a_session_that_is_repaired_counts_as_lost(void **state)
{
	(void)state;
	assert_false(session_is_lost(&session));
	step(SESSION_EVENT_START, 0);
	assert_false(session_is_lost(&session)); /* a boot's */
	relogin();
	assert_true(session_is_lost(&session));
	session.state = SESSION_PARKED;
	assert_false(session_is_lost(&session));
}

/* ---- the proof that the units are the same ---- */

#define UNIT "class/iscsi_session/session3/device/target1:0:0/1:0:0:1"

/* In sysfs: a disk of the session's. */
static void give_a_unit(void)
{
	char path[] = UNIT;
	int fd;

	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdirat(tree, path, 0755);
		*slash = '/';
	}
	assert_int_equal(mkdirat(tree, UNIT, 0755), 0);
	fd = openat(tree, UNIT "/type", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "0\n", 2), 2);
	(void)close(fd);
}

/* Lost, and logged in again: nothing is let go yet. */
static void log_in_and_prove(int64_t now_ms)
{
	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, now_ms);
	answer_login(0, now_ms);
	assert_int_equal(session.state, SESSION_PROVING);
}

static void lose_and_prove(void)
{
	give_a_unit();
	session_adopt(&session, SID, 1, false, 1000);
	log_in_and_prove(1000);
}

static void let_prover_find(enum unit_verdict verdict, int64_t now_ms)
{
	prover_stop(&session.prover);
	session.prover.state = PROVER_DONE;
	session.prover.verdict = verdict;
	strcpy(session.prover.text, "LUN 1 is what it is");
	step(SESSION_EVENT_PROOF, now_ms);
}

static void lost_session_is_started_when_its_units_are_the_same(void **state)
{
	struct pollfd fds[2];

	(void)state;
	lose_and_prove();
	assert_int_equal(session_pollfds(&session, fds, 2), 1); /* does the target end the kernel's connection? */
	assert_int_equal(fds[0].fd, session.attempt.connect.fd);
	assert_int_equal(fds[0].events, POLLRDHUP);
	assert_int_equal(session_pollfds(&session, fds, 0), 0);
	assert_int_equal(session_proof_pollfds(&session, fds, 2), 1);
	assert_int_equal(kernel.started, 0);
	assert_true(session_is_lost(&session));
	assert_false(session.prover.leaves_first); /* beside the kernel's login */
	let_prover_find(UNIT_PENDING, 1000);
	assert_int_equal(kernel.started, 0);
	let_prover_find(UNIT_SAME, 1000);
	assert_int_equal(session.state, SESSION_UP);
	assert_int_equal(session.prover.state, PROVER_IDLE);
	assert_int_equal(kernel.started, 1);
}

static void write_file(const char *path, const char *text);
static void await_child(int (*pollfds)(const struct session *session, struct pollfd *out, int max),
			enum session_event event);

/* Paths are used again when they are proven, not before. */
static void maps_are_told_when_a_session_is_back(void **state)
{
	int32_t hold_s = -1;

	(void)state;
	told[0] = '\0';
	give_a_unit();
	for (size_t i = 0; i < 6; i++)
		(void)mkdirat(tree,
			      (const char *[]){UNIT "/block", UNIT "/block/sda", UNIT "/block/sda/holders",
					       UNIT "/block/sda/holders/dm-0", UNIT "/block/sda/holders/dm-0/dm",
					       "class/block"}[i],
			      0755);
	for (size_t i = 0; i < 3; i++)
		(void)mkdirat(tree, (const char *[]){"class/block/sda", "class/block/dm-0", "class/block/dm-0/dm"}[i],
			      0755);
	write_file(UNIT "/block/sda/size", "8\n");
	write_file(UNIT "/block/sda/holders/dm-0/dm/uuid", "mpath-1\n");
	write_file("class/block/sda/dev", "8:0\n");
	write_file("class/block/dm-0/dm/name", "mpatha\n");
	session_adopt(&session, SID, 1, true, 1000);
	session_become_path(&session, 77, &hold_s);
	assert_int_equal(session.mapper, 77);
	hear(NETLINK_EVENT_ERROR, 90000);
	assert_string_equal(told, "77 mpatha fail_path 8:0; ");
	log_in_and_prove(90000);
	assert_string_equal(told, "77 mpatha fail_path 8:0; ");
	write_file(UNIT "/state", "offline");
	let_prover_find(UNIT_SAME, 90000);
	assert_int_equal(session.state, SESSION_UP);
	assert_string_equal(told, "77 mpatha fail_path 8:0; 77 mpatha reinstate_path 8:0; ");
	told[0] = '\0';
	await_child(session_pollfds, SESSION_EVENT_READY); /* its device runs only now */
	assert_string_equal(told, "77 mpatha reinstate_path 8:0; ");
}

/* The kernel attaches no more by default; what is beyond is said once in an outage. */
static void units_that_are_too_many_are_told(void **state)
{
	char path[80];

	(void)state;
	session.attempt.resident = true;
	give_a_unit();
	for (int i = 2; i <= UNITS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "class/iscsi_session/session3/device/target1:0:0/1:0:0:%d", i);
		assert_int_equal(mkdirat(tree, path, 0755), 0);
		(void)strcat(path, "/type");
		write_file(path, "0\n");
	}
	relogin();
	assert_int_equal(session.unit_count, UNITS_MAX);
	assert_int_equal(times_said("is proven of 256 only"), 0);
	(void)snprintf(path, sizeof(path), "class/iscsi_session/session3/device/target1:0:0/1:0:0:0");
	assert_int_equal(mkdirat(tree, path, 0755), 0);
	(void)strcat(path, "/type");
	write_file(path, "0\n");
	let_attempt_fail(1000);
	said[0] = '\0';
	session_init(&session, &plan, &netlink, tree, 1);
	relogin();
	assert_int_equal(session.unit_count, UNITS_MAX);
	assert_int_equal(times_said("has 257 LUNs: that they are the same when it is back is proven of 256 only"), 1);
	let_attempt_fail(1000);
	said[0] = '\0';
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	assert_int_equal(session.unit_count, 0); /* a portal that cannot be connected to costs no look at them */
	await_socket();
	step(SESSION_EVENT_READY, 3000);
	assert_int_equal(session.state, SESSION_LOGIN);
	assert_int_equal(session.unit_count, UNITS_MAX);
	assert_int_equal(times_said("is proven of 256 only"), 0);
}

/* Whatever it is doing: an answer to a login that is not its own is another program's. */
static void login_of_another_program_is_made_way_for_while_it_tries(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	hear_pdu(ISCSI_OP_LOGIN_RESPONSE, 0, 0, 1000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session_deadline(&session), 11000);
	step(SESSION_EVENT_RETURNED, 2000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	hear_pdu(ISCSI_OP_LOGIN_RESPONSE, 0, 0, 3000);
	assert_int_equal(session.state, SESSION_PARKED);
	step(SESSION_EVENT_DEADLINE, 13000);
	log_in_and_prove(13000);
	let_prover_find(UNIT_OTHER, 13000);
	assert_int_equal(session.state, SESSION_WAITING);
	hear_pdu(ISCSI_OP_LOGIN_RESPONSE, 0, 0, 13000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(times_said("event=foreign sid=3"), 3);
}

static void name_of_a_portal_is_looked_up_first(void **state)
{
	struct pollfd fd;

	(void)state;
	strcpy(plan.portal.host, "localhost");
	session_init(&session, &plan, &netlink, tree, 1);
	step(SESSION_EVENT_START, 1000);
	assert_int_equal(session.state, SESSION_RESOLVING);
	assert_string_equal(session_state_text(&session), "resolving");
	assert_int_equal(session_pollfds(&session, &fd, 1), 1);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_CONNECTING);
}

static void session_that_has_not_begun_waits_for_nothing(void **state)
{
	(void)state;
	session.prover.state = PROVER_DONE; /* of whatever was there before */
	session.prover.attempt.connect.fd = 7777;
	session_init(&session, &plan, &netlink, tree, 1);
	assert_int_equal(session.prover.state, PROVER_IDLE);
	assert_int_equal(session.prover.attempt.connect.fd, -1);
	assert_int_equal(session_deadline(&session), SESSION_NEVER);
	assert_int_equal(session_pollfds(&session, &(struct pollfd){0}, 1), 0);
	assert_int_equal(session_proof_pollfds(&session, &(struct pollfd){0}, 1), 0);
}

static void lost_session_is_held_as_long_as_a_unit_is_not_right(void **state)
{
	int64_t now = 1000;

	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	for (int i = 0; i < 20; i++) {
		let_prover_find(i < 10 ? UNIT_OTHER : UNIT_NOT_READY, now);
		assert_int_equal(session.state, SESSION_WAITING);
		assert_string_equal(session_state_text(&session),
				    i < 10 ? "held: another disk" : "held: disk not ready");
		assert_string_equal(session_failure(&session), "LUN 1 is what it is");
		now = session_deadline(&session);
		step(SESSION_EVENT_DEADLINE, now);
		log_in_and_prove(now);
	}
	assert_int_equal(kernel.started, 0);
	let_prover_find(UNIT_SAME, now);
	assert_int_equal(session.state, SESSION_UP);
	assert_string_equal(session_state_text(&session), "logged in");
}

static void target_that_allows_one_session_is_asked_before_the_login(void **state)
{
	(void)state;
	lose_and_prove();
	let_prover_find(UNIT_BROKEN, 1000);
	assert_int_equal(session.state, SESSION_PROVING); /* at once, and the kernel has no connection meanwhile */
	assert_int_equal(session.attempt.connect.fd, -1);
	assert_in_range(session_deadline(&session), 1001, 1000 + 8 * 15000);
	assert_memory_equal(session.prover.isid, ((uint8_t[]){0, 2, 0x3d, 0, 0, SID}), 6);
	let_prover_find(UNIT_SAME, 1000);
	assert_int_equal(kernel.started, 0);
	log_in(1000); /* without another proof */
	assert_int_equal(kernel.started, 1);
	hear(NETLINK_EVENT_ERROR, 100000); /* another outage, another proof, and beside the login again */
	log_in_and_prove(100000);
	assert_int_equal(kernel.started, 1);
}

/* What was proven before an attempt that failed may be another's by now. */
static void failed_attempt_takes_the_proof_with_it(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	let_prover_find(UNIT_BROKEN, 1000);
	let_prover_find(UNIT_SAME, 1000);
	assert_true(session.proven);
	(void)close(listener);
	listener = -1;
	await_socket();
	kernel.bind = -ENOTCONN; /* it breaks before the kernel has it */
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_false(session.proven);
	kernel.bind = 0;
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	assert_int_equal(session.unit_count, 1);
	assert_int_equal(kernel.started, 0);
	assert_true(session.state == SESSION_PROVING || session.state == SESSION_WAITING);
}

/* And a new outage begins with nothing of the one before. */
static void new_outage_is_held_with_a_word_at_once(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	let_prover_find(UNIT_OTHER, 1000);
	assert_int_equal(times_said("iqn.2003-01.org.example:disk at 127.0.0.1:"), 2); /* lost, and held */
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	assert_string_equal(session_state_text(&session), "connecting");
	log_in_and_prove(2000);
	let_prover_find(UNIT_SAME, 2000);
	assert_int_equal(session.state, SESSION_UP);
	said[0] = '\0';
	hear(NETLINK_EVENT_ERROR, 8000);
	log_in_and_prove(8000);
	let_prover_find(UNIT_OTHER, 8000);
	assert_int_equal(times_said("event=held sid=3"), 1);
}

static void connection_that_breaks_during_the_proof_has_its_reason(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	session.proved_otherwise = true;
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_string_equal(session_failure(&session), "the target closed the connection before its LUNs were proven");
}

static void unit_that_we_have_reserved_is_asked_as_the_port_that_did(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	assert_memory_equal(session.prover.isid, ((uint8_t[]){0, 2, 0x3d, 0x40, 0, SID}), 6);
	let_prover_find(UNIT_RESERVED, 1000);
	assert_int_equal(session.state, SESSION_PROVING);
	let_prover_find(UNIT_RESERVED, 1000); /* it is another's */
	assert_int_equal(session.state, SESSION_WAITING);
	assert_string_equal(session_state_text(&session), "held: disk not ready");
	assert_int_equal(kernel.started, 0);
}

/* Its connection is there, and its login is not answered. */
static void let_proof_run_out(void)
{
	bool first = session.proves_first;

	for (int i = 0; i < 3 && session.state == SESSION_PROVING && session.proves_first == first; i++)
		step(SESSION_EVENT_DEADLINE, session_deadline(&session));
}

/* A backlog that is full swallows the proof's SYNs. The kernel's login, which had its turn, is not thrown away for that. */
static void proof_that_gets_no_connection_goes_on_beside_the_login(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fillers[4];

	(void)state;
	(void)close(listener);
	listener = listener_open(0, &plan.portal.port);
	to.sin_port = htons(plan.portal.port);
	give_a_unit();
	session_init(&session, &plan, &netlink, tree, 1);
	session.attempt.resident = true;
	session_adopt(&session, SID, 1, false, 1000);
	await_socket();
	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&to, sizeof(to));
	}
	step(SESSION_EVENT_READY, 1000);
	answer_login(0, 1000);
	while (session_deadline(&session) < 100000) {
		assert_int_equal(session.state, SESSION_PROVING);
		assert_false(session.proves_first);
		step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	}
	assert_in_range(session.prover.attempt.connect.race.begun, 45, 67); /* one in 1.5 to 2 s */
	while (session.state == SESSION_PROVING && !session.proves_first)
		step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	assert_int_equal(session.prover.attempt.deadline_ms / 10000,
			 12); /* after eight times login_timeout the other way */
	for (int i = 0; i < 4; i++)
		(void)close(fillers[i]);
}

static void target_that_does_not_answer_is_not_believed(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	let_proof_run_out();
	assert_int_equal(session.state, SESSION_PROVING); /* the other way */
	assert_true(session.proves_first && session.prover.leaves_first);
	let_proof_run_out();
	assert_int_equal(session.state, SESSION_WAITING);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	log_in_and_prove(100000);
	step(SESSION_EVENT_ERROR, 100000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(kernel.started, 0);
}

static void session_without_units_needs_no_proof(void **state)
{
	(void)state;
	session_adopt(&session, SID, 1, false, 1000);
	log_in(1000);
	assert_int_equal(kernel.started, 1);
}

static void unit_that_the_kernel_forgets_is_not_waited_for(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	let_prover_find(UNIT_OTHER, 1000);
	assert_int_equal(unlinkat(tree, UNIT "/type", 0), 0);
	assert_int_equal(unlinkat(tree, UNIT, AT_REMOVEDIR), 0);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	log_in(2000);
}

static void session_that_is_proving_can_be_ended_or_lost(void **state)
{
	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	session.proved_otherwise = true; /* the other way has had its turn: there is a pause now */
	hear(NETLINK_EVENT_ERROR, 1000);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session.prover.state, PROVER_IDLE);
	session.proves_first = false;
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	log_in_and_prove(2000);
	hear(NETLINK_EVENT_DESTROYED, 2000);
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(session.prover.state, PROVER_IDLE);
}

static void session_that_is_proving_can_be_taken_or_leave(void **state)
{
	(void)state;
	lose_and_prove();
	step(SESSION_EVENT_TAKEN, 1000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session.prover.state, PROVER_IDLE);
	step(SESSION_EVENT_RETURNED, 1000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	log_in_and_prove(1000);
	step(SESSION_EVENT_LEAVE, 1000);
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(session.prover.state, PROVER_IDLE);
	assert_int_equal(kernel.started, 0);
}

/* Events go to every session: each takes what is its own, of the transport that it uses. */
static void events_of_others_are_not_ours(void **state)
{
	const struct netlink_event others[] = {
		{.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID + 1},
		{.type = NETLINK_EVENT_ERROR, .transport = netlink.transport + 1, .sid = SID},
		{.type = NETLINK_EVENT_DESTROYED, .transport = netlink.transport, .sid = SID + 1},
		{.type = NETLINK_EVENT_DESTROYED, .transport = netlink.transport + 1, .sid = SID},
		{.type = NETLINK_EVENT_UNBOUND, .transport = netlink.transport, .sid = SID},
	};
	const struct netlink_event own = {.type = NETLINK_EVENT_ERROR, .transport = netlink.transport, .sid = SID};

	(void)state;
	session_kernel_event(&session, &own, 1000); /* not in the kernel yet */
	assert_int_equal(session.state, SESSION_IDLE);
	session_adopt(&session, SID, 1, true, 1000);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		session_kernel_event(&session, &others[i], 2000);
		assert_int_equal(session.state, SESSION_UP);
	}
	session_kernel_event(&session, &own, 2000);
	assert_int_not_equal(session.state, SESSION_UP);
	assert_int_equal(session.down_ms, 2000);
}

/* ---- what is said of it, and what comes with it ---- */

static void write_file(const char *path, const char *text)
{
	int fd = openat(tree, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* A child of the session's does its work: it is waited for as the loop does. */
static void await_child(int (*pollfds)(const struct session *session, struct pollfd *out, int max),
			enum session_event event)
{
	struct pollfd fd;

	assert_int_equal(pollfds(&session, &fd, 0), 0);
	assert_int_equal(pollfds(&session, &fd, 1), 1);
	assert_int_equal(poll(&fd, 1, 5000), 1);
	step(event, session_deadline(&session) - 1);
	assert_int_equal(pollfds(&session, &fd, 1), 0);
	assert_int_equal(session.state, SESSION_UP);
}

static void held_session_is_spoken_of_ever_more_seldom(void **state)
{
	int64_t now = 1000;
	int lines = 0;

	(void)state;
	session.attempt.resident = true;
	lose_and_prove();
	let_prover_find(UNIT_OTHER, now);
	assert_int_equal(times_said("event=held sid=3"), 1);
	while (session.say_ms <= 1000 + 10000) { /* ten seconds later for the second time */
		now = session_deadline(&session);
		step(SESSION_EVENT_DEADLINE, now);
		log_in_and_prove(now);
		assert_int_equal(times_said("event=held"), 0);
		let_prover_find(UNIT_OTHER, now);
		lines = times_said("event=held");
		assert_int_equal(lines, now >= 11000);
	}
	assert_int_equal(session.say_ms, now + 20000);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	log_in_and_prove(now);
	let_prover_find(UNIT_NOT_READY, now); /* something else: it is said at once */
	assert_int_equal(times_said("event=held"), 1);
	assert_int_equal(session.say_ms, now + 10000);
	for (int early = 1; early >= 0; early--) { /* not a moment before its time */
		now = session.say_ms - early;
		step(SESSION_EVENT_DEADLINE, session_deadline(&session));
		log_in_and_prove(now);
		let_prover_find(UNIT_NOT_READY, now);
		assert_int_equal(times_said("event=held"), !early);
	}
}

static void day_without_the_target_fits_into_two_dozen_lines(void **state)
{
	int64_t now = 100000;
	int lines;

	(void)state;
	step(SESSION_EVENT_START, now);
	log_in(now);
	session_settle(&session, -1);
	(void)close(listener); /* connections are refused */
	listener = -1;
	said[0] = '\0';
	now += 10000;
	hear(NETLINK_EVENT_ERROR, now);
	for (const int64_t end = now + 86400000; now < end;) {
		let_attempt_fail(now);
		now = session_deadline(&session) > now + 60000 ? session_deadline(&session) : now + 60000;
		step(SESSION_EVENT_DEADLINE, now);
	}
	lines = times_said("\n");
	assert_in_range(lines, 3, 24);
	assert_true(session.attempt.count > 1000);
}

static void another_machine_that_throws_us_out_is_suspected_now_and_then(void **state)
{
	int64_t now = 100000;

	(void)state;
	step(SESSION_EVENT_START, now);
	for (int lives = 1; lives <= 17; lives++) {
		log_in(now);
		now += 4999;
		hear(NETLINK_EVENT_ERROR, now);
		assert_int_equal(times_said("event=storm"), 0); /* not before it is known that the target is there */
		find_target_there(now);
		assert_int_equal(times_said("event=storm"), lives == 4 || lives == 8 || lives == 16);
		now = session_deadline(&session);
		step(SESSION_EVENT_DEADLINE, now);
	}
	log_in(now);
	hear(NETLINK_EVENT_ERROR, now + 5000); /* this one lasted */
	assert_int_equal(session.state, SESSION_CONNECTING);
	assert_int_equal(session.short_lives, 0);
}

static void short_session_waits_a_second_at_least(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 100000);
	log_in(100000);
	session.negotiated.negotiated.value[PARAM_DEFAULT_TIME2WAIT] = 0;
	hear(NETLINK_EVENT_ERROR, 100050);
	find_target_there(100060);
	assert_int_equal(session_deadline(&session), 101050);
	assert_int_equal(session.begun_ms, 100050);
	step(SESSION_EVENT_DEADLINE, 101050);
	log_in(101050);
	session.negotiated.negotiated.value[PARAM_DEFAULT_TIME2WAIT] = 5;
	hear_pdu(ISCSI_OP_ASYNC, ISCSI_ASYNC_DROPPING_CONNECTION, 30, 101100); /* the target asks for more */
	assert_int_equal(session_deadline(&session), 131100);
}

static void refused_call_has_a_hint(void **state)
{
	static const struct {
		int error;
		const char *hint;
	} rows[] = {{-ENOMEM, "crc32c"}, {-EPERM, "needs root"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_init(&session, &plan, &netlink, tree, 1);
		kernel.bind = rows[i].error;
		step(SESSION_EVENT_START, 0);
		await_socket();
		step(SESSION_EVENT_READY, 0);
		assert_non_null(strstr(session_failure(&session), rows[i].hint));
		step(SESSION_EVENT_LEAVE, 0);
	}
}

static void recovery_is_told_with_its_length(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 1000);
	log_in(1000);
	assert_int_equal(times_said("logged in to iqn.2003-01.org.example:disk at 127.0.0.1:"), 1);
	assert_false(session.has_news); /* the boot looks for its disks itself */
	session.attempt.resident = true;
	hear(NETLINK_EVENT_ERROR, 100000);
	assert_int_equal(times_said("event=lost sid=3 error="), 1);
	log_in(102345);
	assert_int_equal(times_said("after 2.345 s; recovery 1 (event=back sid=3 outage_ms=2345 attempts=1)"), 1);
	assert_false(session.has_news);
}

static void answer_with_group(const char *text, size_t length, int64_t now_ms)
{
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, 0x87, [7] = (uint8_t)length};
	const struct netlink_event event = {.type = NETLINK_EVENT_PDU,
					    .transport = netlink.transport,
					    .sid = SID,
					    .bhs = bhs,
					    .data = (const uint8_t *)text,
					    .length = length};

	session_kernel_event(&session, &event, now_ms);
	assert_int_equal(session.state, SESSION_UP);
}

static void portal_group_that_a_redirect_did_not_name_is_told(void **state)
{
	static const char group[] = "TargetPortalGroupTag=1", first[] = "TargetPortalGroupTag=0";
	static const struct {
		int moved, lines;
	} rows[] = {{-1, 0}, {0, 1}, {1, 0}, {2, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_init(&session, &plan, &netlink, tree, 1);
		step(SESSION_EVENT_START, 1000);
		await_socket();
		step(SESSION_EVENT_READY, 1000);
		session.attempt.route.moved_tpgt = rows[i].moved;
		answer_with_group(group, sizeof(group), 1000);
		assert_int_equal(session.negotiated.tpgt, 1);
		assert_int_equal(times_said("the target says 1"), rows[i].lines);
	}
	session_init(&session, &plan, &netlink, tree, 1);
	step(SESSION_EVENT_START, 1000);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	session.attempt.route.moved_tpgt = 1;
	answer_with_group(first, sizeof(first), 1000);
	assert_int_equal(times_said("the redirect named portal group 1, the target says 0"), 1);
}

static void how_it_was_authenticated_is_kept_for_the_list(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 1000);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	session.attempt.login.chap.algorithm = CHAP_SHA256;
	answer_login(0, 1000);
	assert_int_equal(session.chap_algorithm, CHAP_SHA256);
}

static void session_that_never_was_leaves_without_a_word(void **state)
{
	(void)state;
	step(SESSION_EVENT_LEAVE, 1000);
	assert_int_equal(session.state, SESSION_GONE);
	assert_string_equal(said, "");
}

/* Whoever gives up loses his place in the target's queue: he waits ever longer. Another portal may be quicker. */
static void answer_is_waited_for_longer_where_there_is_no_other_portal(void **state)
{
	int64_t longest[2] = {0, 0};

	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 10;
	strcpy(plan.listed[0].host, "127.0.0.1");
	plan.listed[0].port = plan.portal.port;
	for (int listed = 0; listed < 2; listed++) {
		plan.listed_count = listed;
		session_init(&session, &plan, &netlink, tree, 1);
		step(SESSION_EVENT_START, 0);
		for (int tries = 0; tries < 12; tries++) {
			int64_t patience;

			await_socket();
			step(SESSION_EVENT_READY, 0);
			assert_int_equal(session.state, SESSION_LOGIN);
			patience = session_deadline(&session);
			assert_in_range(patience, 10000, 8 * 10000);
			longest[listed] = patience > longest[listed] ? patience : longest[listed];
			step(SESSION_EVENT_DEADLINE, 0);
			if (session.state == SESSION_WAITING)
				step(SESSION_EVENT_START, 0);
		}
	}
	assert_in_range(longest[0], 40000, 80000);
	assert_int_equal(longest[1], 10000);
}

/* A part of what the outage has lasted, so that a target that comes back is not left waiting for long. */
static void pauses_of_an_outage_grow_with_it(void **state)
{
	enum how { REFUSED, SILENT, BUSY };
	static const struct {
		enum how how;
		int64_t lasted_ms, least, most;
	} rows[] = {{REFUSED, 0, 50, 100},       {REFUSED, 2400, 100, 200},     {REFUSED, 59999, 150, 300},
		    {REFUSED, 60000, 500, 1000}, {REFUSED, 600000, 2750, 5500}, {SILENT, 6000, 50, 100},
		    {SILENT, 59999, 50, 100},    {SILENT, 240000, 1600, 3200},  {BUSY, 0, 250, 500},
		    {BUSY, 9600, 400, 800},      {BUSY, 600000, 2750, 5500}};

	(void)state;
	relogin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int tries = 0; tries < 20; tries++) {
			struct attempt *a = &session.attempt;

			a->unreached = rows[i].how == BUSY ? 0 : rows[i].how == SILENT ? ETIMEDOUT : ECONNREFUSED;
			a->begun_ms = 1000;
			a->lost_ms = 1000;
			assert_int_equal(attempt_put_off(a, 1000 + rows[i].lasted_ms), ATTEMPT_PAUSE);
			assert_in_range(a->pause_ms, rows[i].least, rows[i].most);
		}
}

/* The promise: attached within 1.5 s of the target's first listen, whenever that is. What it lacks in its first moments (the
   targets come after the portal) costs it no more; only then do the pauses grow. */
static void target_that_starts_late_in_a_boot_is_found_soon(void **state)
{
	static const struct {
		int64_t heard_ms, lasted_ms, least, most; /* heard: 0: not yet */
	} rows[] = {{0, 400, 50, 100},        {0, 1000, 125, 250},       {0, 15000, 500, 1000},
		    {0, 170000, 500, 1000},   {15000, 15000, 250, 500},  {170000, 170000, 250, 500},
		    {15000, 16000, 250, 500}, {15000, 19000, 500, 1000}, {15000, 60000, 2500, 5000}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int tries = 0; tries < 20; tries++) {
			struct attempt *a = &session.attempt;

			session_init(&session, &plan, &netlink, tree, (uint32_t)tries + 1);
			a->begun_ms = 1000;
			a->retry = RETRY_TRANSIENT;
			if (rows[i].heard_ms && rows[i].heard_ms < rows[i].lasted_ms)
				assert_int_equal(attempt_put_off(a, 1000 + rows[i].heard_ms), ATTEMPT_PAUSE);
			a->unreached = rows[i].heard_ms ? 0 : ECONNREFUSED;
			assert_int_equal(attempt_put_off(a, 1000 + rows[i].lasted_ms), ATTEMPT_PAUSE);
			assert_in_range(a->pause_ms, rows[i].least, rows[i].most);
		}
}

static void late_session_is_scanned(void **state)
{
	(void)state;
	step(SESSION_EVENT_START, 1000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	session_settle(&session, -1);
	assert_int_equal(session.state, SESSION_WAITING);
	assert_int_equal(session_deadline(&session), 0);
	assert_int_equal(session_pollfds(&session, &(struct pollfd){0}, 1), 0); /* that attempt is over */
	assert_int_equal(session.attempt.state, ATTEMPT_IDLE);
	step(SESSION_EVENT_DEADLINE, 2000);
	assert_false(session.has_news);
	assert_true(session.attempt.resident && session.attempt.connect.resolve.has_files);
	log_in(2000);
	assert_true(session.has_news);                    /* the loop has it scanned */
	assert_int_equal(session.attempt.connect.fd, -1); /* the kernel has its own reference */
	assert_int_equal(times_said("it was missing at the boot"), 1);
}

/* The kernel's error handling may take its time: they are looked at when the session is back, and once more. */
static void devices_that_are_offline_are_set_running(void **state)
{
	char text[16];

	(void)state;
	give_a_unit();
	assert_int_equal(unlinkat(tree, UNIT "/type", 0), 0); /* it is nothing that would have to be proven */
	write_file(UNIT "/state", "offline");
	session_adopt(&session, SID, 1, false, 1000);
	log_in(1000);
	assert_null(strstr(said, "stay so"));
	assert_int_equal(times_said("1 device(s)"), 1);
	await_child(session_pollfds, SESSION_EVENT_READY);
	assert_true(sysfs_read(tree, UNIT "/state", text, sizeof(text)) > 0);
	assert_string_equal(text, "running");
	write_file(UNIT "/state", "offline");
	assert_int_equal(session_deadline(&session), 6000);
	step(SESSION_EVENT_DEADLINE, 6000);
	await_child(session_pollfds, SESSION_EVENT_READY);
	assert_true(sysfs_read(tree, UNIT "/state", text, sizeof(text)) > 0);
	assert_string_equal(text, "running");
	write_file(UNIT "/state", "offline"); /* by somebody who wants it so */
	assert_int_equal(session_deadline(&session), 51000);
	step(SESSION_EVENT_DEADLINE, 51000);
	assert_int_equal(session_pollfds(&session, &(struct pollfd){0}, 1), 0);
}

/* As long as there is no process for it, it is tried every few seconds. */
static void devices_stay_offline_only_as_long_as_no_process_can_be_begun(void **state)
{
	char text[16];

	(void)state;
	give_a_unit();
	assert_int_equal(unlinkat(tree, UNIT "/type", 0), 0);
	write_file(UNIT "/state", "offline");
	session_adopt(&session, SID, 1, false, 1000);
	processes_are_used_up = true;
	log_in(1000);
	assert_int_equal(times_said("stay so for now: no process can be begun: Resource"), 1);
	for (int64_t now_ms = 6000; now_ms < 60000; now_ms += 5000) {
		assert_int_equal(session_deadline(&session), now_ms);
		step(SESSION_EVENT_DEADLINE, now_ms);
	}
	assert_string_equal(said, ""); /* it has been said */
	processes_are_used_up = false;
	step(SESSION_EVENT_DEADLINE, 61000);
	assert_int_equal(times_said("1 device(s)"), 1);
	await_child(session_pollfds, SESSION_EVENT_READY);
	assert_true(sysfs_read(tree, UNIT "/state", text, sizeof(text)) > 0);
	assert_string_equal(text, "running");
	assert_int_equal(session_deadline(&session), 61000 + 45000);
}

/* Of the initramfs, which is emptied while the resident process begins. */
static void files_of_the_resolver_are_those_that_were_kept_before(void **state)
{
	struct resolve *resolve = &session.attempt.connect.resolve;

	(void)state;
	session_keep_names(&session);
	assert_true(resolve->has_files);
	strcpy(resolve->files[1], "192.0.2.1 portal.example\n");
	session_settle(&session, -1);
	assert_string_equal(resolve->files[1], "192.0.2.1 portal.example\n");
}

/* What the kernel does for a session waits for its workers, in a machine that others fill, too. */
static void workers_of_a_session_come_before_ordinary_processes(void **state)
{
	static const char *const files[] = {"devices/virtual/workqueue/iscsi_conn_cleanup/nice",
					    "devices/virtual/workqueue/iscsi_q_7/nice",
					    "devices/virtual/workqueue/iscsi_ctrl_7:3/nice"};
	char text[16];

	(void)state;
	assert_int_equal(mkdirat(tree, "devices", 0755), 0);
	assert_int_equal(mkdirat(tree, "devices/virtual", 0755), 0);
	assert_int_equal(mkdirat(tree, "devices/virtual/workqueue", 0755), 0);
	for (size_t i = 0; i < 3; i++) {
		char folder[80];

		snprintf(folder, sizeof(folder), "%.*s", (int)(strlen(files[i]) - strlen("/nice")), files[i]);
		assert_int_equal(mkdirat(tree, folder, 0755), 0);
		write_file(files[i], "0\n");
	}
	session_adopt(&session, SID, 7, true, 1000);
	session_settle(&session, -1);
	for (size_t i = 0; i < 3; i++) {
		assert_true(sysfs_read(tree, files[i], text, sizeof(text)) > 0);
		assert_int_equal(strncmp(text, "-20", 3), 0);
	}
}

/* scan=lean: what was asked after the attach is what the unit is held against. */
static void unit_without_an_identity_has_the_one_that_was_learned(void **state)
{
	struct session *s = &session;

	(void)state;
	s->has_learned = true;
	s->learned.count = 1;
	s->learned.unit[0].lun = 1;
	scsi_id_set(&s->learned.unit[0].id, SCSI_ID_SERIAL, (const uint8_t *)"abcd", 4);
	lose_and_prove();
	assert_int_equal(s->unit_count, 1);
	assert_int_equal(s->units[0].id.kind, SCSI_ID_SERIAL);
}

/* That is a question to the disk: not before the boot is over, and in a child. */
static void identity_that_the_kernel_lacks_is_asked_for_after_the_hand_over(void **state)
{
	struct pollfd fd;

	(void)state;
	give_a_unit();
	assert_int_equal(mkdirat(tree, UNIT "/block", 0755), 0);
	assert_int_equal(mkdirat(tree, UNIT "/block/sda", 0755), 0);
	write_file(UNIT "/block/sda/size", "2048\n");
	step(SESSION_EVENT_START, 1000);
	log_in(1000);
	assert_int_equal(session_proof_pollfds(&session, &fd, 1), 0);
	session_settle(&session, tree); /* has no sda: nothing is learned */
	assert_false(session.has_learned);
	await_child(session_proof_pollfds, SESSION_EVENT_PROOF);
	assert_true(session.has_learned);
	assert_int_equal(session.learned.count, 0);
	session_settle(&session, tree);
	assert_int_equal(session_proof_pollfds(&session, &fd, 1), 0); /* once is enough */
	session.has_learned = false;
	session_settle(&session, tree);
	assert_true(session.learning.fd >= 0);
	hear(NETLINK_EVENT_ERROR, 100000);
	assert_int_equal(session.learning.fd, -1); /* a lost unit does not answer */
	log_in_and_prove(100000);
	let_prover_find(UNIT_SAME, 100000);
	assert_true(session.learning.fd >= 0); /* back, it is asked */
	assert_int_equal(times_said("cannot be asked"), 0);
}

static void iscsid_that_comes_after_its_login_was_seen_keeps_the_session(void **state)
{
	(void)state;
	session_adopt(&session, SID, 1, true, 1000);
	answer_login(0, 2000); /* nobody's that is known */
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session_deadline(&session), 12000);
	step(SESSION_EVENT_TAKEN, 3000);
	assert_int_equal(session.state, SESSION_PARKED);
	assert_int_equal(session_deadline(&session), SESSION_NEVER);
}

static void what_is_waited_for_is_said_with_its_reason(void **state)
{
	char text[200], wanted[200];

	(void)state;
	snprintf(wanted, sizeof(wanted), "iqn.2003-01.org.example:disk at 127.0.0.1:%u (idle)", plan.portal.port);
	assert_string_equal(session_waiting_for(&session, text, sizeof(text)), wanted);
	kernel.send = -EPERM;
	step(SESSION_EVENT_START, 0);
	await_socket();
	step(SESSION_EVENT_READY, 0);
	assert_non_null(
		strstr(session_waiting_for(&session, text, sizeof(text)), "(waiting): sending a login request"));
	assert_string_equal(session_state_name(SESSION_GONE), "gone");
	assert_string_equal(session_state_name(SESSION_STATES), "?");
}

/* Where it was sent on to nothing has been proven. */
static void redirect_after_a_proof_leads_to_another_proof(void **state)
{
	static const char text[] = "TargetAddress=127.0.0.1:1";
	uint8_t bhs[48] = {ISCSI_OP_LOGIN_RESPONSE, 0, [7] = sizeof(text), [36] = 1, [37] = 1};
	const struct netlink_event moved = {.type = NETLINK_EVENT_PDU,
					    .transport = netlink.transport,
					    .sid = SID,
					    .bhs = bhs,
					    .data = (const uint8_t *)text,
					    .length = sizeof(text)};

	(void)state;
	lose_and_prove();
	let_prover_find(UNIT_BROKEN, 1000);
	let_prover_find(UNIT_SAME, 1000);
	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, 1000);
	assert_int_equal(session.state, SESSION_LOGIN);
	memcpy(bhs + 8, session.attempt.login.config.isid, 6);
	session_kernel_event(&session, &moved, 1000);
	assert_int_equal(session.attempt.route.portal.port, 1);
	assert_int_equal(session.state, SESSION_PROVING);
	assert_int_equal(kernel.started, 0);
}

/* A target that does not take the connection at once may have been restarted with another disk. */
static void proof_before_the_login_holds_for_seconds(void **state)
{
	(void)state;
	lose_and_prove();
	let_prover_find(UNIT_BROKEN, 1000);
	let_prover_find(UNIT_SAME, 1000);
	await_socket();
	step(SESSION_EVENT_START, 2000); /* a cable was plugged in: it is still the same proof */
	assert_int_equal(session.state, SESSION_CONNECTING);
	await_socket();
	step(SESSION_EVENT_READY, 4001);
	assert_int_equal(session.state, SESSION_PROVING);
	assert_int_equal(session.attempt.connect.fd, -1);
	let_prover_find(UNIT_SAME, 4001);
	await_socket();
	step(SESSION_EVENT_READY, 7001);
	assert_int_equal(session.state, SESSION_LOGIN);
	answer_login(0, 9000);
	assert_int_equal(session.state, SESSION_UP);
	assert_int_equal(kernel.started, 1);
}

static void adopted_session_is_looked_at_and_forgotten_when_it_is_gone(void **state)
{
	(void)state;
	session_adopt(&session, SID, 1, true, 1000);
	assert_int_equal(session_deadline(&session), 46000);
	assert_int_equal(session.up_ms, 1000);
	step(SESSION_EVENT_TAKEN, 2000);
	assert_int_equal(times_said("event=parked"), 1);
	step(SESSION_EVENT_RETURNED, 3000); /* sysfs does not know it any more */
	assert_int_equal(session.state, SESSION_GONE);
	assert_int_equal(times_said("event=ended"), 1);
	session_init(&session, &plan, &netlink, tree, 1);
	relogin();
	hear(NETLINK_EVENT_DESTROYED, 2000);
	assert_int_equal(session.attempt.connect.fd, -1); /* in the middle of a login */
	assert_int_equal(session.attempt.state, ATTEMPT_IDLE);
}

/* A boot's console is told of the first failure, and again when seconds have passed; a settled session's log likewise. */
static void failures_are_reported_first_and_when_they_last(void **state)
{
	(void)state;
	plan.portal.port = 1;
	session_init(&session, &plan, &netlink, tree, 1);
	step(SESSION_EVENT_START, 1000);
	let_attempt_fail(1000);
	assert_non_null(strstr(said, "log_warn: "));
	assert_int_equal(times_said("cannot connect: Connection refused"), 1);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	let_attempt_fail(1200);
	assert_int_equal(times_said("cannot connect"), 0);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	let_attempt_fail(1000 + 2500);
	assert_int_equal(times_said("cannot connect"), 1);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	let_attempt_fail(1000 + 4999);
	assert_int_equal(times_said("cannot connect"), 0);
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	let_attempt_fail(1000 + 5000);
	assert_non_null(strstr(said, "log_err: ")); /* a boot is held up: on a quiet console, too */
	assert_int_equal(times_said("cannot connect"), 1);
	session.attempt.resident = true;
	step(SESSION_EVENT_DEADLINE, session_deadline(&session));
	let_attempt_fail(1000 + 10000);
	assert_null(strstr(said, "log_err: "));
	assert_int_equal(times_said("cannot connect"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(event_of_an_old_socket_begins_no_login, begin, end),
		cmocka_unit_test_setup_teardown(refused_request_is_tried_again, begin, end),
		cmocka_unit_test_setup_teardown(ended_by_another_program_is_forgotten_in_every_state, begin, end),
		cmocka_unit_test_setup_teardown(missing_session_is_noticed_when_it_cannot_be_bound, begin, end),
		cmocka_unit_test_setup_teardown(session_that_is_there_is_not_given_up_for_a_refused_bind, begin, end),
		cmocka_unit_test_setup_teardown(events_of_others_are_not_ours, begin, end),
		cmocka_unit_test_setup_teardown(maps_are_told_when_a_session_is_back, begin, end),
		cmocka_unit_test_setup_teardown(failed_attempt_takes_the_proof_with_it, begin, end),
		cmocka_unit_test_setup_teardown(new_outage_is_held_with_a_word_at_once, begin, end),
		cmocka_unit_test_setup_teardown(connection_that_breaks_during_the_proof_has_its_reason, begin, end),
		cmocka_unit_test_setup_teardown(name_of_a_portal_is_looked_up_first, begin, end),
		cmocka_unit_test_setup_teardown(login_of_another_program_is_made_way_for_while_it_tries, begin, end),
		cmocka_unit_test_setup_teardown(units_that_are_too_many_are_told, begin, end),
		cmocka_unit_test_setup_teardown(session_that_has_not_begun_waits_for_nothing, begin, end),
		cmocka_unit_test_setup_teardown(iscsid_may_take_a_session_that_is_logging_out, begin, end),
		cmocka_unit_test_setup_teardown(session_that_made_way_can_still_leave, begin, end),
		cmocka_unit_test_setup_teardown(lost_events_are_made_up_for_by_what_sysfs_says, begin, end),
		cmocka_unit_test_setup_teardown(each_attempt_begins_with_another_address, begin, end),
		cmocka_unit_test_setup_teardown(each_address_of_a_portal_asked_in_turns_is_tried, begin, end),
		cmocka_unit_test_setup_teardown(planned_portal_is_asked_again_now_and_then, begin, end),
		cmocka_unit_test_setup_teardown(login_without_an_answer_is_tried_otherwise_once, begin, end),
		cmocka_unit_test_setup_teardown(listed_portal_is_asked_in_turns_with_the_one_that_was_named, begin,
						end),
		cmocka_unit_test_setup_teardown(portal_group_that_a_redirect_did_not_name_is_told, begin, end),
		cmocka_unit_test_setup_teardown(how_it_was_authenticated_is_kept_for_the_list, begin, end),
		cmocka_unit_test_setup_teardown(session_that_never_was_leaves_without_a_word, begin, end),
		cmocka_unit_test_setup_teardown(answer_is_waited_for_longer_where_there_is_no_other_portal, begin, end),
		cmocka_unit_test_setup_teardown(pauses_of_an_outage_grow_with_it, begin, end),
		cmocka_unit_test_setup_teardown(target_that_starts_late_in_a_boot_is_found_soon, begin, end),
		cmocka_unit_test_setup_teardown(portals_that_a_discovery_listed_are_asked_too, begin, end),
		cmocka_unit_test_setup_teardown(target_that_is_not_found_is_asked_for_thirty_seconds, begin, end),
		cmocka_unit_test_setup_teardown(refused_connection_of_a_boot_is_tried_each_second, begin, end),
		cmocka_unit_test_setup_teardown(short_sessions_are_no_storm, begin, end),
		cmocka_unit_test_setup_teardown(target_that_restarts_often_makes_no_storm, begin, end),
		cmocka_unit_test_setup_teardown(link_that_comes_back_ends_the_wait_for_the_next_login, begin, end),
		cmocka_unit_test_setup_teardown(target_says_how_long_to_wait, begin, end),
		cmocka_unit_test_setup_teardown(kernel_is_asked_now_and_then_how_a_session_fares, begin, end),
		cmocka_unit_test_setup_teardown(events_of_other_sessions_are_ignored, begin, end),
		cmocka_unit_test_setup_teardown(demand_for_negotiation_is_answered, begin, end),
		cmocka_unit_test_setup_teardown(every_attempt_has_the_same_isid, begin, end),
		cmocka_unit_test_setup_teardown(late_session_keeps_its_isid_too, begin, end),
		cmocka_unit_test_setup_teardown(refusal_after_a_guess_counts, begin, end),
		cmocka_unit_test_setup_teardown(lesson_that_did_not_help_is_unlearned, begin, end),
		cmocka_unit_test_setup_teardown(only_a_session_that_is_repaired_counts_as_lost, begin, end),
		cmocka_unit_test_setup_teardown(lost_session_is_started_when_its_units_are_the_same, begin, end),
		cmocka_unit_test_setup_teardown(lost_session_is_held_as_long_as_a_unit_is_not_right, begin, end),
		cmocka_unit_test_setup_teardown(target_that_allows_one_session_is_asked_before_the_login, begin, end),
		cmocka_unit_test_setup_teardown(unit_that_we_have_reserved_is_asked_as_the_port_that_did, begin, end),
		cmocka_unit_test_setup_teardown(target_that_does_not_answer_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(proof_that_gets_no_connection_goes_on_beside_the_login, begin, end),
		cmocka_unit_test_setup_teardown(session_without_units_needs_no_proof, begin, end),
		cmocka_unit_test_setup_teardown(unit_that_the_kernel_forgets_is_not_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(session_that_is_proving_can_be_ended_or_lost, begin, end),
		cmocka_unit_test_setup_teardown(session_that_is_proving_can_be_taken_or_leave, begin, end),
		cmocka_unit_test_setup_teardown(held_session_is_spoken_of_ever_more_seldom, begin, end),
		cmocka_unit_test_setup_teardown(day_without_the_target_fits_into_two_dozen_lines, begin, end),
		cmocka_unit_test_setup_teardown(another_machine_that_throws_us_out_is_suspected_now_and_then, begin,
						end),
		cmocka_unit_test_setup_teardown(short_session_waits_a_second_at_least, begin, end),
		cmocka_unit_test_setup_teardown(refused_call_has_a_hint, begin, end),
		cmocka_unit_test_setup_teardown(recovery_is_told_with_its_length, begin, end),
		cmocka_unit_test_setup_teardown(late_session_is_scanned, begin, end),
		cmocka_unit_test_setup_teardown(devices_that_are_offline_are_set_running, begin, end),
		cmocka_unit_test_setup_teardown(files_of_the_resolver_are_those_that_were_kept_before, begin, end),
		cmocka_unit_test_setup_teardown(workers_of_a_session_come_before_ordinary_processes, begin, end),
		cmocka_unit_test_setup_teardown(devices_stay_offline_only_as_long_as_no_process_can_be_begun, begin,
						end),
		cmocka_unit_test_setup_teardown(unit_without_an_identity_has_the_one_that_was_learned, begin, end),
		cmocka_unit_test_setup_teardown(identity_that_the_kernel_lacks_is_asked_for_after_the_hand_over, begin,
						end),
		cmocka_unit_test_setup_teardown(iscsid_that_comes_after_its_login_was_seen_keeps_the_session, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_waited_for_is_said_with_its_reason, begin, end),
		cmocka_unit_test_setup_teardown(redirect_after_a_proof_leads_to_another_proof, begin, end),
		cmocka_unit_test_setup_teardown(proof_before_the_login_holds_for_seconds, begin, end),
		cmocka_unit_test_setup_teardown(adopted_session_is_looked_at_and_forgotten_when_it_is_gone, begin, end),
		cmocka_unit_test_setup_teardown(failures_are_reported_first_and_when_they_last, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
