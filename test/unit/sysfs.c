/* Attributes and directories, on a tree that the test makes. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/confine.h"
#include "sys/sysfs.h"

struct tree {
	char path[64];
	int fd;
};

static void put(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	strcpy(tree->path, "/tmp/sysfs-test-XXXXXX");
	if (!mkdtemp(tree->path))
		return -1;
	tree->fd = sysfs_open(tree->path);
	*state = tree;
	return tree->fd < 0;
}

static int remove_tree(void **state)
{
	struct tree *tree = *state;
	char command[128];
	int result;

	close(tree->fd);
	snprintf(command, sizeof(command), "rm -rf %s", tree->path);
	result = system(command);
	free(tree);
	return result;
}

static void attribute_loses_its_newline(void **state)
{
	struct tree *tree = *state;
	char text[16];

	put(tree->fd, "a", "up\n");
	assert_int_equal(sysfs_read(tree->fd, "a", text, sizeof(text)), 2);
	assert_string_equal(text, "up");
	put(tree->fd, "a", " none [mq] \n\n");
	assert_int_equal(sysfs_read(tree->fd, "a", text, sizeof(text)), 10);
	assert_string_equal(text, " none [mq]");
}

static void long_attribute_is_cut_and_missing_one_is_empty(void **state)
{
	struct tree *tree = *state;
	char text[5];

	put(tree->fd, "a", "abcdefgh");
	assert_int_equal(sysfs_read(tree->fd, "a", text, sizeof(text)), 4);
	assert_string_equal(text, "abcd");
	assert_int_equal(sysfs_read(tree->fd, "nothing", text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "");
}

static void number_is_read_in_its_range_only(void **state)
{
	struct tree *tree = *state;
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{"0\n", 0, 0},          {"42", 0, 42},       {"100\n", 0, 100},   {"-3", 0, -3},
		{"0x1f", 0, 31},        {"101", -ERANGE, 7}, {"-11", -ERANGE, 7}, {"99999999999999999999", -ERANGE, 7},
		{"", -EINVAL, 7},       {"-", -EINVAL, 7},   {"+5", -EINVAL, 7},  {"4x", -EINVAL, 7},
		{"(null)", -EINVAL, 7},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = 7;

		put(tree->fd, "n", cases[i].text);
		assert_int_equal(sysfs_read_number(tree->fd, "n", -10, 100, &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

static void write_reaches_the_file_and_makes_none(void **state)
{
	struct tree *tree = *state;
	char text[16];

	put(tree->fd, "w", "old");
	assert_int_equal(sysfs_write(tree->fd, "w", "new"), 0);
	sysfs_read(tree->fd, "w", text, sizeof(text));
	assert_string_equal(text, "new");
	assert_int_equal(sysfs_write(tree->fd, "absent", "x"), -ENOENT);
	assert_false(sysfs_exists(tree->fd, "absent"));
}

static void directory_lists_every_name_once(void **state)
{
	struct tree *tree = *state;
	struct sysfs_dir dir;
	const char *name;
	bool is_directory, seen[300] = {false};
	int count = 0, directories = 0;

	assert_int_equal(mkdirat(tree->fd, "d", 0755), 0);
	for (int i = 0; i < 300; i++) {
		char path[64];

		snprintf(path, sizeof(path), "d/a-name-of-some-length-%03d", i);
		if (i % 10 == 0)
			assert_int_equal(mkdirat(tree->fd, path, 0755), 0);
		else
			put(tree->fd, path, "");
	}
	assert_int_equal(sysfs_dir_open(&dir, tree->fd, "d"), 0);
	while ((name = sysfs_dir_next(&dir, &is_directory))) {
		int number = atoi(strrchr(name, '-') + 1);

		assert_false(seen[number]);
		seen[number] = true;
		count++;
		directories += is_directory;
	}
	sysfs_dir_close(&dir);
	assert_int_equal(count, 300);
	assert_int_equal(directories, 30);
	assert_int_equal(sysfs_dir_open(&dir, tree->fd, "nothing"), -ENOENT);
}

static void link_says_what_it_names(void **state)
{
	struct tree *tree = *state;
	char name[16];

	assert_int_equal(symlinkat("../../bus/scsi", tree->fd, "l"), 0);
	assert_int_equal(sysfs_read_link(tree->fd, "l", name, sizeof(name)), 0);
	assert_string_equal(name, "../../bus/scsi");
	assert_int_equal(sysfs_read_link(tree->fd, "l", name, 15), 0);
	assert_int_equal(sysfs_read_link(tree->fd, "l", name, 14), -ENAMETOOLONG);
	assert_int_equal(sysfs_read_link(tree->fd, "none", name, sizeof(name)), -ENOENT);
}

static void tree_is_read_after_its_path_is_gone(void **state)
{
	struct tree *tree = *state;
	char moved[80], text[8];

	put(tree->fd, "a", "still\n");
	snprintf(moved, sizeof(moved), "%s-moved", tree->path);
	assert_int_equal(rename(tree->path, moved), 0);
	assert_int_equal(sysfs_read(tree->fd, "a", text, sizeof(text)), 5);
	strcpy(tree->path, moved);
}

/* Without root there is nothing to be checked. */
static void tree_of_its_own_is_mounted_nowhere(void **state)
{
	char name[32];
	int proc = sysfs_make("proc");

	(void)state;
	if (proc == -EPERM)
		skip();
	assert_true(proc >= 0);
	assert_true(sysfs_read(proc, "self/comm", name, sizeof(name)) > 0);
	assert_string_equal(name, "sysfs");
	close(proc);
	assert_int_equal(sysfs_make("no-such-type"), -ENODEV);
}

/* 0: as it should be; 77: this is not allowed here. */
static int look_from_confinement(const char *place)
{
	char path[32], name[32];
	const char *step;
	int own = sysfs_make("proc"), hidden;

	snprintf(path, sizeof(path), "%d/comm", (int)getppid());
	if (own < 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", place, "proc", 0, "hidepid=2,gid=1000"))
		return 77;
	hidden = sysfs_open(place);
	if (confine_resident(&step))
		return 77;
	if (sysfs_read(hidden, path, name, sizeof(name)) != -ENOENT)
		return 1;
	return sysfs_read(own, path, name, sizeof(name)) > 0 ? 0 : 2;
}

/* A system hides its processes from whom has fewer capabilities than they: the resident process still sees iscsid. */
static void own_proc_hides_no_process(void **state)
{
	char place[] = "/tmp/sysfs-proc-XXXXXX";
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(place));
	pid = fork();
	if (pid == 0)
		_exit(look_from_confinement(place));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(rmdir(place), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attribute_loses_its_newline, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(long_attribute_is_cut_and_missing_one_is_empty, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(number_is_read_in_its_range_only, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(write_reaches_the_file_and_makes_none, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(directory_lists_every_name_once, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(link_says_what_it_names, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(tree_is_read_after_its_path_is_gone, make_tree, remove_tree),
		cmocka_unit_test(own_proc_hides_no_process),
		cmocka_unit_test(tree_of_its_own_is_mounted_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
