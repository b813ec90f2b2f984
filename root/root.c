/* root.c - the search's and the mount's states, mount options, the proof of init.
 *
 * One look is one child: search, mount, check of init. It reports once. The mount namespace is shared, so what the child
 * mounted stays.
 */
/* SPDX-License-Identifier: MIT */
#include "root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/superblock.h"
#include "root/init.h"
#include "root/overlay.h"
#include "root/search.h"
#include "root/verity.h"
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
	{"_netdev", 0, 0},
	{"nofail", 0, 0},
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

/* mount(8)'s own words, which a line may have from fstab, are not the kernel's either: _netdev, x-systemd.requires=. */
static bool apply_word(const char *word, size_t length, unsigned long *flags)
{
	if (length > 2 && (word[0] == 'x' || word[0] == 'X') && word[1] == '-')
		return true;
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

/* What the layers and the verified device need: they are made before any file system asks for a module. */
static const char *layer_module(const struct root_plan *plan, int *i)
{
	static const char *const overlay[] = {"overlay"}, *const verity[] = {"dm_mod", "dm_verity"};

	if (plan->overlay.kind == OVERLAY_TMPFS || plan->overlay.kind == OVERLAY_DEVICE) {
		if (*i == 0)
			return overlay[0];
		--*i;
	}
	if (plan->verity.options.hash_length) {
		if (*i < 2)
			return verity[*i];
		*i -= 2;
	}
	return NULL;
}

bool root_module(const struct root_plan *plan, int i, char *out, size_t size)
{
	const char *at = plan->fstype, *word = layer_module(plan, &i);
	size_t length;

	if (word) {
		snprintf(out, size, "%s", word);
		return true;
	}

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

struct mounting {
	const char *device, *where;
	unsigned long flags;
	char data[OPTIONS_MAX];
	char type[18]; /* the one that worked */
};

/* The option with which a file system leaves its journal alone; NULL: it has none. */
static const char *without_recovery(const char *type)
{
	static const char *const options[][2] = {
		{"ext3", "noload"},     {"ext4", "noload"}, {"xfs", "norecovery"}, {"btrfs", "rescue=nologreplay"},
		{"f2fs", "norecovery"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i][0], type))
			return options[i][1];
	return NULL;
}

/* A journal that must be replayed on a device that nobody can write to: what is on the disk is mounted as it is. */
static int mount_unrecovered(const struct mounting *m)
{
	const char *option = without_recovery(m->type);
	char data[OPTIONS_MAX + 32];

	if (!option)
		return -EROFS;
	snprintf(data, sizeof(data), "%s%s%s", m->data, m->data[0] ? "," : "", option);
	if (mount(m->device, m->where, m->type, m->flags | MS_RDONLY, data) < 0)
		return -errno;
	log_warn("%s was not unmounted cleanly. Root is mounted without replaying its journal (%s): recent changes may "
		 "be missing. Mount it once, read-write, where nothing else uses it",
		 m->device, option);
	return 0;
}

static bool is_read_only(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC), yes = 0;

	if (fd >= 0) {
		(void)ioctl(fd, BLKROGET, &yes);
		close(fd);
	}
	return yes;
}

/* Did the mount fail because a journal must be replayed and the device takes no writes? btrfs says EIO then (kernel:
   fs/btrfs/disk-io.c, btrfs_replay_log), as for a disk that cannot be read. */
static bool needs_replay(const struct mounting *m, int error)
{
	return error == EROFS || (error == EIO && !strcmp(m->type, "btrfs") && is_read_only(m->device));
}

/* As the kernel's own mount of root does: a device that refuses writing is mounted read-only. */
static int mount_as(const struct mounting *m)
{
	int error;

	if (mount(m->device, m->where, m->type, m->flags, m->data) == 0)
		return 0;
	if ((errno == EACCES || errno == EROFS) && !(m->flags & MS_RDONLY) &&
	    mount(m->device, m->where, m->type, m->flags | MS_RDONLY, m->data) == 0) {
		log_warn("%s cannot be written to: root is mounted read-only, not rw", m->device);
		return 0;
	}
	error = errno;
	return needs_replay(m, error) ? mount_unrecovered(m) : -error;
}

static int try_type(struct mounting *mounting, const char *type, size_t length)
{
	snprintf(mounting->type, sizeof(mounting->type), "%.*s", (int)length, type);
	return mount_as(mounting);
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
	if (mkdir(mounting->where, 0755) < 0 && errno != EEXIST)
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
	if (result->error == -ENOSYS)
		snprintf(result->text, sizeof(result->text), "the kernel is older than Linux 5.10");
	else if (plan->init[0])
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

/* What is under root: the device that is mounted, and those that its data lies on. */
struct base {
	char device[48]; /* relative to /dev */
	char type[18];
	char parts[2][48]; /* relative to /dev; "" none */
};

static bool mount_base(const struct root_plan *plan, const struct base *base, const char *where,
		       struct root_result *result)
{
	struct mounting mounting = {.device = result->device, .where = where};

	mounting.flags = root_mount_flags(plan, mounting.data, sizeof(mounting.data));
	if (plan->overlay.kind != OVERLAY_NONE)
		mounting.flags |= MS_RDONLY;
	result->error = mount_found(&mounting, plan, base->type);
	if (result->error)
		explain_mount(result, &mounting, base->type);
	else
		memcpy(result->type, mounting.type, sizeof(result->type));
	return !result->error;
}

/* The device that the writable layer is on. false: it is not there, or holds nothing that is known. */
static bool find_upper(const struct root *root, struct search_result *found, struct root_result *result)
{
	const struct device_plan *device = &root->plan->overlay.device;
	struct root_plan wanted = {.kind = device->kind};
	char shown[300], seen[640];

	if (root->plan->overlay.kind != OVERLAY_DEVICE)
		return true;
	snprintf(wanted.value, sizeof(wanted.value), "%s", device->value);
	if (!search_find(root->sysfs, root->dev, &wanted, found, seen, sizeof(seen))) {
		result->state = ROOT_MISSING;
		snprintf(result->text, sizeof(result->text),
			 "the device of the writable layer, %s, is not there; block devices: %s",
			 search_wanted(&wanted, shown, sizeof(shown)), seen[0] ? seen : "none");
		return false;
	}
	if (!found->type[0])
		snprintf(result->text, sizeof(result->text),
			 "/dev/%s, the device of the writable layer, has no file system that is known", found->name);
	return found->type[0];
}

static bool protect(const struct root *root, const struct base *base, struct root_result *result)
{
	for (int i = 0; i < 2 && base->parts[i][0]; i++) {
		result->error = overlay_protect(root->sysfs, root->dev, base->parts[i]);
		if (!result->error)
			continue;
		snprintf(result->text, sizeof(result->text), "/dev/%s cannot be made read-only: %s", base->parts[i],
			 strerror(-result->error));
		return false;
	}
	return true;
}

/* Nothing of the shared disk is mounted before the kernel refuses every write to it. */
static bool mount_layers(const struct root *root, const struct base *base, struct root_result *result)
{
	struct search_result upper = {.fd = -1};
	char device[64];
	const char *step = "its directory cannot be made";

	if (!find_upper(root, &upper, result) || !protect(root, base, result))
		return false;
	result->error = overlay_prepare();
	if (!result->error && !mount_base(root->plan, base, OVERLAY_LOWER, result))
		return false;
	if (!result->error && mkdir(ROOT_MOUNT_POINT, 0755) < 0 && errno != EEXIST)
		result->error = -errno;
	snprintf(device, sizeof(device), "/dev/%s", upper.name);
	if (!result->error)
		result->error = overlay_mount(&root->plan->overlay, ROOT_MOUNT_POINT, device, upper.type, &step);
	if (result->error)
		snprintf(result->text, sizeof(result->text), "the writable layer over %s: %s: %s", result->device, step,
			 strerror(-result->error));
	return !result->error;
}

static void unmount_layers(void)
{
	umount2(ROOT_MOUNT_POINT, MNT_DETACH);
	umount2(OVERLAY_UPPER, MNT_DETACH);
	umount2(OVERLAY_LOWER, MNT_DETACH);
}

static void mount_and_check(const struct root *root, const struct base *base, struct root_result *result)
{
	bool is_layered = root->plan->overlay.kind != OVERLAY_NONE;

	result->state = ROOT_FAILED;
	if (!(is_layered ? mount_layers(root, base, result) : mount_base(root->plan, base, ROOT_MOUNT_POINT, result)))
		return;
	result->error = find_init(root->plan, result);
	if (!result->error) {
		result->state = ROOT_MOUNTED;
		return;
	}
	explain_init(result, root->plan);
	unmount_layers();
}

/* The device that root= names; false, with *result, when there is none. */
static bool find_base(const struct root *root, const struct root_plan *plan, struct base *base,
		      struct root_result *result)
{
	struct search_result found;
	char wanted[300], seen[640];

	if (!search_find(root->sysfs, root->dev, plan, &found, seen, sizeof(seen))) {
		result->state = ROOT_MISSING;
		snprintf(result->text, sizeof(result->text), "root=%s is not there; block devices: %s",
			 search_wanted(plan, wanted, sizeof(wanted)), seen[0] ? seen : "none");
		return false;
	}
	memcpy(base->device, found.name, sizeof(found.name)); /* found.fd goes with the child */
	memcpy(base->type, found.type, sizeof(base->type));
	return true;
}

/* The verified device over the two that hold the data and the hash tree. */
static bool find_verified(const struct root *root, struct base *base, struct root_result *result)
{
	struct root_plan plan = {.kind = ROOT_DEVICE};
	struct verity_root verity = {0};
	enum verity_state state =
		verity_set_up(root->sysfs, root->dev, root->plan, &verity, result->text, sizeof(result->text));

	result->state = state == VERITY_MISSING ? ROOT_MISSING : ROOT_FAILED;
	if (state != VERITY_READY)
		return false;
	memcpy(base->parts, verity.parts, sizeof(base->parts));
	snprintf(plan.value, sizeof(plan.value), "/dev/%s", verity.device);
	memcpy(plan.fstype, root->plan->fstype, sizeof(plan.fstype));
	return find_base(root, &plan, base, result);
}

static void run_look(const void *context, void *out)
{
	const struct root *root = context;
	struct root_result *result = out;
	struct base base = {0};
	bool is_verified = root->plan->verity.options.hash_length;

	if (!(is_verified ? find_verified(root, &base, result) : find_base(root, root->plan, &base, result)))
		return;
	if (!is_verified)
		memcpy(base.parts[0], base.device, sizeof(base.parts[0]));
	snprintf(result->device, sizeof(result->device), "/dev/%s", base.device);
	mount_and_check(root, &base, result);
	if (is_verified && result->state != ROOT_MOUNTED)
		verity_tear_down(root->dev);
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
	unmount_layers();
	if (root->plan->verity.options.hash_length)
		verity_tear_down(root->dev);
	root->result.state = ROOT_MISSING;
}
