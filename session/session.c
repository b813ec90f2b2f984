/* session.c - see session.h. The table below is the whole life; each action is one step of it.
 *
 * RFC 7143 8.1.3 numbers the transitions of a connection (T1, T4, ...); the numbers stand beside the rows they belong to.
 */
#include "session/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "session/devices.h"
#include "session/params.h"
#include "sys/log.h"
#include "sys/sysfs.h"

#define BACKOFF_FIRST_MS  100
#define OUTAGE_PART       8
#define CONNECT_FIRST_MS  2000  /* the SYN and its first repetition, a second later */
#define BACKOFF_BOOT_MS   5000  /* the longest pause between two attempts of a boot */
#define NOT_FOUND_BOOT_MS 30000 /* 'target not found' is what a target says that is still starting */
#define LOGOUT_TIMEOUT_MS 5000
#define DEVICES_AGAIN_MS  5000
#define PLANNED_AGAIN     4     /* of so many attempts one goes where the plan says */
#define FOREIGN_MS        10000 /* what another program that is not iscsid may take for its login or logout */

static const char *const state_names[SESSION_STATES] = {
	[SESSION_IDLE] = "idle",        [SESSION_RESOLVING] = "resolving", [SESSION_CONNECTING] = "connecting",
	[SESSION_LOGIN] = "logging in", [SESSION_UP] = "logged in",        [SESSION_LOGOUT] = "logging out",
	[SESSION_WAITING] = "waiting",  [SESSION_LEAVING] = "leaving",     [SESSION_PARKED] = "left to iscsid",
	[SESSION_FAILED] = "failed",    [SESSION_GONE] = "gone",
};

const char *session_state_name(enum session_state state)
{
	return state < SESSION_STATES ? state_names[state] : "?";
}

const char *session_portal_text(const struct portal *portal, char *out, size_t size)
{
	bool v6 = strchr(portal->host, ':') != NULL;

	(void)snprintf(out, size, v6 ? "[%s%s%s]:%u" : "%s%s%s:%u", portal->host, v6 && portal->scope[0] ? "%" : "",
		       v6 ? portal->scope : "", portal->port);
	return out;
}

static int64_t login_timeout_ms(const struct session *s)
{
	return (int64_t)s->plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
}

/* Marsaglia's xorshift: jitter needs no more. */
static uint32_t next_random(struct session *s)
{
	uint32_t x = s->random ? s->random : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return s->random = x;
}

static void enter(struct session *s, enum session_state state, int64_t deadline_ms)
{
	if (s->state != state)
		log_debug("%s: %s -> %s", s->plan->name, session_state_name(s->state), session_state_name(state));
	s->state = state;
	s->deadline_ms = deadline_ms;
}

static void set_failure(struct session *s, enum login_retry retry, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set_failure(struct session *s, enum login_retry retry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(s->failure, sizeof(s->failure), format, arguments);
	va_end(arguments);
	s->failure_retry = retry;
}

int session_destroy(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	int stopped = netlink_stop(netlink, sid, cid, ISCSI_STOP_CONN_TERM);
	int connection = netlink_destroy_connection(netlink, sid, cid);
	int session = netlink_destroy_session(netlink, sid);

	return session ? session : connection ? connection : stopped;
}

static void close_socket(struct session *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

static void end_conversation(struct session *s)
{
	close_socket(s);
	resolve_stop(&s->resolve);
	login_wipe(&s->login);
}

/* Nothing of this attempt stays; a session that has once been up stays in the kernel, its I/O held back. */
static void end_attempt(struct session *s)
{
	end_conversation(s);
	if (s->in_kernel && s->was_up) {
		(void)netlink_stop(s->netlink, s->sid, SESSION_CID, ISCSI_STOP_CONN_RECOVER);
	} else if (s->in_kernel) {
		(void)session_destroy(s->netlink, s->sid, SESSION_CID);
		s->in_kernel = s->has_connection = false;
	}
}

/* A boot: doubling from 100 ms. An outage: an eighth of what it has lasted, so that a target that comes back is not left
   waiting for long. With up to a quarter of jitter, so that a rack that lost its target does not come back as one. */
static int64_t backoff_ms(struct session *s, int64_t now_ms)
{
	int64_t longest = s->resident ? login_timeout_ms(s) : BACKOFF_BOOT_MS;
	int64_t pause = s->attempts < 16 ? (int64_t)BACKOFF_FIRST_MS << s->attempts : longest;

	if (s->resident)
		pause = (now_ms - s->down_ms) / OUTAGE_PART;
	if (pause < BACKOFF_FIRST_MS)
		pause = BACKOFF_FIRST_MS;
	if (pause > longest)
		pause = longest;
	return pause - (int64_t)(next_random(s) % (uint32_t)(pause / 4 + 1));
}

static bool is_final(const struct session *s, int64_t now_ms)
{
	if (s->resident)
		return false;
	if (s->failure_retry == RETRY_SHORTLY)
		return now_ms - s->not_found_ms >= NOT_FOUND_BOOT_MS;
	return s->failure_retry == RETRY_NEVER;
}

/* The first failure, and then only long pauses: a boot that is held up for seconds says so on a quiet console, too. */
static void report_pause(const struct session *s, const char *portal, int64_t pause)
{
	if (!s->resident && pause >= BACKOFF_BOOT_MS / 2)
		log_err("%s at %s: %s; next try in %" PRId64 " ms", s->plan->name, portal, s->failure, pause);
	else if (s->attempts == 0 || log_get_level() >= LOG_LEVEL_DEBUG || pause >= BACKOFF_BOOT_MS / 2)
		log_warn("%s at %s: %s; next try in %" PRId64 " ms", s->plan->name, portal, s->failure, pause);
}

/* The next attempt begins where the target has moved for good, or where the plan says: there now and then in any case, as
   what was for good may have moved again. */
static void go_home(struct session *s)
{
	s->portal = s->attempts % PLANNED_AGAIN == PLANNED_AGAIN - 1 ? s->plan->portal : s->home;
	if (s->attempts % 2 == 0 && s->plan->listed.host[0] && !s->was_up)
		s->portal = s->plan->listed;
	s->redirects.count = 0;
	s->moved_tpgt = -1;
	s->moved_for_now = false;
}

/* This attempt is over: try again later, or give up for good. */
static void fail_attempt(struct session *s, int64_t now_ms)
{
	char portal[PLAN_HOST_MAX + 32];
	int64_t pause;

	end_attempt(s);
	if (s->lessons.guessed)
		s->lessons = (struct login_lessons){0};
	(void)session_portal_text(&s->portal, portal, sizeof(portal));
	go_home(s);
	if (s->failure_retry == RETRY_SHORTLY && !s->not_found_ms)
		s->not_found_ms = now_ms; /* counted from here: before, the target may have been down altogether */
	if (is_final(s, now_ms)) {
		enter(s, SESSION_FAILED, SESSION_NEVER);
		return;
	}
	pause = backoff_ms(s, now_ms);
	report_pause(s, portal, pause);
	s->attempts++;
	enter(s, SESSION_WAITING, now_ms + pause);
}

/* ---- connecting ---- */

static int set_socket_options(int fd, const struct portal *portal)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -errno;
	/* A link-local portal's scope, or the interface that was asked for. */
	if (portal->scope[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, portal->scope, (socklen_t)strlen(portal->scope)))
		return -errno;
	return 0;
}

static socklen_t address_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

int session_open_socket(const struct portal *portal, const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int result;

	if (fd < 0)
		return -errno;
	result = set_socket_options(fd, portal);
	if (!result && connect(fd, (const struct sockaddr *)address, address_length(address)) && errno != EINPROGRESS)
		result = -errno;
	if (!result)
		return fd;
	(void)close(fd);
	return result;
}

static const char *connect_hint(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nothing listens there: is the target running?";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "no route: check address, netmask and gateway";
	case ETIMEDOUT:
		return "no answer: check the cable, the address and the firewall";
	default:
		return "check the network";
	}
}

static void note_connect_failure(struct session *s, int error)
{
	set_failure(s, RETRY_TRANSIENT, "cannot connect: %s (%s)", strerror(error), connect_hint(error));
}

/* TCP repeats its SYN after 1, 2, 4, 8 s. In an outage a new attempt comes earlier, so that a network that is back is soon
   noticed. */
static int64_t connect_timeout_ms(const struct session *s, int64_t now_ms)
{
	int64_t limit = (now_ms - s->down_ms) / OUTAGE_PART;

	if (!s->resident || limit > login_timeout_ms(s))
		return login_timeout_ms(s);
	return limit > CONNECT_FIRST_MS ? limit : CONNECT_FIRST_MS;
}

/* The next address of the portal, until one begins to connect. Each attempt begins with another one: that which takes
   the connection may still be one that lets nobody log in. So do those of a portal that is only asked in its turn. */
static void connect_next(struct session *s, const struct session_input *in)
{
	unsigned first = s->attempts / PLANNED_AGAIN + s->attempts % PLANNED_AGAIN;

	close_socket(s);
	while (s->address_next < s->address_count) {
		unsigned place = ((unsigned)s->address_next++ + first) % (unsigned)s->address_count;
		int result = session_open_socket(&s->portal, &s->addresses[place]);

		if (result >= 0) {
			s->fd = result;
			s->address_used = (int)place;
			enter(s, SESSION_CONNECTING, in->now_ms + connect_timeout_ms(s, in->now_ms));
			return;
		}
		note_connect_failure(s, -result);
	}
	fail_attempt(s, in->now_ms);
}

const struct sockaddr *session_peer(const struct session *session)
{
	const struct sockaddr_storage *used = &session->addresses[session->address_used];

	return used->ss_family == AF_UNSPEC ? NULL : (const struct sockaddr *)used;
}

/* A literal address needs no resolver. */
bool session_read_literal(const struct portal *portal, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(portal->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(portal->port)};

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, portal->host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		return true;
	}
	if (inet_pton(AF_INET6, portal->host, &v6.sin6_addr) != 1)
		return false;
	v6.sin6_scope_id = portal->scope[0] ? if_nametoindex(portal->scope) : 0;
	memcpy(out, &v6, sizeof(v6));
	return true;
}

static void begin_attempt(struct session *s, const struct session_input *in)
{
	int result;

	end_attempt(s);
	if (!s->begun_ms)
		s->begun_ms = in->now_ms;
	s->address_next = 0;
	s->address_count = session_read_literal(&s->portal, &s->addresses[0]);
	if (s->address_count) {
		connect_next(s, in);
		return;
	}
	result = resolve_start(&s->resolve, s->portal.host, s->portal.port);
	if (result) {
		set_failure(s, RETRY_TRANSIENT, "cannot look up \"%s\": %s", s->portal.host, strerror(-result));
		fail_attempt(s, in->now_ms);
		return;
	}
	enter(s, SESSION_RESOLVING, in->now_ms + login_timeout_ms(s));
}

static void use_addresses(struct session *s, int count, const struct session_input *in)
{
	if (count <= 0) {
		set_failure(s, RETRY_TRANSIENT, "cannot look up \"%s\": %s", s->portal.host,
			    resolve_failure(&s->resolve));
		fail_attempt(s, in->now_ms);
		return;
	}
	s->address_count = count;
	connect_next(s, in);
}

static void take_addresses(struct session *s, const struct session_input *in)
{
	int count = resolve_step(&s->resolve, s->addresses, SESSION_ADDRESSES_MAX);

	if (count != -EAGAIN)
		use_addresses(s, count, in);
}

/* With the addresses of the last time, if there were any. */
static void give_up_resolving(struct session *s, const struct session_input *in)
{
	use_addresses(s, resolve_give_up(&s->resolve, s->addresses, SESSION_ADDRESSES_MAX), in);
}

static void connect_timed_out(struct session *s, const struct session_input *in)
{
	note_connect_failure(s, ETIMEDOUT);
	connect_next(s, in);
}

/* ---- logging in ---- */

/* The session and its connection in the kernel, with the socket bound to them. */
static int make_in_kernel(struct session *s, const char **step)
{
	const struct params *p = &s->plan->params;
	int result = 0;

	if (!s->in_kernel) {
		*step = "creating the session";
		result = netlink_create_session(s->netlink, 1, (uint16_t)p->value[PARAM_CMDS_MAX],
						(uint16_t)p->value[PARAM_QUEUE_DEPTH], &s->sid, &s->host);
		s->in_kernel = !result;
	}
	if (!result && !s->has_connection) {
		*step = "creating the connection";
		result = netlink_create_connection(s->netlink, s->sid, SESSION_CID);
		s->has_connection = !result;
	}
	if (!result) {
		*step = "binding the connection";
		result = netlink_bind(s->netlink, s->sid, SESSION_CID, s->fd);
	}
	if (!result) {
		*step = "setting parameters before the login";
		result = session_params_before(s->netlink, s->sid, SESSION_CID, s->host, s->plan, &s->home);
	}
	return result;
}

static const char *kernel_hint(int result)
{
	if (result == -ENOMEM)
		return " (is the crc32c module there? kernels up to 6.12 need it even without digests)";
	if (result == -EPERM)
		return " (this needs root)";
	return "";
}

static void fail_in_kernel(struct session *s, const char *step, int result, int64_t now_ms)
{
	bool passes = result == -ENOTCONN || result == -EPROTO || result == -ENOBUFS;

	set_failure(s, passes ? RETRY_TRANSIENT : RETRY_NEVER, "%s in the kernel failed: %s%s", step, strerror(-result),
		    kernel_hint(result));
	fail_attempt(s, now_ms);
}

/* The kernel may not have let go of the last request yet when its answer is here already (libiscsi: EPERM). */
static void send_request(struct session *s, const struct login_pdu *request, int64_t now_ms)
{
	int result = netlink_send_pdu(s->netlink, s->sid, SESSION_CID, request->bhs, request->data, request->length);

	if (!result)
		return;
	set_failure(s, RETRY_TRANSIENT, "sending a login request in the kernel failed: %s", strerror(-result));
	fail_attempt(s, now_ms);
}

int session_make_challenge(struct login_config *config)
{
	uint8_t random[sizeof(config->challenge) + 1];

	if (!config->chap || !config->chap->username_in[0])
		return 0;
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return -EAGAIN;
	memcpy(config->challenge, random, sizeof(config->challenge));
	config->challenge_id = random[sizeof(config->challenge)];
	return 0;
}

static struct login_config configure(const struct session *s)
{
	struct login_config config = {
		.initiator_name = s->plan->initiator,
		.target_name = s->plan->name,
		.cid = SESSION_CID,
		.offer = &s->plan->params,
		.chap = s->plan->chap.username[0] ? &s->plan->chap : NULL,
		.lessons = s->lessons,
	};

	name_isid(s->sid, config.isid); /* as open-iscsi makes it: iscsid then reinstates this very session */
	return config;
}

bool session_learns(struct login *login, struct login_lessons *lessons, bool answered, const char *name,
		    const char *why)
{
	enum login_lesson lesson = login_learn(login, lessons, answered);

	if (lesson == LESSON_SECURITY)
		log_debug("%s: %s; once more from the security stage", name, why);
	if (lesson == LESSON_MD5_ONLY)
		log_err("%s: the target refused the list of CHAP algorithms (%s); once more with MD5 alone, which is "
			"weak (chap_algs= forbids this)",
			name, why);
	return lesson != LESSON_NONE;
}

/* What a target says to MD5 alone, offered on a guess, is no answer to the list. */
enum login_retry session_login_failure(const struct login *login, const struct login_lessons *lessons, char *out,
				       size_t size)
{
	const struct login_failure *failure = login_get_failure(login);
	char code[16];

	(void)snprintf(out, size, "%s [%s]", failure->text, login_error_code(failure, code, sizeof(code)));
	return lessons->guessed && lessons->md5_only ? RETRY_TRANSIENT : login_retry(failure);
}

/* A target that cannot do with what was sent gets one more connection, with something else. True: it has begun. */
static bool tries_otherwise(struct session *s, bool answered, const char *why, int64_t now_ms)
{
	if (!session_learns(&s->login, &s->lessons, answered, s->plan->name, why))
		return false;
	begin_attempt(s, &(struct session_input){.now_ms = now_ms});
	return true;
}

static void fail_login(struct session *s, int64_t now_ms)
{
	if (tries_otherwise(s, true, login_get_failure(&s->login)->text, now_ms))
		return;
	s->failure_retry = session_login_failure(&s->login, &s->lessons, s->failure, sizeof(s->failure));
	fail_attempt(s, now_ms);
}

static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static bool is_in_kernel(const struct session *s)
{
	char path[48];

	(void)snprintf(path, sizeof(path), "class/iscsi_session/session%u", s->sid);
	return sysfs_exists(s->sysfs, path);
}

static void forget(struct session *s, const struct session_input *in)
{
	(void)in;
	end_conversation(s);
	log_warn("session %u (%s) was ended by another program (event=ended sid=%u)", s->sid, s->plan->name, s->sid);
	s->in_kernel = s->has_connection = false;
	enter(s, SESSION_GONE, SESSION_NEVER);
}

/* The TCP connection is there: RFC 7143 T4. */
static void begin_login(struct session *s, const struct session_input *in)
{
	struct login_config config;
	struct login_pdu request;
	const char *step = "";
	int error = 0, result;
	socklen_t size = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
		note_connect_failure(s, error ? error : errno);
		connect_next(s, in);
		return;
	}
	if (!is_connected(s->fd))
		return; /* the event was of the last attempt's socket */
	s->connected_ms = in->now_ms;
	result = make_in_kernel(s, &step);
	if (result == -EINVAL && s->was_up && !is_in_kernel(s)) {
		forget(s, in);
		return;
	}
	if (result) {
		fail_in_kernel(s, step, result, in->now_ms);
		return;
	}
	config = configure(s);
	if (session_make_challenge(&config)) { /* the boot has waited for the kernel's generator */
		set_failure(s, RETRY_TRANSIENT, "the kernel has no random numbers yet for mutual CHAP");
		fail_attempt(s, in->now_ms);
		return;
	}
	enter(s, SESSION_LOGIN, in->now_ms + login_timeout_ms(s));
	if (login_start(&s->login, &config, &request) == LOGIN_SEND)
		send_request(s, &request, in->now_ms);
	else
		fail_login(s, in->now_ms);
}

static bool is_same(const struct portal *a, const struct portal *b)
{
	return a->port == b->port && !strcmp(a->host, b->host);
}

int redirects_follow(struct redirects *redirects, struct portal *portal, const struct login_redirect *to, char *said,
		     size_t size)
{
	char from[PLAN_HOST_MAX + 32], there[PLAN_HOST_MAX + 32];
	struct portal next = *portal;
	bool circle;

	memcpy(next.host, to->host, sizeof(next.host));
	next.port = to->port;
	(void)session_portal_text(portal, from, sizeof(from));
	(void)session_portal_text(&next, there, sizeof(there));
	circle = is_same(portal, &next);
	for (int i = 0; i < redirects->count; i++)
		circle = circle || is_same(&redirects->from[i], &next);
	if (circle || redirects->count == REDIRECTS_MAX) {
		(void)snprintf(said, size, "redirected %s: %s sends us %sto %s", circle ? "in a circle" : "too often",
			       from, circle ? "back " : "", there);
		return -ELOOP;
	}
	(void)snprintf(said, size, "%s sends us to %s (%s)", from, there, to->permanent ? "for good" : "for now");
	redirects->from[redirects->count++] = *portal;
	*portal = next;
	return 0;
}

/* RFC 7143 11.13.5, status class 1. The plan stays as it is: only where this session goes changes. */
static void follow_redirect(struct session *s, const struct session_input *in)
{
	const struct login_redirect *to = login_get_redirect(&s->login);
	char said[2 * PLAN_HOST_MAX + 100];

	if (redirects_follow(&s->redirects, &s->portal, to, said, sizeof(said))) {
		set_failure(s, RETRY_TRANSIENT, "%s", said);
		fail_attempt(s, in->now_ms);
		return;
	}
	log_info("%s: %s", s->plan->name, said);
	s->moved_tpgt = to->tpgt;
	s->moved_for_now = s->moved_for_now || !to->permanent;
	begin_attempt(s, in);
}

static void say_up(struct session *s, int64_t now_ms)
{
	char portal[PLAN_HOST_MAX + 32];

	(void)session_portal_text(&s->portal, portal, sizeof(portal));
	if (s->was_up) {
		s->recoveries++;
		log_warn("%s is back at %s after %" PRId64 ".%03d s; recovery %u (event=back sid=%u outage_ms=%" PRId64
			 " attempts=%u)",
			 s->plan->name, portal, (now_ms - s->down_ms) / 1000, (int)((now_ms - s->down_ms) % 1000),
			 s->recoveries, s->sid, now_ms - s->down_ms, s->attempts + 1);
	} else {
		log_info("logged in to %s at %s, session %u", s->plan->name, portal, s->sid);
	}
}

/* Those that the kernel's error handling gave up meanwhile; it may still be about to, so this is looked at twice. */
static void revive_devices(struct session *s, const struct session_input *in)
{
	int count = devices_offline(s->sysfs, s->sid), result;

	(void)in;
	if (!count)
		return;
	log_warn("%s: %d device(s) that the kernel took offline are set running again (event=running sid=%u)",
		 s->plan->name, count, s->sid);
	result = devices_set_running(&s->devices, s->sysfs, s->sid);
	if (result)
		log_err("%s: its devices stay offline: %s", s->plan->name, strerror(-result));
}

static void revive_devices_again(struct session *s, const struct session_input *in)
{
	enter(s, SESSION_UP, SESSION_NEVER);
	revive_devices(s, in);
}

static void devices_revived(struct session *s, const struct session_input *in)
{
	int count;

	(void)in;
	(void)child_step(&s->devices, &count, sizeof(count));
}

/* Of a redirect: what the target says itself counts more (RFC 7143 13.8 and 13.9). */
static void take_portal_group(struct session *s)
{
	if (s->moved_tpgt >= 0 && s->negotiated.tpgt >= 0 && s->moved_tpgt != s->negotiated.tpgt)
		log_warn("%s: the redirect named portal group %d, the target says %d", s->plan->name, s->moved_tpgt,
			 s->negotiated.tpgt);
	if (s->negotiated.tpgt < 0)
		s->negotiated.tpgt = s->moved_tpgt;
}

/* RFC 7143 T5: parameters, start, full feature phase. */
static void finish_login(struct session *s, const struct session_input *in)
{
	const char *step = "setting the negotiated parameters";
	uint32_t refused = 0;
	int64_t again_ms;
	int result;

	s->negotiated = *login_get_result(&s->login);
	take_portal_group(s);
	result = session_params_after(s->netlink, s->sid, SESSION_CID, &s->negotiated, s->plan, &refused);
	if (!result) {
		step = "starting the connection";
		result = netlink_start(s->netlink, s->sid, SESSION_CID);
	}
	if (result) {
		fail_in_kernel(s, step, result, in->now_ms);
		return;
	}
	s->chap_algorithm = (uint8_t)s->login.chap.algorithm;
	end_conversation(s); /* the kernel has its own reference to the socket */
	say_up(s, in->now_ms);
	if (s->was_up)
		revive_devices(s, in);
	again_ms = s->was_up ? in->now_ms + DEVICES_AGAIN_MS : SESSION_NEVER;
	s->was_up = true;
	s->attempts = 0;
	if (!s->moved_for_now)
		s->home = s->portal; /* not before: a target that is moved for good to nowhere would be lost */
	s->begun_ms = s->not_found_ms = 0;
	s->lessons.guessed = false;
	s->up_ms = in->now_ms;
	s->failure[0] = '\0';
	enter(s, SESSION_UP, again_ms);
}

static void take_response(struct session *s, const struct session_input *in)
{
	struct login_pdu request;
	uint8_t bhs[ISCSI_BHS_BYTES];

	/* The kernel chose the ITT and has matched the answer's; the conversation knows only its own. */
	memcpy(bhs, in->kernel->bhs, sizeof(bhs));
	memset(bhs + 16, 0, 4);
	switch (login_step(&s->login, bhs, in->kernel->data, in->kernel->length, &request)) {
	case LOGIN_SEND:
		send_request(s, &request, in->now_ms);
		break;
	case LOGIN_DONE:
		finish_login(s, in);
		break;
	case LOGIN_MOVED:
		follow_redirect(s, in);
		break;
	case LOGIN_FAILED:
		fail_login(s, in->now_ms);
		break;
	}
}

static void login_ended(struct session *s, const struct session_input *in)
{
	if (!tries_otherwise(s, false, s->failure, in->now_ms))
		fail_attempt(s, in->now_ms);
}

static void login_broken(struct session *s, const struct session_input *in)
{
	uint32_t error = in->kernel ? in->kernel->error : 0;

	s->last_error = error;
	set_failure(s, RETRY_TRANSIENT, "the connection broke during the login: %s (%s)", netlink_error_text(error),
		    netlink_error_name(error));
	login_ended(s, in);
}

/* The kernel does not see what became of a connection before it was bound: the socket is watched here until the login is
   done. */
static void login_closed(struct session *s, const struct session_input *in)
{
	set_failure(s, RETRY_TRANSIENT, "the target closed the connection during the login");
	login_ended(s, in);
}

static void login_timed_out(struct session *s, const struct session_input *in)
{
	set_failure(s, RETRY_TRANSIENT, "no answer to the login within %d s",
		    s->plan->params.value[PARAM_LOGIN_TIMEOUT]);
	login_ended(s, in);
}

/* ---- recovering: RFC 7143 7.1.4.3, session recovery ---- */

static void lose(struct session *s, const struct session_input *in, const char *why)
{
	char portal[PLAN_HOST_MAX + 32];

	(void)session_portal_text(&s->portal, portal, sizeof(portal));
	log_warn("lost %s at %s: %s; its I/O is held until it is back (event=lost sid=%u error=%s)", s->plan->name,
		 portal, why, s->sid, s->last_error ? netlink_error_name(s->last_error) : "none");
	s->down_ms = in->now_ms;
	s->begun_ms = in->now_ms;
	go_home(s);
	s->lessons = (struct login_lessons){0};
	begin_attempt(s, in);
}

static void recover_after_error(struct session *s, const struct session_input *in)
{
	char why[120];

	s->last_error = in->kernel ? in->kernel->error : 0;
	(void)snprintf(why, sizeof(why), "%s (%s)", netlink_error_text(s->last_error),
		       netlink_error_name(s->last_error));
	lose(s, in, why);
}

static void recover_after_drop(struct session *s, const struct session_input *in)
{
	lose(s, in, "the target announced that it drops the connection");
}

static void recover_after_logout(struct session *s, const struct session_input *in)
{
	lose(s, in, "the target asked for a logout");
}

/* RFC 7143 11.14: close the session. The kernel fills in ITT, CmdSN and ExpStatSN. */
static int send_logout(struct session *s)
{
	uint8_t bhs[ISCSI_BHS_BYTES] = {ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT, 0x80};

	return netlink_send_pdu(s->netlink, s->sid, SESSION_CID, bhs, NULL, 0);
}

static void answer_logout_request(struct session *s, const struct session_input *in)
{
	if (send_logout(s)) {
		recover_after_logout(s, in);
		return;
	}
	enter(s, SESSION_LOGOUT, in->now_ms + LOGOUT_TIMEOUT_MS);
}

/* ---- leaving ---- */

static void leave(struct session *s, const struct session_input *in)
{
	(void)in;
	end_conversation(s);
	if (s->in_kernel) {
		int result = session_destroy(s->netlink, s->sid, SESSION_CID);

		if (result)
			log_warn("session %u: cleaning up in the kernel failed: %s", s->sid, strerror(-result));
	}
	s->in_kernel = s->has_connection = false;
	enter(s, SESSION_GONE, SESSION_NEVER);
}

static void begin_leaving(struct session *s, const struct session_input *in)
{
	if (send_logout(s)) {
		leave(s, in);
		return;
	}
	enter(s, SESSION_LEAVING, in->now_ms + LOGOUT_TIMEOUT_MS);
}

static void leave_unanswered(struct session *s, const struct session_input *in)
{
	log_warn("%s did not answer the logout; the session ends without it", s->plan->name);
	leave(s, in);
}

/* ---- iscsid ---- */

static void stand_back(struct session *s, int64_t now_ms, int64_t deadline_ms)
{
	end_conversation(s);
	s->up_ms = now_ms;
	enter(s, SESSION_PARKED, deadline_ms);
}

static void park(struct session *s, const struct session_input *in)
{
	log_warn("session %u (%s): iscsid looks after it from now on (event=parked sid=%u)", s->sid, s->plan->name,
		 s->sid);
	stand_back(s, in->now_ms, SESSION_NEVER);
}

/* A login or logout that is not ours, and no iscsid: what came of it is looked at a little later. */
static void make_way(struct session *s, const struct session_input *in)
{
	log_warn("session %u (%s): another program logs in or out (event=foreign sid=%u)", s->sid, s->plan->name,
		 s->sid);
	stand_back(s, in->now_ms, in->now_ms + FOREIGN_MS);
}

static void stay_parked(struct session *s, const struct session_input *in)
{
	(void)in;
	enter(s, SESSION_PARKED, SESSION_NEVER);
}

bool session_is_lost(const struct session *s)
{
	switch (s->state) {
	case SESSION_RESOLVING:
	case SESSION_CONNECTING:
	case SESSION_LOGIN:
	case SESSION_WAITING:
		return s->was_up;
	default:
		return false;
	}
}

static bool is_up_in_kernel(const struct session *s)
{
	char path[64], text[16];

	(void)snprintf(path, sizeof(path), "class/iscsi_connection/connection%u:%d/state", s->sid, SESSION_CID);
	return sysfs_read(s->sysfs, path, text, sizeof(text)) > 0 && !strcmp(text, "up");
}

static void take_back(struct session *s, const struct session_input *in)
{
	if (!is_in_kernel(s)) {
		forget(s, in);
		return;
	}
	log_warn("session %u (%s): looked after from here again (event=returned sid=%u)", s->sid, s->plan->name,
		 s->sid);
	s->up_ms = in->now_ms;
	/* iscsid has put its own there: how long I/O is held, NOP-Out. */
	(void)session_params_before(s->netlink, s->sid, SESSION_CID, s->host, s->plan, &s->home);
	if (is_up_in_kernel(s))
		enter(s, SESSION_UP, SESSION_NEVER);
	else
		lose(s, in, "the other program left it disconnected");
}

/* ---- the table ---- */

typedef void session_action(struct session *session, const struct session_input *input);

static const struct transition {
	enum session_state state : 8;
	enum session_event event : 8;
	char rfc[6]; /* RFC 7143 8.1.3 */
	session_action *action;
} transitions[] = {
	{SESSION_IDLE, SESSION_EVENT_START, "T1", begin_attempt},
	{SESSION_IDLE, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_RESOLVING, SESSION_EVENT_READY, "", take_addresses},
	{SESSION_RESOLVING, SESSION_EVENT_DEADLINE, "", give_up_resolving},
	{SESSION_CONNECTING, SESSION_EVENT_READY, "T4", begin_login},
	{SESSION_CONNECTING, SESSION_EVENT_DEADLINE, "T2", connect_timed_out},
	{SESSION_LOGIN, SESSION_EVENT_RESPONSE, "T5/T7", take_response},
	{SESSION_LOGIN, SESSION_EVENT_READY, "T7", login_closed},
	{SESSION_LOGIN, SESSION_EVENT_ERROR, "T7", login_broken},
	{SESSION_LOGIN, SESSION_EVENT_DEADLINE, "T7", login_timed_out},
	{SESSION_UP, SESSION_EVENT_ERROR, "T15", recover_after_error},
	{SESSION_UP, SESSION_EVENT_ASYNC_LOGOUT, "T11", answer_logout_request},
	{SESSION_UP, SESSION_EVENT_ASYNC_DROP, "T15", recover_after_drop},
	{SESSION_UP, SESSION_EVENT_LEAVE, "T9", begin_leaving},
	{SESSION_UP, SESSION_EVENT_RESPONSE, "", make_way}, /* a login that we did not begin */
	{SESSION_UP, SESSION_EVENT_LOGGED_OUT, "T9", make_way},
	{SESSION_UP, SESSION_EVENT_DEADLINE, "", revive_devices_again},
	{SESSION_UP, SESSION_EVENT_READY, "", devices_revived},
	{SESSION_LOGOUT, SESSION_EVENT_LOGGED_OUT, "T13", recover_after_logout},
	{SESSION_LOGOUT, SESSION_EVENT_ERROR, "T17", recover_after_logout},
	{SESSION_LOGOUT, SESSION_EVENT_DEADLINE, "T16", recover_after_logout},
	{SESSION_LOGOUT, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_WAITING, SESSION_EVENT_DEADLINE, "T1", begin_attempt},
	{SESSION_WAITING, SESSION_EVENT_START, "T1", begin_attempt},
	{SESSION_CONNECTING, SESSION_EVENT_START, "T2,T1", begin_attempt},
	{SESSION_LEAVING, SESSION_EVENT_LOGGED_OUT, "T13", leave},
	{SESSION_LEAVING, SESSION_EVENT_ERROR, "T17", leave},
	{SESSION_LEAVING, SESSION_EVENT_DEADLINE, "T16", leave_unanswered},
	{SESSION_PARKED, SESSION_EVENT_RETURNED, "", take_back},
	{SESSION_PARKED, SESSION_EVENT_DEADLINE, "", take_back},
	{SESSION_PARKED, SESSION_EVENT_TAKEN, "", stay_parked},
	{SESSION_PARKED, SESSION_EVENT_LEAVE, "", leave},
	/* From every state in which there is something to do. */
	{SESSION_RESOLVING, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_CONNECTING, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_LOGIN, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_WAITING, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_FAILED, SESSION_EVENT_LEAVE, "", leave},
	{SESSION_RESOLVING, SESSION_EVENT_RESPONSE, "", make_way},
	{SESSION_CONNECTING, SESSION_EVENT_RESPONSE, "", make_way},
	{SESSION_WAITING, SESSION_EVENT_RESPONSE, "", make_way},
	{SESSION_UP, SESSION_EVENT_TAKEN, "", park},
	{SESSION_RESOLVING, SESSION_EVENT_TAKEN, "", park},
	{SESSION_CONNECTING, SESSION_EVENT_TAKEN, "", park},
	{SESSION_LOGIN, SESSION_EVENT_TAKEN, "", park},
	{SESSION_WAITING, SESSION_EVENT_TAKEN, "", park},
	{SESSION_LOGOUT, SESSION_EVENT_TAKEN, "", park},
	{SESSION_UP, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_RESOLVING, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_CONNECTING, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_WAITING, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_PARKED, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_LOGIN, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_LOGOUT, SESSION_EVENT_DESTROYED, "", forget},
	{SESSION_LEAVING, SESSION_EVENT_DESTROYED, "", forget},
};

static const char *const event_names[SESSION_EVENTS] = {
	[SESSION_EVENT_START] = "start",
	[SESSION_EVENT_READY] = "ready",
	[SESSION_EVENT_DEADLINE] = "deadline",
	[SESSION_EVENT_RESPONSE] = "login response",
	[SESSION_EVENT_ERROR] = "connection error",
	[SESSION_EVENT_ASYNC_LOGOUT] = "async message: logout requested",
	[SESSION_EVENT_ASYNC_DROP] = "async message: connection dropped",
	[SESSION_EVENT_LOGGED_OUT] = "logout response",
	[SESSION_EVENT_LEAVE] = "leave",
	[SESSION_EVENT_TAKEN] = "taken",
	[SESSION_EVENT_RETURNED] = "returned",
	[SESSION_EVENT_DESTROYED] = "destroyed",
};

void session_step(struct session *session, enum session_event event, const struct session_input *input)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		const struct transition *t = &transitions[i];

		if (t->state != session->state || t->event != event)
			continue;
		log_debug("%s: %s, while %s %s", session->plan->name, event_names[event],
			  session_state_name(session->state), t->rfc);
		t->action(session, input);
		return;
	}
	log_debug("%s: %s, while %s: nothing to do", session->plan->name, event_names[event],
		  session_state_name(session->state));
}

void session_init(struct session *session, const struct target_plan *plan, const struct netlink *netlink, int sysfs,
		  uint32_t random)
{
	memset(session, 0, offsetof(struct session, login));
	session->plan = plan;
	session->netlink = netlink;
	session->sysfs = sysfs;
	session->random = random;
	session->moved_tpgt = -1;
	session->state = SESSION_IDLE;
	session->deadline_ms = SESSION_NEVER;
	session->portal = session->home = plan->portal;
	session->fd = -1;
	resolve_init(&session->resolve);
	session->devices = CHILD_NONE;
	session->failure[0] = '\0';
}

void session_adopt(struct session *session, uint32_t sid, uint32_t host, bool up, int64_t now_ms)
{
	session->in_kernel = session->has_connection = session->was_up = true;
	session->sid = sid;
	session->host = host;
	session->up_ms = now_ms;
	enter(session, SESSION_UP, SESSION_NEVER);
	if (!up)
		lose(session, &(struct session_input){.now_ms = now_ms}, "found it disconnected");
}

static void async_message(struct session *session, const struct netlink_event *event, const struct session_input *in)
{
	switch (event->bhs[36]) { /* AsyncEvent, RFC 7143 11.9 */
	case ISCSI_ASYNC_REQUEST_LOGOUT:
		session_step(session, SESSION_EVENT_ASYNC_LOGOUT, in);
		break;
	case ISCSI_ASYNC_DROPPING_CONNECTION:
	case ISCSI_ASYNC_DROPPING_ALL:
		session_step(session, SESSION_EVENT_ASYNC_DROP, in);
		break;
	default:
		log_debug("%s: async message %u ignored", session->plan->name, event->bhs[36]);
	}
}

static void pdu(struct session *session, const struct netlink_event *event, const struct session_input *in)
{
	switch (event->bhs[0] & 0x3f) {
	case ISCSI_OP_LOGIN_RESPONSE:
		session_step(session, SESSION_EVENT_RESPONSE, in);
		break;
	case ISCSI_OP_LOGOUT_RESPONSE:
		session_step(session, SESSION_EVENT_LOGGED_OUT, in);
		break;
	case ISCSI_OP_ASYNC:
		async_message(session, event, in);
		break;
	default:
		log_debug("%s: PDU with opcode 0x%02x ignored", session->plan->name, event->bhs[0] & 0x3f);
	}
}

void session_look_again(struct session *session, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};

	if (!session->in_kernel)
		return;
	if (!is_in_kernel(session))
		session_step(session, SESSION_EVENT_DESTROYED, &in);
	else if (session->state != SESSION_UP || !is_up_in_kernel(session))
		session_step(session, SESSION_EVENT_ERROR, &in);
}

void session_kernel_event(struct session *session, const struct netlink_event *event, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms, .kernel = event};

	if (!session->in_kernel || event->sid != session->sid || event->transport != session->netlink->transport)
		return;
	switch (event->type) {
	case NETLINK_EVENT_PDU:
		pdu(session, event, &in);
		break;
	case NETLINK_EVENT_ERROR:
		session_step(session, SESSION_EVENT_ERROR, &in);
		break;
	case NETLINK_EVENT_DESTROYED:
		session_step(session, SESSION_EVENT_DESTROYED, &in);
		break;
	default:
		break;
	}
}

int session_pollfds(const struct session *session, struct pollfd *out, int max)
{
	if (max < 1)
		return 0;
	if (session->state == SESSION_RESOLVING)
		return resolve_pollfds(&session->resolve, out, max);
	if (session->state == SESSION_UP && session->devices.fd >= 0) {
		*out = (struct pollfd){.fd = session->devices.fd, .events = POLLIN};
		return 1;
	}
	if ((session->state != SESSION_CONNECTING && session->state != SESSION_LOGIN) || session->fd < 0)
		return 0;
	*out = (struct pollfd){.fd = session->fd, .events = session->state == SESSION_LOGIN ? POLLRDHUP : POLLOUT};
	return 1;
}

int64_t session_deadline(const struct session *session)
{
	return session->deadline_ms;
}

const char *session_waiting_for(const struct session *session, char *out, size_t size)
{
	char portal[PLAN_HOST_MAX + 32];

	(void)session_portal_text(&session->portal, portal, sizeof(portal));
	(void)snprintf(out, size, "%s at %s (%s)%s%s", session->plan->name, portal, session_state_name(session->state),
		       session->failure[0] ? ": " : "", session->failure);
	return out;
}
