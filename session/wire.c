/* wire.c - see wire.h. */
/* SPDX-License-Identifier: MIT */
#include "session/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/bytes.h"
#include "proto/pdu.h"

void wire_start(struct wire *wire, int fd)
{
	wire->fd = fd;
	wire->header_digest = wire->data_digest = false;
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

bool wire_has_room(const struct wire *wire)
{
	return !is_sending(wire) || sizeof(wire->out) - wire->out_used >= ISCSI_BHS_BYTES + CRC32C_BYTES;
}

static void write_digest(struct writer *w, size_t from)
{
	uint8_t digest[CRC32C_BYTES];

	crc32c_write(w->start + from, w->used - from, digest);
	write_bytes(w, digest, sizeof(digest));
}

int wire_send(struct wire *wire, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data, size_t length)
{
	struct writer w = writer_of(wire->out, sizeof(wire->out));
	size_t body;

	if (!is_sending(wire))
		wire->out_used = wire->out_sent = 0;
	w.used = wire->out_used;
	write_bytes(&w, bhs, ISCSI_BHS_BYTES);
	if (wire->header_digest)
		write_digest(&w, wire->out_used);
	body = w.used;
	write_bytes(&w, data, length);
	write_zeros(&w, pdu_padded(length) - length);
	if (wire->data_digest && length)
		write_digest(&w, body);
	if (w.bad)
		return -EMSGSIZE;
	wire->out_used = w.used;
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

static bool is_intact(const uint8_t *bytes, size_t length)
{
	uint8_t digest[CRC32C_BYTES];

	crc32c_write(bytes, length, digest);
	return !memcmp(digest, bytes + length, sizeof(digest));
}

int wire_receive(struct wire *wire, const uint8_t **bhs, const uint8_t **data, size_t *length)
{
	size_t header = ISCSI_BHS_BYTES + (wire->header_digest ? CRC32C_BYTES : 0), body;
	bool has_digest;
	int result = receive_up_to(wire, header);

	if (result < 1)
		return result;
	if (wire->header_digest && !is_intact(wire->in, ISCSI_BHS_BYTES))
		return -EBADMSG;
	*bhs = wire->in;
	*data = wire->in + header;
	*length = pdu_data_length(wire->in);
	if (wire->in[4] || *length > LOGIN_DATA_MAX)
		return -EMSGSIZE;
	body = pdu_padded(*length);
	has_digest = wire->data_digest && *length;
	result = receive_up_to(wire, header + body + (has_digest ? CRC32C_BYTES : 0));
	if (result < 1)
		return result;
	if (has_digest && !is_intact(*data, body))
		return -EBADMSG;
	wire->in_used = 0;
	return 1;
}

struct pollfd wire_pollfd(const struct wire *wire)
{
	return (struct pollfd){.fd = wire->fd, .events = is_sending(wire) ? POLLOUT : POLLIN};
}
