/* sys/keyring.h - the kernel's keyrings (keyrings(7)): reading a key of type "user" that this process may search for. */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_KEYRING_H
#define SYS_KEYRING_H

#include <stddef.h>
#include <sys/types.h>

/* The payload of the key in the thread's, process's, session's or user's keyring; nobody is asked to make one. Its length;
   -ENOKEY: there is none, or the kernel has no keyrings; -EMSGSIZE: longer than size. */
ssize_t keyring_read(const char *description, void *out, size_t size);

#endif
