/* target.c - see target.h. */
/* SPDX-License-Identifier: MIT */
#include "test/sim/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/iscsi_abi.h"
#include "test/sim/events.h"

#define UNHEARD (20 * SIM_SECOND) /* until TCP has asked in vain */

struct target sim_targets[SIM_TARGETS_MAX];
struct target_counts sim_counts;

void targets_begin(const struct target_model *model, unsigned others)
{
	memset(sim_targets, 0, sizeof(sim_targets));
	memset(&sim_counts, 0, sizeof(sim_counts));
	for (unsigned i = 0; i <= others; i++) {
		sim_targets[i].model = *model;
		if (i)
			sim_targets[i].model.redirects_to = 0;
		sim_targets[i].state = TARGET_REFUSES;
	}
}

void targets_end(void)
{
	for (int i = 0; i < SIM_TARGETS_MAX; i++)
		free(sim_targets[i].queue);
}

static void count_second(uint32_t *seconds)
{
	int64_t second = (sim_now - sim_counts.since) / SIM_SECOND;

	if (sim_now >= sim_counts.since && second < SIM_SECONDS_MAX)
		seconds[second]++;
}

/* ---- the queue ---- */

static void put(struct target *t, struct sim_socket *socket)
{
	if (t->used == t->room) {
		unsigned room = t->room ? 2 * t->room : 256;
		struct sim_socket **queue = malloc(room * sizeof(struct sim_socket *));

		if (!queue)
			abort();
		for (unsigned i = 0; i < t->used; i++)
			queue[i] = t->queue[(t->first + i) % t->room];
		free(t->queue);
		t->queue = queue;
		t->room = room;
		t->first = 0;
	}
	t->queue[(t->first + t->used++) % t->room] = socket;
}

static struct sim_socket *take(struct target *t)
{
	struct sim_socket *socket = t->queue[t->first];

	t->first = (t->first + 1) % t->room;
	t->used--;
	t->waiting -= !socket->unwanted;
	return socket;
}

/* ---- work ---- */

/* Of a login, now: by a half more or less, as chance will have it. */
static int64_t cost(const struct target *t, double part)
{
	double up_s = (double)(sim_now - t->up_since) / SIM_SECOND, capacity = t->model.capacity;
	double chance = 0.5 + (double)sim_random_below(1000) / 1000;

	if (t->model.ramp_s > 0 && up_s < t->model.ramp_s)
		capacity *= 0.1 + 0.9 * up_s / t->model.ramp_s;
	return (int64_t)(SIM_SECOND / capacity * part * chance);
}

static void work(struct target *t);

static void worked(void *object, uint64_t life)
{
	struct target *t = object;

	if (life != t->life)
		return;
	t->works = false;
	work(t);
}

/* RFC 7143 11.13. A request is granted what it asks for. */
static void answer(struct sim_socket *socket, uint16_t status, const char *data, size_t length)
{
	uint8_t bhs[BHS] = {ISCSI_OP_LOGIN_RESPONSE};

	bhs[1] = status ? 0 : socket->request[1];
	bhs[6] = (uint8_t)(length >> 8);
	bhs[7] = (uint8_t)length;
	memcpy(bhs + 8, socket->request + 8, 6);   /* ISID */
	bhs[15] = 1;                               /* TSIH */
	memcpy(bhs + 16, socket->request + 16, 4); /* ITT */
	bhs[31] = 1;                               /* ExpCmdSN */
	bhs[35] = 64;                              /* MaxCmdSN */
	bhs[36] = (uint8_t)(status >> 8);
	bhs[37] = (uint8_t)status;
	sockets_answer(socket, bhs, data, length);
	socket->request[0] = 0;
	if (status)
		sockets_break(socket, 0);
}

static double serve(struct target *t, struct sim_socket *socket)
{
	char address[64];
	int length;

	if (t->model.redirects_to) {
		length = snprintf(address, sizeof(address), "TargetAddress=10.0.0.%u:3260",
				  2 + t->next_redirect++ % t->model.redirects_to);
		answer(socket, 0x0101, address, (size_t)length + 1);
		return t->model.redirect_cost;
	}
	sim_counts.served++;
	answer(socket, 0, "", 0);
	return 1;
}

static void work(struct target *t)
{
	struct sim_socket *socket;
	double part;

	if (t->works || !t->used || t->state != TARGET_UP)
		return;
	t->works = true;
	socket = t->queue[t->first];
	if (socket->holders != HELD_BY_TARGET && !socket->unwanted &&
	    !socket->request[0]) { /* the request is on its way */
		events_at(sim_now + SIM_DELAY, worked, t, t->life);
		return;
	}
	socket = take(t);
	if (socket->unwanted) {
		part = 0;
	} else if (socket->holders == HELD_BY_TARGET) {
		sim_counts.wasted++;
		part = t->model.dead_cost;
	} else {
		part = serve(t, socket);
	}
	sockets_let_go(socket, HELD_BY_TARGET);
	events_at(sim_now + cost(t, part) + t->debt, worked, t, t->life);
	t->debt = 0;
}

/* ---- what comes in ---- */

void target_syn(struct sim_socket *socket)
{
	struct target *t = socket->target;

	count_second(sim_counts.syns);
	if (socket->syns == 1)
		count_second(sim_counts.tries);
	if (t->state == TARGET_REFUSES)
		sockets_refuse(socket);
	if (t->state != TARGET_UP)
		return;
	if (t->used >= t->model.backlog) {
		sim_counts.dropped++;
		return;
	}
	socket->holders |= HELD_BY_TARGET;
	socket->unwanted = t->model.busy_above && t->waiting >= t->model.busy_above;
	t->waiting += !socket->unwanted;
	sockets_accept(socket);
	put(t, socket);
	work(t);
}

/* The only question of a proof for a disk without a size: INQUIRY. It costs the target nothing beside a login. */
static void tell_identity(struct sim_socket *socket, const uint8_t bhs[BHS])
{
	uint8_t answer[BHS] = {ISCSI_OP_DATA_IN, 0x81, [7] = 36};
	char data[36] = {0};

	memcpy(data + 8, "SIM     DISK            ", 24);
	memcpy(answer + 16, bhs + 16, 4); /* ITT */
	memset(answer + 20, 0xff, 4);
	answer[27] = 1;  /* StatSN */
	answer[31] = 2;  /* ExpCmdSN */
	answer[35] = 64; /* MaxCmdSN */
	sockets_answer(socket, answer, data, sizeof(data));
}

void target_request(struct sim_socket *socket, const uint8_t bhs[BHS])
{
	if (socket->target->state != TARGET_UP || socket->broken)
		return;
	if ((bhs[0] & 0x3f) == ISCSI_OP_SCSI_COMMAND)
		tell_identity(socket, bhs);
	if ((bhs[0] & 0x3f) != ISCSI_OP_LOGIN)
		return;
	memcpy(socket->request, bhs, BHS);
	if (socket->unwanted) {
		sim_counts.busy++;
		socket->target->debt += cost(socket->target, socket->target->model.busy_cost);
		answer(socket, 0x0301, "", 0);
		return;
	}
	if (socket->holders & HELD_BY_TARGET)
		count_second(sim_counts.logins);
	else
		answer(socket, 0, "", 0); /* the next part of a login that has had its turn */
}

/* ---- outages ---- */

void target_start(struct target *target)
{
	target->state = TARGET_UP;
	target->up_since = sim_now;
	target->life++;
	target->works = false;
}

void target_stop(struct target *target, bool silent)
{
	target->state = silent ? TARGET_SILENT : TARGET_REFUSES;
	target->life++;
	while (target->used) {
		struct sim_socket *socket = take(target);

		sockets_break(socket, silent ? UNHEARD : 0);
		sockets_let_go(socket, HELD_BY_TARGET);
	}
}
