/* Whose process counts as iscsid: that of the host's root with a socket at the kernel's iSCSI interface, while it runs. The
   processes are real, what /proc says of them is the test's. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/iscsid.h"
#include "sys/process.h"
#include "sys/sysfs.h"

#define ROOT  "Uid:\t0\t0\t0\t0\n"
#define HOST  "NSpid:\t%d\n"
#define ADMIN "CapEff:\t000001ffffffffff\n"

static char root[] = "/tmp/iscsid-test-XXXXXX";
static int proc;
static pid_t running;

static void put(const char *path, const char *text)
{
	int fd = openat(proc, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* One socket of protocol 8 at this port, among others; enough of them that the table is read in several pieces. */
static void bind_port(int protocol, long port)
{
	char text[8192] = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n",
	     line[160];

	for (int i = 0; i < 60; i++) {
		snprintf(line, sizeof(line),
			 "0000000000000000 %-3d %-10ld %08x 0        0        0     2        0        %d\n",
			 i == 50 ? protocol : 0, i == 50 ? port : 4000000000L + i, 1, 20000 + i);
		strcat(text, line);
	}
	put("self/net/netlink", text);
}

/* A process with that name and these lines in its status file. */
static void describe(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void describe(const char *name, const char *format, ...)
{
	char path[64], lines[512], status[600];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(lines, sizeof(lines), format, arguments);
	va_end(arguments);
	snprintf(path, sizeof(path), "%d", (int)running);
	mkdirat(proc, path, 0755);
	snprintf(path, sizeof(path), "%d/comm", (int)running);
	snprintf(status, sizeof(status), "%s\n", name);
	put(path, status);
	snprintf(path, sizeof(path), "%d/status", (int)running);
	snprintf(status, sizeof(status), "Name:\t%s\nUmask:\t0022\n%sSeccomp:\t0\n", name, lines);
	put(path, status);
}

static void the_daemon_is_found(void **state)
{
	int fd;

	(void)state;
	bind_port(8, running);
	describe("iscsid", ROOT HOST ADMIN, (int)running);
	assert_int_equal(iscsid_find(proc), running);
	fd = iscsid_open(proc);
	assert_true(fd >= 0);
	close(fd);
}

static void a_name_without_the_kernels_interface_is_nothing(void **state)
{
	(void)state;
	describe("iscsid", ROOT HOST ADMIN, (int)running);
	bind_port(8, running + 1);
	assert_int_equal(iscsid_find(proc), 0);
	bind_port(0, running); /* another protocol */
	assert_int_equal(iscsid_find(proc), 0);
	bind_port(8, running);
	describe("iscsiadm", ROOT HOST ADMIN, (int)running);
	assert_int_equal(iscsid_find(proc), 0);
}

static void root_of_a_container_is_not_believed(void **state)
{
	(void)state;
	bind_port(8, running);
	describe("iscsid", ROOT "NSpid:\t%d\t17\n" ADMIN, (int)running);
	assert_int_equal(iscsid_find(proc), 0);
	describe("iscsid", ROOT HOST "CapEff:\t00000000a80425fb\n", (int)running);
	assert_int_equal(iscsid_find(proc), 0);
	describe("iscsid", "Uid:\t100000\t100000\t100000\t100000\n" HOST ADMIN, (int)running);
	assert_int_equal(iscsid_find(proc), 0);
	describe("iscsid", "Uid:\t0\t1000\t0\t0\n" HOST ADMIN, (int)running);
	assert_int_equal(iscsid_find(proc), 0);
}

/* Nobody may be able to reap it: its parent may wait for the very disk that is to be repaired. */
static void ended_iscsid_that_nobody_reaped_is_none(void **state)
{
	pid_t before = running;
	siginfo_t ended;

	(void)state;
	running = start();
	bind_port(8, running);
	describe("iscsid", ROOT HOST ADMIN, (int)running);
	kill(running, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)running, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(iscsid_open(proc), -ENOENT);
	waitpid(running, NULL, 0);
	running = before;
}

static void names_of_processes_are_numbers(void **state)
{
	(void)state;
	assert_int_equal(process_of_name("42"), 42);
	assert_int_equal(process_of_name("self"), 0);
	assert_int_equal(process_of_name("4x"), 0);
	assert_int_equal(process_of_name("99999999999"), 0);
}

static int make_tree(void **state)
{
	(void)state;
	if (!mkdtemp(root) || (proc = sysfs_open(root)) < 0 || mkdirat(proc, "self", 0755) ||
	    mkdirat(proc, "self/net", 0755))
		return -1;
	running = start();
	return running < 0;
}

static int remove_tree(void **state)
{
	char command[64];

	(void)state;
	kill(running, SIGKILL);
	waitpid(running, NULL, 0);
	close(proc);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_daemon_is_found),
		cmocka_unit_test(a_name_without_the_kernels_interface_is_nothing),
		cmocka_unit_test(root_of_a_container_is_not_believed),
		cmocka_unit_test(ended_iscsid_that_nobody_reaped_is_none),
		cmocka_unit_test(names_of_processes_are_numbers),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
