/* A session's whole life, driven by a byte script: what happens to it, what the kernel answers, what the target says, how time
 * passes. Real are the session, its attempts, the login, the prover and the messages to the kernel; the kernel, the sockets
 * and the questions to the units are here.
 *
 * The kernel ends the run when it is told something out of its order, when a second session is made beside one that is still
 * there, or when what it holds is let go without a proof. Whatever happened: who waits has a deadline, a deadline that has
 * passed moves on, who has ended leaves nothing behind, no line that is written has the secret in it.
 */
/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "session/devices.h"
#include "session/paths.h"
#include "session/race.h"
#include "session/resolve.h"
#include "session/unit_proof.h"
#include "session/wire.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"
#include "sys/nlsock.h"
#include "test/fuzz/require.h"

#define SECRET    "insecret1234"
#define TRANSPORT 7
#define STEPS_MAX 400
#define FDS_MAX   32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reader script;
static struct session session;
static struct target_plan plan;
static const struct netlink netlink = {.call_fd = 1, .event_fd = 2, .transport = TRANSPORT};
static int null = -1;

static uint8_t next_byte(void)
{
	return script.left ? read_u8(&script) : 0;
}

/* ---- what is written ---- */

static void check_text(const char *text)
{
	require(!strstr(text, SECRET) && !strstr(text, "please report this"));
}

static void check_line(const char *format, va_list arguments)
{
	char line[LOG_LINE_MAX];

	vsnprintf(line, sizeof(line), format, arguments);
	check_text(line);
	if (getenv("SAY"))
		fprintf(stderr, "%s\n", line);
}

#define LOG_AS(name)                           \
	void name(const char *format, ...)     \
	{                                      \
		va_list arguments;             \
                                               \
		va_start(arguments, format);   \
		check_line(format, arguments); \
		va_end(arguments);             \
	}

LOG_AS(log_err)
LOG_AS(log_warn)
LOG_AS(log_info)
LOG_AS(log_debug)

enum log_level log_get_level(void)
{
	return LOG_LEVEL_DEBUG;
}

/* The same script leads to the same end. */
ssize_t getrandom(void *out, size_t size, unsigned flags)
{
	(void)flags;
	memset(out, next_byte(), size);
	return (ssize_t)size;
}

/* ---- the kernel ---- */

static struct {
	bool exists, has_connection, bound, started, broken;
	bool same; /* the units have been proven in this attempt */
	int units; /* so many were to be proven */
	uint32_t sid;
	int refuses; /* the next call but so many: 0 none */
	int error;
	struct iscsi_uevent answers[64];
	int first, count;
} kernel;

/* 0, or what it refuses with. What is there can always be stopped and destroyed. */
static int32_t carry_out(struct iscsi_uevent *m)
{
	bool ends = m->type == ISCSI_UEVENT_DESTROY_SESSION || m->type == ISCSI_UEVENT_DESTROY_CONN ||
		    m->type == ISCSI_UEVENT_STOP_CONN;

	if (!ends && kernel.refuses && !--kernel.refuses)
		return kernel.error;
	if (m->type != ISCSI_UEVENT_CREATE_SESSION && m->type != ISCSI_UEVENT_SET_HOST_PARAM &&
	    (!kernel.exists || m->u.conn.sid != kernel.sid))
		return -EINVAL;
	switch (m->type) {
	case ISCSI_UEVENT_CREATE_SESSION:
		require(!kernel.exists);
		kernel.exists = true;
		kernel.has_connection = kernel.bound = kernel.started = kernel.broken = false;
		m->r.session.sid = ++kernel.sid;
		m->r.session.host_no = 4;
		return 0;
	case ISCSI_UEVENT_DESTROY_SESSION:
		require(!kernel.has_connection);
		kernel.exists = false;
		return 0;
	case ISCSI_UEVENT_CREATE_CONN:
		require(!kernel.has_connection);
		kernel.has_connection = true;
		return 0;
	case ISCSI_UEVENT_DESTROY_CONN:
		kernel.has_connection = kernel.bound = kernel.started = false;
		return 0;
	case ISCSI_UEVENT_STOP_CONN:
		kernel.bound = kernel.started = false;
		return 0;
	case ISCSI_UEVENT_BIND_CONN:
		require(kernel.has_connection && !kernel.started);
		kernel.bound = true;
		return 0;
	case ISCSI_UEVENT_SEND_PDU:
		return kernel.bound ? 0 : -ENOTCONN;
	case ISCSI_UEVENT_START_CONN:
		require(kernel.bound && !kernel.started && (kernel.same || !kernel.units));
		kernel.started = true;
		kernel.same = false; /* of another outage nothing is known */
		kernel.broken = false;
		return 0;
	default:
		return 0;
	}
}

int nlsock_send(int fd, const void *message, size_t length)
{
	const uint8_t *at = message;

	require(fd == netlink.call_fd);
	while (length >= NLMSG_HDRLEN + sizeof(struct iscsi_uevent)) {
		struct nlmsghdr header;
		struct iscsi_uevent m;
		int32_t result;
		size_t used;

		memcpy(&header, at, sizeof(header));
		memcpy(&m, at + NLMSG_HDRLEN, sizeof(m));
		require(header.nlmsg_len <= length && header.nlmsg_type == m.type && m.transport_handle == TRANSPORT);
		result = carry_out(&m);
		if (result) {
			m.type = ISCSI_KEVENT_IF_ERROR;
			m.iferror = result;
		} else if (m.type != ISCSI_UEVENT_CREATE_SESSION) {
			m.r.retcode = 0;
		}
		require(kernel.count < 64);
		kernel.answers[kernel.count++] = m;
		used = NLMSG_ALIGN(header.nlmsg_len);
		at += used < length ? used : length;
		length -= used < length ? used : length;
	}
	return 0;
}

ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	struct nlmsghdr header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct iscsi_uevent))};

	require(fd == netlink.call_fd && size >= header.nlmsg_len);
	if (kernel.first == kernel.count)
		return -EAGAIN;
	/* An error has the type of the call, like the right answer. */
	header.nlmsg_type = (uint16_t)kernel.answers[kernel.first].type;
	if (header.nlmsg_type == ISCSI_KEVENT_IF_ERROR) {
		int32_t error = kernel.answers[kernel.first].iferror;

		header.nlmsg_type = NLMSG_ERROR;
		memcpy((uint8_t *)buffer + NLMSG_HDRLEN, &error, sizeof(error));
	} else {
		memcpy((uint8_t *)buffer + NLMSG_HDRLEN, &kernel.answers[kernel.first], sizeof(struct iscsi_uevent));
	}
	if (++kernel.first == kernel.count)
		kernel.first = kernel.count = 0;
	memcpy(buffer, &header, sizeof(header));
	return (ssize_t)header.nlmsg_len;
}

int nlsock_open(int protocol, uint32_t groups)
{
	(void)protocol, (void)groups;
	return -EPERM;
}

bool iscsi_class_has_session(int sysfs, uint32_t sid)
{
	(void)sysfs;
	return kernel.exists && sid == kernel.sid;
}

bool iscsi_class_is_up(int sysfs, uint32_t sid)
{
	return iscsi_class_has_session(sysfs, sid) && kernel.started && !kernel.broken;
}

bool iscsi_class_is_broken(int sysfs, uint32_t sid)
{
	return !iscsi_class_is_up(sysfs, sid);
}

void iscsi_class_raise_workers(int sysfs, uint32_t sid, uint32_t host)
{
	(void)sysfs;
	(void)sid;
	(void)host;
}

/* ---- devices and units ---- */

static int unit_count;

int devices_offline(int sysfs, uint32_t sid)
{
	(void)sysfs, (void)sid;
	return next_byte() & 1;
}

static int start_child(struct child *child)
{
	child_stop(child);
	*child = (struct child){.pid = 1, .fd = null};
	return next_byte() & 1 ? -ENOMEM : 0;
}

int devices_set_running(struct child *child, int sysfs, uint32_t sid)
{
	(void)sysfs, (void)sid;
	return start_child(child);
}

int units_read(int sysfs, uint32_t sid, struct unit *out, int max)
{
	(void)sysfs, (void)sid, (void)out, (void)max;
	return kernel.units = unit_count;
}

int units_learn(struct child *child, int sysfs, int dev, uint32_t sid)
{
	(void)sysfs, (void)dev, (void)sid;
	return start_child(child);
}

int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message)
{
	(void)control, (void)sysfs, (void)units, (void)count, (void)message;
	return 0;
}

void units_use_learned(struct unit *units, int count, const struct units_learned *learned)
{
	(void)units, (void)count, (void)learned;
}

enum child_state child_step(struct child *child, void *result, size_t size)
{
	uint8_t how = next_byte() % 3;

	require(child->fd == null);
	if (how == CHILD_RUNNING)
		return CHILD_RUNNING;
	if (how == CHILD_DONE)
		memset(result, 0, size);
	*child = CHILD_NONE;
	return (enum child_state)how;
}

void child_stop(struct child *child)
{
	*child = CHILD_NONE;
}

/* ---- sockets ---- */

/* How the next one ends: connected, failed, or still under way. */
static int connect_somehow(void)
{
	switch (next_byte() % 8) {
	case 0:
		return -ECONNREFUSED;
	case 1:
		return -EAGAIN;
	default:
		return fcntl(null, F_DUPFD_CLOEXEC, 0);
	}
}

void race_init(struct race *race)
{
	race->winner = -1;
}

int race_begin(struct race *race, const char *interface, const struct sockaddr_storage *addresses, int count,
	       unsigned first, uint32_t random, int64_t timeout_ms, int64_t now_ms)
{
	(void)interface, (void)first, (void)random;
	require(count >= 1 && count <= RACE_ADDRESSES_MAX);
	race->addresses[0] = addresses[0];
	race->address_count = 1;
	race->winner = -1;
	race->end_ms = race->deadline_ms = now_ms + timeout_ms;
	return next_byte() % 16 ? 0 : -ENETUNREACH;
}

int race_step(struct race *race, int64_t now_ms)
{
	int fd = now_ms >= race->end_ms ? -ETIMEDOUT : connect_somehow();

	if (fd >= 0)
		race->winner = 0;
	return fd;
}

static int always_ready(struct pollfd *out, int max)
{
	if (max > 0)
		*out = (struct pollfd){.fd = null, .events = POLLIN};
	return max > 0;
}

int race_pollfds(const struct race *race, struct pollfd *out, int max)
{
	(void)race;
	return always_ready(out, max);
}

void race_stop(struct race *race)
{
	(void)race;
}

void resolve_init(struct resolve *resolve)
{
	resolve->running = false;
}

void resolve_init_like(struct resolve *resolve, const struct resolve *other)
{
	(void)other;
	resolve->running = false;
}

void resolve_keep_files(struct resolve *resolve)
{
	(void)resolve;
}

int resolve_start(struct resolve *resolve, const char *host, uint16_t port)
{
	(void)host, (void)port;
	resolve->running = next_byte() % 16;
	return resolve->running ? 0 : -EAGAIN;
}

int resolve_pollfds(const struct resolve *resolve, struct pollfd *out, int max)
{
	return resolve->running ? always_ready(out, max) : 0;
}

static int find(struct resolve *resolve, struct sockaddr_storage *out, bool found)
{
	resolve->running = false;
	memset(out, 0, sizeof(*out));
	out->ss_family = AF_INET;
	return found ? 1 : -ENOENT;
}

int resolve_step(struct resolve *resolve, struct sockaddr_storage *out, int max)
{
	uint8_t how = next_byte();

	(void)max;
	return how % 8 == 0 ? -EAGAIN : find(resolve, out, how & 7);
}

bool resolve_knows(const struct resolve *resolve)
{
	(void)resolve;
	return next_byte() & 1;
}

int resolve_give_up(struct resolve *resolve, struct sockaddr_storage *out, int max)
{
	(void)max;
	return find(resolve, out, next_byte() & 1);
}

const char *resolve_failure(const struct resolve *resolve)
{
	(void)resolve;
	return "no such name";
}

void resolve_stop(struct resolve *resolve)
{
	resolve->running = false;
}

/* ---- what the target says ---- */

static const struct {
	const char *text;
	size_t length;
} answers[] = {
#define ANSWER(literal)                  \
	{                                \
		literal, sizeof(literal) \
	}
	{"", 0},
	ANSWER("TargetPortalGroupTag=1\0HeaderDigest=CRC32C\0DefaultTime2Wait=0"),
	ANSWER("AuthMethod=CHAP"),
	ANSWER("AuthMethod=None"),
	ANSWER("CHAP_A=7\0CHAP_I=1\0CHAP_C=0x000102030405060708090a0b0c0d0e0f"),
	ANSWER("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x000102030405060708090a0b0c0d0e0f"),
	ANSWER("CHAP_N=them\0CHAP_R=0x000102030405060708090a0b0c0d0e0f"),
	ANSWER("TargetAddress=192.0.2.2"),
	ANSWER("TargetAddress=192.0.2.3:3261,5"),
};

static const uint16_t statuses[] = {0, 0, 0, 0, 0x0101, 0x0102, 0x0200, 0x0201, 0x0203, 0x0208, 0x0301, 0x0302};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A Login Response: which flags, which status, which text. Its data. */
static size_t make_login_response(uint8_t bhs[48], const struct login *login, uint8_t data[256], bool with_itt)
{
	static const uint8_t flags[] = {0x87, 0x87, 0x81, 0x80, 0x00, 0x04, 0x40, 0x83};
	uint8_t shape = next_byte(), which = next_byte();
	size_t length;

	memset(bhs, 0, 48);
	bhs[0] = ISCSI_OP_LOGIN_RESPONSE;
	bhs[1] = flags[shape & 7];
	memcpy(bhs + 8, login->config.isid, 6);
	bhs[15] = (shape & 3) != 2;
	if (with_itt)
		bhs[19] = (uint8_t)login->config.itt;
	bhs[27] = login->exchanges;
	bhs[36] = (uint8_t)(statuses[(shape >> 3) % COUNT(statuses)] >> 8);
	bhs[37] = (uint8_t)statuses[(shape >> 3) % COUNT(statuses)];
	if (which < COUNT(answers)) {
		length = answers[which].length;
		memcpy(data, answers[which].text, length);
	} else {
		length = script.left < 64 ? script.left : 64;
		length = length < which ? length : which;
		memcpy(data, read_bytes(&script, length), length);
	}
	bhs[6] = (uint8_t)(length >> 8);
	bhs[7] = (uint8_t)length;
	return length;
}

/* The prover's connection. */
void wire_start(struct wire *wire, int fd)
{
	require(fd >= 0);
	wire->fd = fd;
}

static int break_sometimes(void)
{
	return next_byte() % 16 == 1 ? -ECONNRESET : 0;
}

int wire_send(struct wire *wire, const uint8_t bhs[48], const uint8_t *data, size_t length)
{
	(void)bhs, (void)data, (void)length;
	require(fcntl(wire->fd, F_GETFD) >= 0);
	return break_sometimes();
}

bool wire_has_room(const struct wire *wire)
{
	(void)wire;
	return true;
}

int wire_flush(struct wire *wire)
{
	(void)wire;
	return break_sometimes();
}

int wire_receive(struct wire *wire, const uint8_t **bhs, const uint8_t **data, size_t *length)
{
	static const int ends[] = {0, -EPIPE, -EMSGSIZE, -EBADMSG, -ECONNRESET};
	uint8_t how = next_byte();

	require(fcntl(wire->fd, F_GETFD) >= 0);
	if (how < COUNT(ends))
		return ends[how];
	*bhs = wire->in;
	*data = wire->in + 48;
	memset(wire->in, 0, 48);
	*length = 0;
	if (session.prover.state == PROVER_LOGIN)
		*length = make_login_response(wire->in, &session.prover.attempt.login, wire->in + 48, true);
	else
		wire->in[0] = how & 1 ? ISCSI_OP_LOGOUT_RESPONSE : ISCSI_OP_SCSI_RESPONSE;
	return 1;
}

struct pollfd wire_pollfd(const struct wire *wire)
{
	return (struct pollfd){.fd = wire->fd, .events = POLLIN};
}

/* The questions: what the target says to them is a verdict at once. */
void unit_proof_start(struct unit_proof *proof, const struct unit *units, int count, uint32_t cmd_sn,
		      uint32_t exp_stat_sn, uint32_t max_cmd_sn)
{
	(void)units, (void)cmd_sn, (void)exp_stat_sn, (void)max_cmd_sn;
	require(count > 0 && count == session.unit_count);
	kernel.same = false;
	proof->verdict = UNIT_PENDING;
	proof->text[0] = '\0';
}

bool unit_proof_next(struct unit_proof *proof, uint8_t bhs[48])
{
	bool asks = proof->verdict == UNIT_PENDING && proof->cmd_sn++ % 2;

	memset(bhs, 0, 48);
	return asks;
}

enum unit_verdict unit_proof_take(struct unit_proof *proof, const uint8_t bhs[48], const uint8_t *data, size_t length)
{
	(void)bhs, (void)data, (void)length;
	if (proof->verdict != UNIT_PENDING)
		return proof->verdict;
	proof->verdict = (enum unit_verdict)(next_byte() % (UNIT_BROKEN + 1));
	kernel.same = proof->verdict == UNIT_SAME;
	if (proof->verdict > UNIT_SAME)
		strcpy(proof->text, "LUN 1 is what it is");
	return proof->verdict;
}

void unit_proof_write_logout(struct unit_proof *proof, uint8_t bhs[48])
{
	(void)proof;
	memset(bhs, 0, 48);
}

/* ---- what must hold ---- */

static bool waits(enum session_state state)
{
	return state != SESSION_IDLE && state != SESSION_PARKED && state != SESSION_FAILED && state != SESSION_GONE;
}

static void check(void)
{
	char text[1024];
	struct pollfd fds[FDS_MAX];
	bool at_rest = session.state == SESSION_UP || session.state == SESSION_WAITING || !waits(session.state);

	require(!waits(session.state) || session_deadline(&session) != SESSION_NEVER);
	require(session.state != SESSION_UP || (kernel.exists ? session.in_kernel : true));
	kernel.same = kernel.same && session.state != SESSION_WAITING;
	if (at_rest) { /* nothing of an attempt is left */
		require(session.attempt.connect.fd < 0 && !session.attempt.connect.resolve.running);
		require(session.prover.state == PROVER_IDLE || session.prover.state == PROVER_DONE);
		require(session.prover.attempt.connect.fd < 0);
	}
	if (session.state == SESSION_GONE || session.state == SESSION_FAILED) {
		require(!session.in_kernel && !kernel.exists);
		require(session_deadline(&session) == SESSION_NEVER);
		require(!session_pollfds(&session, fds, FDS_MAX));
		require(!session_proof_pollfds(&session, fds, FDS_MAX));
	}
	require(!(session.attempt.resident && session.state == SESSION_FAILED));
	check_text(session_failure(&session));
	check_text(session_waiting_for(&session, text, sizeof(text)));
	check_text(session_state_text(&session));
}

static void step(enum session_event event, int64_t now_ms)
{
	session_step(&session, event, &(struct session_input){.now_ms = now_ms});
}

/* A deadline that has passed leads to another one, or to none. */
static void pass_deadline(int64_t *now_ms)
{
	if (session_deadline(&session) == SESSION_NEVER)
		return;
	if (session_deadline(&session) > *now_ms)
		*now_ms = session_deadline(&session);
	step(SESSION_EVENT_DEADLINE, *now_ms);
	require(session_deadline(&session) > *now_ms);
}

static void hear_kernel(uint8_t what, int64_t now_ms)
{
	_Alignas(8) uint8_t message[NLMSG_HDRLEN + sizeof(struct iscsi_uevent) + 48 + 256] = {0};
	struct nlmsghdr header = {0};
	struct iscsi_uevent m = {.transport_handle = TRANSPORT};
	struct netlink_event event;
	uint8_t *bhs = message + NLMSG_HDRLEN + sizeof(m);
	size_t length = 0;

	m.type = ISCSI_KEVENT_RECV_PDU;
	m.r.recv_pdu.sid = kernel.sid;
	switch (what) {
	case 0:
		length = make_login_response(bhs, &session.attempt.login, bhs + 48, false);
		break;
	case 1:
		bhs[0] = ISCSI_OP_LOGOUT_RESPONSE;
		bhs[41] = next_byte();
		break;
	case 2:
		bhs[0] = ISCSI_OP_ASYNC;
		bhs[36] = next_byte() % 6;
		bhs[41] = next_byte();
		break;
	case 3:
		m.type = ISCSI_KEVENT_CONN_ERROR;
		m.r.conn_error.error = 1000 + next_byte() % 32;
		kernel.broken = true;
		kernel.started = false;
		break;
	default:
		m.type = ISCSI_KEVENT_DESTROY_SESSION;
		m.r.destroyed.sid = kernel.sid;
		kernel.exists = kernel.has_connection = kernel.bound = kernel.started = false;
		break;
	}
	header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(m) + 48 + length);
	memcpy(message, &header, sizeof(header));
	memcpy(message + NLMSG_HDRLEN, &m, sizeof(m));
	require(!netlink_parse(message, header.nlmsg_len, &event));
	session_kernel_event(&session, &event, now_ms);
}

static void refuse(void)
{
	static const int errors[] = {-EINVAL, -ENOMEM, -EPERM, -ENOTCONN, -ENOBUFS, -ENOSYS, -ENOSPC};
	uint8_t how = next_byte();

	kernel.refuses = how % 16 + 1;
	kernel.error = errors[how / 16 % COUNT(errors)];
}

static void happen(int64_t *now_ms)
{
	struct pollfd fds[FDS_MAX];
	uint8_t what = next_byte();

	*now_ms += 1 + (what >> 4) * 100;
	switch (what & 15) {
	case 0:
	case 1:
	case 2:
		if (session_pollfds(&session, fds, FDS_MAX))
			step(SESSION_EVENT_READY, *now_ms);
		break;
	case 3:
	case 4:
		if (session_proof_pollfds(&session, fds, FDS_MAX))
			step(SESSION_EVENT_PROOF, *now_ms);
		break;
	case 5:
	case 6:
		if (kernel.exists)
			hear_kernel(0, *now_ms);
		break;
	case 7:
		pass_deadline(now_ms);
		break;
	case 8:
		step(SESSION_EVENT_START, *now_ms);
		break;
	case 9:
		if (kernel.exists)
			hear_kernel(1 + next_byte() % 4, *now_ms);
		break;
	case 10:
		step(next_byte() & 1 ? SESSION_EVENT_TAKEN : SESSION_EVENT_RETURNED, *now_ms);
		break;
	case 11:
		if (next_byte() & 1)
			kernel.broken = kernel.started;
		session_look_again(&session, *now_ms);
		break;
	case 12:
		refuse();
		break;
	case 13:
		unit_count = next_byte() % 3;
		break;
	case 14:
		*now_ms += next_byte() * INT64_C(1000);
		break;
	default:
		if (session.state == SESSION_FAILED)
			break; /* the boot has failed */
		if (!session.attempt.resident)
			session_settle(&session, next_byte() & 1 ? null : -1);
		else if (next_byte() % 8 == 0)
			step(SESSION_EVENT_LEAVE, *now_ms);
		break;
	}
}

static void configure(uint8_t bits)
{
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	strcpy(plan.name, "iqn.2026-01.test:t");
	strcpy(plan.initiator, "iqn.2026-01.test:i");
	strcpy(plan.portal.host, bits & 1 ? "portal.example.org" : "192.0.2.1");
	plan.portal.port = 3260;
	plan.firmware_index = -1;
	if (bits & 2) {
		strcpy(plan.chap.username, "user");
		plan.chap.password = (struct chap_secret){.bytes = SECRET, .length = sizeof(SECRET) - 1};
	}
	if (bits & 4) {
		strcpy(plan.chap.username_in, "them");
		plan.chap.password_in = (struct chap_secret){.bytes = "out" SECRET, .length = sizeof(SECRET) + 2};
	}
	if (bits & 8) {
		strcpy(plan.listed[0].host, "192.0.2.9");
		plan.listed[0].port = 3260;
		plan.listed_count = 1;
	}
	unit_count = bits >> 4 & 1;
}

/* A session is adopted by a new supervisor, as the kernel has it. */
static void adopt(bool up)
{
	kernel.exists = kernel.has_connection = kernel.bound = true;
	kernel.started = up;
	kernel.sid = 1;
	session.attempt.resident = true;
	session_adopt(&session, 1, 4, up, 1000);
}

/* Whoever leaves is gone at the next deadline, at the latest. */
static void end(int64_t now_ms)
{
	kernel.refuses = 0;
	step(SESSION_EVENT_LEAVE, now_ms);
	require(session.state == SESSION_GONE || session.state == SESSION_LEAVING);
	require(!session_needs_repair(&session) || session.state == SESSION_GONE);
	pass_deadline(&now_ms);
	require(session.state == SESSION_GONE);
	check();
}

/* The lowest number that a new descriptor would get. */
static int next_descriptor(void)
{
	int next = fcntl(null, F_DUPFD_CLOEXEC, 0);

	(void)close(next);
	return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t now_ms = 1000;
	uint8_t bits;
	int next;

	if (null < 0)
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	next = next_descriptor();
	script = reader_of(data, size);
	memset(&kernel, 0, sizeof(kernel));
	bits = next_byte();
	configure(bits);
	session_init(&session, &plan, &netlink, -1, bits);
	if (bits & 0x40)
		adopt(bits & 0x80);
	else if (bits & 0x80)
		session_reserve(&session);
	for (int i = 0; i < STEPS_MAX && script.left; i++) {
		happen(&now_ms);
		check();
	}
	end(now_ms);
	require(next_descriptor() == next);
	return 0;
}
