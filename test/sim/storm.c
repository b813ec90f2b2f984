/* storm.c - see storm.h. */
/* SPDX-License-Identifier: MIT */
#include "test/sim/storm.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/log.h"
#include "test/sim/events.h"
#include "test/sim/leases.h"

#define LEASES_WAITING 256 /* messages that a server's socket holds */

double storm_course[STORM_STEPS];

static const struct storm *storm;
static char *machines;
static unsigned affected, up;
static int over;

static struct machine *machine_at(unsigned i)
{
	return (struct machine *)(void *)(machines + (size_t)i * ((storm->policy->size + 63) & ~(size_t)63));
}

void storm_up(struct machine *machine)
{
	machine->up_at = sim_now;
	over = ++up == affected;
}

/* ---- what happens ---- */

static void begin_machine(void *object, uint64_t value)
{
	struct machine *m = object;

	(void)value;
	m->began = sim_now;
	if (m->settled)
		m->policy->lose(m);
	else if (storm->dhcp_per_s > 0)
		leases_ask(m);
	else
		m->policy->start(m);
}

static void begin_leased(struct machine *m)
{
	m->policy->start(m);
}

static void target_comes(void *object, uint64_t value)
{
	(void)value, (void)object;
	for (unsigned i = 0; i <= storm->target.redirects_to; i++)
		target_start(&sim_targets[i]);
}

static void target_goes(void *object, uint64_t value)
{
	(void)object, (void)value;
	target_stop(&sim_targets[0], storm->silent);
	/* Who had come back loses its session once more. */
	for (unsigned i = 0; i < affected; i++) {
		struct machine *m = machine_at(i);

		if (m->up_at < 0)
			continue;
		m->up_at = -1;
		up--;
		m->settled = true;
		m->lost_before_ms = 0;
		events_at(sim_now + sim_random_below((int64_t)(storm->spread_s * SIM_SECOND)), begin_machine, m, 0);
	}
}

static int64_t when(double seconds)
{
	return (int64_t)(seconds * SIM_SECOND);
}

static void plan_storm(void)
{
	for (unsigned i = 0; i < affected; i++) {
		struct machine *m = machine_at(i);

		m->policy = storm->policy;
		m->number = i;
		m->target = &sim_targets[0];
		m->up_at = -1;
		m->settled = storm->lost_part > 0;
		m->lost_before_ms = (int64_t)(storm->lost_before_s * 1000);
		events_at(sim_random_below(when(storm->spread_s)), begin_machine, m, 0);
	}
	for (unsigned i = 0; i <= storm->target.redirects_to; i++)
		sim_targets[i].state = storm->silent ? TARGET_SILENT : TARGET_REFUSES;
	sim_counts.since = when(storm->down_s + storm->again_s + storm->for_s);
	events_at(when(storm->down_s), target_comes, NULL, 0);
	if (storm->again_s > 0) {
		events_at(when(storm->down_s + storm->again_s), target_goes, NULL, 0);
		events_at(sim_counts.since, target_comes, NULL, 0);
	}
}

/* ---- what comes of it ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double peak(const uint32_t *seconds)
{
	uint32_t most = 0;

	for (int i = 1; i < SIM_SECONDS_MAX; i++)
		most = seconds[i] > most ? seconds[i] : most;
	return (double)most / storm->target.capacity / (storm->target.redirects_to ? storm->target.redirects_to : 1);
}

static void judge(struct outcome *o)
{
	double *times = calloc(affected, sizeof(*times));
	unsigned targets = storm->target.redirects_to ? storm->target.redirects_to : 1;
	double tries = 0;

	if (!times)
		abort();
	memset(o, 0, sizeof(*o));
	o->machines = affected;
	o->missing = affected - up;
	o->ideal_s = affected * (storm->proves ? 2 : 1) / storm->target.capacity / targets;
	if (storm->dhcp_per_s > 0 && 2 * affected / storm->dhcp_per_s > o->ideal_s)
		o->ideal_s = 2 * affected / storm->dhcp_per_s; /* an offer and an acknowledgement each */
	for (unsigned i = 0; i < affected; i++) {
		const struct machine *m = machine_at(i);

		times[i] = m->up_at < 0 ? storm->patience_s : (double)(m->up_at - sim_counts.since) / SIM_SECOND;
		tries += m->tries;
		o->tries_most = m->tries > o->tries_most ? m->tries : o->tries_most;
	}
	qsort(times, affected, sizeof(*times), compare);
	o->half_s = times[affected / 2];
	o->most_s = times[affected - 1 - affected / 100];
	o->all_s = times[affected - 1];
	o->tries = tries / affected;
	o->peak_syns = peak(sim_counts.syns);
	o->peak_tries = peak(sim_counts.tries);
	o->peak_logins = peak(sim_counts.logins);
	o->wasted = sim_counts.wasted;
	o->busy = sim_counts.busy;
	o->dropped = sim_counts.dropped;
	for (int step = 0, i = 0; step < STORM_STEPS; step++) {
		while (i < (int)affected && times[i] <= o->ideal_s * step / 10)
			i++;
		storm_course[step] = (double)i / affected;
	}
	free(times);
}

/* What stands for /sys on all machines: a session with one disk, or nothing. */
static const char *const folders[] = {"class",
				      "class/iscsi_session",
				      "class/iscsi_session/session1",
				      "class/iscsi_session/session1/device",
				      "class/iscsi_session/session1/device/target1:0:0",
				      "class/iscsi_session/session1/device/target1:0:0/1:0:0:1"};
static const struct {
	const char *name, *text;
} files[] = {{"type", "0\n"}, {"vendor", "SIM     \n"}, {"model", "DISK            \n"}};

#define FOLDERS (int)(sizeof(folders) / sizeof(folders[0]))
#define FILES   (int)(sizeof(files) / sizeof(files[0]))

static int make_tree(char *root)
{
	int tree, disk, fd;

	tree = mkdtemp(root) ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (tree < 0)
		abort();
	if (!storm->proves)
		return tree;
	for (int i = 0; i < FOLDERS; i++)
		if (mkdirat(tree, folders[i], 0755))
			abort();
	disk = openat(tree, folders[FOLDERS - 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < FILES; i++) {
		fd = openat(disk, files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, files[i].text, strlen(files[i].text)) < 0)
			abort();
		(void)close(fd);
	}
	(void)close(disk);
	return tree;
}

static void remove_tree(int tree, const char *root)
{
	char path[128];

	for (int i = 0; i < FILES && storm->proves; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folders[FOLDERS - 1], files[i].name);
		(void)unlinkat(tree, path, 0);
	}
	for (int i = FOLDERS - 1; i >= 0; i--)
		(void)unlinkat(tree, folders[i], AT_REMOVEDIR);
	(void)close(tree);
	(void)rmdir(root);
}

void storm_run(const struct storm *what, struct outcome *outcome)
{
	char root[] = "/tmp/storm-XXXXXX";
	size_t size;
	int tree;

	storm = what;
	tree = make_tree(root);
	affected = storm->lost_part > 0 ? (unsigned)(storm->machines * storm->lost_part) : storm->machines;
	size = (size_t)affected * ((storm->policy->size + 63) & ~(size_t)63);
	machines = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (machines == MAP_FAILED)
		abort();
	up = 0;
	over = 0;
	log_set_level((enum log_level)0);
	events_begin(storm->seed);
	sockets_begin();
	targets_begin(&storm->target, storm->target.redirects_to);
	ours_prepare(tree);
	leases_begin(affected, storm->dhcp_per_s, LEASES_WAITING, begin_leased);
	plan_storm();
	events_run(sim_counts.since + when(storm->patience_s), &over);
	judge(outcome);
	targets_end();
	sockets_end();
	events_end();
	leases_end();
	(void)munmap(machines, size);
	remove_tree(tree, root);
}
