/* users.c - see users.h. */
/* SPDX-License-Identifier: MIT */
#include "command/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command/disks.h"
#include "sys/child.h"
#include "sys/log.h"
#include "sys/mountinfo.h"
#include "sys/process.h"
#include "sys/sysfs.h"

#define PARTS_MAX      260
#define NAMESPACES_MAX 64
#define LINE_BYTES     4096

struct search {
	int sysfs, proc;
	struct user *out;
	int count, max;
	/* The disk and its partitions. */
	int part_count;
	char names[PARTS_MAX][DISKS_NAME_MAX];
	dev_t ids[PARTS_MAX];
	/* Mount namespaces that were read already. */
	int namespace_count;
	ino_t namespaces[NAMESPACES_MAX];
};

static void add(struct search *search, enum user_kind kind, int part, const char *what)
{
	struct user user = {.kind = kind};

	snprintf(user.device, sizeof(user.device), "%s", search->names[part]);
	log_safe(user.what, sizeof(user.what), what, strlen(what));
	for (int i = 0; i < search->count; i++)
		if (search->out[i].kind == kind && !strcmp(search->out[i].device, user.device) &&
		    !strcmp(search->out[i].what, user.what))
			return;
	if (search->count < search->max)
		search->out[search->count++] = user;
}

/* Which part of the disk has this number? -1: none. */
static int find_part(const struct search *search, dev_t id)
{
	for (int i = 0; id && i < search->part_count; i++)
		if (search->ids[i] == id)
			return i;
	return -1;
}

/* The device that a path leads to, seen from this process; 0: none. */
static dev_t device_at(int dirfd, const char *path)
{
	struct stat status;

	return path[0] == '/' && !fstatat(dirfd, path, &status, 0) && S_ISBLK(status.st_mode) ? status.st_rdev : 0;
}

static void add_part(void *context, const char *name)
{
	struct search *search = context;
	char path[96], text[32], *end;
	unsigned long number;

	snprintf(path, sizeof(path), "class/block/%s/dev", name);
	if (search->part_count == PARTS_MAX || strlen(name) >= DISKS_NAME_MAX ||
	    sysfs_read(search->sysfs, path, text, sizeof(text)) <= 0)
		return;
	number = strtoul(text, &end, 10);
	if (*end != ':')
		return;
	snprintf(search->names[search->part_count], DISKS_NAME_MAX, "%s", name);
	search->ids[search->part_count++] = makedev((unsigned)number, (unsigned)strtoul(end + 1, NULL, 10));
}

/* ---- devices that are stacked on it ---- */

static void add_holder(struct search *search, int part, const char *holder)
{
	char path[96], name[96], what[160];

	snprintf(path, sizeof(path), "class/block/%.40s/dm/name", holder);
	if (sysfs_read(search->sysfs, path, name, sizeof(name)) > 0)
		snprintf(what, sizeof(what), "%.40s (%s)", holder, name);
	else
		snprintf(what, sizeof(what), "%.40s", holder);
	add(search, USER_DEVICE, part, what);
}

static void find_holders(struct search *search)
{
	struct sysfs_dir dir;
	const char *name;
	char path[96];

	for (int i = 0; i < search->part_count; i++) {
		snprintf(path, sizeof(path), "class/block/%s/holders", search->names[i]);
		if (sysfs_dir_open(&dir, search->sysfs, path))
			continue;
		while ((name = sysfs_dir_next(&dir, NULL)))
			add_holder(search, i, name);
		sysfs_dir_close(&dir);
	}
}

/* A loop device does not appear among the holders. */
static void find_loops(struct search *search)
{
	struct sysfs_dir dir;
	const char *name;
	char path[96], file[256];

	if (sysfs_dir_open(&dir, search->sysfs, "class/block"))
		return;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		int part;

		snprintf(path, sizeof(path), "class/block/%.40s/loop/backing_file", name);
		if (strncmp(name, "loop", 4) != 0 || sysfs_read_line(search->sysfs, path, file, sizeof(file)) <= 0)
			continue;
		part = find_part(search, device_at(AT_FDCWD, file));
		if (part >= 0)
			add(search, USER_DEVICE, part, name);
	}
	sysfs_dir_close(&dir);
}

/* ---- mounts and swap ---- */

/* Calls take for each line of a file below /proc. */
static void read_lines(struct search *search, const char *path,
		       void (*take)(struct search *search, char *line, const char *where), const char *where)
{
	int fd = openat(search->proc, path, O_RDONLY | O_CLOEXEC);
	char text[LINE_BYTES + 1], *end;
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text + used, LINE_BYTES - used)) > 0) {
		char *line = text;

		used += (size_t)n;
		text[used] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			take(search, line, where);
			line = end + 1;
		}
		used = (size_t)(text + used - line);
		if (used == LINE_BYTES)
			used = 0; /* longer than any line of interest */
		memmove(text, line, used);
	}
	if (fd >= 0)
		close(fd);
}

static bool is_mounted(const struct search *search, int part)
{
	for (int i = 0; i < search->count; i++)
		if (search->out[i].kind == USER_MOUNT && !strcmp(search->out[i].device, search->names[part]))
			return true;
	return false;
}

/* where: which process sees this mount, if it is not in our namespace. That counts only if we see none ourselves: each
   service of systemd's may have a copy of all mounts. */
static void take_mount(struct search *search, char *line, const char *where)
{
	struct mountinfo mount;
	char what[sizeof(((struct user *)0)->what)];
	int part;

	if (!mountinfo_read(line, &mount))
		return;
	part = find_part(search, mount.device);
	if (part < 0) /* btrfs, and others whose device number is no disk's */
		part = find_part(search, device_at(AT_FDCWD, mount.source));
	if (part < 0 || (where[0] && is_mounted(search, part)))
		return;
	snprintf(what, sizeof(what), "%s%s", mount.path, where);
	add(search, USER_MOUNT, part, what);
}

static void take_swap(struct search *search, char *line, const char *where)
{
	int part;

	(void)where;
	line[strcspn(line, " \t")] = '\0';
	part = find_part(search, device_at(AT_FDCWD, mountinfo_unescape(line)));
	if (part >= 0)
		add(search, USER_SWAP, part, "swap");
}

/* Is this mount namespace a new one? It is known from now on. */
static bool note_namespace(struct search *search, const char *pid)
{
	struct stat status;
	char path[48];

	snprintf(path, sizeof(path), "%s/ns/mnt", pid);
	if (fstatat(search->proc, path, &status, 0))
		return false;
	for (int i = 0; i < search->namespace_count; i++)
		if (search->namespaces[i] == status.st_ino)
			return false;
	if (search->namespace_count < NAMESPACES_MAX)
		search->namespaces[search->namespace_count++] = status.st_ino;
	return true;
}

/* ---- processes ---- */

static void name_process(const struct search *search, const char *pid, char *out, size_t size)
{
	char name[32];

	snprintf(out, size, "process %s (%s)", pid,
		 process_name(search->proc, process_of_name(pid), name, sizeof(name)));
}

/* Is it open for writing, or exclusively? Readers lose nothing; udev's come and go. */
static bool is_held(const struct search *search, const char *pid, const char *fd)
{
	char path[64], text[256];
	const char *flags;
	unsigned long value;

	snprintf(path, sizeof(path), "%s/fdinfo/%s", pid, fd);
	if (sysfs_read(search->proc, path, text, sizeof(text)) <= 0 || !(flags = strstr(text, "flags:")))
		return false;
	value = strtoul(flags + strlen("flags:"), NULL, 8);
	return (value & O_ACCMODE) != O_RDONLY || (value & O_EXCL);
}

static void look_at_process(struct search *search, const char *pid)
{
	char path[64], target[64], what[80];
	struct sysfs_dir dir;
	const char *fd;

	snprintf(path, sizeof(path), "%s/fd", pid);
	if (sysfs_dir_open(&dir, search->proc, path))
		return;
	while ((fd = sysfs_dir_next(&dir, NULL))) {
		struct stat status;
		int part;

		snprintf(path, sizeof(path), "%s/fd/%.16s", pid, fd);
		if (sysfs_read_link(search->proc, path, target, sizeof(target)) || strncmp(target, "/dev/", 5) != 0 ||
		    fstatat(search->proc, path, &status, 0) || !S_ISBLK(status.st_mode))
			continue;
		part = find_part(search, status.st_rdev);
		if (part < 0 || !is_held(search, pid, fd))
			continue;
		name_process(search, pid, what, sizeof(what));
		add(search, USER_PROCESS, part, what);
	}
	sysfs_dir_close(&dir);
}

static void find_in_processes(struct search *search)
{
	struct sysfs_dir dir;
	const char *name;
	char path[48], where[80], process[64];

	if (sysfs_dir_open(&dir, search->proc, "."))
		return;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		char pid[16];

		if (name[0] < '1' || name[0] > '9' || strlen(name) >= sizeof(pid))
			continue;
		memcpy(pid, name, strlen(name) + 1);
		look_at_process(search, pid);
		if (!note_namespace(search, pid))
			continue;
		name_process(search, pid, process, sizeof(process));
		snprintf(where, sizeof(where), " (as %s sees it)", process);
		snprintf(path, sizeof(path), "%s/mountinfo", pid);
		read_lines(search, path, take_mount, where);
	}
	sysfs_dir_close(&dir);
}

int users_find(int sysfs, int proc, const char *disk, struct user *out, int max)
{
	struct search search = {.sysfs = sysfs, .proc = proc, .out = out, .max = max};

	disks_visit_parts(sysfs, disk, add_part, &search);
	note_namespace(&search, "self");
	read_lines(&search, "self/mountinfo", take_mount, "");
	read_lines(&search, "swaps", take_swap, "");
	find_holders(&search);
	find_loops(&search);
	find_in_processes(&search);
	return search.count;
}

/* ---- what the kernel alone knows ---- */

struct claim {
	int dev;
	char disk[DISKS_NAME_MAX];
};

/* A partition in use is held as well: the kernel claims the whole disk with it. */
static void run_claim(const void *context, void *result)
{
	const struct claim *claim = context;
	int fd = openat(claim->dev, claim->disk, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

	*(int *)result = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
}

int users_claim(int dev, const char *disk, int timeout_s)
{
	struct claim claim = {.dev = dev};

	snprintf(claim.disk, sizeof(claim.disk), "%s", disk);
	return child_run(run_claim, &claim, timeout_s);
}

const char *users_kind_name(enum user_kind kind)
{
	static const char *const names[] = {"mount", "swap", "device", "process", "claim"};

	return names[kind];
}

const char *users_describe(const struct user *user, char *out, size_t size)
{
	switch (user->kind) {
	case USER_MOUNT:
		snprintf(out, size, "%s is mounted at %s", user->device, user->what);
		break;
	case USER_SWAP:
		snprintf(out, size, "%s is used as swap", user->device);
		break;
	case USER_PROCESS:
		snprintf(out, size, "%s is open in %s", user->device, user->what);
		break;
	case USER_DEVICE:
	case USER_CLAIM:
		snprintf(out, size, "%s is used by %s", user->device, user->what);
		break;
	}
	return out;
}
