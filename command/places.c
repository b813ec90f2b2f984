/* places.c - see places.h. */
/* SPDX-License-Identifier: MIT */
#include "command/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/log.h"
#include "sys/sysfs.h"

int places_open(struct world *world)
{
	world->sysfs = sysfs_open("/sys");
	world->dev = sysfs_open("/dev");
	world->proc = sysfs_open("/proc");
	return world->sysfs < 0 ? world->sysfs : 0;
}

int places_open_kernel(struct world *world)
{
	int result = places_open(world);

	if (result) {
		job_fail("/sys", result);
		return result;
	}
	result = netlink_open(&world->netlink, world->sysfs);
	world->has_netlink = !result;
	if (result == -ENOENT)
		log_err("the kernel has no iSCSI over TCP (the module iscsi_tcp is not loaded), so there is no "
			"session");
	else if (result)
		job_fail("the kernel's iSCSI interface", result);
	return result;
}

bool places_read_sid(const char *text, uint32_t *sid)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > UINT32_MAX) {
		log_err("\"%s\" is not the number of a session; `iscsi-init list` shows the numbers", text);
		return false;
	}
	*sid = (uint32_t)value;
	return true;
}

struct job places_no_session(uint32_t sid)
{
	log_err("there is no session %u; `iscsi-init list` shows those that there are", sid);
	return job_done(JOB_FAILED);
}

struct session *places_adopt(struct world *world, const struct adopted *from, int64_t now_ms)
{
	int i = world->session_count++;

	world->plan.targets[i] = from->plan;
	world->plan.target_count = world->session_count;
	session_init(&world->sessions[i], &world->plan.targets[i], &world->netlink, world->sysfs, (uint32_t)getpid());
	session_adopt(&world->sessions[i], from->sid, from->host, from->up, now_ms);
	return &world->sessions[i];
}
