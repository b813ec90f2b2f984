/* A netlink socket hears the kernel and nobody else, and tells what it lost. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/nlsock.h"

static uint32_t port_of(int fd)
{
	struct sockaddr_nl address = {0};
	socklen_t size = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return address.nl_pid;
}

static void send_to(int fd, uint32_t port, const char *text)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = port};

	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)), strlen(text));
}

static void what_another_process_sends_is_dropped_unread(void **state)
{
	int victim = nlsock_open(NETLINK_USERSOCK, 0), attacker = nlsock_open(NETLINK_USERSOCK, 0);
	char bytes[64] = "untouched";

	(void)state;
	assert_true(victim >= 0 && attacker >= 0);
	send_to(attacker, port_of(victim), "forged");
	send_to(attacker, port_of(victim), "again");
	assert_int_equal(nlsock_receive(victim, bytes, sizeof(bytes)), -EAGAIN);
	assert_int_equal(recv(victim, bytes, sizeof(bytes), MSG_DONTWAIT), -1); /* nothing is left for later */
	close(victim);
	close(attacker);
}

/* A request that the kernel answers at once: all links. */
static void ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} request = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			      .nlmsg_type = RTM_GETLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			      .nlmsg_seq = 1}};

	assert_int_equal(nlsock_send(fd, &request, request.head.nlmsg_len), 0);
}

static void the_kernel_is_heard(void **state)
{
	int fd = nlsock_open(NETLINK_ROUTE, 0);
	_Alignas(8) char bytes[32768];
	const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)bytes;

	(void)state;
	assert_true(fd >= 0);
	ask(fd);
	assert_true(nlsock_receive(fd, bytes, sizeof(bytes)) >= (ssize_t)sizeof(*head));
	assert_int_equal(head->nlmsg_type, RTM_NEWLINK);
	close(fd);
}

static void a_datagram_that_is_longer_than_the_buffer_is_no_answer(void **state)
{
	int fd = nlsock_open(NETLINK_ROUTE, 0);
	char bytes[8];

	(void)state;
	ask(fd);
	assert_int_equal(nlsock_receive(fd, bytes, sizeof(bytes)), -EMSGSIZE);
	close(fd);
}

static void a_protocol_that_the_kernel_does_not_have_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(nlsock_open(31, 0), -EPROTONOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_another_process_sends_is_dropped_unread),
		cmocka_unit_test(the_kernel_is_heard),
		cmocka_unit_test(a_datagram_that_is_longer_than_the_buffer_is_no_answer),
		cmocka_unit_test(a_protocol_that_the_kernel_does_not_have_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
