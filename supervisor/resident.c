/* resident.c - see resident.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/resident.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto/wipe.h"
#include "sys/sysfs.h"

#define NAME       "@iscsi-init" /* the '@' keeps systemd's and sysvinit's killers away */
#define COMM       "iscsi-init"
#define COPY_BYTES 4194304 /* more than the program ever has */
#define PAGE       4096

#if UINTPTR_MAX > 0xffffffff
#define ELF(name) Elf64_##name
#else
#define ELF(name) Elf32_##name
#endif

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

/* The kernel shows argv's memory, and the environment's behind it, as the process's name. */
static void take_name(char *const argv[])
{
	size_t room = strlen(argv[0]);
	char *at = argv[0];

	/* The strings of argv lie one behind the other. */
	for (int i = 1; argv[i] == at + room + 1; i++)
		room += 1 + strlen(argv[i]);
	for (int i = 0; environ[i] && environ[i] == at + room + 1; i++)
		room += 1 + strlen(environ[i]);
	environ = NULL;
	memset(at, 0, room);
	snprintf(at, room + 1, "%s", NAME);
	prctl(PR_SET_NAME, COMM);
}

/* Descriptors 0 to 2 must name something harmless, and not the console. */
static void leave_console(int dev)
{
	int null = openat(dev, "null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
}

/* Is the program's file in a file system that never gives its pages away? That of an initramfs with root= is. */
static bool is_in_ramfs(int proc)
{
	int exe = openat(proc, "self/exe", O_PATH | O_CLOEXEC);
	struct statfs status;
	bool ramfs = exe >= 0 && fstatfs(exe, &status) == 0 && status.f_type == RAMFS_MAGIC;

	if (exe >= 0)
		close(exe);
	return ramfs;
}

/* One loaded part of the program's file. */
struct part {
	char *start;
	size_t size;
	bool writable;
};

/* The next one, from *i = 0 on; false at the end. */
static bool next_part(unsigned long *i, struct part *part)
{
	char *headers = (char *)getauxval(AT_PHDR); /* they stand behind the file's own, where its first part begins */

	for (; *i < getauxval(AT_PHNUM); ++*i) {
		const ELF(Phdr) *header = (const ELF(Phdr) *)headers + *i;

		if (header->p_type != PT_LOAD)
			continue;
		*part = (struct part){headers - sizeof(ELF(Ehdr)) + header->p_vaddr, header->p_filesz,
				      header->p_flags & PF_W};
		++*i;
		return true;
	}
	return false;
}

/* What the boot has touched of it: the pages stay in the file, and come back when they are used. */
static void unmap_program(void)
{
	struct part part;

	for (unsigned long i = 0; next_part(&i, &part);) {
		size_t before = (uintptr_t)part.start % PAGE;

		if (!part.writable)
			madvise(part.start - before, part.size + before, MADV_DONTNEED);
	}
}

static int lock_program(void)
{
	struct part part;
	int failure = 0;

	for (unsigned long i = 0; next_part(&i, &part);) {
		if (mlock(part.start, part.size))
			failure = -errno;
	}
	return failure;
}

/* All of the program, and what is touched of its data from now on. */
static int lock_memory(int proc)
{
	unmap_program();
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -errno;
	return is_in_ramfs(proc) ? 0 : lock_program();
}

/* A shutdown tells every process to end long before the disks are unmounted. SIGKILL still ends this one. Ignored SIGCHLD:
   nobody here asks how a child ended, and those that are stopped are reaped by the kernel. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static int leave_oom_list(int proc)
{
	return sysfs_write(proc, "self/oom_score_adj", "-1000");
}

int resident_become(int dev, int proc, char *const argv[], const char **step)
{
	int result, failure = 0;

	setsid();
	ignore_signals();
	take_name(argv);
	leave_console(dev);
	result = leave_oom_list(proc);
	if (result) {
		*step = "leaving the OOM killer's list";
		failure = result;
	}
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0)) {
		*step = "PR_SET_IO_FLUSHER";
		failure = -errno;
	}
	result = lock_memory(proc);
	if (result) {
		*step = "locking memory";
		failure = result;
	}
	if (chdir("/")) {
		*step = "leaving the working directory";
		failure = -errno;
	}
	return failure;
}

void resident_release(void *start, size_t size)
{
	uintptr_t begin = (uintptr_t)start, end = begin + size;
	uintptr_t from = (begin + PAGE - 1) & ~(uintptr_t)(PAGE - 1), to = end & ~(uintptr_t)(PAGE - 1);

	if (to <= from) {
		wipe(start, size);
		return;
	}
	wipe(start, from - begin);
	wipe((void *)to, end - to);
	madvise((void *)from, to - from, MADV_DONTNEED);
}

static int copy_program(int to)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = from < 0 ? -1 : 1;

	while (n > 0)
		n = sendfile(to, from, NULL, COPY_BYTES);
	n = n < 0 ? -errno : 0;
	if (from >= 0)
		close(from);
	return (int)n;
}

int resident_leave_disk(char *const argv[])
{
	char exe[64] = "";
	int copy, result;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0 && !strncmp(exe, "/memfd:", 7))
		return 0;
	copy = memfd_create(COMM, MFD_CLOEXEC);
	if (copy < 0)
		return -errno;
	result = copy_program(copy);
	if (!result) {
		fexecve(copy, argv, environ);
		result = -errno;
	}
	close(copy);
	return result;
}

/* A process of root's whose name begins so: its children share it, and end with it. */
static bool is_resident(int proc, const char *pid)
{
	char path[64], name[sizeof(NAME)];

	/* First the name that can be read of every process: another's memory may wait for the disk. */
	if (pid[0] < '1' || pid[0] > '9' || snprintf(path, sizeof(path), "%.16s/comm", pid) >= (int)sizeof(path) ||
	    sysfs_read(proc, path, name, sizeof(name)) <= 0 || strcmp(name, COMM) != 0)
		return false;
	snprintf(path, sizeof(path), "%.16s/cmdline", pid);
	return sysfs_read(proc, path, name, sizeof(name)) > 0 && !strcmp(name, NAME) && proc_is_roots(proc, pid);
}

pid_t resident_find(int proc)
{
	struct sysfs_dir dir;
	const char *name;
	pid_t found = 0;

	if (sysfs_dir_open(&dir, proc, "."))
		return 0;
	while (!found && (name = sysfs_dir_next(&dir, NULL))) {
		if (is_resident(proc, name) && strtol(name, NULL, 10) != getpid())
			found = (pid_t)strtol(name, NULL, 10);
	}
	sysfs_dir_close(&dir);
	return found;
}
