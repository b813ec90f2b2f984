/* overlay.c - the layers of a root that is only read. See overlay.h. */
/* SPDX-License-Identifier: MIT */
#include "root/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root/search.h"
#include "sys/sysfs.h"

#define RUN_DIRECTORY "/run/iscsi-init"
#define PATH_BYTES    256
#define DIRECTORY     "overlay"
#define WORK_SUFFIX   "-workdir"
#define MEDIA_LOWER   "/media/root-ro"
#define MEDIA_UPPER   "/media/root-rw"

static int set_read_only(int dev, const char *name)
{
	int fd = openat(dev, name, O_RDONLY | O_CLOEXEC), yes = 1, result = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, BLKROSET, &yes) < 0)
		result = -errno;
	close(fd);
	return result;
}

static bool is_partition(int sysfs, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "class/block/%s/partition", name);
	return sysfs_exists(sysfs, path);
}

int overlay_protect(int sysfs, int dev, const char *name)
{
	char disk[SEARCH_NAME_BYTES];
	int result = set_read_only(dev, name);

	if (result || !is_partition(sysfs, name))
		return result;
	return search_disk_of(sysfs, name, disk) ? set_read_only(dev, disk) : -ENODEV;
}

static int make_directory(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int overlay_prepare(void)
{
	int result = make_directory(RUN_DIRECTORY);

	return result ? result : make_directory(OVERLAY_LOWER);
}

/* Every directory of a path below base. 0 or -errno. */
static int make_path(const char *base, const char *path, char out[PATH_BYTES])
{
	int used = snprintf(out, PATH_BYTES, "%s", base), result = 0;

	while (!result && *(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");

		if ((size_t)used + length + 2 > PATH_BYTES)
			return -ENAMETOOLONG;
		used += snprintf(out + used, PATH_BYTES - (size_t)used, "/%.*s", (int)length, path);
		path += length;
		result = make_directory(out);
	}
	return result;
}

static int mount_tmpfs(const struct overlay_plan *plan, const char *where)
{
	char options[48];

	snprintf(options, sizeof(options), "mode=0755%s%s", plan->size[0] ? ",size=" : "", plan->size);
	return mount("tmpfs", where, "tmpfs", MS_STRICTATIME, options) < 0 ? -errno : 0;
}

static int mount_upper(const struct overlay_plan *plan, const char *device, const char *type, const char **step)
{
	int result = make_directory(OVERLAY_UPPER);

	*step = "the writable layer's directory cannot be made";
	if (result)
		return result;
	if (plan->kind == OVERLAY_DEVICE) {
		*step = "the writable layer's device cannot be mounted";
		return mount(device, OVERLAY_UPPER, type, 0, NULL) < 0 ? -errno : 0;
	}
	*step = "the writable layer's tmpfs cannot be mounted";
	return mount_tmpfs(plan, OVERLAY_UPPER);
}

/* The layer's directory on what is mounted at OVERLAY_UPPER and, beside it, the one that overlayfs works in: where overlayroot
   has them, too. The merged tree goes to root. */
static int mount_merged(const struct overlay_plan *plan, const char *root, const char **step)
{
	char upper[PATH_BYTES], work[PATH_BYTES], name[PATH_BYTES], options[3 * PATH_BYTES];
	const char *dir = plan->dir[0] ? plan->dir : DIRECTORY;
	int result = make_path(OVERLAY_UPPER, dir, upper);

	*step = "the writable layer's directories cannot be made";
	snprintf(name, sizeof(name), "%s" WORK_SUFFIX, dir);
	if (!result)
		result = make_path(OVERLAY_UPPER, name, work);
	if (result)
		return result;
	*step = "the kernel does not put the layers together (is its module overlay in the image?)";
	snprintf(options, sizeof(options), "lowerdir=" OVERLAY_LOWER ",upperdir=%s,workdir=%s", upper, work);
	return mount("overlay", root, "overlay", 0, options) < 0 ? -errno : 0;
}

/* Where overlayroot's users look for the layers. */
static int bind_media(const char *root, const char *from, const char *place)
{
	char path[PATH_BYTES];
	int result = make_path(root, place, path);

	return result ? result : mount(from, path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

/* The links of a merged /usr, as systemd makes them in an empty root (base-filesystem.c). */
static void link_usr(int root, const char *usr)
{
	static const char *const names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
	char below[PATH_BYTES + 8], to[16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(below, sizeof(below), "%s/%s", usr, names[i]);
		snprintf(to, sizeof(to), "usr/%s", names[i]);
		if (access(below, F_OK) == 0)
			(void)!symlinkat(to, root, names[i]);
	}
}

static int mount_usr(const struct overlay_plan *plan, const char *root, const char **step)
{
	char usr[PATH_BYTES];
	int fd, result;

	*step = "root's tmpfs cannot be mounted";
	result = mount_tmpfs(plan, root);
	if (result)
		return result;
	*step = "the image has no /usr";
	result = make_path(root, "usr", usr);
	if (!result && mount(OVERLAY_LOWER "/usr", usr, NULL, MS_BIND, NULL) < 0)
		result = -errno;
	fd = result ? -1 : open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		link_usr(fd, usr);
		close(fd);
	}
	return result;
}

/* systemd-remount-fs gives the options of fstab's line for / to what is mounted there. overlayfs passes over options that are
   not its own when they come by mount(2), and refuses them when they come by fsconfig(2), which libmount prefers since 2.39.
   kernel: fs/overlayfs/params.c, ovl_parse_param. The folder as in net/managers.c. */
static void settle_remount(void)
{
	static const char text[] = "# written by iscsi-init\n[Service]\nEnvironment=LIBMOUNT_FORCE_MOUNT2=always\n";
	char path[PATH_BYTES];
	int folder, fd;

	if (make_path("/run", "systemd/system.control/systemd-remount-fs.service.d", path))
		return;
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = openat(folder, "05-iscsi-init.conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0) {
		(void)!write(fd, text, sizeof(text) - 1);
		close(fd);
	}
	close(folder);
}

int overlay_mount(const struct overlay_plan *plan, const char *root, const char *upper_device, const char *upper_type,
		  const char **step)
{
	int result;

	if (plan->kind == OVERLAY_USR) {
		result = mount_usr(plan, root, step);
	} else {
		result = mount_upper(plan, upper_device, upper_type, step);
		if (!result)
			result = mount_merged(plan, root, step);
	}
	if (!result && plan->at_media) {
		*step = "the layers cannot be shown below /media";
		result = bind_media(root, OVERLAY_LOWER, MEDIA_LOWER);
		if (!result)
			result = bind_media(root, OVERLAY_UPPER, MEDIA_UPPER);
	}
	settle_remount();
	if (result) {
		umount2(root, MNT_DETACH);
		umount2(OVERLAY_UPPER, MNT_DETACH);
		umount2(OVERLAY_LOWER, MNT_DETACH);
	}
	return result;
}
