/* page.c - see page.h. */
/* SPDX-License-Identifier: MIT */
#include "net/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 256

void page_put(struct page *page, const char *format, ...)
{
	size_t left = sizeof(page->text) - page->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(page->text + page->used, left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= left)
		page->full = true;
	else
		page->used += (size_t)length;
}

/* Creates every directory above the file. */
static int make_directories(char *path, size_t root_length)
{
	for (char *c = path + root_length + 1; (c = strchr(c, '/')); c++) {
		int result;

		*c = '\0';
		result = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		*c = '/';
		if (result)
			return result;
	}
	return 0;
}

static int write_all(int fd, const struct page *page)
{
	ssize_t written;

	do
		written = write(fd, page->text, page->used);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	return (size_t)written == page->used ? 0 : -ENOSPC;
}

/* Written under another name first, so that the file is complete or absent. */
int page_write(const struct page *page, const char *root, const char *file)
{
	char path[PATH_BYTES], draft[PATH_BYTES + 8];
	int fd, result;

	if (page->full || snprintf(path, sizeof(path), "%s%s", root, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	result = make_directories(path, strlen(root));
	if (result)
		return result;
	snprintf(draft, sizeof(draft), "%s.new", path);
	fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	result = write_all(fd, page);
	(void)close(fd);
	if (!result && rename(draft, path) < 0)
		result = -errno;
	if (result)
		(void)unlink(draft);
	return result;
}
