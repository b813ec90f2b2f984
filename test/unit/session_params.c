/* session_params.c - what the kernel is told of a session, parameter by parameter. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/netlink.h>
#include <cmocka.h>

#include "proto/iscsi_abi.h"
#include "session/params.h"
#include "sys/nlsock.h"

static uint8_t sent[NETLINK_BATCH_BYTES];
static size_t length;
static bool answers; /* the kernel does */
static int refusal;  /* to the first parameter */
static struct {
	char name[224]; /* of the initiator, as the host shows it */
	uint32_t number;
} host;
static struct nlmsghdr owed[40];
static int owed_count;

/* An answer to each message of a batch, in their order. */
static void owe(const uint8_t *message, size_t size)
{
	owed_count = 0;
	for (size_t at = 0; at < size; at += NLMSG_ALIGN(owed[owed_count++].nlmsg_len)) {
		assert_true(owed_count < 40);
		memcpy(&owed[owed_count], message + at, sizeof(owed[0]));
	}
}

/* In the place of the socket: what the kernel would get is kept. */
int nlsock_send(int fd, const void *message, size_t size)
{
	struct nlmsghdr header;
	struct iscsi_uevent event;

	(void)fd;
	if (answers)
		owe(message, size);
	memcpy(&header, message, sizeof(header));
	memcpy(&event, (const uint8_t *)message + sizeof(header), sizeof(event));
	if (header.nlmsg_type == ISCSI_UEVENT_SET_HOST_PARAM) {
		assert_int_equal(event.u.set_host_param.param, ISCSI_HOST_PARAM_INITIATOR_NAME);
		host.number = event.u.set_host_param.host_no;
		snprintf(host.name, sizeof(host.name), "%s", (const char *)message + sizeof(header) + sizeof(event));
	} else {
		memcpy(sent, message, size);
		length = size;
	}
	return 0;
}

ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	struct nlmsghdr header = {.nlmsg_len = sizeof(header) + sizeof(struct iscsi_uevent)};
	struct iscsi_uevent event = {0};

	(void)fd;
	if (!owed_count)
		return -EAGAIN;
	assert_true(size >= header.nlmsg_len);
	header.nlmsg_type = owed[0].nlmsg_type;
	event.type = refusal ? ISCSI_KEVENT_IF_ERROR : header.nlmsg_type;
	event.iferror = refusal;
	refusal = 0;
	memmove(owed, owed + 1, (size_t)--owed_count * sizeof(owed[0]));
	memcpy(buffer, &header, sizeof(header));
	memcpy((uint8_t *)buffer + sizeof(header), &event, sizeof(event));
	return (ssize_t)header.nlmsg_len;
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

/* The value of a parameter in what was sent; NULL: it was not. */
static const char *value_of(uint32_t param)
{
	for (size_t at = 0; at < length;) {
		struct nlmsghdr header;
		struct iscsi_uevent event;

		memcpy(&header, sent + at, sizeof(header));
		memcpy(&event, sent + at + sizeof(header), sizeof(event));
		assert_int_equal(event.u.set_param.sid, 5);
		if (event.u.set_param.param == param)
			return (const char *)sent + at + sizeof(header) + sizeof(event);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	return NULL;
}

static void is_told(uint32_t param, const char *value)
{
	const char *told = value_of(param);

	if (!told || strcmp(told, value) != 0)
		fail_msg("parameter %u is \"%s\", expected \"%s\"", param, told ? told : "not sent", value);
}

static void is_told_number(uint32_t param, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	is_told(param, text);
}

static void set_secret(struct chap_secret *secret, const char *text)
{
	secret->length = (uint16_t)strlen(text);
	memcpy(secret->bytes, text, secret->length);
}

static const struct netlink nobody = {.call_fd = -1, .event_fd = -1};

static void before_the_login_the_kernel_gets_what_is_not_negotiated(void **state)
{
	const struct portal portal = {.host = "10.0.0.1", .port = 3261};
	struct target_plan plan = {.initiator = "iqn.2026-01.test:i", .firmware_index = -1, .firmware_nic = -1};

	(void)state;
	params_default(&plan.params);
	plan.params.value[PARAM_REPLACEMENT_TIMEOUT] = 77;
	strcpy(plan.chap.username, "me");
	strcpy(plan.chap.username_in, "them");
	set_secret(&plan.chap.password, "insecret1234");
	set_secret(&plan.chap.password_in, "outsecret123");
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "iqn.2026-01.test:moved", &portal);
	is_told(ISCSI_PARAM_TARGET_NAME, "iqn.2026-01.test:moved");
	is_told(ISCSI_PARAM_INITIATOR_NAME, "iqn.2026-01.test:i");
	is_told(ISCSI_PARAM_PERSISTENT_ADDRESS, "10.0.0.1");
	is_told(ISCSI_PARAM_PERSISTENT_PORT, "3261");
	is_told(ISCSI_PARAM_IFACE_NAME, "default");
	is_told(ISCSI_PARAM_SESS_RECOVERY_TMO, "77");
	is_told(ISCSI_PARAM_USERNAME, "me");
	is_told(ISCSI_PARAM_PASSWORD, "insecret1234");
	is_told(ISCSI_PARAM_USERNAME_IN, "them");
	is_told(ISCSI_PARAM_PASSWORD_IN, "outsecret123");
	assert_null(value_of(ISCSI_PARAM_MAX_BURST));
	assert_null(value_of(ISCSI_PARAM_TPGT));
}

static void the_host_shows_the_initiators_name_once_the_parameters_are_set(void **state)
{
	const struct portal portal = {.host = "10.0.0.1", .port = 3260};
	struct target_plan plan = {.initiator = "iqn.2026-01.test:i", .firmware_index = -1};

	(void)state;
	params_default(&plan.params);
	memset(&host, 0, sizeof(host));
	answers = true;
	refusal = -EINVAL;
	assert_int_equal(session_params_before(&nobody, 5, 0, 7, &plan, "t", &portal), -EINVAL);
	assert_string_equal(host.name, "");
	assert_int_equal(session_params_before(&nobody, 5, 0, 7, &plan, "t", &portal), 0);
	assert_string_equal(host.name, "iqn.2026-01.test:i");
	assert_int_equal(host.number, 7);
	answers = false;
	owed_count = 0;
}

/* The kernel would take an interval of its own where there is a time-out and no interval. */
static void without_an_interval_there_is_no_time_out(void **state)
{
	const struct portal portal = {.host = "10.0.0.1", .port = 3260};
	struct target_plan plan = {.firmware_index = -1};

	(void)state;
	params_default(&plan.params);
	plan.params.value[PARAM_NOOP_OUT_TIMEOUT] = 9;
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "t", &portal);
	is_told_number(ISCSI_PARAM_PING_TMO, 9);
	plan.params.value[PARAM_NOOP_OUT_INTERVAL] = 0;
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "t", &portal);
	is_told_number(ISCSI_PARAM_RECV_TMO, 0);
	is_told_number(ISCSI_PARAM_PING_TMO, 0);
}

/* The kernel's texts end at a NUL: half a secret would only be a wrong one. */
static void secret_that_the_kernel_cannot_hold_is_not_told(void **state)
{
	const struct portal portal = {.host = "10.0.0.1", .port = 3260};
	struct target_plan plan = {.firmware_index = -1};

	(void)state;
	params_default(&plan.params);
	strcpy(plan.chap.username, "me");
	set_secret(&plan.chap.password, "insecret1234");
	plan.chap.password.bytes[4] = 0;
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "t", &portal);
	is_told(ISCSI_PARAM_USERNAME, "me");
	assert_null(value_of(ISCSI_PARAM_PASSWORD));
	assert_null(value_of(ISCSI_PARAM_PASSWORD_IN));
	memset(plan.chap.password.bytes, 'x', CHAP_SECRET_MAX); /* the longest that there is */
	plan.chap.password.length = CHAP_SECRET_MAX;
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "t", &portal);
	assert_int_equal(strlen(value_of(ISCSI_PARAM_PASSWORD)), CHAP_SECRET_MAX);
	plan.chap.username[0] = '\0';
	length = 0;
	(void)session_params_before(&nobody, 5, 0, 0, &plan, "t", &portal);
	assert_null(value_of(ISCSI_PARAM_PASSWORD));
}

static void after_the_login_the_kernel_gets_what_was_negotiated(void **state)
{
	static const enum param numbers[] = {PARAM_HEADER_DIGEST, PARAM_DATA_DIGEST, PARAM_MAX_RECV_DATA_SEGMENT_LENGTH,
					     PARAM_FIRST_BURST_LENGTH, PARAM_MAX_BURST_LENGTH};
	struct target_plan plan = {.firmware_index = -1};
	struct login_result result = {.exp_stat_sn = 4000000000u, .tpgt = 3, .target_alias = "disk"};
	uint32_t refused;

	(void)state;
	params_default(&plan.params);
	result.negotiated = plan.params;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		result.negotiated.value[numbers[i]] = 512 * (int32_t)(i + 1);
	result.negotiated.value[PARAM_MAX_OUTSTANDING_R2T] = 7; /* the kernel takes powers of two */
	plan.params.value[PARAM_TPGT] = 9;
	length = 0;
	(void)session_params_after(&nobody, 5, 0, &result, &plan, &refused);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		is_told_number((uint32_t)param_rows[numbers[i]].kernel, 512 * (int)(i + 1));
	is_told(ISCSI_PARAM_MAX_R2T, "4");
	is_told(ISCSI_PARAM_EXP_STATSN, "4000000000");
	is_told(ISCSI_PARAM_TPGT, "3");
	is_told(ISCSI_PARAM_TARGET_ALIAS, "disk");
	assert_null(value_of(ISCSI_PARAM_SESS_RECOVERY_TMO));
	result.tpgt = -1;
	for (int value = 1; value <= 8; value *= 2) {
		result.negotiated.value[PARAM_MAX_OUTSTANDING_R2T] = value;
		length = 0;
		(void)session_params_after(&nobody, 5, 0, &result, &plan, &refused);
		is_told_number(ISCSI_PARAM_MAX_R2T, value);
		is_told(ISCSI_PARAM_TPGT, "9");
	}
	result.tpgt = 0; /* is a number, too */
	length = 0;
	(void)session_params_after(&nobody, 5, 0, &result, &plan, &refused);
	is_told(ISCSI_PARAM_TPGT, "0");
	result.tpgt = plan.params.value[PARAM_TPGT] = -1;
	length = 0;
	(void)session_params_after(&nobody, 5, 0, &result, &plan, &refused);
	assert_null(value_of(ISCSI_PARAM_TPGT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_of_the_firmware_is_marked_as_roots),
		cmocka_unit_test(another_session_is_not),
		cmocka_unit_test(before_the_login_the_kernel_gets_what_is_not_negotiated),
		cmocka_unit_test(the_host_shows_the_initiators_name_once_the_parameters_are_set),
		cmocka_unit_test(without_an_interval_there_is_no_time_out),
		cmocka_unit_test(secret_that_the_kernel_cannot_hold_is_not_told),
		cmocka_unit_test(after_the_login_the_kernel_gets_what_was_negotiated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
