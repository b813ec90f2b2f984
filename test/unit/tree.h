/* tree.h - a folder of a test that stands for sysfs, /proc or a root. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_TREE_H
#define TEST_TREE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The folders on the way to it. */
static inline void tree_make_parents(int dirfd, const char *path)
{
	char part[256];

	for (const char *at = path; (at = strchr(at, '/')); at++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		(void)mkdirat(dirfd, part, 0755);
	}
}

/* A file, new or in place of what it had. */
static inline void tree_put_bytes(int dirfd, const char *path, mode_t mode, const void *bytes, size_t length)
{
	int fd;

	tree_make_parents(dirfd, path);
	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

static inline void tree_put(int dirfd, const char *path, const char *text)
{
	tree_put_bytes(dirfd, path, 0644, text, strlen(text));
}

/* The folder with all that is in it. 0, or not. */
static inline int tree_remove(const char *path)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

#endif
