/* shutdown.c - see shutdown.h. Owns the unmounting and the last reboot(2); the logouts are the sessions'. */
/* SPDX-License-Identifier: MIT */
#include "root/shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/child.h"
#include "sys/dm.h"
#include "sys/log.h"
#include "sys/mountinfo.h"

#define PASSES       8           /* mounts upon mounts: each pass frees those below */
#define MOUNTS_BYTES 65536       /* of /proc/self/mountinfo; what is beyond is on top and goes in the next pass */
#define DIRECTORY    "initramfs" /* below /run: the place that systemd and dracut agree on */
#define MAPPER       "/sys/class/misc/device-mapper" /* there when dm_mod is: it is not loaded for this */

static const struct {
	const char *name;
	enum shutdown_how how;
	unsigned command;
} ways[] = {
	{"reboot", SHUTDOWN_REBOOT, RB_AUTOBOOT},
	{"poweroff", SHUTDOWN_POWEROFF, RB_POWER_OFF},
	{"halt", SHUTDOWN_HALT, RB_HALT_SYSTEM},
	{"kexec", SHUTDOWN_KEXEC, LINUX_REBOOT_CMD_KEXEC},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

bool shutdown_read_how(const char *text, enum shutdown_how *how)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (strcmp(ways[i].name, text))
			continue;
		*how = ways[i].how;
		return true;
	}
	return false;
}

bool shutdown_is_wanted(char *const argv[])
{
	const char *name = strrchr(argv[0], '/');
	enum shutdown_how how;

	name = name ? name + 1 : argv[0];
	if (!argv[1])
		return false;
	if (!strcmp(argv[1], "shutdown"))
		return argv[2] && shutdown_read_how(argv[2], &how);
	return !strcmp(name, "shutdown") && shutdown_read_how(argv[1], &how);
}

static bool is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!strcmp(prefix, "/"))
		return true;
	return !strncmp(path, prefix, n) && (path[n] == '/' || !path[n]);
}

static bool is_kernels(const char *path)
{
	static const char *const places[] = {"/proc", "/sys", "/dev", "/run"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (is_below(path, places[i]))
			return true;
	}
	return false;
}

/* What is a disk's goes from below /run, too: the layers of root are there, and are not under the old root. */
static bool is_wanted(const struct mountinfo *at, const char *prefix, int dev)
{
	bool is_disks = at->source[0] == '/';

	if (is_disks && dev >= 0 && is_below(at->path, "/run"))
		return true;
	return is_below(at->path, prefix) && (strcmp(prefix, "/") != 0 || !is_kernels(at->path));
}

/* Unmounts it, or at least makes it read-only. A disk's first becomes read-only: it may stay in use after it is out of sight,
   as a layer of root does. Mounts that are not of a disk are detached even if they are in use: the resident process still has
   /dev, /proc and /sys of the old root open, where systemd has left copies of these mounts. True: it went. */
static bool let_go(const struct mountinfo *at)
{
	bool is_disks = at->source[0] == '/', is_root = !strcmp(at->path, "/");

	if (is_disks || is_root)
		mount(NULL, at->path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	return !is_root && (umount2(at->path, 0) == 0 || (!is_disks && umount2(at->path, MNT_DETACH) == 0));
}

struct flush {
	const char *prefix;
	int dev;
};

/* One pass from the last mount to the first; how many went. */
static int unmount_once(const struct flush *flush, bool *busy)
{
	static char text[MOUNTS_BYTES];
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;
	int went = 0;

	*busy = false;
	while (fd >= 0 && used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[used] = '\0';
	for (char *line = strrchr(text, '\n'); line; line = strrchr(text, '\n')) {
		struct mountinfo at;

		*line = '\0';
		line = strrchr(text, '\n');
		if (!mountinfo_read(line ? line + 1 : text, &at) || !is_wanted(&at, flush->prefix, flush->dev))
			continue;
		if (let_go(&at))
			went++;
		else
			*busy = true;
	}
	return went;
}

/* Devices upon devices (a verified root upon its partitions' maps): whatever nobody uses any more, from the top. */
static void remove_maps(int dev)
{
	int control = access(MAPPER, F_OK) ? -1 : dm_open(dev);
	bool went = control >= 0;
	char name[DM_TEXT_MAX];

	while (went) {
		went = false;
		for (int i = 0; dm_name(control, i, name) == 0;) {
			if (dm_remove(control, name)) {
				i++;
				continue;
			}
			log_info("device %s removed", name);
			went = true;
		}
	}
}

static void flush(const void *context, void *result)
{
	const struct flush *flush = context;
	bool busy = true;

	sync();
	for (int i = 0; i < PASSES && busy && unmount_once(flush, &busy) > 0; i++)
		;
	sync();
	if (flush->dev >= 0)
		remove_maps(flush->dev);
	*(int *)result = busy ? -EBUSY : 0;
}

int shutdown_flush(const char *prefix, int dev, int timeout_s)
{
	struct flush context = {.prefix = prefix, .dev = dev};

	return child_run(flush, &context, timeout_s);
}

int shutdown_end(enum shutdown_how how)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (ways[i].how == how)
			reboot((int)ways[i].command);
	}
	return -errno;
}

void shutdown_offer(int proc, int run)
{
	char chunk[16384];
	ssize_t n = 0;
	int place, from, to;

	if (mkdirat(run, "../" DIRECTORY, 0755) && errno != EEXIST)
		return;
	place = openat(run, "../" DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	from = openat(proc, "self/exe", O_RDONLY | O_CLOEXEC);
	to = place < 0 ? -1 : openat(place, "shutdown.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	while (from >= 0 && to >= 0 && (n = read(from, chunk, sizeof(chunk))) > 0 && write(to, chunk, (size_t)n) == n)
		;
	if (to >= 0 && (n || linkat(place, "shutdown.new", place, "shutdown", 0)) && errno != EEXIST)
		log_debug("/run/" DIRECTORY "/shutdown cannot be made: %s", strerror(errno));
	if (to >= 0) {
		unlinkat(place, "shutdown.new", 0);
		close(to);
	}
	if (from >= 0)
		close(from);
	if (place >= 0)
		close(place);
}
