/* verity.c - the device under a verified root. See verity.h. */
/* SPDX-License-Identifier: MIT */
#include "root/verity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "root/search.h"
#include "sys/dm.h"
#include "sys/prefetch.h"
#include "sys/udev_db.h"

#define SECTOR_BYTES 512

struct part {
	int fd;
	uint64_t bytes;
	char id[24]; /* "8:1" */
	dev_t number;
};

/* Which device: what the command line says; else root=, for the data; else a half of the root hash. */
static void choose(const struct root_plan *plan, bool tree, struct root_plan *wanted)
{
	const struct device_plan *named = tree ? &plan->verity.tree : &plan->verity.data;
	char uuids[2][DISK_UUID_BYTES];
	bool is_own = plan->kind == ROOT_NONE || !strcmp(plan->value, "/dev/mapper/" VERITY_NAME);

	*wanted = (struct root_plan){.kind = named->kind, .fstype = "none"};
	snprintf(wanted->value, sizeof(wanted->value), "%s", named->value);
	if (wanted->kind != ROOT_NONE)
		return;
	if (!is_own && (!tree || plan->verity.options.hash_offset)) {
		wanted->kind = plan->kind;
		snprintf(wanted->value, sizeof(wanted->value), "%s", plan->value);
		return;
	}
	verity_partition_uuids(&plan->verity.options, uuids[0], uuids[1]);
	wanted->kind = ROOT_PARTUUID;
	snprintf(wanted->value, sizeof(wanted->value), "%s", uuids[tree]);
}

static bool find_part(int sysfs, int dev, const struct root_plan *plan, bool tree, char name[48], char *text,
		      size_t size)
{
	struct root_plan wanted;
	struct search_result found;
	char seen[640], shown[300];
	bool is_there;

	choose(plan, tree, &wanted);
	is_there = search_find(sysfs, dev, &wanted, &found, seen, sizeof(seen));
	if (found.fd >= 0)
		close(found.fd);
	if (!is_there)
		snprintf(text, size, "the %s of the verified root is not there: %s; block devices: %s",
			 tree ? "hash tree" : "data", search_wanted(&wanted, shown, sizeof(shown)),
			 seen[0] ? seen : "none");
	else
		memcpy(name, found.name, sizeof(found.name));
	return is_there;
}

static int open_part(int dev, const char *name, struct part *part)
{
	struct stat status;
	off_t end;

	part->fd = openat(dev, name, O_RDONLY | O_CLOEXEC);
	if (part->fd < 0)
		return -errno;
	end = lseek(part->fd, 0, SEEK_END);
	if (end < 0 || fstat(part->fd, &status) < 0) {
		close(part->fd);
		return -EIO;
	}
	part->bytes = (uint64_t)end;
	part->number = status.st_rdev;
	snprintf(part->id, sizeof(part->id), "%u:%u", major(status.st_rdev), minor(status.st_rdev));
	return 0;
}

static int read_tree(struct part *data, struct part *tree, const struct verity_options *options, struct verity *out,
		     struct fault *fault)
{
	struct disk disk = {.get = prefetch_get, .context = &tree->fd, .size = tree->bytes};
	int result = verity_read(&disk, data->bytes, data->number == tree->number, options, out, fault);

	if (result == -ENOENT)
		return fault_set(fault, NULL, "there is no verity superblock at byte %llu of the hash device",
				 (unsigned long long)options->hash_offset);
	if (result && !fault->text[0])
		return fault_set(fault, NULL, "the hash device cannot be read: %s", strerror(-result));
	return result;
}

/* cryptsetup's form, by which its tools know the device. */
static void write_uuid(const struct verity *verity, char out[DM_TEXT_MAX])
{
	int used = snprintf(out, DM_TEXT_MAX, "CRYPT-VERITY-");

	for (const char *c = verity->uuid; *c; c++)
		if (*c != '-')
			out[used++] = *c;
	snprintf(out + used, DM_TEXT_MAX - (size_t)used, "-" VERITY_NAME);
}

/* Creates, loads and resumes; a device that was made half is removed. */
static int make_device(int control, const struct verity *verity, const char *table, dev_t *id, const char **step)
{
	char uuid[DM_TEXT_MAX];
	int result;

	write_uuid(verity, uuid);
	*step = "the device cannot be made";
	result = dm_create(control, VERITY_NAME, uuid, true, id);
	if (result)
		return result;
	*step = "the kernel refuses the table (its log says why; are its modules dm_verity and the hash's there?)";
	result = dm_load(control, VERITY_NAME, "verity", table,
			 verity->data_blocks * (verity->data_block / SECTOR_BYTES), true);
	if (!result) {
		*step = "the device cannot be started";
		result = dm_resume(control, VERITY_NAME);
	}
	if (result)
		dm_remove(control, VERITY_NAME);
	return result;
}

/* Without udev: the link that root= and the next system know it by. */
static void link_name(int dev, const char *device)
{
	char to[32];

	mkdirat(dev, "mapper", 0755);
	snprintf(to, sizeof(to), "../%s", device);
	(void)!symlinkat(to, dev, "mapper/" VERITY_NAME);
}

static enum verity_state start(int dev, const struct verity *verity, const char *table, struct verity_root *out,
			       char *text, size_t size)
{
	const char *step = "";
	dev_t id = 0;
	int control = dm_open(dev), result = control;

	if (control < 0) {
		snprintf(text, size, "this kernel has no device mapper for the verified root: %s (module dm_mod)",
			 strerror(-control));
		return VERITY_FAILED;
	}
	result = make_device(control, verity, table, &id, &step);
	close(control);
	if (result) {
		snprintf(text, size, "/dev/mapper/" VERITY_NAME ": %s: %s", step, strerror(-result));
		return VERITY_FAILED;
	}
	snprintf(out->device, sizeof(out->device), "dm-%u", minor(id));
	link_name(dev, out->device);
	udev_db_note_dm(id);
	return VERITY_READY;
}

enum verity_state verity_set_up(int sysfs, int dev, const struct root_plan *plan, struct verity_root *out, char *text,
				size_t size)
{
	struct part data, tree;
	struct verity verity;
	struct fault fault = {0};
	char table[VERITY_TABLE_MAX];
	int result;

	if (!find_part(sysfs, dev, plan, false, out->parts[0], text, size) ||
	    !find_part(sysfs, dev, plan, true, out->parts[1], text, size))
		return VERITY_MISSING;
	result = open_part(dev, out->parts[0], &data);
	if (!result) {
		result = open_part(dev, out->parts[1], &tree);
		if (!result) {
			result = read_tree(&data, &tree, &plan->verity.options, &verity, &fault);
			close(tree.fd);
		}
		close(data.fd);
	}
	if (result) {
		snprintf(text, size, "/dev/%s and /dev/%s are no verified root: %s", out->parts[0], out->parts[1],
			 fault.text[0] ? fault.text : strerror(-result));
		return VERITY_FAILED;
	}
	verity_table(&verity, &plan->verity.options, data.id, tree.id, table);
	return start(dev, &verity, table, out, text, size);
}

void verity_tear_down(int dev)
{
	int control = dm_open(dev);

	if (control < 0)
		return;
	dm_remove(control, VERITY_NAME);
	unlinkat(dev, "mapper/" VERITY_NAME, 0);
	close(control);
}
