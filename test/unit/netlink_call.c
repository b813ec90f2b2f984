/* Calls to the kernel: what is sent for each, and which answers are believed. The socket is a few functions here. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/netlink.h>
#include <unistd.h>
#include <cmocka.h>

#include "netlink.h"
#include "proto/iscsi_abi.h"
#include "sys/nlsock.h"
#include "sys/sysfs.h"

#define HANDLE 0x1122334455667788u
#define QUEUE  4

static struct {
	uint8_t sent[NETLINK_MESSAGE_MAX];
	size_t length;
	int sends, refuses;
} call;

static struct answer {
	struct nlmsghdr header;
	struct iscsi_uevent event;
	size_t length;
	int error; /* instead of a message */
} queue[QUEUE];
static int queued, stale;

static int sockets, sockets_max; /* so many can be opened */

int nlsock_open(int protocol, uint32_t groups)
{
	assert_int_equal(protocol, NETLINK_ISCSI);
	assert_int_equal(groups, sockets); /* the second one is for events */
	return sockets++ < sockets_max ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -EPERM;
}

int nlsock_send(int fd, const void *message, size_t length)
{
	assert_int_equal(fd, 5);
	assert_true(length <= sizeof(call.sent));
	memcpy(call.sent, message, length);
	call.length = length;
	call.sends++;
	return call.refuses;
}

/* What is stale comes before anything was sent; some of it is empty. */
ssize_t nlsock_receive(int fd, void *buffer, size_t size)
{
	static const struct answer none = {.error = -EAGAIN};
	struct answer next = none;

	(void)fd;
	if (!call.sends && stale) {
		stale--;
		next = (struct answer){.header.nlmsg_type = ISCSI_UEVENT_BIND_CONN, .length = stale % 2 ? 72 : 0};
	} else if (call.sends && queued)
		next = queue[--queued];
	if (next.error)
		return next.error;
	assert_true(size >= next.length && size >= 72);
	memcpy(buffer, &next.header, sizeof(next.header));
	memcpy((uint8_t *)buffer + sizeof(next.header), &next.event, sizeof(next.event));
	return (ssize_t)next.length;
}

static const struct netlink netlink = {5, 6, HANDLE};

static int begin(void **state)
{
	(void)state;
	memset(&call, 0, sizeof(call));
	queued = stale = 0;
	return 0;
}

static struct answer *will_answer(uint16_t type)
{
	struct answer *answer = &queue[queued++];

	*answer = (struct answer){.header.nlmsg_type = type, .event.type = type, .length = 16 + 56};
	call.sends = 0;
	return answer;
}

static struct iscsi_uevent sent(void)
{
	struct nlmsghdr header;
	struct iscsi_uevent event;

	memcpy(&header, call.sent, sizeof(header));
	memcpy(&event, call.sent + sizeof(header), sizeof(event));
	assert_int_equal(header.nlmsg_len, call.length);
	assert_int_equal(header.nlmsg_type, event.type);
	assert_int_equal(header.nlmsg_flags, NLM_F_REQUEST);
	assert_true(event.transport_handle == HANDLE);
	return event;
}

static void a_session_is_created_with_its_numbers(void **state)
{
	uint32_t sid = 0, host = 0;
	struct iscsi_uevent event;
	struct answer *answer = will_answer(ISCSI_UEVENT_CREATE_SESSION);

	(void)state;
	answer->event.r.session.sid = 4;
	answer->event.r.session.host_no = 9;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), 0);
	assert_int_equal(sid, 4);
	assert_int_equal(host, 9);
	event = sent();
	assert_int_equal(event.type, ISCSI_UEVENT_CREATE_SESSION);
	assert_int_equal(event.u.create_session.initial_cmdsn, 1);
	assert_int_equal(event.u.create_session.cmds_max, 128);
	assert_int_equal(event.u.create_session.queue_depth, 32);
}

static void what_could_not_be_created_has_no_numbers(void **state)
{
	uint32_t sid = 77, host = 78;

	(void)state;
	will_answer(ISCSI_UEVENT_CREATE_SESSION)->error = -ENOMEM;
	assert_int_equal(netlink_create_session(&netlink, 1, 128, 32, &sid, &host), -ENOMEM);
	assert_int_equal(sid, 77);
	assert_int_equal(host, 78);
}

static int destroy_session(void)
{
	return netlink_destroy_session(&netlink, 3);
}
static int create_connection(void)
{
	return netlink_create_connection(&netlink, 3, 1);
}
static int destroy_connection(void)
{
	return netlink_destroy_connection(&netlink, 3, 1);
}
static int bind_connection(void)
{
	return netlink_bind(&netlink, 3, 1, 42);
}
static int start_connection(void)
{
	return netlink_start(&netlink, 3, 1);
}
static int stop_connection(void)
{
	return netlink_stop(&netlink, 3, 1, ISCSI_STOP_CONN_RECOVER);
}

static const struct {
	int (*make)(void);
	uint16_t type;
	bool of_driver; /* its answer has a result of its own */
	uint32_t cid;
} calls[] = {
	{destroy_session, ISCSI_UEVENT_DESTROY_SESSION, false, 0},
	{create_connection, ISCSI_UEVENT_CREATE_CONN, false, 1},
	{destroy_connection, ISCSI_UEVENT_DESTROY_CONN, false, 1},
	{bind_connection, ISCSI_UEVENT_BIND_CONN, true, 1},
	{start_connection, ISCSI_UEVENT_START_CONN, true, 1},
	{stop_connection, ISCSI_UEVENT_STOP_CONN, false, 1},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void every_call_names_its_session_and_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < CALLS; i++) {
		struct iscsi_uevent event;

		will_answer(calls[i].type);
		assert_int_equal(calls[i].make(), 0);
		event = sent();
		assert_int_equal(event.type, calls[i].type);
		assert_int_equal(event.u.conn.sid, 3);
		assert_int_equal(event.u.conn.cid, calls[i].cid);
	}
	will_answer(ISCSI_UEVENT_BIND_CONN);
	assert_int_equal(bind_connection(), 0);
	assert_int_equal(sent().u.bind_conn.transport_fd, 42);
	assert_int_equal(sent().u.bind_conn.is_leading, 1);
	will_answer(ISCSI_UEVENT_STOP_CONN);
	assert_int_equal(stop_connection(), 0);
	assert_int_equal(sent().u.stop_conn.flag, ISCSI_STOP_CONN_RECOVER);
}

static void the_answer_to_another_call_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < CALLS; i++) {
		will_answer((uint16_t)(calls[i].type + 1));
		assert_int_equal(calls[i].make(), -EPROTO);
		begin(NULL);
	}
}

static void answers_that_make_no_sense_are_refused(void **state)
{
	struct answer *answer;

	(void)state;
	for (size_t length = 0; length < 72; length++) {
		begin(NULL);
		will_answer(ISCSI_UEVENT_START_CONN)->length = length;
		assert_int_equal(start_connection(), -EPROTO);
	}
	begin(NULL); /* no answer at all */
	assert_int_equal(start_connection(), -EPROTO);
	begin(NULL);
	answer = will_answer(NLMSG_ERROR); /* errors that are none */
	assert_int_equal(start_connection(), -EPROTO);
	answer = will_answer(NLMSG_ERROR);
	answer->event.type = 0;
	assert_int_equal(start_connection(), -EPROTO);
	answer = will_answer(ISCSI_UEVENT_START_CONN);
	answer->event.type = ISCSI_KEVENT_IF_ERROR;
	assert_int_equal(start_connection(), -EPROTO);
	answer = will_answer(ISCSI_UEVENT_START_CONN);
	answer->event.type = ISCSI_KEVENT_IF_ERROR;
	answer->event.iferror = 1;
	assert_int_equal(start_connection(), -EPROTO);
}

static void what_the_kernel_refuses_has_its_error(void **state)
{
	struct answer *answer = will_answer(NLMSG_ERROR);
	const int32_t error = -EPERM;

	(void)state;
	memcpy(&answer->event, &error, sizeof(error));
	assert_int_equal(start_connection(), -EPERM);
	answer = will_answer(ISCSI_UEVENT_START_CONN);
	answer->event.type = ISCSI_KEVENT_IF_ERROR;
	answer->event.iferror = -ENOSYS;
	assert_int_equal(start_connection(), -ENOSYS);
	will_answer(ISCSI_UEVENT_START_CONN)->error = -ENOBUFS;
	assert_int_equal(start_connection(), -ENOBUFS);
	begin(NULL);
	call.refuses = -ECONNREFUSED;
	will_answer(ISCSI_UEVENT_START_CONN);
	assert_int_equal(start_connection(), -ECONNREFUSED);
}

static void the_drivers_own_result_counts_where_there_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < CALLS; i++) {
		will_answer(calls[i].type)->event.r.retcode = -ENOTCONN;
		assert_int_equal(calls[i].make(), calls[i].of_driver ? -ENOTCONN : 0);
	}
	will_answer(ISCSI_UEVENT_SEND_PDU)->event.r.retcode = -ENOTCONN;
	assert_int_equal(netlink_send_pdu(&netlink, 3, 1, (const uint8_t[48]){0}, NULL, 0), -ENOTCONN);
}

static void answers_to_calls_that_were_given_up_are_dropped(void **state)
{
	(void)state;
	will_answer(ISCSI_UEVENT_START_CONN);
	stale = 3;
	assert_int_equal(start_connection(), 0);
	assert_int_equal(stale, 0);
}

static void an_event_is_read_and_a_flood_is_one(void **state)
{
	uint8_t buffer[NETLINK_MESSAGE_MAX];
	struct netlink_event event = {.type = NETLINK_EVENT_PDU};
	struct answer *answer = will_answer(ISCSI_KEVENT_DESTROY_SESSION);

	(void)state;
	call.sends = 1;
	answer->header.nlmsg_len = 72;
	answer->event.r.destroyed.sid = 3;
	assert_int_equal(netlink_receive(&netlink, buffer, &event), 0);
	assert_int_equal(event.type, NETLINK_EVENT_DESTROYED);
	assert_int_equal(event.sid, 3);
	assert_int_equal(netlink_receive(&netlink, buffer, &event), -EAGAIN);
	assert_int_equal(event.type, NETLINK_EVENT_DESTROYED); /* as before */
	will_answer(0)->length = 0;
	call.sends = 1;
	assert_int_equal(netlink_receive(&netlink, buffer, &event), -EPROTO);
	will_answer(0)->error = -ENOBUFS;
	call.sends = 1;
	assert_int_equal(netlink_receive(&netlink, buffer, &event), 0);
	assert_int_equal(event.type, NETLINK_EVENT_OVERRUN);
	assert_int_equal(event.sid, 0);
}

static void a_pdu_is_sent_with_its_header_and_data(void **state)
{
	uint8_t bhs[48] = {0x43, 0x87};

	(void)state;
	will_answer(ISCSI_UEVENT_SEND_PDU);
	assert_int_equal(netlink_send_pdu(&netlink, 3, 1, bhs, (const uint8_t *)"hello", 5), 0);
	assert_int_equal(sent().u.send_pdu.sid, 3);
	assert_int_equal(sent().u.send_pdu.cid, 1);
	assert_int_equal(sent().u.send_pdu.header_size, 48);
	assert_int_equal(sent().u.send_pdu.data_size, 5);
	assert_int_equal(call.length, 16 + 56 + 48 + 5);
	assert_memory_equal(call.sent + 72, bhs, 48);
	assert_memory_equal(call.sent + 120, "hello", 5);
}

static void a_pdu_that_does_not_fit_is_not_sent(void **state)
{
	static const uint8_t data[NETLINK_MESSAGE_MAX];

	(void)state;
	assert_int_equal(netlink_send_pdu(&netlink, 3, 1, data, data, sizeof(data) - 119), -EMSGSIZE);
	assert_int_equal(call.sends, 0);
	will_answer(ISCSI_UEVENT_SEND_PDU);
	assert_int_equal(netlink_send_pdu(&netlink, 3, 1, data, data, sizeof(data) - 120), 0);
}

static void a_parameter_of_the_host_goes_with_its_nul(void **state)
{
	(void)state;
	will_answer(ISCSI_UEVENT_SET_HOST_PARAM);
	assert_int_equal(netlink_set_host_param(&netlink, 9, ISCSI_HOST_PARAM_NETDEV_NAME, "eth0"), 0);
	assert_int_equal(sent().u.set_host_param.host_no, 9);
	assert_int_equal(sent().u.set_host_param.param, ISCSI_HOST_PARAM_NETDEV_NAME);
	assert_int_equal(sent().u.set_host_param.length, 5);
	assert_string_equal((char *)call.sent + 72, "eth0");
}

/* A batch of three; the first answer in the queue is the last that comes. */
static void make_batch(struct netlink_batch *batch)
{
	netlink_batch_start(batch, 3, 1);
	for (uint32_t i = 0; i < 3; i++)
		netlink_batch_number(batch, 20 + i, 7);
	for (uint32_t i = 3; i-- > 0;)
		will_answer(ISCSI_UEVENT_SET_PARAM)->event.u.set_param.param = 20 + i;
}

static void a_batch_has_an_answer_for_each_parameter(void **state)
{
	struct netlink_batch batch;
	uint32_t failed = 9;

	(void)state;
	make_batch(&batch);
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), 0);
	assert_int_equal(failed, 0);
	assert_int_equal(call.sends, 1);
	assert_int_equal(queued, 0);
	assert_int_equal(call.length, batch.used);
	for (size_t at = 0; at < call.length; at += call.length / 3) {
		struct iscsi_uevent event;

		memcpy(&event, call.sent + at + 16, sizeof(event));
		assert_true(event.transport_handle == HANDLE);
	}
	for (size_t i = 0; i < batch.used; i++)
		assert_int_equal(batch.bytes[i], 0); /* it may have held secrets */
}

static void the_first_parameter_that_is_refused_is_told(void **state)
{
	struct netlink_batch batch;
	uint32_t failed;

	(void)state;
	make_batch(&batch);
	for (int i = 0; i < 2; i++) { /* the second and the third */
		queue[i].event.type = ISCSI_KEVENT_IF_ERROR;
		queue[i].event.iferror = i ? -EINVAL : -EPERM;
	}
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), -EINVAL);
	assert_int_equal(failed, 21);
	assert_int_equal(queued, 0);
}

static void a_parameter_that_the_kernel_does_not_know_is_skipped(void **state)
{
	struct netlink_batch batch;
	uint32_t failed;

	(void)state;
	make_batch(&batch);
	queue[1].event.type = ISCSI_KEVENT_IF_ERROR;
	queue[1].event.iferror = -ENOSYS;
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), 0);
	assert_int_equal(failed, 0);
}

static void a_batch_that_is_too_long_or_cannot_be_sent_sets_nothing(void **state)
{
	struct netlink_batch batch;
	uint32_t failed = 9;

	(void)state;
	make_batch(&batch);
	batch.overflow = true;
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), -EMSGSIZE);
	assert_int_equal(call.sends, 0);
	begin(NULL);
	make_batch(&batch);
	call.refuses = -ENOBUFS;
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), -ENOBUFS);
	assert_int_equal(queued, 3); /* no answer is waited for */
	assert_int_equal(failed, 0);
	begin(NULL);
	netlink_batch_start(&batch, 3, 1);
	assert_int_equal(netlink_batch_send(&netlink, &batch, &failed), 0);
	assert_int_equal(call.sends, 0);
}

static void write_handle(int sysfs, const char *text)
{
	int fd = openat(sysfs, "class/iscsi_transport/tcp/handle", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void it_opens_with_the_handle_of_the_transport_and_two_sockets(void **state)
{
	static const char *const folders[] = {"class", "class/iscsi_transport", "class/iscsi_transport/tcp"};
	char root[] = "/tmp/netlink-test-XXXXXX", command[64] = "rm -r ";
	struct netlink opened = {-7, -7, 7};
	int sysfs;

	(void)state;
	assert_non_null(mkdtemp(root));
	sysfs = sysfs_open(root);
	assert_int_equal(netlink_open(&opened, sysfs), -ENOENT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(mkdirat(sysfs, folders[i], 0755), 0);
	write_handle(sysfs, "not a number\n");
	assert_int_equal(netlink_open(&opened, sysfs), -EPROTO);
	write_handle(sysfs, "12x\n");
	assert_int_equal(netlink_open(&opened, sysfs), -EPROTO);
	write_handle(sysfs, "\n");
	assert_int_equal(netlink_open(&opened, sysfs), -EPROTO);
	write_handle(sysfs, "18446744072652021760\n");
	for (sockets_max = 0; sockets_max < 2; sockets_max++) {
		sockets = 0;
		assert_int_equal(netlink_open(&opened, sysfs), -EPERM);
	}
	assert_int_equal(opened.call_fd, -7);    /* nothing is written but in success */
	assert_int_equal(dup(sysfs), sysfs + 1); /* nor is anything left open */
	close(sysfs + 1);
	sockets = 0;
	assert_int_equal(netlink_open(&opened, sysfs), 0);
	assert_true(opened.transport == 18446744072652021760u);
	assert_true(opened.call_fd >= 0 && opened.event_fd >= 0 && opened.call_fd != opened.event_fd);
	close(opened.call_fd);
	close(opened.event_fd);
	close(sysfs);
	assert_int_equal(system(strcat(command, root)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_opens_with_the_handle_of_the_transport_and_two_sockets, begin),
		cmocka_unit_test_setup(a_session_is_created_with_its_numbers, begin),
		cmocka_unit_test_setup(what_could_not_be_created_has_no_numbers, begin),
		cmocka_unit_test_setup(every_call_names_its_session_and_connection, begin),
		cmocka_unit_test_setup(the_answer_to_another_call_is_none, begin),
		cmocka_unit_test_setup(answers_that_make_no_sense_are_refused, begin),
		cmocka_unit_test_setup(what_the_kernel_refuses_has_its_error, begin),
		cmocka_unit_test_setup(the_drivers_own_result_counts_where_there_is_one, begin),
		cmocka_unit_test_setup(answers_to_calls_that_were_given_up_are_dropped, begin),
		cmocka_unit_test_setup(an_event_is_read_and_a_flood_is_one, begin),
		cmocka_unit_test_setup(a_pdu_is_sent_with_its_header_and_data, begin),
		cmocka_unit_test_setup(a_pdu_that_does_not_fit_is_not_sent, begin),
		cmocka_unit_test_setup(a_parameter_of_the_host_goes_with_its_nul, begin),
		cmocka_unit_test_setup(a_batch_has_an_answer_for_each_parameter, begin),
		cmocka_unit_test_setup(the_first_parameter_that_is_refused_is_told, begin),
		cmocka_unit_test_setup(a_parameter_that_the_kernel_does_not_know_is_skipped, begin),
		cmocka_unit_test_setup(a_batch_that_is_too_long_or_cannot_be_sent_sets_nothing, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
