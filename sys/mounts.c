/* mounts.c - /proc, /sys, /dev and /run.
 *
 * Mounts only what is missing. /run needs care: initramfs-tools mounts a tmpfs over the one it finds, and moves that one
 * to the real root; our files are copied into it as soon as it is there.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/sysfs.h"

#define RUN_DIRECTORY "iscsi-init"
#define COPY_BYTES    2048
#define COPY_DEPTH    4 /* /run/systemd/system.control/X.service.d is three */

struct place {
	const char *path;
	const char *type;
	unsigned long flags;
	const char *options;
};

static const struct place places[MOUNTS_COUNT] = {
	[MOUNTS_DEV] = {"/dev", "devtmpfs", MS_NOSUID, "mode=0755"},
	[MOUNTS_PROC] = {"/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	[MOUNTS_SYS] = {"/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	[MOUNTS_RUN] = {"/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%"},
};

const char *mounts_path(enum mounts_place place)
{
	return places[place].path;
}

/* A directory on another device than its parent is where something is mounted. */
static bool is_mount_point(const char *path)
{
	struct stat here, parent;

	return stat(path, &here) == 0 && stat("/", &parent) == 0 && here.st_dev != parent.st_dev;
}

static int mount_place(const struct place *place, bool *ours)
{
	*ours = false;
	if (is_mount_point(place->path))
		return 0;
	if (mkdir(place->path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mount(place->type, place->path, place->type, place->flags, place->options) < 0)
		return errno == EBUSY ? 0 : -errno;
	*ours = true;
	return 0;
}

/* The kernel leaves 0 to 2 closed when the initramfs has no /dev/console. */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
		if (fd < 0)
			fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int mounts_early(struct mounts *mounts, enum mounts_place *place)
{
	int first = 0;

	*mounts = (struct mounts){0};
	for (int i = 0; i < MOUNTS_COUNT; i++) {
		int error = mount_place(&places[i], &mounts->ours[i]);

		if (error && !first) {
			first = error;
			*place = (enum mounts_place)i;
		}
		if (i == MOUNTS_DEV)
			open_standard();
	}
	return first;
}

void mounts_leave(const struct mounts *mounts)
{
	for (int i = 0; i < MOUNTS_COUNT; i++)
		if (mounts->ours[i] && i != MOUNTS_RUN)
			umount2(places[i].path, MNT_DETACH);
}

int mounts_cover_cmdline(struct mounts *mounts, int run, const char *text, size_t length)
{
	int fd = openat(run, "cmdline", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0444);
	ssize_t written = fd < 0 ? -1 : write(fd, text, length);
	int error = written == (ssize_t)length ? 0 : written < 0 ? -errno : -ENOSPC;

	if (fd >= 0)
		close(fd);
	if (!error && mount("/run/" RUN_DIRECTORY "/cmdline", "/proc/cmdline", NULL, MS_BIND, NULL))
		error = -errno;
	if (!error)
		mounts->ours[MOUNTS_PROC] = false;
	return error;
}

/* Makes and opens the directory in the /run that is seen at root, which *top becomes a descriptor of. */
static int open_directory(int root, dev_t *device, int *top)
{
	int run = openat(root, "run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	int fd = -1, error = 0;

	if (run < 0)
		return -errno;
	if (mkdirat(run, RUN_DIRECTORY, 0755) < 0 && errno != EEXIST)
		error = -errno;
	else if (fstat(run, &status) < 0 ||
		 (fd = openat(run, RUN_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		error = -errno;
	else
		*device = status.st_dev;
	if (error)
		close(run);
	else
		*top = run;
	return error ? error : fd;
}

int mounts_run_open(struct mounts_run *run)
{
	*run = (struct mounts_run){.fd = -1, .top = -1, .root = -1, .mountinfo = -1};
	run->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->root < 0)
		return -errno;
	run->mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	run->fd = open_directory(run->root, &run->device, &run->top);
	run->first = run->device;
	return run->fd < 0 ? run->fd : 0;
}

static void copy_bytes(int in, int out)
{
	char bytes[COPY_BYTES];
	ssize_t length;

	while ((length = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)length) != length)
			return;
}

/* What is there already stays. */
static void copy_file(int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC), out = -1;
	struct stat status;

	if (in >= 0 && fstat(in, &status) == 0 && S_ISREG(status.st_mode))
		out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, status.st_mode & 0777);
	if (out >= 0) {
		copy_bytes(in, out);
		close(out);
	}
	if (in >= 0)
		close(in);
}

static void copy_files(int from, int to, int depth)
{
	struct sysfs_dir dir;
	const char *name;
	bool is_directory;
	int below, copy;

	if (sysfs_dir_open(&dir, from, ".") < 0)
		return;
	while ((name = sysfs_dir_next(&dir, &is_directory))) {
		if (!is_directory) {
			copy_file(from, to, name);
			continue;
		}
		if (depth == COPY_DEPTH || (mkdirat(to, name, 0755) && errno != EEXIST))
			continue;
		below = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		copy = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && copy >= 0)
			copy_files(below, copy, depth + 1);
		if (below >= 0)
			close(below);
		if (copy >= 0)
			close(copy);
	}
	sysfs_dir_close(&dir);
}

/* The first /run is ours alone, and what the next system is told of the network lies beside our own directory. Another is
   other programs' as well. (".." would lead to the mount that lies on top.) */
bool mounts_run_follow(struct mounts_run *run)
{
	struct stat status, root;
	dev_t device;
	int fd, top;

	if (run->fd < 0 || fstatat(run->root, "run", &status, 0) < 0 || fstat(run->root, &root) < 0)
		return false;
	/* Once the real root has taken its /run away, the first one, or none, is seen again. */
	if (status.st_dev == run->device || status.st_dev == run->first || status.st_dev == root.st_dev)
		return false;
	if (!S_ISDIR(status.st_mode) || major(status.st_dev) != 0) /* not a file system in memory */
		return false;
	fd = open_directory(run->root, &device, &top);
	if (fd < 0)
		return false;
	if (run->device == run->first)
		copy_files(run->top, top, 0);
	else
		copy_files(run->fd, fd, 0);
	close(run->fd);
	close(run->top);
	run->fd = fd;
	run->top = top;
	run->device = device;
	return true;
}
