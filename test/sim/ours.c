/* ours.c - the product as a machine: its session and its login, its pauses and its race of SYNs, as they are delivered.
 *
 * The kernel's iSCSI interface is a few functions here. What supervisor/loop.c does, the clock does.
 */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "proto/iscsi_abi.h"
#include "session/params.h"
#include "session/session.h"
#include "test/sim/events.h"
#include "test/sim/policies.h"
#include "test/sim/target.h"

#define SID 1

struct ours {
	struct machine machine;
	uint64_t timer; /* what was put there before the last one is void */
	struct netlink netlink;
	struct sim_socket *bound; /* by its kernel */
	struct session session;
};

static struct target_plan plan;
static int sysfs = -1;

void ours_prepare(int sysfs_of_all)
{
	sysfs = sysfs_of_all;
	memset(&plan, 0, sizeof(plan));
	params_default(&plan.params);
	(void)snprintf(plan.name, sizeof(plan.name), "iqn.2003-01.org.example:disk");
	(void)snprintf(plan.initiator, sizeof(plan.initiator), "iqn.2003-01.org.example:host");
	(void)snprintf(plan.portal.host, sizeof(plan.portal.host), "10.0.0.1");
	plan.portal.port = 3260;
}

/* ---- the kernel ---- */

static struct ours *machine_of(const struct netlink *netlink)
{
	return (struct ours *)(void *)((char *)(uintptr_t)netlink - offsetof(struct ours, netlink));
}

static void unbind(struct ours *m)
{
	if (m->bound)
		sockets_let_go(m->bound, HELD_BY_KERNEL);
	m->bound = NULL;
}

int netlink_create_session(const struct netlink *netlink, uint32_t cmd_sn, uint16_t cmds_max, uint16_t depth,
			   uint32_t *sid, uint32_t *host)
{
	(void)netlink, (void)cmd_sn, (void)cmds_max, (void)depth;
	*sid = SID;
	*host = 1;
	return 0;
}

int netlink_destroy_session(const struct netlink *netlink, uint32_t sid)
{
	(void)netlink, (void)sid;
	return 0;
}

int netlink_create_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink, (void)sid, (void)cid;
	return 0;
}

int netlink_destroy_connection(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)sid, (void)cid;
	unbind(machine_of(netlink));
	return 0;
}

int netlink_bind(const struct netlink *netlink, uint32_t sid, uint32_t cid, int fd)
{
	struct ours *m = machine_of(netlink);

	(void)sid, (void)cid;
	unbind(m);
	m->bound = sockets_of(fd);
	m->bound->holders |= HELD_BY_KERNEL;
	return 0;
}

int netlink_start(const struct netlink *netlink, uint32_t sid, uint32_t cid)
{
	(void)netlink, (void)sid, (void)cid;
	return 0;
}

int netlink_stop(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t flag)
{
	(void)sid, (void)cid, (void)flag;
	unbind(machine_of(netlink));
	return 0;
}

int netlink_send_pdu(const struct netlink *netlink, uint32_t sid, uint32_t cid, const uint8_t bhs[48],
		     const uint8_t *data, size_t length)
{
	(void)sid, (void)cid, (void)data, (void)length;
	sockets_login(machine_of(netlink)->bound, bhs);
	return 0;
}

const char *netlink_error_name(uint32_t error)
{
	(void)error;
	return "ISCSI_ERR_TCP_CONN_CLOSE";
}

const char *netlink_error_text(uint32_t error)
{
	(void)error;
	return "the target closed the connection";
}

int session_params_before(const struct netlink *netlink, uint32_t sid, uint32_t cid, uint32_t host,
			  const struct target_plan *target, const char *name, const struct portal *home)
{
	(void)netlink, (void)sid, (void)cid, (void)host, (void)target, (void)name, (void)home;
	return 0;
}

int session_params_after(const struct netlink *netlink, uint32_t sid, uint32_t cid, const struct login_result *result,
			 const struct target_plan *target, uint32_t *failed)
{
	(void)netlink, (void)sid, (void)cid, (void)result, (void)target, (void)failed;
	return 0;
}

/* ---- the loop ---- */

static void arm(struct ours *m);

static void pass_deadline(void *object, uint64_t timer)
{
	struct ours *m = object;

	if (timer != m->timer || m->session.state == SESSION_UP)
		return;
	sockets_run_as(&m->machine);
	session_step(&m->session, SESSION_EVENT_DEADLINE, &(struct session_input){.now_ms = sim_now_ms()});
	arm(m);
}

static void arm(struct ours *m)
{
	int64_t at = session_deadline(&m->session);

	m->timer++;
	if (m->session.state == SESSION_UP && m->machine.up_at < 0)
		storm_up(&m->machine);
	if (at != SESSION_NEVER && m->session.state != SESSION_UP)
		events_at((at - SIM_EPOCH_MS) * SIM_MS, pass_deadline, m, m->timer);
}

static bool is_ready(int (*pollfds)(const struct session *, struct pollfd *, int), const struct session *session)
{
	struct pollfd fds[RACE_ADDRESSES_MAX];
	int count = pollfds(session, fds, RACE_ADDRESSES_MAX);

	return count > 0 && poll(fds, (nfds_t)count, 0) > 0;
}

static void poke(struct machine *machine, struct sim_socket *socket)
{
	struct ours *m = (struct ours *)machine;
	struct session_input in = {.now_ms = sim_now_ms()};

	if (socket->broken && socket == m->bound) {
		const struct netlink_event event = {
			.type = NETLINK_EVENT_ERROR, .transport = m->netlink.transport, .sid = SID};

		session_kernel_event(&m->session, &event, in.now_ms);
	}
	if (is_ready(session_pollfds, &m->session))
		session_step(&m->session, SESSION_EVENT_READY, &in);
	if (is_ready(session_proof_pollfds, &m->session))
		session_step(&m->session, SESSION_EVENT_PROOF, &in);
	arm(m);
}

static void hear(struct machine *machine, struct sim_socket *socket, const uint8_t bhs[48], const char *data,
		 size_t length)
{
	struct ours *m = (struct ours *)machine;
	const struct netlink_event event = {.type = NETLINK_EVENT_PDU,
					    .transport = m->netlink.transport,
					    .sid = SID,
					    .bhs = bhs,
					    .data = (const uint8_t *)data,
					    .length = length};

	if (socket != m->bound)
		return;
	session_kernel_event(&m->session, &event, sim_now_ms());
	arm(m);
}

static void prepare(struct ours *m)
{
	m->netlink.transport = 7;
	m->bound = NULL;
	session_init(&m->session, &plan, &m->netlink, sysfs, (uint32_t)sim_random());
}

static void start(struct machine *machine)
{
	struct ours *m = (struct ours *)machine;

	prepare(m);
	sockets_run_as(machine);
	session_reserve(&m->session);
	session_step(&m->session, SESSION_EVENT_START, &(struct session_input){.now_ms = sim_now_ms()});
	arm(m);
}

static void lose(struct machine *machine)
{
	struct ours *m = (struct ours *)machine;

	prepare(m);
	sockets_run_as(machine);
	session_settle(&m->session, -1);
	session_adopt(&m->session, SID, 1, false, sim_now_ms());
	m->session.attempt.lost_ms -= machine->lost_before_ms;
	arm(m);
}

const struct policy policy_ours = {"iscsi-init", sizeof(struct ours), start, lose, poke, hear};
