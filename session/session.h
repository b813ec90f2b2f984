/* session.h - one iSCSI session's life: resolve, connect, create, bind, log in, set, start; recover; log out, tear down.
 *
 * One state machine for the boot and for every recovery after it. What drives it: session_step with an event. What it
 * waits for: session_pollfds and session_deadline, or an event from the kernel that the loop brings. All times are
 * monotonic milliseconds. Only this file makes and destroys kernel sessions.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "login.h"
#include "netlink.h"
#include "plan/plan.h"
#include "session/resolve.h"
#include "sys/child.h"

#define SESSION_ADDRESSES_MAX 8
#define SESSION_CID           0
#define SESSION_NEVER         INT64_MAX

/* Where this attempt was sent on from: RFC 7143 11.13.5, status class 1. */
#define REDIRECTS_MAX 8

struct redirects {
	int count;
	struct portal from[REDIRECTS_MAX];
};

enum session_state {
	SESSION_IDLE,       /* not begun */
	SESSION_RESOLVING,  /* the portal's name */
	SESSION_CONNECTING, /* TCP; RFC 7143 S2 XPT_WAIT */
	SESSION_LOGIN,      /* S4 IN_LOGIN */
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
	const struct netlink_event *kernel; /* RESPONSE, ERROR */
};

struct session {
	/* Set once, by session_init. */
	const struct target_plan *plan;
	const struct netlink *netlink;
	int sysfs;
	bool resident; /* after the hand-over: nothing is permanent, nothing is given up */

	enum session_state state;
	int64_t deadline_ms;
	int64_t begun_ms; /* the first attempt of this boot or this outage */

	/* In the kernel. */
	bool in_kernel, has_connection, was_up;
	uint32_t sid, host;

	/* This attempt; what is large of it stands at the end. */
	int address_count, address_next, address_used; /* used: the one that was tried last */
	int fd;                                        /* the TCP socket until the kernel has it */
	struct login_lessons lessons;
	int32_t moved_tpgt;     /* that a redirect named; -1: none */
	bool moved_for_now;     /* a redirect of this attempt was a temporary one */
	uint8_t chap_algorithm; /* enum chap_algorithm; CHAP_NONE: logged in without */
	int64_t not_found_ms;   /* since when the target says that it is not there; 0: it did not */
	unsigned attempts;      /* failed in a row */
	uint32_t random;        /* state of the jitter */

	/* For messages, `list` and the time table. */
	enum login_retry failure_retry;
	unsigned recoveries;
	int64_t up_ms, down_ms, connected_ms; /* up_ms: also when it was left to iscsid */
	uint32_t last_error;                  /* ISCSI_ERR_... */
	struct child devices;                 /* sets devices running again that the kernel gave up */
	char failure[320];

	/* This attempt. */
	struct portal portal; /* where a redirect pointed, or as planned */
	struct portal home;   /* as planned, or where permanent redirects led to a login */
	struct redirects redirects;
	struct sockaddr_storage addresses[SESSION_ADDRESSES_MAX];
	struct resolve resolve;
	struct login_result negotiated;
	struct login login;
};

/* plan, netlink and the descriptor of /sys must outlive the session. */
void session_init(struct session *session, const struct target_plan *plan, const struct netlink *netlink, int sysfs,
		  uint32_t random);

/* A session that is in the kernel already (after a restart of the supervisor): state SESSION_UP or SESSION_WAITING,
   as the kernel has it. */
void session_adopt(struct session *session, uint32_t sid, uint32_t host, bool up, int64_t now_ms);

void session_step(struct session *session, enum session_event event, const struct session_input *input);

/* A kernel event for this session: becomes the right session_event. Another's is ignored. */
void session_kernel_event(struct session *session, const struct netlink_event *event, int64_t now_ms);

/* Events were lost: it gets what it may have missed, by what sysfs says. */
void session_look_again(struct session *session, int64_t now_ms);

int session_pollfds(const struct session *session, struct pollfd *out, int max);
int64_t session_deadline(const struct session *session);

/* Stop, destroy connection, destroy session, going on where one fails; the first failure. */
int session_destroy(const struct netlink *netlink, uint32_t sid, uint32_t cid);

/* Was it up, and is it being repaired? Since down_ms. */
bool session_is_lost(const struct session *session);

/* login_learn, and says what is tried next. name: of the target or portal. True: one more connection is worth it. */
bool session_learns(struct login *login, struct login_lessons *lessons, bool answered, const char *name,
		    const char *why);
/* What an answer that failed a login says: text with its code in out; and how it is to be treated. */
enum login_retry session_login_failure(const struct login *login, const struct login_lessons *lessons, char *out,
				       size_t size);

/* Where it is connected to; NULL: not known (found in the kernel). Valid while it is up. */
const struct sockaddr *session_peer(const struct session *session);

const char *session_state_name(enum session_state state);
/* "10.0.2.2:3260" or "[fe80::1%eth0]:3260"; returns out. */
const char *session_portal_text(const struct portal *portal, char *out, size_t size);
/* The portal's host as a literal address with port and scope; false: it is a name. */
bool session_read_literal(const struct portal *portal, struct sockaddr_storage *out);
/* Moves *portal to where the target says that it is. -ELOOP: in a circle, or once too often. said: what happened. */
int redirects_follow(struct redirects *redirects, struct portal *portal, const struct login_redirect *to, char *said,
		     size_t size);
/* A socket that begins to connect; by the portal's interface, where it has one. The descriptor, or -errno. */
int session_open_socket(const struct portal *portal, const struct sockaddr_storage *address);
/* Random bytes for mutual CHAP, which never waits for the kernel's generator. 0 or -EAGAIN. */
int session_make_challenge(struct login_config *config);
/* One clause: what it waits for and why; returns out. */
const char *session_waiting_for(const struct session *session, char *out, size_t size);

#endif
