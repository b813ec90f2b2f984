/* page.h - a text file under construction, and writing it below a root of the caller's.
 *
 * Knows nothing of what is in it. The file is complete or absent.
 */
/* SPDX-License-Identifier: MIT */
#ifndef NET_PAGE_H
#define NET_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_TEXT_MAX 6144
#define PAGE_OURS     "# written by iscsi-init" /* every file but those of other people's formats begins so */

/* Begin with all zero. */
struct page {
	char text[PAGE_TEXT_MAX];
	size_t used;
	bool full; /* something did not fit: the file is not written */
};

void page_put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the file with mode 0644 and creates the directories above it. root: "" for /. 0 or -errno. */
int page_write(const struct page *page, const char *root, const char *file);

#endif
