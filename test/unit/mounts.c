/* Early mounts and the way of /run, in a mount namespace. Without root there is nothing to be checked. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
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

#include "sys/mounts.h"

#define NOT_ALLOWED 77

/* Like an initramfs before anything is mounted. */
static void enter_empty_root(const char *place)
{
	if (unshare(CLONE_NEWNS) < 0)
		_exit(NOT_ALLOWED);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount("initramfs", place, "tmpfs", 0, NULL) < 0 || chdir(place) < 0)
		_exit(NOT_ALLOWED);
	mount(".", "/", NULL, MS_MOVE, NULL);
	if (chroot(".") < 0 || chdir("/") < 0)
		_exit(NOT_ALLOWED);
}

/* Runs a check in its own namespace. The number of the line that failed; 0: good. */
static int run_apart(int (*check)(void))
{
	char place[] = "/tmp/mounts-test-XXXXXX";
	int status;
	pid_t pid;

	if (!mkdtemp(place))
		return __LINE__;
	pid = fork();
	if (pid == 0) {
		enter_empty_root(place);
		_exit(check() ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	rmdir(place);
	return WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED ? 0 : status;
}

#define MUST(condition)                                                           \
	do {                                                                      \
		if (!(condition)) {                                               \
			fprintf(stderr, "# line %d: %s\n", __LINE__, #condition); \
			return 1;                                                 \
		}                                                                 \
	} while (0)

static bool is_mounted(const char *path)
{
	struct stat here, root;

	return stat(path, &here) == 0 && stat("/", &root) == 0 && here.st_dev != root.st_dev;
}

static int check_early(void)
{
	enum mounts_place place;
	struct mounts mounts, again;

	MUST(mkdir("/run", 0755) == 0 && mount("before", "/run", "tmpfs", 0, NULL) == 0);
	MUST(mounts_early(&mounts, &place) == 0);
	MUST(is_mounted("/dev") && is_mounted("/proc") && is_mounted("/sys") && is_mounted("/run"));
	MUST(mounts.ours[MOUNTS_DEV] && mounts.ours[MOUNTS_PROC] && mounts.ours[MOUNTS_SYS]);
	MUST(!mounts.ours[MOUNTS_RUN]);
	MUST(access("/proc/self", F_OK) == 0 && access("/dev/null", F_OK) == 0 && access("/sys/class", F_OK) == 0);
	MUST(mounts_early(&again, &place) == 0);
	MUST(!again.ours[MOUNTS_PROC]);
	mounts_leave(&mounts);
	MUST(!is_mounted("/dev") && !is_mounted("/proc") && !is_mounted("/sys") && is_mounted("/run"));
	MUST(mount("proc", "/proc", "proc", 0, NULL) == 0); /* what the next init does */
	return 0;
}

static int check_standard_descriptors(void)
{
	enum mounts_place place;
	struct mounts mounts;
	struct stat status;

	close(0);
	close(1);
	MUST(mounts_early(&mounts, &place) == 0);
	MUST(fstat(0, &status) == 0 && S_ISCHR(status.st_mode));
	MUST(fstat(1, &status) == 0 && S_ISCHR(status.st_mode));
	return 0;
}

static bool says(const char *path, const char *text)
{
	char is[32] = "";
	int fd = open(path, O_RDONLY);
	bool same = fd >= 0 && read(fd, is, sizeof(is) - 1) >= 0 && !strcmp(is, text);

	close(fd);
	return same;
}

static bool write_times(int dirfd, const char *text)
{
	int fd = openat(dirfd, "times", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

static int check_run(void)
{
	enum mounts_place place;
	struct mounts mounts;
	struct mounts_run run;
	struct stat status;
	struct pollfd changed = {.events = POLLPRI};

	MUST(mounts_early(&mounts, &place) == 0);
	MUST(mounts_run_open(&run) == 0);
	MUST(write_times(run.fd, "connect 3\n"));
	MUST(mkdir("/run/a", 0755) == 0 && mkdir("/run/a/b", 0755) == 0);
	MUST(write_times(open("/run/a/b", O_PATH), "of the network\n"));
	changed.fd = run.mountinfo;
	MUST(poll(&changed, 1, 0) == 0);
	MUST(!mounts_run_follow(&run));

	/* initramfs-tools: a new /run, later moved to the real root. */
	MUST(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") == 0);
	MUST(access("/run/iscsi-init/times", F_OK) < 0);
	MUST(poll(&changed, 1, 5000) == 1);
	MUST(mounts_run_follow(&run));
	MUST(says("/run/iscsi-init/times", "connect 3\n"));
	MUST(says("/run/a/b/times", "of the network\n"));
	MUST(stat("/run/iscsi-init/times", &status) == 0 && (status.st_mode & 0777) == 0640);
	MUST(poll(&changed, 1, 0) == 0);

	MUST(mkdir("/root", 0755) == 0 && mount("root", "/root", "tmpfs", 0, NULL) == 0);
	MUST(mkdir("/root/run", 0755) == 0 && mount("/run", "/root/run", NULL, MS_MOVE, NULL) == 0);
	MUST(poll(&changed, 1, 5000) == 1);
	MUST(!mounts_run_follow(&run)); /* our first /run is seen again: it is not the system's */
	MUST(write_times(run.fd, "connect 4\n"));
	MUST(says("/root/run/iscsi-init/times", "connect 4\n"));

	MUST(umount2("/run", MNT_DETACH) == 0);
	MUST(!mounts_run_follow(&run)); /* no /run but a plain directory */
	return 0;
}

static void early_mounts_are_made_once_and_left_as_found(void **state)
{
	(void)state;
	assert_int_equal(run_apart(check_early), 0);
}

static void standard_descriptors_are_open_afterwards(void **state)
{
	(void)state;
	assert_int_equal(run_apart(check_standard_descriptors), 0);
}

static void files_in_run_stay_visible_through_a_second_initramfs(void **state)
{
	(void)state;
	assert_int_equal(run_apart(check_run), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_mounts_are_made_once_and_left_as_found),
		cmocka_unit_test(standard_descriptors_are_open_afterwards),
		cmocka_unit_test(files_in_run_stay_visible_through_a_second_initramfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
