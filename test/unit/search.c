/* Which device root= means: sysfs is a folder, devices are files with an XFS's first bytes or none, and the tables of partitions are
   a function here. */
/* SPDX-License-Identifier: MIT */
#include "root/search.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/partition.h"
#include "sys/sysfs.h"
#include "test/unit/tree.h"

#define TOO_LONG  "a-disk-of-a-name-that-has-all-letters-there-are."
#define UUID      "01234567-89ab-cdef-fedc-ba9876543210"
#define SECTORS   8192
#define MANY      6
#define SEEN_SIZE 256

_Static_assert(sizeof(TOO_LONG) == SEARCH_NAME_BYTES + 1, "it is by a letter");

static char folder[32], seen[SEEN_SIZE];
static int tree, dev;
static struct search_result found;
static struct {
	char name[64];
	dev_t id;
} nodes[16];
static unsigned node_count, sector_size;
static bool hides; /* class/block, while it is read */

/* ---- the devices ---- */

/* In the place of the C library's: a file in the folder for /dev is a block device. */
int fstatat(int dirfd, const char *path, struct stat *status, int flags)
{
	if (dirfd != dev)
		return (int)syscall(SYS_newfstatat, dirfd, path, status, flags);
	for (unsigned i = 0; i < node_count; i++) {
		if (!strcmp(nodes[i].name, path)) {
			*status = (struct stat){.st_mode = S_IFBLK | 0600, .st_rdev = nodes[i].id};
			return 0;
		}
	}
	return -1;
}

int partition_find(const struct disk *disk, unsigned sector_bytes, unsigned number, struct partition *out)
{
	uint8_t byte;

	assert_int_equal(disk->size, SECTORS * 512);
	assert_int_equal(disk->get(disk->context, 0, &byte, 1), 0);
	sector_size = sector_bytes;
	if (hides)
		(void)renameat(tree, "class/block", tree, "class/hidden");
	snprintf(out->uuid, sizeof(out->uuid), "c0ffee00-%02x", number);
	snprintf(out->label, sizeof(out->label), number == 1 ? "r" : "part %u", number);
	return number == 9 ? -ENOENT : 0;
}

static void put(const char *format, const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), format, name);
	tree_put(tree, path, text);
}

/* What udev calls the file system in it; NULL: it holds none. */
static void fill(const char *name, const char *label)
{
	int fd;
	uint8_t bytes[8192] = "XFSB\0\0\x10\0";

	memcpy(bytes + 32, "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10", 16);
	if (label)
		memcpy(bytes + 108, label, strlen(label));
	else
		memset(bytes, 0, sizeof(bytes));
	tree_put_bytes(dev, name, 0644, bytes, sizeof(bytes));
	fd = openat(dev, name, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, SECTORS * 512), 0);
	close(fd);
}

/* place: its folder in devices/. partition: 0: a disk. */
static void add_at(const char *place, const char *name, int partition)
{
	char at[200], target[220], number[16];

	snprintf(at, sizeof(at), "devices/%s%s/%%s", place, name);
	put(at, "size", "8192\n"); /* SECTORS */
	snprintf(number, sizeof(number), "%u:%d\n", 8, partition);
	put(at, "dev", number);
	snprintf(number, sizeof(number), "%d\n", partition);
	if (partition)
		put(at, "partition", number);
	snprintf(target, sizeof(target), "../../devices/%s%s", place, name);
	snprintf(at, sizeof(at), "class/block/%s", name);
	(void)symlinkat(target, tree, at);
	snprintf(nodes[node_count].name, sizeof(nodes[0].name), "%s", name);
	for (char *c = nodes[node_count].name; *c; c++)
		*c = *c == '!' ? '/' : *c;
	fill(nodes[node_count].name, NULL);
	nodes[node_count++].id = makedev(8, (unsigned)partition);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/search.XXXXXX");
	assert_non_null(mkdtemp(folder));
	tree = open(folder, O_PATH | O_DIRECTORY);
	assert_int_equal(mkdirat(tree, "dev", 0755) | mkdirat(tree, "class", 0755), 0);
	assert_int_equal(mkdirat(tree, "class/block", 0755), 0);
	dev = openat(tree, "dev", O_PATH | O_DIRECTORY);
	found.fd = -1;
	node_count = 0;
	hides = false;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(dev);
	close(tree);
	return tree_remove(folder);
}

static const char *search_as(enum root_kind kind, const char *value, const char *fstype)
{
	struct root_plan plan = {.kind = kind};

	snprintf(plan.value, sizeof(plan.value), "%s", value);
	snprintf(plan.fstype, sizeof(plan.fstype), "%s", fstype);
	if (found.fd >= 0)
		close(found.fd);
	return search_find(tree, dev, &plan, &found, seen, sizeof(seen)) ? found.name : "";
}

static const char *search(enum root_kind kind, const char *value)
{
	return search_as(kind, value, "ext4");
}

/* ---- the tests ---- */

static void links_of_udev_are_what_they_say(void **state)
{
	(void)state;
	add_at("x/block/", "sdx", 0);
	add_at("x/block/sdx/", "sdx1", 1);
	fill("sdx", "never"); /* one that has partitions is no file system */
	fill("sdx1", "a b\\");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-uuid/" UUID), "sdx1");
	assert_string_equal(found.type, "xfs");
	assert_true(fcntl(found.fd, F_GETFD) & FD_CLOEXEC);
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-uuid/dm-mpath-" UUID), "sdx1");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-label/a\\x20b\\"), "sdx1");
	assert_string_equal(search(ROOT_LABEL, "a\\x20b\\"), "sdx1");
	assert_string_equal(search(ROOT_LABEL, "a b\\"), "sdx1");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-label/a\\x2b\\"), "");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-label/never"), "");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-partuuid/C0FFEE00-01"), "sdx1");
	assert_string_equal(search(ROOT_DEVICE, "/dev/disk/by-partlabel/r"), "sdx1");
	assert_int_equal(sector_size, 512);
	put("devices/x/block/sdx/queue/%s", "logical_block_size", "4096\n");
	assert_string_equal(search(ROOT_PARTLABEL, "r"), "sdx1");
	assert_int_equal(sector_size, 4096);
	assert_string_equal(search(ROOT_PARTLABEL, "part 2"), "");
	assert_non_null(strstr(seen, "sdx1 PARTUUID=c0ffee00-01 PARTLABEL=r"));
	assert_int_equal(unlinkat(dev, "sdx", 0), 0);
	assert_string_equal(search(ROOT_PARTLABEL, "r"), ""); /* its table cannot be read */
	assert_string_equal(search(ROOT_PARTLABEL, ""), "");
}

static void the_type_is_looked_for_where_nobody_gave_it(void **state)
{
	(void)state;
	add_at("x/block/", "sdx", 0);
	fill("sdx", "");
	assert_string_equal(search_as(ROOT_DEVICE, "/dev/sdx", ""), "sdx");
	assert_string_equal(found.type, "xfs");
	assert_string_equal(search_as(ROOT_DEVICE, "/dev/sdx", "auto"), "sdx");
	assert_string_equal(found.type, "xfs");
	assert_string_equal(search_as(ROOT_DEVICE, "/dev/sdx", "ext4"), "sdx");
	assert_string_equal(found.type, "");
	assert_int_equal(found.fd, -1);
}

static void numbers_of_devices_have_two_halves(void **state)
{
	(void)state;
	add_at("x/block/", "sdx", 0);
	add_at("x/block/sdx/", "sdx1", 1);
	assert_string_equal(search(ROOT_DEVICE, "8:1"), "sdx1");
	assert_string_equal(search(ROOT_DEVICE, "0801"), "sdx1");
	put("class/block/%s/dev", "sdx1", "0:1\n");
	nodes[1].id = makedev(0, 1);
	assert_string_equal(search(ROOT_DEVICE, "0:1"), "sdx1");
	assert_string_equal(search(ROOT_DEVICE, ":1"), "");
	put("class/block/%s/dev", "sdx1", ":1\n");
	assert_string_equal(search(ROOT_DEVICE, "0:1"), "");
}

static void a_partition_may_be_counted_from_another(void **state)
{
	(void)state;
	add_at("x/block/", "sdx", 0);
	add_at("x/block/sdx/", "sdx1", 1);
	add_at("x/block/sdx/", "sdx11", 11);
	add_at("y/block/", "sdy", 0);
	add_at("y/block/sdy/", "sdy12", 12);
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-01/PARTNROFF=10"), "sdx11");
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-0b/PARTNROFF=-10"), "sdx1");
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-01/PARTNROFF=11"), ""); /* of another disk */
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-01/PARTNROFF=3"), "");
	hides = true;
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-01/PARTNROFF=10"), "");
}

static void a_name_may_be_as_long_as_its_place(void **state)
{
	const char *const fits = TOO_LONG + 1;
	char value[80];

	(void)state;
	add_at("x/block/", TOO_LONG, 0);
	assert_string_equal(search(ROOT_DEVICE, "/dev/" TOO_LONG), "");
	add_at("x/block/", fits, 0);
	snprintf(value, sizeof(value), "/dev/%s", fits);
	assert_string_equal(search(ROOT_DEVICE, value), fits);
}

static void the_disk_of_a_partition_is_the_folder_that_it_is_in(void **state)
{
	char disk[SEARCH_NAME_BYTES], place[80];

	(void)state;
	add_at("x/block/" TOO_LONG "/", "p1", 1);
	snprintf(place, sizeof(place), "x/block/%s/", TOO_LONG + 1);
	add_at(place, "q1", 1);
	add_at("x/block/sdx/", "sdx1", 1);
	memset(disk, 'x', sizeof(disk));
	assert_false(search_disk_of(tree, "p1", disk));
	assert_string_equal(disk, "");
	assert_true(search_disk_of(tree, "q1", disk));
	assert_string_equal(disk, TOO_LONG + 1);
	memset(disk, 'x', sizeof(disk));
	assert_true(search_disk_of(tree, "sdx1", disk));
	assert_string_equal(disk, "sdx");
	assert_false(search_disk_of(tree, "sdx2", disk));
	assert_string_equal(disk, "");
}

static void an_exclamation_mark_stands_for_a_slash(void **state)
{
	(void)state;
	add_at("x/block/", "cciss!c0d0", 0);
	assert_string_equal(search(ROOT_DEVICE, "/dev/cciss/c0d0"), "cciss/c0d0");
}

/* udev's path_id, for LUNs of one byte and for others. */
static void a_place_is_address_target_and_lun(void **state)
{
	static const struct {
		const char *lun, *wanted;
	} cases[] = {
		{"0", "0"}, {"7", "7"}, {"255", "255"}, {"256", "0x0100000000000000"}, {"74565", "0x2345000100000000"},
	};
	char place[120], value[160];

	(void)state;
	put("class/iscsi_session/session3/%s", "targetname", "iqn.2026-01.x:y\n");
	put("class/iscsi_connection/connection3:0/%s", "persistent_address", "192.0.2.1\n");
	put("class/iscsi_connection/connection3:0/%s", "persistent_port", "9\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		node_count = 0;
		snprintf(place, sizeof(place), "host3/session3/target3:0:0/3:0:0:%s/block/", cases[i].lun);
		(void)unlinkat(tree, "class/block/sdx", 0);
		(void)unlinkat(tree, "class/block/sdx1", 0);
		add_at(place, "sdx", 0);
		strcat(place, "sdx/");
		add_at(place, "sdx1", 1);
		snprintf(value, sizeof(value), "/dev/disk/by-path/ip-192.0.2.1:9-iscsi-iqn.2026-01.x:y-lun-%s",
			 cases[i].wanted);
		assert_string_equal(search(ROOT_DEVICE, value), "sdx");
		strcat(value, "-part1");
		assert_string_equal(search(ROOT_DEVICE, value), "sdx1");
	}
}

/* Of the longest UUID that the kernel gives a map. */
static void partition_of_a_path_is_that_of_its_map(void **state)
{
	char map[128] = "mpath-", part[140];

	(void)state;
	memset(map + 6, '3', 115);
	snprintf(part, sizeof(part), "part1-%s\n", map);
	add_at("x/block/", "sdx", 0);
	add_at("x/block/sdx/", "sdx1", 1);
	add_at("v/block/", "dm-0", 0);
	add_at("v/block/", "dm-1", 0);
	put("devices/x/block/sdx/holders/dm-0/%s", "dev", "");
	put("devices/v/block/dm-0/dm/%s", "uuid", map);
	put("devices/v/block/dm-1/dm/%s", "uuid", part);
	assert_string_equal(search(ROOT_DEVICE, "/dev/sdx1"), "dm-1");
}

/* Beside each other: only what has it is looked at. */
static void the_one_with_the_value_is_read_before_others_are_told(void **state)
{
	static const char *const names[MANY] = {"vda", "vdb", "vdc", "vdd", "vde", "vdf"};
	const char *order[MANY], *name;
	struct sysfs_dir dir;
	int count = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		add_at("v/block/", names[i], 0);
	assert_int_equal(sysfs_dir_open(&dir, tree, "class/block"), 0);
	while ((name = sysfs_dir_next(&dir, NULL)))
		for (int i = 0; i < MANY; i++)
			if (!strcmp(name, names[i]))
				order[count++] = names[i];
	sysfs_dir_close(&dir);
	assert_int_equal(count, MANY);
	assert_string_equal(search(ROOT_UUID, UUID), ""); /* the walk finds nothing, and tells of all */
	for (int i = 0; i < MANY; i++)
		assert_non_null(strstr(seen, order[i]));
	assert_non_null(strstr(seen, ", "));
	fill(order[MANY - 1], "root");
	for (int kind = 0; kind < 2; kind++) {
		assert_string_equal(search(kind ? ROOT_LABEL : ROOT_UUID, kind ? "root" : UUID), order[MANY - 1]);
		assert_memory_equal(seen, order[MANY - 1], 3);
		assert_string_equal(seen + 3, " xfs UUID=" UUID " LABEL=root");
	}
	for (int i = 1; i < MANY - 1; i++) { /* those that have partitions do not count */
		char path[80];

		fill(order[i], "root");
		snprintf(path, sizeof(path), "devices/v/block/%s/%s1/partition", order[i], order[i]);
		tree_put(tree, path, "1\n");
	}
	assert_string_equal(search(ROOT_UUID, UUID), order[MANY - 1]);
	assert_memory_equal(seen, order[MANY - 1], 3);
}

/* A system that was copied from a disk of the machine to one of a session; whatever the order of their names. */
static void a_disk_of_a_session_comes_before_the_machines_own(void **state)
{
	static const char *const others[] = {"mmcblk0", "nvme0n1", "sdb", "sdc", "vda", "vdb"};
	const char *place = "platform/host2/session1/target2:0:0/2:0:0:1/block/";

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		add_at(i % 2 ? "virtual/nvme-subsystem/nvme-subsys0/" : "pci0000:00/block/", others[i], 0);
		fill(others[i], "root");
	}
	assert_string_not_equal(search(ROOT_UUID, UUID), ""); /* where there is no other */
	add_at(place, "sda", 0);
	fill("sda", "root");
	assert_string_equal(search(ROOT_UUID, UUID), "sda");
	assert_string_equal(search(ROOT_LABEL, "root"), "sda");
	assert_string_equal(search(ROOT_DEVICE, "/dev/sdb"), "sdb");
	add_at("pci0000:00/block/sdb/", "sdb1", 1);
	add_at("platform/host2/session1/target2:0:0/2:0:0:1/block/sda/", "sda1", 1);
	add_at("pci0000:00/block/sdc/", "sdc1", 1);
	assert_string_equal(search(ROOT_PARTUUID, "c0ffee00-01"), "sda1");
	add_at("virtual/block/", "dm-0", 0);
	assert_string_not_equal(search(ROOT_UUID, UUID), "dm-0"); /* it is empty */
	fill("dm-0", "root");
	assert_string_equal(search(ROOT_UUID, UUID), "dm-0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_of_udev_are_what_they_say, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_type_is_looked_for_where_nobody_gave_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_of_devices_have_two_halves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_partition_may_be_counted_from_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_may_be_as_long_as_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_disk_of_a_partition_is_the_folder_that_it_is_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_exclamation_mark_stands_for_a_slash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_place_is_address_target_and_lun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(partition_of_a_path_is_that_of_its_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_one_with_the_value_is_read_before_others_are_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_disk_of_a_session_comes_before_the_machines_own, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
