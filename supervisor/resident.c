/* resident.c - see resident.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/resident.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto/wipe.h"
#include "sys/process.h"
#include "sys/sysfs.h"

#define COPY_BYTES    4194304 /* more than the program ever has */
#define PAGES_AT_ONCE 256     /* that the kernel is asked about: most of what is asked was never touched */

#if UINTPTR_MAX > 0xffffffff
#define ELF(name) Elf64_##name
#else
#define ELF(name) Elf32_##name
#endif

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* since Linux 6.3; without it the file is no program where vm.memfd_noexec is 1 */
#endif

/* The begin of the page that an address is on. A page has 4 KiB, or on arm64, as the kernel was built, 16 or 64. What madvise
   is given must begin on one, and it takes the whole of the last one. */
static uintptr_t page_of(uintptr_t at)
{
	return at & -(uintptr_t)getauxval(AT_PAGESZ);
}

/* The first one that begins there or later. */
static uintptr_t page_from(uintptr_t at)
{
	return page_of(at + getauxval(AT_PAGESZ) - 1);
}

/* The kernel shows argv's memory, and the environment's behind it, as the process's name. */
static struct title find_title(char *const argv[])
{
	struct title title = {.at = argv[0], .room = strlen(argv[0])};

	/* The strings of argv lie one behind the other. */
	for (int i = 1; argv[i] == title.at + title.room + 1; i++)
		title.room += 1 + strlen(argv[i]);
	for (int i = 0; environ[i] && environ[i] == title.at + title.room + 1; i++)
		title.room += 1 + strlen(environ[i]);
	environ = NULL;
	return title;
}

void resident_take_name(const struct title *title, const char *name, const char *comm)
{
	memset(title->at, 0, title->room);
	snprintf(title->at, title->room + 1, "%s", name);
	prctl(PR_SET_NAME, comm);
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
		uintptr_t from = page_of((uintptr_t)part.start);

		if (!part.writable)
			madvise((void *)from, (uintptr_t)part.start + part.size - from, MADV_DONTNEED);
	}
}

static void advise(void *start, size_t size, int advice)
{
	uintptr_t from = page_of((uintptr_t)start);

	madvise((void *)from, page_from((uintptr_t)start + size) - from, advice);
}

void resident_hide(void *start, size_t size)
{
	advise(start, size, MADV_WIPEONFORK);
}

void resident_show(void *start, size_t size)
{
	advise(start, size, MADV_KEEPONFORK);
}

/* It touches pages, whatever lies there: AddressSanitizer is not to look. */
__attribute__((no_sanitize("address"))) void resident_own(void *start, size_t size)
{
	uintptr_t begin = (uintptr_t)start, end = begin + size, page = getauxval(AT_PAGESZ), next;
	unsigned char is_there[PAGES_AT_ONCE];

	for (uintptr_t at = page_of(begin); at < end; at = next) {
		next = end - at > sizeof(is_there) * page ? at + sizeof(is_there) * page : end;
		if (mincore((void *)at, next - at, is_there)) { /* a part of it is nowhere: a stack's end */
			next = at + page;
			if (mincore((void *)at, page, is_there))
				continue;
		}
		for (size_t i = 0; at + i * page < next; i++) {
			volatile char *byte = (volatile char *)(at + i * page < begin ? begin : at + i * page);

			if (is_there[i] & 1)
				*byte |= 0;
		}
	}
}

/* Its data, without what the start of the program has made read-only (RELRO). */
void resident_own_program(void)
{
	const char *headers = (const char *)getauxval(AT_PHDR);
	uintptr_t base = (uintptr_t)headers - sizeof(ELF(Ehdr)), relro_end = 0;

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
		const ELF(Phdr) *header = (const ELF(Phdr) *)headers + i;

		if (header->p_type == PT_GNU_RELRO)
			relro_end = page_of(base + header->p_vaddr + header->p_memsz); /* as sys/relro.c */
	}
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
		const ELF(Phdr) *header = (const ELF(Phdr) *)headers + i;
		uintptr_t from = base + header->p_vaddr, end = from + header->p_memsz;

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_W))
			continue;
		if (from < relro_end)
			from = relro_end;
		if (from < end)
			resident_own((void *)from, end - from);
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

int resident_lock(int proc)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -errno;
	return is_in_ramfs(proc) ? 0 : lock_program();
}

/* The lowest real-time priority: whatever number of ordinary processes is running, they wait. A nice value would not do, as
   the kernel's automatic groups share the processor among sessions first (sched(7)). Children begin as ordinary ones. musl
   has no sched_setscheduler. A kernel may refuse it (RT_GROUP_SCHED); then the nice value is what there is. */
int resident_take_priority(void)
{
	const struct sched_param lowest = {.sched_priority = 1};
	int result = setpriority(PRIO_PROCESS, 0, -20);

	if (!syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest))
		return 0;
	return result ? -errno : 0;
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

int resident_become(int dev, int proc, char *const argv[], struct title *title, const char **step)
{
	int result, failure = 0;

	setsid();
	ignore_signals();
	*title = find_title(argv);
	resident_take_name(title, RESIDENT_NAME, RESIDENT_COMM);
	leave_console(dev);
	result = leave_oom_list(proc);
	if (result) {
		*step = "leaving the OOM killer's list";
		failure = result;
	}
	result = resident_take_priority();
	if (result) {
		*step = "taking a high priority";
		failure = result;
	}
	(void)sysfs_write(proc, "self/autogroup", "-20"); /* its children's: this one's priority is above all groups */
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0)) {
		*step = "PR_SET_IO_FLUSHER";
		failure = -errno;
	}
	unmap_program();
	result = resident_lock(proc);
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
	uintptr_t from = page_from(begin), to = page_of(end);

	if (to <= from) {
		wipe(start, size);
		return;
	}
	wipe(start, from - begin);
	wipe((void *)to, end - to);
	if (madvise((void *)from, to - from, MADV_DONTNEED))
		wipe((void *)from, to - from);
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
	char exe[64] = "", path[32];
	int copy, result;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0 && !strncmp(exe, "/memfd:", 7))
		return 0;
	copy = memfd_create(RESIDENT_COMM, MFD_CLOEXEC | MFD_EXEC);
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create(RESIDENT_COMM, MFD_CLOEXEC);
	if (copy < 0)
		return -errno;
	result = copy_program(copy);
	if (!result) { /* by a path: an old kernel's TOMOYO does not find fexecve's, where nobody has made /dev/fd */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
		execve(path, argv, environ);
		result = -errno;
	}
	close(copy);
	return result;
}

/* The name that every process shows comes first: another's memory, where the second one lies, may wait for the disk. The
   children of the resident process have both names, too, and end with it. */
static bool is_resident(int proc, pid_t pid)
{
	char path[32], name[sizeof(RESIDENT_NAME)];

	if (strcmp(process_name(proc, pid, name, sizeof(name)), RESIDENT_COMM) != 0 ||
	    !process_is_hosts_root(proc, pid))
		return false;
	snprintf(path, sizeof(path), "%d/cmdline", (int)pid);
	return sysfs_read(proc, path, name, sizeof(name)) > 0 && !strcmp(name, RESIDENT_NAME);
}

pid_t resident_find(int proc)
{
	struct sysfs_dir dir;
	const char *name;
	pid_t found = 0;

	if (sysfs_dir_open(&dir, proc, "."))
		return 0;
	while (!found && (name = sysfs_dir_next(&dir, NULL))) {
		pid_t pid = process_of_name(name);

		if (pid && pid != getpid() && is_resident(proc, pid))
			found = pid;
	}
	sysfs_dir_close(&dir);
	return found;
}
