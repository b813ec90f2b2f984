/* switch.c - see switch.h.
 *
 * Everything that can fail comes before anything is deleted: the old tree is emptied through a descriptor that was opened
 * while / was still the initramfs.
 */
/* SPDX-License-Identifier: MIT */
#include "root/switch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "root/init.h"
#include "sys/sysfs.h"

#define RAMFS_MAGIC 0x858458f6 /* kernel: include/uapi/linux/magic.h */
#define TMPFS_MAGIC 0x01021994

#define WORDS_MAX        256 /* the kernel hands over at most 32 + 2 (init/main.c: MAX_INIT_ARGS, MAX_INIT_ENVS) */
#define DELETE_DEPTH_MAX 64

bool switch_is_in_memory(void)
{
	struct statfs status;

	return statfs("/", &status) == 0 &&
	       ((unsigned long)status.f_type == RAMFS_MAGIC || (unsigned long)status.f_type == TMPFS_MAGIC);
}

static bool is_directory_at(int dirfd, const char *name)
{
	struct stat status;

	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static bool is_other_device(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev != second.st_dev;
}

/* From / to the new root, which is the working directory. Where that has no place for it, it goes away. */
static void take_mount(const char *name)
{
	const char *path = name + 1; /* "dev" of "/dev" */

	if (!is_other_device(name, "/"))
		return;
	mkdir(path, 0755);
	if (!is_directory_at(AT_FDCWD, path) || mount(name, path, NULL, MS_MOVE, NULL) < 0)
		umount2(name, MNT_DETACH);
}

/* Empties a directory, without leaving its device and without following links. Closes fd. */
static void delete_below(int fd, dev_t device, int depth)
{
	struct sysfs_dir dir = {.fd = fd};
	const char *name;
	bool is_directory;

	while ((name = sysfs_dir_next(&dir, &is_directory))) {
		struct stat status;
		int below = -1;

		if (is_directory && depth < DELETE_DEPTH_MAX)
			below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && (fstat(below, &status) < 0 || status.st_dev != device)) {
			close(below);
			continue;
		}
		if (below >= 0)
			delete_below(below, device, depth + 1);
		unlinkat(fd, name, is_directory ? AT_REMOVEDIR : 0);
	}
	sysfs_dir_close(&dir);
}

static void reopen_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i <= 2; i++)
		if (i != fd)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* The words that are not ours, behind those that are there already. Ends with NULL. */
static void keep_words(char *kept[WORDS_MAX], int used, char *const words[], switch_is_ours *is_ours)
{
	for (int i = 0; words[i] && used < WORDS_MAX - 1; i++)
		if (!is_ours(words[i]))
			kept[used++] = words[i];
	kept[used] = NULL;
}

/* The next program gets signals as the kernel gives them to an init. */
static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int exec_program(const char *path, char *const argv[], char *const envp[], switch_is_ours *is_ours)
{
	char *arguments[WORDS_MAX], *environment[WORDS_MAX];

	arguments[0] = (char *)path;
	keep_words(arguments, 1, argv[0] ? argv + 1 : argv, is_ours);
	keep_words(environment, 0, envp, is_ours);
	execve(path, arguments, environment);
	return -errno;
}

/* Up to here nothing is lost: / is proved to be a file system in memory that holds this program. */
static int prove(const char **step)
{
	*step = "checking that this is process 1";
	if (getpid() != 1)
		return -EPERM;
	*step = "checking that / is the initramfs";
	if (!switch_is_in_memory() || is_other_device("/", "/proc/self/exe"))
		return -EINVAL;
	*step = "checking that the new root is another file system";
	if (!is_other_device("/", ROOT_MOUNT_POINT))
		return -EINVAL;
	return 0;
}

static int enter(const char **step)
{
	*step = "entering the new root";
	if (chdir(ROOT_MOUNT_POINT) < 0)
		return -errno;
	take_mount("/dev");
	take_mount("/proc");
	take_mount("/sys");
	take_mount("/run");
	*step = "moving the new root to /";
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return -errno;
	*step = "changing the root directory";
	if (chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

int switch_root(const struct root_result *found, char *const argv[], char *const envp[], switch_is_ours *is_ours,
		const char **step)
{
	struct stat status;
	int old, error = prove(step);

	if (error)
		return error;
	old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || fstat(old, &status) < 0)
		return -errno;
	error = enter(step);
	if (error) {
		close(old);
		return error;
	}
	*step = "deleting the initramfs";
	delete_below(old, status.st_dev, 0);
	reopen_console();
	reset_signals();
	*step = "executing init";
	error = exec_program(found->init, argv, envp, is_ours);
	for (int i = 0; !found->init_named && init_names[i]; i++)
		exec_program(init_names[i], argv, envp, is_ours);
	return error;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static const char *next_init(const char *path)
{
	return path && path[0] ? path : "/init";
}

int switch_chain_check(const char *path)
{
	struct stat status;

	path = next_init(path);
	if (stat(path, &status) < 0)
		return -errno;
	if (is_same_file(path, "/proc/self/exe"))
		return -ELOOP;
	return !S_ISREG(status.st_mode) || access(path, X_OK) < 0 ? -EACCES : 0;
}

int switch_chain(const char *path, char *const argv[], char *const envp[], switch_is_ours *is_ours)
{
	reset_signals();
	return exec_program(next_init(path), argv, envp, is_ours);
}
