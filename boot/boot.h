/* boot.h - what a boot has to do next.
 *
 * The rules of the boot, each level-triggered: whenever something happened, boot_advance looks at what is there and
 * starts whatever can be started, so that nothing waits for one thing while another could be under way. Modules load
 * while the link comes up, sessions log in side by side, each disk is scanned as soon as its session is up.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/world.h"

/* Starts the module loader's work and decides how the boot will end (another init, or mounting root). The plan is made.
   Failures are in world->verdict. */
void boot_begin(struct world *world);

/* Everything that can be done now. True when the machine can be handed over, or when world->verdict says that it cannot. */
bool boot_advance(struct world *world, int64_t now_ms);

/* When boot_advance must be called again even if nothing happens. */
int64_t boot_deadline(const struct world *world);

/* The loader answered. */
void boot_module_answer(struct world *world, const struct loader_answer *answer);

/* One clause: what the boot is waiting for, in the order of the boot. Returns out. */
const char *boot_waiting_for(const struct world *world, char *out, size_t size);

/* After a failure, for the loop to be run for: if a portal does not know its target, it is asked which targets it has, and
   they are added to world->verdict. True: that is done, or there is nothing to ask. */
bool boot_add_list(struct world *world, int64_t now_ms);

/* What to do about world->verdict, one clause; by its code, or by how far the boot had come. */
const char *boot_hint(const struct world *world);

/* After a failure: ends what was half made. With `everything` also the sessions that are up. Needs the loop to run until
   boot_is_undone. */
void boot_undo(struct world *world, bool everything, int64_t now_ms);
bool boot_is_undone(struct world *world, int64_t now_ms);

/* The plan's secrets (secrets.h), and a warning of each that is short. False: world->verdict says why. */
bool boot_load_secrets(struct world *world);

/* The part that `attach` shares with the boot: modules, sessions, disks, over the network that is there. */
void boot_attach_begin(struct world *world);
bool boot_attach_advance(struct world *world, int64_t now_ms);

#endif
