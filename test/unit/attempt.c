/* How long an attempt is waited for, how long the pause after it is, and when it is the last one. Chance is met by many seeds: its
   limits are seen as the least and the most of them. */
/* SPDX-License-Identifier: MIT */
#include "session/attempt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "login/answer.h"
#include "sys/log.h"

#define SEEDS 20000
#define NOW   10000000

static struct target_plan plan;
static struct attempt attempt;
static int errors; /* that were said */

void log_err(const char *format, ...)
{
	(void)format;
	errors++;
}

#define LOG_NOTHING(name)                  \
	void name(const char *format, ...) \
	{                                  \
		(void)format;              \
	}

LOG_NOTHING(log_warn)
LOG_NOTHING(log_info)
LOG_NOTHING(log_debug)

enum log_level log_get_level(void)
{
	return LOG_LEVEL_INFO;
}

static int begin(void **state)
{
	(void)state;
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	strcpy(plan.name, "iqn.2003-01.org.example:disk");
	strcpy(plan.initiator, "iqn.2003-01.org.example:host");
	strcpy(plan.portal.host, "127.0.0.1");
	plan.portal.port = 1; /* nobody listens there */
	memset(&attempt, 0, sizeof(attempt));
	attempt_init(&attempt, &plan, 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	attempt_stop(&attempt);
	return 0;
}

struct span {
	int64_t least, most;
};

static void widen(struct span *span, int64_t value)
{
	span->least = value < span->least ? value : span->least;
	span->most = value > span->most ? value : span->most;
}

#define NONE ((struct span){INT64_MAX, INT64_MIN})

/* Marsaglia, "Xorshift RNGs" (2003), with 13, 17 and 5. */
static void jitter_is_xorshift(void **state)
{
	static const uint32_t series[] = {270369, 67634689, 2647435461u};

	(void)state;
	for (uint32_t seed = 0; seed < 2; seed++) {
		attempt_init(&attempt, &plan, seed); /* 0 would stay 0 */
		for (size_t i = 0; i < 3; i++) {
			attempt_fail(&attempt, RETRY_TRANSIENT, "it failed");
			attempt_put_off(&attempt, NOW);
			assert_int_equal(attempt.random, series[i]);
		}
	}
}

/* It is between the half of this and this. */
static void pause_is_a_part_of_what_it_has_lasted(void **state)
{
	static const struct {
		bool resident;
		int unreached;
		int64_t lasted_ms, pause_ms;
	} rows[] = {
		/* a boot whose target does not let us log in: a quarter of what it is heard of, up to five seconds */
		{false, 0, 0, 500},
		{false, 0, 2400, 600},
		{false, 0, 100000, 5000},
		/* cannot be connected to: up to a second */
		{false, ECONNREFUSED, 0, 100},
		{false, ECONNREFUSED, 2000, 500},
		{false, EHOSTUNREACH, 100000, 1000},
		{false, ENOENT, 100000, 1000},
		/* does not answer at all: the attempt was a pause already */
		{false, ETIMEDOUT, 100000, 100},
		/* an outage: a twelfth, under a second in the first minute; later a sixtieth, if it cannot be connected to */
		{true, 0, 0, 500},
		{true, EHOSTUNREACH, 6000, 500},
		{true, 0, 59999, 900},
		{true, ENOENT, 59999, 900},
		{true, 0, 60000, 5000},
		{true, 0, 120000, 5500},
		/* nothing listens: often, in the first minute */
		{true, ECONNREFUSED, 2400, 200},
		{true, ECONNREFUSED, 59999, 300},
		{true, ECONNREFUSED, 60000, 1000},
		{true, ECONNREFUSED, 240000, 4000},
		{true, EHOSTUNREACH, 360000, 5500},
		/* no answer */
		{true, ETIMEDOUT, 59999, 100},
		{true, ETIMEDOUT, 60000, 1000},
		{true, ETIMEDOUT, 240000, 3200},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span pauses = NONE;

		for (uint32_t seed = 1; seed < SEEDS; seed++) {
			attempt_init(&attempt, &plan, seed);
			attempt.resident = rows[i].resident;
			attempt.unreached = rows[i].unreached;
			attempt.lost_ms = attempt.begun_ms = attempt.heard_ms = NOW - 1;
			*(rows[i].resident    ? &attempt.lost_ms
			  : rows[i].unreached ? &attempt.begun_ms
					      : &attempt.heard_ms) = NOW - rows[i].lasted_ms;
			attempt_fail(&attempt, RETRY_TRANSIENT, "it failed");
			assert_int_equal(attempt_put_off(&attempt, NOW), ATTEMPT_PAUSE);
			assert_int_equal(attempt.deadline_ms, NOW + attempt.pause_ms);
			widen(&pauses, attempt.pause_ms);
		}
		assert_int_equal(pauses.most, rows[i].pause_ms);
		assert_int_equal(pauses.least, rows[i].pause_ms / 2);
	}
}

static enum attempt_state put_off(enum login_retry retry, int64_t now_ms)
{
	attempt_fail(&attempt, retry, "it failed");
	return attempt_put_off(&attempt, now_ms);
}

static void target_that_is_not_there_has_thirty_seconds_of_a_boot(void **state)
{
	(void)state;
	assert_int_equal(put_off(RETRY_SHORTLY, NOW), ATTEMPT_PAUSE);
	assert_int_equal(put_off(RETRY_SHORTLY, NOW + 29999), ATTEMPT_PAUSE);
	assert_int_equal(put_off(RETRY_TRANSIENT, NOW + 30000), ATTEMPT_PAUSE);
	assert_int_equal(put_off(RETRY_SHORTLY, NOW + 30000), ATTEMPT_OVER);
	attempt.lessons.guessed = true;
	attempt_succeed(&attempt);
	assert_false(attempt.lessons.guessed);
	assert_int_equal(attempt.count + attempt.begun_ms + attempt.patience_ms, 0);
	assert_true(attempt.was_up);
	assert_string_equal(attempt.failure, "");
	assert_int_equal(put_off(RETRY_SHORTLY, NOW + 40000), ATTEMPT_PAUSE); /* counted anew */
	assert_int_equal(put_off(RETRY_NEVER, NOW + 40000), ATTEMPT_OVER);
	attempt.resident = true;
	assert_int_equal(put_off(RETRY_NEVER, NOW + 90000), ATTEMPT_PAUSE);
	assert_int_equal(put_off(RETRY_SHORTLY, NOW + 90000), ATTEMPT_PAUSE);
}

static void failures_are_told_at_first_and_each_time_that_the_wait_has_doubled(void **state)
{
	(void)state;
	(void)attempt_begin(&attempt, NOW);
	attempt.count = 1;
	assert_int_equal(attempt_take_report(&attempt, NOW + 10), ATTEMPT_FIRST);
	attempt.count = 2;
	assert_int_equal(attempt_take_report(&attempt, NOW + 2499), ATTEMPT_SILENT);
	assert_int_equal(attempt_take_report(&attempt, NOW + 2500), ATTEMPT_OVERDUE);
	(void)attempt_begin(&attempt, NOW + 3000); /* of the same row */
	assert_int_equal(attempt_take_report(&attempt, NOW + 4999), ATTEMPT_SILENT);
	assert_int_equal(attempt_take_report(&attempt, NOW + 5000), ATTEMPT_OVERDUE);
	assert_int_equal(attempt_take_report(&attempt, NOW + 9999), ATTEMPT_SILENT);
	attempt_start_over(&attempt, NOW + 9999);
	(void)attempt_begin(&attempt, NOW + 9999);
	attempt.count = 1;
	assert_int_equal(attempt_take_report(&attempt, NOW + 9999 + 2499), ATTEMPT_FIRST);
}

static void connection_of_an_outage_is_waited_for_two_seconds_at_most(void **state)
{
	struct span times = NONE;

	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	(void)attempt_begin(&attempt, NOW);
	assert_int_equal(attempt.connect.timeout_ms, 7000);
	assert_int_equal(attempt.connect.random, 270369);
	for (uint32_t seed = 1; seed < SEEDS / 4; seed++) {
		attempt_init(&attempt, &plan, seed);
		attempt.resident = true;
		(void)attempt_begin(&attempt, NOW);
		attempt_stop(&attempt);
		widen(&times, attempt.connect.timeout_ms);
	}
	assert_int_equal(times.most, 1900);
	assert_int_equal(times.least, 1900 - 475);
}

static void second_connection_goes_where_the_first_is(void **state)
{
	struct sockaddr_storage address;
	struct portal portal = plan.portal;

	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 7;
	assert_true(connect_read_literal(&portal, &address));
	strcpy(plan.portal.host, "192.0.2.1");
	attempt_init(&attempt, &plan, 1);
	attempt.login.joined = 5;
	(void)attempt_begin_at(&attempt, &portal, &address, NOW);
	assert_int_equal(attempt.login.joined, 0); /* of the login before nothing stays */
	assert_int_equal(attempt.connect.first, 0);
	assert_string_equal(attempt.route.portal.host, "127.0.0.1");
	assert_int_equal(attempt.connect.race.address_count, 1);
	assert_int_equal(attempt.connect.timeout_ms, 8 * 7000);
	assert_int_equal(attempt.connect.random, 270369);
}

static int64_t wait_for_answer(void)
{
	struct login_config config = {.cid = 1, .target_name = plan.name, .offer = &plan.params};
	struct login_pdu request;

	assert_int_equal(attempt_log_in(&attempt, &config, &request, NOW), ATTEMPT_SEND);
	assert_int_equal(attempt.deadline_ms, NOW + attempt.patience_ms);
	assert_string_equal(config.initiator_name, plan.initiator);
	return attempt.patience_ms;
}

static void answer_is_waited_for_ever_longer(void **state)
{
	struct span first = NONE, later = NONE;

	(void)state;
	plan.params.value[PARAM_LOGIN_TIMEOUT] = 1;
	for (uint32_t seed = 1; seed < SEEDS; seed++) {
		attempt_init(&attempt, &plan, seed);
		widen(&first, wait_for_answer());
		attempt.patience_ms = 6000;
		widen(&later, wait_for_answer());
	}
	assert_int_equal(first.least, 1000);
	assert_int_equal(first.most, 2999);
	assert_int_equal(later.least, 1000);
	assert_int_equal(later.most, 8000);
	plan.listed_count = 1; /* that portal may be quicker */
	attempt_init(&attempt, &plan, 7);
	assert_int_equal(wait_for_answer(), 1000);
	assert_int_equal(wait_for_answer(), 1000);
}

static void socket_is_watched_during_the_login(void **state)
{
	struct pollfd fd = {0};

	(void)state;
	(void)wait_for_answer();
	attempt.connect.fd = 77;
	assert_int_equal(attempt_pollfds(&attempt, &fd, 1), 1);
	assert_int_equal(fd.fd, 77);
	assert_int_equal(fd.events, POLLRDHUP);
	assert_int_equal(attempt_pollfds(&attempt, &fd, 0), 0);
	attempt.connect.fd = -1;
	assert_int_equal(attempt_pollfds(&attempt, &fd, 1), 0);
	attempt.patience_ms = 7000;
	assert_int_equal(attempt_step(&attempt, true, NOW), ATTEMPT_AGAIN); /* beginning otherwise */
	assert_non_null(strstr(attempt.failure, "no answer to the login within 7 s"));
	attempt.lessons = (struct login_lessons){0};
	(void)wait_for_answer();
	assert_int_equal(attempt_step(&attempt, false, NOW), ATTEMPT_AGAIN);
	assert_string_equal(attempt.failure, "the target closed the connection during the login");
	assert_int_equal(attempt.state, ATTEMPT_AGAIN);
}

static void after_a_failure_all_that_was_learned_is_forgotten(void **state)
{
	(void)state;
	plan.listed_count = 1;
	strcpy(plan.listed[0].host, "192.0.2.7");
	attempt_init(&attempt, &plan, 1);
	attempt.lessons.guessed = attempt.lessons.start_in_security = attempt.lessons.md5_only = true;
	assert_int_equal(put_off(RETRY_TRANSIENT, NOW), ATTEMPT_PAUSE);
	assert_false(attempt.lessons.guessed || attempt.lessons.start_in_security || attempt.lessons.md5_only);
	assert_int_equal(attempt.count, 1);
	assert_string_equal(attempt.route.portal.host, "192.0.2.7");
	attempt.deadline_ms = 1;
	attempt_stop(&attempt);
	assert_true(attempt.deadline_ms == INT64_MAX);
	assert_int_equal(attempt.state, ATTEMPT_IDLE);
	attempt.lessons.guessed = true;
	attempt.patience_ms = 5;
	attempt_start_over(&attempt, NOW);
	assert_false(attempt.lessons.guessed);
	assert_int_equal(attempt.lost_ms, NOW);
	assert_int_equal(attempt.count + attempt.begun_ms + attempt.patience_ms, 0);
	assert_string_equal(attempt.route.portal.host, "127.0.0.1");
}

static void target_and_attempt_have_names(void **state)
{
	(void)state;
	assert_string_equal(attempt_name(&attempt), "iqn.2003-01.org.example:disk");
	assert_string_equal(attempt_target(&attempt), "iqn.2003-01.org.example:disk");
	strcpy(attempt.route.name, "iqn.2003-01.org.example:moved");
	assert_string_equal(attempt_target(&attempt), "iqn.2003-01.org.example:moved");
	strcpy(attempt.route.name, "t");
	assert_string_equal(attempt_target(&attempt), "t");
	strcpy(plan.name, "n");
	assert_string_equal(attempt_name(&attempt), "n");
	plan.name[0] = '\0';
	assert_string_equal(attempt_name(&attempt), "127.0.0.1");
}

static void attempt_that_has_not_begun_has_no_deadline(void **state)
{
	(void)state;
	attempt.deadline_ms = 1;
	attempt_init(&attempt, &plan, 1);
	assert_true(attempt.deadline_ms == INT64_MAX);
}

/* The pause after it is another one. A name that does not exist is no silence, however soon one learns of it. */
static void refusal_is_an_answer_and_silence_is_none(void **state)
{
	struct pollfd fd;

	(void)state;
	attempt.state = ATTEMPT_RESOLVING;
	attempt.connect.state = CONNECT_RESOLVING;
	assert_int_equal(attempt_step(&attempt, true, NOW), ATTEMPT_FAILED);
	assert_int_equal(attempt.unreached, ETIMEDOUT);
	attempt.state = ATTEMPT_RESOLVING;
	attempt.connect.state = CONNECT_RESOLVING;
	assert_int_equal(attempt_step(&attempt, false, NOW), ATTEMPT_FAILED);
	assert_int_equal(attempt.unreached, ENOENT);
	(void)attempt_begin(&attempt, NOW);
	while (attempt.state == ATTEMPT_CONNECTING) {
		assert_int_equal(attempt.unreached, EINPROGRESS);
		assert_int_equal(attempt_pollfds(&attempt, &fd, 1), 1);
		assert_int_equal(poll(&fd, 1, 5000), 1);
		(void)attempt_step(&attempt, false, NOW);
	}
	assert_int_equal(attempt.state, ATTEMPT_FAILED);
	assert_int_equal(attempt.unreached, ECONNREFUSED);
}

/* As weak as it is, it is said once that MD5 alone is tried, and nothing is said of the other lesson. */
static void weaker_try_is_told_once(void **state)
{
	struct login_pdu request;

	(void)state;
	strcpy(plan.chap.username, "me");
	plan.chap.password.length = 12;
	for (unsigned count = 0; count < 2; count++) {
		struct login_config config = {
			.cid = 1, .target_name = plan.name, .offer = &plan.params, .chap = &plan.chap};

		attempt_init(&attempt, &plan, 1);
		attempt.count = count;
		assert_int_equal(attempt_log_in(&attempt, &config, &request, NOW), ATTEMPT_SEND);
		attempt.login.authenticated = METHOD_CHOSEN;
		attempt.login.chap.offered[0] = CHAP_SHA256;
		errors = 0;
		assert_int_equal(attempt_step(&attempt, false, NOW), ATTEMPT_AGAIN);
		assert_true(attempt.lessons.md5_only);
		assert_int_equal(errors, count == 0);
	}
	plan.chap.username[0] = '\0';
	attempt_init(&attempt, &plan, 1);
	(void)wait_for_answer();
	errors = 0;
	assert_int_equal(attempt_step(&attempt, false, NOW), ATTEMPT_AGAIN);
	assert_true(attempt.lessons.start_in_security);
	assert_int_equal(errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(jitter_is_xorshift, begin, end),
		cmocka_unit_test_setup_teardown(pause_is_a_part_of_what_it_has_lasted, begin, end),
		cmocka_unit_test_setup_teardown(target_that_is_not_there_has_thirty_seconds_of_a_boot, begin, end),
		cmocka_unit_test_setup_teardown(failures_are_told_at_first_and_each_time_that_the_wait_has_doubled,
						begin, end),
		cmocka_unit_test_setup_teardown(connection_of_an_outage_is_waited_for_two_seconds_at_most, begin, end),
		cmocka_unit_test_setup_teardown(second_connection_goes_where_the_first_is, begin, end),
		cmocka_unit_test_setup_teardown(answer_is_waited_for_ever_longer, begin, end),
		cmocka_unit_test_setup_teardown(socket_is_watched_during_the_login, begin, end),
		cmocka_unit_test_setup_teardown(after_a_failure_all_that_was_learned_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(target_and_attempt_have_names, begin, end),
		cmocka_unit_test_setup_teardown(attempt_that_has_not_begun_has_no_deadline, begin, end),
		cmocka_unit_test_setup_teardown(refusal_is_an_answer_and_silence_is_none, begin, end),
		cmocka_unit_test_setup_teardown(weaker_try_is_told_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
