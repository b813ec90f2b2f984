/* peers.c - what others do in a storm, as their sources say: open-iscsi (usr/initiator.c, usr/io.c), iPXE
 * (net/tcp/iscsi.c, core/sanboot.c).
 *
 * iscsistart and iscsid look after their connection once a second; one that is refused is tried again after 3 s, one that is
 * not answered in login_timeout (15 s as shipped) at once, and so is a login that is refused. iscsistart gives up after 30
 * times that. iPXE tries ten times, with 5 s between, and 15 s for each.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/iscsi_abi.h"
#include "test/sim/events.h"
#include "test/sim/policies.h"
#include "test/sim/target.h"

struct habits {
	int64_t look;          /* how often it looks whether it is connected; 0: it is told */
	int64_t timeout;       /* of an attempt */
	int64_t after_refusal; /* of the connection */
	int64_t after_timeout, after_login;
	unsigned tries;     /* 0: no end */
	int64_t altogether; /* 0: no end */
};

struct peer {
	struct machine machine;
	uint64_t timer;
	unsigned failed;
	bool logs_in;
	struct target *goes_to;
	struct sim_socket *socket;
};

static const struct habits open_iscsi_start = {SIM_SECOND, 15 * SIM_SECOND, 3 * SIM_SECOND, 0, 0, 0, 450 * SIM_SECOND};
static const struct habits open_iscsi_daemon = {SIM_SECOND, 15 * SIM_SECOND, 3 * SIM_SECOND, 0, 0, 0, 0};
static const struct habits ipxe = {0, 15 * SIM_SECOND, 5 * SIM_SECOND, 5 * SIM_SECOND, 5 * SIM_SECOND, 10, 0};

static const struct habits *habits_of(const struct peer *p)
{
	return p->machine.policy == &policy_ipxe         ? &ipxe
	       : p->machine.policy == &policy_iscsistart ? &open_iscsi_start
							 : &open_iscsi_daemon;
}

static void attempt(void *object, uint64_t timer);

static void let_go(struct peer *p)
{
	if (p->socket)
		sockets_let_go(p->socket, HELD_BY_MACHINE);
	p->socket = NULL;
}

static void fail(struct peer *p, int64_t pause)
{
	const struct habits *h = habits_of(p);

	let_go(p);
	p->failed++;
	p->goes_to = p->machine.target;
	p->timer++;
	if ((h->tries && p->failed >= h->tries) || (h->altogether && sim_now - p->machine.began > h->altogether))
		return; /* for good */
	events_at(sim_now + pause, attempt, p, p->timer);
}

static void time_out(void *object, uint64_t timer)
{
	struct peer *p = object;

	if (timer == p->timer)
		fail(p, habits_of(p)->after_timeout);
}

static void look(void *object, uint64_t timer)
{
	static const uint8_t request[BHS] = {ISCSI_OP_LOGIN | ISCSI_IMMEDIATE_BIT, 0x87};
	struct peer *p = object;
	const struct habits *h = habits_of(p);

	if (timer != p->timer || p->logs_in || !p->socket)
		return;
	if (p->socket->state == SIM_FAILED || p->socket->broken) {
		fail(p, h->after_refusal);
	} else if (p->socket->state == SIM_OPEN) {
		p->logs_in = true;
		p->timer++;
		sockets_login(p->socket, request);
		events_at(sim_now + h->timeout, time_out, p, p->timer);
	} else if (h->look) {
		events_at(sim_now + h->look, look, p, timer);
	}
}

static void attempt(void *object, uint64_t timer)
{
	struct peer *p = object;
	const struct habits *h = habits_of(p);

	if (timer != p->timer)
		return;
	p->logs_in = false;
	p->socket = sockets_connect(&p->machine, p->goes_to);
	events_at(sim_now + h->timeout, time_out, p, timer);
	if (h->look)
		events_at(sim_now + SIM_MS, look, p, timer);
}

static void poke(struct machine *machine, struct sim_socket *socket)
{
	struct peer *p = (struct peer *)machine;

	if (socket != p->socket)
		return;
	if (p->logs_in && socket->broken)
		fail(p, habits_of(p)->after_login);
	else if (p->logs_in && socket->in_used >= BHS)
		machine->policy->hear(machine, socket, socket->in, (const char *)socket->in + BHS,
				      socket->in_used - BHS);
	else if (!habits_of(p)->look)
		look(p, p->timer);
}

static void hear(struct machine *machine, struct sim_socket *socket, const uint8_t bhs[BHS], const char *data,
		 size_t length)
{
	struct peer *p = (struct peer *)machine;

	(void)data, (void)length, (void)socket;
	if (bhs[36] == 1) {
		let_go(p);
		p->timer++;
		p->goes_to = &sim_targets[data[sizeof("TargetAddress=10.0.0.") - 1] - '1'];
		attempt(p, p->timer);
	} else if (bhs[36]) {
		fail(p, habits_of(p)->after_login);
	} else {
		p->timer++;
		storm_up(machine);
	}
}

static void start(struct machine *machine)
{
	struct peer *p = (struct peer *)machine;

	let_go(p);
	p->failed = 0;
	p->timer++;
	p->goes_to = machine->target;
	attempt(p, p->timer);
}

const struct policy policy_iscsistart = {"iscsistart", sizeof(struct peer), start, start, poke, hear};
const struct policy policy_iscsid = {"iscsid", sizeof(struct peer), start, start, poke, hear};
const struct policy policy_ipxe = {"iPXE", sizeof(struct peer), start, start, poke, hear};
