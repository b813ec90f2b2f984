/* events.c - see events.h. A binary heap; what is due at the same time runs in the order in which it was put there. */
/* SPDX-License-Identifier: MIT */
#include "test/sim/events.h"

#include <stdlib.h>

struct event {
	int64_t at;
	uint64_t order;
	void (*run)(void *object, uint64_t value);
	void *object;
	uint64_t value;
};

int64_t sim_now;

static struct event *heap;
static size_t count, room;
static uint64_t put, state;

int64_t sim_now_ms(void)
{
	return sim_now / SIM_MS + SIM_EPOCH_MS;
}

/* splitmix64 */
uint64_t sim_random(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

int64_t sim_random_below(int64_t below)
{
	return below > 0 ? (int64_t)(sim_random() % (uint64_t)below) : 0;
}

void events_begin(uint64_t seed)
{
	sim_now = 0;
	count = 0;
	put = 0;
	state = seed;
}

void events_end(void)
{
	free(heap);
	heap = NULL;
	count = room = 0;
}

static int is_earlier(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void events_at(int64_t at, void (*run)(void *object, uint64_t value), void *object, uint64_t value)
{
	struct event event = {at < sim_now ? sim_now : at, put++, run, object, value};
	size_t i;

	if (count == room) {
		room = room ? 2 * room : 4096;
		heap = realloc(heap, room * sizeof(*heap));
		if (!heap)
			abort();
	}
	for (i = count++; i && is_earlier(&event, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = event;
}

static struct event take_first(void)
{
	struct event first = heap[0], last = heap[--count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count && is_earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!is_earlier(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

void events_run(int64_t end, const int *stop)
{
	while (count && heap[0].at <= end && !*stop) {
		struct event event = take_first();

		sim_now = event.at;
		event.run(event.object, event.value);
	}
}
