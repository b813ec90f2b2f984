/* The race of a portal's addresses: who wins, what a dead one costs, when it is over. The sockets are real; the time is not.
   A listener whose queue is full swallows packets, as a black hole does. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/race.h"

#define FILLERS 3

static struct race race;
static struct {
	bool used_up; /* the ephemeral ports to the target */
	int free;     /* of those below 1024; 0: none */
	int error;    /* instead of all that */
	unsigned binds;
	int first, last; /* that were tried */
	sa_family_t family;
} ports;
static struct sockaddr_storage live, hole, refused, v6_live;
static int live_fd, hole_fd, v6_fd, fillers[FILLERS];

/* In the place of the C library's. */
int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	const struct sockaddr_in *to = address.__sockaddr_in__;

	if (!ports.used_up)
		return (int)syscall(SYS_bind, fd, address.__sockaddr__, size);
	ports.last = ntohs(to->sin_port);
	ports.first = ports.binds++ ? ports.first : ports.last;
	ports.family = to->sin_family;
	errno = ports.error ? ports.error : EADDRINUSE;
	return !ports.error && ports.last == ports.free ? 0 : -1;
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	errno = EADDRNOTAVAIL;
	if (ports.used_up && (!ports.free || ports.last != ports.free))
		return -1;
	return (int)syscall(SYS_connect, fd, address.__sockaddr__, size);
}

static int listen_at(const char *host, int backlog, struct sockaddr_storage *at)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;
	socklen_t size = sizeof(*at);
	int fd;

	memset(at, 0, sizeof(*at));
	at->ss_family = strchr(host, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(at->ss_family, host, strchr(host, ':') ? (void *)&v6->sin6_addr : &v4->sin_addr), 1);
	fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, size), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
	return fd;
}

static int begin(void **state)
{
	(void)state;
	live_fd = listen_at("127.0.0.1", 16, &live);
	v6_fd = listen_at("::1", 16, &v6_live);
	hole_fd = listen_at("127.0.0.2", 0, &hole);
	for (int i = 0; i < FILLERS; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&hole, sizeof(struct sockaddr_in));
	}
	close(listen_at("127.0.0.3", 1, &refused));
	race_init(&race);
	return 0;
}

static int end(void **state)
{
	(void)state;
	race_stop(&race);
	for (int i = 0; i < FILLERS; i++)
		close(fillers[i]);
	close(live_fd);
	close(hole_fd);
	close(v6_fd);
	return 0;
}

static int sockets(void)
{
	struct pollfd fds[RACE_ADDRESSES_MAX];

	return race_pollfds(&race, fds, RACE_ADDRESSES_MAX);
}

static int start(const struct sockaddr_storage *const list[], int count, unsigned first)
{
	struct sockaddr_storage addresses[RACE_ADDRESSES_MAX];

	for (int i = 0; i < count; i++)
		addresses[i] = *list[i];
	return race_begin(&race, "", addresses, count, first, 0, 15000, 0);
}

/* What comes of it at this time; a connection on loopback needs no more than a moment. */
static int await(int64_t now_ms)
{
	struct pollfd fds[RACE_ADDRESSES_MAX];

	(void)poll(fds, (nfds_t)race_pollfds(&race, fds, RACE_ADDRESSES_MAX), 20);
	return race_step(&race, now_ms);
}

static void assert_peer(int fd, const struct sockaddr_storage *address)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	assert_true(fd >= 0);
	memset(&peer, 0, sizeof(peer));
	assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &size), 0);
	assert_memory_equal(&peer, address, sizeof(struct sockaddr_in));
	assert_int_equal(sockets(), 0); /* the others are closed */
	close(fd);
}

static void black_hole_costs_a_quarter_of_a_second(void **state)
{
	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &live}, 2, 0), 0);
	assert_int_equal(race.deadline_ms, 250);
	assert_int_equal(await(249), -EAGAIN);
	assert_int_equal(sockets(), 1);
	assert_int_equal(race_step(&race, 250), -EAGAIN);
	assert_int_equal(sockets(), 2);
	assert_peer(await(251), &live);
	assert_int_equal(race.winner, 1);
}

static void attempts_that_end_leave_nothing_open(void **state)
{
	int before = dup(live_fd), after;

	(void)state;
	close(before);
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &hole, &refused}, 3, 2), 0);
	(void)await(0);
	for (int64_t now = 250; now <= 4250; now += 1000) /* each of the two once more */
		(void)race_step(&race, now);
	assert_int_equal(sockets(), 2);
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole}, 1, 0), 0); /* and another race */
	assert_int_equal(sockets(), 1);
	race_stop(&race);
	after = dup(live_fd);
	close(after);
	assert_int_equal(after, before);
}

static void refusal_costs_nothing(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&refused, &live}, 2, 0), 0);
	fd = await(0);
	assert_peer(fd >= 0 ? fd : await(1), &live);
}

static void families_alternate(void **state)
{
	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &live, &refused, &v6_live}, 4, 0), 0);
	assert_int_equal(race.addresses[0].ss_family, AF_INET);
	assert_int_equal(race.addresses[1].ss_family, AF_INET6);
	assert_memory_equal(&race.addresses[2], &live, sizeof(live));
	assert_memory_equal(&race.addresses[3], &refused, sizeof(live));
	assert_int_equal(race_step(&race, 250), -EAGAIN);
	race.winner = -1;
	close(await(251));
	assert_int_equal(race.winner, 1);
	assert_int_equal(start((const struct sockaddr_storage *[]){&v6_live, &hole, &live}, 3, 0), 0);
	assert_int_equal(race.address_count, 3);
	assert_memory_equal(&race.addresses[2], &live, sizeof(live));
}

static void start_can_be_given_to_another(void **state)
{
	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &live}, 2, 5), 0);
	assert_peer(await(0), &live);
}

static void all_refused_ends_it_at_once(void **state)
{
	int result = start((const struct sockaddr_storage *[]){&refused, &refused}, 2, 0);

	(void)state;
	for (int i = 0; i < 3 && (!result || result == -EAGAIN); i++)
		result = await(i);
	assert_int_equal(result, -ECONNREFUSED);
	assert_int_equal(sockets(), 0);
}

/* Nothing is waited for where the kernel says at once that there is no way. */
static void address_that_leads_nowhere_costs_nothing(void **state)
{
	struct sockaddr_storage nowhere = live;
	int before = dup(live_fd), after;

	(void)state;
	close(before);
	((struct sockaddr_in *)&nowhere)->sin_addr.s_addr = htonl(0x7fffffff); /* a broadcast */
	assert_int_equal(start((const struct sockaddr_storage *[]){&nowhere}, 1, 0), -ENETUNREACH);
	assert_int_equal(sockets(), 0);
	after = dup(live_fd);
	close(after);
	assert_int_equal(after, before); /* nothing stays open */
	assert_int_equal(start((const struct sockaddr_storage *[]){&nowhere, &live}, 2, 0), 0);
	assert_peer(await(0), &live);
}

/* TCP repeats its SYN after 1, 2 and 4 s: a target that starts at 3.5 s would be found at 7 s. Of each socket the first two
   are waited for; and the random number decides when there is another. */
static void silent_address_gets_a_new_syn_each_second(void **state)
{
	static const struct {
		uint32_t random;
		int again_ms;
	} cases[] = {{0, 2000}, {499, 1501}, {500, 2000}, {777, 1723}};
	struct sockaddr_storage addresses[1] = {hole};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t now = 0;

		assert_int_equal(race_begin(&race, "", addresses, 1, 0, cases[i].random, 15000, 0), 0);
		for (unsigned begun = 2; begun < 8; begun++) {
			assert_int_equal(race.deadline_ms, now + cases[i].again_ms);
			now = race.deadline_ms;
			assert_int_equal(race_step(&race, now), -EAGAIN);
			assert_int_equal(race.begun, begun);
			assert_int_equal(sockets(), 1);
		}
		assert_int_equal(race_step(&race, 15000), -ETIMEDOUT);
		assert_int_equal(sockets(), 0);
	}
}

static void silent_addresses_share_the_time(void **state)
{
	static const int64_t steps[] = {250, 1250, 2250, 3250};

	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &hole}, 2, 0), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(race.deadline_ms, steps[i]);
		assert_int_equal(race_step(&race, steps[i]), -EAGAIN);
		assert_int_equal(sockets(), 2);
	}
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &hole, &refused}, 3, 2), 0);
	assert_int_equal(await(0), -EAGAIN); /* the next one begins at once, and the third never again */
	assert_int_equal(race.deadline_ms, 250);
	assert_int_equal(race_step(&race, 250), -EAGAIN);
	assert_int_equal(race.deadline_ms, 1250);
}

static void as_many_addresses_as_there_is_room_for(void **state)
{
	struct sockaddr_storage addresses[RACE_ADDRESSES_MAX + 1];
	struct pollfd fds[RACE_ADDRESSES_MAX];

	(void)state;
	for (int i = 0; i <= RACE_ADDRESSES_MAX; i++)
		addresses[i] = hole;
	assert_int_equal(race_begin(&race, "", addresses, RACE_ADDRESSES_MAX + 1, 0, 0, 15000, 0), 0);
	assert_int_equal(race.address_count, RACE_ADDRESSES_MAX);
	for (int i = 1; i < RACE_ADDRESSES_MAX; i++)
		assert_int_equal(race_step(&race, 250 * i), -EAGAIN);
	assert_int_equal(sockets(), RACE_ADDRESSES_MAX);
	assert_int_equal(race_pollfds(&race, fds, 3), 3);
	assert_int_equal(fds[2].events, POLLOUT);
	race_stop(&race);
	assert_int_equal(race_begin(&race, "", addresses, 0, 0, 0, 15000, 0), -ETIMEDOUT);
}

static void socket_waits_for_nothing_and_keeps_to_its_interface(void **state)
{
	char interface[16] = "";
	socklen_t size = sizeof(int);
	int on = 0, fd;

	(void)state;
	assert_int_equal(race_begin(&race, "nowhere0", &live, 1, 0, 0, 15000, 0), -ENODEV);
	assert_int_equal(race_begin(&race, "n", &live, 1, 0, 0, 15000, 0), -ENODEV);
	assert_int_equal(sockets(), 0);
	assert_int_equal(race_begin(&race, "lo", &live, 1, 0, 0, 15000, 0), 0);
	fd = await(0);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_int_equal(on, 1);
	size = sizeof(interface);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, &size), 0);
	assert_string_equal(interface, "lo");
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void refusal_says_more_than_silence(void **state)
{
	int64_t now = 0;
	int result = start((const struct sockaddr_storage *[]){&refused, &hole}, 2, 0);

	(void)state;
	while (!result || result == -EAGAIN) {
		result = await(now);
		now = race.deadline_ms;
	}
	assert_int_equal(now, 15000);
	assert_int_equal(result, -ECONNREFUSED);
}

/* Whoever is not root can take all the others, but none of these. */
static void ports_of_root_are_left_when_all_others_are_taken(void **state)
{
	static const int free_ones[] = {1023, 1000, 600};

	for (size_t i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++) {
		memset(&ports, 0, sizeof(ports));
		ports.used_up = true;
		ports.free = free_ones[i];
		assert_int_equal(start((const struct sockaddr_storage *[]){i ? &live : &v6_live}, 1, 0), 0);
		assert_int_equal(ports.first, 1023);
		assert_int_equal(ports.last, free_ones[i]);
		assert_int_equal(ports.binds, 1024 - free_ones[i]);
		assert_int_equal(ports.family, i ? AF_INET : AF_INET6);
		close(await(0));
		assert_int_equal(race.winner, 0);
	}
	memset(&ports, 0, sizeof(ports));
	ports.used_up = true;
	assert_int_equal(start((const struct sockaddr_storage *[]){&live}, 1, 0), -EADDRNOTAVAIL);
	assert_int_equal(ports.last, 600);
	assert_int_equal(ports.binds, 424);
	ports.binds = 0;
	ports.error = EACCES; /* another one would be no better */
	assert_int_equal(start((const struct sockaddr_storage *[]){&live}, 1, 0), -EADDRNOTAVAIL);
	assert_int_equal(ports.binds, 1);
	memset(&ports, 0, sizeof(ports));
	(void)state;
}

/* Each has been tried: the others have their time. */
static void refusal_of_the_last_address_hurries_no_other(void **state)
{
	(void)state;
	assert_int_equal(start((const struct sockaddr_storage *[]){&hole, &refused}, 2, 0), 0);
	assert_int_equal(race_step(&race, 250), -EAGAIN);
	assert_int_equal(race.begun, 2);
	for (int i = 0; i < 3 && !race.failed[1]; i++)
		assert_int_equal(await(251), -EAGAIN);
	assert_true(race.failed[1]);
	assert_int_equal(race.begun, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(black_hole_costs_a_quarter_of_a_second, begin, end),
		cmocka_unit_test_setup_teardown(attempts_that_end_leave_nothing_open, begin, end),
		cmocka_unit_test_setup_teardown(refusal_costs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(address_that_leads_nowhere_costs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(families_alternate, begin, end),
		cmocka_unit_test_setup_teardown(start_can_be_given_to_another, begin, end),
		cmocka_unit_test_setup_teardown(all_refused_ends_it_at_once, begin, end),
		cmocka_unit_test_setup_teardown(silent_address_gets_a_new_syn_each_second, begin, end),
		cmocka_unit_test_setup_teardown(silent_addresses_share_the_time, begin, end),
		cmocka_unit_test_setup_teardown(as_many_addresses_as_there_is_room_for, begin, end),
		cmocka_unit_test_setup_teardown(socket_waits_for_nothing_and_keeps_to_its_interface, begin, end),
		cmocka_unit_test_setup_teardown(refusal_says_more_than_silence, begin, end),
		cmocka_unit_test_setup_teardown(ports_of_root_are_left_when_all_others_are_taken, begin, end),
		cmocka_unit_test_setup_teardown(refusal_of_the_last_address_hurries_no_other, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
