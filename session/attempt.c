/* attempt.c - see attempt.h. */
/* SPDX-License-Identifier: MIT */
#include "session/attempt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "sys/log.h"

#define PAUSE_FIRST_MS    100
#define PAUSE_BUSY_MS     500   /* the first one where the target took the connection and not the login */
#define PAUSE_CONNECT_MS  1000  /* the longest one of a boot whose target cannot be connected to: it may be starting */
#define PAUSE_SHORT_MS    900   /* the longest one of an outage that has not lasted long */
#define PAUSE_REFUSED_MS  300   /* the same where nothing listens: a refusal costs the target next to nothing */
#define PAUSE_LONG_MS     5500  /* and of any */
#define PAUSE_SILENT_MS   3200  /* the same where nothing answers */
#define OUTAGE_PART       12    /* of an outage, the longest pause */
#define OUTAGE_LONG_PART  60    /* the same of one that has lasted long, where the target cannot be connected to */
#define BOOT_PART         4     /* of a boot's attempts so far */
#define OUTAGE_LONG_MS    60000 /* one that has lasted long */
#define REPORT_FIRST_MS   2500
#define CONNECT_MS        1900  /* of an outage: the SYN and its repetition, a second later */
#define PATIENCE_PARTS    8     /* of login_timeout: the longest that an answer is waited for */
#define NOT_FOUND_BOOT_MS 30000 /* a target that is starting says 'target not found', but not for longer than this */

void attempt_init(struct attempt *attempt, const struct target_plan *plan, uint32_t random)
{
	memset(attempt, 0, offsetof(struct attempt, login));
	attempt->plan = plan;
	attempt->random = random;
	attempt->deadline_ms = INT64_MAX;
	route_init(&attempt->route, &plan->portal, plan->listed, plan->listed_count);
	connect_init(&attempt->connect);
}

const char *attempt_name(const struct attempt *a)
{
	return a->plan->name[0] ? a->plan->name : a->plan->portal.host;
}

const char *attempt_target(const struct attempt *a)
{
	return a->route.name[0] ? a->route.name : a->plan->name;
}

void attempt_stop(struct attempt *attempt)
{
	connect_stop(&attempt->connect);
	login_wipe(&attempt->login);
	attempt->state = ATTEMPT_IDLE;
	attempt->deadline_ms = INT64_MAX;
}

static void write_failure(struct attempt *a, enum login_retry retry, const char *format, va_list arguments)
{
	vsnprintf(a->failure, sizeof(a->failure), format, arguments);
	a->retry = retry;
}

enum attempt_state attempt_fail(struct attempt *attempt, enum login_retry retry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_failure(attempt, retry, format, arguments);
	va_end(arguments);
	return attempt->state = ATTEMPT_FAILED;
}

static int64_t login_timeout_ms(const struct attempt *a)
{
	return (int64_t)a->plan->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
}

/* ---- chance ---- */

/* Marsaglia's xorshift: jitter needs no more. */
static uint32_t next_random(struct attempt *a)
{
	uint32_t x = a->random ? a->random : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return a->random = x;
}

/* By up to the part-th part, so that a rack that lost its target does not come back as one. */
static int64_t shorten(struct attempt *a, int64_t ms, int part)
{
	return ms - (int64_t)(next_random(a) % (uint32_t)(ms / part + 1));
}

static int64_t within(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* ---- connecting ---- */

/* In an outage a new attempt comes earlier, so that a name that leads elsewhere by now is soon noticed. */
static int64_t connect_timeout_ms(struct attempt *a)
{
	return a->resident ? shorten(a, CONNECT_MS, 4) : login_timeout_ms(a);
}

static enum attempt_state follow_connect(struct attempt *a, enum connect_state state)
{
	static const enum attempt_state states[] = {
		[CONNECT_IDLE] = ATTEMPT_IDLE,
		[CONNECT_RESOLVING] = ATTEMPT_RESOLVING,
		[CONNECT_CONNECTING] = ATTEMPT_CONNECTING,
		[CONNECT_DONE] = ATTEMPT_CONNECTED,
	};

	a->unreached = state == CONNECT_DONE ? 0 : state == CONNECT_FAILED ? a->connect.error : EINPROGRESS;
	if (state == CONNECT_FAILED)
		return attempt_fail(a, RETRY_TRANSIENT, "%s", a->connect.failure);
	a->deadline_ms = a->connect.deadline_ms;
	return a->state = states[state];
}

enum attempt_state attempt_begin(struct attempt *attempt, int64_t now_ms)
{
	struct attempt *a = attempt;

	attempt_stop(a);
	if (!a->begun_ms) {
		a->begun_ms = now_ms;
		a->report_ms = REPORT_FIRST_MS;
	}
	a->connect.random = next_random(a);
	return follow_connect(a, connect_begin(&a->connect, &a->route.portal, a->count, login_timeout_ms(a),
					       connect_timeout_ms(a), now_ms));
}

enum attempt_state attempt_begin_at(struct attempt *attempt, const struct portal *portal,
				    const struct sockaddr_storage *address, int64_t now_ms)
{
	attempt_stop(attempt);
	attempt->route.portal = *portal;
	attempt->connect.random = next_random(attempt);
	return follow_connect(attempt, connect_begin_at(&attempt->connect, portal, address, 1, 0,
							PATIENCE_PARTS * login_timeout_ms(attempt), now_ms));
}

/* ---- logging in ---- */

/* Who gives up loses its place in the target's queue, and leaves it work that is in vain. So the answer is waited for ever
   longer, and by each machine for another time. Where there is another portal, that one may be quicker. */
static int64_t choose_patience(struct attempt *a)
{
	int64_t least = login_timeout_ms(a), last = a->patience_ms ? a->patience_ms : least;

	a->patience_ms = least;
	if (!a->route.listed_count)
		a->patience_ms = within(least, least + next_random(a) % (uint32_t)(2 * last), PATIENCE_PARTS * least);
	return a->patience_ms;
}

/* Random bytes for mutual CHAP, without waiting for the kernel's generator: a boot has waited for it already. */
static int make_challenge(struct login_config *config)
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

/* What a target says to MD5 alone, offered on a guess, is no answer to the list of algorithms. */
static enum attempt_state fail_login(struct attempt *a)
{
	const struct login_failure *failure = login_get_failure(&a->login);
	bool guessed = a->lessons.guessed && a->lessons.md5_only;
	char code[16];

	return attempt_fail(a, guessed ? RETRY_TRANSIENT : login_retry(failure), "%s [%s]", failure->text,
			    login_error_code(failure, code, sizeof(code)));
}

/* A target that cannot do with what was sent gets one more connection, with something else. True: it is worth it. */
static bool learn(struct attempt *a, bool answered, const char *why)
{
	enum login_lesson lesson = login_learn(&a->login, &a->lessons, answered);

	if (lesson == LESSON_SECURITY)
		log_debug("%s: %s; once more from the security stage", attempt_name(a), why);
	if (lesson == LESSON_MD5_ONLY && !a->count)
		log_err("%s: the target refused the list of CHAP algorithms (%s); once more with MD5 alone, which is "
			"weak (chap_algs= forbids this)",
			attempt_name(a), why);
	if (lesson != LESSON_NONE)
		a->state = ATTEMPT_AGAIN;
	return lesson != LESSON_NONE;
}

static enum attempt_state follow_redirect(struct attempt *a)
{
	char said[sizeof(a->failure)];

	if (route_follow(&a->route, login_get_redirect(&a->login), said, sizeof(said)))
		return attempt_fail(a, RETRY_TRANSIENT, "%s", said);
	log_info("%s: %s", attempt_name(a), said);
	return a->state = ATTEMPT_AGAIN;
}

/* What a target does against the RFC, and what does no harm, is worth a line to those who look for it. */
static void note_tolerated(const struct attempt *a)
{
	const char *what = login_get_result(&a->login)->tolerated;

	if (what[0])
		log_debug("%s: tolerated in the login: %s", attempt_name(a), what);
}

static enum attempt_state take_action(struct attempt *a, enum login_action action)
{
	switch (action) {
	case LOGIN_SEND:
		a->state = ATTEMPT_LOGIN;
		return ATTEMPT_SEND;
	case LOGIN_DONE:
		note_tolerated(a);
		return a->state = ATTEMPT_DONE;
	case LOGIN_MOVED:
		return follow_redirect(a);
	case LOGIN_FAILED:
		break;
	}
	return learn(a, true, login_get_failure(&a->login)->text) ? ATTEMPT_AGAIN : fail_login(a);
}

enum attempt_state attempt_log_in(struct attempt *attempt, struct login_config *config, struct login_pdu *request,
				  int64_t now_ms)
{
	config->initiator_name = attempt->plan->initiator;
	config->lessons = attempt->lessons;
	if (make_challenge(config))
		return attempt_fail(attempt, RETRY_TRANSIENT, "the kernel has no random numbers yet for mutual CHAP");
	connect_guard(&attempt->connect, true);
	attempt->deadline_ms = now_ms + choose_patience(attempt);
	return take_action(attempt, login_start(&attempt->login, config, request));
}

enum attempt_state attempt_answer(struct attempt *attempt, const uint8_t *bhs, const uint8_t *data, size_t length,
				  struct login_pdu *request)
{
	return take_action(attempt, login_step(&attempt->login, bhs, data, length, request));
}

enum attempt_state attempt_unanswered(struct attempt *attempt, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_failure(attempt, RETRY_TRANSIENT, format, arguments);
	va_end(arguments);
	return learn(attempt, false, attempt->failure) ? ATTEMPT_AGAIN : (attempt->state = ATTEMPT_FAILED);
}

/* The transport does not see what became of a connection before the login: the socket is watched until it is done. */
enum attempt_state attempt_step(struct attempt *attempt, bool late, int64_t now_ms)
{
	switch (attempt->state) {
	case ATTEMPT_RESOLVING:
	case ATTEMPT_CONNECTING:
		return follow_connect(attempt, connect_step(&attempt->connect, late, now_ms));
	case ATTEMPT_LOGIN:
		if (late)
			return attempt_unanswered(
				attempt, "no answer to the login within %d s (login_timeout= sets another time)",
				(int)(attempt->patience_ms / 1000));
		return attempt_unanswered(attempt, "the target closed the connection during the login");
	default:
		return attempt->state;
	}
}

int attempt_pollfds(const struct attempt *attempt, struct pollfd *out, int max)
{
	if (attempt->state != ATTEMPT_LOGIN || attempt->connect.fd < 0)
		return connect_pollfds(&attempt->connect, out, max);
	if (max < 1)
		return 0;
	*out = (struct pollfd){.fd = attempt->connect.fd, .events = POLLRDHUP};
	return 1;
}

/* ---- one after the other ---- */

/* A part of what it has lasted, so that a target that comes is not left waiting for long. A boot: up to a second while nothing
   can be connected to; a portal that has just begun to listen may have no targets for a moment, so what it lacks is counted from
   there. Where nothing answered, the attempt itself was a pause; where nothing listens, the next attempt is soon due. */
static int64_t choose_pause(struct attempt *a, int64_t now_ms)
{
	int64_t lasted = now_ms - a->lost_ms;
	int64_t longest = a->unreached ? PAUSE_CONNECT_MS : ATTEMPT_BOOT_PAUSE_MS;
	int64_t pause = (now_ms - (a->unreached ? a->begun_ms : a->heard_ms)) / BOOT_PART;
	bool is_long = a->resident && lasted >= OUTAGE_LONG_MS;

	if (a->resident) {
		longest = is_long ? PAUSE_LONG_MS : a->unreached == ECONNREFUSED ? PAUSE_REFUSED_MS : PAUSE_SHORT_MS;
		pause = lasted / (is_long && a->unreached ? OUTAGE_LONG_PART : OUTAGE_PART);
	}
	if (a->unreached == ETIMEDOUT)
		longest = is_long ? PAUSE_SILENT_MS : PAUSE_FIRST_MS;
	return shorten(a, within(a->unreached ? PAUSE_FIRST_MS : PAUSE_BUSY_MS, pause, longest), 2);
}

static bool is_final(const struct attempt *a, int64_t now_ms)
{
	if (a->resident)
		return false;
	if (a->retry == RETRY_SHORTLY)
		return now_ms - a->not_found_ms >= NOT_FOUND_BOOT_MS;
	return a->retry == RETRY_NEVER;
}

enum attempt_state attempt_put_off(struct attempt *attempt, int64_t now_ms)
{
	struct attempt *a = attempt;

	attempt_stop(a);
	a->lessons = (struct login_lessons){0}; /* what was learned did not help */
	if (a->retry == RETRY_SHORTLY && !a->not_found_ms)
		a->not_found_ms = now_ms; /* counted from here: before, the target may have been down altogether */
	if (!a->unreached && !a->heard_ms)
		a->heard_ms = now_ms;
	if (is_final(a, now_ms))
		return a->state = ATTEMPT_OVER;
	a->pause_ms = choose_pause(a, now_ms);
	a->deadline_ms = now_ms + a->pause_ms;
	a->count++;
	route_choose(&a->route, a->count, a->was_up);
	return a->state = ATTEMPT_PAUSE;
}

enum attempt_report attempt_take_report(struct attempt *attempt, int64_t now_ms)
{
	int64_t lasted_ms = now_ms - attempt->begun_ms;

	if (lasted_ms < attempt->report_ms)
		return attempt->count == 1 ? ATTEMPT_FIRST : ATTEMPT_SILENT;
	attempt->report_ms = 2 * lasted_ms;
	return ATTEMPT_OVERDUE;
}

void attempt_start_over(struct attempt *attempt, int64_t now_ms)
{
	attempt->lost_ms = now_ms;
	attempt->begun_ms = attempt->heard_ms = attempt->patience_ms = 0;
	attempt->count = 0;
	attempt->lessons = (struct login_lessons){0};
	route_choose(&attempt->route, 0, true);
}

void attempt_succeed(struct attempt *attempt)
{
	route_arrive(&attempt->route);
	connect_prove(&attempt->connect);
	attempt->was_up = true;
	attempt->begun_ms = attempt->heard_ms = 0;
	attempt->count = 0;
	attempt->not_found_ms = attempt->patience_ms = 0;
	attempt->lessons.guessed = false;
	attempt->failure[0] = '\0';
}
