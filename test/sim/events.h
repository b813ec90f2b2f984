/* events.h - the virtual clock: what happens when, in microseconds, and the chance that the model needs. */
/* SPDX-License-Identifier: MIT */
#ifndef SIM_EVENTS_H
#define SIM_EVENTS_H

#include <stdint.h>

#define SIM_MS     1000LL
#define SIM_SECOND 1000000LL

extern int64_t sim_now; /* microseconds since the beginning of the run */

/* The product's clock: milliseconds, and never 0, as there. */
#define SIM_EPOCH_MS 1000
int64_t sim_now_ms(void);

void events_begin(uint64_t seed);
void events_at(int64_t at, void (*run)(void *object, uint64_t value), void *object, uint64_t value);
/* Runs until nothing is left or the clock has reached the end, or *stop is not 0. */
void events_run(int64_t end, const int *stop);
void events_end(void);

uint64_t sim_random(void);
/* From 0 up to, but not including, below; 0 for 0. */
int64_t sim_random_below(int64_t below);

#endif
