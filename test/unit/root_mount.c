/* How root is mounted, and what is said where it cannot be: the kernel's answers are functions here. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "root/init.h"
#include "root/root.h"
#include "sys/log.h"
#include "test/unit/tree.h"

static char folder[40];
static int tree, dev;
static struct root root;

/* What the kernel is like; the look is another process. */
static struct kernel {
	const char *type, *without; /* a file system, and its option that leaves the journal alone */
	int refusal;                /* of a mount that would have to replay it */
	bool is_read_only;          /* the device */
	int init;                   /* what looking for the init ends with */
	unsigned long flags;        /* of the mount that worked */
} * kernel;

const char *const init_names[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh", NULL};

int init_check(int fd, const char *path)
{
	(void)fd, (void)path;
	return kernel->init;
}

int init_open(int fd, const char *path, int flags)
{
	(void)fd, (void)path, (void)flags;
	return -1;
}

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
	assert_string_equal(source, "/dev/null");
	assert_string_equal(target, ROOT_MOUNT_POINT);
	errno = 0;
	if (strcmp(type, kernel->type) != 0)
		errno = ENODEV;
	else if (kernel->is_read_only && !(flags & MS_RDONLY))
		errno = EACCES;
	else if (kernel->refusal && strcmp(data, kernel->without) != 0)
		errno = kernel->refusal;
	kernel->flags = flags;
	return errno ? -1 : 0;
}

int umount2(const char *target, int flags)
{
	(void)target, (void)flags;
	return 0;
}

int mkdir(const char *path, mode_t mode)
{
	(void)path, (void)mode;
	return 0;
}

int ioctl(int fd, unsigned long command, ...)
{
	va_list arguments;

	(void)fd;
	va_start(arguments, command);
	if (command == BLKROGET)
		*va_arg(arguments, int *) = kernel->is_read_only;
	va_end(arguments);
	return 0;
}

/* The only device is one that every machine has. */
int fstatat(int dirfd, const char *path, struct stat *status, int flags)
{
	if (dirfd != dev)
		return (int)syscall(SYS_newfstatat, dirfd, path, status, flags);
	*status = (struct stat){.st_mode = S_IFBLK | 0600, .st_rdev = makedev(8, 0)};
	return 0;
}

/* The place where root is mounted is always there. */
int openat(int dirfd, const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, dirfd, strcmp(path, ROOT_MOUNT_POINT) ? path : "/", flags, 0644);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/root-mount.XXXXXX");
	assert_non_null(mkdtemp(folder));
	tree = open(folder, O_PATH | O_DIRECTORY);
	tree_put(tree, "dev/x", "");
	dev = openat(tree, "dev", O_PATH | O_DIRECTORY);
	tree_put(tree, "devices/null/size", "8\n");
	tree_put(tree, "devices/null/dev", "8:0\n");
	tree_put(tree, "class/block/x", "");
	assert_int_equal(symlinkat("../../devices/null", tree, "class/block/null"), 0);
	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(kernel != MAP_FAILED);
	log_set_level(LOG_LEVEL_ERR);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	munmap(kernel, sizeof(*kernel));
	close(dev);
	close(tree);
	return tree_remove(folder);
}

/* The end of a look for /dev/null, of this type. */
static enum root_state look(const char *type, bool is_writable)
{
	static struct root_plan plan;
	struct pollfd ended = {.events = POLLIN};

	plan = (struct root_plan){.kind = ROOT_DEVICE, .value = "/dev/null", .writable = is_writable};
	snprintf(plan.fstype, sizeof(plan.fstype), "%s", type);
	root_begin(&root, &plan, tree, dev);
	while (root_step(&root, root.result.state == ROOT_MISSING) == ROOT_LOOKING) {
		ended.fd = root_fd(&root);
		assert_int_equal(poll(&ended, 1, -1), 1);
	}
	return root.result.state;
}

/* Each answers in its own way that it would have to write. */
static void a_journal_that_cannot_be_replayed_is_left_alone(void **state)
{
	static const struct kernel kernels[] = {
		{.type = "ext4", .without = "noload", .refusal = EROFS},
		{.type = "xfs", .without = "norecovery", .refusal = EROFS},
		{.type = "f2fs", .without = "norecovery", .refusal = EROFS},
		{.type = "btrfs", .without = "rescue=nologreplay", .refusal = EIO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		for (int is_writable = 0; is_writable < 2; is_writable++) {
			*kernel = kernels[i];
			kernel->is_read_only = true;
			assert_int_equal(look(kernel->type, is_writable), ROOT_MOUNTED);
			assert_true(kernel->flags & MS_RDONLY);
			assert_string_equal(root.result.type, kernel->type);
		}
}

/* A disk that can be written to and that cannot be read has no journal that is in the way. */
static void a_broken_disk_is_not_mounted_without_its_journal(void **state)
{
	(void)state;
	for (int is_writable = 0; is_writable < 2; is_writable++) {
		*kernel = (struct kernel){.type = "btrfs", .without = "rescue=nologreplay", .refusal = EIO};
		assert_int_equal(look("btrfs", is_writable), ROOT_FAILED);
		assert_non_null(strstr(root.result.text, "cannot be mounted as btrfs: "));
	}
}

/* Without openat2 no path can be followed within root; the inits are there all the same. */
static void an_old_kernel_is_named_and_not_the_init(void **state)
{
	(void)state;
	*kernel = (struct kernel){.type = "ext4", .init = -ENOSYS};
	assert_int_equal(look("ext4", true), ROOT_FAILED);
	assert_string_equal(root.result.text, "the kernel is older than Linux 5.10");
	kernel->init = -EACCES;
	assert_int_equal(look("ext4", true), ROOT_FAILED);
	assert_non_null(strstr(root.result.text, " has no init: none of /sbin/init, "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_journal_that_cannot_be_replayed_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broken_disk_is_not_mounted_without_its_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_old_kernel_is_named_and_not_the_init, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
