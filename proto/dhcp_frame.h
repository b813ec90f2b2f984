/* dhcp_frame.h - the IPv4 and UDP headers around a DHCP message, for packet sockets (AF_PACKET, SOCK_DGRAM, ETH_P_IP).
 *
 * An interface without an address cannot use an ordinary UDP socket. Owns the two headers (RFC 791, 768) and their
 * checksums; the link header is the kernel's.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PROTO_DHCP_FRAME_H
#define PROTO_DHCP_FRAME_H

#include "proto/dhcp.h"

#define DHCP_FRAME_MAX (DHCP_MESSAGE_MAX + 28)

/* Writes headers and message to frame[DHCP_FRAME_MAX]; returns the frame's length, 0 when the message is too long. */
size_t dhcp_frame_build(const struct dhcp_output *output, uint8_t *frame);

/* Finds the UDP payload in a received IPv4 packet for port 68. `checksum_ready` is false where PACKET_AUXDATA has
 * TP_STATUS_CSUMNOTREADY: a sender on this machine left the UDP checksum to hardware. Returns NULL where there is a
 * payload, else why not. */
const char *dhcp_frame_parse(const uint8_t *frame, size_t length, bool checksum_ready, const uint8_t **payload,
			     size_t *payload_length);

#endif
