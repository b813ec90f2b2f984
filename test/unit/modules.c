/* What a failure to load says, and who may ask. Loading itself is in the boot tests. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/modules.h"
#include "test/unit/tree.h"

static int sysctls = -1; /* a folder that stands for /proc/sys/kernel; -1: nothing does */

int openat(int dirfd, const char *path, int flags, ...)
{
	static const char real[] = "/proc/sys/kernel/";
	bool is_ours = sysctls >= 0 && !strncmp(path, real, sizeof(real) - 1);

	return (int)syscall(SYS_openat, is_ours ? sysctls : dirfd, is_ours ? path + sizeof(real) - 1 : path, flags,
			    0644);
}

static const struct modules two = {
	.release = "6.1.0-1-amd64",
	.count = 2,
	.directories = {"/lib/modules/6.1.0-1-amd64", "/iscsi-init.d/modules/6.1.0-1-amd64"}};

static void missing_module_is_named_with_kernel_and_directories(void **state)
{
	char text[400];

	(void)state;
	modules_explain(&two, "iscsi_tcp", -ENOENT, text, sizeof(text));
	assert_string_equal(text,
			    "module iscsi_tcp for kernel 6.1.0-1-amd64 is missing: not in /lib/modules/6.1.0-1-amd64, "
			    "/iscsi-init.d/modules/6.1.0-1-amd64; add it to the initramfs");
}

static void kernel_without_a_module_directory_is_told(void **state)
{
	const struct modules none = {.release = "7.2", .builtin_only = true};
	char text[400];

	(void)state;
	modules_explain(&none, "sd_mod", -ENOENT, text, sizeof(text));
	assert_non_null(strstr(text, "no module directory for kernel 7.2"));
	assert_non_null(strstr(text, "/iscsi-init.d/modules/7.2"));
}

static void blacklist_and_wrong_kernel_have_their_words(void **state)
{
	char text[400];

	(void)state;
	assert_non_null(strstr(modules_explain(&two, "x", -EPERM, text, sizeof(text)), "blacklisted"));
	assert_non_null(strstr(modules_explain(&two, "x", -ENOEXEC, text, sizeof(text)), "another kernel"));
	assert_non_null(strstr(modules_explain(&two, "x", -ENOSYS, text, sizeof(text)), "compressed"));
	assert_non_null(strstr(modules_explain(&two, "x", -ENOMEM, text, sizeof(text)), strerror(ENOMEM)));
}

static void text_is_cut_to_its_place(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(strlen(modules_explain(&two, "iscsi_tcp", -ENOENT, text, sizeof(text))), 15);
}

static void kernel_request_is_told_from_a_command(void **state)
{
	char *request[] = {"/iscsi-init", "-q", "--", "crypto-crc32c", NULL};
	char *list[] = {"iscsi-init", "list", NULL};
	char *check[] = {"iscsi-init", "check", "--", "x", NULL};

	(void)state;
	assert_true(modules_is_request(4, request));
	assert_false(modules_is_request(3, request));
	assert_false(modules_is_request(2, list));
	assert_false(modules_is_request(4, check));
}

static const char *sysctl(const char *name)
{
	static char text[300];
	int fd = openat(sysctls, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void the_kernels_requests_are_served_until_they_are_given_back(void **state)
{
	static const char helper[] = "firmware_config/ignore_sysfs_fallback";
	char folder[] = "/tmp/modules.XXXXXX";
	struct modules_service service;

	(void)state;
	assert_non_null(mkdtemp(folder));
	sysctls = open(folder, O_PATH | O_DIRECTORY);
	assert_int_equal(modules_serve(&service), -ENOENT); /* a kernel without modules */
	tree_put(sysctls, helper, "0\n");
	assert_int_equal(modules_serve(&service), -ENOENT);
	assert_memory_equal(sysctl(helper), "1", 1); /* nobody is waited for who would bring firmware */
	modules_serve_stop(&service);
	assert_memory_equal(sysctl(helper), "0", 1);
	tree_put(sysctls, "modprobe", "/sbin/modprobe\n");
	assert_int_equal(modules_serve(&service), 0);
	assert_non_null(strstr(sysctl("modprobe"), "unit/modules"));
	modules_serve_stop(&service);
	assert_memory_equal(sysctl("modprobe"), "/sbin/modprobe", 14);
	tree_put(sysctls, helper, "1\n"); /* somebody's own choice */
	assert_int_equal(modules_serve(&service), 0);
	modules_serve_stop(&service);
	assert_memory_equal(sysctl(helper), "1", 1);
	close(sysctls);
	sysctls = -1;
	assert_int_equal(tree_remove(folder), 0);
}

static void unknown_module_is_missing_and_unknown_alias_too(void **state)
{
	struct modules modules;
	unsigned inserted = 0;

	(void)state;
	assert_int_equal(modules_open(&modules), 0);
	assert_int_equal(modules_load(&modules, "no_such_module_at_all", &inserted), -ENOENT);
	assert_int_equal(modules_load_alias(&modules, "pci:vNONEdNONE", &inserted), -ENOENT);
	assert_int_equal(inserted, 0);
	modules_close(&modules);
}

static void code_that_the_kernel_has_is_no_missing_module(void **state)
{
	struct modules modules;

	(void)state;
	assert_int_equal(modules_open(&modules), 0);
	assert_int_equal(modules_load(&modules, "proc", NULL), 0); /* in /proc/filesystems, of no module */
	assert_int_equal(modules_load(&modules, "pro", NULL), -ENOENT);
	modules_close(&modules);
}

/* Every one, so that the pieces in which the list is read have no seam. */
static void algorithm_that_the_kernel_has_needs_no_module(void **state)
{
	struct modules none = {.count = 0};
	FILE *list = fopen("/proc/crypto", "re");
	char line[256], alias[128];
	int found = 0;

	(void)state;
	while (list && fgets(line, sizeof(line), list)) {
		if (sscanf(line, "name : %99s", alias + 7) != 1)
			continue;
		memcpy(alias, "crypto-", 7);
		assert_int_equal(modules_load_alias(&none, alias, NULL), 0);
		found++;
	}
	if (list)
		fclose(list);
	assert_true(found > 0);
	assert_int_equal(modules_load_alias(&none, "crypto-no-such", NULL), -ENOENT);
	assert_int_equal(modules_load_alias(&none, "rsa", NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_module_is_named_with_kernel_and_directories),
		cmocka_unit_test(kernel_without_a_module_directory_is_told),
		cmocka_unit_test(blacklist_and_wrong_kernel_have_their_words),
		cmocka_unit_test(text_is_cut_to_its_place),
		cmocka_unit_test(kernel_request_is_told_from_a_command),
		cmocka_unit_test(the_kernels_requests_are_served_until_they_are_given_back),
		cmocka_unit_test(unknown_module_is_missing_and_unknown_alias_too),
		cmocka_unit_test(code_that_the_kernel_has_is_no_missing_module),
		cmocka_unit_test(algorithm_that_the_kernel_has_needs_no_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
