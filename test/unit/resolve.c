/* Names of portals after the hand-over: the files that libc reads are gone, the addresses of before are not. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/resolve.h"

static struct resolve resolve;

static void write_hosts(const char *text)
{
	int fd = open("/etc/hosts", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void write_settings(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The first address as text; "" where there is none. */
static const char *look_up(const char *host)
{
	static char text[INET_ADDRSTRLEN];
	struct sockaddr_storage found[RESOLVE_ADDRESSES_MAX];
	struct sockaddr_in *first = (struct sockaddr_in *)&found[0];
	struct pollfd fd;
	int count = -EAGAIN;

	assert_int_equal(resolve_start(&resolve, host, 3260), 0);
	while (count == -EAGAIN) {
		assert_int_equal(resolve_pollfds(&resolve, &fd, 1), 1);
		assert_int_equal(poll(&fd, 1, 20000), 1);
		count = resolve_step(&resolve, found, RESOLVE_ADDRESSES_MAX);
	}
	assert_int_equal(resolve_pollfds(&resolve, &fd, 1), 0);
	text[0] = 0;
	if (count > 0)
		assert_non_null(inet_ntop(AF_INET, &first->sin_addr, text, sizeof(text)));
	return text;
}

/* After the hand-over. Also where no name has been looked up before: a redirect may lead to the first one. */
static void files_that_are_gone_are_remembered(void **state)
{
	(void)state;
	resolve_init(&resolve);
	write_hosts("192.0.2.7 portal.example\n");
	resolve_keep_files(&resolve);
	assert_int_equal(unlink("/etc/hosts"), 0);
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
	assert_int_equal(access("/etc/hosts", F_OK), -1);
	write_settings("/etc/resolv.conf", "nameserver 192.0.2.53\n");
	resolve_keep_files(&resolve);
	assert_int_equal(unlink("/etc/resolv.conf"), 0);
	assert_string_equal(look_up("missing.example"), "");
	assert_string_equal(resolve_failure(&resolve), "no usable answer from the name server 192.0.2.53");
}

/* As those of a lost disk do not: whoever opens them waits for ever. */
static void files_that_do_not_answer_are_not_waited_for(void **state)
{
	(void)state;
	resolve_init(&resolve);
	write_hosts("192.0.2.7 portal.example\n");
	resolve_keep_files(&resolve);
	assert_int_equal(unlink("/etc/hosts"), 0);
	assert_int_equal(mkfifo("/etc/hosts", 0644), 0);
	(void)alarm(30);
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
	(void)alarm(0);
	assert_int_equal(unlink("/etc/hosts"), 0);
}

static void long_file_is_kept_in_whole_lines(void **state)
{
	char text[2048] = "192.0.2.7 portal.example\n", line[] = "192.0.2.99 another.example another\n";

	(void)state;
	while (strlen(text) + sizeof(line) < sizeof(text))
		strcat(text, line);
	resolve_init(&resolve);
	write_hosts(text);
	resolve_keep_files(&resolve);
	assert_int_equal(unlink("/etc/hosts"), 0);
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
	text[strlen(resolve.files[1])] = '\0';
	assert_string_equal(resolve.files[1], text);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void file_that_has_changed_counts_as_it_is(void **state)
{
	(void)state;
	resolve_init(&resolve);
	write_hosts("192.0.2.7 portal.example\n");
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
	write_hosts("192.0.2.8 portal.example\n");
	assert_string_equal(look_up("portal.example"), "192.0.2.8");
}

static void name_that_is_unknown_has_its_reason(void **state)
{
	(void)state;
	memset(&resolve, 0xee, sizeof(resolve));
	resolve_init(&resolve);
	write_hosts("192.0.2.7 portal.example\n");
	assert_string_equal(look_up("missing.example"), "");
	assert_non_null(strstr(resolve_failure(&resolve), "name server"));
	assert_null(strstr(resolve_failure(&resolve), "did not answer in time"));
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
}

/* Nobody is reached in this network. */
static void name_servers_that_do_not_answer_are_named(void **state)
{
	static const struct {
		const char *file, *failure;
	} rows[] = {
		{"nameserver 192.0.2.53\n", "no usable answer from the name server 192.0.2.53"},
		{"search x\nnameserver 192.0.2.53\n#nameserver 192.0.2.1\n\nnameserver 192.0.2.54",
		 "no usable answer from the name servers 192.0.2.53, 192.0.2.54"},
		{"", "no name server is known (give one with nameserver= or by DHCP)"},
	};

	char many[512] = "";

	(void)state;
	resolve_init(&resolve);
	write_hosts("");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_settings("/etc/resolv.conf", rows[i].file);
		assert_string_equal(look_up("missing.example"), "");
		assert_string_equal(resolve_failure(&resolve), rows[i].failure);
	}
	for (int i = 0; i < 20; i++) /* more than a line holds */
		(void)snprintf(many + 24 * i, sizeof(many) - 24 * (size_t)i, "nameserver 192.0.2.%03d0\n", i);
	write_settings("/etc/resolv.conf", many);
	assert_string_equal(look_up("missing.example"), "");
	assert_non_null(strstr(resolve_failure(&resolve), "name servers 192.0.2.0000, 192.0.2.0010, "));
	assert_int_equal(unlink("/etc/resolv.conf"), 0);
	assert_string_equal(look_up("missing.example"), "");
	assert_string_equal(resolve_failure(&resolve), rows[2].failure);
}

static void look_up_that_dies_is_told(void **state)
{
	struct sockaddr_storage found[RESOLVE_ADDRESSES_MAX];
	struct pollfd fd;
	int count = -EAGAIN;

	(void)state;
	resolve_init(&resolve);
	assert_int_equal(unlink("/etc/hosts"), 0);
	assert_int_equal(mkfifo("/etc/hosts", 0644), 0); /* it would wait for ever */
	assert_int_equal(resolve_start(&resolve, "portal.example", 3260), 0);
	assert_string_equal(resolve_failure(&resolve), "the name servers did not answer in time");
	assert_int_equal(kill(resolve.child.pid, SIGKILL), 0);
	while (count == -EAGAIN) {
		assert_int_equal(resolve_pollfds(&resolve, &fd, 1), 1);
		assert_int_equal(poll(&fd, 1, 20000), 1);
		count = resolve_step(&resolve, found, RESOLVE_ADDRESSES_MAX);
	}
	assert_int_equal(count, -ENOENT);
	assert_string_equal(resolve_failure(&resolve), "the look-up ended without a result");
	assert_int_equal(unlink("/etc/hosts"), 0);
}

static void as_many_addresses_as_there_is_room_for_are_kept(void **state)
{
	struct sockaddr_storage found[RESOLVE_ADDRESSES_MAX];
	char text[512] = "";
	size_t used = 0;

	(void)state;
	resolve_init(&resolve);
	for (int i = 1; i <= RESOLVE_ADDRESSES_MAX + 2; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "192.0.2.%d portal.example\n", i);
	write_hosts(text);
	write_settings("/etc/host.conf", "multi on\n");
	assert_string_not_equal(look_up("portal.example"), "");
	assert_true(resolve_knows(&resolve));
	assert_int_equal(resolve_give_up(&resolve, found, RESOLVE_ADDRESSES_MAX), RESOLVE_ADDRESSES_MAX);
	memset(found, 0, sizeof(found));
	assert_int_equal(resolve_give_up(&resolve, found, 2), 2);
	assert_int_equal(found[2].ss_family, 0);
	assert_int_equal(resolve_step(&resolve, found, 2), -ENOENT); /* none is under way */
	assert_int_equal(resolve_pollfds(&resolve, &(struct pollfd){0}, 1), 0);
}

/* A redirect to another name must not take the way home away. */
static void addresses_of_home_outlive_a_redirect(void **state)
{
	(void)state;
	resolve_init(&resolve);
	write_hosts("192.0.2.7 h\n192.0.2.9 away.example\n192.0.2.10 farther.example\n");
	assert_string_equal(look_up("h"), "192.0.2.7");
	assert_string_equal(look_up("away.example"), "192.0.2.9");
	assert_string_equal(look_up("farther.example"), "192.0.2.10");
	write_hosts("192.0.2.1 another\n");
	assert_string_equal(look_up("h"), "192.0.2.7");
	assert_string_equal(look_up("farther.example"), "192.0.2.10");
	assert_string_equal(look_up("away.example"), "");
}

static void who_gives_up_waiting_gets_what_was_known(void **state)
{
	struct sockaddr_storage found[RESOLVE_ADDRESSES_MAX];
	const struct sockaddr_in *first = (const struct sockaddr_in *)&found[0];

	(void)state;
	resolve_init(&resolve);
	assert_int_equal(resolve_start(&resolve, "portal.example", 3260), 0);
	assert_int_equal(resolve_give_up(&resolve, found, RESOLVE_ADDRESSES_MAX), -ENOENT);
	write_hosts("192.0.2.7 portal.example\n");
	assert_string_equal(look_up("portal.example"), "192.0.2.7");
	assert_int_equal(resolve_start(&resolve, "portal.example", 3260), 0);
	assert_int_equal(resolve_give_up(&resolve, found, RESOLVE_ADDRESSES_MAX), 1);
	assert_int_equal(ntohl(first->sin_addr.s_addr), 0xc0000207);
	assert_int_equal(ntohs(first->sin_port), 3260);
	assert_int_equal(resolve_pollfds(&resolve, &(struct pollfd){0}, 1), 0);
}

/* What is known is taken over, and what is under way is not. */
static void look_up_of_another_is_nobodys_else(void **state)
{
	static struct resolve copy;

	(void)state;
	resolve_init(&resolve);
	assert_int_equal(resolve_start(&resolve, "portal.example", 3260), 0);
	resolve_init_like(&copy, &resolve);
	assert_false(copy.running);
	assert_int_equal(copy.child.fd, -1);
	assert_string_equal(copy.host, "portal.example");
	resolve_stop(&resolve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_are_gone_are_remembered),
		cmocka_unit_test(files_that_do_not_answer_are_not_waited_for),
		cmocka_unit_test(long_file_is_kept_in_whole_lines),
		cmocka_unit_test(file_that_has_changed_counts_as_it_is),
		cmocka_unit_test(name_that_is_unknown_has_its_reason),
		cmocka_unit_test(look_up_that_dies_is_told),
		cmocka_unit_test(name_servers_that_do_not_answer_are_named),
		cmocka_unit_test(as_many_addresses_as_there_is_room_for_are_kept),
		cmocka_unit_test(addresses_of_home_outlive_a_redirect),
		cmocka_unit_test(who_gives_up_waiting_gets_what_was_known),
		cmocka_unit_test(look_up_of_another_is_nobodys_else),
	};

	/* An /etc of our own. */
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("etc", "/etc", "tmpfs", 0, NULL)) {
		puts("1..0 # SKIP an /etc of the test's own needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
