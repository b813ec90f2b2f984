/* sys/dm.c - the ioctls of the device mapper. See sys/dm.h. kernel: drivers/md/dm-ioctl.c */
/* SPDX-License-Identifier: MIT */
#include "sys/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CONTROL      "mapper/control"
#define MISC_MAJOR   10
#define MAPPER_MINOR 236 /* kernel: include/linux/miscdevice.h, MAPPER_CTRL_MINOR */
#define LIST_BYTES   16384

_Static_assert(sizeof(struct dm_ioctl) == 312 && sizeof(struct dm_target_spec) == 40, "the kernel's layout");
_Static_assert(DM_TEXT_MAX == DM_NAME_LEN, "a name fits");

/* A call with its parameters behind it. */
struct call {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char parameters[2048];
};

static int prepare(struct dm_ioctl *head, size_t size, const char *name)
{
	*head = (struct dm_ioctl){
		.version = {DM_VERSION_MAJOR, 0, 0}, .data_size = (uint32_t)size, .data_start = sizeof(*head)};
	if (strlen(name) >= sizeof(head->name))
		return -ENAMETOOLONG;
	strncpy(head->name, name, sizeof(head->name) - 1);
	return 0;
}

static int call(int control, unsigned long command, struct dm_ioctl *head)
{
	/* the libraries do not agree about the type of ioctl's second parameter */
	return syscall(SYS_ioctl, control, command, head) < 0 ? -errno : 0;
}

int dm_open(int dev)
{
	int fd = openat(dev, CONTROL, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		mkdirat(dev, "mapper", 0755);
		mknodat(dev, CONTROL, S_IFCHR | 0600, makedev(MISC_MAJOR, MAPPER_MINOR));
		fd = openat(dev, CONTROL, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == ENXIO || errno == ENOENT ? -ENODEV : -errno;
	return fd;
}

int dm_create(int control, const char *name, const char *uuid, bool read_only, dev_t *id)
{
	struct dm_ioctl head;
	int result = prepare(&head, sizeof(head), name);

	if (result)
		return result;
	if (strlen(uuid) >= sizeof(head.uuid))
		return -ENAMETOOLONG;
	strncpy(head.uuid, uuid, sizeof(head.uuid) - 1);
	head.flags = read_only ? DM_READONLY_FLAG : 0;
	result = call(control, DM_DEV_CREATE, &head);
	if (!result) /* the kernel's huge_encode_dev */
		*id = makedev((unsigned)(head.dev >> 8 & 0xfff),
			      (unsigned)((head.dev & 0xff) | (head.dev >> 12 & 0xfff00)));
	return result;
}

int dm_load(int control, const char *name, const char *target, const char *parameters, uint64_t sectors, bool read_only)
{
	struct call load = {.target = {.length = sectors}};
	int result = prepare(&load.head, sizeof(load), name);

	if (result)
		return result;
	if (strlen(parameters) >= sizeof(load.parameters) || strlen(target) >= sizeof(load.target.target_type))
		return -ENAMETOOLONG;
	load.head.target_count = 1;
	load.head.flags = read_only ? DM_READONLY_FLAG : 0;
	load.target.next = sizeof(load.target) + sizeof(load.parameters);
	strncpy(load.target.target_type, target, sizeof(load.target.target_type) - 1);
	memcpy(load.parameters, parameters, strlen(parameters) + 1);
	return call(control, DM_TABLE_LOAD, &load.head);
}

int dm_resume(int control, const char *name)
{
	struct dm_ioctl head;
	int result = prepare(&head, sizeof(head), name);

	head.flags = DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG;
	return result ? result : call(control, DM_DEV_SUSPEND, &head); /* without DM_SUSPEND_FLAG it resumes */
}

int dm_message(int control, const char *name, const char *message)
{
	struct {
		struct dm_ioctl head;
		uint64_t sector;
		char text[DM_MESSAGE_MAX];
	} told = {.sector = 0};
	int result = prepare(&told.head, sizeof(told), name);

	snprintf(told.text, sizeof(told.text), "%s", message);
	return result ? result : call(control, DM_TARGET_MSG, &told.head);
}

int dm_status(int control, const char *name, char *out, size_t size)
{
	struct call status;
	int result = prepare(&status.head, sizeof(status), name);

	status.head.flags = DM_NOFLUSH_FLAG;
	if (!result)
		result = call(control, DM_TABLE_STATUS, &status.head);
	status.parameters[sizeof(status.parameters) - 1] = '\0';
	if (!result)
		snprintf(out, size, "%s", status.head.target_count ? status.parameters : "");
	return result;
}

int dm_remove(int control, const char *name)
{
	struct dm_ioctl head;
	int result = prepare(&head, sizeof(head), name);

	return result ? result : call(control, DM_DEV_REMOVE, &head);
}

int dm_name(int control, int i, char name[static DM_TEXT_MAX])
{
	_Alignas(8) char buffer[LIST_BYTES];
	struct dm_ioctl *head = (struct dm_ioctl *)buffer;
	const struct dm_name_list *entry;
	size_t at;
	int result = prepare(head, sizeof(buffer), "");

	if (!result)
		result = call(control, DM_LIST_DEVICES, head);
	if (result)
		return result;
	at = head->data_start;
	for (entry = (const struct dm_name_list *)(buffer + at); i > 0 && entry->next; i--) {
		at += entry->next;
		if (at > sizeof(buffer) - sizeof(*entry))
			return -ENOENT;
		entry = (const struct dm_name_list *)(buffer + at);
	}
	if (i > 0 || !entry->dev)
		return -ENOENT;
	snprintf(name, DM_TEXT_MAX, "%s", entry->name);
	return 0;
}
