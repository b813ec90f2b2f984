/* sys/modules.c - kernel modules through libkmod.
 *
 * One libkmod context a directory: a module and what it depends on come from the same one. Modules that are built in or
 * loaded already, and modules that find no hardware, are success; libkmod waits for a load that another process began.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/sysfs.h"

#define MODPROBE_PATH "/proc/sys/kernel/modprobe"
#define NO_HELPER     "/proc/sys/kernel/firmware_config/ignore_sysfs_fallback"

static const char *const parents[MODULES_DIRECTORIES_MAX] = {"/lib/modules", "/usr/lib/modules",
							     "/iscsi-init.d/modules"};

static void drop_log(void *data, int priority, const char *file, int line, const char *function, const char *format,
		     va_list arguments)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format, (void)arguments;
}

static bool same_directory(const char *a, const struct stat *b)
{
	struct stat status;

	return stat(a, &status) == 0 && status.st_dev == b->st_dev && status.st_ino == b->st_ino;
}

/* /usr/lib is often the same as /lib. */
static bool is_open(const struct modules *modules, const struct stat *status)
{
	for (int i = 0; i < modules->count; i++)
		if (same_directory(modules->directories[i], status))
			return true;
	return false;
}

static int open_directory(struct modules *modules, const char *parent)
{
	char path[sizeof(modules->directories[0])];
	struct kmod_ctx *context;
	struct stat status;

	if (snprintf(path, sizeof(path), "%s/%s", parent, modules->release) >= (int)sizeof(path))
		return 0;
	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode) || is_open(modules, &status))
		return 0;
	context = kmod_new(path, NULL);
	if (!context)
		return -ENOMEM;
	kmod_set_log_fn(context, drop_log, NULL);
	kmod_load_resources(context);
	memcpy(modules->directories[modules->count], path, sizeof(path));
	modules->contexts[modules->count++] = context;
	return 0;
}

int modules_open(struct modules *modules)
{
	struct utsname system;

	*modules = (struct modules){0};
	uname(&system);
	snprintf(modules->release, sizeof(modules->release), "%s", system.release);
	for (int i = 0; i < MODULES_DIRECTORIES_MAX; i++) {
		int error = open_directory(modules, parents[i]);

		if (error) {
			modules_close(modules);
			return error;
		}
	}
	modules->builtin_only = modules->count == 0;
	return 0;
}

void modules_close(struct modules *modules)
{
	for (int i = 0; i < modules->count; i++)
		kmod_unref(modules->contexts[i]);
	modules->count = 0;
}

/* "install NAME COMMAND" of modprobe.d. A command that only refuses is a blacklist entry in disguise; any other is
   passed over, as no shell need be here, and the module goes in. */
static int replace_install(struct kmod_module *module, const char *command, void *data)
{
	(void)data;
	if (strstr(command, "/bin/false") || strstr(command, "/bin/true"))
		return -EPERM;
	return kmod_module_insert_module(module, 0, kmod_module_get_options(module));
}

static bool is_there(struct kmod_module *module)
{
	int state = kmod_module_get_initstate(module);

	return state == KMOD_MODULE_BUILTIN || state == KMOD_MODULE_LIVE;
}

static int insert(struct kmod_module *module, unsigned flags, unsigned *inserted)
{
	int error;

	if (is_there(module))
		return 0;
	error = kmod_module_probe_insert_module(module, flags, NULL, replace_install, NULL, NULL);
	if (error > 0)
		return -EPERM; /* libkmod: blacklisted */
	if (error == -ENODEV || error == -EEXIST || error == -EBUSY)
		return 0;
	if (!error && inserted)
		++*inserted;
	return error;
}

/* Everything that matches in one directory. The first error counts, unless another match went in. */
static int load_from(struct kmod_ctx *context, const char *text, unsigned flags, unsigned *inserted)
{
	struct kmod_list *list = NULL, *entry;
	int error = kmod_module_new_from_lookup(context, text, &list);
	int first = 0;
	bool good = false;

	if (error < 0)
		return error;
	if (!list)
		return -ENOENT;
	kmod_list_foreach(entry, list)
	{
		struct kmod_module *module = kmod_module_get_module(entry);

		error = insert(module, flags, inserted);
		good = good || !error;
		if (error && !first)
			first = error;
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return good ? 0 : first;
}

static int load(struct modules *modules, const char *text, unsigned flags, unsigned *inserted)
{
	int error = -ENOENT;

	for (int i = 0; i < modules->count && error == -ENOENT; i++)
		error = load_from(modules->contexts[i], text, flags, inserted);
	return error;
}

/* /proc/filesystems has lines "nodev<TAB>name" or "<TAB>name". */
static bool is_file_system(const char *name)
{
	char lines[4096], wanted[80];
	ssize_t length = sysfs_read(AT_FDCWD, "/proc/filesystems", lines, sizeof(lines) - 1);

	if (length <= 0)
		return false;
	memcpy(lines + length, "\n", 2);
	snprintf(wanted, sizeof(wanted), "\t%s\n", name);
	return strstr(lines, wanted) != NULL;
}

/* What shows that a module's code is in the kernel although no module directory says so. */
static bool in_kernel(const char *name)
{
	static const char *const evidence[][2] = {
		{"iscsi_tcp", "/sys/class/iscsi_transport/tcp"},
		{"scsi_transport_iscsi", "/sys/class/iscsi_transport"},
		{"sd_mod", "/sys/bus/scsi/drivers/sd"},
		{"virtio_pci", "/sys/bus/pci/drivers/virtio-pci"},
		{"virtio_net", "/sys/bus/virtio/drivers/virtio_net"},
		{"iscsi_ibft", "/sys/firmware/ibft"},
	};
	char path[160];

	for (size_t i = 0; i < sizeof(evidence) / sizeof(evidence[0]); i++)
		if (!strcmp(name, evidence[i][0]))
			return access(evidence[i][1], F_OK) == 0;
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	for (char *c = path; *c; c++)
		if (*c == '-')
			*c = '_';
	return access(path, F_OK) == 0 || is_file_system(name);
}

int modules_load(struct modules *modules, const char *name, unsigned *inserted)
{
	int error = load(modules, name, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, inserted);

	return error == -ENOENT && in_kernel(name) ? 0 : error;
}

/* /proc/crypto has lines "name         : crc32c" (kernel: crypto/proc.c); what is left of one piece goes before the next. */
static bool has_algorithm(const char *name)
{
	char wanted[64], text[sizeof(wanted) + 2048 + 1];
	size_t kept = 0;
	ssize_t length;
	bool has = false;
	int fd = open("/proc/crypto", O_RDONLY | O_CLOEXEC);

	snprintf(wanted, sizeof(wanted), "name         : %s\n", name);
	while (!has && (length = read(fd, text + kept, 2048)) > 0) {
		kept += (size_t)length;
		text[kept] = 0;
		has = strstr(text, wanted) != NULL;
		if (kept <= sizeof(wanted))
			continue;
		memmove(text, text + kept - sizeof(wanted), sizeof(wanted));
		kept = sizeof(wanted);
	}
	close(fd);
	return has;
}

int modules_load_alias(struct modules *modules, const char *alias, unsigned *inserted)
{
	/* Another implementation, for a CPU's instructions, comes by the CPU's own alias. */
	if (!strncmp(alias, "crypto-", 7) && has_algorithm(alias + 7))
		return 0;
	return load(modules, alias, KMOD_PROBE_APPLY_BLACKLIST, inserted);
}

static const char *list_directories(const struct modules *modules, char *out, size_t size)
{
	size_t used = 0;

	out[0] = 0;
	for (int i = 0; i < modules->count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", modules->directories[i]);
	return out;
}

static const char *reason(int error)
{
	switch (error) {
	case -EPERM:
		return "it is blacklisted, or the kernel forbids it (modprobe.blacklist=, module_blacklist=, "
		       "modprobe.d)";
	case -ENOEXEC:
	case -EINVAL:
		return "the kernel does not take the file: it was built for another kernel, or is damaged";
	case -EKEYREJECTED:
	case -ENOKEY:
		return "its signature is not one that this kernel accepts";
	case -ENOSYS:
		return "the file is compressed in a way that neither this program nor the kernel reads";
	default:
		return strerror(-error);
	}
}

const char *modules_explain(const struct modules *modules, const char *text, int error, char *out, size_t size)
{
	char directories[3 * 160 + 8];

	if (error != -ENOENT)
		snprintf(out, size, "module %s for kernel %s cannot be loaded: %s", text, modules->release,
			 reason(error));
	else if (modules->count)
		snprintf(out, size, "module %s for kernel %s is missing: not in %s; add it to the initramfs", text,
			 modules->release, list_directories(modules, directories, sizeof(directories)));
	else
		snprintf(out, size,
			 "module %s is missing: no module directory for kernel %s (neither %s/%s, %s/%s nor %s/%s)",
			 text, modules->release, parents[0], modules->release, parents[1], modules->release, parents[2],
			 modules->release);
	return out;
}

/* Such kernels (FW_LOADER_USER_HELPER_FALLBACK, as in arm64's defconfig) let a driver wait a minute for somebody who brings a
   firmware that is not there, some while the interface is set up: then nothing else of the network works either. */
static bool stop_waiting(void)
{
	int64_t ignores;

	return !sysfs_read_number(AT_FDCWD, NO_HELPER, 0, 1, &ignores) && !ignores &&
	       !sysfs_write(AT_FDCWD, NO_HELPER, "1");
}

int modules_serve(struct modules_service *service)
{
	char self[256];
	int error = sysfs_read_link(AT_FDCWD, "/proc/self/exe", self, sizeof(self));
	ssize_t length;

	*service = (struct modules_service){.waits = stop_waiting()};
	if (error)
		return error;
	length = sysfs_read(AT_FDCWD, MODPROBE_PATH, service->before, sizeof(service->before));
	if (length < 0)
		return (int)length;
	error = sysfs_write(AT_FDCWD, MODPROBE_PATH, self);
	service->on = !error;
	return error;
}

void modules_serve_stop(struct modules_service *service)
{
	if (service->on)
		sysfs_write(AT_FDCWD, MODPROBE_PATH, service->before);
	if (service->waits)
		sysfs_write(AT_FDCWD, NO_HELPER, "0");
	service->on = service->waits = false;
}

bool modules_is_request(int argc, char *const argv[])
{
	return argc == 4 && !strcmp(argv[1], "-q") && !strcmp(argv[2], "--");
}

int modules_serve_request(char *const argv[])
{
	struct modules modules;
	int error;

	/* The kernel starts its helpers without descriptors: a file of ours must not become 0, 1 or 2. */
	while ((error = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && error <= 2)
		;
	if (error > 2)
		close(error);
	if (modules_open(&modules))
		return 1;
	error = load(&modules, argv[3], KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL);
	modules_close(&modules);
	return error ? 1 : 0;
}
