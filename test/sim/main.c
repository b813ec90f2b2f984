/* main.c - storms from the command line: storm [-t] [MACHINES [CAPACITY [BACKLOG [STORM [POLICY]]]]]
 *
 * A table; or with -t a line of tab-separated figures for each storm and policy, which ends in the share of machines that have
 * their session at each tenth of the ideal time. STORM and POLICY: just those whose names hold them.
 */
/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/sim/storm.h"

#define MINUTE 60.0
#define HOUR   (60 * MINUTE)

static const struct policy *const policies[] = {&policy_ours, &policy_iscsistart, &policy_iscsid, &policy_ipxe};

/* Of an outage that is longer than a minute the last minute is run. */
static const struct storm storms[] = {
	{.name = "boot", .spread_s = 1},
	{.name = "boot, same instant", .spread_s = 0.001},
	{.name = "boot, target 30 s late", .spread_s = 1, .down_s = 30},
	{.name = "boot, 30 s late, silent", .spread_s = 1, .down_s = 30, .silent = true},
	{.name = "boot, behind DHCP", .spread_s = 1, .dhcp_per_s = 2},
	{.name = "restart", .spread_s = 0.05, .down_s = 0.5, .lost_part = 1},
	{.name = "outage 10 s", .spread_s = 0.05, .down_s = 10, .lost_part = 1},
	{.name = "outage 10 s, silent", .spread_s = 5, .down_s = 10, .lost_part = 1, .silent = true},
	{.name = "outage 2 min", .spread_s = 0.05, .lost_before_s = MINUTE, .down_s = MINUTE, .lost_part = 1},
	{.name = "outage 2 min, silent",
	 .spread_s = 5,
	 .lost_before_s = MINUTE,
	 .down_s = MINUTE,
	 .lost_part = 1,
	 .silent = true},
	{.name = "outage 10 min", .spread_s = 0.05, .lost_before_s = 9 * MINUTE, .down_s = MINUTE, .lost_part = 1},
	{.name = "outage 10 min, silent",
	 .spread_s = 5,
	 .lost_before_s = 9 * MINUTE,
	 .down_s = MINUTE,
	 .lost_part = 1,
	 .silent = true},
	{.name = "outage 10 h", .spread_s = 0.05, .lost_before_s = 10 * HOUR, .down_s = MINUTE, .lost_part = 1},
	{.name = "outage 10 h, silent",
	 .spread_s = 5,
	 .lost_before_s = 10 * HOUR,
	 .down_s = MINUTE,
	 .lost_part = 1,
	 .silent = true},
	{.name = "outage 10 s, with proof", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .proves = true},
	{.name = "half lose theirs", .spread_s = 0.05, .down_s = 10, .lost_part = 0.5},
	{.name = "restarts twice", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .again_s = 3, .for_s = 2},
	{.name = "starts slowly (5 s)", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .target.ramp_s = 5},
	{.name = "says busy", .spread_s = 1, .target.busy_above = 64, .target.busy_cost = 0.01},
	{.name = "redirects to 4", .spread_s = 1, .target.redirects_to = 4, .target.redirect_cost = 0.05},
};

static void print_head(bool tabs)
{
	if (tabs)
		printf("storm\tpolicy\tideal_s\thalf_s\tmost_s\tall_s\tmissing\tsyns\ttries\tlogins\ttries_mean\ttries_"
		       "most\t"
		       "wasted\tbusy\tdropped\tcourse...\n");
	else
		printf("%-24s %-11s %7s %7s %7s %7s %7s | %6s %6s %6s | %6s %5s %7s %7s %8s\n", "storm", "policy",
		       "ideal", "50 %", "99 %", "100 %", "missing", "SYNs", "tries", "logins", "tries", "most",
		       "wasted", "busy", "dropped");
}

static void print(bool tabs, const struct storm *s, const struct outcome *o)
{
	printf(tabs ? "%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%u\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%lu\t%lu\t%lu"
		    : "%-24s %-11s %7.2f %7.2f %7.2f %7.2f %7u | %6.1f %6.1f %6.1f | %6.1f %5.0f %7lu %7lu %8lu",
	       s->name, s->policy->name, o->ideal_s, o->half_s, o->most_s, o->all_s, o->missing, o->peak_syns,
	       o->peak_tries, o->peak_logins, o->tries, o->tries_most, (unsigned long)o->wasted, (unsigned long)o->busy,
	       (unsigned long)o->dropped);
	for (int step = 0; tabs && step < STORM_STEPS; step++)
		printf("\t%.4f", storm_course[step]);
	printf("\n");
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	bool tabs = argc > 1 && !strcmp(argv[1], "-t");
	char **words = argv + (tabs ? 2 : 1);
	int count = argc - (tabs ? 2 : 1);
	unsigned machines = count > 0 ? (unsigned)atoi(words[0]) : 10000;
	double capacity = count > 1 ? atof(words[1]) : 1000;
	unsigned backlog = count > 2 ? (unsigned)atoi(words[2]) : 256;

	print_head(tabs);
	for (size_t i = 0; i < sizeof(storms) / sizeof(storms[0]); i++)
		for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++) {
			struct storm s = storms[i];
			struct outcome o;

			s.policy = policies[p];
			if ((count > 3 && !strstr(s.name, words[3])) ||
			    (count > 4 && !strstr(s.policy->name, words[4])))
				continue;
			if (s.proves && p)
				continue; /* nobody else has it */
			s.machines = machines;
			s.target.capacity = capacity;
			s.target.backlog = backlog;
			s.target.dead_cost = 0.1;
			s.patience_s = 10 * machines / capacity + 300;
			s.dhcp_per_s *= capacity; /* the table has it for each login */
			s.seed = 7;
			storm_run(&s, &o);
			print(tabs, &s, &o);
		}
	return 0;
}
