/* main.c - storms from the command line: a table, or a line of tab-separated figures for each. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/sim/storm.h"

int main(int argc, char **argv)
{
	static const struct policy *const policies[] = {&policy_ours, &policy_iscsistart, &policy_iscsid, &policy_ipxe};
	unsigned machines = argc > 1 ? (unsigned)atoi(argv[1]) : 10000;
	double capacity = argc > 2 ? atof(argv[2]) : 1000;
	unsigned backlog = argc > 3 ? (unsigned)atoi(argv[3]) : 256;
	struct storm storms[] = {
		{.name = "boot", .spread_s = 1},
		{.name = "boot, same instant", .spread_s = 0.001},
		{.name = "boot, late 30 s, refuses", .spread_s = 1, .down_s = 30},
		{.name = "boot, late 30 s, silent", .spread_s = 1, .down_s = 30, .silent = true},
		{.name = "restart", .spread_s = 0.05, .down_s = 0.5, .lost_part = 1},
		{.name = "outage 10 s", .spread_s = 0.05, .down_s = 10, .lost_part = 1},
		{.name = "outage 10 s, silent", .spread_s = 5, .down_s = 10, .lost_part = 1, .silent = true},
		{.name = "outage 10 min", .spread_s = 0.05, .down_s = 600, .lost_part = 1},
		{.name = "outage 10 min, silent", .spread_s = 5, .down_s = 600, .lost_part = 1, .silent = true},
		{.name = "outage 10 h", .spread_s = 0.05, .down_s = 36000, .lost_part = 1},
		{.name = "outage 10 s, disk", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .proves = true},
		{.name = "slow start", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .target.ramp_s = 5},
		{.name = "busy", .spread_s = 1, .target.busy_above = 64, .target.busy_cost = 0.01},
		{.name = "half of them", .spread_s = 0.05, .down_s = 10, .lost_part = 0.5},
		{.name = "restarts twice", .spread_s = 0.05, .down_s = 10, .lost_part = 1, .again_s = 3, .for_s = 2},
		{.name = "redirect to 4", .spread_s = 1, .target.redirects_to = 4, .target.redirect_cost = 0.1},
	};

	printf("%-26s %-11s %7s %7s %7s %7s %7s | %6s %6s %6s | %6s %5s %7s %7s %8s\n", "storm", "policy", "ideal",
	       "50%", "99%", "100%", "missing", "syns", "tries", "logins", "tries", "most", "wasted", "busy",
	       "dropped");
	for (size_t i = 0; i < sizeof(storms) / sizeof(storms[0]); i++) {
		if (argc > 4 && !strstr(storms[i].name, argv[4]))
			continue;
		for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++) {
			struct storm s = storms[i];
			struct outcome o;

			if (argc > 5 && !strstr(policies[p]->name, argv[5]))
				continue;
			if (p && (s.proves || s.down_s > 3600))
				continue;
			s.policy = policies[p];
			s.machines = machines;
			s.target.capacity = capacity;
			s.target.backlog = backlog;
			s.target.dead_cost = 0.1;
			s.patience_s = 10 * machines / capacity + 300;
			s.seed = 7;
			storm_run(&s, &o);
			printf("%-26s %-11s %7.2f %7.2f %7.2f %7.2f %7u | %6.1f %6.1f %6.1f | %6.1f %5.0f %7lu %7lu "
			       "%8lu\n",
			       s.name, s.policy->name, o.ideal_s, o.half_s, o.most_s, o.all_s, o.missing, o.peak_syns,
			       o.peak_tries, o.peak_logins, o.tries, o.tries_most, (unsigned long)o.wasted,
			       (unsigned long)o.busy, (unsigned long)o.dropped);
			(void)fflush(stdout);
		}
	}
	return 0;
}
