/* heal.h - keeps what root needs of the network, whatever the running system does to it.
 *
 * After the hand-over: a need for each portal that a session is connected to, which is the interface, the address and the
 * route that the kernel used for it. An interface is followed by its index, so a new name changes nothing. When the system
 * takes something of that away, a line says so; when nobody has put it right after a moment, or at once while a session is
 * lost, it is set again, and nothing else is. Pauses between repairs grow, so that this never becomes a fight. An address
 * and a route that the system moves to another interface together stay there: that is how a bridge is made.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_HEAL_H
#define NET_HEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "plan/plan.h"
#include "sys/rtnl.h"

#define HEAL_NEEDS_MAX PLAN_TARGETS_MAX
#define HEAL_BELOW_MAX 8
#define HEAL_MOMENT_MS 2000 /* longer than a manager that sets an interface up anew takes */

/* What one portal needs. */
struct heal_need {
	struct rtnl_route route;   /* to the portal; index 0: this place is free */
	uint8_t prefix;            /* of the source address */
	int below[HEAL_BELOW_MAX]; /* a VLAN's parent, a bond's ports: those that were up; 0: no more */
};

/* What the kernel says of it now. */
struct heal_view {
	bool is_gone;     /* the interface was deleted */
	bool is_down;     /* it, or what is above or below it, is administratively down */
	bool is_enslaved; /* to a master that takes its packets */
	bool is_held;     /* to a master that cannot carry the address: it has to be released */
	int at;           /* where the address belongs: its own index, or its bridge's, bond's or team's */
	int address_on;   /* index of the interface that has the address; 0: none */
	int route_on;     /* index of the interface that the route uses; 0: no route */
};

enum heal_damage { HEAL_GONE = 1, HEAL_DOWN = 2, HEAL_ENSLAVED = 4, HEAL_ADDRESS = 8, HEAL_ROUTE = 16 };

struct heal {
	struct rtnl *rtnl; /* NULL: switched off */
	bool touched;      /* look again */
	unsigned outage;   /* as heal_step was told last */
	unsigned damage;   /* as was said last; enum heal_damage */
	unsigned repairs;  /* of this damage, and of those shortly before it */
	int64_t seen_ms, repaired_ms;
	int64_t due_ms; /* INT64_MAX: nothing is wrong */
	int64_t noted_ms[HEAL_NEEDS_MAX];
	struct heal_need needs[HEAL_NEEDS_MAX];
};

/* heal: all zero. */
void heal_init(struct heal *heal, struct rtnl *rtnl);

/* Session number i, below HEAL_NEEDS_MAX, is connected to this address since up_ms: what the kernel uses for it now is what
   is needed. Again with the same up_ms it does nothing. An address that is reached without an interface of its own (a
   loopback) needs nothing. */
void heal_note(struct heal *heal, int i, int64_t up_ms, const struct sockaddr *peer);

/* Something happened to an interface; index 0: to a route. */
void heal_touch(struct heal *heal, int index);

int64_t heal_deadline(const struct heal *heal);

/* Looks, where there is a reason to, and repairs what is due. outage: a number that changes with each new attempt of a lost
   session, 0 when none is lost. True: something was repaired, so a new attempt is worthwhile. */
bool heal_step(struct heal *heal, unsigned outage, int64_t now_ms);

/* ---- the decisions, pure ---- */

/* Bits of enum heal_damage; 0: root has what it needs. */
unsigned heal_damage(const struct heal_need *need, const struct heal_view *view, bool outage);

/* When the next repair is due: of damage since seen_ms, after so many repairs, the last at repaired_ms. */
int64_t heal_due(int64_t seen_ms, unsigned repairs, int64_t repaired_ms, bool outage);

#endif
