/* The file of the sessions' states: what is written is read back, and nobody who meddles with the file can end the writer. */
/* SPDX-License-Identifier: MIT */
#include "session/status.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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
	status_write(&status, sessions, 2);
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
	assert_int_equal(status_open(&status, dir, 2), 0);
	status_write(&status, sessions, 2);
	assert_int_equal(status_find(path, 8, &record), 0);
	assert_int_equal(record.attempts, 13);
}

/* For a process that takes the writer's place. */
static void what_was_written_is_recalled(void **state)
{
	struct status_record record = {.recoveries = 77};

	(void)state;
	assert_int_equal(status_open(&status, dir, 2), 0);
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
	assert_int_equal(status_open(&status, dir, 2), 0);
	memset(plans[1].name, 'n', sizeof(plans[1].name) - 1);
	memset(sessions[1].attempt.route.portal.host, 'h', sizeof(sessions[1].attempt.route.portal.host) - 1);
	status_write(&status, sessions, 2);
	fd = openat(dir, STATUS_FILE, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, text, STATUS_RECORD, STATUS_RECORD), STATUS_RECORD);
	(void)close(fd);
	assert_int_equal(text[STATUS_RECORD - 1], '\n');
	assert_int_equal(text[STATUS_RECORD - 2], 'n');
	assert_int_equal(strcspn(text, "\n"), STATUS_RECORD - 1);
	assert_int_equal(status_find(path, 9, &record), 0);
	assert_string_equal(record.state, "logged in");
}

static void all_its_pages_are_locked(void **state)
{
	(void)state;
	assert_int_equal(status_open(&status, dir, 2), 0);
	lock.result = 0;
	assert_int_equal(status_lock(&status), 0);
	assert_ptr_equal(lock.start, status.records);
	assert_int_equal(lock.size, 2 * STATUS_RECORD);
	lock.result = -1;
	errno = ENOMEM;
	assert_int_equal(status_lock(&status), -ENOMEM);
}

static void first_record_is_written_whatever_the_state(void **state)
{
	static const struct netlink netlink = {.call_fd = -1, .event_fd = -1};
	struct status fresh = {.fd = -1};
	struct status_record record;

	(void)state;
	assert_int_equal(status_open(&fresh, dir, 2), 0);
	session_init(&sessions[0], &plans[0], &netlink, -1, 1); /* all is 0 */
	status_write(&fresh, sessions, 1);
	assert_int_equal(status_find(path, 0, &record), 0);
	assert_string_equal(record.state, "idle");
	assert_int_equal(pwrite(fresh.fd, "XXXX", 4, 0), 4);
	status_write(&fresh, sessions, 1); /* nothing has changed */
	assert_int_equal(status_find(path, 0, &record), -ENOENT);
	assert_int_equal(status_open(&fresh, -1, 2), -EBADF); /* closes it */
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
	assert_int_equal(status_open(&status, dir, 8), 0); /* a whole page */
	assert_int_equal(count_lines("/proc/self/maps", path), 1);
	assert_int_equal(status_open(&status, dir, 2), 0);
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
	assert_int_equal(status_open(&status, dir, 2), 0);
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
	assert_true(status_open(&none, -1, 2) < 0);
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
	return status_open(&status, dir, 2);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path) || rmdir(root);
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
		cmocka_unit_test(first_record_is_written_whatever_the_state),
		cmocka_unit_test(an_earlier_file_is_closed),
		cmocka_unit_test(fields_that_are_not_there_are_empty),
		cmocka_unit_test(without_a_file_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
