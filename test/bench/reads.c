/* reads.c - reads a device past every cache, so many pieces at once, for so long: how many, how long each took, how busy the CPU was.
 *
 *	reads DEVICE BYTES DEPTH SECONDS
 *
 * It says "begun" after the first piece, and in the end one line: pieces, their median and longest time in microseconds, how many
 * failed, KiB/s, and how much of the time the CPU was busy (1/1000, by /proc/stat). The places follow each other by a step that
 * meets all of the device. What is under way in the end is waited for, and counts: a read that stands still is the longest.
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define TIMES_MAX 1000000
#define STEP      7919 /* a prime: the device is met all over */

static struct {
	struct iocb cb;
	long long since_us;
} pieces[DEPTH_MAX];
static uint32_t times_us[TIMES_MAX];
static long count, failed;
static unsigned long long places, next;

static void fail(const char *what)
{
	fprintf(stderr, "reads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

	return (one > two) - (one < two);
}

/* Ticks since the start: all, and those in which there was something to do. */
static void read_cpu(long long *all, long long *busy)
{
	long long ticks[7] = {0};
	FILE *file = fopen("/proc/stat", "r");

	if (!file || fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld", &ticks[0], &ticks[1], &ticks[2], &ticks[3],
			    &ticks[4], &ticks[5], &ticks[6]) != 7)
		fail("/proc/stat");
	fclose(file);
	*all = 0;
	for (int i = 0; i < 7; i++)
		*all += ticks[i];
	*busy = *all - ticks[3] - ticks[4];
}

static void submit(aio_context_t context, int i)
{
	struct iocb *cb = &pieces[i].cb;

	next = (next + STEP) % places;
	cb->aio_offset = (long long)(next * cb->aio_nbytes);
	pieces[i].since_us = now_us();
	if (syscall(SYS_io_submit, context, 1L, &cb) != 1)
		fail("io_submit");
}

static void take(const struct io_event *event)
{
	long long took = now_us() - pieces[event->data].since_us;

	failed += event->res != (long long)pieces[event->data].cb.aio_nbytes;
	if (count < TIMES_MAX)
		times_us[count++] = (uint32_t)took;
}

int main(int argc, char **argv)
{
	aio_context_t context = 0;
	struct io_event event;
	unsigned long long bytes;
	long long begun, ends, all[2], busy[2];
	size_t size = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
	int depth = argc == 5 ? atoi(argv[3]) : 0, under_way = 0, fd;

	if (!size || depth < 1 || depth > DEPTH_MAX)
		return fprintf(stderr, "usage: reads DEVICE BYTES DEPTH SECONDS\n"), 1;
	fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) || syscall(SYS_io_setup, DEPTH_MAX, &context))
		fail(argv[1]);
	places = bytes / size;
	begun = now_us();
	ends = begun + atoll(argv[4]) * 1000000;
	read_cpu(&all[0], &busy[0]);
	for (int i = 0; i < depth; i++) {
		void *buffer = NULL;

		if (posix_memalign(&buffer, 4096, size))
			fail("memory");
		pieces[i].cb = (struct iocb){.aio_data = (uint64_t)i,
					     .aio_lio_opcode = IOCB_CMD_PREAD,
					     .aio_fildes = (uint32_t)fd,
					     .aio_buf = (uintptr_t)buffer,
					     .aio_nbytes = size};
		submit(context, i);
		under_way++;
	}
	while (under_way) {
		if (syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL) != 1)
			fail("io_getevents");
		take(&event);
		if (count == 1) {
			puts("begun");
			fflush(stdout);
		}
		under_way--;
		if (now_us() < ends) {
			submit(context, (int)event.data);
			under_way++;
		}
	}
	read_cpu(&all[1], &busy[1]);
	qsort(times_us, (size_t)count, sizeof(times_us[0]), by_size);
	printf("reads=%ld usual_us=%u worst_us=%u failed=%ld kib_s=%lld busy=%lld\n", count, times_us[count / 2],
	       times_us[count - 1], failed, count * (long long)(size / 1024) * 1000000 / (now_us() - begun),
	       all[1] > all[0] ? (busy[1] - busy[0]) * 1000 / (all[1] - all[0]) : 0);
	return 0;
}
