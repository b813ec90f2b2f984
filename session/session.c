/* session.c - see session.h. The table below is the whole life; each action is one step of it.
 *
 * RFC 7143 8.1.3 numbers the transitions of a connection (T1, T4, ...); the numbers stand beside the rows they belong to.
 */
/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/address.h"
#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "proto/name.h"
#include "session/devices.h"
#include "session/params.h"
#include "session/paths.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"

#define SHORT_LIFE_MS     5000  /* a session that ends so soon after its login is not taken up at once */
#define SHORT_PAUSE_MS    1000  /* then, at least */
#define SHORT_MAX_MS      30000 /* and at most */
#define ASKED_MAX_MS      60000 /* what a target may ask for */
#define STORM_LIVES       4
#define LOGOUT_TIMEOUT_MS 5000
#define OWN_ISID_BIT      0x40  /* of the fourth byte: no session's number goes so high, and no byte is 0x80 or more */
#define LOOK_MS           45000 /* how often the kernel is asked how a session that is up fares */
#define PATH_LOOK_MS      10000 /* the same of one whose disks are paths: the kernel fails a path that has given an error */
#define DEVICES_AGAIN_MS \
	5000 /* the kernel's error handling may still be about to give devices up: they are looked at twice */
#define PROOF_HOLDS_MS 3000  /* from a proof before the login until that one's connection is there */
#define HELD_AGAIN_MS  10000 /* until it is said for the second time that a session is held */
#define FOREIGN_MS     10000 /* what another program that is not iscsid may take for its login or logout */

static const char *const state_names[SESSION_STATES] = {
	[SESSION_IDLE] = "idle",
	[SESSION_RESOLVING] = "resolving",
	[SESSION_CONNECTING] = "connecting",
	[SESSION_LOGIN] = "logging in",
	[SESSION_PROVING] = "proving",
	[SESSION_UP] = "logged in",
	[SESSION_LOGOUT] = "logging out",
	[SESSION_WAITING] = "waiting",
	[SESSION_LEAVING] = "leaving",
	[SESSION_PARKED] = "left to iscsid",
	[SESSION_FAILED] = "failed",
	[SESSION_GONE] = "gone",
};

const char *session_state_name(enum session_state state)
{
	return state < SESSION_STATES ? state_names[state] : "?";
}

const char *session_state_text(const struct session *session)
{
	if (!session_is_lost(session) || session->held == UNIT_PENDING)
		return session_state_name(session->state);
	return session->held == UNIT_OTHER ? "held: another disk" : "held: disk not ready";
}

const struct portal *session_portal(const struct session *session)
{
	return &session->attempt.route.portal;
}

const char *session_failure(const struct session *session)
{
	return session->attempt.failure;
}

bool session_was_up(const struct session *session)
{
	return session->attempt.was_up;
}

static const char *portal_text(const struct session *s, char out[PORTAL_TEXT_MAX])
{
	return portal_write(session_portal(s), out);
}

static void enter(struct session *s, enum session_state state, int64_t deadline_ms)
{
	if (s->state != state)
		log_debug("%s: %s -> %s", s->plan->name, session_state_name(s->state), session_state_name(state));
	s->state = state;
	s->deadline_ms = deadline_ms;
}

int session_destroy(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	int stopped = netlink_stop(netlink, sid, cid, ISCSI_STOP_CONN_TERM);
	int connection = netlink_destroy_connection(netlink, sid, cid);
	int session = netlink_destroy_session(netlink, sid);

	return session ? session : connection ? connection : stopped;
}

static void destroy_in_kernel(struct session *s)
{
	int result = 0;

	if (s->in_kernel)
		result = s->has_connection ? session_destroy(s->netlink, s->sid, SESSION_CID)
					   : netlink_destroy_session(s->netlink, s->sid);
	if (result)
		log_warn("session %u: cleaning up in the kernel failed: %s", s->sid, strerror(-result));
	s->in_kernel = s->has_connection = s->unstopped = false;
}

/* What the kernel has to send waits from here on. 0 or -errno. */
static int stop_in_kernel(const struct session *s)
{
	return netlink_stop(s->netlink, s->sid, SESSION_CID, ISCSI_STOP_CONN_RECOVER);
}

/* Nothing of this attempt stays but the session in the kernel: its I/O is held back, and it keeps its number, which makes its
   ISID. A target that still holds the session of an earlier attempt lets the next one take its place. */
static void end_attempt(struct session *s)
{
	prover_stop(&s->prover);
	attempt_stop(&s->attempt);
	if (s->attempt.resident && !session_was_up(s))
		destroy_in_kernel(s); /* other programs shall not see what has never been up */
	else if (s->in_kernel && s->has_connection)
		s->unstopped = stop_in_kernel(s);
}

/* On a quiet console, too, while it is a boot that is held up. */
static void report_pause(struct session *s, const char *portal, int64_t now_ms)
{
	enum attempt_report report = attempt_take_report(&s->attempt, now_ms);
	int64_t pause = s->attempt.pause_ms;

	if (report == ATTEMPT_OVERDUE && !s->attempt.resident)
		log_err("%s at %s: %s; next try in %" PRId64 " ms", s->plan->name, portal, session_failure(s), pause);
	else if (report != ATTEMPT_SILENT || log_get_level() >= LOG_LEVEL_DEBUG)
		log_warn("%s at %s: %s; next try in %" PRId64 " ms", s->plan->name, portal, session_failure(s), pause);
}

/* Says that a session is held: at once, and then ever more seldom. */
static void report_held(struct session *s, const char *portal, int64_t now_ms)
{
	if (now_ms < s->say_ms)
		return;
	log_err("%s at %s: %s. Its I/O is held until this is right again (event=held sid=%u)", s->plan->name, portal,
		session_failure(s), s->sid);
	s->say_pause_ms = s->say_pause_ms ? 2 * s->say_pause_ms : HELD_AGAIN_MS;
	s->say_ms = now_ms + s->say_pause_ms;
}

/* It was not thrown out: the target was away, or the network. */
static void end_storm(struct session *s)
{
	if (s->knocks_until_ms)
		s->short_lives = 0;
	s->knocks_until_ms = 0;
}

/* This attempt is over: try again later, or give up for good. */
static void fail_attempt(struct session *s, int64_t now_ms)
{
	char portal[PORTAL_TEXT_MAX];

	end_attempt(s);
	end_storm(s);
	portal_text(s, portal);
	if (attempt_put_off(&s->attempt, now_ms) == ATTEMPT_OVER) {
		destroy_in_kernel(s);
		enter(s, SESSION_FAILED, SESSION_NEVER);
		return;
	}
	s->proven = false;
	if (s->held != UNIT_PENDING)
		report_held(s, portal, now_ms);
	else
		report_pause(s, portal, now_ms);
	enter(s, SESSION_WAITING, s->attempt.deadline_ms);
}

/* ---- an attempt ---- */

/* What the units are held against: the kernel knows it from the attach. One that it was told to forget is none any more. */
static void record_units(struct session *s)
{
	int count = session_was_up(s) && !s->proven ? units_read(s->sysfs, s->sid, s->units, UNITS_MAX) : 0;

	if (count > UNITS_MAX && !s->told_many)
		log_warn("%s has %d LUNs: that they are the same when it is back is proven of %d only", s->plan->name,
			 count, UNITS_MAX);
	s->told_many = count > UNITS_MAX;
	s->unit_count = count < UNITS_MAX ? count : UNITS_MAX;
	if (s->has_learned)
		units_use_learned(s->units, s->unit_count, &s->learned);
}

static void prove_first(struct session *s, const struct session_input *in);
static void prove_beside(struct session *s, int64_t now_ms);
static void take_verdict(struct session *s, enum unit_verdict verdict, const struct session_input *in);

static void go_on(struct session *s, enum attempt_state state, const struct session_input *in);

static void begin_attempt(struct session *s, const struct session_input *in)
{
	end_attempt(s);
	s->held = UNIT_PENDING;
	if (!s->begun_ms)
		s->begun_ms = in->now_ms;
	s->unit_count = 0;
	if (s->proves_first)
		record_units(s);
	if (s->unit_count)
		prove_first(s, in);
	else
		go_on(s, attempt_begin(&s->attempt, in->now_ms), in);
}

/* The network has changed: what was found out before it is forgotten. */
static void begin_afresh(struct session *s, const struct session_input *in)
{
	s->knocks_until_ms = 0;
	begin_attempt(s, in);
}

/* The descriptor of the look-up or of the socket is ready. During the login that means that the target closed it: the kernel
   does not see what became of a connection before it was bound. */
static void advance(struct session *s, const struct session_input *in)
{
	go_on(s, attempt_step(&s->attempt, false, in->now_ms), in);
}

static void advance_late(struct session *s, const struct session_input *in)
{
	go_on(s, attempt_step(&s->attempt, true, in->now_ms), in);
}

/* Creates the session in the kernel, which gives it its number. 0 or -errno. */
static int reserve(struct session *s)
{
	const struct params *p = &s->plan->params;
	int result;

	if (s->in_kernel)
		return 0;
	result = netlink_create_session(s->netlink, 1, (uint16_t)p->value[PARAM_CMDS_MAX],
					(uint16_t)p->value[PARAM_QUEUE_DEPTH], &s->sid, &s->host);
	s->in_kernel = !result;
	if (!result && !s->isid)
		s->isid = s->sid;
	return result;
}

void session_reserve(struct session *session)
{
	int result = reserve(session);

	if (result)
		log_debug("%s: its session cannot be created yet: %s", session->plan->name, strerror(-result));
}

static int set_before(const struct session *s)
{
	return session_params_before(s->netlink, s->sid, SESSION_CID, s->host, s->plan, attempt_target(&s->attempt),
				     &s->attempt.route.home);
}

/* The session and its connection in the kernel, with the socket bound to them. */
static int make_in_kernel(struct session *s, const char **step)
{
	int result = reserve(s);

	*step = "creating the session";
	if (!result && !s->has_connection) {
		*step = "creating the connection";
		result = netlink_create_connection(s->netlink, s->sid, SESSION_CID);
		s->has_connection = !result;
	}
	if (!result && s->unstopped) { /* what is held would go out by the new socket, before any login or proof */
		*step = "stopping the old connection";
		result = stop_in_kernel(s);
	}
	if (!result) {
		*step = "binding the connection";
		result = netlink_bind(s->netlink, s->sid, SESSION_CID, s->attempt.connect.fd);
	}
	if (!result) {
		*step = "setting parameters before the login";
		result = set_before(s);
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

	attempt_fail(&s->attempt, passes ? RETRY_TRANSIENT : RETRY_NEVER, "%s in the kernel failed: %s%s", step,
		     strerror(-result), kernel_hint(result));
	fail_attempt(s, now_ms);
}

/* The kernel may not have let go of the last request yet when its answer is here already (libiscsi: EPERM). */
static void send_request(struct session *s, const struct login_pdu *request, int64_t now_ms)
{
	int result = netlink_send_pdu(s->netlink, s->sid, SESSION_CID, request->bhs, request->data, request->length);

	if (!result)
		return;
	attempt_fail(&s->attempt, RETRY_TRANSIENT, "sending a login request in the kernel failed: %s",
		     strerror(-result));
	fail_attempt(s, now_ms);
}

/* The conversation's next step: a request to be sent, or what the attempt ends in. */
static void converse(struct session *s, enum attempt_state state, const struct login_pdu *request,
		     const struct session_input *in)
{
	if (state == ATTEMPT_SEND)
		send_request(s, request, in->now_ms);
	else
		go_on(s, state, in);
}

static struct login_config configure(const struct session *s)
{
	struct login_config config = {
		.target_name = attempt_target(&s->attempt),
		.cid = SESSION_CID,
		.offer = &s->plan->params,
		.chap = s->plan->chap.username[0] ? &s->plan->chap : NULL,
	};

	name_isid(s->isid, config.isid); /* as open-iscsi makes it: iscsid then reinstates this very session */
	return config;
}

static void forget(struct session *s, const struct session_input *in)
{
	(void)in;
	prover_stop(&s->prover);
	attempt_stop(&s->attempt);
	log_warn("session %u (%s) was ended by another program (event=ended sid=%u)", s->sid, s->plan->name, s->sid);
	s->in_kernel = s->has_connection = s->unstopped = false;
	enter(s, SESSION_GONE, SESSION_NEVER);
}

/* Says who may be behind it, when sessions have been short several times: another time when it has become twice as many. */
static void report_storm(const struct session *s)
{
	if (s->short_lives < STORM_LIVES || s->short_lives & (s->short_lives - 1))
		return;
	log_err("%s has ended %u sessions within seconds of their login: another machine may be using initiator name "
		"%s, "
		"or the target cannot serve this one (event=storm sid=%u)",
		s->plan->name, s->short_lives, s->plan->initiator, s->sid);
}

static void wait_before_login(struct session *s, int64_t until_ms, int64_t now_ms)
{
	report_storm(s);
	end_attempt(s);
	log_info("%s: the next login comes in %" PRId64 " ms", s->plan->name, until_ms - now_ms);
	enter(s, SESSION_WAITING, until_ms);
}

/* The TCP connection is there: RFC 7143 T4. */
static void begin_login(struct session *s, const struct session_input *in)
{
	int64_t until_ms = s->knocks_until_ms;
	struct login_config config;
	struct login_pdu request;
	enum attempt_state state;
	const char *step = "";
	int result;

	s->knocks_until_ms = 0;
	if (until_ms > in->now_ms) { /* it is there, and has ended a session that was short */
		wait_before_login(s, until_ms, in->now_ms);
		return;
	}
	if (s->proven &&
	    in->now_ms - s->proven_ms > PROOF_HOLDS_MS) { /* the target may have been another's meanwhile */
		s->proven = false;
		begin_attempt(s, in);
		return;
	}
	s->connected_ms = in->now_ms;
	result = make_in_kernel(s, &step);
	if (result == -EINVAL && session_was_up(s) && !iscsi_class_has_session(s->sysfs, s->sid)) {
		forget(s, in);
		return;
	}
	if (result) {
		fail_in_kernel(s, step, result, in->now_ms);
		return;
	}
	config = configure(s);
	state = attempt_log_in(&s->attempt, &config, &request, in->now_ms);
	enter(s, SESSION_LOGIN, s->attempt.deadline_ms);
	if (!s->proves_first) /* not before: a portal that refuses is asked often, and a session may have many units */
		record_units(s);
	if (s->unit_count)
		prove_beside(s, in->now_ms);
	converse(s, state, &request, in);
}

/* ---- paths of multipath maps ---- */

/* What the record of an outage is held in is free while there is none. */
static int read_units(struct session *s)
{
	int count = units_read(s->sysfs, s->sid, s->units, UNITS_MAX);

	return count < UNITS_MAX ? count : UNITS_MAX;
}

/* Somebody may have taken a map apart: I/O of a disk that is no path any more must not fail. */
static void choose_hold(struct session *s, int count)
{
	const char *plain = count == UNITS_MAX ? "more" : NULL;
	int32_t hold_s;

	for (int i = 0; i < count; i++)
		if (s->units[i].block[0] && !s->units[i].map[0])
			plain = s->units[i].block;
	hold_s = plain ? s->planned_hold_s : 0;
	if (*s->hold_s == hold_s)
		return;
	*s->hold_s = hold_s;
	if (plain)
		log_warn("session %u (%s) has a disk that is no path (%s): when it is lost, what is in flight waits "
			 "for it",
			 s->sid, s->plan->name, plain);
	(void)set_before(s); /* of a lost connection, the kernel takes just this one */
}

static void tell_maps(struct session *s, const char *message)
{
	int count;

	if (s->mapper < 0)
		return;
	count = read_units(s);
	paths_tell(s->mapper, s->sysfs, s->units, count, message);
	choose_hold(s, count);
}

void session_become_path(struct session *session, int mapper, int32_t *hold_s)
{
	int count = session->state == SESSION_UP ? read_units(session) : 0;

	for (int i = 0; i < count && session->mapper < 0; i++)
		if (session->units[i].map[0])
			session->mapper = mapper;
	if (session->mapper < 0)
		return;
	session->hold_s = hold_s;
	session->planned_hold_s = *hold_s;
	choose_hold(session, count);
}

static void say_up(struct session *s, int64_t now_ms)
{
	char portal[PORTAL_TEXT_MAX];

	portal_text(s, portal);
	if (session_was_up(s)) {
		s->recoveries++;
		log_warn("%s is back at %s after %" PRId64 ".%03d s; recovery %u (event=back sid=%u outage_ms=%" PRId64
			 " attempts=%u)",
			 s->plan->name, portal, (now_ms - s->down_ms) / 1000, (int)((now_ms - s->down_ms) % 1000),
			 s->recoveries, s->sid, now_ms - s->down_ms, s->attempt.count + 1);
	} else if (s->attempt.resident) {
		log_warn("logged in to %s at %s, session %u: it was missing at the boot", s->plan->name, portal,
			 s->sid);
	} else {
		log_info("logged in to %s at %s, session %u", s->plan->name, portal, s->sid);
	}
}

/* Sets those devices running that the kernel's error handling gave up during the outage. 0 or -errno: no process can be begun
   for it. */
static int revive_devices(struct session *s)
{
	int count = devices_offline(s->sysfs, s->sid);
	int result = count ? devices_set_running(&s->devices, s->sysfs, s->sid) : 0;

	if (count && !result)
		log_warn("%s: %d device(s) that the kernel took offline are set running again (event=running sid=%u)",
			 s->plan->name, count, s->sid);
	return result;
}

bool session_needs_repair(const struct session *session)
{
	if (session->state == SESSION_LEAVING)
		return false;
	return session->state != SESSION_UP || !iscsi_class_has_session(session->sysfs, session->sid) ||
	       iscsi_class_is_broken(session->sysfs, session->sid);
}

static void recover_after_silence(struct session *s, const struct session_input *in);

/* An event may have been lost: what the kernel says of the session is compared now and then. */
static void look_after(struct session *s, const struct session_input *in)
{
	int64_t again_ms = s->mapper < 0 ? LOOK_MS : PATH_LOOK_MS;

	if (session_needs_repair(s)) {
		recover_after_silence(s, in);
		return;
	}
	s->looks_at_devices = s->looks_at_devices && revive_devices(s);
	enter(s, SESSION_UP, in->now_ms + (s->looks_at_devices ? DEVICES_AGAIN_MS : again_ms));
	tell_maps(s, "reinstate_path"); /* the kernel has failed it if a device gave an error meanwhile */
}

static void devices_revived(struct session *s, const struct session_input *in)
{
	int count;

	(void)in;
	if (child_step(&s->devices, &count, sizeof(count)) == CHILD_DONE)
		tell_maps(s, "reinstate_path");
}

/* scan=lean leaves the units' identity to be asked for when there is time. */
static void learn_units(struct session *s)
{
	int result = s->dev < 0 || s->has_learned ? 0 : units_learn(&s->learning, s->sysfs, s->dev, s->sid);

	if (result && result != -ENOENT)
		log_warn("%s: its disks cannot be asked for their identity: %s", s->plan->name, strerror(-result));
}

/* RFC 7143 T5: start, full feature phase. What the kernel holds is sent from here on. */
static void start_connection(struct session *s, const struct session_input *in)
{
	int64_t again_ms = in->now_ms + LOOK_MS;
	int result = netlink_start(s->netlink, s->sid, SESSION_CID);

	if (result) {
		fail_in_kernel(s, "starting the connection", result, in->now_ms);
		return;
	}
	s->chap_algorithm = (uint8_t)s->attempt.login.chap.algorithm;
	prover_stop(&s->prover);
	connect_guard(&s->attempt.connect, false);
	attempt_stop(&s->attempt); /* the kernel has its own reference to the socket */
	say_up(s, in->now_ms);
	if (s->attempt.resident && !session_was_up(s)) {
		s->has_news = true; /* the boot went on without this target, so that nobody has scanned it */
		iscsi_class_raise_workers(s->sysfs, s->sid, s->host);
	}
	s->looks_at_devices = session_was_up(s);
	if (s->looks_at_devices) {
		again_ms = in->now_ms + DEVICES_AGAIN_MS;
		result = revive_devices(s);
		if (result)
			log_err("%s: devices that the kernel took offline stay so for now: no process can be begun: %s",
				s->plan->name, strerror(-result));
		tell_maps(s, "reinstate_path");
	}
	attempt_succeed(&s->attempt);
	s->begun_ms = 0;
	s->up_ms = s->login_ms = in->now_ms;
	enter(s, SESSION_UP, again_ms);
	learn_units(s);
}

/* ---- proving: are its units still the same? ---- */

static void prove(struct session *s, const uint8_t isid[6], const struct sockaddr_storage *address, bool first,
		  int64_t now_ms)
{
	const struct prover_order order = {
		.plan = s->plan,
		.portal = session_portal(s),
		.address = address,
		.names = &s->attempt.connect.resolve,
		.lessons = &s->attempt.lessons,
		.random = s->attempt.random,
		.patience_ms = s->attempt.patience_ms,
		.isid = isid,
		.units = s->units,
		.unit_count = s->unit_count,
		.leaves_first = first,
	};

	prover_start(&s->prover, &order, now_ms);
}

/* Beside the kernel's login. The questions are asked when that is done: so the answers are those of the very target that the
   kernel is logged in to. */
static void prove_beside(struct session *s, int64_t now_ms)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);
	uint8_t isid[6];

	name_isid(s->isid, isid);
	isid[3] ^= OWN_ISID_BIT;
	(void)getpeername(s->attempt.connect.fd, (struct sockaddr *)&address, &size);
	prove(s, isid, &address, false, now_ms);
}

/* Before the kernel's login and as the same initiator port, for a target that allows one session only, and for a unit that
   this port has reserved. */
static void prove_first(struct session *s, const struct session_input *in)
{
	uint8_t isid[6];

	name_isid(s->isid, isid);
	prove(s, isid, NULL, true, in->now_ms);
	enter(s, SESSION_PROVING, SESSION_NEVER);
	take_verdict(s, s->prover.verdict, in);
}

/* That the target does not let us ask says nothing about its units: the other way is tried, the first time at once. */
static void prove_otherwise(struct session *s, const struct session_input *in)
{
	bool at_once = !s->proved_otherwise;

	log_debug("%s: %s; the proof is tried %s", s->plan->name, s->prover.text,
		  s->proves_first ? "beside the login" : "before the login");
	s->proves_first = !s->proves_first;
	s->proved_otherwise = true;
	attempt_fail(&s->attempt, RETRY_TRANSIENT, "%s", s->prover.text);
	if (at_once)
		begin_attempt(s, in);
	else
		fail_attempt(s, in->now_ms);
}

static void hold(struct session *s, enum unit_verdict verdict, const struct session_input *in)
{
	if (s->said != verdict)
		s->say_ms = s->say_pause_ms = 0;
	s->held = s->said = verdict;
	attempt_fail(&s->attempt, RETRY_TRANSIENT, "%s", s->prover.text);
	fail_attempt(s, in->now_ms);
}

static void take_verdict(struct session *s, enum unit_verdict verdict, const struct session_input *in)
{
	if (s->state != SESSION_PROVING)
		return; /* the kernel's login is not done yet: prover_ask will bring it up again */
	if (verdict == UNIT_PENDING) {
		enter(s, SESSION_PROVING, prover_deadline(&s->prover));
	} else if (verdict == UNIT_BROKEN || (verdict == UNIT_RESERVED && !s->proves_first)) {
		prove_otherwise(s, in);
	} else if (verdict != UNIT_SAME) {
		hold(s, verdict, in);
	} else if (s->proves_first) {
		s->proven = true;
		s->proven_ms = in->now_ms;
		begin_attempt(s, in);
	} else {
		start_connection(s, in);
	}
}

static void advance_proof(struct session *s, const struct session_input *in)
{
	take_verdict(s, prover_step(&s->prover, in->now_ms), in);
}

static void proof_late(struct session *s, const struct session_input *in)
{
	take_verdict(s, prover_late(&s->prover, in->now_ms), in);
}

/* The kernel's connection is gone: a target that allows one session only may end the older one. */
static void proof_closed(struct session *s, const struct session_input *in)
{
	snprintf(s->prover.text, sizeof(s->prover.text),
		 "the target closed the connection before its LUNs were proven");
	prove_otherwise(s, in);
}

static void take_learned(struct session *s, const struct session_input *in)
{
	(void)in;
	if (child_step(&s->learning, &s->learned, sizeof(s->learned)) == CHILD_DONE)
		s->has_learned = true;
}

/* The portal group that a redirect named; what the target says itself counts more (RFC 7143 13.8 and 13.9). */
static void take_portal_group(struct session *s)
{
	if (s->attempt.route.moved_tpgt >= 0 && s->negotiated.tpgt >= 0 &&
	    s->attempt.route.moved_tpgt != s->negotiated.tpgt)
		log_warn("%s: the redirect named portal group %d, the target says %d", s->plan->name,
			 s->attempt.route.moved_tpgt, s->negotiated.tpgt);
	if (s->negotiated.tpgt < 0)
		s->negotiated.tpgt = s->attempt.route.moved_tpgt;
}

static void finish_login(struct session *s, const struct session_input *in)
{
	uint32_t refused;
	int result;

	s->negotiated = *login_get_result(&s->attempt.login);
	take_portal_group(s);
	result = session_params_after(s->netlink, s->sid, SESSION_CID, &s->negotiated, s->plan, &refused);
	if (result) {
		fail_in_kernel(s, "setting the negotiated parameters", result, in->now_ms);
		return;
	}
	if (!s->unit_count) {
		start_connection(s, in);
		return;
	}
	enter(s, SESSION_PROVING, SESSION_NEVER);
	take_verdict(s, prover_ask(&s->prover, in->now_ms), in);
}

static void go_on(struct session *s, enum attempt_state state, const struct session_input *in)
{
	switch (state) {
	case ATTEMPT_RESOLVING:
		enter(s, SESSION_RESOLVING, s->attempt.deadline_ms);
		break;
	case ATTEMPT_CONNECTING:
		enter(s, SESSION_CONNECTING, s->attempt.deadline_ms);
		break;
	case ATTEMPT_CONNECTED:
		begin_login(s, in);
		break;
	case ATTEMPT_AGAIN:
		s->proven = false; /* it may have moved to another portal */
		begin_attempt(s, in);
		break;
	case ATTEMPT_DONE:
		finish_login(s, in);
		break;
	case ATTEMPT_FAILED:
		fail_attempt(s, in->now_ms);
		break;
	case ATTEMPT_IDLE:
	case ATTEMPT_LOGIN:
	case ATTEMPT_SEND:
	case ATTEMPT_PAUSE:
	case ATTEMPT_OVER:
		break;
	}
}

static void take_response(struct session *s, const struct session_input *in)
{
	struct login_pdu request;
	uint8_t bhs[ISCSI_BHS_BYTES];

	/* The kernel chose the ITT and has matched the answer's; the conversation knows only its own. */
	memcpy(bhs, in->kernel->bhs, sizeof(bhs));
	memset(bhs + 16, 0, 4);
	converse(s, attempt_answer(&s->attempt, bhs, in->kernel->data, in->kernel->length, &request), &request, in);
}

static void login_broken(struct session *s, const struct session_input *in)
{
	char why[120] = "messages of the kernel are missing, and the target's answer may be among them";

	s->last_error = in->kernel ? in->kernel->error : 0;
	if (in->kernel)
		snprintf(why, sizeof(why), "the connection broke during the login: %s (%s)",
			 netlink_error_text(s->last_error), netlink_error_name(s->last_error));
	go_on(s, attempt_unanswered(&s->attempt, "%s", why), in);
}

/* ---- recovering: RFC 7143 7.1.4.3, session recovery ---- */

/* What is found out next is said at once (hold). */
static void forget_proofs(struct session *s)
{
	s->held = s->said = UNIT_PENDING;
	s->proven = s->proves_first = s->proved_otherwise = s->told_many = false;
}

/* Time2Wait of a Logout Response or of an Async Message, in seconds (RFC 7143 11.15.3, 11.9.1). */
static int64_t read_time2wait_ms(const struct session_input *in)
{
	return in->kernel && in->kernel->bhs ? (in->kernel->bhs[40] << 8 | in->kernel->bhs[41]) * 1000LL : 0;
}

/* A session that lasted is taken up again at once. One that was short waits for DefaultTime2Wait, then twice as long each
   time: two machines with one name would otherwise throw each other out for ever, and each time fails what the kernel has
   sent. */
static int64_t choose_delay(struct session *s, int64_t now_ms)
{
	int64_t delay = s->negotiated.negotiated.value[PARAM_DEFAULT_TIME2WAIT] * 1000LL;

	s->short_lives = now_ms - s->login_ms < SHORT_LIFE_MS ? s->short_lives + 1 : 0;
	if (!s->short_lives)
		return 0;
	if (delay < SHORT_PAUSE_MS)
		delay = SHORT_PAUSE_MS;
	for (unsigned i = 1; i < s->short_lives && delay < SHORT_MAX_MS; i++)
		delay *= 2;
	return delay < SHORT_MAX_MS ? delay : SHORT_MAX_MS;
}

/* error: the kernel's, 0 none. asked_ms: what the target asks for. */
static void lose(struct session *s, const struct session_input *in, uint32_t error, int64_t asked_ms, const char *why)
{
	char portal[PORTAL_TEXT_MAX];
	int64_t delay_ms;

	s->last_error = error;
	portal_text(s, portal);
	tell_maps(s, "fail_path");
	log_warn("lost %s at %s: %s; its I/O %s (event=lost sid=%u error=%s)", s->plan->name, portal, why,
		 s->mapper < 0 ? "is held until it is back" : "goes by other paths", s->sid,
		 s->last_error ? netlink_error_name(s->last_error) : "none");
	delay_ms = choose_delay(s, in->now_ms);
	s->down_ms = in->now_ms;
	s->begun_ms = in->now_ms;
	child_stop(&s->learning);
	forget_proofs(s);
	attempt_start_over(&s->attempt, in->now_ms);
	s->knocks_until_ms = delay_ms && !asked_ms ? in->now_ms + delay_ms : 0;
	if (!asked_ms) {
		begin_attempt(s, in);
		return;
	}
	if (delay_ms < asked_ms)
		delay_ms = asked_ms < ASKED_MAX_MS ? asked_ms : ASKED_MAX_MS;
	wait_before_login(s, in->now_ms + delay_ms, in->now_ms);
}

static void recover_after_error(struct session *s, const struct session_input *in)
{
	uint32_t error = in->kernel ? in->kernel->error : 0;
	char why[120] = "the kernel has lost the connection, and its message did not arrive";

	if (in->kernel)
		snprintf(why, sizeof(why), "%s (%s)", netlink_error_text(error), netlink_error_name(error));
	lose(s, in, error, 0, why);
}

/* The kernel has lost the connection or the whole session, and no event has told us. */
static void recover_after_silence(struct session *s, const struct session_input *in)
{
	if (!iscsi_class_has_session(s->sysfs, s->sid)) {
		forget(s, in);
		return;
	}
	recover_after_error(s, in);
}

static void recover_after_drop(struct session *s, const struct session_input *in)
{
	lose(s, in, 0, read_time2wait_ms(in), "the target announced that it drops the connection");
}

static void recover_after_logout(struct session *s, const struct session_input *in)
{
	lose(s, in, 0, read_time2wait_ms(in), "the target asked for a logout");
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
	prover_stop(&s->prover);
	attempt_stop(&s->attempt);
	destroy_in_kernel(s);
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
	prover_stop(&s->prover);
	attempt_stop(&s->attempt);
	s->up_ms = now_ms;
	enter(s, SESSION_PARKED, deadline_ms);
}

static void park(struct session *s, const struct session_input *in)
{
	if (session_was_up(s))
		log_warn("session %u (%s): iscsid looks after it from now on (event=parked sid=%u)", s->sid,
			 s->plan->name, s->sid);
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

static bool is_trying(const struct session *s)
{
	switch (s->state) {
	case SESSION_RESOLVING:
	case SESSION_CONNECTING:
	case SESSION_LOGIN:
	case SESSION_PROVING:
	case SESSION_WAITING:
		return true;
	default:
		return false;
	}
}

bool session_is_lost(const struct session *s)
{
	return is_trying(s) && session_was_up(s);
}

static void take_back(struct session *s, const struct session_input *in)
{
	if (!session_was_up(s)) {
		begin_attempt(s, in);
		return;
	}
	if (!iscsi_class_has_session(s->sysfs, s->sid)) {
		forget(s, in);
		return;
	}
	log_warn("session %u (%s): looked after from here again (event=returned sid=%u)", s->sid, s->plan->name,
		 s->sid);
	s->up_ms = in->now_ms;
	/* iscsid has put its own there: how long I/O is held, NOP-Out. */
	set_before(s);
	if (iscsi_class_is_up(s->sysfs, s->sid))
		enter(s, SESSION_UP, in->now_ms + LOOK_MS);
	else
		lose(s, in, 0, 0, "the other program left it disconnected");
}

/* ---- the table ---- */

typedef void session_action(struct session *session, const struct session_input *input);

#define IN(state) (1U << SESSION_##state)
#define CONNECTS  (IN(RESOLVING) | IN(CONNECTING))
#define TRIES     (CONNECTS | IN(LOGIN) | IN(PROVING) | IN(WAITING))
#define TRIED     (TRIES | IN(FAILED) | IN(GONE)) /* what an attempt ends in, if not in a login */

/* In one of these states, on this event, the action is done, which leads to one of the next states. */
static const struct transition {
	unsigned states;
	enum session_event event;
	char rfc[6]; /* RFC 7143 8.1.3 */
	session_action *action;
	unsigned next;
} transitions[] = {
	/* trying */
	{IN(IDLE) | IN(WAITING) | IN(CONNECTING), SESSION_EVENT_START, "T1", begin_afresh, TRIED},
	{IN(WAITING), SESSION_EVENT_DEADLINE, "T1", begin_attempt, TRIED},
	{CONNECTS, SESSION_EVENT_READY, "T4", advance, TRIED},
	{CONNECTS, SESSION_EVENT_DEADLINE, "T2", advance_late, TRIED},
	{IN(LOGIN), SESSION_EVENT_RESPONSE, "T5/T7", take_response, TRIED | IN(UP)},
	{IN(LOGIN), SESSION_EVENT_READY, "T7", advance, TRIED},
	{IN(LOGIN), SESSION_EVENT_DEADLINE, "T7", advance_late, TRIED},
	{IN(LOGIN), SESSION_EVENT_ERROR, "T7", login_broken, TRIED},
	/* proving, after an outage */
	{IN(LOGIN) | IN(PROVING), SESSION_EVENT_PROOF, "", advance_proof, TRIED | IN(UP)},
	{IN(PROVING), SESSION_EVENT_DEADLINE, "", proof_late, TRIED | IN(UP)},
	{IN(PROVING), SESSION_EVENT_READY, "T7", proof_closed, TRIED},
	{IN(PROVING), SESSION_EVENT_ERROR, "T7", proof_closed, TRIED},
	/* logged in */
	{IN(UP), SESSION_EVENT_ERROR, "T15", recover_after_error, TRIED},
	{IN(UP), SESSION_EVENT_ASYNC_LOGOUT, "T11", answer_logout_request, IN(LOGOUT) | TRIED},
	{IN(UP), SESSION_EVENT_ASYNC_DROP, "T15", recover_after_drop, TRIED},
	{IN(UP), SESSION_EVENT_DEADLINE, "", look_after, IN(UP) | TRIED},
	{IN(UP), SESSION_EVENT_READY, "", devices_revived, IN(UP)},
	{IN(UP), SESSION_EVENT_PROOF, "", take_learned, IN(UP)},
	{IN(LOGOUT), SESSION_EVENT_LOGGED_OUT, "T13", recover_after_logout, TRIED},
	{IN(LOGOUT), SESSION_EVENT_ERROR, "T17", recover_after_logout, TRIED},
	{IN(LOGOUT), SESSION_EVENT_DEADLINE, "T16", recover_after_logout, TRIED},
	/* leaving */
	{IN(UP), SESSION_EVENT_LEAVE, "T9", begin_leaving, IN(LEAVING) | IN(GONE)},
	{IN(LEAVING), SESSION_EVENT_LOGGED_OUT, "T13", leave, IN(GONE)},
	{IN(LEAVING), SESSION_EVENT_ERROR, "T17", leave, IN(GONE)},
	{IN(LEAVING), SESSION_EVENT_DEADLINE, "T16", leave_unanswered, IN(GONE)},
	{IN(IDLE) | TRIES | IN(LOGOUT) | IN(PARKED) | IN(FAILED), SESSION_EVENT_LEAVE, "", leave, IN(GONE)},
	/* other programs: iscsid, or a login or logout that is not ours */
	{TRIES | IN(UP) | IN(LOGOUT), SESSION_EVENT_TAKEN, "", park, IN(PARKED)},
	{IN(UP) | CONNECTS | IN(PROVING) | IN(WAITING), SESSION_EVENT_RESPONSE, "", make_way, IN(PARKED)},
	{IN(UP), SESSION_EVENT_LOGGED_OUT, "T9", make_way, IN(PARKED)},
	{IN(PARKED), SESSION_EVENT_TAKEN, "", stay_parked, IN(PARKED)},
	{IN(PARKED), SESSION_EVENT_RETURNED, "", take_back, IN(UP) | TRIED},
	{IN(PARKED), SESSION_EVENT_DEADLINE, "", take_back, IN(UP) | TRIED},
	{TRIES | IN(UP) | IN(LOGOUT) | IN(LEAVING) | IN(PARKED), SESSION_EVENT_DESTROYED, "", forget, IN(GONE)},
};

static const char *const event_names[SESSION_EVENTS] = {
	[SESSION_EVENT_START] = "start",
	[SESSION_EVENT_READY] = "ready",
	[SESSION_EVENT_PROOF] = "proof goes on",
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

static const struct transition *find_transition(enum session_state state, enum session_event event)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (transitions[i].states & 1U << state && transitions[i].event == event)
			return &transitions[i];
	return NULL;
}

void session_step(struct session *session, enum session_event event, const struct session_input *input)
{
	enum session_state before = session->state;
	const struct transition *t = find_transition(before, event);

	log_debug("%s: %s, while %s%s%s", session->plan->name, event_names[event], session_state_name(before),
		  t ? " " : ": nothing to do", t ? t->rfc : "");
	if (!t)
		return;
	t->action(session, input);
	if (!(t->next & 1U << session->state))
		log_err("%s: %s led from %s to %s, which no rule provides for: please report this", session->plan->name,
			event_names[event], session_state_name(before), session_state_name(session->state));
}

void session_init(struct session *session, const struct target_plan *plan, const struct netlink *netlink, int sysfs,
		  uint32_t random)
{
	memset(session, 0, offsetof(struct session, prover));
	session->plan = plan;
	session->netlink = netlink;
	session->sysfs = sysfs;
	session->state = SESSION_IDLE;
	session->deadline_ms = SESSION_NEVER;
	session->dev = session->mapper = -1;
	session->devices = session->learning = CHILD_NONE;
	attempt_init(&session->attempt, plan, random);
	prover_init(&session->prover);
}

void session_discovered(struct session *session)
{
	attempt_init(&session->attempt, session->plan, session->attempt.random);
}

void session_adopt(struct session *session, uint32_t sid, uint32_t host, bool up, int64_t now_ms)
{
	session->in_kernel = session->has_connection = session->attempt.was_up = true;
	session->sid = session->isid = sid;
	session->host = host;
	session->up_ms = now_ms;
	session->login_ms = now_ms - SHORT_LIFE_MS; /* it is older than this process */
	enter(session, SESSION_UP, now_ms + LOOK_MS);
	if (!up)
		lose(session, &(struct session_input){.now_ms = now_ms}, 0, 0, "found it disconnected");
}

void session_keep_names(struct session *session)
{
	if (!session->attempt.connect.resolve.has_files)
		resolve_keep_files(&session->attempt.connect.resolve);
}

void session_settle(struct session *session, int dev)
{
	session->dev = dev;
	if (session->state == SESSION_UP)
		learn_units(session);
	session->attempt.resident = true;
	if (session_was_up(session)) {
		iscsi_class_raise_workers(session->sysfs, session->sid, session->host);
	} else {
		attempt_stop(&session->attempt);
		destroy_in_kernel(session);
		if (is_trying(session))
			enter(session, SESSION_WAITING, 0);
	}
	session_keep_names(session);
}

static void async_message(struct session *session, const struct netlink_event *event, const struct session_input *in)
{
	switch (event->bhs[36]) { /* AsyncEvent, RFC 7143 11.9 */
	case ISCSI_ASYNC_REQUEST_LOGOUT:
	case ISCSI_ASYNC_NEGOTIATE: /* RFC 7143 11.9: to be answered; a new login negotiates everything */
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
	if (!iscsi_class_has_session(session->sysfs, session->sid))
		session_step(session, SESSION_EVENT_DESTROYED, &in);
	else if (session->state != SESSION_UP || !iscsi_class_is_up(session->sysfs, session->sid))
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

int session_proof_pollfds(const struct session *session, struct pollfd *out, int max)
{
	if (session->state != SESSION_UP)
		return prover_pollfds(&session->prover, out, max);
	if (session->learning.fd < 0 || max < 1)
		return 0;
	*out = (struct pollfd){.fd = session->learning.fd, .events = POLLIN};
	return 1;
}

int session_pollfds(const struct session *session, struct pollfd *out, int max)
{
	if (session->state == SESSION_PROVING && session->attempt.connect.fd >= 0 && max > 0) {
		*out = (struct pollfd){.fd = session->attempt.connect.fd, .events = POLLRDHUP};
		return 1;
	}
	if (session->state != SESSION_UP)
		return attempt_pollfds(&session->attempt, out, max);
	if (session->devices.fd < 0 || max < 1)
		return 0;
	*out = (struct pollfd){.fd = session->devices.fd, .events = POLLIN};
	return 1;
}

int64_t session_deadline(const struct session *session)
{
	return session->deadline_ms;
}

const char *session_waiting_for(const struct session *session, char *out, size_t size)
{
	char portal[PORTAL_TEXT_MAX];
	const char *why = session_failure(session);

	snprintf(out, size, "%s at %s (%s)%s%s", session->plan->name, portal_text(session, portal),
		 session_state_text(session), why[0] ? ": " : "", why);
	return out;
}
