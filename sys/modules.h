/* sys/modules.h - kernel modules through libkmod, and the answer to the kernel's own requests for them.
 *
 * Owns the look-up (by name and by alias), options and blacklist (libkmod reads them from /proc/cmdline and modprobe.d),
 * loading with dependencies and soft dependencies, and /proc/sys/kernel/modprobe. "install" commands are not run.
 * libkmod allocates: use this in a child (loader.h) or in the helper, never in the resident process.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_MODULES_H
#define SYS_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#define MODULES_DIRECTORIES_MAX 3
#define MODULES_TEXT_MAX        1024 /* a name or an alias, with the NUL */

struct kmod_ctx;
struct modules {
	char release[65];
	int count;
	struct kmod_ctx *contexts[MODULES_DIRECTORIES_MAX];
	char directories[MODULES_DIRECTORIES_MAX][160];
	bool builtin_only; /* no directory of this kernel is there */
};

/* Opens every module directory of the running kernel that exists: /lib/modules, /usr/lib/modules and
   /iscsi-init.d/modules. Needs /proc and /sys. 0 also when there is none (a kernel with everything built in);
   -ENOMEM. */
int modules_open(struct modules *modules);
void modules_close(struct modules *modules);

/* Loads a module by name with what it depends on; built in or loaded already is success, a module that finds no hardware
   (ENODEV) too. -ENOENT: no such module (and /sys/module does not have it), -EPERM: blacklisted, else the kernel's error.
   *inserted (may be NULL) grows by one when it went in (what it depends on is not counted).
   A name is not subject to the blacklist. */
int modules_load(struct modules *modules, const char *name, unsigned *inserted);

/* The same for everything that matches an alias, the blacklist applied; nothing for a "crypto-" algorithm that the kernel
   has already. -ENOENT: nothing matches. */
int modules_load_alias(struct modules *modules, const char *alias, unsigned *inserted);

/* One clause for a failure: names the module, the kernel version and the directories searched. Returns out. */
const char *modules_explain(const struct modules *modules, const char *text, int error, char *out, size_t size);

/* What /proc/sys/kernel/modprobe said before us, and whether firmware that is missing was waited for. */
struct modules_service {
	char before[256];
	bool on;
	bool waits;
};

/* From now on the kernel's request_module() runs this very binary, and a driver whose firmware is not in the initramfs goes on
   at once. 0 or -errno (a kernel without modules: -ENOENT). */
int modules_serve(struct modules_service *service);

/* Puts back what was there. */
void modules_serve_stop(struct modules_service *service);

/* Did the kernel start us to load a module ("PATH -q -- NAME")? */
bool modules_is_request(int argc, char *const argv[]);

/* Serves it. Returns the exit status. */
int modules_serve_request(char *const argv[]);

#endif
