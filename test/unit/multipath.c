/* Which disks are joined, under which name and by which table: sysfs is a folder, disks are files, the device mapper notes. */
/* SPDX-License-Identifier: MIT */
#include "session/multipath.h"

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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "session/access.h"
#include "session/paths.h"
#include "sys/dm.h"
#include "sys/log.h"
#include "sys/sysfs.h"
#include "sys/udev_db.h"
#include "test/unit/tree.h"

#define TGTS   "\0\x83\0\x14\1\3\0\x10\x60\0\0\0\0\0\0\0\x0e\0\0\0\0\1\0\1"
#define LIOS   "\0\x83\0\x14\1\3\0\x10\x60\1\x40\5\0\0\0\0\x0e\0\0\0\0\1\0\1"
#define SIZE   131072
#define WWID   "360000000000000000e00000000010001"
#define TARGET "iqn.2026-01.test:t"

static struct notes {
	char text[4096];
	unsigned made;
	bool no_service_time, no_handler;
	enum access access[2]; /* of sda and sdb */
	unsigned asked[2];     /* for it */
	const char *status;
	char errors[2048];
	bool waits;   /* the look does, for a byte in the gate */
	bool is_mute; /* no message is taken */
	int refuses;  /* what loading a table and creating a map end in */
	int creates;
	unsigned known_to_udev;
	bool no_mapper, dies; /* dies: the look does */
	unsigned inquired;    /* a disk itself, for its identity */
} * notes;

static struct plan *plan; /* as that of the resident process: it is empty for children once it is hidden */
static struct session sessions[PLAN_TARGETS_MAX];
static struct multipath multipath;
static char folder[32];
static int tree, dev, gate[2];
static pid_t parent;

/* ---- what is said ---- */

static void note(const char *format, ...);

void log_err(const char *format, ...)
{
	size_t used = strlen(notes->errors);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(notes->errors + used, sizeof(notes->errors) - used, format, arguments);
	va_end(arguments);
}

#define LOG_NOTHING(name)                  \
	void name(const char *format, ...) \
	{                                  \
		(void)format;              \
	}

void log_warn(const char *format, ...)
{
	note("warn %s\n", format);
}

LOG_NOTHING(log_info)
LOG_NOTHING(log_debug)

enum log_level log_get_level(void)
{
	return LOG_LEVEL_INFO;
}

/* ---- the device mapper ---- */

static void put(int dirfd, const char *path, const void *bytes, size_t length)
{
	tree_put_bytes(dirfd, path, 0644, bytes, length);
}

static void note(const char *format, ...)
{
	size_t used = strlen(notes->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(notes->text + used, sizeof(notes->text) - used, format, arguments);
	va_end(arguments);
}

int dm_open(int dirfd)
{
	char byte;

	if (notes->no_mapper)
		return -ENODEV;
	if (notes->dies && getpid() != parent)
		_exit(1);
	if (notes->waits && getpid() != parent && read(gate[0], &byte, 1) != 1)
		return -EIO;
	return openat(dirfd, ".", O_RDONLY | O_DIRECTORY);
}

int dm_create(int control, const char *name, const char *uuid, bool read_only, dev_t *id)
{
	char path[64], number[16];

	if (control <= 2 || notes->creates)
		return notes->creates ? notes->creates : -EBADF;
	note("create %s %s%s\n", name, uuid, read_only ? " ro" : "");
	*id = makedev(253, notes->made);
	snprintf(path, sizeof(path), "class/block/dm-%u", notes->made);
	mkdirat(tree, path, 0755);
	snprintf(path, sizeof(path), "class/block/dm-%u/dev", notes->made);
	snprintf(number, sizeof(number), "253:%u\n", notes->made++);
	put(tree, path, number, strlen(number));
	return 0;
}

int dm_load(int control, const char *name, const char *target, const char *parameters, uint64_t sectors, bool read_only)
{
	(void)control, (void)read_only;
	if (notes->refuses) {
		note("refused %s\n", parameters);
		return notes->refuses;
	}
	if ((notes->no_service_time && strstr(parameters, "service-time")) ||
	    (notes->no_handler && strstr(parameters, "1 alua")))
		return -EINVAL;
	note("load %s %s %llu %s\n", name, target, (unsigned long long)sectors, parameters);
	return 0;
}

int dm_resume(int control, const char *name)
{
	(void)control;
	note("resume %s\n", name);
	return 0;
}

int dm_remove(int control, const char *name)
{
	(void)control;
	note("remove %s\n", name);
	return 0;
}

int dm_message(int control, const char *name, const char *message)
{
	(void)control;
	note("tell %s: %s\n", name, message);
	return notes->is_mute ? -EINVAL : 0;
}

int dm_status(int control, const char *name, char *out, size_t size)
{
	(void)control, (void)name;
	/* Where there is none, what is left there counts for nothing. */
	snprintf(out, size, "%s", notes->status ? notes->status : "2 0 0 0 1 1 A 0 2 0 8:0 F 1 8:16 F 1");
	return notes->status ? 0 : -ENXIO;
}

/* ---- the units ---- */

enum access access_ask(int sysfs, int dirfd, const char *block, bool is_new)
{
	(void)sysfs, (void)dirfd, (void)is_new;
	if (strlen(block) != 3 || (block[2] != 'a' && block[2] != 'b'))
		return ACCESS_UNKNOWN;
	notes->asked[block[2] - 'a']++;
	return notes->access[block[2] - 'a'];
}

void udev_db_note_dm(dev_t id)
{
	assert_int_equal(major(id), 253);
	notes->known_to_udev++;
}

void udev_db_hide_paths(const char *wwid)
{
	note("hide %s\n", wwid);
}

int ioctl(int fd, unsigned long number, ...)
{
	struct sg_io_hdr *request;
	va_list arguments;

	va_start(arguments, number);
	request = va_arg(arguments, struct sg_io_hdr *);
	va_end(arguments);
	if (fd < 0 || number != SG_IO || request->dxfer_len < sizeof(TGTS) - 1)
		return -1;
	notes->inquired++;
	request->status = request->cmdp[2] == 0x83 ? 0 : 2;
	request->resid = (int)(request->dxfer_len - (sizeof(TGTS) - 1));
	memcpy(request->dxferp, TGTS, sizeof(TGTS) - 1);
	return 0;
}

/* ---- the rig ---- */

static void put_text(const char *path, const char *text)
{
	put(tree, path, text, strlen(text));
}

/* The disk of session 1 or 2: sda, sdb. */
static void add_disk(int sid, const char *page, const char *size, const char *read_only)
{
	static char bytes[SIZE];
	char unit[96], path[200], name[8];

	snprintf(name, sizeof(name), "sd%c", 'a' + sid - 1);
	snprintf(unit, sizeof(unit), "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1", sid, sid, sid);
	snprintf(path, sizeof(path), "%s/type", unit);
	put_text(path, "0\n");
	snprintf(path, sizeof(path), "%s/vpd_pg83", unit);
	put(tree, path, page, sizeof(TGTS) - 1);
	snprintf(path, sizeof(path), "%s/block/%s/size", unit, name);
	put_text(path, size);
	snprintf(path, sizeof(path), "%s/block/%s/ro", unit, name);
	put_text(path, read_only);
	snprintf(path, sizeof(path), "class/block/%s/dev", name);
	put_text(path, sid == 1 ? "8:0\n" : "8:16\n");
	snprintf(path, sizeof(path), "class/block/%s/%s2/partition", name, name);
	put_text(path, "2\n");
	snprintf(path, sizeof(path), "class/block/%s2/partition", name);
	put_text(path, "2\n");
	snprintf(path, sizeof(path), "class/block/%s2/start", name);
	put_text(path, "2048\n");
	snprintf(path, sizeof(path), "class/block/%s2/size", name);
	put_text(path, "100\n");
	bytes[100] = 'x';
	put(dev, name, bytes, SIZE);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/var/tmp/paths.XXXXXX");
	assert_non_null(mkdtemp(folder));
	tree = open(folder, O_PATH | O_DIRECTORY);
	mkdirat(tree, "dev", 0755);
	dev = openat(tree, "dev", O_PATH | O_DIRECTORY);
	mkdirat(dev, "mapper", 0755);
	memset(notes, 0, sizeof(*notes));
	notes->access[0] = notes->access[1] = ACCESS_UNKNOWN;
	memset(plan, 0, sizeof(*plan));
	plan->target_count = 2;
	for (int i = 0; i < 2; i++) {
		params_default(&plan->targets[i].params);
		snprintf(plan->targets[i].name, sizeof(plan->targets[i].name), TARGET);
		session_init(&sessions[i], &plan->targets[i], NULL, tree, 1);
		sessions[i].state = SESSION_UP;
		sessions[i].in_kernel = sessions[i].attempt.was_up = true;
		sessions[i].sid = (uint32_t)i + 1;
	}
	multipath = (struct multipath){.sysfs = tree,
				       .dev = dev,
				       .control = -1,
				       .plan = plan,
				       .sessions = sessions,
				       .count = 2,
				       .child = CHILD_NONE};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(dev);
	close(tree);
	if (multipath.control >= 0)
		close(multipath.control);
	return tree_remove(folder);
}

static const char *after(void (*begin)(struct multipath *multipath))
{
	struct pollfd fd;

	notes->text[0] = notes->errors[0] = '\0';
	begin(&multipath);
	do {
		fd = (struct pollfd){.fd = multipath.child.fd, .events = POLLIN};
		assert_int_equal(poll(&fd, 1, 20000), 1);
	} while (!multipath_step(&multipath));
	return notes->text;
}

static const char *look(void)
{
	return after(multipath_look);
}

/* ---- the tests ---- */

#define TABLE "1 queue_if_no_path 0 1 1 "

static void two_paths_of_one_target_become_a_map_with_partitions(void **state)
{
	char target[32] = "";

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	put_text("class/block/sda/device/wwid", "naa.6000\n");
	assert_string_equal(look(), "create " WWID " mpath-" WWID "\n"
				    "load " WWID " multipath 256 " TABLE "service-time 0 2 1 8:0 1 8:16 1\n"
				    "resume " WWID "\n"
				    "hide naa.6000\n"
				    "create " WWID "-part2 part2-mpath-" WWID "\n"
				    "load " WWID "-part2 linear 100 253:0 2048\n"
				    "resume " WWID "-part2\n");
	assert_true(multipath.control >= 0);
	assert_true(readlinkat(dev, "mapper/" WWID "-part2", target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "../dm-1");
	assert_true(readlinkat(dev, "mapper/" WWID, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "../dm-0");
	assert_string_equal(notes->errors, "");
	assert_int_equal(notes->known_to_udev, 2);
}

static void a_kernel_without_service_time_takes_turns(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "1\n");
	add_disk(2, TGTS, "256\n", "1\n");
	notes->no_service_time = true;
	assert_non_null(strstr(look(), TABLE "round-robin 0 2 1 8:0 1 8:16 1\n"));
	assert_non_null(strstr(notes->text, "create " WWID " mpath-" WWID " ro\n"));
}

static void a_path_that_is_expected_is_not_waited_for(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	sessions[1].attempt.was_up = false;
	assert_non_null(strstr(look(), TABLE "service-time 0 1 1 8:0 1\n"));
	plan->targets[0].has_lun = plan->targets[1].has_lun = true;
	plan->targets[0].lun = 1;
	assert_string_equal(look(), ""); /* the other word is for another LUN */
}

static void a_path_that_comes_later_is_added(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	put_text("class/iscsi_session/session1/device/target1:0:0/1:0:0:1/block/sda/holders/dm-7/dm/uuid",
		 "mpath-" WWID "\n");
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	put_text("class/block/dm-7/slaves/sda", "");
	put_text("class/block/dm-7/slaves/sdx", "");
	put_text("class/block/sdx/dev", "65:0\n");
	multipath.grows = true;
	assert_int_equal(madvise(plan, sizeof(*plan), MADV_WIPEONFORK), 0);
	look();
	assert_non_null(strstr(notes->text, "load mpatha multipath 256 " TABLE "service-time 0 3 1 "));
	assert_non_null(strstr(notes->text, " 8:0 1"));
	assert_non_null(strstr(notes->text, " 65:0 1"));
	assert_non_null(strstr(notes->text, " 8:16 1\nresume mpatha\n"));
	assert_null(strstr(notes->text, "create"));
	assert_null(strstr(notes->text, "tell"));
	notes->status = "2 0 0 0 1 1 A 0 2 0 8:0 A 0 65:0 F 1"; /* one that is lost stays so */
	assert_non_null(strstr(look(), "resume mpatha\ntell mpatha: fail_path 65:0\n"));
	assert_null(strstr(notes->text, "fail_path 8:"));
	notes->status = "2 0 0 0 1 1 A 0 2 0 8:0 F 1 65:0 F 1";
	assert_non_null(strstr(look(), "tell mpatha: fail_path 65:0\n"));
	assert_non_null(strstr(notes->text, "tell mpatha: fail_path 8:0\n"));
	notes->status = NULL;
	snprintf(plan->targets[1].name, sizeof(plan->targets[1].name), TARGET "2");
	assert_string_equal(look(), "");
	snprintf(plan->targets[1].name, sizeof(plan->targets[1].name), TARGET);
	plan->boot.multipath = MULTIPATH_NO;
	assert_string_equal(look(), "");
	assert_int_equal(madvise(plan, sizeof(*plan), MADV_KEEPONFORK), 0);
}

/* Two disks of a map that is there. */
static void join_both(void)
{
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	put_text("class/iscsi_session/session1/device/target1:0:0/1:0:0:1/block/sda/holders/dm-7/dm/uuid", "mpath-x\n");
	put_text("class/iscsi_session/session2/device/target2:0:0/2:0:0:1/block/sdb/holders/dm-7/dm/uuid", "mpath-x\n");
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	put_text("class/block/dm-7/slaves/sda", "");
	put_text("class/block/dm-7/slaves/sdb", "");
}

static void the_better_paths_are_a_group_before_the_others(void **state)
{
	static const char other[200] = {[100] = 'y'};

	(void)state;
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	notes->access[0] = ACCESS_NON_OPTIMIZED;
	notes->access[1] = ACCESS_OPTIMIZED;
	assert_non_null(
		strstr(look(),
		       " multipath 256 1 queue_if_no_path 0 2 1 service-time 0 1 1 8:16 1 service-time 0 1 1 8:0 1\n"));
	assert_non_null(strstr(notes->text, "-part2 linear"));
	notes->access[0] = ACCESS_STANDBY;
	put_text("class/block/sda2/partition", ""); /* a path in standby shows none */
	assert_non_null(strstr(look(), "-part2 linear"));
	put_text("class/block/sda2/partition", "2\n");
	notes->access[0] = ACCESS_NON_OPTIMIZED;
	put_text("module/scsi_dh_alua/parameters/optimize_stpg", "0");
	assert_non_null(
		strstr(look(), " 1 queue_if_no_path 1 alua 2 1 service-time 0 1 1 8:16 1 service-time 0 1 1 8:0 1\n"));
	notes->no_handler = notes->no_service_time = true; /* a handler of another kind is there */
	assert_non_null(strstr(look(), " 1 queue_if_no_path 0 2 1 round-robin 0 1 1 8:16 1 round-robin 0 1 1 8:0 1\n"));
	notes->access[0] = ACCESS_OPTIMIZED;
	assert_non_null(strstr(look(), " 0 1 1 round-robin 0 2 1 8:16 1 8:0 1\n")
				?: strstr(notes->text, " 0 1 1 round-robin 0 2 1 8:0 1 8:16 1\n"));
	put(dev, "sda", other, sizeof(other)); /* what is in standby cannot be read */
	assert_non_null(strstr(look(), "round-robin 0 1 1 8:0 1\n"));
	notes->access[0] = ACCESS_STANDBY;
	assert_non_null(strstr(look(), " 0 2 1 round-robin 0 1 1 8:16 1 round-robin 0 1 1 8:0 1\n"));
}

static void the_preferred_of_two_in_standby_is_a_group_before_the_other(void **state)
{
	static const char other[200] = {[100] = 'y'};

	(void)state;
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	notes->access[0] = ACCESS_NON_OPTIMIZED;
	notes->access[1] = ACCESS_NON_OPTIMIZED_PREFERRED;
	assert_non_null(strstr(look(), " 0 2 1 service-time 0 1 1 8:16 1 service-time 0 1 1 8:0 1\n"));
	notes->access[0] = ACCESS_STANDBY_PREFERRED;
	notes->access[1] = ACCESS_STANDBY;
	put(dev, "sda", other, sizeof(other)); /* neither can be read */
	assert_non_null(strstr(look(), " 0 2 1 service-time 0 1 1 8:0 1 service-time 0 1 1 8:16 1\n"));
}

/* TPGS of the INQUIRY data: neither, implicit, explicit, both. What has no fifth byte says nothing. */
static void explicit_alua_without_a_handler_is_warned_of(void **state)
{
	static const bool warns[] = {false, false, true, false};

	(void)state;
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	for (unsigned tpgs = 0; tpgs < 8; tpgs++) {
		const uint8_t inquiry[36] = {0, 0, 5, 2, 31, (uint8_t)(0xc | (tpgs & 3) << 4 | 0xc0)};

		put(tree, "class/block/sda/device/inquiry", inquiry, tpgs < 4 ? sizeof(inquiry) : 5);
		put(tree, "class/block/sdb/device/inquiry", inquiry, tpgs < 4 ? sizeof(inquiry) : 5);
		assert_int_equal(!!strstr(look(), "explicit ALUA"), tpgs < 4 && warns[tpgs]);
		assert_non_null(strstr(notes->text, "-part2 linear"));
	}
	put(tree, "class/block/sda/device/inquiry", "\0\0\5\2\37\40", 6);
	put(tree, "class/block/sdb/device/inquiry", "\0\0\5\2\37\40", 6);
	assert_non_null(strstr(look(), "explicit ALUA"));
	put_text("module/scsi_dh_alua/parameters/optimize_stpg", "0");
	assert_null(strstr(look(), "explicit ALUA"));
}

/* A path that cannot be asked counts as none: one that tells is enough. */
static void one_path_with_access_makes_groups(void **state)
{
	(void)state;
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	put_text("module/scsi_dh_alua/parameters/optimize_stpg", "0");
	assert_non_null(strstr(look(), " 1 queue_if_no_path 0 1 1 service-time 0 2 1 "));
	notes->access[0] = ACCESS_OPTIMIZED;
	assert_non_null(
		strstr(look(), " 1 queue_if_no_path 1 alua 2 1 service-time 0 1 1 8:0 1 service-time 0 1 1 8:16 1\n"));
	notes->access[0] = ACCESS_UNKNOWN;
	notes->access[1] = ACCESS_OPTIMIZED;
	assert_non_null(
		strstr(look(), " 1 queue_if_no_path 1 alua 2 1 service-time 0 1 1 8:16 1 service-time 0 1 1 8:0 1\n"));
}

/* Whichever of the sessions has it. */
static void map_that_is_there_is_what_others_are_held_against(void **state)
{
	(void)state;
	multipath.grows = true;
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	for (int in = 1; in <= 2; in++) {
		char path[160];

		add_disk(1, LIOS, "256\n", "0\n");
		add_disk(2, LIOS, "256\n", "0\n");
		snprintf(path, sizeof(path),
			 "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1/block/sd%c/holders/dm-7/dm/uuid",
			 in, in, in, 'a' + in - 1);
		put_text(path, "mpath-" WWID "\n");
		snprintf(path, sizeof(path), "class/block/dm-7/slaves/sd%c", 'a' + in - 1);
		put_text(path, "");
		notes->access[in - 1] = ACCESS_STANDBY;
		notes->access[2 - in] = ACCESS_OPTIMIZED;
		assert_non_null(strstr(look(), "load mpatha multipath 256 1 queue_if_no_path 0 2 1 "));
		assert_null(strstr(notes->text, "create"));
		assert_int_equal(unlinkat(tree, path, 0), 0);
		snprintf(path, sizeof(path),
			 "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1/block/sd%c/holders/dm-7/dm/uuid",
			 in, in, in, 'a' + in - 1);
		assert_int_equal(unlinkat(tree, path, 0), 0);
	}
}

static void paths_change_their_groups_with_their_access(void **state)
{
	(void)state;
	join_both();
	multipath.grows = true;
	notes->status = "2 0 0 0 2 1 A 0 1 0 8:0 A 0 E 0 1 0 8:16 A 0";
	notes->access[0] = ACCESS_OPTIMIZED;
	notes->access[1] = ACCESS_STANDBY;
	assert_string_equal(look(), "");
	notes->access[1] = ACCESS_UNKNOWN; /* it is lost: that is no reason */
	assert_string_equal(look(), "");
	notes->access[0] = ACCESS_UNKNOWN;
	notes->access[1] = ACCESS_OPTIMIZED;
	assert_string_equal(look(), "");
	notes->access[0] = ACCESS_STANDBY;
	notes->access[1] = ACCESS_NON_OPTIMIZED;
	assert_string_equal(look(), "load mpatha multipath 256 1 queue_if_no_path 0 2 1 service-time 0 1 1 8:16 1 "
				    "service-time 0 1 1 8:0 1\n"
				    "resume mpatha\n");
	notes->access[0] = notes->access[1] = ACCESS_OPTIMIZED;
	assert_non_null(strstr(look(), "0 1 1 service-time 0 2 1 "));
	notes->status = "2 0 0 0 1 1 A 0 2 0 8:0 A 0 8:16 A 0";
	assert_string_equal(look(), "");
}

static void the_best_group_is_used_again_when_it_can_be(void **state)
{
	(void)state;
	join_both();
	multipath.grows = true;
	notes->access[0] = ACCESS_OPTIMIZED;
	notes->access[1] = ACCESS_NON_OPTIMIZED;
	notes->status = "2 0 0 0 2 2 E 0 1 0 8:0 F 1 A 0 1 0 8:16 A 0";
	assert_string_equal(look(), "");
	notes->status = "2 0 0 0 2 2 E 0 1 0 8:0 A 1 A 0 1 0 8:16 A 0";
	assert_string_equal(look(), "tell mpatha: switch_group 1\n");
}

static void where_multipathd_runs_it_adds_paths(void **state)
{
	int proc = openat(tree, ".", O_PATH | O_DIRECTORY), others = openat(dev, ".", O_PATH | O_DIRECTORY);

	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	put_text("class/iscsi_session/session1/device/target1:0:0/1:0:0:1/block/sda/holders/dm-7/dm/uuid",
		 "mpath-" WWID "\n");
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	put_text("class/block/dm-7/slaves/sda", "");
	put_text("77/status", "Name:\tmultipathd\nUid:\t0\t0\t0\t0\nNSpid:\t77\n");
	put_text("77/comm", "multipathd\n");
	put(others, "78/status", "Name:\tbash\nUid:\t0\t0\t0\t0\nNSpid:\t78\n", 33);
	put(others, "78/comm", "bash\n", 5);
	multipath.grows = true;
	multipath.proc = others;
	assert_non_null(strstr(look(), " 8:16 1\nresume mpatha\n"));
	multipath.proc = proc;
	assert_string_equal(look(), "");
	assert_int_equal(multipath.met, 77);
	multipath.grows = false; /* at the boot, nobody else is asked */
	look();
	assert_int_equal(multipath.met, 0);
	assert_string_equal(after(multipath_meet), "");
	assert_int_equal(multipath.met, 77);
	multipath.proc = others;
	assert_string_equal(after(multipath_meet), "");
	assert_int_equal(multipath.met, 0);
	multipath.met = 77; /* and who dies has met nobody */
	notes->dies = true;
	look();
	assert_int_equal(multipath.met, 0);
	close(proc);
	close(others);
	(void)state;
}

/* It ends, and switches off that its maps hold I/O. */
static void what_multipathd_had_holds_again(void **state)
{
	(void)state;
	join_both();
	multipath.grows = multipath.takes_back = true;
	notes->status = "2 0 0 0 1 1 A 0 2 0 8:0 A 0 8:16 A 0";
	assert_string_equal(look(), "tell mpatha: queue_if_no_path\n");
	assert_string_equal(look(), "");
}

static void after_the_hand_over_no_map_is_made(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	multipath.grows = true;
	assert_string_equal(look(), "");
}

/* Each time the first path alone: the same target promises another. */
static void disks_that_differ_are_not_joined(void **state)
{
	static const char other[200] = {[100] = 'y'};

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "264\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	assert_non_null(strstr(notes->errors, "sda and sdb are both called "));
	assert_non_null(strstr(notes->errors, ", but their sizes differ: they are not joined"));
	add_disk(2, TGTS, "256\n", "1\n");
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	add_disk(2, TGTS, "256\n", "0\n");
	put(dev, "sdb", other, sizeof(other));
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	assert_non_null(strstr(notes->errors, "they do not hold the same"));
	assert_int_equal(unlinkat(dev, "sdb", 0), 0); /* nor does one that cannot be read */
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	assert_non_null(strstr(notes->errors, "they do not hold the same"));
	add_disk(2, LIOS, "256\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	assert_non_null(strstr(notes->text, "service-time 0 1 1 8:16 1\n"));
}

/* Their first 128 KiB are compared, or as much as there is. */
static void only_the_beginning_of_disks_is_compared(void **state)
{
	static char bytes[SIZE + 32768];

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	memset(bytes, 'x', sizeof(bytes));
	put(dev, "sda", bytes, sizeof(bytes));
	bytes[SIZE] = 'y';
	put(dev, "sdb", bytes, sizeof(bytes));
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
	bytes[SIZE - 1] = 'y';
	put(dev, "sdb", bytes, sizeof(bytes));
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	put(dev, "sda", bytes, 32768);
	put(dev, "sdb", bytes, 32768);
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
}

/* What holds a serial number only, or nothing, may be anybody's. */
static void disks_without_a_name_or_a_size_are_not_joined(void **state)
{
	(void)state;
	add_disk(1, TGTS, "0\n", "0\n");
	add_disk(2, TGTS, "0\n", "0\n");
	assert_string_equal(look(), "");
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	for (int sid = 1; sid <= 2; sid++) {
		char path[160];

		snprintf(path, sizeof(path), "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1/vpd_pg80", sid,
			 sid, sid);
		put(tree, path, "\0\x80\0\4beaf", 8);
		snprintf(path, sizeof(path), "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1/vpd_pg83", sid,
			 sid, sid);
		assert_int_equal(unlinkat(tree, path, 0), 0);
	}
	assert_string_equal(look(), "");
}

/* The kernel knows none. A disk whose session is lost would not answer. */
static void disks_without_an_identity_are_asked_for_it(void **state)
{
	(void)state;
	for (int sid = 1; sid <= 2; sid++) {
		char path[160];

		add_disk(sid, TGTS, "256\n", "0\n");
		snprintf(path, sizeof(path), "class/iscsi_session/session%d/device/target%d:0:0/%d:0:0:1/vpd_pg83", sid,
			 sid, sid);
		assert_int_equal(unlinkat(tree, path, 0), 0);
	}
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
	assert_int_equal(notes->inquired, 2);
	sessions[1].state = SESSION_WAITING;
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	assert_int_equal(notes->inquired, 3);
}

static void disk_of_a_lost_session_alone_makes_no_map(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	sessions[0].state = SESSION_WAITING;
	assert_string_equal(look(), "");
	sessions[0].state = SESSION_UP;
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
}

static void an_identity_of_the_makers_own_is_one(void **state)
{
	static const char t10[] = "\0\x83\0\x14\2\1\0\x10IET     00010001";

	(void)state;
	add_disk(1, t10, "256\n", "0\n");
	add_disk(2, t10, "256\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
}

static void only_whole_partitions_have_maps(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	put_text("class/block/sda/device/wwid", ""); /* and nothing is hidden by an empty name */
	put_text("class/block/sda2/size", "0\n");
	assert_null(strstr(look(), "-part2"));
	assert_null(strstr(notes->text, "hide"));
	put_text("class/block/sda2/size", "100\n");
	put_text("class/block/sda2/start", "\n");
	assert_null(strstr(look(), "-part2"));
	put_text("class/block/sda2/start", "0\n");
	assert_non_null(strstr(look(), "-part2 linear 100 253:2 0\n"));
}

static void each_path_is_asked_once(void **state)
{
	(void)state;
	join_both();
	multipath.grows = true;
	notes->status = "2 0 0 0 2 1 A 0 1 0 8:0 A 0 E 0 1 0 8:16 A 0";
	notes->access[0] = notes->access[1] = ACCESS_OPTIMIZED;
	assert_non_null(strstr(look(), "0 1 1 service-time 0 2 1 "));
	assert_int_equal(notes->asked[0], 1);
	assert_int_equal(notes->asked[1], 1);
}

static void what_changes_during_a_look_is_looked_at_afterwards(void **state)
{
	struct pollfd fd;

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	notes->waits = true;
	multipath_look(&multipath);
	assert_false(multipath_step(&multipath));
	multipath_look(&multipath);
	multipath_look(&multipath);
	assert_int_equal(write(gate[1], "1", 1), 1);
	fd = (struct pollfd){.fd = multipath.child.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_false(multipath_step(&multipath)); /* the second one is under way */
	assert_int_equal(notes->made, 2);
	assert_false(multipath.again);
	assert_int_equal(write(gate[1], "2", 1), 1);
	fd = (struct pollfd){.fd = multipath.child.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_true(multipath_step(&multipath));
	assert_int_equal(notes->made, 4); /* each time a map and its partition */
	assert_true(multipath.control > 2);
}

static void as_many_sessions_as_there_may_be_are_looked_at(void **state)
{
	(void)state;
	plan->target_count = multipath.count = PLAN_TARGETS_MAX;
	for (int i = 2; i < PLAN_TARGETS_MAX; i++)
		session_init(&sessions[i], &plan->targets[i], NULL, tree, 1);
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
	assert_int_equal(multipath.wants[1].target, 0);
	assert_int_equal(multipath.wants[PLAN_TARGETS_MAX - 1].target, 2); /* the first without a name */
}

/* Every tgtd calls its first disk so. */
static void of_two_targets_only_a_unique_name_counts(void **state)
{
	(void)state;
	snprintf(plan->targets[1].name, sizeof(plan->targets[1].name), TARGET "2");
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	assert_string_equal(look(), "");
	plan->boot.multipath = MULTIPATH_YES;
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
	plan->boot.multipath = MULTIPATH_AUTO;
	add_disk(1, LIOS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 2 1 8:0 1 8:16 1\n"));
	plan->boot.multipath = MULTIPATH_NO;
	assert_string_equal(look(), "");
	plan->targets[0].params.value[PARAM_MULTIPATH] = MULTIPATH_YES;
	plan->targets[0].params.source[PARAM_MULTIPATH] = SOURCE_CMDLINE;
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n"));
	plan->boot.multipath = MULTIPATH_AUTO;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	assert_non_null(strstr(look(), "service-time 0 1 1 8:0 1\n")); /* one word is not for both */
}

static void root_may_name_the_map(void **state)
{
	static const struct {
		const char *root, *name, *part;
	} cases[] = {
		{"/dev/mapper/mpatha", "mpatha", "mpatha-part2"},
		{"/dev/mapper/mpatha2", "mpatha", "mpatha2"},
		{"/dev/mapper/mpatha-part2", "mpatha", "mpatha-part2"},
		{"/dev/mapper/mpath1p2", "mpath1", "mpath1p2"},
		{"/dev/mapper/lun_root1", "lun_root", "lun_root2"},
		{"/dev/mapper/" WWID, WWID, WWID "-part2"},
		{"/dev/mapper/" WWID "p2", WWID, WWID "p2"},
		{"/dev/mapper/" WWID "2", WWID, WWID "2"},
		{"/dev/mapper/" WWID "-part2", WWID, WWID "-part2"},
		{"/dev/mapper/36001405-part2", WWID, WWID "-part2"}, /* another disk */
		{"/dev/mapper/m1path2", "m1path", "m1path2"},
		{"/dev/mapper/lun1a2", "lun1a", "lun1a2"},
		{"/dev/mapper/map2", "map", "map2"},
		{"/dev/mapper/3path2", WWID, WWID "-part2"},
		{"/dev/mapper/vg-root", WWID, WWID "-part2"},
		{"/dev/sda2", WWID, WWID "-part2"},
	};
	char line[200];

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, TGTS, "256\n", "0\n");
	plan->root.kind = ROOT_DEVICE;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(plan->root.value, sizeof(plan->root.value), "%s", cases[i].root);
		look();
		snprintf(line, sizeof(line), "create %s mpath-" WWID "\n", cases[i].name);
		if (!strstr(notes->text, line))
			fail_msg("%s: %s", cases[i].root, notes->text);
		snprintf(line, sizeof(line), "create %s part2-mpath-" WWID "\n", cases[i].part);
		if (!strstr(notes->text, line))
			fail_msg("%s: %s", cases[i].root, notes->text);
	}
}

static void long_name_of_roots_has_its_link(void **state)
{
	char path[32 + DM_TEXT_MAX] = "mapper/";
	struct stat link;

	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	plan->root.kind = ROOT_DEVICE;
	memset(path + strlen(path), 'm', DM_TEXT_MAX - 1);
	snprintf(plan->root.value, sizeof(plan->root.value), "/dev/%s", path);
	look();
	assert_int_equal(fstatat(dev, path, &link, AT_SYMLINK_NOFOLLOW), 0);
}

/* Four tables are tried, from the best that there is; a map without one does not stay. */
static void map_that_the_kernel_refuses_is_taken_back(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	notes->refuses = -EINVAL;
	assert_string_equal(look(), "create " WWID " mpath-" WWID "\n"
				    "refused " TABLE "service-time 0 1 1 8:0 1\n"
				    "refused " TABLE "round-robin 0 1 1 8:0 1\n"
				    "remove " WWID "\n");
	assert_non_null(strstr(notes->errors, WWID ": the paths of this disk (sda and others) cannot be joined: the "
						   "kernel refuses the table (is its module dm_multipath there?)"));
	notes->refuses = -EBUSY;
	assert_string_equal(look(), "create " WWID " mpath-" WWID "\n"
				    "refused " TABLE "service-time 0 1 1 8:0 1\n"
				    "remove " WWID "\n");
	assert_non_null(strstr(notes->errors, "cannot be joined: one of them is in use already"));
	notes->refuses = 0;
	notes->creates = -ENOMEM;
	assert_string_equal(look(), "");
	assert_non_null(strstr(notes->errors, "cannot be joined: Cannot allocate memory"));
	notes->creates = 0;
	notes->access[0] = ACCESS_OPTIMIZED;
	put_text("module/scsi_dh_alua/parameters/optimize_stpg", "0");
	notes->refuses = -EINVAL;
	assert_non_null(strstr(look(), "refused 1 queue_if_no_path 1 alua 1 1 service-time 0 1 1 8:0 1\n"
				       "refused 1 queue_if_no_path 1 alua 1 1 round-robin 0 1 1 8:0 1\n"
				       "refused " TABLE "service-time 0 1 1 8:0 1\n"
				       "refused " TABLE "round-robin 0 1 1 8:0 1\n"
				       "remove " WWID "\n"));
}

static void kernel_without_the_device_mapper_is_told_of(void **state)
{
	(void)state;
	notes->no_mapper = true;
	assert_string_equal(look(), "");
	assert_string_equal(notes->errors, ""); /* there is nothing to join */
	assert_true(multipath.control < 0);
	add_disk(1, TGTS, "256\n", "0\n");
	assert_string_equal(look(), "");
	assert_string_equal(notes->errors,
			    "this kernel has no device mapper to join the paths of a disk: No such device "
			    "(module dm_mod)");
}

static void root_names_one_map_only(void **state)
{
	(void)state;
	add_disk(1, TGTS, "256\n", "0\n");
	add_disk(2, LIOS, "256\n", "0\n");
	plan->root.kind = ROOT_DEVICE;
	snprintf(plan->root.value, sizeof(plan->root.value), "/dev/mapper/mpatha");
	assert_non_null(strstr(look(), "create mpatha mpath-" WWID "\n"));
	plan->root.kind = ROOT_NONE; /* then it is no device's name */
	assert_non_null(strstr(look(), "create " WWID " mpath-" WWID "\n"));
	plan->root.kind = ROOT_DEVICE;
	look();
	assert_non_null(strstr(notes->text, "create 360014005000000000e00000000010001 mpath-360014005"));
}

static void a_path_is_taken_out_unless_it_is_the_last(void **state)
{
	struct unit unit = {.block = "sda", .map = "dm-7", .sectors = 256, .writable = true};

	(void)state;
	put_text("class/block/sda/dev", "8:0\n");
	put_text("class/block/sdb/dev", "8:16\n");
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	put_text("class/block/dm-7/slaves/sda", "");
	assert_int_equal(multipath_take_out(tree, dev, &unit), -EBUSY);
	notes->no_mapper = true;
	assert_int_equal(multipath_take_out(tree, dev, &unit), -ENODEV);
	notes->no_mapper = false;
	put_text("class/block/dm-7/slaves/sdb", "");
	assert_int_equal(multipath_take_out(tree, dev, &unit), 0);
	assert_string_equal(notes->text,
			    "load mpatha multipath 256 " TABLE "service-time 0 1 1 8:16 1\nresume mpatha\n");
}

/* kernel: multipath_status, with "queue_if_no_path", a handler and two selectors of which one tells something. */
static void the_state_of_a_path_is_in_its_maps_status(void **state)
{
	static const char status[] = "2 0 0 0 1 1 A 0 3 0 8:0 F 1 8:16 A 0 65:8:0 A 0",
			  groups[] = "2 0 1 1 alua 2 2 E 1 x 2 2 8:0 A 0 0 1 8:16 A 4 0 1 A 0 2 0 65:0 F 2 8:1 A 0";
	struct path_status is;

	(void)state;
	assert_false(paths_status(status, "8:0").active);
	assert_int_equal(paths_status(status, "8:0").group, 1);
	assert_true(paths_status(status, "8:16").active);
	assert_int_equal(paths_status(status, "8:1").group, 0);
	assert_int_equal(paths_status("", "8:0").group, 0);
	assert_int_equal(paths_status("8:0 ", "8:0").group, 0);
	assert_int_equal(paths_status("2 0 0 0 1 1 A 0 999999999 0", "8:0").group, 0);
	is = paths_status(groups, "8:16");
	assert_true(is.active && is.group == 1 && is.groups == 2 && is.in_use == 2);
	is = paths_status(groups, "65:0");
	assert_true(!is.active && is.group == 2);
	assert_true(paths_status(groups, "8:1").active);
	assert_int_equal(paths_status(groups, "1").group, 0);
}

static void a_session_tells_the_maps_of_its_units(void **state)
{
	struct unit units[] = {{.block = "sda", .map = "dm-7"},
			       {.block = "sdb"},
			       {.block = "sdc", .map = "dm-7"},
			       {.block = "sda", .map = "dm-8"}};

	(void)state;
	put_text("class/block/sda/dev", "8:0\n");
	put_text("class/block/dm-7/dm/name", "mpatha\n");
	assert_int_equal(paths_tell(3, tree, units, 4, "fail_path"), 1); /* sdc and dm-8 are gone meanwhile */
	assert_string_equal(notes->text, "tell mpatha: fail_path 8:0\n");
	put_text("class/block/sdc/dev", "8:32\n");
	assert_int_equal(paths_tell(3, tree, units, 4, "fail_path"), 2);
	notes->is_mute = true;
	assert_int_equal(paths_tell(3, tree, units, 4, "fail_path"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_paths_of_one_target_become_a_map_with_partitions, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_without_service_time_takes_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_is_expected_is_not_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_comes_later_is_added, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_better_paths_are_a_group_before_the_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_preferred_of_two_in_standby_is_a_group_before_the_other, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(explicit_alua_without_a_handler_is_warned_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_path_with_access_makes_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(map_that_is_there_is_what_others_are_held_against, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_change_their_groups_with_their_access, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_best_group_is_used_again_when_it_can_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(where_multipathd_runs_it_adds_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_multipathd_had_holds_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(after_the_hand_over_no_map_is_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disks_that_differ_are_not_joined, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_beginning_of_disks_is_compared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disks_without_a_name_or_a_size_are_not_joined, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disks_without_an_identity_are_asked_for_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disk_of_a_lost_session_alone_makes_no_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_identity_of_the_makers_own_is_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_whole_partitions_have_maps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_path_is_asked_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_changes_during_a_look_is_looked_at_afterwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(as_many_sessions_as_there_may_be_are_looked_at, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_two_targets_only_a_unique_name_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(root_may_name_the_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_name_of_roots_has_its_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kernel_without_the_device_mapper_is_told_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(map_that_the_kernel_refuses_is_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(root_names_one_map_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_is_taken_out_unless_it_is_the_last, set_up, tear_down),
		cmocka_unit_test(the_state_of_a_path_is_in_its_maps_status),
		cmocka_unit_test_setup_teardown(a_session_tells_the_maps_of_its_units, set_up, tear_down),
	};

	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	parent = getpid();
	if (pipe(gate))
		return 1;
	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
