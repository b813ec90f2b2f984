/* PDUs over a stream: cut anywhere, too long, with an additional header, into a socket that takes no more. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/wire.h"

static struct wire wire;
static int ends[2]; /* ours, the peer's */
static bool drips;  /* one byte goes at a time */

/* In the place of the C library's. */
ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	return sendto(fd, bytes, drips && length ? 1 : length, flags, NULL, 0);
}

static int begin(void **state)
{
	(void)state;
	wire_start(&wire, -1);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	wire_start(&wire, ends[0]);
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static const uint8_t pdu[48 + 8] = {0x23, 0x80, [7] = 5, [48] = 'h', 'e', 'l', 'l', 'o'};

static void pdu_is_read_wherever_it_is_cut(void **state)
{
	const uint8_t *bhs, *data;
	size_t length;

	(void)state;
	for (size_t cut = 0; cut < sizeof(pdu); cut++) {
		assert_int_equal(send(ends[1], pdu, cut, 0), cut);
		assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 0);
		assert_int_equal(send(ends[1], pdu + cut, sizeof(pdu) - cut, 0), sizeof(pdu) - cut);
		assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 1);
		assert_memory_equal(bhs, pdu, 48);
		assert_int_equal(length, 5);
		assert_memory_equal(data, "hello", 5);
	}
}

static void one_pdu_is_read_at_a_time(void **state)
{
	static const uint8_t empty[48] = {0x24};
	const uint8_t *bhs, *data;
	size_t length;

	(void)state;
	assert_int_equal(send(ends[1], pdu, sizeof(pdu), 0), sizeof(pdu));
	assert_int_equal(send(ends[1], empty, sizeof(empty), 0), sizeof(empty));
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 1);
	assert_int_equal(bhs[0], 0x23);
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 1);
	assert_int_equal(bhs[0], 0x24);
	assert_int_equal(length, 0);
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 0);
}

static int receive_header(uint8_t ahs, uint32_t bytes, size_t *length)
{
	uint8_t header[48] = {
		0x23, [4] = ahs, [5] = (uint8_t)(bytes >> 16), [6] = (uint8_t)(bytes >> 8), [7] = (uint8_t)bytes};
	const uint8_t *bhs, *data;

	wire_start(&wire, ends[0]);
	assert_int_equal(send(ends[1], header, sizeof(header), 0), sizeof(header));
	return wire_receive(&wire, &bhs, &data, length);
}

static void too_much_data_and_additional_headers_are_refused(void **state)
{
	size_t length;

	(void)state;
	assert_int_equal(receive_header(0, LOGIN_DATA_MAX, &length), 0);
	assert_int_equal(receive_header(0, LOGIN_DATA_MAX + 1, &length), -EMSGSIZE);
	assert_int_equal(length, LOGIN_DATA_MAX + 1);
	assert_int_equal(receive_header(1, 0, &length), -EMSGSIZE);
	assert_int_equal(receive_header(0, 0xffffff, &length), -EMSGSIZE);
}

static void peer_that_closes_is_told_from_silence(void **state)
{
	const uint8_t *bhs, *data;
	size_t length;

	(void)state;
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 0);
	assert_int_equal(shutdown(ends[1], SHUT_RDWR), 0);
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), -EPIPE);
	assert_int_equal(wire_send(&wire, pdu, NULL, 0), -EPIPE);
	wire_start(&wire, -1);
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), -EBADF);
}

static void what_is_sent_is_padded(void **state)
{
	uint8_t got[sizeof(pdu) + 1];

	(void)state;
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
	assert_int_equal(wire_send(&wire, pdu, (const uint8_t *)"hello", 5), 0);
	assert_int_equal(recv(ends[1], got, sizeof(got), MSG_DONTWAIT), sizeof(pdu));
	assert_memory_equal(got, pdu, sizeof(pdu));
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
	assert_int_equal(wire_pollfd(&wire).fd, ends[0]);
	assert_int_equal(wire_send(&wire, pdu, wire.in, WIRE_BYTES - 47), -EMSGSIZE);
}

static void full_socket_gets_the_rest_later(void **state)
{
	static uint8_t filler[1 << 16], got[1 << 16];
	uint8_t data[1000], sum[2] = {0, 0};
	ssize_t n;

	(void)state;
	while (send(ends[0], filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	while (send(ends[0], filler, 1, MSG_DONTWAIT) > 0)
		;
	memset(data, 'd', sizeof(data));
	assert_int_equal(wire_send(&wire, pdu, data, sizeof(data)), 0);
	assert_int_equal(wire_pollfd(&wire).events, POLLOUT);
	assert_int_equal(wire_flush(&wire), 0);
	assert_int_equal(wire_pollfd(&wire).events, POLLOUT);
	while (recv(ends[1], got, sizeof(got), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(wire_flush(&wire), 0);
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
	n = recv(ends[1], got, sizeof(got), MSG_DONTWAIT);
	assert_int_equal(n, 48 + 1000);
	assert_memory_equal(got, pdu, 48);
	assert_memory_equal(got + 48, data, sizeof(data));
	assert_int_equal(wire_flush(&wire), 0); /* nothing is left: nothing is sent */
	assert_int_equal(recv(ends[1], sum, 1, MSG_DONTWAIT), -1);
}

static void long_pdu_goes_piece_by_piece(void **state)
{
	static uint8_t data[LOGIN_DATA_MAX], got[WIRE_BYTES];
	int small = 1;
	size_t used = 0;

	(void)state;
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(wire_send(&wire, pdu, data, sizeof(data)), 0);
	assert_int_equal(wire_pollfd(&wire).events, POLLOUT);
	while (used < 48 + sizeof(data)) {
		ssize_t n = recv(ends[1], got + used, sizeof(got) - used, 0);

		assert_true(n > 0);
		used += (size_t)n;
		assert_int_equal(wire_flush(&wire), 0);
	}
	assert_int_equal(used, 48 + sizeof(data));
	assert_memory_equal(got + 48, data, sizeof(data));
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
}

/* The PDU from above with both digests, as another program computes them. */
static const uint8_t digested[48 + 4 + 8 + 4] = {0x23, 0x80, [7] = 5, [48] = 0x03, 0x89, 0x7e, 0xf2, 'h',  'e', 'l',
						 'l',  'o',  0,       0,           0,    0xb3, 0xed, 0x03, 0x90};

static void digests_are_computed_and_compared(void **state)
{
	const uint8_t *bhs, *data;
	uint8_t got[sizeof(digested)], wrong[sizeof(digested)];
	size_t length;

	(void)state;
	wire.header_digest = wire.data_digest = true;
	assert_int_equal(wire_send(&wire, pdu, (const uint8_t *)"hello", 5), 0);
	assert_int_equal(recv(ends[1], got, sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, digested, sizeof(got));
	for (size_t cut = 0; cut <= sizeof(digested); cut++) {
		assert_int_equal(send(ends[1], digested, cut, 0), cut);
		assert_int_equal(wire_receive(&wire, &bhs, &data, &length), cut == sizeof(digested));
		if (cut == sizeof(digested))
			break;
		assert_int_equal(send(ends[1], digested + cut, sizeof(digested) - cut, 0), sizeof(digested) - cut);
		assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 1);
		assert_int_equal(length, 5);
		assert_memory_equal(data, "hello", 5);
	}
	for (size_t i = 0; i < sizeof(wrong); i++) {
		if (i == 4 || i == 5 || i == 6 || i == 7)
			continue; /* lengths */
		memcpy(wrong, digested, sizeof(wrong));
		wrong[i] ^= 0x10;
		wire.in_used = 0;
		assert_int_equal(send(ends[1], wrong, sizeof(wrong), 0), sizeof(wrong));
		assert_int_equal(wire_receive(&wire, &bhs, &data, &length), -EBADMSG);
		(void)recv(ends[0], wrong, sizeof(wrong), MSG_DONTWAIT);
	}
}

static void pdu_without_data_has_no_data_digest(void **state)
{
	const uint8_t *bhs, *data;
	uint8_t empty[48] = {0x24}, got[64];
	size_t length;

	(void)state;
	wire.data_digest = true;
	assert_int_equal(wire_send(&wire, empty, NULL, 0), 0);
	assert_int_equal(recv(ends[1], got, sizeof(got), 0), 48);
	assert_int_equal(send(ends[1], empty, sizeof(empty), 0), sizeof(empty));
	assert_int_equal(wire_receive(&wire, &bhs, &data, &length), 1);
	assert_int_equal(length, 0);
}

static void what_was_left_to_send_is_forgotten_with_the_connection(void **state)
{
	(void)state;
	wire.out_used = 10;
	wire.out_sent = 3;
	assert_int_equal(wire_pollfd(&wire).events, POLLOUT);
	wire_start(&wire, ends[0]);
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
	assert_int_equal(wire.out_sent, 0);
}

static void room_is_a_header_with_its_digest(void **state)
{
	(void)state;
	wire.out_used = WIRE_BYTES - 52;
	assert_true(wire_has_room(&wire));
	wire.out_used++;
	assert_false(wire_has_room(&wire));
	wire.out_sent = wire.out_used;
	assert_true(wire_has_room(&wire));
}

static void each_byte_goes_once(void **state)
{
	uint8_t came[sizeof(pdu)];

	(void)state;
	drips = true;
	assert_int_equal(wire_send(&wire, pdu, pdu + 48, 5), 0);
	for (size_t i = 0; i < sizeof(pdu) && wire_pollfd(&wire).events == POLLOUT; i++)
		assert_int_equal(wire_flush(&wire), 0);
	drips = false;
	assert_int_equal(wire_pollfd(&wire).events, POLLIN);
	assert_int_equal(recv(ends[1], came, sizeof(came), MSG_DONTWAIT), sizeof(pdu));
	assert_memory_equal(came, pdu, sizeof(pdu));
	assert_int_equal(recv(ends[1], came, sizeof(came), MSG_DONTWAIT), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pdu_is_read_wherever_it_is_cut, begin, end),
		cmocka_unit_test_setup_teardown(one_pdu_is_read_at_a_time, begin, end),
		cmocka_unit_test_setup_teardown(too_much_data_and_additional_headers_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(peer_that_closes_is_told_from_silence, begin, end),
		cmocka_unit_test_setup_teardown(what_is_sent_is_padded, begin, end),
		cmocka_unit_test_setup_teardown(long_pdu_goes_piece_by_piece, begin, end),
		cmocka_unit_test_setup_teardown(digests_are_computed_and_compared, begin, end),
		cmocka_unit_test_setup_teardown(pdu_without_data_has_no_data_digest, begin, end),
		cmocka_unit_test_setup_teardown(what_was_left_to_send_is_forgotten_with_the_connection, begin, end),
		cmocka_unit_test_setup_teardown(room_is_a_header_with_its_digest, begin, end),
		cmocka_unit_test_setup_teardown(full_socket_gets_the_rest_later, begin, end),
		cmocka_unit_test_setup_teardown(each_byte_goes_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
