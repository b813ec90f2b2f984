/* shutdown.c - see shutdown.h. Owns the unmounting and the last reboot(2); the logouts are the sessions'. */
#include "shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "sys/child.h"

#define PASSES            8     /* mounts upon mounts: each pass frees those below */
#define MOUNTS_BYTES      65536 /* of /proc/self/mountinfo; what is beyond is on top and goes in the next pass */
#define MOUNT_POINT_FIELD 4

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
	return !strcmp(name, "shutdown") && argv[1] && shutdown_read_how(argv[1], &how);
}

/* The octal escapes of mountinfo (space, tab, newline, backslash), in place. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++, out++) {
		*out = *text;
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' &&
		    text[3] >= '0' && text[3] <= '7') {
			*out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		}
	}
	*out = '\0';
}

/* The mount point of one line of mountinfo; NULL when there is none. */
static char *mount_point(char *line)
{
	char *field = line;

	for (int i = 0; field && i < MOUNT_POINT_FIELD; i++) {
		field = strchr(field, ' ');
		field = field ? field + 1 : NULL;
	}
	if (!field)
		return NULL;
	field[strcspn(field, " ")] = '\0';
	unescape(field);
	return field;
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

/* Unmounted, or at least read-only. */
static bool let_go(const char *path, bool *busy)
{
	if (strcmp(path, "/") && umount2(path, 0) == 0)
		return true;
	*busy = true;
	return mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

/* One pass from the last mount to the first; how many went. */
static int unmount_once(const char *prefix, bool *busy)
{
	static char text[MOUNTS_BYTES];
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;
	int went = 0;
	bool held;

	*busy = false;
	while (fd >= 0 && used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		(void)close(fd);
	text[used] = '\0';
	for (char *line = strrchr(text, '\n'); line; line = strrchr(text, '\n')) {
		char *path;

		*line = '\0';
		line = strrchr(text, '\n');
		path = mount_point(line ? line + 1 : text);
		if (!path || !is_below(path, prefix) || (!strcmp(prefix, "/") && is_kernels(path)))
			continue;
		held = false;
		went += let_go(path, &held) && !held;
		*busy = *busy || held;
	}
	return went;
}

static void flush(const void *context, void *result)
{
	const char *prefix = context;
	bool busy = true;

	sync();
	for (int i = 0; i < PASSES && busy && unmount_once(prefix, &busy) > 0; i++)
		;
	sync();
	*(int *)result = busy ? -EBUSY : 0;
}

int shutdown_flush(const char *prefix, int timeout_s)
{
	struct child child = CHILD_NONE;
	struct pollfd fd;
	int outcome = 0, result = child_start(&child, flush, prefix, sizeof(outcome));

	if (result)
		return result;
	fd = (struct pollfd){.fd = child.fd, .events = POLLIN};
	if (poll(&fd, 1, timeout_s * 1000) <= 0) {
		child_stop(&child);
		return -ETIMEDOUT;
	}
	return child_step(&child, &outcome, sizeof(outcome)) == CHILD_DONE ? outcome : -EIO;
}

int shutdown_end(enum shutdown_how how)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (ways[i].how == how)
			(void)reboot((int)ways[i].command);
	}
	return -errno;
}
