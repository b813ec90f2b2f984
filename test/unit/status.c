/* The file of the sessions' states: what is written is read back, and nobody who meddles with the file can end the writer. */
/* SPDX-License-Identifier: MIT */
#include "session/status.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/dm.h"
#include "test/unit/tree.h"

/* AddressSanitizer's does nothing. */
static struct {
	const void *start;
	size_t size;
	int result;
} lock;

int mlock(const void *start, size_t size)
{
	lock.start = start;
	lock.size = size;
	return lock.result;
}

/* ---- the device mapper ---- */

static const char *map_status;

int dm_status(int control, const char *name, char *out, size_t size)
{
	(void)control;
	snprintf(out, size, "%s", map_status);
	return strcmp(name, "gone") ? 0 : -ENXIO;
}

int dm_message(int control, const char *name, const char *message)
{
	(void)control, (void)name, (void)message;
	return -ENXIO;
}

static char root[] = "/tmp/status-test-XXXXXX", path[64];
static int dir;
static struct status status;
static struct target_plan plans[2];
static struct session sessions[2];

static void prepare(int i, const char *name, uint32_t sid)
{
	static const struct netlink netlink = {.call_fd = -1, .event_fd = -1};

	snprintf(plans[i].name, sizeof(plans[i].name), "%s", name);
	snprintf(plans[i].portal.host, sizeof(plans[i].portal.host), "fe80::1");
	snprintf(plans[i].portal.scope, sizeof(plans[i].portal.scope), "eth0");
	plans[i].portal.port = 3260;
	session_init(&sessions[i], &plans[i], &netlink, -1, 1);
	sessions[i].sid = sid;
	sessions[i].state = SESSION_UP;
	sessions[i].up_ms = 1234;
	sessions[i].recoveries = 3;
	sessions[i].last_error = 1020;
}

static void a_record_is_read_back(void **state)
{
	struct status_record record;

	(void)state;
	plans[1].chap.algorithms_given = true;
	memcpy(plans[1].chap.algorithms, ((uint8_t[4]){8, 7, 6, 5}), 4);
	assert_true(status_write(&status, sessions, 2));
	assert_false(status_write(&status, sessions, 2));
	assert_int_equal(status_find(path, 9, &record), 0);
	assert_string_equal(record.state, "logged in");
	assert_int_equal(record.since_ms, 1234);
	assert_int_equal(record.recoveries, 3);
	assert_int_equal(record.attempts, 0);
	assert_string_equal(record.last_error, "ISCSI_ERR_TCP_CONN_CLOSE");
	assert_string_equal(record.portal, "[fe80::1%eth0]:3260");
	assert_memory_equal(record.chap_algorithms, ((uint8_t[4]){8, 7, 6, 5}), 4);
	assert_int_equal(status_find(path, 1, &record), -ENOENT);
	assert_int_equal(status_find("/no/such/file", 9, &record), -ENOENT);
}

static void a_change_replaces_its_record_alone(void **state)
{
	struct status_record record;
	struct stat file;

	(void)state;
	sessions[0].state = SESSION_WAITING;
	sessions[0].attempt.count = 12;
	status_write(&status, sessions, 2);
	assert_int_equal(status_find(path, 8, &record), 0);
	assert_string_equal(record.state, "waiting");
	assert_int_equal(record.attempts, 12);
	assert_int_equal(status_find(path, 9, &record), 0);
	assert_string_equal(record.state, "logged in");
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 2 * STATUS_RECORD);
}

static void a_file_that_was_cut_off_is_not_written_to(void **state)
{
	struct status_record record;

	(void)state;
	assert_int_equal(truncate(path, 0), 0);
	sessions[0].attempt.count = 13;
	status_write(&status, sessions, 2);
	assert_int_equal(status_find(path, 8, &record), -ENOENT);
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	status_write(&status, sessions, 2);
	assert_int_equal(status_find(path, 8, &record), 0);
	assert_int_equal(record.attempts, 13);
}

/* For a process that takes the writer's place. */
static void what_was_written_is_recalled(void **state)
{
	struct status_record record = {.recoveries = 77};

	(void)state;
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	assert_false(status_recall(&status, 0, &record)); /* nothing yet */
	plans[1].chap.algorithms_given = false;
	sessions[1].state = SESSION_WAITING;
	sessions[1].down_ms = 999;
	status_write(&status, &sessions[1], 1);
	assert_false(status_recall(&status, 1, &record));
	assert_false(status_recall(&status, 2, &record));
	assert_int_equal(record.recoveries, 77);
	assert_true(status_recall(&status, 0, &record));
	assert_string_equal(record.state, "waiting");
	assert_int_equal(record.since_ms, 999);
	assert_int_equal(record.recoveries, 3);
	assert_memory_equal(record.chap_algorithms, ((uint8_t[4]){0}), 4);
	assert_int_equal(truncate(path, 100), 0);
	assert_false(status_recall(&status, 0, &record));
	sessions[1].state = SESSION_UP;
}

/* Its end is cut off, not its line. */
static void long_names_fit_into_a_record(void **state)
{
	struct status_record record;
	char text[STATUS_RECORD + 1] = "";
	int fd;

	(void)state;
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	memset(plans[1].name, 'n', sizeof(plans[1].name) - 1);
	memset(sessions[1].attempt.route.portal.host, 'h', sizeof(sessions[1].attempt.route.portal.host) - 1);
	status_write(&status, sessions, 2);
	fd = openat(dir, STATUS_FILE, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, text, STATUS_RECORD, STATUS_RECORD), STATUS_RECORD);
	(void)close(fd);
	assert_int_equal(text[STATUS_RECORD - 1], '\n');
	assert_int_equal(text[STATUS_RECORD - 2], 'n');
	assert_int_equal(strcspn(text, "\n"), STATUS_RECORD - 1);
	for (size_t length = 1; length < sizeof(plans[1].name);
	     length++) { /* as many that end before, at and behind its end */
		plans[1].name[length - 1] = 'n';
		plans[1].name[length] = '\0';
		sessions[1].recoveries++;
		assert_true(status_write(&status, sessions, 2));
		assert_int_equal(status.records[STATUS_RECORD - 1], '\n');
		assert_int_equal(status.records[2 * STATUS_RECORD - 1], '\n');
	}
	sessions[1].recoveries = 3;
	status_write(&status, sessions, 2);
	assert_int_equal(status_find(path, 9, &record), 0);
	assert_string_equal(record.state, "logged in");
}

static void all_its_pages_are_locked(void **state)
{
	(void)state;
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	lock.result = 0;
	assert_int_equal(status_lock(&status), 0);
	assert_ptr_equal(lock.start, status.records);
	assert_int_equal(lock.size, 2 * STATUS_RECORD);
	lock.result = -1;
	errno = ENOMEM;
	assert_int_equal(status_lock(&status), -ENOMEM);
}

/* ---- maps ---- */

/* /sys, in a folder. */
static char tree_path[] = "/tmp/status-tree-XXXXXX";
static int tree;

static void put(const char *file, const char *text)
{
	tree_put(tree, file, text);
}

static void put_map(const char *device, const char *name, const char *uuid, const char *const *disks)
{
	char file[128];

	snprintf(file, sizeof(file), "class/block/%s/dm/name", device);
	put(file, name);
	snprintf(file, sizeof(file), "class/block/%s/dm/uuid", device);
	put(file, uuid);
	for (; *disks; disks++) {
		snprintf(file, sizeof(file), "class/block/%s/slaves/%s", device, *disks);
		put(file, "");
	}
}

/* A disk of a session, or a local one; number: its minor. */
static void put_disk(const char *name, const char *place, int number)
{
	char target[64], file[128], text[16];

	snprintf(file, sizeof(file), "devices/%s/%s/dev", place, name);
	snprintf(text, sizeof(text), "8:%d\n", number);
	put(file, text);
	snprintf(target, sizeof(target), "../../devices/%s/%s", place, name);
	snprintf(file, sizeof(file), "class/block/%s", name);
	mkdirat(tree, "class", 0755);
	mkdirat(tree, "class/block", 0755);
	assert_int_equal(symlinkat(target, tree, file), 0);
}

static int make_tree(void **state)
{
	(void)state;
	memcpy(tree_path + sizeof(tree_path) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(tree_path));
	tree = open(tree_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	put_disk("sda", "host2/session1", 0);
	put_disk("sdb", "host3/session2", 16);
	put_disk("sdc", "pci", 32);
	map_status = "2 0 0 0 2 2 E 0 1 0 8:0 F 3 A 0 1 0 8:16 A 0";
	return status_open(&status, dir, 2, true);
}

static int remove_tree(void **state)
{
	(void)state;
	close(tree);
	return tree_remove(tree_path);
}

/* The n-th line of the file, without the spaces behind it. */
static const char *line(int n)
{
	static char text[STATUS_RECORD + 1];
	int fd = openat(dir, STATUS_FILE, O_RDONLY | O_CLOEXEC), used = STATUS_RECORD - 1;

	assert_int_equal(pread(fd, text, STATUS_RECORD, (off_t)n * STATUS_RECORD), STATUS_RECORD);
	close(fd);
	assert_int_equal(text[used], '\n');
	while (used && text[used - 1] == ' ')
		used--;
	text[used] = '\0';
	return text;
}

static void a_map_has_a_line_with_its_paths(void **state)
{
	struct status_record record;

	(void)state;
	put_map("dm-0", "mpatha\n", "mpath-3600\n", (const char *const[]){"sda", "sdb", NULL});
	put_map("dm-1", "mpatha-part1\n", "part1-mpath-3600\n", (const char *const[]){"dm-0", NULL});
	put_map("dm-2", "local\n", "mpath-3700\n", (const char *const[]){"sdc", NULL});
	put_map("dm-3", "gone\n", "mpath-3800\n", (const char *const[]){"sda", NULL});
	status_write(&status, sessions, 2);
	status_write_maps(&status, tree, 5);
	if (strcmp(line(2), "map=mpatha device=dm-0 wwid=3600 group=2 paths=sda:failed:1,sdb:active:2") != 0)
		assert_string_equal(line(2),
				    "map=mpatha device=dm-0 wwid=3600 group=2 paths=sdb:active:2,sda:failed:1");
	for (int i = 1; i < STATUS_MAPS; i++)
		assert_string_equal(line(2 + i), "");
	assert_int_equal(status_find(path, 9, &record), 0);
	assert_int_equal(status_find(path, 1, &record), -ENOENT);
	assert_true(status_recall(&status, 1, &record));
	assert_false(status_recall(&status, 2, &record)); /* no session's */
}

static void a_map_that_goes_leaves_no_line(void **state)
{
	(void)state;
	put_map("dm-0", "mpatha\n", "mpath-3600\n", (const char *const[]){"sda", NULL});
	status_write_maps(&status, tree, 5);
	assert_string_equal(line(2), "map=mpatha device=dm-0 wwid=3600 group=2 paths=sda:failed:1");
	put("class/block/dm-0/dm/uuid", "LVM-3600\n");
	status_write_maps(&status, tree, -1); /* no device mapper: nobody can tell */
	assert_string_equal(line(2), "map=mpatha device=dm-0 wwid=3600 group=2 paths=sda:failed:1");
	status_write_maps(&status, tree, 5);
	assert_string_equal(line(2), "");
}

/* More maps and paths than there is room for. */
static void lines_of_maps_stay_within_their_bounds(void **state)
{
	const char *disks[71] = {NULL};
	char device[16], uuid[32], names[70][8];
	struct stat file;
	int next, again;

	(void)state;
	for (int i = 0; i < 70; i++) {
		snprintf(names[i], sizeof(names[i]), "sd%c%c", 'a' + i / 26, 'a' + i % 26);
		put_disk(names[i], "host2/session1", 100 + i);
		disks[i] = names[i];
	}
	for (int i = 0; i < STATUS_MAPS + 3; i++) {
		snprintf(device, sizeof(device), "dm-%d", i);
		snprintf(uuid, sizeof(uuid), "mpath-36%02d\n", i);
		put_map(device, "a-rather-long-name\n", uuid, disks);
	}
	next = dup(dir);
	close(next);
	status_write_maps(&status, tree, 5);
	again = dup(dir);
	close(again);
	assert_int_equal(again, next); /* nothing stays open */
	assert_int_equal(status.records[(2 + STATUS_MAPS) * STATUS_RECORD],
			 0); /* the page goes on, the file does not */
	for (int i = 0; i < STATUS_MAPS; i++) {
		assert_non_null(strstr(line(2 + i), "map=a-rather-long-name device=dm-"));
		assert_int_equal(strlen(line(2 + i)), STATUS_RECORD - 1);
	}
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, (2 + STATUS_MAPS) * STATUS_RECORD);
	lock.result = 0;
	assert_int_equal(status_lock(&status), 0);
	assert_int_equal(lock.size, (2 + STATUS_MAPS) * STATUS_RECORD);
	assert_int_equal(truncate(path, 3 * STATUS_RECORD), 0);
	status_write_maps(&status, tree, 5); /* and is not ended by it */
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	status_write_maps(&status, tree, 5); /* no room was wanted */
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 2 * STATUS_RECORD);
}

static void first_record_is_written_whatever_the_state(void **state)
{
	static const struct netlink netlink = {.call_fd = -1, .event_fd = -1};
	struct status fresh = {.fd = -1};
	struct status_record record;

	(void)state;
	assert_int_equal(status_open(&fresh, dir, 2, false), 0);
	session_init(&sessions[0], &plans[0], &netlink, -1, 1); /* all is 0 */
	status_write(&fresh, sessions, 1);
	assert_int_equal(status_find(path, 0, &record), 0);
	assert_string_equal(record.state, "idle");
	assert_int_equal(pwrite(fresh.fd, "XXXX", 4, 0), 4);
	status_write(&fresh, sessions, 1); /* nothing has changed */
	assert_int_equal(status_find(path, 0, &record), -ENOENT);
	assert_int_equal(status_open(&fresh, -1, 2, false), -EBADF); /* closes it */
}

/* How many lines of a file have this text. */
static int count_lines(const char *name, const char *text)
{
	FILE *file = fopen(name, "r");
	char line[512];
	int count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, text) != NULL;
	(void)fclose(file);
	return count;
}

static void an_earlier_file_is_closed(void **state)
{
	struct status_record record;
	int next, fd = dup(dir);

	(void)state;
	close(fd);
	assert_int_equal(status_open(&status, dir, 8, false), 0); /* a whole page */
	assert_int_equal(count_lines("/proc/self/maps", path), 1);
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	assert_int_equal(pwrite(status.fd, "sid=7 ", 6, 2 * STATUS_RECORD), 6);
	assert_false(status_recall(&status, 2, &record)); /* somebody has added to it */
	assert_int_equal(status_find(path, 1, &record), -ENOENT);
	next = dup(dir);
	close(next);
	assert_int_equal(next, fd);
}

/* Another version's, or somebody's who meddles. */
static void fields_that_are_not_there_are_empty(void **state)
{
	struct status_record record;
	char text[STATUS_RECORD];

	(void)state;
	memset(&record, 'x', sizeof(record));
	memset(text, ' ', sizeof(text));
	memcpy(text, "sid=5 state=\"\" chap_algs=7.300.1", 32);
	text[STATUS_RECORD - 1] = '\n';
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	assert_int_equal(pwrite(status.fd, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(status_find(path, 5, &record), 0);
	assert_string_equal(record.state, "");
	assert_string_equal(record.last_error, "");
	assert_string_equal(record.portal, "");
	assert_int_equal(record.since_ms, 0);
	assert_int_equal(record.recoveries, 0);
	assert_int_equal(record.attempts, 0);
	assert_int_equal(record.chap_algorithms[0], 7);
	assert_int_equal(record.chap_algorithms[2], 1);
	assert_int_equal(record.chap_algorithms[3], 0);
	memset(&record, 'x', sizeof(record));
	assert_true(status_recall(&status, 0, &record));
	assert_string_equal(record.portal, "");
	assert_int_equal(pwrite(status.fd, text, STATUS_RECORD - 1, STATUS_RECORD), STATUS_RECORD - 1);
	assert_int_equal(ftruncate(status.fd, 2 * STATUS_RECORD - 1), 0);
	text[4] = '6';
	assert_int_equal(status_find(path, 6, &record), -ENOENT); /* half a record */
}

static void without_a_file_nothing_is_written(void **state)
{
	struct status none = {.fd = -1};

	(void)state;
	status_write(&none, sessions, 2);
	assert_int_equal(status_lock(&none), 0);
	assert_true(status_open(&none, -1, 2, false) < 0);
	status_write(&none, sessions, 2);
}

static int make_file(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/" STATUS_FILE, root);
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	status.fd = -1;
	prepare(0, "iqn.2026-01.test:a", 8);
	prepare(1, "iqn.2026-01.test:b", 9);
	return status_open(&status, dir, 2, false);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path) || rmdir(root);
}

static bool is_empty(int i)
{
	const char *record = status.records + (size_t)i * STATUS_RECORD;

	return strspn(record, " ") >= STATUS_RECORD - 1 && record[STATUS_RECORD - 1] == '\n';
}

/* The lines of maps are there from the beginning, and no session is written into them. */
static void lines_of_maps_are_empty_at_first(void **state)
{
	(void)state;
	assert_int_equal(status_open(&status, dir, 1, true), 0);
	for (int written = 0; written < 2; written++) {
		for (int i = 0; i < STATUS_MAPS; i++)
			assert_true(is_empty(1 + i));
		status_write(&status, sessions, 2);
	}
}

static void file_that_cannot_be_made_leaves_nothing_behind(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY};
	struct rlimit before;
	int next, again;

	(void)state;
	assert_int_equal(status_open(&status, dir, 2, false), 0);
	assert_true(status_open(&status, -1, 2, false) < 0);
	assert_null(status.records);
	lock.result = -1;
	assert_int_equal(status_lock(&status), 0); /* there is nothing to lock */
	lock.result = 0;
	next = dup(dir);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(status_open(&status, dir, 2, false), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(status.fd, -1);
	again = dup(dir);
	close(again);
	assert_int_equal(again, next);
	assert_int_equal(status_open(&status, dir, 2, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_back),
		cmocka_unit_test(a_change_replaces_its_record_alone),
		cmocka_unit_test(a_file_that_was_cut_off_is_not_written_to),
		cmocka_unit_test(what_was_written_is_recalled),
		cmocka_unit_test(long_names_fit_into_a_record),
		cmocka_unit_test(all_its_pages_are_locked),
		cmocka_unit_test_setup_teardown(a_map_has_a_line_with_its_paths, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_map_that_goes_leaves_no_line, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(lines_of_maps_stay_within_their_bounds, make_tree, remove_tree),
		cmocka_unit_test(first_record_is_written_whatever_the_state),
		cmocka_unit_test(an_earlier_file_is_closed),
		cmocka_unit_test(fields_that_are_not_there_are_empty),
		cmocka_unit_test(without_a_file_nothing_is_written),
		cmocka_unit_test(lines_of_maps_are_empty_at_first),
		cmocka_unit_test(file_that_cannot_be_made_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
