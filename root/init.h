/* init.h - the program that a root file system is started with.
 *
 * Owns the list of the usual ones, and how a path is resolved in a root that is not / yet. Does not execute anything.
 */
/* SPDX-License-Identifier: MIT */
#ifndef ROOT_INIT_H
#define ROOT_INIT_H

/* The usual list of inits (kernel: init/main.c), ended with NULL. */
extern const char *const init_names[];

/* Opens path (flags as for open(2), O_CLOEXEC is added), resolved as if root (a directory descriptor) were /: absolute
   symbolic links stay below it. The descriptor or -errno. */
int init_open(int root, const char *path, int flags);

/* Is path, resolved as if root (a directory descriptor) were /, a program? 0, -ENOENT, -EACCES, ... */
int init_check(int root, const char *path);

#endif
