/* What a unit says of the port that it is reached by: sysfs is a folder, and the unit is a list of answers. */
/* SPDX-License-Identifier: MIT */
#include "session/access.h"

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
#include <unistd.h>

#include <cmocka.h>

#include "sys/bsg.h"
#include "sys/log.h"
#include "sys/sysfs.h"

static const uint8_t page[] = {0, 0x83, 0, 8, 1, 0x15, 0, 4, 0, 0, 1, 2};

static char folder[32], warned[300];
static int tree;
static bool is_new;

/* The unit: it has attentions to tell first, and says of group 0x102 what it is. */
static struct {
	int attentions, asked, length;
	uint8_t access, status;
	int error;
	bool refuses, says_nothing;
	char address[16];
} unit;

int bsg_ask(int dev, const char *address, const uint8_t *cdb, unsigned cdb_bytes, void *data, size_t size,
	    struct bsg_answer *answer)
{
	const uint8_t groups[] = {0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, unit.access, 0xff, 1, 2, 0, 0, 0, 0};

	(void)dev;
	snprintf(unit.address, sizeof(unit.address), "%s", address);
	*answer = (struct bsg_answer){.length = size};
	unit.asked++;
	answer->status = unit.status;
	if (unit.error || unit.status)
		return unit.error;
	if (unit.attentions-- > 0 || unit.refuses) {
		answer->status = SCSI_CHECK_CONDITION;
		answer->has_sense = !unit.says_nothing;
		answer->sense.key = unit.refuses ? SCSI_ILLEGAL_REQUEST : SCSI_UNIT_ATTENTION;
		return 0;
	}
	assert_true(cdb[0] == 0x12 ? cdb_bytes == 6 && size >= sizeof(page) : cdb_bytes == 12 && cdb[1] == 0x0a);
	answer->length = cdb[0] == 0x12 ? sizeof(page) : unit.length ? (size_t)unit.length : sizeof(groups);
	memcpy(data, cdb[0] == 0x12 ? page : groups, answer->length);
	return 0;
}

void log_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(warned, sizeof(warned), format, arguments);
	va_end(arguments);
}

static void put(const char *path, const void *bytes, size_t length)
{
	int fd = openat(tree, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/var/tmp/access.XXXXXX");
	assert_non_null(mkdtemp(folder));
	tree = open(folder, O_PATH | O_DIRECTORY);
	for (const char *const *name =
		     (const char *const[]){"class", "class/block", "class/block/sda", "2:0:0:1", NULL};
	     *name; name++)
		assert_int_equal(mkdirat(tree, *name, 0755), 0);
	assert_int_equal(symlinkat("../../../2:0:0:1", tree, "class/block/sda/device"), 0);
	put("2:0:0:1/state", "running\n", 8);
	put("2:0:0:1/vpd_pg83", page, sizeof(page));
	memset(&unit, 0, sizeof(unit));
	warned[0] = '\0';
	is_new = true;
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	close(tree);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static enum access ask(void)
{
	return access_ask(tree, tree, "sda", is_new);
}

static void each_state_has_its_place(void **state)
{
	static const enum access places[] = {
		[SCSI_ACCESS_OPTIMIZED] = ACCESS_OPTIMIZED,
		[SCSI_ACCESS_NON_OPTIMIZED] = ACCESS_NON_OPTIMIZED,
		[SCSI_ACCESS_STANDBY] = ACCESS_STANDBY,
		[SCSI_ACCESS_UNAVAILABLE] = ACCESS_UNAVAILABLE,
		[SCSI_ACCESS_LBA_DEPENDENT] = ACCESS_NON_OPTIMIZED,
	};

	(void)state;
	for (unit.access = 0; unit.access < 16; unit.access++)
		assert_int_equal(ask(), unit.access < 5                           ? places[unit.access]
					: unit.access < SCSI_ACCESS_TRANSITIONING ? ACCESS_UNAVAILABLE
										  : ACCESS_STANDBY);
	assert_string_equal(unit.address, "2:0:0:1");
	assert_int_equal(unit.asked, 16);
}

/* As multipath-tools has it for those that are optimized; the others never come before these. */
static void of_two_in_one_state_the_preferred_is_better(void **state)
{
	enum access plain, preferred;

	(void)state;
	for (uint8_t at = 0; at < 16; at++) {
		unit.access = at;
		plain = ask();
		unit.access = at | SCSI_ACCESS_PREFERRED;
		preferred = ask();
		assert_int_equal(plain - preferred, at != SCSI_ACCESS_OPTIMIZED);
		assert_int_equal(plain > ACCESS_UNKNOWN, preferred > ACCESS_UNKNOWN);
	}
}

static void a_reserved_bit_changes_nothing(void **state)
{
	(void)state;
	unit.access = SCSI_ACCESS_STANDBY | 0x70;
	assert_int_equal(ask(), ACCESS_STANDBY);
}

/* Each look asks it anew, and none of them more often than this. */
static void a_unit_that_never_answers_is_asked_so_often(void **state)
{
	(void)state;
	unit.status = SCSI_BUSY;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 1);
	unit.status = 0;
	unit.error = -EIO;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 2);
	unit.error = 0;
	unit.refuses = unit.says_nothing = true;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 3);
	unlinkat(tree, "2:0:0:1/vpd_pg83", 0);
	unit.says_nothing = unit.refuses = false;
	unit.attentions = 1000;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 3 + 4); /* for its group; without one there is nothing to ask */
}

static void a_unit_may_have_something_to_tell_first(void **state)
{
	(void)state;
	unit.attentions = 3;
	assert_int_equal(ask(), ACCESS_OPTIMIZED);
	unit.attentions = 100;
	unit.asked = 0;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 4);
	unit.refuses = true;
	unit.asked = 0;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 1);
}

static void what_the_kernel_was_not_told_is_asked(void **state)
{
	(void)state;
	unlinkat(tree, "2:0:0:1/vpd_pg83", 0);
	unit.access = SCSI_ACCESS_STANDBY;
	assert_int_equal(ask(), ACCESS_STANDBY);
	assert_int_equal(unit.asked, 2);
	put("2:0:0:1/vpd_pg83", page, 0); /* an empty page is none */
	assert_int_equal(ask(), ACCESS_STANDBY);
	assert_int_equal(unit.asked, 4);
}

static void a_list_without_the_group_is_said_of_a_new_path(void **state)
{
	(void)state;
	for (int length = 1; length < 20; length++) { /* 0 stands for all of it */
		unit.length = length;
		warned[0] = '\0';
		assert_int_equal(ask(), length < 16 ? ACCESS_UNKNOWN : ACCESS_OPTIMIZED);
		assert_int_equal(!!strstr(warned, "breaks off or leaves its own port out"), length < 16);
	}
	is_new = false;
	unit.length = 12;
	warned[0] = '\0';
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_string_equal(warned, "");
}

static void a_state_that_there_is_not_is_said_of_a_new_path(void **state)
{
	(void)state;
	for (is_new = true;; is_new = false) {
		for (uint8_t at = 0; at < 32; at++) {
			unit.access = at & 16 ? (at & 15) | SCSI_ACCESS_PREFERRED : at;
			warned[0] = '\0';
			(void)ask();
			assert_int_equal(!!strstr(warned, "which there is not"),
					 is_new && (at & 15) > SCSI_ACCESS_LBA_DEPENDENT &&
						 (at & 15) < SCSI_ACCESS_OFFLINE);
		}
		if (!is_new)
			return;
	}
}

/* Nothing is said of one that does not know the question. */
static void a_unit_that_refuses_is_not_complained_about(void **state)
{
	(void)state;
	unit.refuses = true;
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_string_equal(warned, "");
}

/* It would wait for the session, and this one has no group. */
static void a_lost_path_and_a_plain_unit_are_not_asked(void **state)
{
	(void)state;
	put("2:0:0:1/state", "blocked\n", 8);
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	put("2:0:0:1/state", "running\n", 8);
	put("2:0:0:1/vpd_pg83", page, 4);
	assert_int_equal(ask(), ACCESS_UNKNOWN);
	assert_int_equal(unit.asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_state_has_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_two_in_one_state_the_preferred_is_better, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reserved_bit_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_unit_may_have_something_to_tell_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_unit_that_never_answers_is_asked_so_often, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_kernel_was_not_told_is_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_list_without_the_group_is_said_of_a_new_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_state_that_there_is_not_is_said_of_a_new_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_unit_that_refuses_is_not_complained_about, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lost_path_and_a_plain_unit_are_not_asked, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
