/* What a confined process can still do, and what becomes of it when it tries more. Each check runs in a child. */
/* SPDX-License-Identifier: MIT */
#include "sys/confine.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The exit status of a child that runs this, or the signal that ended it, negative. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int resident(void)
{
	const char *step = "";
	char *none[] = {NULL};
	struct rlimit core;
	int fd;

	if (confine_resident(&step) || prctl(PR_GET_DUMPABLE) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    getrlimit(RLIMIT_CORE, &core) || core.rlim_max)
		return 1;
	if (execve("/bin/true", none, none) == 0 || errno != EPERM)
		return 2;
	if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0 || errno != EPERM)
		return 3;
	fd = socket(AF_NETLINK, SOCK_RAW, 0); /* routes */
	if (fd < 0)
		return 4;
	if (prctl(PR_CAPBSET_READ, 16 /* SYS_MODULE */, 0, 0, 0) != 0 ||
	    prctl(PR_CAPBSET_READ, 12 /* NET_ADMIN */) != 1)
		return 5;
	return 0;
}

static int reader(void)
{
	int ends[2];

	if (confine_reader() || pipe(ends) || write(ends[1], "x", 1) != 1)
		return 1;
	return socket(AF_INET6, SOCK_DGRAM, 0) < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int reader_execs(void)
{
	char *none[] = {NULL};

	return confine_reader() || execve("/bin/true", none, none);
}

static int reader_asks_the_kernel(void)
{
	return confine_reader() || socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT ||
	       socket(AF_PACKET, SOCK_DGRAM, 0) >= 0 || errno != EAFNOSUPPORT;
}

static int reader_changes_root(void)
{
	return confine_reader() || chroot("/");
}

/* As in life: the child of a confined process. */
static int child_of_resident(void)
{
	const char *step = "";

	return confine_resident(&step) || in_child(reader) || in_child(reader_execs) != -SIGSYS;
}

static void a_resident_process_keeps_what_recovery_needs(void **state)
{
	(void)state;
	assert_int_equal(in_child(resident), 0);
}

static void a_reader_can_ask_a_name_server_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(in_child(reader), 0);
	assert_int_equal(in_child(reader_execs), -SIGSYS);
	assert_int_equal(in_child(reader_asks_the_kernel), 0);
	assert_int_equal(in_child(reader_changes_root), -SIGSYS);
	assert_int_equal(in_child(child_of_resident), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resident_process_keeps_what_recovery_needs),
		cmocka_unit_test(a_reader_can_ask_a_name_server_and_no_more),
	};

	if (geteuid()) {
		puts("1..0 # SKIP capabilities need root");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
