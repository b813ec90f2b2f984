/* The hand-over for real, in a mount and PID namespace: a tmpfs plays the initramfs, another one the root disk.
 *
 * This program plays all parts: the test; PID 1 in the initramfs (called "switcher"), which must lie on it; and the new
 * root's init (called "init"), which reports what it sees through a pipe. Without root it only checks that it is refused.
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "root/switch.h"

#define REPORT_FD 8 /* the pipe to the test */
#define OLD_FD    9 /* the initramfs's root directory */

static const char *const libraries[] = {"/lib", "/lib64", "/usr"}; /* bound, as this program is not static */

static bool starts_with_ours(const char *word)
{
	return !strncmp(word, "iscsi", 5);
}

static void report(const char *text)
{
	(void)!write(REPORT_FD, text, strlen(text));
	(void)!write(REPORT_FD, "\n", 1);
}

static void report_old(void)
{
	char text[200];
	static const char *const names[] = {"switcher", "big",      "deep",  "link",
					    "many/0",   "many/299", "other", "etc/evil/self"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (faccessat(OLD_FD, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			snprintf(text, sizeof(text), "old %s", names[i]);
			report(text);
		}
}

/* The new root's init. */
static _Noreturn void be_init(char *argv[], char *envp[])
{
	char text[300];
	sigset_t mask;

	snprintf(text, sizeof(text), "pid %d", getpid());
	report(text);
	for (int i = 0; argv[i]; i++) {
		snprintf(text, sizeof(text), "arg %s", argv[i]);
		report(text);
	}
	for (int i = 0; envp[i]; i++) {
		snprintf(text, sizeof(text), "env %s", envp[i]);
		report(text);
	}
	report_old();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	report(sigismember(&mask, SIGCHLD) ? "blocked" : "unblocked");
	report(access("/dev/mark", F_OK) == 0 ? "dev moved" : "dev lost");
	report(access("/run/mark", F_OK) == 0 ? "run moved" : "run lost");
	report(access("/keep/me", F_OK) == 0 ? "root kept" : "root emptied");
	report(access("/proc/self", F_OK) == 0 ? "proc there" : "proc gone");
	_exit(0); /* no leak check: there is no /proc */
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd >= 0)
		close(fd);
}

static void fill_initramfs(void)
{
	char name[64];

	touch("/big");
	mkdir("/deep", 0755);
	mkdir("/deep/er", 0755);
	touch("/deep/er/file");
	(void)!symlink("/sysroot/keep", "/link");
	mkdir("/etc", 0755);
	mkdir("/etc/evil", 0755);
	mkdir("/many", 0755);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "/many/%d", i);
		touch(name);
	}
	mkdir("/other", 0755); /* a mount of somebody's: not ours to empty */
	mount("other", "/other", "tmpfs", 0, NULL);
	touch("/other/file");
}

static void bind_libraries(const char *root)
{
	char path[128];

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, libraries[i]);
		mkdir(path, 0755);
		mount(libraries[i], path, NULL, MS_BIND | MS_REC, NULL);
	}
}

/* PID 1 on the initramfs. */
static int be_switcher(char *argv[])
{
	static const char *const places[] = {"/dev", "/run"};
	char *envp[] = {"HOME=/", "iscsi=10.0.0.1,iqn.x:secret", "TERM=linux", NULL};
	const struct root_result found = {.init = "/sbin/init", .init_named = true};
	const char *step = "none";
	char text[200];
	sigset_t mask;
	int error;

	for (size_t i = 0; i < 2; i++) {
		mkdir(places[i], 0755);
		mount("tmpfs", places[i], "tmpfs", 0, NULL);
		snprintf(text, sizeof(text), "%s/mark", places[i]);
		touch(text);
	}
	fill_initramfs();
	if (dup2(open("/", O_PATH | O_DIRECTORY), OLD_FD) < 0)
		return 1;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	error = switch_root(&found, argv, envp, starts_with_ours, &step);
	snprintf(text, sizeof(text), "failed %s: %s", step, strerror(-error));
	report(text);
	return 1;
}

static void copy_self(const char *self, const char *to)
{
	char command[300];

	snprintf(command, sizeof(command), "cp %s %s", self, to);
	(void)!system(command);
}

/* Process 1 of the namespace, still on the host's root: builds both trees and goes into the first. */
static void build_and_enter(const char *self, const char *place, bool same_device)
{
	char path[128];
	char *argv[] = {"switcher", "single", "iscsi_auto", "3", NULL};
	char *envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};

	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount("initramfs", place, "tmpfs", 0, "size=64m");
	(void)!chdir(place);
	copy_self(self, "./switcher");
	bind_libraries(".");
	mkdir("./proc", 0755);
	mount("proc", "./proc", "proc", 0, NULL);
	mkdir("./sysroot", 0755);
	if (!same_device)
		mount("root", "./sysroot", "tmpfs", 0, "size=64m");
	bind_libraries("./sysroot");
	for (const char *const *d = (const char *const[]){"sbin", "dev", "keep", "etc", NULL}; *d; d++) {
		snprintf(path, sizeof(path), "./sysroot/%s", *d);
		mkdir(path, 0755);
	}
	copy_self(self, "./sysroot/sbin/init");
	touch("./sysroot/keep/me");
	mkdir("./sysroot/etc/evil", 0755);
	(void)!symlink("/etc/evil", "./sysroot/proc"); /* the way out: proc must not be mounted behind it */
	mount(".", "/", NULL, MS_MOVE, NULL);
	(void)!chroot(".");
	(void)!chdir("/");
	execve("/switcher", argv, envp);
	_exit(2);
}

static void run_namespace(const char *place, bool same_device, int pipe_end)
{
	char self[200] = "";
	int status;
	pid_t pid;

	(void)!readlink("/proc/self/exe", self, sizeof(self) - 1);
	dup2(pipe_end, REPORT_FD);
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		_exit(77);
	pid = fork();
	if (pid == 0)
		build_and_enter(self, place, same_device);
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

/* What the parts reported; false: no namespaces for us. */
static bool hear_switch(bool same_device, char *heard, size_t size)
{
	char place[] = "/tmp/switch-test-XXXXXX";
	int ends[2], status;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	assert_non_null(mkdtemp(place));
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		run_namespace(place, same_device, ends[1]);
	close(ends[1]);
	while ((got = read(ends[0], heard + used, size - 1 - used)) > 0)
		used += (size_t)got;
	heard[used] = 0;
	close(ends[0]);
	waitpid(pid, &status, 0);
	rmdir(place);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

static void init_gets_the_machine_and_the_initramfs_is_empty(void **state)
{
	char heard[4096];

	(void)state;
	if (!hear_switch(false, heard, sizeof(heard)))
		return;
	assert_string_equal(heard, "pid 1\n"
				   "arg /sbin/init\n"
				   "arg single\n"
				   "arg 3\n"
				   "env HOME=/\n"
				   "env TERM=linux\n"
				   "old other\n"
				   "unblocked\n"
				   "dev moved\n"
				   "run moved\n"
				   "root kept\n"
				   "proc gone\n");
}

static void root_on_the_initramfs_itself_is_refused_and_nothing_lost(void **state)
{
	char heard[4096];

	(void)state;
	if (!hear_switch(true, heard, sizeof(heard)))
		return;
	assert_string_equal(heard, "failed checking that the new root is another file system: Invalid argument\n");
}

int main(int argc, char *argv[], char *envp[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_gets_the_machine_and_the_initramfs_is_empty),
		cmocka_unit_test(root_on_the_initramfs_itself_is_refused_and_nothing_lost),
	};

	(void)argc;
	if (!strcmp(argv[0], "/sbin/init"))
		be_init(argv, envp);
	if (!strcmp(argv[0], "switcher"))
		return be_switcher(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
