/* iscsi_class.c - see iscsi_class.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/iscsi_class.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sysfs.h"

#define SESSION_PREFIX "session"
#define HOST_PREFIX    "/host"
#define WORKQUEUES     "devices/virtual/workqueue/"
#define HIGHEST_NICE   "-20"

bool iscsi_class_has_session(int sysfs, uint32_t sid)
{
	char path[64];

	snprintf(path, sizeof(path), "class/iscsi_session/session%" PRIu32, sid);
	return sysfs_exists(sysfs, path);
}

/* "up", "failed", ...; "": it cannot be read. */
static const char *read_state(int sysfs, uint32_t sid, char *out, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "class/iscsi_connection/connection%" PRIu32 ":0/state", sid);
	if (sysfs_read(sysfs, path, out, size) <= 0)
		out[0] = '\0';
	return out;
}

bool iscsi_class_is_up(int sysfs, uint32_t sid)
{
	char state[16];

	return !strcmp(read_state(sysfs, sid, state, sizeof(state)), "up");
}

bool iscsi_class_is_broken(int sysfs, uint32_t sid)
{
	char state[16];

	return read_state(sysfs, sid, state, sizeof(state))[0] && strcmp(state, "up") != 0;
}

int iscsi_class_list(int sysfs, uint32_t *sids, int max)
{
	struct sysfs_dir dir;
	const char *name;
	int count = 0;

	if (sysfs_dir_open(&dir, sysfs, "class/iscsi_session"))
		return 0;
	while (count < max && (name = sysfs_dir_next(&dir, NULL)))
		if (!strncmp(name, SESSION_PREFIX, strlen(SESSION_PREFIX)))
			sids[count++] = (uint32_t)strtoul(name + strlen(SESSION_PREFIX), NULL, 10);
	sysfs_dir_close(&dir);
	return count;
}

/* The link goes to .../host<number>/session<sid>/iscsi_session/session<sid>. */
int iscsi_class_host(int sysfs, uint32_t sid)
{
	char link[64], target[512], wanted[32], *host, *end;
	unsigned long number;
	int error;

	snprintf(link, sizeof(link), "class/iscsi_session/session%" PRIu32, sid);
	error = sysfs_read_link(sysfs, link, target, sizeof(target));
	if (error)
		return error;
	snprintf(wanted, sizeof(wanted), "/session%" PRIu32 "/", sid);
	host = strstr(target, wanted);
	if (!host)
		return -ENODEV;
	*host = 0;
	host = strrchr(target, '/');
	if (!host || strncmp(host, HOST_PREFIX, strlen(HOST_PREFIX)) || host[5] < '0' || host[5] > '9')
		return -ENODEV;
	number = strtoul(host + strlen(HOST_PREFIX), &end, 10);
	return *end || number > INT32_MAX ? -ENODEV : (int)number;
}

bool iscsi_class_is_connected(int sysfs, const char *unit)
{
	char path[288];
	uint8_t first;

	snprintf(path, sizeof(path), "%s/inquiry", unit);
	return sysfs_read_bytes(sysfs, path, &first, 1) < 1 || !(first >> 5);
}

void iscsi_class_raise_workers(int sysfs, uint32_t sid, uint32_t host)
{
	char path[96];

	(void)sysfs_write(sysfs, WORKQUEUES "iscsi_conn_cleanup/nice", HIGHEST_NICE);
	snprintf(path, sizeof(path), WORKQUEUES "iscsi_q_%" PRIu32 "/nice", host);
	(void)sysfs_write(sysfs, path, HIGHEST_NICE);
	snprintf(path, sizeof(path), WORKQUEUES "iscsi_ctrl_%" PRIu32 ":%" PRIu32 "/nice", host, sid);
	(void)sysfs_write(sysfs, path, HIGHEST_NICE);
}
