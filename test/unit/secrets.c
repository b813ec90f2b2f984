/* secrets.c - what must hold for CHAP secrets in files, credentials and keys: found, checked for who may read them, never
 * shown. Every path lies below a directory of the test's own. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/keyctl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "boot/secrets.h"
#include "cmdline.h"
#include "plan/planning.h"
#include "sys/keyring.h"
#include "test/unit/plan_text.h"

static struct cmdline cmdline;
static struct plan plan;
static struct plan_error error;
static char directory[64];

#define FILE_OF_ONE        "/one"
#define SYSTEM_CREDENTIALS "/run/credentials/@system/"
#define INITRD_CREDENTIALS "/run/credentials/@initrd/"
#define QEMU_CREDENTIALS   "/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials/"

static int make_directory(void **state)
{
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	snprintf(directory, sizeof(directory), "/tmp/secrets-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int remove_directory(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file below the test's directory, and the directories that lead to it. */
static void write_file(const char *path, const char *text, mode_t mode)
{
	char full[300];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", directory, path);
	for (char *slash = full + strlen(directory) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		(void)mkdir(full, 0700);
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(full, mode), 0);
}

static void remove_file(const char *path)
{
	char full[300];

	snprintf(full, sizeof(full), "%s%s", directory, path);
	assert_int_equal(unlink(full), 0);
}

/* The targets as text, or the error. */
static const char *load(const char *line)
{
	static char text[LINE_MAX_TEXT];

	cmdline_cut(line, strlen(line), &cmdline);
	assert_int_equal(plan_make(&cmdline, NULL, NULL, &plan, &error), 0);
	if (secrets_load(&plan, directory, &error) < 0)
		return error.text;
	return targets_text(&plan, text);
}

static const char *load_with_file(void)
{
	return load("iscsi=10.0.0.1,iqn.2026-01.x:y,username=u,password=@" FILE_OF_ONE);
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
	write_file(FILE_OF_ONE, "geheim%41 x\nmore\n", 0600);
	load_with_file();
	is_secret("geheim%41 x", 11);
	write_file(FILE_OF_ONE, "geheim\r\n", 0400);
	load_with_file();
	is_secret("geheim", 6);
	write_file(FILE_OF_ONE, "0x00ff41", 0600);
	load_with_file();
	is_secret("\0\377A", 3);
	write_file(FILE_OF_ONE, "0bQUJD\n", 0600);
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
		 "a secret that begins with 0x must be hexadecimal (write %30x for these characters)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(FILE_OF_ONE, files[i].text, files[i].mode);
		assert_non_null(strstr(load_with_file(), files[i].error));
		assert_null(strstr(error.text, "geheim"));
	}
	remove_file(FILE_OF_ONE);
	assert_non_null(strstr(load_with_file(), "'/one': is not there"));
	assert_non_null(strstr(load("iscsi=10.0.0.1,username=u,password=@/"), "is not a regular file"));
}

/* Only root can make a file somebody else's. */
static void a_file_of_another_user_is_refused(void **state)
{
	char full[300];

	(void)state;
	if (geteuid() != 0)
		return;
	write_file(FILE_OF_ONE, "geheim\n", 0600);
	snprintf(full, sizeof(full), "%s" FILE_OF_ONE, directory);
	assert_int_equal(chown(full, 65534, 65534), 0);
	assert_non_null(strstr(load_with_file(), "'/one': does not belong to root"));
	assert_int_equal(plan.targets[0].chap.password.length, 0);
	assert_int_equal(chown(full, 0, 65534), 0);
	load_with_file();
	is_secret("geheim", 6);
}

static void a_file_may_not_hold_the_same_secret_for_both_ways(void **state)
{
	(void)state;
	write_file(FILE_OF_ONE, "geheim\n", 0600);
	assert_non_null(
		strstr(load("iscsi=10.0.0.1,username=u,password=@" FILE_OF_ONE ",username_in=v,password_in=geheim"),
		       "the same CHAP secret in both directions"));
}

static void the_tables_first_fitting_line_counts(void **state)
{
	(void)state;
	write_file(SECRETS_FILE,
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

/* SendTargets in between: the portal's secret is not the target's. */
static void a_target_whose_name_comes_later_is_looked_up_again(void **state)
{
	(void)state;
	write_file(SECRETS_FILE, "iqn.2026-01.x:y me mine\n* all theirs it itself\n", 0600);
	assert_string_equal(load("iscsi=10.0.0.1,chap_algs=MD5 iscsi=10.0.0.1,username=u,password=p"),
			    "10.0.0.1:3260 - user=all:theirs in=it:itself algs=5 [command line] | "
			    "10.0.0.1:3260 - user=u:p [command line]");
	strcpy(plan.targets[0].name, "iqn.2026-01.x:y");
	strcpy(plan.targets[1].name, "iqn.2026-01.x:y");
	assert_int_equal(secrets_load(&plan, directory, &error), 0);
	assert_string_equal(plan.targets[0].chap.username, "me");
	assert_memory_equal(plan.targets[0].chap.password.bytes, "mine", 5);
	assert_int_equal(plan.targets[0].chap.password.length, 4);
	assert_string_equal(plan.targets[0].chap.username_in, "");
	assert_int_equal(plan.targets[0].chap.password_in.length, 0);
	assert_true(plan.targets[0].chap.algorithms_given);
	assert_string_equal(plan.targets[1].chap.username, "u");
}

static void a_table_names_files_too(void **state)
{
	(void)state;
	write_file(FILE_OF_ONE, "geheim\n", 0600);
	write_file(SECRETS_FILE, "* u @" FILE_OF_ONE "\n", 0600);
	load("iscsi=10.0.0.1,iqn.2026-01.x:y");
	is_secret("geheim", 6);
}

static void a_bad_table_is_refused_by_line(void **state)
{
	static const struct {
		const char *table, *error;
	} tables[] = {
		{"* u\n", "secrets': line 1: expected target, user, secret and perhaps the target's user and secret"},
		{"\n* u p v\n",
		 "secrets': line 2: expected target, user, secret and perhaps the target's user and secret"},
		{"* u p v w x\n",
		 "secrets': line 1: expected target, user, secret and perhaps the target's user and secret"},
		{"* u geheim%4\n", "secrets': line 1: '%' must be followed by two hexadecimal digits"},
		{"* u geheim v geheim\n", "secrets': line 1: the same CHAP secret in both directions"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		write_file(SECRETS_FILE, tables[i].table, 0600);
		if (!strstr(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), tables[i].error))
			fail_msg("%s", error.text);
		assert_null(strstr(error.text, "geheim"));
	}
	write_file(SECRETS_FILE, "* u p\n", 0644);
	assert_non_null(strstr(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), "its mode should be 0600"));
}

static void without_a_table_nothing_changes(void **state)
{
	(void)state;
	assert_string_equal(load("iscsi=10.0.0.1,iqn.2026-01.x:y"), "10.0.0.1:3260 iqn.2026-01.x:y [command line]");
}

#define ONE_TARGET "iscsi=10.0.0.1,iqn.2026-01.x:y"
#define OWN_CHAP   "iscsi=10.0.0.1,iqn.2026-01.x:z,username=u,password=p"

static void write_credentials(const char *place, const char *user, const char *secret, const char *after)
{
	char path[200];

	snprintf(path, sizeof(path), "%siscsi.username%s", place, after);
	write_file(path, user, 0400);
	snprintf(path, sizeof(path), "%siscsi.password%s", place, after);
	write_file(path, secret, 0400);
}

static void credentials_go_to_the_targets_without_a_name(void **state)
{
	(void)state;
	write_credentials(SYSTEM_CREDENTIALS, "me\n", "geheim%41\n", "");
	assert_string_equal(load(ONE_TARGET " " OWN_CHAP " iscsi=dhcp"),
			    "10.0.0.1:3260 iqn.2026-01.x:y user=me:geheim%41 [command line] | "
			    "10.0.0.1:3260 iqn.2026-01.x:z user=u:p [command line] | lease - [command line]");
	write_file(SYSTEM_CREDENTIALS "iscsi.username_in", "it", 0400);
	write_file(SYSTEM_CREDENTIALS "iscsi.password_in", "0x4142", 0400);
	assert_string_equal(load(ONE_TARGET),
			    "10.0.0.1:3260 iqn.2026-01.x:y user=me:geheim%41 in=it:AB [command line]");
	write_file(SECRETS_FILE, "* table secret\n", 0600);
	assert_string_equal(load(ONE_TARGET), "10.0.0.1:3260 iqn.2026-01.x:y user=table:secret [command line]");
}

static void the_first_place_with_a_user_name_is_taken_whole(void **state)
{
	static const char *const loaded[] = {"user=given:1 ", "user=initrd:2 ", "user=system:3 ", "user=qemu:4 "};
	static const char *const removed[] = {"/given/iscsi.username", INITRD_CREDENTIALS "iscsi.username",
					      SYSTEM_CREDENTIALS "iscsi.username",
					      QEMU_CREDENTIALS "iscsi.username/raw"};

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/given", 1), 0);
	write_credentials("/given/", "given", "1", "");
	write_credentials(INITRD_CREDENTIALS, "initrd", "2", "");
	write_credentials(SYSTEM_CREDENTIALS, "system", "3", "");
	write_credentials(QEMU_CREDENTIALS, "qemu", "4", "/raw");
	for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
		if (!strstr(load(ONE_TARGET), loaded[i]))
			fail_msg("%s: %s", loaded[i], load(ONE_TARGET));
		remove_file(removed[i]);
	}
	assert_null(strstr(load(ONE_TARGET), "user="));
}

static void a_credential_that_cannot_be_used_is_refused_by_name(void **state)
{
	(void)state;
	write_credentials(SYSTEM_CREDENTIALS, "me", "geheim", "");
	write_file(SYSTEM_CREDENTIALS "iscsi.password", "geheim", 0444);
	assert_non_null(strstr(load(ONE_TARGET), "can be read or written by others"));
	write_file(SYSTEM_CREDENTIALS "iscsi.password", "0xgeheim", 0400);
	assert_non_null(strstr(load(ONE_TARGET), "iscsi.password': a secret that begins with 0x must be hexadecimal"));
	assert_null(strstr(error.text, "geheim"));
	remove_file(SYSTEM_CREDENTIALS "iscsi.password");
	assert_non_null(strstr(load(ONE_TARGET), "iscsi.*': a CHAP user name without a password"));
	write_file(SYSTEM_CREDENTIALS "iscsi.username", "", 0400);
	assert_non_null(strstr(load(ONE_TARGET), "iscsi.username': a CHAP name must not be empty"));
}

static void add_key(const char *name, const char *payload)
{
	assert_true(syscall(SYS_add_key, "user", name, payload, strlen(payload), KEY_SPEC_PROCESS_KEYRING) > 0);
}

/* Where the kernel keeps no keys for us, its refusal is what must be silent. */
static void keys_are_the_last_place(void **state)
{
	bool has_keys = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1) > 0;
	char out[4];

	(void)state;
	assert_int_equal(keyring_read("iscsi-init:username", out, sizeof(out)), -ENOKEY);
	assert_string_equal(load(ONE_TARGET), "10.0.0.1:3260 iqn.2026-01.x:y [command line]");
	if (!has_keys)
		return;
	add_key("iscsi-init:username", "me");
	add_key("iscsi-init:password", "0b"
				       "QUJD");
	assert_string_equal(load(ONE_TARGET), "10.0.0.1:3260 iqn.2026-01.x:y user=me:ABC [command line]");
	assert_int_equal(keyring_read("iscsi-init:password", out, sizeof(out)), -EMSGSIZE);
	add_key("iscsi-init:username_in", "it");
	assert_non_null(strstr(load(ONE_TARGET), "'iscsi-init:*': the target's CHAP user name without its password"));
	write_credentials(SYSTEM_CREDENTIALS, "system", "3", "");
	assert_string_equal(load(ONE_TARGET), "10.0.0.1:3260 iqn.2026-01.x:y user=system:3 [command line]");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_files_first_line_is_the_secret),
		IN_DIRECTORY(a_file_that_cannot_be_trusted_or_read_is_refused),
		IN_DIRECTORY(a_file_of_another_user_is_refused),
		IN_DIRECTORY(a_file_may_not_hold_the_same_secret_for_both_ways),
		IN_DIRECTORY(the_tables_first_fitting_line_counts),
		IN_DIRECTORY(a_target_whose_name_comes_later_is_looked_up_again),
		IN_DIRECTORY(a_table_names_files_too),
		IN_DIRECTORY(a_bad_table_is_refused_by_line),
		IN_DIRECTORY(without_a_table_nothing_changes),
		IN_DIRECTORY(credentials_go_to_the_targets_without_a_name),
		IN_DIRECTORY(the_first_place_with_a_user_name_is_taken_whole),
		IN_DIRECTORY(a_credential_that_cannot_be_used_is_refused_by_name),
		IN_DIRECTORY(keys_are_the_last_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
