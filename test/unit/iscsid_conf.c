/* What the new root's iscsid would do to the session is said before it does it. */
/* SPDX-License-Identifier: MIT */
#include "session/iscsid_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct target_plan plan;
static struct session session;

static void write_file(int root, const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A root with an iscsid and these two files. */
static int make_root(const char *names, const char *settings)
{
	char path[] = "/tmp/handover.XXXXXX";
	int root;

	assert_non_null(mkdtemp(path));
	root = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "sbin", 0755) | mkdirat(root, "etc", 0755) | mkdirat(root, "etc/iscsi", 0755),
			 0);
	write_file(root, "sbin/iscsid", "");
	write_file(root, "etc/iscsi/initiatorname.iscsi", names);
	write_file(root, "etc/iscsi/iscsid.conf", settings);
	return root;
}

static void remove_root(int root)
{
	char link[64], path[128];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	unlinkat(root, "sbin/iscsid", 0);
	unlinkat(root, "etc/iscsi/initiatorname.iscsi", 0);
	unlinkat(root, "etc/iscsi/iscsid.conf", 0);
	unlinkat(root, "sbin", AT_REMOVEDIR);
	unlinkat(root, "etc/iscsi", AT_REMOVEDIR);
	unlinkat(root, "etc", AT_REMOVEDIR);
	close(root);
	assert_int_equal(rmdir(path), 0);
}

static int warnings(const char *names, const char *settings)
{
	int root = make_root(names, settings), result;

	result = iscsid_conf_compare(root, &session, 1);
	remove_root(root);
	return result;
}

static int set_up(void **state)
{
	(void)state;
	params_default(&plan.params);
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 60;
	(void)snprintf(plan.initiator, sizeof(plan.initiator), "iqn.2026-01.test:me");
	session.plan = &plan;
	session.state = SESSION_UP;
	session.chap_algorithm = CHAP_NONE;
	return 0;
}

static void files_that_agree_need_no_words(void **state)
{
	(void)state;
	assert_int_equal(warnings("# names\nInitiatorName=iqn.2026-01.test:me\n", ""), 0);
	session.chap_algorithm = CHAP_MD5;
	assert_int_equal(warnings("InitiatorName=iqn.2026-01.test:me", ""), 0);
	session.chap_algorithm = CHAP_SHA256;
	assert_int_equal(warnings("", "node.session.auth.chap_algs = SHA3-256, SHA256 ,MD5\n"), 0);
}

static void another_initiator_name_is_named(void **state)
{
	char name[NAME_MAX_BYTES + 1], names[sizeof(name) + 20];

	(void)state;
	assert_int_equal(warnings("InitiatorName=iqn.2026-01.test:other\n", ""), 1);
	assert_int_equal(warnings("#InitiatorName=iqn.2026-01.test:other\n", ""), 0);
	assert_int_equal(warnings("InitiatorName=\n", ""), 1);
	memset(name, 'n', sizeof(name) - 1); /* the longest */
	name[sizeof(name) - 1] = '\0';
	snprintf(names, sizeof(names), "InitiatorName=%s\n", name);
	assert_int_equal(warnings(names, ""), 1);
	memcpy(plan.initiator, name, sizeof(name));
	assert_int_equal(warnings(names, ""), 0);
}

static void only_so_many_sessions_are_compared(void **state)
{
	struct session sessions[2] = {session, session};
	int root = make_root("InitiatorName=iqn.2026-01.test:other\n", "");

	(void)state;
	assert_int_equal(iscsid_conf_compare(root, sessions, 1), 1);
	assert_int_equal(iscsid_conf_compare(root, sessions, 2), 2);
	remove_root(root);
}

static void an_algorithm_that_iscsid_leaves_out_is_named(void **state)
{
	(void)state;
	session.chap_algorithm = CHAP_SHA3_256;
	assert_int_equal(warnings("", ""), 1); /* iscsid's default is MD5 */
	assert_int_equal(warnings("", "node.session.auth.chap_algs = SHA256,MD5\n"), 1);
	session.chap_algorithm = CHAP_MD5;
	assert_int_equal(warnings("", "node.session.auth.chap_algs =\n"), 1); /* none is not the default */
}

static void a_shorter_replacement_timeout_is_named(void **state)
{
	(void)state;
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = -1;
	assert_int_equal(warnings("", ""), 1);
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = -1\n"), 0);
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 60;
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 30\n"), 1);
	assert_int_equal(warnings("", "# node.session.timeo.replacement_timeout = 30\n"), 0);
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 60\n"), 0);
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 59\n"), 1);
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 0\n"), 1);
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 0; /* ours fails it at once */
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 0\n"), 0);
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 9;
	assert_int_equal(warnings("", "node.session.timeo.replacement_timeout = 8\n"), 1); /* and not the default */
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 120;
	assert_int_equal(warnings("", ""), 0); /* open-iscsi's own */
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 121;
	assert_int_equal(warnings("", ""), 1);
}

static void a_root_without_iscsid_is_left_alone(void **state)
{
	int root = make_root("InitiatorName=iqn.2026-01.test:other\n", ""), before = dup(root), after;

	(void)state;
	close(before);
	assert_int_equal(iscsid_conf_compare(root, &session, 1), 1);
	after = dup(root);
	close(after);
	assert_int_equal(after, before); /* nothing stays open */
	session.state = SESSION_WAITING;
	assert_int_equal(iscsid_conf_compare(root, &session, 1), 0); /* this one is not up */
	session.state = SESSION_UP;
	unlinkat(root, "sbin/iscsid", 0);
	assert_int_equal(iscsid_conf_compare(root, &session, 1), 0);
	remove_root(root);
}

static void a_file_that_is_an_absolute_link_is_roots_own(void **state)
{
	int root = make_root("", "");

	(void)state;
	unlinkat(root, "etc/iscsi/initiatorname.iscsi", 0);
	write_file(root, "etc/names", "InitiatorName=iqn.2026-01.test:other\n");
	assert_int_equal(symlinkat("/etc/names", root, "etc/iscsi/initiatorname.iscsi"), 0);
	assert_int_equal(iscsid_conf_compare(root, &session, 1), 1);
	unlinkat(root, "etc/names", 0);
	remove_root(root);
}

/* Whoever reads it waits for nobody. */
static void a_file_that_is_a_pipe_says_nothing(void **state)
{
	int root = make_root("", "");

	(void)state;
	unlinkat(root, "etc/iscsi/initiatorname.iscsi", 0);
	assert_int_equal(mkfifoat(root, "etc/iscsi/initiatorname.iscsi", 0644), 0);
	(void)alarm(30);
	assert_int_equal(iscsid_conf_compare(root, &session, 1), 0);
	(void)alarm(0);
	remove_root(root);
}

static void a_setting_is_the_last_line_that_has_it(void **state)
{
	static const char text[] = "a = 1\n#a = 2\n b.c=  x y \t\r\na=3";
	char out[8];

	(void)state;
	assert_int_equal(iscsid_conf_setting(text, sizeof(text) - 1, "a", out, sizeof(out)), 1);
	assert_string_equal(out, "3");
	assert_int_equal(iscsid_conf_setting(text, sizeof(text) - 1, "b.c", out, sizeof(out)), 3);
	assert_string_equal(out, "x y");
	memset(out, 'x', sizeof(out));
	assert_int_equal(iscsid_conf_setting(text, sizeof(text) - 1, "d", out, sizeof(out)), -ENOENT);
	assert_string_equal(out, "");
	assert_int_equal(iscsid_conf_setting("a=too long for it", 17, "a", out, sizeof(out)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_that_agree_need_no_words, set_up),
		cmocka_unit_test_setup(another_initiator_name_is_named, set_up),
		cmocka_unit_test_setup(only_so_many_sessions_are_compared, set_up),
		cmocka_unit_test_setup(an_algorithm_that_iscsid_leaves_out_is_named, set_up),
		cmocka_unit_test_setup(a_shorter_replacement_timeout_is_named, set_up),
		cmocka_unit_test_setup(a_root_without_iscsid_is_left_alone, set_up),
		cmocka_unit_test_setup(a_file_that_is_an_absolute_link_is_roots_own, set_up),
		cmocka_unit_test_setup(a_file_that_is_a_pipe_says_nothing, set_up),
		cmocka_unit_test_setup(a_setting_is_the_last_line_that_has_it, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
