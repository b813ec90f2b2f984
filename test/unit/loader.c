/* The loader's socket: every request has its answer, whatever becomes of the workers. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/loader.h"
#include "sys/sysfs.h"

static void await(struct loader *loader, struct loader_answer *answer)
{
	struct pollfd ready = {.fd = loader_fd(loader), .events = POLLIN};

	while (!loader_step(loader, answer))
		assert_int_equal(poll(&ready, 1, 20000), 1);
}

static int empty_tree(char *path)
{
	int root;

	assert_non_null(mkdtemp(path));
	root = sysfs_open(path);
	assert_int_equal(mkdirat(root, "bus", 0755), 0);
	assert_int_equal(mkdirat(root, "bus/pci", 0755), 0);
	assert_int_equal(mkdirat(root, "bus/pci/devices", 0755), 0);
	return root;
}

static void remove_tree(const char *path)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	assert_int_equal(system(command), 0);
}

static void stop_and_reap(struct loader *loader)
{
	loader_stop(loader);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static bool is_idle(const struct loader *loader)
{
	return !loader->pending && !loader->again;
}

static void missing_module_comes_back_with_its_reason(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path);
	struct loader_answer answer;
	struct loader loader;

	(void)state;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	assert_true(is_idle(&loader));
	assert_int_equal(loader_request(&loader, LOADER_NAME, true, "no_such_module_at_all"), 0);
	assert_false(is_idle(&loader));
	await(&loader, &answer);
	assert_int_equal(answer.kind, LOADER_NAME);
	assert_true(answer.needed);
	assert_int_equal(answer.error, -ENOENT);
	assert_string_equal(answer.text, "no_such_module_at_all");
	assert_non_null(strstr(answer.detail, "no_such_module_at_all"));
	assert_true(is_idle(&loader));
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

static void alias_without_a_module_and_coldplug_are_no_errors(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path), file;
	struct loader_answer answer;
	struct loader loader;
	bool alias = false, coldplug = false;

	(void)state;
	assert_int_equal(mkdirat(sysfs, "bus/pci/devices/d", 0755), 0);
	file = openat(sysfs, "bus/pci/devices/d/modalias", O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(file, "pci:vNONE\n", 10), 10);
	close(file);
	assert_int_equal(loader_start(&loader, sysfs), 0);
	assert_int_equal(loader_request(&loader, LOADER_ALIAS, false, "virtio:none"), 0);
	assert_int_equal(loader_request(&loader, LOADER_COLDPLUG, false, ""), 0);
	for (int i = 0; i < 2; i++) {
		await(&loader, &answer);
		assert_int_equal(answer.error, 0);
		assert_string_equal(answer.detail, "");
		alias = alias || answer.kind == LOADER_ALIAS;
		coldplug = coldplug || answer.kind == LOADER_COLDPLUG;
	}
	assert_true(alias && coldplug);
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

static void alias_of_many_disks_is_asked_for_once(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path);
	struct loader_answer answer;
	struct loader loader;

	(void)state;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	for (int i = 0; i < 255; i++)
		assert_int_equal(loader_request_alias(&loader, "scsi:t-0x00"), 0);
	assert_int_equal(loader.pending, 1);
	assert_int_equal(loader_request_alias(&loader, "scsi:t-0x0c"), 0);
	assert_int_equal(loader.pending, 2);
	await(&loader, &answer);
	assert_int_equal(answer.kind, LOADER_ALIAS);
	await(&loader, &answer);
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

static void flood_of_aliases_is_answered_or_made_up_for(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path);
	struct loader_answer answer;
	struct loader loader;
	unsigned sent = 0;
	bool coldplug = false;

	(void)state;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	kill(loader.workers[0], SIGSTOP);
	kill(loader.workers[1], SIGSTOP);
	for (; !loader.again && sent < 100000; sent++) {
		char text[64];

		snprintf(text, sizeof(text), "pci:vNONE%u", sent);
		assert_int_equal(loader_request(&loader, LOADER_ALIAS, false, text), 0);
	}
	assert_true(loader.again);
	assert_int_equal(loader_request(&loader, LOADER_NAME, true, "x"), -EAGAIN);
	kill(loader.workers[0], SIGCONT);
	kill(loader.workers[1], SIGCONT);
	while (!is_idle(&loader)) {
		await(&loader, &answer);
		coldplug = coldplug || answer.kind == LOADER_COLDPLUG;
	}
	assert_true(coldplug);
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

static void dead_workers_are_one_answer_and_then_silence(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path);
	struct loader_answer answer;
	struct loader loader;

	(void)state;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	for (int i = 0; i < LOADER_WORKERS; i++)
		kill(loader.workers[i], SIGKILL);
	loader_request(&loader, LOADER_NAME, true, "x");
	do
		await(&loader, &answer);
	while (answer.error != -EPIPE);
	assert_true(answer.needed);
	assert_int_equal(loader_fd(&loader), -1);
	assert_true(is_idle(&loader));
	assert_false(loader_step(&loader, &answer));
	assert_int_equal(loader_request(&loader, LOADER_NAME, true, "x"), -EPIPE);
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

static void workers_end_when_the_loader_is_stopped(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	int sysfs = empty_tree(path), count = 0;
	struct loader loader;

	(void)state;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	close(loader.fd);
	loader.fd = -1;
	while (waitpid(-1, NULL, 0) > 0)
		count++;
	assert_int_equal(count, LOADER_WORKERS);
	close(sysfs);
	remove_tree(path);
}

static void request_that_is_too_long_is_refused(void **state)
{
	char path[] = "/tmp/loader-test-XXXXXX";
	char text[MODULES_TEXT_MAX + 1];
	int sysfs = empty_tree(path);
	struct loader_answer answer;
	struct loader loader;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[MODULES_TEXT_MAX] = 0;
	assert_int_equal(loader_start(&loader, sysfs), 0);
	assert_int_equal(loader_request(&loader, LOADER_NAME, true, text), -ENAMETOOLONG);
	text[MODULES_TEXT_MAX - 1] = 0;
	assert_int_equal(loader_request(&loader, LOADER_NAME, true, text), 0);
	await(&loader, &answer);
	assert_int_equal(answer.error, -ENOENT);
	assert_int_equal(strlen(answer.text), sizeof(answer.text) - 1);
	stop_and_reap(&loader);
	close(sysfs);
	remove_tree(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_module_comes_back_with_its_reason),
		cmocka_unit_test(alias_without_a_module_and_coldplug_are_no_errors),
		cmocka_unit_test(alias_of_many_disks_is_asked_for_once),
		cmocka_unit_test(flood_of_aliases_is_answered_or_made_up_for),
		cmocka_unit_test(dead_workers_are_one_answer_and_then_silence),
		cmocka_unit_test(workers_end_when_the_loader_is_stopped),
		cmocka_unit_test(request_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
