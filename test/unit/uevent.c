/* The kernel's messages, the socket's suspicion, and the coldplug walk. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/netlink.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/sysfs.h"
#include "sys/uevent.h"

#define MESSAGE(text) text, sizeof(text) - 1

static void disk_event_is_read(void **state)
{
	struct uevent event;

	(void)state;
	assert_int_equal(uevent_parse(MESSAGE("add@/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda\0"
					      "ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0MAJOR=8\0MINOR=16\0"
					      "DEVNAME=sda\0DEVTYPE=disk\0SEQNUM=1234\0"),
				      &event),
			 0);
	assert_true(event.added);
	assert_string_equal(event.devpath, "/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda");
	assert_string_equal(event.subsystem, "block");
	assert_string_equal(event.modalias, "");
}

static void a_unit_that_has_changed_says_so(void **state)
{
	static const struct {
		const char *text;
		bool counts;
	} attentions[] = {{"CAPACITY_DATA_HAS_CHANGED", true},
			  {"REPORTED_LUNS_DATA_HAS_CHANGED", true},
			  {"INQUIRY_DATA_HAS_CHANGED", false},
			  {"MODE_PARAMETERS_CHANGED", false},
			  {"", false},
			  {"CAPACITY_DATA_HAS_CHANGED_AND_MORE_THAN_ANY_NAME_HAS", false}};
	struct uevent event;
	char message[200];

	(void)state;
	for (size_t i = 0; i < sizeof(attentions) / sizeof(attentions[0]); i++) {
		int length =
			snprintf(message, sizeof(message), "change@/devices/platform/host2%cSDEV_UA=%s%cSUBSYSTEM=scsi",
				 0, attentions[i].text, 0);

		assert_int_equal(uevent_parse(message, (size_t)length, &event), 0);
		assert_int_equal(event.unit_changed, attentions[i].counts);
		assert_string_equal(event.subsystem, "scsi");
	}
	assert_int_equal(uevent_parse(MESSAGE("change@/d\0SUBSYSTEM=scsi"), &event), 0);
	assert_false(event.unit_changed || event.access_changed);
	assert_int_equal(uevent_parse(MESSAGE("change@/d\0SDEV_UA=ASYMMETRIC_ACCESS_STATE_CHANGED"), &event), 0);
	assert_true(event.access_changed && !event.unit_changed);
	assert_int_equal(uevent_parse(MESSAGE("change@/d\0SUBSYSTEM=block\0DM_ACTION=PATH_FAILED"), &event), 0);
	assert_true(event.access_changed && !event.unit_changed);
	assert_int_equal(uevent_parse(MESSAGE("change@/d\0DM_ACTION=PATH_REINSTATED"), &event), 0);
	assert_false(event.unit_changed || event.access_changed);
}

static void narrowed_only_the_sessions_devices_are_heard_of(void **state)
{
	static const struct {
		const char *text;
		bool passes;
	} events[] = {{"add@/devices/platform/host2/session1/target2:0:0", true},
		      {"change@/devices/platform/host12/session1/target2:0:0/2:0:0:1", true},
		      {"remove@/devices/platform/host2/session1/target2:0:0", false},
		      {"add@/devices/platform/soc/ff0000.usb", false},
		      {"change@/devices/platform/hvc0", false},
		      {"change@/devices/virtual/block/loop0", false},
		      {"change@/devices/virtual/block/dm-0", true},
		      {"add@/devices/virtual/block/dm-0", false},
		      {"add@/devices/pci0000:00/0000:00:1f.2/host2/x", false},
		      {"add@/", false},
		      {"", false}};
	char got[200];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(uevent_narrow(ends[0]), 0);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		(void)send(ends[1], events[i].text, strlen(events[i].text), 0);
		assert_int_equal(recv(ends[0], got, sizeof(got), 0) > 0, events[i].passes);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void modalias_is_read_and_last_nul_may_lack(void **state)
{
	struct uevent event;

	(void)state;
	assert_int_equal(
		uevent_parse(MESSAGE("bind@/devices/v\0SUBSYSTEMS=x\0MODALIAS=virtio:d00000001v00001AF4"), &event), 0);
	assert_false(event.added);
	assert_string_equal(event.modalias, "virtio:d00000001v00001AF4");
	assert_string_equal(event.subsystem, "");
}

static void other_actions_and_odd_pairs_are_harmless(void **state)
{
	struct uevent event;

	(void)state;
	assert_int_equal(uevent_parse(MESSAGE("adds@/d\0MODALIAS\0SUBSYSTEM\0=\0NOEQUALS\0\0S\0M"), &event), 0);
	assert_false(event.added);
	assert_string_equal(event.subsystem, "");
	assert_string_equal(event.modalias, "");
}

static void message_without_its_head_is_refused_and_writes_nothing(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {{MESSAGE("")},
		     {MESSAGE("libudev\0\xfe\xed\xca\xfe")},
		     {MESSAGE("add")},
		     {MESSAGE("add@")},
		     {MESSAGE("add@devices")},
		     {MESSAGE("\0add@/devices")}};
	struct uevent event = {.devpath = "/before"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(uevent_parse(cases[i].bytes, cases[i].length, &event), -EBADMSG);
	assert_string_equal(event.devpath, "/before");
}

static void text_too_long_is_dropped_not_cut(void **state)
{
	static char message[4096];
	struct uevent event;
	size_t length;

	(void)state;
	length = (size_t)snprintf(message, sizeof(message), "add@/d%cMODALIAS=input:%01100d%cSUBSYSTEM=input", 0, 7, 0);
	assert_int_equal(uevent_parse(message, length, &event), 0);
	assert_string_equal(event.modalias, "");
	assert_string_equal(event.subsystem, "input");
	length = (size_t)snprintf(message, sizeof(message), "add@/%0600d", 7);
	assert_int_equal(uevent_parse(message, length, &event), -EBADMSG);
}

/* Somebody in user space sends the socket an event: it must not be believed. */
static void message_of_user_space_is_passed_over(void **state)
{
	static const char message[] = "add@/devices/forged\0SUBSYSTEM=block\0DEVNAME=sda\0";
	struct sockaddr_nl own;
	socklen_t length = sizeof(own);
	struct uevent event;
	int fd = uevent_open();
	int sender = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	(void)state;
	assert_true(fd >= 0 && sender >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
	own.nl_groups = 0;
	assert_true(sendto(sender, message, sizeof(message), 0, (struct sockaddr *)&own, sizeof(own)) > 0);
	for (int got; (got = uevent_receive(fd, &event)) != 0;) {
		assert_int_equal(got, 1);
		assert_string_not_equal(event.devpath, "/devices/forged");
	}
	close(sender);
	close(fd);
}

static void kernel_is_believed(void **state)
{
	struct uevent event = {0};
	int fd = uevent_open();
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	bool heard = false;

	(void)state;
	assert_true(fd >= 0);
	if (sysfs_write(AT_FDCWD, "/sys/devices/virtual/mem/null/uevent", "change") != 0)
		heard = true; /* not root: nothing to be heard */
	while (!heard && poll(&ready, 1, 5000) > 0)
		while (uevent_receive(fd, &event) == 1)
			heard = heard || !strcmp(event.devpath, "/devices/virtual/mem/null");
	assert_true(heard);
	close(fd);
}

static void make(int fd, const char *directory, const char *modalias)
{
	char path[256];
	int file;

	for (const char *at = directory; (at = strchr(at, '/')); at++) {
		snprintf(path, sizeof(path), "%.*s", (int)(at - directory), directory);
		mkdirat(fd, path, 0755);
	}
	mkdirat(fd, directory, 0755);
	snprintf(path, sizeof(path), "%s/modalias", directory);
	file = openat(fd, path, O_WRONLY | O_CREAT, 0644);
	assert_true(file >= 0);
	assert_true(write(file, modalias, strlen(modalias)) >= 0);
	close(file);
}

struct found {
	char text[512];
	int count, stop_at;
};

static bool note(void *context, const char *modalias)
{
	struct found *found = context;

	strcat(strcat(found->text, modalias), ";");
	return ++found->count != found->stop_at;
}

static void walk_finds_every_modalias_and_those_of_network_buses_first(void **state)
{
	char root[] = "/tmp/uevent-test-XXXXXX", command[64];
	struct found found = {.count = 0}, first = {.stop_at = 1};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(root));
	fd = sysfs_open(root);
	assert_int_equal(uevent_coldplug(fd, note, &found), -ENOENT);
	make(fd, "bus/acpi/devices/PNP0A03:00", "acpi:PNP0A03:\n");
	make(fd, "bus/virtio/devices/virtio0", "virtio:d00000001v00001AF4\n");
	make(fd, "devices/pci0000:00/0000:00:02.0", "pci:v00001AF4d00001000\n");
	make(fd, "bus/platform/devices/empty", "\n");
	make(fd, "bus/memory/devices/memory0", "nobody:asks\n");
	assert_int_equal(mkdirat(fd, "bus/platform/devices/without", 0755), 0);
	assert_int_equal(mkdirat(fd, "bus/pci", 0755), 0);
	assert_int_equal(mkdirat(fd, "bus/pci/devices", 0755), 0);
	assert_int_equal(symlinkat("../../../devices/pci0000:00/0000:00:02.0", fd, "bus/pci/devices/0000:00:02.0"), 0);
	assert_int_equal(uevent_coldplug(fd, note, &found), 0);
	assert_string_equal(found.text, "pci:v00001AF4d00001000;virtio:d00000001v00001AF4;acpi:PNP0A03:;");
	assert_int_equal(uevent_coldplug(fd, note, &first), 0);
	assert_int_equal(first.count, 1);
	close(fd);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disk_event_is_read),
		cmocka_unit_test(a_unit_that_has_changed_says_so),
		cmocka_unit_test(narrowed_only_the_sessions_devices_are_heard_of),
		cmocka_unit_test(modalias_is_read_and_last_nul_may_lack),
		cmocka_unit_test(other_actions_and_odd_pairs_are_harmless),
		cmocka_unit_test(message_without_its_head_is_refused_and_writes_nothing),
		cmocka_unit_test(text_too_long_is_dropped_not_cut),
		cmocka_unit_test(message_of_user_space_is_passed_over),
		cmocka_unit_test(kernel_is_believed),
		cmocka_unit_test(walk_finds_every_modalias_and_those_of_network_buses_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
