/* start.c - the very first program of a measured boot: stamps the kernel log, then becomes the initramfs's own /init.
 *
 * The same few instructions stand before every candidate, so that "first instruction of user space" means the same moment
 * for all. With BENCH_TRACE in its environment (from the kernel's command line) it also has the kernel count system calls
 * and the time that processes sleep; root.c reads the sums.
 */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define TRACEFS "/bench-trace"
#define EVENTS  TRACEFS "/events/"
/* x86_64: nanosleep 35, clock_nanosleep 230; poll 7, select 23, pselect6 270, ppoll 271, epoll_wait 232, epoll_pwait 281 */
#define NAPS  "id==35||id==230"
#define POLLS "id==7||id==23||id==270||id==271||id==232||id==281"

static int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return done < 0 ? -1 : 0;
}

/* Sums, kept by the kernel: calls by number; microseconds in sleeps, and in polls that ended because their time was up. */
static int trace(void)
{
	mkdir(TRACEFS, 0700);
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL) ||
	    write_line(TRACEFS "/synthetic_events", "nap u64 lat; long id") ||
	    write_line(EVENTS "raw_syscalls/sys_enter/trigger", "hist:keys=id:size=1024") ||
	    write_line(EVENTS "raw_syscalls/sys_enter/trigger",
		       "hist:name=begin:keys=common_pid:t0=common_timestamp.usecs:size=4096 if " NAPS "||" POLLS) ||
	    write_line(EVENTS "raw_syscalls/sys_exit/trigger",
		       "hist:keys=common_pid,id:lat=common_timestamp.usecs-$t0:size=4096:"
		       "onmatch(raw_syscalls.sys_enter).nap($lat,id) if " NAPS "||(ret==0&&(" POLLS "))") ||
	    write_line(EVENTS "synthetic/nap/trigger", "hist:keys=id:vals=lat"))
		return -1;
	return umount2(TRACEFS, MNT_DETACH) || rmdir(TRACEFS) ? -1 : 0;
}

/* One write is one record of the kernel's log. */
static void say(int log, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (write(log, text, strlen(text)) < 0)
		_exit(1);
}

int main(int argc, char *argv[])
{
	struct timespec now;
	int log;
	int failed;

	(void)argc;
	clock_gettime(CLOCK_MONOTONIC, &now);
	mknod("/bench-kmsg", S_IFCHR | 0600, makedev(1, 11));
	log = open("/bench-kmsg", O_WRONLY | O_CLOEXEC);
	say(log, "<6>bench: start %lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	failed = getenv("BENCH_TRACE") ? trace() : 0;
	if (failed)
		say(log, "<3>bench: no trace: %m");
	unlink("/bench-kmsg");
	argv[0] = "/init";
	execv(argv[0], argv);
	say(log, "<3>bench: /init: %m");
	return 1;
}
