/* The process that waits for the end of another one and takes its place: when it is there, what it knows, what it does. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/keeper.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/resident.h"
#include "sys/sysfs.h"

#define SECRETS 7 /* stands for what is secret in the plan */

static int ends[2];
static char name[64] = "keeper-test";

static struct world *make_world(void)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(w != MAP_FAILED);
	w->multipath.child = CHILD_NONE;
	w->keeper.fd = w->status.fd = -1;
	w->proc = sysfs_open("/proc");
	w->title = (struct title){.at = name, .room = sizeof(name) - 1};
	w->plan.target_count = SECRETS;
	return w;
}

static void say(char what)
{
	if (write(ends[1], &what, 1) != 1)
		_exit(1);
}

/* What the other processes say next; '?' when they say nothing for five seconds. */
static char hear(void)
{
	struct pollfd input = {.fd = ends[0], .events = POLLIN};
	char what = '?';

	if (poll(&input, 1, 5000) == 1 && read(ends[0], &what, 1) != 1)
		what = '?';
	return what;
}

/* A child of that process sees nothing of the plan. */
static void say_what_a_child_sees(const struct world *w)
{
	if (fork() == 0) {
		say(w->plan.target_count == 0 ? 'h' : 'x');
		_exit(0);
	}
}

/* The keeper, once it is no longer one. */
static void succeed(const struct world *w)
{
	char comm[16];

	prctl(PR_GET_NAME, comm);
	say(!strcmp(comm, RESIDENT_COMM) && !strcmp(name, RESIDENT_NAME) && w->plan.target_count == SECRETS ? 'k'
													    : 'x');
	say_what_a_child_sees(w);
	_exit(0);
}

/* A resident process that has a keeper, and other children. */
static void live(void)
{
	struct world *w = make_world();
	pid_t self = getpid();

	signal(SIGCHLD, SIG_IGN);
	resident_hide(&w->plan, sizeof(w->plan));
	keeper_tend(w, 1000);
	if (getpid() != self)
		succeed(w);
	say(w->keeper.fd >= 0 ? 'a' : 'x');
	say_what_a_child_sees(w);
	for (;;)
		pause();
}

static void who_is_killed_has_a_successor_that_knows_everything(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		live();
	assert_int_equal(hear(), 'a');
	assert_int_equal(hear(), 'h');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(hear(), 'k');
	assert_int_equal(hear(), 'h');
}

/* In a process of its own, since its keepers would otherwise wait for the end of this test. */
static int tend(void)
{
	struct world *w = make_world();
	pid_t self = getpid();
	int first;

	signal(SIGCHLD, SIG_IGN);
	w->session_count = 1;
	w->sessions[0].state = SESSION_CONNECTING;
	w->sessions[0].devices = w->sessions[0].learning = CHILD_NONE;
	keeper_tend(w, 1000);
	if (w->keeper.fd >= 0)
		return 1; /* an attempt was under way */
	w->sessions[0].state = SESSION_UP;
	keeper_tend(w, 2000);
	if (getpid() != self)
		_exit(0);
	if (w->keeper.fd < 0)
		return 2;
	first = w->keeper.fd;
	keeper_tend(w, 3000);
	if (w->keeper.fd != first)
		return 3; /* one is enough */
	keeper_stop(w);
	keeper_tend(w, 4000);
	if (w->keeper.fd >= 0)
		return 4; /* not so soon */
	keeper_renew(w);
	keeper_tend(w, 5000);
	if (getpid() != self)
		_exit(0);
	if (w->keeper.fd < 0)
		return 5;
	w->sessions[0].attempt.was_up = true; /* it was missing at the boot: the keeper knows nothing of it */
	keeper_tend(w, 14000);
	if (w->keeper.known)
		return 6; /* not so soon */
	keeper_tend(w, 15000);
	if (getpid() != self)
		_exit(0);
	if (w->keeper.fd < 0 || w->keeper.known != 1)
		return 7;
	keeper_stop(w);
	return 0;
}

static void one_is_forked_when_all_is_well_and_not_too_often(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(tend());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_killed_has_a_successor_that_knows_everything),
		cmocka_unit_test(one_is_forked_when_all_is_well_and_not_too_often),
	};

	if (pipe(ends))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
