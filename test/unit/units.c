/* units.c: what the kernel knows of a session's units, from a tree that looks like sysfs. */
/* SPDX-License-Identifier: MIT */
#include "session/units.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <scsi/sg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/sysfs.h"
#include "sys/udev_db.h"

#define DEVICE "class/iscsi_session/session7/device/target3:0:0/"
#define TEXT(path, text)                     \
	{                                    \
		path, text, sizeof(text) - 1 \
	}
/* The last byte of this page is a newline's: it is no text. */
#define NAA "\0\x83\0\x0c\1\3\0\x08\x50\1\2\3\4\5\6\x0a"

static const char page[256] = {0, '\x83', 0, '\xfb'};

static const struct {
	const char *path, *bytes;
	size_t length;
} files[] = {
	TEXT(DEVICE "3:0:0:0/type", "12\n"),
	TEXT(DEVICE "3:0:0:1/type", "0\n"),
	TEXT(DEVICE "3:0:0:1/vendor", "IET     \n"),
	TEXT(DEVICE "3:0:0:1/model", "VIRTUAL-DISK    \n"),
	TEXT(DEVICE "3:0:0:1/vpd_pg83", NAA),
	TEXT(DEVICE "3:0:0:1/vpd_pg80", "\0\x80\0\4beaf"),
	TEXT(DEVICE "3:0:0:1/block/sda/size", "131072\n"),
	TEXT(DEVICE "3:0:0:1/block/sda/ro", "0\n"),
	TEXT(DEVICE "3:0:0:1/block/sda/queue/logical_block_size", "4096\n"),
	TEXT(DEVICE "3:0:0:1/block/sda/holders/dm-0/dm/uuid", "mpath-36001405\n"),
	TEXT(DEVICE "3:0:0:300/type", "0\n"),
	TEXT(DEVICE "3:0:0:300/vpd_pg80", "\0\x80\0\4beaf"),
	TEXT(DEVICE "3:0:0:300/block/sdb/size", "2048\n"),
	TEXT(DEVICE "3:0:0:300/block/sdb/ro", "1\n"),
	TEXT(DEVICE "3:0:0:300/block/sdb/holders/dm-1/dm/uuid", "LVM-x\n"),
	TEXT(DEVICE "3:0:0:4/type", "5\n"),
	TEXT(DEVICE "3:0:0:4/block/sr0/size", "2048\n"),
	TEXT(DEVICE "power/control", "auto\n"),
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:3/type", "3\n"), /* hold nobody's data */
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:13/type", "13\n"),
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:30/type", "30\n"),
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:29/type", "29\n"),
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:7/type", "7\n"), /* an optical disk */
	TEXT("class/iscsi_session/session10/device/target5:0:0/5:0:0:7/block/sdc/size", "2048\n"),
	{"class/iscsi_session/session10/device/target5:0:0/5:0:0:7/vpd_pg83", page, 255},
	{"class/iscsi_session/session10/device/target5:0:0/5:0:0:29/vpd_pg83", page, 256},
	TEXT("class/iscsi_session/session11/device/target6:0:0/6:0:0:1/type",
	     "0\n"), /* of which the kernel knows nothing */
	TEXT("class/iscsi_session/session11/device/target6:0:0/6:0:0:1/block/disk/size", "8\n"),
	TEXT("class/iscsi_session/session11/device/target6:0:0/6:0:0:3/type", "0\n"),
	TEXT("class/iscsi_session/session11/device/target6:0:0/6:0:0:3/block/disk/size", "8\n"),
	TEXT("class/iscsi_session/session12/device/target7:0:0/7:0:0:1/type", "0\n"),
	TEXT("class/iscsi_session/session12/device/target7:0:0/7:0:0:1/vpd_pg83", NAA),
	TEXT("class/iscsi_session/session12/device/target7:0:0/7:0:0:1/block/disk/size", "8\n"),
	TEXT("class/iscsi_session/session14/device/target0:0:0/0:0:0:1/type", "0\n"), /* of the first host */
	TEXT("class/iscsi_session/session14/device/target0:0:0/#:0:0:2/type", "0\n"), /* no unit */
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:0/type", "0\n"), /* not there by this port */
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:0/inquiry", "\x20\0\6\x12"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:1/type", "0\n"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:1/inquiry", "\x1f\0\6\x12"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:2/type", "0\n"), /* stands for the array */
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:2/model", "LUNZ            \n"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:2/block/sdd/size", "0\n"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:3/type", "0\n"), /* has become a disk since */
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:3/model", "LUNZ            \n"),
	TEXT("class/iscsi_session/session15/device/target8:0:0/8:0:0:3/block/sde/size", "8\n"),
	TEXT("disk", ""),
	TEXT("class/iscsi_session/session8/device/target4:0:0/4:0:0:0/type", "0\n"),
};

static char folder[] = "/tmp/units.XXXXXX";
static struct unit units[8];
static int sysfs;

static void make_folders(char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

static int make_tree(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[160];
		int fd;

		(void)snprintf(path, sizeof(path), "%s", files[i].path);
		make_folders(path);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		assert_int_equal(write(fd, files[i].bytes, files[i].length), files[i].length);
		(void)close(fd);
	}
	sysfs = sysfs_open(".");
	return 0;
}

static int remove_tree(void **state)
{
	char command[64];

	(void)state;
	(void)close(sysfs);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT: our own folder */
}

static const struct unit *unit_of(uint64_t lun, int count)
{
	for (int i = 0; i < count; i++) {
		if (units[i].lun == lun)
			return &units[i];
	}
	fail_msg("LUN %d is missing", (int)lun);
	return NULL;
}

static void units_that_hold_data_are_recorded(void **state)
{
	const struct unit *unit;
	char text[SCSI_ID_TEXT];
	int count;

	(void)state;
	memset(units, 0x55, sizeof(units)); /* of an earlier outage */
	count = units_read(sysfs, 7, units, 8);
	unit = unit_of(1, count);
	assert_int_equal(count, 3); /* not the array controller */
	assert_true(unit->sectors == 131072 && unit->block_bytes == 4096 && unit->writable &&
		    !strcmp(unit->map, "dm-0"));
	assert_string_equal(unit->vendor, "IET");
	assert_string_equal(unit->model, "VIRTUAL-DISK");
	assert_string_equal(scsi_id_text(&unit->id, text), "naa.500102030405060a");
	unit = unit_of(300, count);
	assert_true(unit->sectors == 2048 && unit->block_bytes == 512 && !unit->writable && !unit->map[0]);
	assert_string_equal(scsi_id_text(&unit->id, text), "serial beaf");
	unit = unit_of(4, count); /* no disk: only what it is */
	assert_true(unit->type == 5 && !unit->sectors && unit->id.kind == SCSI_ID_NONE);
	assert_string_equal(unit->block, "");
	assert_string_equal(unit->vendor, "");
	assert_string_equal(unit->model, "");
	assert_false(unit->writable);
}

static void there_may_be_more_than_there_is_room_for(void **state)
{
	(void)state;
	memset(units, 0x55, sizeof(units));
	assert_int_equal(units_read(sysfs, 7, units, 1), 3);
	assert_int_equal(units[1].type, 0x55);
	assert_int_equal(units_read(sysfs, 8, units, 1), 1);
	assert_int_equal(units_read(sysfs, 9, units, 8), 0);
	assert_int_equal(units_read(sysfs, 14, units, 8), 1);
}

/* What the sd driver takes is a disk. */
static void disks_are_of_four_types(void **state)
{
	char path[128], text[16];

	(void)state;
	for (int type = 0; type < 32; type++) {
		const struct unit *unit = units;
		bool holds_nothing = type == 3 || type == 12 || type == 13 || type >= 30;

		for (int i = 0; i < 2; i++) {
			int file;

			(void)snprintf(path, sizeof(path),
				       "class/iscsi_session/session16/device/target9:0:0/9:0:0:5/%s",
				       i ? "block/disk/size" : "type");
			make_folders(path);
			file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
			(void)snprintf(text, sizeof(text), "%d\n", i ? 8 : type);
			assert_int_equal(write(file, text, strlen(text)), strlen(text));
			(void)close(file);
		}
		memset(units, 0x55, sizeof(units));
		assert_int_equal(units_read(sysfs, 16, units, 8), !holds_nothing);
		if (holds_nothing)
			continue;
		assert_int_equal(unit->type, type);
		assert_int_equal(unit->lun, 5);
		assert_string_equal(unit->block, type == 0 || type == 7 || type == 14 || type == 20 ? "disk" : "");
		assert_string_equal(unit->map, "");
		assert_string_equal(unit->vendor, "");
		assert_string_equal(unit->model, "");
		assert_false(unit->has_long_page);
		assert_int_equal(unit->id.kind, SCSI_ID_NONE);
	}
}

static void looking_leaves_nothing_open(void **state)
{
	int before = dup(sysfs), after;

	(void)state;
	close(before);
	assert_int_equal(units_read(sysfs, 7, units, 8), 3);
	after = dup(sysfs);
	close(after);
	assert_int_equal(after, before);
}

static void what_holds_nothing_is_left_out(void **state)
{
	int count = units_read(sysfs, 10, units, 8);

	(void)state;
	assert_int_equal(count, 2);
	assert_string_equal(unit_of(7, count)->block, "sdc");
	assert_false(unit_of(7, count)->has_long_page);
	assert_true(unit_of(29, count)->has_long_page);
}

/* Some arrays have a LUN 0 for the list of LUNs alone, if nothing is mapped there. */
static void what_stands_for_the_array_is_left_out(void **state)
{
	int count = units_read(sysfs, 15, units, 8);

	(void)state;
	assert_int_equal(count, 2);
	assert_int_equal(unit_of(1, count)->sectors, 0);
	assert_int_equal(unit_of(3, count)->sectors, 8);
}

/* ---- what the kernel was not asked for ---- */

/* The disk that is asked. */
static struct {
	const char *page[2]; /* 0x83 and 0x80; NULL: it has none */
	size_t length[2];
	unsigned status, host_status;
	int resid_added;
	int asked;
	bool gone;
} disk;

int ioctl(int fd, unsigned long number, ...)
{
	struct sg_io_hdr *request;
	va_list arguments;
	int which;

	va_start(arguments, number);
	request = va_arg(arguments, struct sg_io_hdr *);
	va_end(arguments);
	assert_true(fd >= 0 && number == SG_IO);
	assert_true(request->interface_id == 'S' && request->dxfer_direction == SG_DXFER_FROM_DEV);
	assert_true(request->cmd_len == 6 && request->dxfer_len == UNIT_PAGE_SMALL && request->mx_sb_len == 32);
	assert_int_equal(request->timeout, 10000);
	assert_memory_equal(request->cmdp, "\x12\1", 2);
	assert_int_equal(request->cmdp[4], UNIT_PAGE_SMALL);
	which = request->cmdp[2] == 0x80;
	assert_int_equal(request->cmdp[2], which ? 0x80 : 0x83);
	disk.asked++;
	if (disk.gone)
		return -1;
	request->status = disk.page[which] ? (uint8_t)disk.status : 2;
	request->host_status = (uint16_t)disk.host_status;
	request->resid = UNIT_PAGE_SMALL - (int)disk.length[which] + disk.resid_added;
	if (disk.page[which])
		memcpy(request->dxferp, disk.page[which], disk.length[which]);
	return 0;
}

#define ID_PAGE     "\0\x83\0\x0c\1\3\0\x08\x50\1\2\3\4\5\6\7"
#define SERIAL_PAGE "\0\x80\0\4beaf"

static const char *asked_for_id(void)
{
	static char text[SCSI_ID_TEXT];
	struct unit unit = {.block = "disk", .sectors = 8};

	disk.asked = 0;
	units_ask(sysfs, &unit, 1);
	return unit.id.kind == SCSI_ID_NONE ? "" : scsi_id_text(&unit.id, text);
}

static void unit_is_asked_for_its_identity(void **state)
{
	static const char whole[UNIT_PAGE_SMALL] = ID_PAGE;
	int before = dup(sysfs), after;

	(void)state;
	close(before);
	memset(&disk, 0, sizeof(disk));
	disk.page[0] = ID_PAGE;
	disk.length[0] = sizeof(ID_PAGE) - 1;
	disk.page[1] = SERIAL_PAGE;
	disk.length[1] = sizeof(SERIAL_PAGE) - 1;
	assert_string_equal(asked_for_id(), "naa.5001020304050607");
	assert_int_equal(disk.asked, 1);
	disk.page[0] = whole;
	disk.length[0] = sizeof(whole); /* nothing is missing */
	assert_string_equal(asked_for_id(), "naa.5001020304050607");
	disk.page[0] = NULL;
	assert_string_equal(asked_for_id(), "serial beaf");
	assert_int_equal(disk.asked, 2);
	disk.page[0] = "";
	disk.length[0] = 0;
	assert_string_equal(asked_for_id(), "serial beaf");
	disk.length[1] = 0;
	assert_string_equal(asked_for_id(), "");
	after = dup(sysfs);
	close(after);
	assert_int_equal(after, before); /* nothing stays open */
}

static void answer_that_is_none_counts_for_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		memset(&disk, 0, sizeof(disk));
		disk.page[0] = ID_PAGE;
		disk.length[0] = sizeof(ID_PAGE) - 1;
		disk.page[1] = SERIAL_PAGE;
		disk.length[1] = sizeof(SERIAL_PAGE) - 1;
		disk.status = i == 0 ? 8 : 0;
		disk.host_status = i == 1;
		disk.gone = i == 2;
		disk.resid_added = i == 3 ? UNIT_PAGE_SMALL : i == 4 ? -2 * UNIT_PAGE_SMALL : 0;
		assert_string_equal(asked_for_id(), "");
		assert_int_equal(disk.asked, 2);
	}
}

static void only_disks_without_an_identity_are_asked(void **state)
{
	struct unit some[] = {{.block = "disk"},
			      {.sectors = 8},
			      {.block = "disk", .sectors = 8, .id = {.kind = SCSI_ID_T10}},
			      {.block = "nowhere", .sectors = 8},
			      {.block = "disk", .sectors = 8},
			      {.block = "disk", .sectors = 8}};

	(void)state;
	memset(&disk, 0, sizeof(disk));
	disk.page[1] = SERIAL_PAGE;
	disk.length[1] = sizeof(SERIAL_PAGE) - 1;
	units_ask(sysfs, some, 5);
	assert_int_equal(disk.asked, 2); /* both pages of one */
	for (int i = 0; i < 6; i++)
		assert_int_equal(some[i].id.kind, i == 2 ? SCSI_ID_T10 : i == 4 ? SCSI_ID_SERIAL : SCSI_ID_NONE);
}

static void what_is_learned_is_given_to_the_units_without(void **state)
{
	struct child child = CHILD_NONE;
	struct units_learned learned;
	struct pollfd fd;

	(void)state;
	memset(&disk, 0, sizeof(disk));
	disk.page[1] = SERIAL_PAGE;
	disk.length[1] = sizeof(SERIAL_PAGE) - 1;
	assert_int_equal(units_learn(&child, sysfs, sysfs, 9), -ENOENT);  /* no session */
	assert_int_equal(units_learn(&child, sysfs, sysfs, 8), -ENOENT);  /* no disk */
	assert_int_equal(units_learn(&child, sysfs, sysfs, 12), -ENOENT); /* the kernel knows it */
	assert_int_equal(units_learn(&child, sysfs, sysfs, 11), 0);
	fd = (struct pollfd){.fd = child.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(child_step(&child, &learned, sizeof(learned)), CHILD_DONE);
	assert_int_equal(learned.count, 2);
	assert_int_equal(units_read(sysfs, 11, units, 8), 2);
	units_use_learned(units, 2, &learned);
	assert_int_equal(unit_of(1, 2)->id.kind, SCSI_ID_SERIAL);
	assert_int_equal(unit_of(3, 2)->id.kind, SCSI_ID_SERIAL);
	units[1].id.kind = SCSI_ID_NONE; /* it is not counted */
	units_use_learned(units, 1, &learned);
	assert_int_equal(units[1].id.kind, SCSI_ID_NONE);
	units[0].id.kind = SCSI_ID_T10;
	units_use_learned(units, 1, &learned);
	assert_int_equal(units[0].id.kind, SCSI_ID_T10);
}

static void as_many_units_as_a_result_holds_are_asked(void **state)
{
	struct child child = CHILD_NONE;
	struct units_learned learned;
	struct pollfd fd;
	char path[128];
	int before;

	(void)state;
	for (int lun = 0; lun < UNITS_LEARNED_MAX + 2; lun++) {
		for (int i = 0; i < 2; i++) {
			int file;

			(void)snprintf(path, sizeof(path),
				       "class/iscsi_session/session13/device/target8:0:0/8:0:0:%d/%s", lun,
				       i ? "block/disk/size" : "type");
			make_folders(path);
			file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
			assert_int_equal(write(file, i ? "8\n" : "0\n", 2), 2);
			(void)close(file);
		}
	}
	memset(&disk, 0, sizeof(disk));
	disk.page[1] = SERIAL_PAGE;
	disk.length[1] = sizeof(SERIAL_PAGE) - 1;
	assert_int_equal(units_learn(&child, sysfs, sysfs, 13), 0);
	before = child.fd;
	assert_int_equal(units_learn(&child, sysfs, sysfs, 13), 0); /* in the place of the first */
	assert_int_equal(child.fd, before);
	fd = (struct pollfd){.fd = child.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(child_step(&child, &learned, sizeof(learned)), CHILD_DONE);
	assert_int_equal(learned.count, UNITS_LEARNED_MAX);
}

/* A target says what the wwid is, and udev does what its rules say. */
static void what_a_target_says_cannot_end_the_string_of_a_rule(void **state)
{
	char rule[UDEV_DB_RULE], wwid[600];
	int length = udev_db_path_rule("t10.IET     00010001", rule);

	(void)state;
	assert_int_equal(length, (int)strlen(rule));
	assert_string_equal(rule, "SUBSYSTEM==\"block\", TEST!=\"/sbin/multipathd\", SUBSYSTEMS==\"scsi\", "
				  "ATTRS{wwid}==\"t10.IET     00010001\", "
				  "ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}=\"1\"\n");
	(void)udev_db_path_rule("t10.a\", RUN+=\"/bin/sh\\\n", rule);
	assert_non_null(strstr(rule, "ATTRS{wwid}==\"t10.a?? RUN????bin?sh??\", ENV{"));
	memset(wwid, 'x', sizeof(wwid) - 1);
	wwid[sizeof(wwid) - 1] = '\0';
	length = udev_db_path_rule(wwid, rule);
	assert_int_equal(length, (int)strlen(rule));
	assert_non_null(strstr(rule, "xx*\", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}=\"1\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_target_says_cannot_end_the_string_of_a_rule),
		cmocka_unit_test(units_that_hold_data_are_recorded),
		cmocka_unit_test(there_may_be_more_than_there_is_room_for),
		cmocka_unit_test(disks_are_of_four_types),
		cmocka_unit_test(looking_leaves_nothing_open),
		cmocka_unit_test(what_holds_nothing_is_left_out),
		cmocka_unit_test(what_stands_for_the_array_is_left_out),
		cmocka_unit_test(unit_is_asked_for_its_identity),
		cmocka_unit_test(answer_that_is_none_counts_for_nothing),
		cmocka_unit_test(only_disks_without_an_identity_are_asked),
		cmocka_unit_test(what_is_learned_is_given_to_the_units_without),
		cmocka_unit_test(as_many_units_as_a_result_holds_are_asked),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
