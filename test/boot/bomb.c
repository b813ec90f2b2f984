/* bomb PROCESSES PAGES RETURNS SECONDS: a fork bomb of a user without rights, until the lost session has returned so often, or for so
   many seconds; then it says how that went. (Nobody could tell it to end: what is typed is a kernel worker's, which waits, too.)
   bomb write: writes files whose every byte is known, without another process, until there is /run/stop-writing.

   Each process of the bomb begins others as fast as it can, and ends when it has begun two; the others fill its place. Each is
   a session of its own, as the kernel shares the processor among sessions first (sched(7), autogroup), and has PAGES of its
   own memory. Their parent is root's and runs before everybody: it looks how many there are, and it alone ends them. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USER    1000
#define LIFE_MS 300 /* of a process, at least */
#define BURN_MS \
	5 /* of the processor before the next fork: a refused one leaves the kernel memory to be given back later */
#define LOOK_MS   50
#define PAGE      4096
#define PAGES_MAX 256
#define BLOCKS    16 /* of a file */
#define FILES     16

/* Of all processes. */
struct counts {
	_Atomic uint32_t begun, refused;
};

static struct counts *counts;

static char memory[PAGES_MAX * PAGE];

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	(void)!write(fd, text, strlen(text));
	(void)close(fd);
}

/* ---- the bomb ---- */

static void burn(int64_t ms)
{
	for (int64_t end_ms = now_ms() + ms; now_ms() < end_ms;)
		;
}

static void live(size_t pages)
{
	int64_t end_ms = now_ms() + LIFE_MS;
	unsigned children = 0;

	(void)setsid();
	for (size_t i = 0; i < pages; i++)
		memory[i * PAGE] = 1;
	while (children < 2 || now_ms() < end_ms) {
		pid_t pid = fork();

		if (pid == 0)
			return; /* and begins its own life */
		if (pid > 0) {
			counts->begun++;
			children++;
			continue;
		}
		counts->refused++;
		burn(BURN_MS);
	}
	_exit(0);
}

static void explode(size_t processes, size_t pages)
{
	const struct sched_param ordinary = {0};
	const struct rlimit limit = {processes, processes};

	(void)syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &ordinary);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	write_to("/proc/self/oom_score_adj", "1000"); /* before anybody else */
	if (processes)
		(void)setrlimit(RLIMIT_NPROC, &limit);
	if (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		_exit(1);
	for (;;)
		live(pages);
}

/* ---- its parent ---- */

static struct {
	unsigned looks, refused, least, most;
} seen = {.least = UINT32_MAX};

/* How many processes are there, and may root begin another one? */
static void look(void)
{
	struct sysinfo info = {0};
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)sysinfo(&info);
	seen.looks++;
	seen.refused += pid < 0;
	seen.least = info.procs < seen.least ? info.procs : seen.least;
	seen.most = info.procs > seen.most ? info.procs : seen.most;
}

/* As that user, for whom "all" are his own. The kernel lets none of them fork meanwhile. Those whose parent has ended are children
   of this process, so that the last has ended when there is no child. */
static void end_all(void)
{
	(void)!setresuid(USER, USER, 0);
	do {
		(void)kill(-1, SIGKILL);
		(void)poll(NULL, 0, 10);
	} while (waitpid(-1, NULL, WNOHANG) >= 0);
	(void)!setresuid(0, 0, 0);
}

/* How often the session has returned since the last time. */
static unsigned count_returns(int kmsg)
{
	char line[4096];
	unsigned count = 0;
	ssize_t got;

	while ((got = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[got > 0 ? got : 0] = '\0';
		count += strstr(line, "event=back") != NULL;
	}
	return count;
}

static int command_bomb(size_t processes, size_t pages, unsigned returns, int64_t seconds)
{
	const struct sched_param high = {.sched_priority = 2};
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned returned = 0;
	uint32_t begun;
	int64_t begun_ms;

	counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody waits for those that end */
	if (pages > PAGES_MAX || lseek(kmsg, 0, SEEK_END) < 0 || counts == MAP_FAILED ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) || mlockall(MCL_CURRENT | MCL_FUTURE) ||
	    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &high))
		return 1;
	if (fork() == 0)
		explode(processes, pages);
	while (!counts->refused)
		(void)poll(NULL, 0, LOOK_MS);
	printf("BOMB-IS-FULL\n");
	(void)fflush(stdout);
	begun = counts->begun;
	begun_ms = now_ms();
	while (returned < returns && now_ms() < begun_ms + seconds * 1000) {
		(void)poll(NULL, 0, LOOK_MS);
		look();
		returned += count_returns(kmsg);
	}
	begun = counts->begun - begun;
	begun_ms = now_ms() - begun_ms;
	end_all();
	printf("BOMB returned %u least %u most %u begun %" PRIu32 " in_ms %" PRId64 " looks %u refused %u\n", returned,
	       seen.least, seen.most, begun, begun_ms, seen.looks, seen.refused);
	return 0;
}

/* ---- the writer ---- */

/* Block `block` of the n-th file that is written: both numbers, and bytes that follow from them (xorshift64). */
static void fill(uint64_t words[PAGE / 8], uint64_t n, uint64_t block)
{
	uint64_t x = (n << 8 | block) + 1;

	words[0] = n;
	words[1] = block;
	for (size_t i = 2; i < PAGE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
}

static int write_file(uint64_t n)
{
	static uint64_t words[PAGE / 8];
	char path[32];
	int fd, result = 0;

	(void)snprintf(path, sizeof(path), "/w/%02" PRIu64, n % FILES);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	for (uint64_t block = 0; block < BLOCKS && !result; block++) {
		fill(words, n, block);
		if (pwrite(fd, words, PAGE, (off_t)block * PAGE) != PAGE)
			result = -errno;
	}
	if (fd < 0 || fsync(fd) || close(fd))
		result = -errno;
	return result;
}

static int command_write(void)
{
	uint64_t n = 0;

	(void)mkdir("/w", 0755);
	for (; access("/run/stop-writing", F_OK); n++) {
		int result = write_file(n);

		if (result)
			printf("WRITE-ERROR %" PRIu64 " %s\n", n, strerror(-result));
		else
			printf("WROTE %" PRIu64 "\n", n);
		(void)fflush(stdout);
		(void)poll(NULL, 0, 100);
	}
	printf("WRITER-ENDS %" PRIu64 "\n", n);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 2 && !strcmp(argv[1], "write"))
		return command_write();
	if (argc == 5)
		return command_bomb(strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10),
				    (unsigned)strtoul(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
	return 2;
}
