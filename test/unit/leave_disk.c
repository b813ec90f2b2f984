/* A program that runs from memory: the kernel's two calls for it are functions here. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/resident.h"

#define EXECUTABLE 0x10U /* MFD_EXEC */

static bool is_old; /* the kernel, before 6.3 */
static bool may_run;
static char executed[64];

int memfd_create(const char *name, unsigned int flags)
{
	char path[] = "/tmp/leave-disk.XXXXXX";
	int fd;

	(void)name;
	assert_true(flags & MFD_CLOEXEC);
	if (is_old && flags & EXECUTABLE) {
		errno = EINVAL;
		return -1;
	}
	may_run = is_old || flags & EXECUTABLE; /* vm.memfd_noexec=1 */
	fd = mkstemp(path);
	unlink(path);
	return fd;
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	(void)argv, (void)envp;
	snprintf(executed, sizeof(executed), "%s", may_run ? path : "");
	errno = EACCES;
	return -1;
}

static void a_copy_may_be_executed(void **state)
{
	char *argv[] = {NULL};

	(void)state;
	for (int i = 0; i < 2; i++) {
		is_old = i;
		executed[0] = '\0';
		assert_int_equal(resident_leave_disk(argv), -EACCES);
		assert_memory_equal(executed, "/proc/self/fd/", 14);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_may_be_executed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
