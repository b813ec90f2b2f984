/* wire.c - see wire.h. */
/* SPDX-License-Identifier: MIT */
#include "session/wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "proto/bytes.h"
#include "proto/pdu.h"

void wire_start(struct wire *wire, int fd)
{
	wire->fd = fd;
	wire->in_used = wire->out_used = wire->out_sent = 0;
}

static bool is_sending(const struct wire *wire)
{
	return wire->out_sent < wire->out_used;
}

int wire_flush(struct wire *wire)
{
	ssize_t n;

	if (!is_sending(wire))
		return 0;
	n = send(wire->fd, wire->out + wire->out_sent, wire->out_used - wire->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		wire->out_sent += (size_t)n;
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int wire_send(struct wire *wire, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data, size_t length)
{
	struct writer w = writer_of(wire->out, sizeof(wire->out));

	write_bytes(&w, bhs, ISCSI_BHS_BYTES);
	write_bytes(&w, data, length);
	write_zeros(&w, pdu_padded(length) - length);
	if (w.bad)
		return -EMSGSIZE;
	wire->out_used = w.used;
	wire->out_sent = 0;
	return wire_flush(wire);
}

/* Reads until so many bytes of the PDU are there. 1: they are; 0: not yet; or -errno. */
static int receive_up_to(struct wire *wire, size_t whole)
{
	ssize_t n;

	if (wire->in_used >= whole)
		return 1;
	n = recv(wire->fd, wire->in + wire->in_used, whole - wire->in_used, MSG_DONTWAIT);
	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	wire->in_used += (size_t)n;
	return wire->in_used >= whole;
}

int wire_receive(struct wire *wire, const uint8_t **bhs, const uint8_t **data, size_t *length)
{
	int result = receive_up_to(wire, ISCSI_BHS_BYTES);

	if (result < 1)
		return result;
	*bhs = wire->in;
	*data = wire->in + ISCSI_BHS_BYTES;
	*length = pdu_data_length(wire->in);
	if (wire->in[4] || *length > LOGIN_DATA_MAX)
		return -EMSGSIZE;
	result = receive_up_to(wire, ISCSI_BHS_BYTES + pdu_padded(*length));
	if (result == 1)
		wire->in_used = 0;
	return result;
}

struct pollfd wire_pollfd(const struct wire *wire)
{
	return (struct pollfd){.fd = wire->fd, .events = is_sending(wire) ? POLLOUT : POLLIN};
}
