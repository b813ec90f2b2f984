/* sys/udev_db.c - an entry of /run/udev/data, a rule. See sys/udev_db.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/udev_db.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DATA_DIRECTORY  "/run/udev/data"
#define RULES_DIRECTORY "/run/udev/rules.d"

void udev_db_note_dm(dev_t device)
{
	static const char entry[] = "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n"
				    "E:DM_UDEV_RULES=1\n"
				    "E:DM_UDEV_RULES_VSN=2\n"
				    "E:DM_ACTIVATION=1\n"
				    "V:1\n";
	char path[64];
	int fd;

	mkdir("/run/udev", 0755);
	mkdir(DATA_DIRECTORY, 0755);
	snprintf(path, sizeof(path), DATA_DIRECTORY "/b%u:%u", major(device), minor(device));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)!write(fd, entry, sizeof(entry) - 1);
	close(fd);
}

int udev_db_path_rule(const char *wwid, char rule[UDEV_DB_RULE])
{
	int at = snprintf(rule, UDEV_DB_RULE,
			  "SUBSYSTEM==\"block\", TEST!=\"/sbin/multipathd\", SUBSYSTEMS==\"scsi\", ATTRS{wwid}==\"");

	for (; *wwid && at < UDEV_DB_RULE / 2; wwid++)
		rule[at++] = isalnum((unsigned char)*wwid) || strchr(" .:_-", *wwid) ? *wwid : '?';
	return at + snprintf(rule + at, (size_t)(UDEV_DB_RULE - at),
			     "%s\", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}=\"1\"\n", *wwid ? "*" : "");
}

void udev_db_hide_paths(const char *wwid)
{
	char rule[UDEV_DB_RULE];
	int length = udev_db_path_rule(wwid, rule), fd;

	mkdir("/run/udev", 0755);
	mkdir(RULES_DIRECTORY, 0755);
	fd = open(RULES_DIRECTORY "/59-iscsi-init.rules", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)!write(fd, rule, (size_t)length);
	close(fd);
}
