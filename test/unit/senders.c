/* Netlink sockets believe the kernel alone: each thing that tells it from a program, one by one. recvmsg is ours here. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <cmocka.h>

#include "sys/nlsock.h"
#include "sys/uevent.h"

static const char message[] = "add@/devices/some\0SUBSYSTEM=block";

static struct sender {
	socklen_t name_length;
	uint32_t port, groups;
	int level, type;
	uid_t uid;
	bool has_credentials;
	int flags;
} sender;
static int interruptions; /* what comes first */
static bool heard;

static const struct sender kernel = {
	.name_length = sizeof(struct sockaddr_nl),
	.groups = 1,
	.level = SOL_SOCKET,
	.type = SCM_CREDENTIALS,
	.has_credentials = true,
};

ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
	const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = sender.port, .nl_groups = sender.groups};
	const struct ucred credentials = {.uid = sender.uid};

	(void)fd, (void)flags;
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (heard) {
		errno = EAGAIN;
		return -1;
	}
	heard = true;
	memcpy(header->msg_name, &name, sizeof(name));
	header->msg_namelen = sender.name_length;
	header->msg_flags = sender.flags;
	memcpy(header->msg_iov->iov_base, message, sizeof(message));
	if (header->msg_control && sender.has_credentials) {
		struct cmsghdr *first = header->msg_control;

		first->cmsg_len = CMSG_LEN(sizeof(credentials));
		first->cmsg_level = sender.level;
		first->cmsg_type = sender.type;
		memcpy(CMSG_DATA(first), &credentials, sizeof(credentials));
	} else {
		header->msg_controllen = 0;
	}
	return sizeof(message);
}

static bool uevent_is_heard(struct sender from)
{
	struct uevent event;

	sender = from;
	heard = false;
	return uevent_receive(0, &event) == 1;
}

static ssize_t receive(struct sender from)
{
	char buffer[128];

	sender = from;
	heard = false;
	interruptions = 0;
	return nlsock_receive(0, buffer, sizeof(buffer));
}

static void uevent_needs_all_that_marks_the_kernel(void **state)
{
	struct sender other[8];

	(void)state;
	interruptions = 2;
	assert_true(uevent_is_heard(kernel));
	interruptions = 0;
	for (size_t i = 0; i < 8; i++)
		other[i] = kernel;
	other[0].port = 4711;
	other[1].uid = 1000;
	other[2].groups = 2; /* udev's */
	other[3].has_credentials = false;
	other[4].type = SCM_RIGHTS;
	other[5].level = SOL_NETLINK;
	other[6].name_length = 0;
	other[7].flags = MSG_TRUNC;
	for (size_t i = 0; i < 8; i++)
		assert_false(uevent_is_heard(other[i]));
}

static void netlink_needs_a_whole_message_of_port_0(void **state)
{
	struct sender other = kernel;

	(void)state;
	assert_int_equal(receive(kernel), sizeof(message));
	other.port = 4711;
	assert_int_equal(receive(other), -EAGAIN);
	other = kernel;
	other.name_length = 0;
	assert_int_equal(receive(other), -EAGAIN);
	other = kernel;
	other.flags = MSG_TRUNC;
	assert_int_equal(receive(other), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uevent_needs_all_that_marks_the_kernel),
		cmocka_unit_test(netlink_needs_a_whole_message_of_port_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
