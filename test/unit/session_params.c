/* session_params.c - what must hold for the parameters of a kernel session: those that mark a firmware's session. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "session/params.h"
#include "sys/nlsock.h"

static uint8_t sent[NETLINK_BATCH_BYTES];
static size_t length;

/* In the place of the socket: what the kernel would get is kept, and it gives no answer. */
int nlsock_send(int fd, const void *message, size_t size)
{
	(void)fd;
	if (length)
		return 0; /* the first is the batch */
	memcpy(sent, message, size);
	length = size;
	return 0;
}

ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	(void)fd, (void)buffer, (void)size;
	return -EAGAIN;
}

int nlsock_open(int protocol, uint32_t groups)
{
	(void)protocol, (void)groups;
	return -EPROTONOSUPPORT;
}

static void send_parameters(int firmware_index, int firmware_nic)
{
	const struct portal portal = {.host = "10.0.0.1", .port = 3260};
	const struct netlink netlink = {.call_fd = -1, .event_fd = -1};
	struct target_plan plan = {.name = "iqn.2026-01.test:t", .initiator = "iqn.2026-01.test:i"};

	plan.firmware_index = firmware_index;
	plan.firmware_nic = firmware_nic;
	params_default(&plan.params);
	length = 0;
	(void)session_params_before(&netlink, 1, 0, 0, &plan, plan.name, &portal);
	assert_true(length > 0);
}

static bool has(const char *text)
{
	return memmem(sent, length, text, strlen(text) + 1) != NULL;
}

static void a_session_of_the_firmware_is_marked_as_roots(void **state)
{
	(void)state;
	send_parameters(1, 2);
	assert_true(has("iscsi_boot0"));
	assert_true(has("ethernet2"));
	assert_true(has("target1"));
	send_parameters(0, -1);
	assert_true(has("ethernet0"));
	assert_true(has("target0"));
}

static void another_session_is_not(void **state)
{
	(void)state;
	send_parameters(-1, -1);
	assert_true(has("iqn.2026-01.test:t"));
	assert_false(has("iscsi_boot0"));
	assert_false(has("ethernet0"));
	assert_false(has("target0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_of_the_firmware_is_marked_as_roots),
		cmocka_unit_test(another_session_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
