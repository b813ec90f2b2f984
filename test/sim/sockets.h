/* sockets.h - TCP as far as a storm needs it: SYNs that are dropped and repeated, refusals, connections, PDUs, breaks.
 *
 * The product calls socket, connect, poll, send, recv, close; the linker brings these calls here (--wrap), so that the very
 * objects that are delivered run on the virtual clock. Any other descriptor goes to the real calls.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_SOCKETS_H
#define SIM_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_DELAY 100LL /* microseconds, one way */
#define BHS       48

struct target;
struct machine;

enum holder { HELD_BY_MACHINE = 1, HELD_BY_KERNEL = 2, HELD_BY_TARGET = 4 };

struct sim_socket {
	int index;
	unsigned holders; /* free when nobody holds it */
	uint32_t generation;
	struct machine *owner;
	struct target *target;
	enum { SIM_NEW, SIM_SYN_SENT, SIM_OPEN, SIM_FAILED } state;
	int error;
	bool broken;   /* by the target */
	bool unwanted; /* by a busy target */
	unsigned syns;
	uint8_t request[BHS]; /* of a login, that the target has; [0] 0: none */
	uint8_t in[1024];     /* for the machine, where the kernel does not hold the connection */
	size_t in_used;
};

/* What a machine does: its policy. */
struct policy {
	const char *name;
	size_t size; /* of a struct that begins with a struct machine */
	void (*start)(struct machine *machine);
	/* Its session was up, and the connection broke. */
	void (*lose)(struct machine *machine);
	/* One of its sockets has changed. */
	void (*poke)(struct machine *machine, struct sim_socket *socket);
	/* A PDU came over a connection that its kernel holds. */
	void (*hear)(struct machine *machine, struct sim_socket *socket, const uint8_t bhs[BHS], const char *data,
		     size_t length);
};

struct machine {
	const struct policy *policy;
	unsigned number;
	struct target *target;
	unsigned tries;         /* calls of connect */
	int64_t began, up_at;   /* up_at: -1, not yet */
	bool settled;           /* before the storm its session was up */
	int64_t lost_before_ms; /* so long before that it was lost: what the machine did in that time is left out */
};

void sockets_begin(void);
void sockets_end(void);

/* Calls of the product until the next one are this machine's. */
void sockets_run_as(struct machine *machine);

/* For policies that are no product. */
struct sim_socket *sockets_connect(struct machine *machine, struct target *target);
void sockets_login(struct sim_socket *socket, const uint8_t bhs[BHS]);
void sockets_let_go(struct sim_socket *socket, enum holder holder);

/* The kernel's part: of a descriptor of the product's. */
struct sim_socket *sockets_of(int fd);

/* For the target: each reaches the machine after the delay. */
void sockets_accept(struct sim_socket *socket);
void sockets_refuse(struct sim_socket *socket);
void sockets_answer(struct sim_socket *socket, const uint8_t bhs[BHS], const char *data, size_t length);
void sockets_break(struct sim_socket *socket, int64_t after);

#endif
