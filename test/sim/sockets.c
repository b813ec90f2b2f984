/* sockets.c - see sockets.h. */
/* SPDX-License-Identifier: MIT */
#include "test/sim/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/iscsi_abi.h"
#include "test/sim/events.h"
#include "test/sim/target.h"

#define FIRST_FD  1000000
#define SYNS_MAX  7 /* net.ipv4.tcp_syn_retries 6 */
#define SYN_AGAIN SIM_SECOND
#define SLAB      1024

static struct sim_socket **slabs;
static int slab_count, *unused, unused_count;
static struct machine *running;

void sockets_begin(void)
{
	running = NULL;
}

void sockets_run_as(struct machine *machine)
{
	running = machine;
}

static struct sim_socket *at_index(int index)
{
	return &slabs[index / SLAB][index % SLAB];
}

struct sim_socket *sockets_of(int fd)
{
	return fd >= FIRST_FD && fd < FIRST_FD + slab_count * SLAB ? at_index(fd - FIRST_FD) : NULL;
}

static void add_slab(void)
{
	int index = slab_count * SLAB;

	slabs = realloc(slabs, (size_t)(slab_count + 1) * sizeof(*slabs));
	unused = realloc(unused, (size_t)(index + SLAB) * sizeof(*unused));
	if (!slabs || !unused || !(slabs[slab_count] = calloc(SLAB, sizeof(struct sim_socket))))
		abort();
	slab_count++;
	for (int i = SLAB - 1; i >= 0; i--) {
		at_index(index + i)->index = index + i;
		unused[unused_count++] = index + i;
	}
}

static struct sim_socket *open_socket(void)
{
	struct sim_socket *s;

	if (!unused_count)
		add_slab();
	s = at_index(unused[--unused_count]);
	s->generation++;
	s->holders = HELD_BY_MACHINE;
	s->owner = running;
	s->target = NULL;
	s->state = SIM_NEW;
	s->error = 0;
	s->broken = s->unwanted = false;
	s->syns = 0;
	s->request[0] = 0;
	s->in_used = 0;
	return s;
}

void sockets_let_go(struct sim_socket *socket, enum holder holder)
{
	if (!(socket->holders & holder))
		return;
	socket->holders &= ~(unsigned)holder;
	if (!socket->holders)
		unused[unused_count++] = socket->index;
}

static bool is_held(const struct sim_socket *s)
{
	return s->holders & (HELD_BY_MACHINE | HELD_BY_KERNEL);
}

/* ---- on their way ---- */

static void at_machine(void (*run)(void *, uint64_t), struct sim_socket *s, int64_t after)
{
	events_at(sim_now + SIM_DELAY + after, run, s, s->generation);
}

static void poke(struct sim_socket *s)
{
	sockets_run_as(s->owner);
	s->owner->policy->poke(s->owner, s);
}

static void opened(void *object, uint64_t generation)
{
	struct sim_socket *s = object;

	if (generation != s->generation || !is_held(s) || s->state != SIM_SYN_SENT)
		return;
	s->state = SIM_OPEN;
	poke(s);
}

static void refused(void *object, uint64_t generation)
{
	struct sim_socket *s = object;

	if (generation != s->generation || !is_held(s) || s->state != SIM_SYN_SENT)
		return;
	s->state = SIM_FAILED;
	s->error = ECONNREFUSED;
	poke(s);
}

static void broke(void *object, uint64_t generation)
{
	struct sim_socket *s = object;

	if (generation != s->generation || !is_held(s) || s->broken)
		return;
	s->broken = true;
	poke(s);
}

void sockets_accept(struct sim_socket *socket)
{
	at_machine(opened, socket, 0);
}

void sockets_refuse(struct sim_socket *socket)
{
	at_machine(refused, socket, 0);
}

void sockets_break(struct sim_socket *socket, int64_t after)
{
	at_machine(broke, socket, after);
}

/* A PDU that is under way. They are all kept until the end: one that never arrives would be lost else. */
struct parcel {
	struct parcel *next, *older;
	struct sim_socket *socket;
	uint8_t bhs[BHS];
	size_t length;
	char data[64];
};

static struct parcel *free_parcels, *newest_parcel;

static struct parcel *new_parcel(void)
{
	struct parcel *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->older = newest_parcel;
	return newest_parcel = p;
}

static struct parcel *pack(struct sim_socket *s, const uint8_t bhs[BHS], const char *data, size_t length)
{
	struct parcel *p = free_parcels;

	if (length > sizeof(p->data))
		abort();
	if (p)
		free_parcels = p->next;
	else
		p = new_parcel();
	p->socket = s;
	p->length = length;
	memcpy(p->bhs, bhs, BHS);
	memcpy(p->data, data, length);
	return p;
}

static void unpack(struct parcel *p)
{
	p->next = free_parcels;
	free_parcels = p;
}

static void free_all_parcels(void)
{
	struct parcel *p = newest_parcel;

	while (p) {
		struct parcel *older = p->older;

		free(p);
		p = older;
	}
	newest_parcel = free_parcels = NULL;
}

void sockets_end(void)
{
	for (int i = 0; i < slab_count; i++)
		free(slabs[i]);
	free(slabs);
	free(unused);
	free_all_parcels();
	slabs = NULL;
	unused = NULL;
	slab_count = unused_count = 0;
}

static void append(struct sim_socket *s, const void *bytes, size_t length)
{
	if (length > sizeof(s->in) - s->in_used)
		abort();
	memcpy(s->in + s->in_used, bytes, length);
	s->in_used += length;
}

static void deliver(void *object, uint64_t generation)
{
	struct parcel *p = object;
	struct sim_socket *s = p->socket;

	if (generation == s->generation && is_held(s) && !s->broken) {
		sockets_run_as(s->owner);
		if (s->holders & HELD_BY_KERNEL) {
			s->owner->policy->hear(s->owner, s, p->bhs, p->data, p->length);
		} else {
			append(s, p->bhs, BHS);
			append(s, p->data, p->length);
			append(s, "\0\0\0", -p->length & 3);
			poke(s);
		}
	}
	unpack(p);
}

void sockets_answer(struct sim_socket *socket, const uint8_t bhs[BHS], const char *data, size_t length)
{
	events_at(sim_now + SIM_DELAY, deliver, pack(socket, bhs, data, length), socket->generation);
}

static void arrive(void *object, uint64_t generation)
{
	struct parcel *p = object;

	if (generation == p->socket->generation)
		target_request(p->socket, p->bhs);
	unpack(p);
}

void sockets_login(struct sim_socket *socket, const uint8_t bhs[BHS])
{
	events_at(sim_now + SIM_DELAY, arrive, pack(socket, bhs, "", 0), socket->generation);
}

/* ---- SYNs ---- */

static void syn_arrives(void *object, uint64_t generation)
{
	struct sim_socket *s = object;

	if (generation == s->generation && s->holders == HELD_BY_MACHINE && s->state == SIM_SYN_SENT)
		target_syn(s);
}

static void send_syn(void *object, uint64_t generation)
{
	struct sim_socket *s = object;

	if (generation != s->generation || !is_held(s) || s->state != SIM_SYN_SENT)
		return;
	if (s->syns == SYNS_MAX) {
		s->state = SIM_FAILED;
		s->error = ETIMEDOUT;
		poke(s);
		return;
	}
	events_at(sim_now + SIM_DELAY, syn_arrives, s, generation);
	events_at(sim_now + (SYN_AGAIN << s->syns), send_syn, s, generation); /* 1, 2, 4, ... s later */
	s->syns++;
}

static void begin(struct sim_socket *s, struct target *target)
{
	s->target = target;
	s->state = SIM_SYN_SENT;
	s->owner->tries++;
	send_syn(s, s->generation);
}

struct sim_socket *sockets_connect(struct machine *machine, struct target *target)
{
	struct sim_socket *s;

	sockets_run_as(machine);
	s = open_socket();
	begin(s, target);
	return s;
}

/* ---- the product's calls ---- */

int __real_close(int fd);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *size);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_close(int fd);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t length, int flags);

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	return FIRST_FD + open_socket()->index;
}

/* 10.0.0.1 is the first target. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in to;

	if (size != sizeof(to))
		abort();
	memcpy(&to, address, sizeof(to));
	begin(sockets_of(fd), &sim_targets[(ntohl(to.sin_addr.s_addr) & 0xff) - 1]);
	errno = EINPROGRESS;
	return -1;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	(void)fd, (void)level, (void)name, (void)value, (void)size;
	return 0;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (level != SOL_SOCKET || name != SO_ERROR || *size != sizeof(int))
		abort();
	memcpy(value, &sockets_of(fd)->error, sizeof(int));
	sockets_of(fd)->error = 0;
	return 0;
}

int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
	struct sim_socket *s = sockets_of(fd);
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(3260)};

	if (s->state != SIM_OPEN || *size < sizeof(peer)) {
		errno = ENOTCONN;
		return -1;
	}
	peer.sin_addr.s_addr = htonl(0x0a000001u + (uint32_t)(s->target - sim_targets));
	memcpy(address, &peer, sizeof(peer));
	*size = sizeof(peer);
	return 0;
}

static short readiness(const struct sim_socket *s)
{
	if (s->state == SIM_FAILED)
		return POLLOUT | POLLERR | POLLHUP;
	if (s->state != SIM_OPEN)
		return 0;
	return (short)(POLLOUT | (s->in_used || s->broken ? POLLIN : 0) | (s->broken ? POLLRDHUP | POLLHUP : 0));
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		struct sim_socket *s = sockets_of(fds[i].fd);

		if (!s)
			return __real_poll(fds, count, timeout);
		fds[i].revents = (short)(readiness(s) & (fds[i].events | POLLERR | POLLHUP));
		ready += fds[i].revents != 0;
	}
	return ready;
}

int __wrap_close(int fd)
{
	struct sim_socket *s = sockets_of(fd);

	if (!s)
		return __real_close(fd);
	sockets_let_go(s, HELD_BY_MACHINE);
	return 0;
}

/* Whole PDUs without data segments, or a login with its keys: the target wants the headers only. */
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	struct sim_socket *s = sockets_of(fd);
	const uint8_t *at = bytes, *end = at + length;

	(void)flags;
	if (s->broken) {
		errno = ECONNRESET;
		return -1;
	}
	while (end - at >= BHS) {
		size_t data = (size_t)at[5] << 16 | (size_t)at[6] << 8 | at[7];

		sockets_login(s, at);
		at += BHS + ((data + 3) & ~(size_t)3);
	}
	return (ssize_t)length;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t length, int flags)
{
	struct sim_socket *s = sockets_of(fd);

	(void)flags;
	if (!s->in_used) {
		errno = EAGAIN;
		return s->broken ? 0 : -1;
	}
	if (length > s->in_used)
		length = s->in_used;
	memcpy(bytes, s->in, length);
	memmove(s->in, s->in + length, s->in_used -= length);
	return (ssize_t)length;
}
