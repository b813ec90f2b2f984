/* root.c - the search's and the mount's states, mount options, the proof of init.
 *
 * One look is one child: search, mount, check of init. It reports once. The mount namespace is shared, so what the child
 * mounted stays.
 */
#include "root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/superblock.h"
#include "root/init.h"
#include "root/search.h"
#include "sys/log.h"
#include "sys/sysfs.h"

_Static_assert(sizeof(struct root_result) <= CHILD_RESULT_MAX, "a result is one write");

#define OPTIONS_MAX      256
#define LIKELY_TYPE      "ext4"      /* what most roots are: its module loads while the network comes up */
#define INIT_AHEAD_BYTES (256 << 10) /* more than the kernel would read ahead by itself (128 KiB) */

/* Words of rootflags= that are flags of mount(2); the others are the file system's own. */
static const struct {
	const char *word;
	unsigned long set, clear;
} mount_words[] = {
	{"defaults", 0, 0},
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"nosuid", MS_NOSUID, 0},
	{"suid", 0, MS_NOSUID},
	{"nodev", MS_NODEV, 0},
	{"dev", 0, MS_NODEV},
	{"noexec", MS_NOEXEC, 0},
	{"exec", 0, MS_NOEXEC},
	{"sync", MS_SYNCHRONOUS, 0},
	{"async", 0, MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC, 0},
	{"noatime", MS_NOATIME, 0},
	{"atime", 0, MS_NOATIME},
	{"nodiratime", MS_NODIRATIME, 0},
	{"diratime", 0, MS_NODIRATIME},
	{"relatime", MS_RELATIME, 0},
	{"norelatime", 0, MS_RELATIME},
	{"strictatime", MS_STRICTATIME, 0},
	{"nostrictatime", 0, MS_STRICTATIME},
	{"lazytime", MS_LAZYTIME, 0},
	{"nolazytime", 0, MS_LAZYTIME},
	{"silent", MS_SILENT, 0},
	{"loud", 0, MS_SILENT},
};

static bool apply_word(const char *word, size_t length, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof(mount_words) / sizeof(mount_words[0]); i++)
		if (strlen(mount_words[i].word) == length && !memcmp(mount_words[i].word, word, length)) {
			*flags = (*flags | mount_words[i].set) & ~mount_words[i].clear;
			return true;
		}
	return false;
}

/* The next piece of a comma list, from *at on; its length, or 0 at the end. */
static size_t next_piece(const char **at, const char **piece)
{
	*at += strspn(*at, ",");
	*piece = *at;
	*at += strcspn(*at, ",");
	return (size_t)(*at - *piece);
}

unsigned long root_mount_flags(const struct root_plan *plan, char *data, size_t size)
{
	unsigned long flags = plan->writable ? 0 : MS_RDONLY;
	const char *at = plan->flags, *word;
	size_t length, used = 0;

	data[0] = 0;
	while ((length = next_piece(&at, &word))) {
		if (apply_word(word, length, &flags) || length + 2 > size - used)
			continue;
		used += (size_t)snprintf(data + used, size - used, "%s%.*s", used ? "," : "", (int)length, word);
	}
	return flags;
}

bool root_module(const struct root_plan *plan, int i, char *out, size_t size)
{
	const char *at = plan->fstype, *word;
	size_t length;

	if (!*at || !strcmp(at, "auto"))
		at = LIKELY_TYPE;
	while ((length = next_piece(&at, &word)))
		if (i-- == 0) {
			const char *module;

			snprintf(out, size, "%.*s", (int)length, word);
			module = superblock_module(out);
			if (module)
				snprintf(out, size, "%s", module);
			return true;
		}
	return false;
}

/* As the kernel's own mount of root does: a device that refuses writing is mounted read-only. */
static int mount_as(const char *device, const char *type, unsigned long flags, const char *data)
{
	if (mount(device, ROOT_MOUNT_POINT, type, flags, data) == 0)
		return 0;
	if ((errno == EACCES || errno == EROFS) && !(flags & MS_RDONLY) &&
	    mount(device, ROOT_MOUNT_POINT, type, flags | MS_RDONLY, data) == 0) {
		log_warn("%s cannot be written to: root is mounted read-only, not rw", device);
		return 0;
	}
	return -errno;
}

struct mounting {
	const char *device;
	unsigned long flags;
	char data[OPTIONS_MAX];
	char type[18]; /* the one that worked */
};

static int try_type(struct mounting *mounting, const char *type, size_t length)
{
	snprintf(mounting->type, sizeof(mounting->type), "%.*s", (int)length, type);
	return mount_as(mounting->device, mounting->type, mounting->flags, mounting->data);
}

/* Every type of a comma list, until one works. The error of the last. */
static int try_list(struct mounting *mounting, const char *list)
{
	const char *word;
	size_t length;
	int error = -ENODEV;

	while (error && (length = next_piece(&list, &word)))
		error = try_type(mounting, word, length);
	return error;
}

/* Every file system that the kernel has at the moment and that wants a device, as the kernel itself would try. */
static int try_known(struct mounting *mounting)
{
	char lines[4096];
	int error = -ENODEV;

	if (sysfs_read(AT_FDCWD, "/proc/filesystems", lines, sizeof(lines)) < 0)
		return error;
	for (const char *line = lines; error && *line; line += *line == '\n') {
		size_t length = strcspn(line, "\n");

		if (line[0] == '\t')
			error = try_type(mounting, line + 1, length - 1);
		line += length;
	}
	return error;
}

/* A kernel without a driver of that name may have a younger one that mounts it too (ext4 for ext2). */
static int try_detected(struct mounting *mounting, const char *type)
{
	const char *module = superblock_module(type);
	int error = try_type(mounting, type, strlen(type));

	if (error == -ENODEV && module && strcmp(module, type) != 0)
		error = try_type(mounting, module, strlen(module));
	return error;
}

static int mount_found(struct mounting *mounting, const struct root_plan *plan, const char *detected)
{
	if (mkdir(ROOT_MOUNT_POINT, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (plan->fstype[0] && strcmp(plan->fstype, "auto") != 0)
		return try_list(mounting, plan->fstype);
	return detected[0] ? try_detected(mounting, detected) : try_known(mounting);
}

static void explain_mount(struct root_result *result, const struct mounting *mounting, const char *detected)
{
	size_t size = sizeof(result->text);

	if (detected[0] && !superblock_mountable(detected))
		snprintf(result->text, size,
			 "%s holds %s, which is no file system: an initramfs that opens it must come between "
			 "(iscsi.init=)",
			 result->device, detected);
	else if (result->error == -ENODEV)
		snprintf(result->text, size,
			 "%s holds %s, which this kernel cannot mount: its module is missing in the initramfs",
			 result->device, mounting->type[0] ? mounting->type : "no file system that is known");
	else if (result->error == -EINVAL)
		snprintf(result->text, size,
			 "%s cannot be mounted as %s: no valid file system of that type, or rootflags=%s has a word "
			 "that "
			 "it does not know (the kernel log says more)",
			 result->device, mounting->type, mounting->data);
	else
		snprintf(result->text, size, "%s cannot be mounted as %s: %s", result->device, mounting->type,
			 strerror(-result->error));
}

static void explain_init(struct root_result *result, const struct root_plan *plan)
{
	if (plan->init[0])
		snprintf(result->text, sizeof(result->text), "%s has no program %s (init=): %s", result->device,
			 plan->init, strerror(-result->error));
	else
		snprintf(result->text, sizeof(result->text),
			 "%s has no init: none of %s, %s, %s, %s is a program; name it with init=", result->device,
			 init_names[0], init_names[1], init_names[2], init_names[3]);
}

/* The kernel will read it page by page, each a round trip or two: it is to have most of it by then. Does not wait. */
static void read_ahead(int root, const char *path)
{
	int fd = init_open(root, path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return;
	posix_fadvise(fd, 0, INIT_AHEAD_BYTES, POSIX_FADV_WILLNEED);
	close(fd);
}

/* Names the program in result->init. */
static int find_init(const struct root_plan *plan, struct root_result *result)
{
	int root = sysfs_open(ROOT_MOUNT_POINT);
	int error = -ENOENT;
	const char *path = plan->init;

	if (root < 0)
		return root;
	result->init_named = plan->init[0] != 0;
	if (result->init_named)
		error = init_check(root, path);
	for (int i = 0; !result->init_named && error && init_names[i]; i++) {
		path = init_names[i];
		error = init_check(root, path);
	}
	if (!error)
		read_ahead(root, path);
	close(root);
	if (!error)
		snprintf(result->init, sizeof(result->init), "%s", path);
	return error;
}

static void mount_and_check(const struct root_plan *plan, const char *detected, struct root_result *result)
{
	struct mounting mounting = {.device = result->device};

	mounting.flags = root_mount_flags(plan, mounting.data, sizeof(mounting.data));
	result->state = ROOT_FAILED;
	result->error = mount_found(&mounting, plan, detected);
	if (result->error) {
		explain_mount(result, &mounting, detected);
		return;
	}
	memcpy(result->type, mounting.type, sizeof(result->type));
	result->error = find_init(plan, result);
	if (result->error) {
		explain_init(result, plan);
		umount2(ROOT_MOUNT_POINT, MNT_DETACH);
		return;
	}
	result->state = ROOT_MOUNTED;
}

static void run_look(const void *context, void *out)
{
	const struct root *root = context;
	struct root_result *result = out;
	struct search_result found;
	char wanted[300], seen[640];

	if (!search_find(root->sysfs, root->dev, root->plan, &found, seen, sizeof(seen))) {
		result->state = ROOT_MISSING;
		snprintf(result->text, sizeof(result->text), "root=%s is not there; block devices: %s",
			 search_wanted(root->plan, wanted, sizeof(wanted)), seen[0] ? seen : "none");
		return;
	}
	snprintf(result->device, sizeof(result->device), "/dev/%s", found.name);
	mount_and_check(root->plan, found.type, result); /* found.fd goes with the child */
}

void root_begin(struct root *root, const struct root_plan *plan, int sysfs, int dev)
{
	*root = (struct root){.plan = plan, .sysfs = sysfs, .dev = dev, .child = CHILD_NONE};
	root->result.state = ROOT_MISSING;
}

static void start_look(struct root *root)
{
	int error;

	root->again = false;
	error = child_start(&root->child, run_look, root, sizeof(root->result));
	root->result.state = error ? ROOT_MISSING : ROOT_LOOKING;
	if (error)
		snprintf(root->result.text, sizeof(root->result.text), "root= cannot be looked for: %s",
			 strerror(-error));
}

static void end_look(struct root *root)
{
	enum child_state state = child_step(&root->child, &root->result, sizeof(root->result));

	if (state != CHILD_DIED)
		return;
	root->result.state = ROOT_FAILED;
	root->result.error = -EIO;
	snprintf(root->result.text, sizeof(root->result.text), "the process that mounts root ended unexpectedly");
}

enum root_state root_step(struct root *root, bool changed)
{
	if (root->result.state == ROOT_LOOKING) {
		root->again = root->again || changed;
		end_look(root);
	} else if (changed) {
		root->again = true;
	}
	if (root->result.state == ROOT_MISSING && root->again)
		start_look(root);
	return root->result.state;
}

int root_fd(const struct root *root)
{
	return root->child.fd;
}

void root_stop(struct root *root)
{
	child_stop(&root->child);
	umount2(ROOT_MOUNT_POINT, MNT_DETACH);
	root->result.state = ROOT_MISSING;
}
