/* What drives a DHCP machine on one interface: which events reach it, what is sent and by which socket. The machine of lease.c's
   tests is a few functions here; the sockets and the frames are, too. */
/* SPDX-License-Identifier: MIT */
#include "net/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/lease4.h"
#include "net/lease6.h"
#include "proto/dhcp_frame.h"
#include "sys/log.h"
#include "sys/packet.h"
#include "sys/udp.h"

#define NOW    1000
#define INDEX  7
#define BAD    '!' /* what no frame begins with */
#define FLOOD  100
#define CLIENT 0xc0000264u /* 192.0.2.100 */
#define SERVER 0xc0000201u

/* ---- what is said ---- */

static unsigned warnings, notes;

void log_warn(const char *format, ...)
{
	(void)format;
	warnings++;
}

void log_debug(const char *format, ...)
{
	(void)format;
	notes++;
}

/* ---- the sockets, and chance ---- */

static struct lease lease;
static struct {
	int error;       /* of opening and sending */
	int packets;     /* -1: as many as are asked for */
	char first;      /* byte of them */
	size_t length;   /* of them */
	unsigned opened; /* packet sockets and others */
	char sent[120];
	bool no_random;
} net;

static int open_one(void)
{
	net.opened++;
	return net.error ? net.error : open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int note_sent(const char *how, int fd, int index, uint32_t from, uint32_t to, unsigned port, size_t length)
{
	assert_int_equal(fd, how[0] == 'p' ? lease.packet_fd : lease.udp_fd);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	snprintf(net.sent, sizeof(net.sent), "%s %d %08x %08x %u %zu", how, index, (unsigned)from, (unsigned)to, port,
		 length);
	return net.error;
}

int packet_open_dhcp(int index)
{
	assert_int_equal(index, INDEX);
	return open_one();
}

int packet_send_dhcp(int fd, int index, const void *bytes, size_t length)
{
	assert_int_equal(*(const char *)bytes, 'F');
	return note_sent("packet", fd, index, 0, 0, 0, length);
}

int udp_open4(int index, uint16_t port)
{
	assert_true(index == INDEX && port == 68);
	return open_one();
}

int udp_send4(int fd, int index, uint32_t source, uint32_t address, uint16_t port, const void *bytes, size_t length)
{
	(void)bytes;
	return note_sent("udp", fd, index, source, address, port, length);
}

int udp_open6(int index, uint16_t port)
{
	assert_true(index == INDEX && port == 546);
	return open_one();
}

int udp_send6(int fd, int index, const uint8_t address[16], uint16_t port, const void *bytes, size_t length)
{
	(void)bytes;
	assert_memory_equal(address, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\1\0\2", 16);
	return note_sent("udp6", fd, index, 0, 0, port, length);
}

ssize_t udp_receive(int fd, void *buffer, size_t size)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_true(net.length <= size);
	if (!net.packets)
		return -EAGAIN;
	net.packets -= net.packets > 0;
	memset(buffer, net.first, net.length);
	return (ssize_t)net.length;
}

ssize_t packet_receive(int fd, void *buffer, size_t size, bool *checksum_ready)
{
	*checksum_ready = true;
	return udp_receive(fd, buffer, size);
}

size_t dhcp_frame_build(const struct dhcp_output *output, uint8_t *frame)
{
	frame[0] = 'F';
	return output->length + 28;
}

const char *dhcp_frame_parse(const uint8_t *frame, size_t length, bool checksum_ready, const uint8_t **payload,
			     size_t *payload_length)
{
	assert_true(checksum_ready);
	*payload = frame + 1;
	*payload_length = length - 1;
	return !length || frame[0] == BAD ? "no frame of ours" : NULL;
}

/* In the place of the C library's. */
ssize_t getrandom(void *out, size_t size, unsigned flags)
{
	assert_int_equal(flags, GRND_NONBLOCK | GRND_INSECURE);
	if (net.no_random)
		return -1;
	memset(out, 0x11, size);
	return (ssize_t)size;
}

/* ---- the machine ---- */

static struct {
	unsigned did;  /* at each step */
	unsigned once; /* and at the next one alone */
	const char *reason;
	int64_t deadline;
	bool has_lease, gives_back;
	int error; /* of sending */
	unsigned steps, sends, choices, kept, wiped;
	bool closes; /* the socket, when it chooses */
	struct dhcp_input heard;
} machine;

static unsigned step(struct lease *l, const struct dhcp_input *input, struct dhcp_output *output)
{
	unsigned did = machine.did | machine.once;

	assert_ptr_equal(l, &lease);
	assert_true(input->bytes || !input->length);
	output->length = 3;
	machine.steps++;
	machine.once = 0;
	machine.heard = *input;
	return did;
}

static bool release(struct lease *l, uint32_t random, struct dhcp_output *output)
{
	(void)l;
	machine.heard.random = random;
	output->length = 5;
	return machine.gives_back;
}

static int send_message(struct lease *l, const struct dhcp_output *output)
{
	(void)l;
	assert_true(output->length == 3 || output->length == 5);
	machine.sends++;
	return machine.error;
}

static void choose_socket(struct lease *l)
{
	machine.choices++;
	if (!machine.closes)
		return;
	close(l->packet_fd >= 0 ? l->packet_fd : l->udp_fd);
	l->packet_fd = l->udp_fd = -1;
}

static int64_t deadline(const struct lease *l)
{
	(void)l;
	return machine.deadline;
}

static const char *reason(const struct lease *l)
{
	(void)l;
	return machine.reason;
}

static const char *name_of(const struct lease *l)
{
	(void)l;
	return "a lease";
}

static bool has_lease(const struct lease *l)
{
	(void)l;
	return machine.has_lease;
}

static void keep_address(struct lease *l)
{
	(void)l;
	machine.kept++;
}

static void wipe_secrets(struct lease *l)
{
	(void)l;
	machine.wiped++;
}

static const struct lease_family family = {"X",    step,    release, send_message, choose_socket, deadline,
					   reason, name_of, name_of, has_lease,    keep_address,  wipe_secrets};

/* ---- the rig ---- */

static int begin(void **state)
{
	(void)state;
	memset(&net, 0, sizeof(net));
	memset(&machine, 0, sizeof(machine));
	machine.deadline = NOW + 500;
	warnings = notes = 0;
	memset(&lease, 0x55, sizeof(lease));
	lease_init(&lease, &family);
	return 0;
}

static void start(void)
{
	lease_begin(&lease, INDEX, "eth0", NOW);
	machine.steps = machine.sends = 0;
}

/* The packet socket, or the other one, is ready. */
static unsigned hear(bool packet, int packets, char first, size_t length)
{
	int *fd = packet ? &lease.packet_fd : &lease.udp_fd;
	struct pollfd fds[2];
	int count;

	if (*fd < 0)
		*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	net.packets = packets;
	net.first = first;
	net.length = length;
	machine.steps = 0;
	count = lease_pollfds(&lease, fds, 0, 2);
	for (int i = 0; i < count; i++)
		fds[i].revents = fds[i].fd == *fd ? POLLIN : 0;
	return lease_step(&lease, fds, count, NOW);
}

/* ---- the driver ---- */

static void what_has_not_begun_ignores_everything(void **state)
{
	struct pollfd fds[2];

	(void)state;
	machine.did = DHCP_BOUND | DHCP_SEND;
	machine.gives_back = machine.has_lease = true;
	assert_int_equal(lease_pollfds(&lease, fds, 0, 2), 0);
	assert_int_equal(lease_step(&lease, fds, 0, NOW + 9999), 0);
	assert_int_equal(lease_set_link(&lease, true, NOW), 0);
	assert_int_equal(lease_decline(&lease, NOW), 0);
	assert_true(lease_deadline(&lease) == INT64_MAX);
	assert_false(lease_is_held(&lease));
	lease_keep_address(&lease);
	lease_stop(&lease);
	assert_int_equal(machine.steps + machine.sends + machine.kept, 0);
	assert_int_equal(lease.losses + lease.sent, 0);
	assert_null(lease.refused);
}

static void the_first_message_goes_at_once(void **state)
{
	(void)state;
	machine.did = DHCP_SEND;
	lease_begin(&lease, INDEX, "eth0", NOW);
	assert_int_equal(machine.steps, 1);
	assert_int_equal(machine.heard.event, DHCP_TIMER);
	assert_int_equal(machine.heard.now_ms, NOW);
	assert_int_equal(machine.heard.random, 0x11111111);
	assert_int_equal(machine.sends, 1);
	assert_int_equal(machine.choices, 0);
	assert_int_equal(lease.index, INDEX);
	assert_string_equal(lease.name, "eth0");
	assert_int_equal(lease_deadline(&lease), NOW + 500);
	assert_int_equal(warnings, 0);
	assert_string_equal(lease_waiting(&lease), "a lease");
	machine.error = -ENETDOWN;
	(void)lease_set_link(&lease, true, NOW);
	assert_int_equal(warnings, 1); /* it could not be sent */
	net.no_random = true;          /* not yet, so early */
	(void)lease_set_link(&lease, true, NOW);
	assert_int_equal(machine.heard.random, NOW * 2654435761u);
	assert_int_equal(warnings, 1); /* once, and not for each message */
	machine.error = -EAFNOSUPPORT;
	(void)lease_set_link(&lease, true, NOW);
	assert_int_equal(warnings, 2);
	machine.error = 0;
	(void)lease_set_link(&lease, true, NOW);
	machine.error = -EAFNOSUPPORT;
	(void)lease_set_link(&lease, true, NOW);
	assert_int_equal(warnings, 3);
	lease_stop(&lease);
	assert_int_equal(machine.heard.random, 0);
}

static void each_event_reaches_the_machine_and_its_result_the_caller(void **state)
{
	(void)state;
	start();
	machine.did = DHCP_LOST | DHCP_SEND;
	assert_int_equal(lease_set_link(&lease, true, NOW), DHCP_LOST);
	assert_int_equal(machine.heard.event, DHCP_LINK_UP);
	assert_int_equal(machine.choices, 1);
	machine.did = DHCP_SEND;
	assert_int_equal(lease_set_link(&lease, false, NOW), 0);
	assert_int_equal(machine.heard.event, DHCP_LINK_DOWN);
	assert_int_equal(machine.choices, 1);
	machine.did = DHCP_BOUND;
	assert_int_equal(lease_decline(&lease, NOW), DHCP_BOUND);
	assert_int_equal(machine.heard.event, DHCP_CONFLICT);
	assert_int_equal(machine.choices, 2);
	assert_int_equal(machine.sends, 2);
	machine.steps = 0;
	assert_int_equal(lease_step(&lease, NULL, 0, NOW + 499), 0);
	assert_int_equal(machine.steps, 0);
	assert_int_equal(lease_step(&lease, NULL, 0, NOW + 500), DHCP_BOUND);
	assert_int_equal(machine.heard.event, DHCP_TIMER);
	assert_false(lease_is_held(&lease));
	machine.has_lease = true;
	assert_true(lease_is_held(&lease));
	lease_keep_address(&lease);
	lease_wipe_secrets(&lease);
	assert_true(machine.kept == 1 && machine.wiped == 1);
}

static void what_is_ready_is_read_until_nothing_is_left(void **state)
{
	(void)state;
	start();
	machine.did = DHCP_BOUND;
	for (int packet = 0; packet < 2; packet++) {
		assert_int_equal(hear(packet, 2, 'm', 10), DHCP_BOUND);
		assert_int_equal(machine.steps, 2);
		assert_int_equal(machine.heard.event, DHCP_PACKET);
		assert_int_equal(machine.heard.length, packet ? 9 : 10); /* of a frame, what is in it */
		assert_int_equal(hear(packet, 0, 'm', 10), 0);
		assert_int_equal(machine.steps, 0);
		assert_int_equal(hear(packet, FLOOD, 'm', 10), DHCP_BOUND);
		assert_int_equal(machine.steps, 32); /* the others have their turn, too */
		machine.closes = true;
		assert_int_equal(hear(packet, FLOOD, 'm', 10), DHCP_BOUND);
		assert_int_equal(machine.steps, 1);
		machine.closes = false;
	}
	assert_int_equal(hear(false, 2, 'm', 0), DHCP_BOUND); /* an empty one is no end */
	assert_int_equal(machine.steps, 2);
	assert_int_equal(hear(true, 1, 'm', DHCP_FRAME_MAX + 60), DHCP_BOUND); /* the longest */
	assert_int_equal(hear(true, 1, 'm', 0), 0);
	assert_string_equal(lease.refused, "no frame of ours");
	lease_stop(&lease);
}

static void what_one_event_did_is_not_lost_at_the_next(void **state)
{
	struct pollfd fds[2];

	(void)state;
	start();
	for (int packet = 0; packet < 2; packet++) {
		machine.once = DHCP_BOUND;
		assert_int_equal(hear(packet, 2, 'm', 10), DHCP_BOUND);
	}
	assert_int_equal(lease_pollfds(&lease, fds, 0, 2), 2);
	fds[0].revents = fds[1].revents = POLLIN;
	machine.once = DHCP_LOST;
	machine.steps = 0;
	net.packets = 1;
	machine.deadline = NOW;
	assert_int_equal(lease_step(&lease, fds, 2, NOW), DHCP_LOST);
	assert_int_equal(machine.steps, 2); /* the packet and the time */
	lease_stop(&lease);
}

static void a_bad_frame_stays_outside_and_is_named(void **state)
{
	(void)state;
	start();
	assert_int_equal(hear(true, 2, BAD, 10), 0);
	assert_int_equal(machine.steps, 0);
	assert_string_equal(lease.refused, "no frame of ours");
	assert_int_equal(notes, 1); /* once */
	machine.reason = "no answer of ours";
	(void)hear(true, 1, 'm', 10);
	assert_string_equal(lease.refused, "no answer of ours");
	assert_int_equal(notes, 2);
	machine.reason = NULL;
	(void)hear(true, 1, 'm', 10);
	assert_string_equal(lease.refused, "no answer of ours"); /* until there is another */
	assert_int_equal(warnings, 0);
	lease_stop(&lease);
}

static void a_loss_is_told_three_times(void **state)
{
	(void)state;
	start();
	machine.reason = "the lease has run out";
	for (unsigned i = 1; i < 6; i++) {
		machine.did = DHCP_LOST;
		(void)lease_set_link(&lease, true, NOW);
		assert_int_equal(warnings, i < 3 ? i : 3);
		machine.did = DHCP_NOTHING; /* that is none */
		(void)lease_set_link(&lease, true, NOW);
		assert_int_equal(lease.losses, i);
	}
	assert_int_equal(warnings, 3);
}

static void stopped_it_gives_back_its_lease_and_closes_all(void **state)
{
	int packet, udp;

	(void)state;
	for (int gives = 0; gives < 2; gives++) {
		start();
		(void)hear(true, 0, 'm', 1);
		(void)hear(false, 0, 'm', 1);
		packet = lease.packet_fd;
		udp = lease.udp_fd;
		machine.gives_back = gives;
		lease_stop(&lease);
		assert_int_equal(machine.sends, gives);
		assert_int_equal(fcntl(packet, F_GETFD), -1);
		assert_int_equal(fcntl(udp, F_GETFD), -1);
		assert_true(lease.packet_fd == -1 && lease.udp_fd == -1 && !lease.started);
		assert_ptr_equal(lease.family, &family);
	}
}

/* ---- the families ---- */

static void without_an_address_frames_are_sent_and_with_one_datagrams(void **state)
{
	struct dhcp_config config = {.mac = {2, 0, 0, 0, 0, 1}};
	struct dhcp_output output = {.length = 100, .source = CLIENT, .destination = SERVER, .raw = true};
	int fd;

	(void)state;
	lease_init(&lease, &lease4_family);
	lease4_start(&lease, INDEX, "eth0", &config, NOW);
	assert_non_null(strstr(net.sent, "packet 7 00000000 00000000 0 "));
	assert_int_equal(lease.sent, 1);
	assert_int_equal(net.opened, 1);
	assert_true(lease.packet_fd >= 0 && lease.udp_fd == -1);
	assert_int_equal(lease4_family.send(&lease, &output), 0);
	assert_string_equal(net.sent, "packet 7 00000000 00000000 0 128");
	assert_int_equal(net.opened, 1);
	fd = lease.packet_fd;
	lease.dhcp.lease.address = CLIENT;
	lease.dhcp.state = DHCP_IS_BOUND;
	lease4_family.choose_socket(&lease);
	assert_true(lease.packet_fd == -1 && lease.udp_fd >= 0);
	output.raw = false;
	assert_int_equal(lease4_family.send(&lease, &output), 0);
	assert_string_equal(net.sent, "udp 7 c0000264 c0000201 67 100");
	assert_int_equal(net.opened, 2);
	assert_int_equal(lease.sent, 2); /* of those that ask for an address */
	net.error = -ENOBUFS;
	assert_int_equal(lease4_family.send(&lease, &output), -ENOBUFS);
	fd = lease.udp_fd;
	lease.dhcp.lease.address = 0;
	lease4_family.choose_socket(&lease);
	assert_true(lease.packet_fd == -1 && lease.udp_fd == -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	for (int raw = 0; raw < 2; raw++) {
		output.raw = raw;
		assert_int_equal(lease4_family.send(&lease, &output), -ENOBUFS); /* it cannot be opened */
		lease.packet_fd = lease.udp_fd = -1;
	}
	net.error = 0;
	lease4_start(&lease, INDEX, "eth0", &config, NOW);
	net.opened = 0;
	lease4_start(&lease, INDEX, "eth0", &config, NOW);
	assert_int_equal(net.opened, 1); /* the one before was closed */
	lease_stop(&lease);
}

static void one_socket_asks_all_servers(void **state)
{
	struct dhcp6_config config = {.mac = {2, 0, 0, 0, 0, 1}};
	struct dhcp_output output = {.length = 100};
	int fd;

	(void)state;
	lease_init(&lease, &lease6_family);
	lease6_start(&lease, INDEX, "eth0", &config, NOW);
	assert_non_null(strstr(net.sent, "udp6 7 00000000 00000000 547 "));
	assert_int_equal(lease.sent, 1);
	assert_int_equal(lease6_family.send(&lease, &output), 0);
	assert_int_equal(net.opened, 1);
	assert_int_equal(lease.sent, 2);
	fd = lease.udp_fd;
	lease6_family.choose_socket(&lease);
	assert_true(lease.packet_fd == -1 && lease.udp_fd == fd);
	lease6_start(&lease, INDEX, "eth0", &config, NOW);
	assert_int_equal(net.opened, 2);
	lease_stop(&lease);
	lease.index = INDEX;
	net.error = -ENOBUFS;
	assert_int_equal(lease6_family.send(&lease, &output), -ENOBUFS);
}

/* Each family's functions are its machine's. */
static void families_ask_their_machines(void **state)
{
	struct dhcp_config config4 = {.mac = {2, 0, 0, 0, 0, 1}};
	struct dhcp6_config config6 = {.mac = {2, 0, 0, 0, 0, 1}};

	(void)state;
	lease_init(&lease, &lease4_family);
	lease4_start(&lease, INDEX, "eth0", &config4, NOW);
	assert_string_equal(lease_waiting(&lease), "an offer from a DHCP server");
	assert_string_equal(lease4_family.state_name(&lease), "SELECTING");
	assert_int_equal(lease_deadline(&lease), dhcp_deadline(&lease.dhcp));
	assert_false(lease_is_held(&lease));
	lease.dhcp.lease.address = CLIENT;
	strcpy(lease.dhcp.lease.chap_secret, "geheim");
	assert_true(lease_is_held(&lease));
	lease_keep_address(&lease);
	assert_int_equal(lease.dhcp.config.only_address, CLIENT);
	lease_wipe_secrets(&lease);
	assert_string_equal(lease.dhcp.lease.chap_secret, "");
	net.sent[0] = '\0';
	lease_stop(&lease);
	assert_non_null(strstr(net.sent, "udp 7 c0000264 ")); /* RELEASE */
	lease_init(&lease, &lease6_family);
	lease6_start(&lease, INDEX, "eth0", &config6, NOW);
	assert_string_equal(lease6_family.state_name(&lease), "SOLICITING");
	assert_string_equal(lease_waiting(&lease), dhcp6_waiting(&lease.dhcp6));
	assert_int_equal(lease_deadline(&lease), dhcp6_deadline(&lease.dhcp6));
	assert_false(lease_is_held(&lease));
	lease.dhcp6.lease.server_length = 3;
	lease.dhcp6.lease.address[0] = 0x20;
	strcpy(lease.dhcp6.lease.boot_url, "iscsi:me:geheim@[2001:db8::1]::::iqn.2026-01.x:y");
	assert_true(lease_is_held(&lease));
	lease_keep_address(&lease);
	assert_int_equal(lease.dhcp6.config.only_address[0], 0x20);
	lease_wipe_secrets(&lease);
	assert_string_equal(lease.dhcp6.lease.boot_url, "");
	net.sent[0] = '\0';
	lease_stop(&lease);
	assert_non_null(strstr(net.sent, "udp6 7 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_has_not_begun_ignores_everything, begin),
		cmocka_unit_test_setup(the_first_message_goes_at_once, begin),
		cmocka_unit_test_setup(each_event_reaches_the_machine_and_its_result_the_caller, begin),
		cmocka_unit_test_setup(what_is_ready_is_read_until_nothing_is_left, begin),
		cmocka_unit_test_setup(what_one_event_did_is_not_lost_at_the_next, begin),
		cmocka_unit_test_setup(a_bad_frame_stays_outside_and_is_named, begin),
		cmocka_unit_test_setup(a_loss_is_told_three_times, begin),
		cmocka_unit_test_setup(stopped_it_gives_back_its_lease_and_closes_all, begin),
		cmocka_unit_test_setup(without_an_address_frames_are_sent_and_with_one_datagrams, begin),
		cmocka_unit_test_setup(one_socket_asks_all_servers, begin),
		cmocka_unit_test_setup(families_ask_their_machines, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
