/* secrets.c - what must hold for CHAP secrets in files: found, checked for who may read them, never shown. */
#include <errno.h>
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

#include "cmdline.h"
#include "secrets.h"
#include "test/unit/plan_text.h"

static struct cmdline cmdline;
static struct plan plan;
static struct plan_error error;
static char directory[64], file_path[96], table_path[96];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/secrets-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(file_path, sizeof(file_path), "%s/one", directory);
	snprintf(table_path, sizeof(table_path), "%s/table", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	(void)unlink(file_path);
	(void)unlink(table_path);
	return rmdir(directory);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

/* The targets as text, or the error. */
static const char *load(const char *line)
{
	static char text[LINE_MAX_TEXT];

	assert_int_equal(cmdline_parse(line, strlen(line), &cmdline, &error), 0);
	assert_int_equal(plan_make(&cmdline, NULL, NULL, &plan, &error), 0);
	if (secrets_load(&plan, table_path, &error) < 0)
		return error.text;
	return targets_text(&plan, text);
}

static const char *load_with_file(void)
{
	char line[300];

	snprintf(line, sizeof(line), "iscsi=10.0.0.1,iqn.2026-01.x:y,username=u,password=@%s", file_path);
	return load(line);
}

static void is_secret(const char *wanted, size_t length)
{
	assert_string_equal(error.text, "");
	assert_int_equal(plan.targets[0].chap.password.length, length);
	assert_memory_equal(plan.targets[0].chap.password.bytes, wanted, length);
}

static void a_files_first_line_is_the_secret(void **state)
{
	(void)state;
	write_file(file_path, "geheim%41 x\nmore\n", 0600);
	load_with_file();
	is_secret("geheim%41 x", 11);
	write_file(file_path, "geheim\r\n", 0400);
	load_with_file();
	is_secret("geheim", 6);
	write_file(file_path, "0x00ff41", 0600);
	load_with_file();
	is_secret("\0\377A", 3);
	write_file(file_path, "0bQUJD\n", 0600);
	load_with_file();
	is_secret("ABC", 3);
}

static void a_file_that_cannot_be_trusted_or_read_is_refused(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *error;
	} files[] = {
		{"geheim\n", 0640, "can be read or written by others than its owner; its mode should be 0600"},
		{"geheim\n", 0602, "can be read or written by others than its owner; its mode should be 0600"},
		{"", 0600, "a CHAP secret must not be empty"},
		{"\ngeheim", 0600, "a CHAP secret must not be empty"},
		{"0xgeheim", 0600,
		 "a secret that begins with 0x goes on in hexadecimal (write %30x for the characters)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(file_path, files[i].text, files[i].mode);
		assert_non_null(strstr(load_with_file(), files[i].error));
		assert_null(strstr(error.text, "geheim"));
	}
	unlink(file_path);
	assert_non_null(strstr(load_with_file(), "/one': is not there"));
	assert_non_null(strstr(load("iscsi=10.0.0.1,username=u,password=@/dev/null"), "is not a regular file"));
}

static void a_file_may_not_hold_the_same_secret_for_both_ways(void **state)
{
	char line[300];

	(void)state;
	write_file(file_path, "geheim\n", 0600);
	snprintf(line, sizeof(line), "iscsi=10.0.0.1,username=u,password=@%s,username_in=v,password_in=geheim",
		 file_path);
	assert_non_null(strstr(load(line), "the same CHAP secret in both directions"));
}

static void the_tables_first_fitting_line_counts(void **state)
{
	(void)state;
	write_file(table_path,
		   "# target user secret\n"
		   "\n"
		   "iqn.2026-01.x:other o p\n"
		   "iqn.2026-01.x:y me geh%20eim it ge%25heim\r\n"
		   "  *\tall   0x4142\n"
		   "iqn.2026-01.x:z never seen\n",
		   0600);
	assert_string_equal(load("iscsi=10.0.0.1,iqn.2026-01.x:y iscsi=10.0.0.1,iqn.2026-01.x:z iscsi=10.0.0.1 "
				 "iscsi=10.0.0.1,iqn.2026-01.x:y,username=u,password=p iscsi=dhcp"),
			    "10.0.0.1:3260 iqn.2026-01.x:y user=me:geh eim in=it:ge%heim [command line] | "
			    "10.0.0.1:3260 iqn.2026-01.x:z user=all:AB [command line] | "
			    "10.0.0.1:3260 - user=all:AB [command line] | "
			    "10.0.0.1:3260 iqn.2026-01.x:y user=u:p [command line] | lease - [command line]");
}

static void a_table_names_files_too(void **state)
{
	char table[200];

	(void)state;
	write_file(file_path, "geheim\n", 0600);
	snprintf(table, sizeof(table), "* u @%s\n", file_path);
	write_file(table_path, table, 0600);
	load("iscsi=10.0.0.1,iqn.2026-01.x:y");
	is_secret("geheim", 6);
}

static void a_bad_table_is_refused_by_line(void **state)
{
	static const struct {
		const char *table, *error;
	} tables[] = {
		{"* u\n", "/table': line 1: expected target, user, secret and perhaps the target's user and secret"},
		{"\n* u p v\n",
		 "/table': line 2: expected target, user, secret and perhaps the target's user and secret"},
		{"* u p v w x\n",
		 "/table': line 1: expected target, user, secret and perhaps the target's user and secret"},
		{"* u geheim%4\n", "/table': line 1: '%' must have two hexadecimal digits behind it"},
		{"* u geheim v geheim\n", "/table': line 1: the same CHAP secret in both directions"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		write_file(table_path, tables[i].table, 0600);
		if (!strstr(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), tables[i].error))
			fail_msg("%s", error.text);
		assert_null(strstr(error.text, "geheim"));
	}
	write_file(table_path, "* u p\n", 0644);
	assert_non_null(strstr(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), "its mode should be 0600"));
}

static void without_a_table_nothing_changes(void **state)
{
	(void)state;
	assert_string_equal(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), "10.0.0.1:3260 iqn.2026-01.x:y [command line]");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_files_first_line_is_the_secret),
		IN_DIRECTORY(a_file_that_cannot_be_trusted_or_read_is_refused),
		IN_DIRECTORY(a_file_may_not_hold_the_same_secret_for_both_ways),
		IN_DIRECTORY(the_tables_first_fitting_line_counts),
		IN_DIRECTORY(a_table_names_files_too),
		IN_DIRECTORY(a_bad_table_is_refused_by_line),
		IN_DIRECTORY(without_a_table_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
