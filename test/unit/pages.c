/* Memory that is given back, or hidden, on kernels with pages of 4, 16 and 64 KiB: madvise is a function here that does as the
   kernel does (mm/madvise.c). */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/resident.h"

#define LARGEST 65536
#define ROOM    (4 * LARGEST)

unsigned long __getauxval(unsigned long type);

static _Alignas(LARGEST) uint8_t memory[ROOM];
static unsigned long page; /* 0: that of this machine */
static int refusal;
static size_t hidden_from, hidden_to;

unsigned long getauxval(unsigned long type)
{
	return page && type == AT_PAGESZ ? page : __getauxval(type);
}

int madvise(void *start, size_t size, int advice)
{
	size_t at = (size_t)((uint8_t *)start - memory), end = at + (size + page - 1) / page * page;

	errno = refusal ? refusal : EINVAL;
	if (!page || refusal || at % page)
		return -1;
	assert_true(end <= ROOM);
	if (advice == MADV_DONTNEED)
		memset(start, 0, end - at);
	hidden_from = at;
	hidden_to = end;
	return 0;
}

static int wait_for_child(void)
{
	int status = -1;

	return wait(&status) < 0 ? -1 : status;
}

static void release(size_t from, size_t to)
{
	memset(memory, 7, sizeof(memory));
	resident_release(memory + from, to - from);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], i >= from && i < to ? 0 : 7);
}

static int reset(void **state)
{
	(void)state;
	page = 0;
	refusal = 0;
	return 0;
}

static void what_is_released_is_zero_and_its_neighbours_stay(void **state)
{
	(void)state;
	for (page = 4096; page <= LARGEST; page *= 4) {
		release(100, 200);
		release(4096, 3 * 4096);
		release(5000, 100000);
		release(LARGEST, 2 * LARGEST);
		release(LARGEST - 1, 2 * LARGEST + 4096);
		release(2 * LARGEST + 1, 3 * LARGEST - 1);
	}
}

static void a_kernel_that_takes_nothing_back_leaves_zeroes_too(void **state)
{
	(void)state;
	page = 4096;
	refusal = ENOSYS;
	release(5000, 100000);
}

static void what_is_hidden_is_so_from_its_first_byte_to_its_last(void **state)
{
	(void)state;
	for (page = 4096; page <= LARGEST; page *= 4) {
		hidden_from = hidden_to = 0;
		resident_hide(memory + LARGEST + 5000, 20000);
		assert_true(hidden_to && hidden_from <= LARGEST + 5000 && hidden_to >= LARGEST + 25000);
		hidden_from = hidden_to = 0;
		resident_show(memory + LARGEST + 5000, 20000);
		assert_true(hidden_to && hidden_from <= LARGEST + 5000 && hidden_to >= LARGEST + 25000);
	}
}

/* After a fork, each page that was in memory is the child's own; one that is nowhere, or was never touched, is left alone. */
static void what_is_owned_is_what_is_there(void **state)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE), count = 700;
	uint8_t *mapped = mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char is_there[700] = {0};
	struct rusage before, after;

	(void)state;
	assert_ptr_not_equal(mapped, MAP_FAILED);
	(void)syscall(SYS_madvise, mapped, count * size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i += 7)
		mapped[i * size] = 7;
	munmap(mapped + 300 * size, size);
	if (!fork()) {
		(void)getrusage(RUSAGE_SELF, &before);
		resident_own(mapped + 3, count * size - 5);
		(void)getrusage(RUSAGE_SELF, &after);
		_exit(after.ru_minflt - before.ru_minflt >= 100 && after.ru_minflt - before.ru_minflt < 300 ? 0 : 1);
	}
	assert_int_equal(wait_for_child(), 0);
	resident_own(mapped + 3, count * size - 5);
	assert_int_equal(mincore(mapped + 301 * size, (count - 301) * size, is_there), 0);
	for (size_t i = 301; i < count; i++)
		assert_int_equal(is_there[i - 301] & 1, i % 7 == 0);
	munmap(mapped, count * size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_released_is_zero_and_its_neighbours_stay, reset),
		cmocka_unit_test_setup(a_kernel_that_takes_nothing_back_leaves_zeroes_too, reset),
		cmocka_unit_test_setup(what_is_hidden_is_so_from_its_first_byte_to_its_last, reset),
		cmocka_unit_test_setup(what_is_owned_is_what_is_there, reset),
	};
	int failures = cmocka_run_group_tests(tests, NULL, NULL);

	page = 0;
	return failures;
}
