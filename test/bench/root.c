/* root.c - the real init of a measured boot: what had been used up when it was called, on the console; then power off.
 *
 * Its clock is read before anything else. CPU time and peak memory of PID 1 and of its children outlive the exec; of
 * processes that are still there they are asked for one by one. BENCH_THEN=/script on the command line: run that, too.
 */
/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CPUCLOCK_VIRT 1 /* a process's user time, unscaled: include/linux/posix-timers.h */

static long long microseconds(clockid_t clock)
{
	struct timespec now = {0};

	return clock_gettime(clock, &now) ? 0 : (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long long user_time(int pid)
{
	return microseconds((clockid_t)(~(unsigned int)pid << 3 | CPUCLOCK_VIRT));
}

static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t length = 0;

	while (fd >= 0 && length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	return length;
}

static void show(const char *prefix, const char *path)
{
	static char text[65536];
	char *rest = text;
	char *line;

	read_file(path, text, sizeof text);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("bench: %s %s\n", prefix, line);
}

static unsigned int count(const char *path, const char *prefix)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned int found = 0;

	while (folder && (entry = readdir(folder)))
		found += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (folder)
		closedir(folder);
	return found;
}

/* Microseconds of user time of a process's children that it has reaped; the kernel says it in ticks of 10 ms. */
static long long reaped_time(int pid)
{
	char path[64];
	char text[4096];
	char *rest;
	long long ticks = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	read_file(path, text, sizeof text);
	rest = strrchr(text, ')'); /* the end of the name; cutime is the 14th after it */
	if (rest)
		sscanf(rest + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld", &ticks);
	return ticks * 10000;
}

/* Who of the initramfs is still there, and whom one of these has not reaped: that one is a zombie, and has no VmHWM, which
 * kernel threads have not, either. */
static void show_survivor(int pid)
{
	char path[64];
	char text[4096];
	char *peak;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	read_file(path, text, sizeof text);
	peak = strstr(text, "VmHWM:");
	if ((!peak && !strstr(text, "State:\tZ")) || pid == getpid())
		return;
	strtok(text, "\n");
	printf("bench: survivor %lld %ld %s\n", user_time(pid) + reaped_time(pid),
	       peak ? strtol(peak + strlen("VmHWM:"), NULL, 10) : 0, text + strlen("Name:\t"));
}

static void show_survivors(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (isdigit((unsigned char)*entry->d_name))
			show_survivor(atoi(entry->d_name));
	if (folder)
		closedir(folder);
}

/* The kernel's records, their stamps (microseconds) in front, from the first program's mark on. */
static void show_log(void)
{
	char record[8192];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int marked = 0;
	ssize_t got;

	while (fd >= 0 && ((got = read(fd, record, sizeof record - 1)) > 0 || errno == EPIPE)) {
		char *text;
		long long stamp = 0;

		record[got > 0 ? got : 0] = '\0';
		text = strchr(record, ';');
		if (!text || sscanf(record, "%*u,%*u,%lld", &stamp) != 1)
			continue;
		*text++ = '\0';
		text[strcspn(text, "\n")] = '\0';
		marked |= strncmp(text, "bench: start", strlen("bench: start")) == 0;
		if (marked)
			printf("bench: log %lld %s\n", stamp, text);
	}
	close(fd);
}

static void show_trace(void)
{
	if (mount("tracefs", "/mnt", "tracefs", 0, NULL) && errno != EBUSY)
		return;
	show("calls", "/mnt/events/raw_syscalls/sys_enter/hist");
	show("naps", "/mnt/events/synthetic/nap/hist");
}

static void stop_trace(void)
{
	int fd;

	if (mount("tracefs", "/mnt", "tracefs", 0, NULL))
		return;
	fd = open("/mnt/events/raw_syscalls/sys_enter/trigger", O_WRONLY | O_CLOEXEC);
	if (write(fd, "hist:keys=id:size=1024:pause", 28) < 0)
		printf("bench: the count goes on: %m\n");
	close(fd);
}

static void run_script(const char *path)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/busybox", "sh", path, NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	printf("bench: script %d\n", status);
}

int main(void)
{
	long long now = microseconds(CLOCK_MONOTONIC);
	long long user = microseconds((clockid_t)(~0u << 3 | CPUCLOCK_VIRT)); /* of this process */
	struct rusage self, children;
	char cmdline[4096], text[4096];
	char *script;
	int traced;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* children that ended, and were not reaped, count among the children only now */
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	read_file("/proc/cmdline", cmdline, sizeof cmdline);
	traced = strstr(cmdline, "BENCH_TRACE") != NULL;
	if (traced)
		stop_trace();
	if (!freopen("/dev/console", "w", stdout))
		return 1;
	printf("\nbench: init %lld\n", now);
	printf("bench: cpu %lld %lld\n", user,
	       (long long)children.ru_utime.tv_sec * 1000000 + children.ru_utime.tv_usec);
	printf("bench: peak %ld %ld\n", self.ru_maxrss, children.ru_maxrss);
	read_file("/proc/stat", text, sizeof text);
	text[strcspn(text, "\n")] = '\0';
	printf("bench: stat %s\n", text);
	printf("bench: found %u %u\n", count("/sys/class/iscsi_session", "session"), count("/sys/block", "sd"));
	show_survivors();
	show("phase", "/run/iscsi-init/times");
	show_log();
	if (traced)
		show_trace();
	script = strstr(cmdline, "BENCH_THEN=");
	fflush(stdout);
	if (script) {
		script += strlen("BENCH_THEN=");
		script[strcspn(script, " \n")] = '\0';
		run_script(script);
	}
	printf("bench: done\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
