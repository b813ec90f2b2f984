/* attempt.h - attempts to log in, one after the other: look up, connect, log in, follow redirects, pause, try again.
 *
 * One machine with several users, which differ in who carries the login's PDUs: session.c gives the connection to the kernel,
 * discovery.c keeps the socket. The user
 *
 *   begins                attempt_begin
 *   waits                 attempt_pollfds and deadline_ms, then attempt_step
 *   ATTEMPT_CONNECTED     takes connect.fd to its transport, then attempt_log_in
 *   ATTEMPT_SEND          sends the request; the response goes to attempt_answer
 *   ATTEMPT_AGAIN         cleans its transport up and calls attempt_begin: the target moved, or wants another beginning
 *   ATTEMPT_DONE          is logged in
 *   ATTEMPT_FAILED        cleans its transport up and calls attempt_put_off, which chooses when and where to try next
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_ATTEMPT_H
#define SESSION_ATTEMPT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "login.h"
#include "plan/plan.h"
#include "session/connect.h"

#define ATTEMPT_BOOT_PAUSE_MS 5000 /* the longest pause between two attempts of a boot */

enum attempt_state {
	ATTEMPT_IDLE,
	ATTEMPT_RESOLVING,
	ATTEMPT_CONNECTING,
	ATTEMPT_CONNECTED,
	ATTEMPT_LOGIN, /* waits for a response, or for the target to close connect.fd */
	ATTEMPT_SEND,
	ATTEMPT_AGAIN,
	ATTEMPT_DONE,
	ATTEMPT_FAILED,
	ATTEMPT_PAUSE, /* until deadline_ms */
	ATTEMPT_OVER   /* the failure is permanent */
};

struct attempt {
	const struct target_plan *plan;
	enum attempt_state state;
	bool resident;       /* after the hand-over: nothing is permanent, and pauses grow with the outage */
	bool was_up;         /* there has been a login */
	int unreached;       /* why the last attempt got no TCP connection: errno, as connect.h has it; 0: it got one */
	int64_t lost_ms;     /* of a resident's attempts: when the outage began */
	int64_t begun_ms;    /* the first attempt in a row; 0: none */
	int64_t heard_ms;    /* the first of them that failed after it was connected; 0: none */
	int64_t report_ms;   /* so long after it the next failure is reported */
	int64_t deadline_ms; /* of what is waited for; INT64_MAX: none */
	unsigned count;      /* attempts that failed in a row */
	int64_t pause_ms;    /* that was chosen last */
	int64_t patience_ms; /* how long the last login was waited for; 0: none in a row */
	int64_t not_found_ms; /* since when the target says that it is not there; 0: it did not */
	uint32_t random;      /* state of the jitter */
	enum login_retry retry;
	char failure[320]; /* the last one: one clause; "": none since the last login */
	struct login_lessons lessons;
	struct route route;
	struct connect connect;
	struct login login;
};

/* Of a struct that is all zero, or was an attempt before. plan must outlive the attempts. random: seed of the jitter. */
void attempt_init(struct attempt *attempt, const struct target_plan *plan, uint32_t random);

enum attempt_state attempt_begin(struct attempt *attempt, int64_t now_ms);

/* The same beside a login that is under way or done: to the portal where that one goes, at the address it is connected to. */
enum attempt_state attempt_begin_at(struct attempt *attempt, const struct portal *portal,
				    const struct sockaddr_storage *address, int64_t now_ms);

/* When attempt_pollfds has something, or the deadline has passed (late). */
enum attempt_state attempt_step(struct attempt *attempt, bool late, int64_t now_ms);
int attempt_pollfds(const struct attempt *attempt, struct pollfd *out, int max);

/* Begins the login. *config: what the user decides; the initiator's name, the lessons and the challenge are filled in here.
   ATTEMPT_SEND or ATTEMPT_FAILED. */
enum attempt_state attempt_log_in(struct attempt *attempt, struct login_config *config, struct login_pdu *request,
				  int64_t now_ms);

/* A Login Response, as login_step takes it. ATTEMPT_SEND, ATTEMPT_AGAIN, ATTEMPT_DONE or ATTEMPT_FAILED. */
enum attempt_state attempt_answer(struct attempt *attempt, const uint8_t *bhs, const uint8_t *data, size_t length,
				  struct login_pdu *request);

/* The login ended without an answer; why: one clause. ATTEMPT_AGAIN or ATTEMPT_FAILED. */
enum attempt_state attempt_unanswered(struct attempt *attempt, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The user's part failed. ATTEMPT_FAILED. */
enum attempt_state attempt_fail(struct attempt *attempt, enum login_retry retry, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* After a failure: ATTEMPT_PAUSE until deadline_ms, with the next portal chosen; or ATTEMPT_OVER. */
enum attempt_state attempt_put_off(struct attempt *attempt, int64_t now_ms);

/* What is to be said of the failure before a pause: the first one; one after some seconds, and then each time that the wait has
   doubled (a day of failures makes no more than twenty lines); else nothing. */
enum attempt_report { ATTEMPT_SILENT, ATTEMPT_FIRST, ATTEMPT_OVERDUE };
enum attempt_report attempt_take_report(struct attempt *attempt, int64_t now_ms);

/* A session was lost: its next attempt is the first of an outage. */
void attempt_start_over(struct attempt *attempt, int64_t now_ms);

/* The login holds (the kernel has taken it, too): the next failure is the first again, and the route's home is known. */
void attempt_succeed(struct attempt *attempt);

/* Closes what is open and wipes the conversation's secrets. */
void attempt_stop(struct attempt *attempt);

/* The name to log in to: a redirect may have given another than the plan. */
const char *attempt_target(const struct attempt *attempt);

/* The name for messages: the target's, or the portal's host where the target is not known. */
const char *attempt_name(const struct attempt *attempt);

#endif
