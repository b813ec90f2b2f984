/* leases.h - a DHCP server before the storm: the product's clients, and a server that answers so many messages a second. */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_LEASES_H
#define SIM_LEASES_H

#include "test/sim/sockets.h"

/* room: messages that wait at the server; those beyond are lost. */
void leases_begin(unsigned machines, double messages_a_second, unsigned room, void (*leased)(struct machine *machine));
void leases_ask(struct machine *machine);
void leases_end(void);

#endif
