/* wire.h - whole PDUs over a TCP socket of our own, for what the kernel has no part in. No additional headers, at most
 * LOGIN_DATA_MAX bytes of data either way: that is what such a session offers. Digests from the end of the login on, where
 * they were negotiated. The socket belongs to the caller.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_WIRE_H
#define SESSION_WIRE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "login/state.h"
#include "proto/crc32c.h"
#include "proto/iscsi_abi.h"

#define WIRE_BYTES (ISCSI_BHS_BYTES + LOGIN_DATA_MAX + 4 + 2 * CRC32C_BYTES)

struct wire {
	int fd;
	bool header_digest, data_digest; /* CRC32C behind each header, and behind data */
	size_t in_used, out_used, out_sent;
	uint8_t in[WIRE_BYTES];
	uint8_t out[WIRE_BYTES];
};

/* fd: connected and non-blocking. */
void wire_start(struct wire *wire, int fd);

/* Begins to send a PDU, behind what is left of those before it; the rest goes with wire_flush. 0; -EMSGSIZE: there is no room
   for it now; or -errno: the connection broke. */
int wire_send(struct wire *wire, const uint8_t bhs[ISCSI_BHS_BYTES], const uint8_t *data, size_t length);

/* Is there room for another PDU without data? */
bool wire_has_room(const struct wire *wire);

/* When the socket can be written to. 0 or -errno. */
int wire_flush(struct wire *wire);

/* When the socket can be read. 1: *bhs and *data are a whole PDU, its data *length bytes, until the next call. 0: not yet.
   -EPIPE: the peer closed the connection. -EMSGSIZE: the PDU has an additional header or too much data; then *bhs is its
   header. -EBADMSG: a digest is wrong. Else -errno. */
int wire_receive(struct wire *wire, const uint8_t **bhs, const uint8_t **data, size_t *length);

/* Waits to send what is left, else to receive. */
struct pollfd wire_pollfd(const struct wire *wire);

#endif
