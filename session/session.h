/* session.h - one iSCSI session's life in the kernel: connect, create, bind, log in, set, start; recover; log out, tear down.
 *
 * One state machine for the boot and for every recovery after it. What drives it: session_step with an event. What it
 * waits for: session_pollfds and session_deadline, or an event from the kernel that the loop brings. All times are
 * monotonic milliseconds. Only this file makes and destroys kernel sessions; where it connects to, how it logs in and when
 * it tries again is attempt.c's.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "login.h"
#include "netlink.h"
#include "plan/plan.h"
#include "session/attempt.h"
#include "session/prover.h"
#include "session/units.h"
#include "sys/child.h"

#define SESSION_CID   0
#define SESSION_NEVER INT64_MAX

enum session_state {
	SESSION_IDLE,       /* not begun */
	SESSION_RESOLVING,  /* the portal's name */
	SESSION_CONNECTING, /* TCP; RFC 7143 S2 XPT_WAIT */
	SESSION_LOGIN,      /* S4 IN_LOGIN */
	SESSION_PROVING,    /* after an outage: are its units still the same? S4, or before the login */
	SESSION_UP,         /* S5 LOGGED_IN */
	SESSION_LOGOUT,     /* the target asked us to leave and come again; S6 IN_LOGOUT */
	SESSION_WAITING,    /* until the next attempt */
	SESSION_LEAVING,    /* our own logout, for good */
	SESSION_PARKED,     /* another program (iscsid) looks after it */
	SESSION_FAILED,     /* permanently, and cleaned up */
	SESSION_GONE,       /* logged out, or destroyed by somebody else */
	SESSION_STATES
};

enum session_event {
	SESSION_EVENT_START,    /* the network is usable (again) */
	SESSION_EVENT_READY,    /* the descriptor of session_pollfds is ready */
	SESSION_EVENT_PROOF,    /* the same of session_proof_pollfds */
	SESSION_EVENT_DEADLINE, /* session_deadline has passed */
	SESSION_EVENT_RESPONSE, /* a Login Response */
	SESSION_EVENT_ERROR,    /* the kernel reports a connection error */
	SESSION_EVENT_ASYNC_LOGOUT,
	SESSION_EVENT_ASYNC_DROP,
	SESSION_EVENT_LOGGED_OUT, /* a Logout Response */
	SESSION_EVENT_LEAVE,      /* log out and be gone */
	SESSION_EVENT_TAKEN,      /* another program looks after it now */
	SESSION_EVENT_RETURNED,   /* that program is gone */
	SESSION_EVENT_DESTROYED,
	SESSION_EVENTS
};

/* What session_step needs besides the event. */
struct session_input {
	int64_t now_ms;
	const struct netlink_event *kernel; /* RESPONSE, ERROR, and what else the kernel reported */
};

struct session {
	/* Set once, by session_init. */
	const struct target_plan *plan;
	const struct netlink *netlink;
	int sysfs;
	int dev;                         /* -1: not settled yet */
	int mapper;                      /* of the device mapper, once its disks are paths of maps; -1 */
	int32_t *hold_s, planned_hold_s; /* then: the plan's replacement_timeout, and what it was */

	enum session_state state;
	int64_t deadline_ms;
	int64_t begun_ms; /* the first attempt of this boot or this outage */

	/* In the kernel. */
	bool in_kernel, has_connection;
	bool unstopped; /* its last stop failed: there must be another before anything is bound */
	uint32_t sid, host;
	uint32_t isid; /* the number in its ISID, for its whole life: that of its first kernel session */

	/* For messages, `list` and the time table. */
	uint8_t chap_algorithm; /* enum chap_algorithm; CHAP_NONE: logged in without */
	unsigned recoveries;
	unsigned short_lives;    /* logins in a row that lasted only seconds */
	int64_t knocks_until_ms; /* while it is found out whether the target is there: no login before; 0: no */
	int64_t up_ms, down_ms, connected_ms; /* up_ms: also when it was left to iscsid */
	int64_t login_ms;                     /* the last login of ours */
	uint32_t last_error;                  /* ISCSI_ERR_... */

	/* The proof that its units are the same, in an outage. */
	bool proves_first;      /* before the login, with the session's own ISID: the target allows no second session */
	bool has_learned;       /* learned is valid */
	bool proven;            /* in this attempt, before its login, at proven_ms */
	bool proved_otherwise;  /* this outage's failures have made it change the way once */
	bool told_many;         /* that not all of its units are proven: said in this outage */
	enum unit_verdict held; /* why the last attempt was not let go; UNIT_PENDING: that was not the reason */
	enum unit_verdict said; /* what was said of it */
	int64_t proven_ms;
	int64_t say_ms, say_pause_ms; /* when it is said again */
	int unit_count;               /* to be proven in this attempt; 0: nothing is */

	struct child learning; /* asks the units for their identity */
	bool looks_at_devices; /* once more, at the deadline */
	bool has_news; /* its units are to be looked for again: it was missing at the boot, or says that they changed */
	struct child devices; /* sets devices running again that the kernel gave up */
	struct login_result negotiated;
	struct attempt attempt;
	struct prover prover; /* from here on: touched in an outage only */
	struct units_learned learned;
	struct unit units[UNITS_MAX]; /* that are to be proven in this attempt */
};

/* plan, netlink and the descriptor of /sys must outlive the session. random: seed of the jitter. */
void session_init(struct session *session, const struct target_plan *plan, const struct netlink *netlink, int sysfs,
		  uint32_t random);

/* Its target had no name at session_init, and was discovered: the plan has its name, and its other portals. */
void session_discovered(struct session *session);

/* Creates the kernel's session now, whose number makes the ISID. Called in the plan's order, so that a target meets the same ISID
   at each boot, whatever answers first. A failure shows when the session logs in. */
void session_reserve(struct session *session);

/* A session that is in the kernel already (after a restart of the supervisor): state SESSION_UP, or it is being recovered. */
void session_adopt(struct session *session, uint32_t sid, uint32_t host, bool up, int64_t now_ms);

/* Names are looked up by the files that the initramfs has now. */
void session_keep_names(struct session *session);

/* The hand-over: from now on nothing is permanent and nothing is given up. A session that has not been up yet goes on trying,
   and its disks are looked for when it is. Names are looked up by the files that the initramfs has now, if none were kept before.
   What the kernel was not asked about the units is asked now. dev: descriptor of /dev; must stay. */
void session_settle(struct session *session, int dev);

/* If disks of the session are paths of multipath maps, the maps are told when it is lost and when it is back. While all are, a lost
   session gives back at once what is in flight: the maps hold it if they must. mapper: of the device mapper. hold_s: the plan's
   replacement_timeout, which is changed. Both must stay. */
void session_become_path(struct session *session, int mapper, int32_t *hold_s);

void session_step(struct session *session, enum session_event event, const struct session_input *input);

/* A kernel event for this session: becomes the right session_event. Another's is ignored. */
void session_kernel_event(struct session *session, const struct netlink_event *event, int64_t now_ms);

/* Events were lost: it gets what it may have missed, by what sysfs says. */
void session_look_again(struct session *session, int64_t now_ms);

/* Is it not up, or does sysfs say that the kernel has lost it? One that is leaving wants no repair. */
bool session_needs_repair(const struct session *session);

int session_pollfds(const struct session *session, struct pollfd *out, int max);
int session_proof_pollfds(const struct session *session, struct pollfd *out, int max);
int64_t session_deadline(const struct session *session);

/* Stop, destroy connection, destroy session, going on where one fails; the first failure. */
int session_destroy(const struct netlink *netlink, uint32_t sid, uint32_t cid);

/* Has it been logged in since the boot? */
bool session_was_up(const struct session *session);
/* Was it up, and is it being repaired? Since down_ms. */
bool session_is_lost(const struct session *session);

const char *session_state_name(enum session_state state);
/* The same of a session, with what it is held for. */
const char *session_state_text(const struct session *session);
/* Where the current attempt goes, or where it is logged in. */
const struct portal *session_portal(const struct session *session);
/* The last failure since the last login: one clause; "": none. */
const char *session_failure(const struct session *session);
/* One clause: what it waits for and why; returns out. */
const char *session_waiting_for(const struct session *session, char *out, size_t size);

#endif
