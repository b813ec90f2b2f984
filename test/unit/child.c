/* Work in a forked process: its result is whole or it is none, and nobody waits. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/child.h"

static bool is_slow_to_end;

/* The child's: from its last write to its end it may be a long way. */
_Noreturn void _exit(int status)
{
	while (is_slow_to_end)
		pause();
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

struct answer {
	int sum;
	char text[1000];
};

static void add(const void *context, void *result)
{
	const int *numbers = context;
	struct answer *answer = result;

	answer->sum = numbers[0] + numbers[1];
	memset(answer->text, 'x', sizeof(answer->text));
}

static void die(const void *context, void *result)
{
	(void)context;
	*(int *)result = 1;
	raise(SIGKILL);
}

static void hang(const void *context, void *result)
{
	(void)context, (void)result;
	for (;;)
		pause();
}

static enum child_state await(struct child *child, void *result, size_t size)
{
	enum child_state state;

	while ((state = child_step(child, result, size)) == CHILD_RUNNING) {
		struct pollfd ready = {.fd = child->fd, .events = POLLIN};

		assert_int_equal(poll(&ready, 1, 20000), 1);
	}
	return state;
}

static void result_comes_whole_and_the_child_is_reaped(void **state)
{
	const int numbers[2] = {40, 2};
	struct answer answer = {.sum = 0};
	struct child child = CHILD_NONE;

	(void)state;
	assert_int_equal(child_start(&child, add, numbers, sizeof(answer)), 0);
	assert_int_equal(await(&child, &answer, sizeof(answer)), CHILD_DONE);
	assert_int_equal(answer.sum, 42);
	assert_int_equal(answer.text[999], 'x');
	assert_int_equal(child.fd, -1);
	assert_int_equal(child.pid, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void death_without_a_result_is_told_and_writes_nothing(void **state)
{
	struct child child = CHILD_NONE;
	int result = 7;

	(void)state;
	assert_int_equal(child_start(&child, die, NULL, sizeof(result)), 0);
	assert_int_equal(await(&child, &result, sizeof(result)), CHILD_DIED);
	assert_int_equal(result, 7);
	assert_int_equal(child.fd, -1);
}

static void step_never_waits_and_stop_ends_it(void **state)
{
	struct child child = CHILD_NONE;
	int result, status;
	pid_t pid;

	(void)state;
	assert_int_equal(child_start(&child, hang, NULL, sizeof(result)), 0);
	pid = child.pid;
	assert_int_equal(child_step(&child, &result, sizeof(result)), CHILD_RUNNING);
	child_stop(&child);
	assert_int_equal(child.fd, -1);
	if (waitpid(pid, &status, 0) == pid) /* or it was reaped already */
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	child_stop(&child);
	assert_int_equal(child_step(&child, &result, sizeof(result)), CHILD_DIED);
}

/* Where the kernel reaps, as it does for the resident process. */
static void child_that_has_its_result_is_not_waited_for(void **state)
{
	const int numbers[2] = {40, 2};
	struct child child = CHILD_NONE;
	struct answer answer;
	pid_t pid;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	(void)alarm(60); /* that would be the waiting */
	is_slow_to_end = true;
	assert_int_equal(child_start(&child, add, numbers, sizeof(answer)), 0);
	is_slow_to_end = false;
	pid = child.pid;
	assert_int_equal(await(&child, &answer, sizeof(answer)), CHILD_DONE);
	assert_int_equal(answer.sum, 42);
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)alarm(0);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	(void)signal(SIGCHLD, SIG_DFL);
}

/* As the resident process has it, which asks nobody how a child ended. */
static void ignored_ends_lose_no_result_and_leave_nobody_unreaped(void **state)
{
	const int numbers[2] = {40, 2};
	struct child child = CHILD_NONE;
	struct answer answer;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	assert_int_equal(child_start(&child, add, numbers, sizeof(answer)), 0);
	assert_int_equal(await(&child, &answer, sizeof(answer)), CHILD_DONE);
	assert_int_equal(answer.sum, 42);
	assert_int_equal(child_start(&child, hang, NULL, sizeof(answer)), 0);
	child_stop(&child);
	assert_int_equal(waitpid(-1, NULL, 0), -1); /* waits for all of them */
	assert_int_equal(errno, ECHILD);
	(void)signal(SIGCHLD, SIG_DFL);
}

static void result_larger_than_a_pipe_takes_at_once_is_refused(void **state)
{
	struct child child = CHILD_NONE;

	(void)state;
	assert_true(child_start(&child, hang, NULL, CHILD_RESULT_MAX + 1) < 0);
	assert_int_equal(child.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_comes_whole_and_the_child_is_reaped),
		cmocka_unit_test(death_without_a_result_is_told_and_writes_nothing),
		cmocka_unit_test(step_never_waits_and_stop_ends_it),
		cmocka_unit_test(child_that_has_its_result_is_not_waited_for),
		cmocka_unit_test(ignored_ends_lose_no_result_and_leave_nobody_unreaped),
		cmocka_unit_test(result_larger_than_a_pipe_takes_at_once_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
