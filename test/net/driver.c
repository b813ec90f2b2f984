/* driver.c - the product's network part alone, for the tests in network namespaces.
 *
 * driver [-t SECONDS] [-k SECONDS] [-s] [-p ADDRESS [-o]] [-r DIRECTORY] 'KERNEL COMMAND LINE': reads the line as a boot does, brings the
 * network up, and prints one line for every change. -t: how long it may take; -k: how long to go on afterwards; -s: as
 * the resident process; -p: which keeps what an IPv4 or IPv6 portal needs; -o: and whose session is lost; -r: writes the records below the directory; -n NAME: looks the name up at the end, with the
 * machine's own resolv.conf. Exits 0 when the network was usable at the end.
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmdline.h"
#include "net/net.h"
#include "plan/planning.h"
#include "session/resolve.h"
#include "sys/log.h"

static const char *const state_names[] = {"waiting-link", "waiting-carrier", "waiting-address", "usable", "failed"};

#define POLLFDS_MAX (1 + 5 * NET_INTERFACES_MAX)

static struct cmdline cmdline;
static struct plan plan;
static struct net net;

static int64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void tell(enum net_state state, int64_t elapsed_ms)
{
	const char *name = net.winner < 0 ? NULL : net.interfaces[net.winner].link.name;

	printf("state %s %s %" PRId64 "\n", state_names[state], name ? name : "-", elapsed_ms);
	if (state == NET_USABLE)
		printf("took %" PRId64 "\n", net_address_ms(&net) - net_link_ms(&net));
	if (net_lease(&net) && state == NET_USABLE)
		printf("lease %08x server %08x root-path [%s]\n", net_lease(&net)->address, net_lease(&net)->server,
		       net_lease(&net)->root_path);
	if (net_lease(&net) && state == NET_USABLE)
		printf("initiator [%s]\n", net_lease(&net)->initiator_name);
	if (net_lease6(&net) && state == NET_USABLE)
		printf("boot-url [%s]\n", net_lease6(&net)->boot_url);
	fflush(stdout);
}

static bool lost;
static unsigned outage;

static void note(const char *portal)
{
	struct addrinfo *found, hints = {.ai_flags = AI_NUMERICHOST};

	if (portal && getaddrinfo(portal, NULL, &hints, &found) == 0) {
		heal_note(&net.heal, 0, now(), found->ai_addr);
		freeaddrinfo(found);
	}
	printf("noted interface %d\n", net.heal.needs[0].route.index);
	fflush(stdout);
}

/* A lost session tries again, and fails, after each repair and each event. */
static void heal(void)
{
	if (net.settled && heal_step(&net.heal, lost ? ++outage : 0, now()))
		printf("repaired\n");
	fflush(stdout);
}

static void turn(int64_t until)
{
	struct pollfd fds[POLLFDS_MAX];
	int count = net_pollfds(&net, fds, POLLFDS_MAX);
	int64_t at = net_deadline(&net), wait;

	at = at < until ? at : until;
	wait = at - now();
	if (poll(fds, (nfds_t)count, wait < 0 ? 0 : (int)wait) < 0)
		perror("poll");
	net_step(&net, fds, count, now());
	heal();
}

static void look_up(const char *name)
{
	static struct resolve resolve;
	struct sockaddr_storage found[RESOLVE_ADDRESSES_MAX];
	int count = -EAGAIN;

	resolve_init(&resolve);
	if (resolve_start(&resolve, name, 3260))
		return;
	while (count == -EAGAIN) {
		struct pollfd fd;

		if (resolve_pollfds(&resolve, &fd, 1) != 1 || poll(&fd, 1, 30000) != 1)
			break;
		count = resolve_step(&resolve, found, RESOLVE_ADDRESSES_MAX);
	}
	for (int i = 0; i < count; i++) {
		char text[80] = "?", port[8] = "?";

		getnameinfo((struct sockaddr *)&found[i], sizeof(found[i]), text, sizeof(text), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
		printf("found %s port %s\n", text, port);
	}
	if (count <= 0)
		printf("not found: %s\n", resolve_failure(&resolve));
	resolve_stop(&resolve);
}

int main(int argc, char *argv[])
{
	int64_t timeout = 10000, keep = 0, start = now(), end;
	const char *root = NULL, *name = NULL, *portal = NULL, *module;
	struct plan_error error;
	bool settle = false;
	enum net_state state = NET_WAITING_LINK, seen = NET_FAILED;
	char what[400];
	int option;

	while ((option = getopt(argc, argv, "t:k:sop:r:n:")) != -1) {
		if (option == 't')
			timeout = (int64_t)(atof(optarg) * 1000);
		else if (option == 'k')
			keep = (int64_t)(atof(optarg) * 1000);
		else if (option == 's')
			settle = true;
		else if (option == 'o')
			lost = true;
		else if (option == 'p')
			portal = optarg;
		else if (option == 'r')
			root = optarg;
		else if (option == 'n')
			name = optarg;
		else
			return 2;
	}
	log_set_level(LOG_LEVEL_DEBUG);
	if (optind + 1 == argc)
		cmdline_cut(argv[optind], strlen(argv[optind]), &cmdline);
	if (optind + 1 != argc || plan_make(&cmdline, NULL, NULL, &plan, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	if (net_open(&net, &plan.network, open("/sys", O_PATH | O_DIRECTORY), now())) {
		fprintf(stderr, "net_open failed\n");
		return 2;
	}
	while ((module = net_module_wanted(&net)))
		printf("module %s\n", module);
	for (end = start + timeout; now() < end;) {
		state = net_state(&net);
		if (state != seen)
			tell(state, now() - start);
		if (state == NET_USABLE && seen != state && keep) {
			end = now() + keep;
			if (settle) {
				net_settle(&net, true);
				note(portal);
			}
		}
		seen = state;
		if (net_records_due(&net) && root)
			printf("records %d\n", net_write_records(&net, root));
		if ((state == NET_USABLE && !keep) || state == NET_FAILED)
			break;
		turn(end);
	}
	if (name)
		look_up(name);
	state = net_state(&net);
	printf("end %s: %s\n", state_names[state], net_waiting_for(&net, what, sizeof(what)));
	return state == NET_USABLE ? 0 : 1;
}
