/* Whose process counts as iscsid: root's, and only while it runs. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/iscsid.h"
#include "sys/sysfs.h"

static int proc;

static pid_t start(uid_t user)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if ((user && setuid(user)) || prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NAME, "iscsid") ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* Of a pidfd, by /proc; 0: none. */
static pid_t found(void)
{
	char path[64], text[512], *at;
	int fd = iscsid_find(proc), info;
	ssize_t got;

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	got = read(info, text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = 0;
	close(info);
	close(fd);
	at = strstr(text, "Pid:");
	assert_non_null(at);
	return (pid_t)strtol(at + 4, NULL, 10);
}

static void program_of_another_user_is_not_iscsid(void **state)
{
	pid_t theirs = start(65534);
	pid_t ours = start(0);

	(void)state;
	assert_int_equal(found(), ours);
	kill(ours, SIGKILL);
	waitpid(ours, NULL, 0);
	assert_int_not_equal(found(), theirs);
	kill(theirs, SIGKILL);
	waitpid(theirs, NULL, 0);
}

/* Nobody may be able to reap it: its parent may wait for the very disk that is to be repaired. */
static void ended_iscsid_that_nobody_reaped_is_none(void **state)
{
	pid_t pid = start(0);
	siginfo_t ended;

	(void)state;
	assert_int_equal(found(), pid);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_not_equal(found(), pid);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_of_another_user_is_not_iscsid),
		cmocka_unit_test(ended_iscsid_that_nobody_reaped_is_none),
	};

	if (geteuid()) {
		puts("1..0 # SKIP processes of two users need root");
		return 0;
	}
	proc = sysfs_open("/proc");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
