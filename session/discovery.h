/* discovery.h - which targets has a portal? SendTargets in a discovery session (RFC 7143 4.3, appendix C), over a plain
 * TCP socket that the loop drives. The kernel has no part in it.
 */
#ifndef SESSION_DISCOVERY_H
#define SESSION_DISCOVERY_H

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "login.h"
#include "plan/plan.h"
#include "session/resolve.h"
#include "session/session.h"

#define DISCOVERY_TEXT_MAX      262144 /* all the records of a portal; a longer list is refused */
#define DISCOVERY_EXCHANGES_MAX 256

enum discovery_state { DISCOVERY_RUNNING, DISCOVERY_DONE, DISCOVERY_FAILED };

struct discovery {
	enum discovery_state state;
	const struct target_plan *plan;
	int64_t deadline_ms;
	int fd;
	enum { DISCOVERY_PAUSE, DISCOVERY_RESOLVE, DISCOVERY_CONNECT, DISCOVERY_LOGIN, DISCOVERY_ASK } step;
	int address_count, address_next;
	struct login_lessons lessons;
	int exchanges;
	unsigned pauses;        /* that it has made */
	int64_t no_target_ms;   /* since when it has none; 0: it did not say so */
	enum login_retry retry; /* of the failure */
	size_t in_used, out_used, out_sent;
	uint32_t cmd_sn, exp_stat_sn, itt;
	size_t pending_used, total, records_used;
	int target_count, left_out;
	bool skips;           /* what follows is of a target that is left out */
	size_t last_name;     /* where the last TargetName's value begins in records */
	struct params offer;  /* the plan's, but without digests */
	struct portal portal; /* as planned, or where a redirect pointed */
	struct redirects redirects;
	char failure[320];
	char pending[NAME_MAX_BYTES + 512]; /* a record that goes on in the next PDU */
	struct resolve resolve;
	struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
	struct login login;
	uint8_t in[48 + LOGIN_DATA_MAX + 4];
	uint8_t out[48 + LOGIN_DATA_MAX + 4];
	char records
		[DISCOVERY_TEXT_MAX]; /* the pairs TargetName and TargetAddress that can be used, each with its NUL */
};

/* plan: its portal, CHAP and login_timeout are used; it must stay. */
void discovery_start(struct discovery *discovery, const struct target_plan *plan, int64_t now_ms);
int discovery_pollfds(const struct discovery *discovery, struct pollfd *out, int max);
int64_t discovery_deadline(const struct discovery *discovery);
void discovery_step(struct discovery *discovery, int64_t now_ms);
enum discovery_state discovery_state(const struct discovery *discovery);
/* The last one, also while it is asked again. A portal without a target for us is one. */
const char *discovery_failure(const struct discovery *discovery);
/* After a failure that may pass: asks again after a pause, which grows. False: there is no sense in it. */
bool discovery_again(struct discovery *discovery, int64_t now_ms);

int discovery_count(const struct discovery *discovery);
/* The only target's name into the plan. The portal that was asked stays: a listed address may be one behind a translation.
   Where it is not listed, the first address that is becomes plan->listed. */
void discovery_use(const struct discovery *discovery, struct target_plan *plan);
/* "iqn.a, iqn.b", with ", ..." for those that do not fit; returns out. */
const char *discovery_list(const struct discovery *discovery, char *out, size_t size);
/* One line an address: "<portal>,<tpgt> <target>", as open-iscsi prints it. A target without one is where we asked. */
void discovery_print(const struct discovery *discovery, FILE *out);

/* One record or more of a text response: the pure part, for the fuzzer. 0 or -EINVAL. Only records, target_count,
   pending and total of *discovery are used. */
int discovery_take_text(struct discovery *discovery, const uint8_t *text, size_t length);

#endif
