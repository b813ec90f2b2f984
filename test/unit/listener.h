/* listener.h - a test as the portal: a port of 127.0.0.1, who connects to it, and the PDUs that come. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_LISTENER_H
#define TEST_LISTENER_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/pdu.h"

struct heard {
	uint8_t bhs[48];
	char data[8193]; /* ended with a NUL */
	size_t length;
};

static inline int listener_open(int backlog, uint16_t *port)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&here, size), 0);
	assert_int_equal(listen(listener, backlog), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &size), 0);
	*port = ntohs(here.sin_port);
	return listener;
}

/* The next connection, in the place of peer (-1: none). */
static inline int listener_take(int listener, int peer)
{
	const struct timeval patience = {.tv_sec = 5};

	if (peer >= 0)
		(void)close(peer);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return peer;
}

static inline void listener_hear(int peer, struct heard *heard)
{
	size_t padded;

	assert_int_equal(recv(peer, heard->bhs, 48, MSG_WAITALL), 48);
	heard->length = pdu_data_length(heard->bhs);
	padded = pdu_padded(heard->length);
	assert_true(padded < sizeof(heard->data));
	if (padded)
		assert_int_equal(recv(peer, heard->data, padded, MSG_WAITALL), padded);
	heard->data[heard->length] = '\0';
}

#endif
