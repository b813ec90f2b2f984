/* Events that never end: whoever reads them gets to the end of his turn, so that the sessions have theirs. */
/* SPDX-License-Identifier: MIT */
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/loop.h"
#include "sys/uevent.h"

#define ENOUGH 5000 /* messages in one turn: it would go on for ever */

static unsigned sent, answered; /* the latter: how often the loop asked whether it is done */
static uint32_t port;           /* 0: the kernel's */

/* There is always one more. */
ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
	static const char message[] =
		"change@/devices/platform/host3/x\0SUBSYSTEM=scsi\0SDEV_UA=CAPACITY_DATA_HAS_CHANGED";
	const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = 1};
	const struct ucred credentials = {.uid = 0};
	struct cmsghdr *first = header->msg_control;

	(void)fd, (void)flags;
	if (++sent == ENOUGH)
		fail_msg("a reader does not come to an end");
	memcpy(header->msg_name, &name, sizeof(name));
	header->msg_namelen = sizeof(name);
	memcpy(header->msg_iov->iov_base, message, sizeof(message));
	first->cmsg_len = CMSG_LEN(sizeof(credentials));
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_CREDENTIALS;
	memcpy(CMSG_DATA(first), &credentials, sizeof(credentials));
	return sizeof(message);
}

static int begin(void **state)
{
	(void)state;
	sent = answered = port = 0;
	return 0;
}

static bool has_turned(struct world *w, int64_t now_ms)
{
	(void)w, (void)now_ms;
	return answered++ == 1;
}

static void turn(uint32_t from)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ends[2];

	assert_true(w != MAP_FAILED);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "", 1), 1);
	w->loader.fd = w->keeper.fd = w->iscsid = w->random = w->interrupts = w->multipath.child.fd = -1;
	w->run.mountinfo = w->status.fd = w->run.fd = -1;
	w->uevents = ends[0];
	w->resident = true;
	port = from;
	assert_true(loop_run(w, has_turned, INT64_MAX));
	assert_true(sent > 1);
	close(ends[0]);
	close(ends[1]);
	munmap(w, sizeof(*w));
}

static void units_that_change_without_end_leave_the_loop_its_turns(void **state)
{
	(void)state;
	turn(0);
	assert_int_equal(sent, UEVENTS_AT_A_TIME);
}

static void so_do_messages_that_the_kernel_did_not_send(void **state)
{
	(void)state;
	turn(4711);
}

static void what_is_thrown_away_has_an_end(void **state)
{
	(void)state;
	uevent_drain(0);
	assert_int_equal(sent, UEVENTS_AT_A_TIME);
	port = 4711;
	uevent_drain(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(units_that_change_without_end_leave_the_loop_its_turns, begin),
		cmocka_unit_test_setup(so_do_messages_that_the_kernel_did_not_send, begin),
		cmocka_unit_test_setup(what_is_thrown_away_has_an_end, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
