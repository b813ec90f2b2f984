/* devices.c - see devices.h. */
/* SPDX-License-Identifier: MIT */
#include "session/devices.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sys/log.h"
#include "sys/sysfs.h"

#define PATH_BYTES 160

/* Counts the offline devices of one target, and sets them running if told to. */
static int visit_target(int sysfs, const char *target, bool set_running)
{
	struct sysfs_dir dir;
	const char *name;
	char path[PATH_BYTES], state[24];
	int count = 0, result;

	if (sysfs_dir_open(&dir, sysfs, target))
		return 0;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		if (name[0] < '0' || name[0] > '9' || !strchr(name, ':'))
			continue;
		snprintf(path, sizeof(path), "%s/%s/state", target, name);
		if (sysfs_read(sysfs, path, state, sizeof(state)) < 0 || strcmp(state, "offline") != 0)
			continue;
		count++;
		if (!set_running)
			continue;
		/* the kernel (scsi_sysfs.c) knows a state by the newline behind it */
		result = sysfs_write(sysfs, path, "running\n");
		if (result)
			log_warn("%s: setting it running failed: %s", name, strerror(-result));
	}
	sysfs_dir_close(&dir);
	return count;
}

static int visit(int sysfs, uint32_t sid, bool set_running)
{
	struct sysfs_dir dir;
	const char *name;
	char device[64], target[128];
	int count = 0;

	snprintf(device, sizeof(device), "class/iscsi_session/session%u/device", sid);
	if (sysfs_dir_open(&dir, sysfs, device))
		return 0;
	while ((name = sysfs_dir_next(&dir, NULL))) {
		if (strncmp(name, "target", 6) != 0)
			continue;
		snprintf(target, sizeof(target), "%s/%.40s", device, name);
		count += visit_target(sysfs, target, set_running);
	}
	sysfs_dir_close(&dir);
	return count;
}

int devices_offline(int sysfs, uint32_t sid)
{
	return visit(sysfs, sid, false);
}

struct order {
	int sysfs;
	uint32_t sid;
};

static void run(const void *context, void *result)
{
	const struct order *order = context;

	*(int *)result = visit(order->sysfs, order->sid, true);
}

int devices_set_running(struct child *child, int sysfs, uint32_t sid)
{
	struct order order = {sysfs, sid};

	child_stop(child);
	return child_start(child, run, &order, sizeof(int));
}
