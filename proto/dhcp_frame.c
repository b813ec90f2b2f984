/* dhcp_frame.c - IPv4 and UDP headers around DHCP messages (RFC 791, 768, 1071). */
/* SPDX-License-Identifier: MIT */
#include "proto/dhcp_frame.h"

#include "proto/bytes.h"

#define IP_HEADER    20
#define UDP_HEADER   8
#define PROTOCOL_UDP 17

/* RFC 1071: the sum of 16-bit words, odd bytes padded, not yet folded. No frame is long enough to overflow it. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 768: the addresses, the protocol and the UDP length count too. `addresses` is 8 bytes of the IPv4 header. */
static uint16_t udp_checksum(const uint8_t *addresses, const uint8_t *udp, size_t length)
{
	return checksum(add_words(add_words(PROTOCOL_UDP + (uint32_t)length, addresses, 8), udp, length));
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

size_t dhcp_frame_build(const struct dhcp_output *output, uint8_t *frame)
{
	struct writer w = writer_of(frame, DHCP_FRAME_MAX);
	uint16_t udp_length = (uint16_t)(UDP_HEADER + output->length);
	uint16_t sum;

	if (output->length > DHCP_MESSAGE_MAX)
		return 0;
	write_be16(&w, 0x4510); /* version, header of 5 words; low delay, as DHCP has always been sent */
	write_be16(&w, (uint16_t)(IP_HEADER + udp_length));
	write_be32(&w, 0x00004000); /* do not fragment */
	write_be16(&w, 64 << 8 | PROTOCOL_UDP);
	write_be16(&w, 0); /* checksum */
	write_be32(&w, output->source);
	write_be32(&w, output->destination);
	write_be16(&w, DHCP_CLIENT_PORT);
	write_be16(&w, DHCP_SERVER_PORT);
	write_be16(&w, udp_length);
	write_be16(&w, 0); /* checksum */
	write_bytes(&w, output->bytes, output->length);
	put16(frame + 10, checksum(add_words(0, frame, IP_HEADER)));
	sum = udp_checksum(frame + 12, frame + IP_HEADER, udp_length);
	put16(frame + IP_HEADER + 6, sum ? sum : 0xffff); /* 0 would mean "none" */
	return w.used;
}

static const char *parse_udp(struct reader udp, const uint8_t *addresses, bool checksum_ready, const uint8_t **payload,
			     size_t *payload_length)
{
	const uint8_t *start = udp.at;
	size_t available = udp.left, length;
	uint16_t sum, port;

	read_skip(&udp, 2);
	port = read_be16(&udp);
	length = read_be16(&udp);
	sum = read_be16(&udp);
	if (udp.bad || length < UDP_HEADER || length > available)
		return "the UDP length is wrong";
	if (port != DHCP_CLIENT_PORT)
		return "the packet is for another port";
	if (sum && checksum_ready && udp_checksum(addresses, start, length))
		return "the UDP checksum is wrong";
	*payload = start + UDP_HEADER;
	*payload_length = length - UDP_HEADER;
	return NULL;
}

const char *dhcp_frame_parse(const uint8_t *frame, size_t length, bool checksum_ready, const uint8_t **payload,
			     size_t *payload_length)
{
	struct reader r = reader_of(frame, length);
	uint8_t version = read_u8(&r);
	size_t header = (version & 15u) * 4, total;
	uint16_t fragment;
	uint8_t protocol;

	read_skip(&r, 1);
	total = read_be16(&r);
	read_skip(&r, 2);
	fragment = read_be16(&r);
	read_skip(&r, 1);
	protocol = read_u8(&r);
	if (r.bad || version >> 4 != 4 || header < IP_HEADER || total < header || total > length)
		return "the packet is not a whole IPv4 packet";
	if (checksum(add_words(0, frame, header)))
		return "the IPv4 header checksum is wrong";
	if (fragment & 0x3fff)
		return "the packet is a fragment";
	if (protocol != PROTOCOL_UDP)
		return "the packet is not UDP";
	return parse_udp(reader_of(frame + header, total - header), frame + 12, checksum_ready, payload,
			 payload_length);
}
