/* The hand-over: what the boot knew is forgotten, what a session is in the middle of is not. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/sysfs.h"

static const struct netlink netlink = {.call_fd = -1, .event_fd = -1};

static struct world *make_world(void)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(w != MAP_FAILED);
	w->uevents = w->clock = w->loader.fd = w->keeper.fd = w->status.fd = w->run.fd = w->iscsid = -1;
	w->sysfs = sysfs_open("/sys");
	w->dev = sysfs_open("/dev");
	w->proc = sysfs_open("/proc");
	w->session_count = 2;
	for (int i = 0; i < 2; i++) {
		struct session *s = &w->sessions[i];

		session_init(s, &w->plan.targets[i], &netlink, -1, 1);
		s->attempt.was_up = true;
		memset(&s->attempt.login, 7, sizeof(s->attempt.login));
	}
	return w;
}

/* In a process of its own: it changes what that process is. 0: as it should be. */
static int settle(void)
{
	static char name[] = "supervisor-test";
	char *argv[] = {name, NULL};
	struct world *w = make_world();
	const uint8_t *logging_in = (const uint8_t *)&w->sessions[0].attempt.login;
	const uint8_t *idle = (const uint8_t *)&w->sessions[1].attempt.login;
	const char *step;

	w->sessions[0].state = SESSION_LOGIN;
	w->sessions[0].attempt.state = ATTEMPT_LOGIN;
	w->sessions[1].state = SESSION_UP;
	(void)supervisor_settle(w, argv, &step);
	for (size_t i = 0; i < sizeof(struct login); i++) {
		if (logging_in[i] != 7)
			return 1;
		if (idle[i])
			return 2;
	}
	return w->sessions[0].state == SESSION_LOGIN && w->resident && w->clock >= 0 ? 0 : 3;
}

static void login_that_is_under_way_goes_on(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(settle());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_that_is_under_way_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
