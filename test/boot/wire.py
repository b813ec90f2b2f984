# SPDX-License-Identifier: MIT
"""iSCSI on the wire, from a capture of a guest's network device: how many PDUs carried digests, and were they right?

A digest is four more bytes behind a header, or behind its data, with their CRC32C (RFC 7143 6.7 and 12.1). Login PDUs never
have them. Where a digest is looked for and is not, nothing fits: then no PDU counts.
"""

import struct

CRC32C = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    CRC32C.append(number)
LOGIN_REQUEST, LOGIN_RESPONSE = 0x03, 0x23
BYTES_MAX = 4 << 20  # of each direction: the rest of a long session is left out


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 255] ^ crc >> 8
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def segments(path, port):
    """(source port, destination port, flags, sequence number, payload) of TCP over IPv4 or IPv6, to or from the port."""
    for frame in frames(path):
        if frame[12:14] == b"\x08\x00" and frame[23] == 6:
            tcp, end = 14 + (frame[14] & 15) * 4, 14 + int.from_bytes(frame[16:18], "big")
        elif frame[12:14] == b"\x86\xdd" and frame[20] == 6:
            tcp, end = 54, 54 + int.from_bytes(frame[18:20], "big")
        else:
            continue
        source, destination, sequence = struct.unpack(">HHI", frame[tcp:tcp + 8])
        if port in (source, destination):
            yield source, destination, frame[tcp + 13], sequence, frame[tcp + (frame[tcp + 12] >> 4) * 4:end]


def streams(path, port):
    """The bytes of each direction of each connection: [(from the target, bytes)], in the order of their first segments."""
    found, current = [], {}
    for source, destination, flags, sequence, payload in segments(path, port):
        name = (source, destination)
        if flags & 2 and (name not in current or current[name][0]["next"] != (sequence + 1) & 0xFFFFFFFF):
            current[name] = ({"next": (sequence + 1) & 0xFFFFFFFF, "waiting": {}}, bytearray())
            found.append((source == port, current[name][1]))
        if name not in current:
            continue
        state, data = current[name]
        if payload:
            state["waiting"][sequence] = payload
        while state["next"] in state["waiting"] and len(data) < BYTES_MAX:
            part = state["waiting"].pop(state["next"])
            data += part
            state["next"] = (state["next"] + len(part)) & 0xFFFFFFFF
    return found


def count(data, header_digest, data_digest):
    """(PDUs after the login, right header digests, data segments, right data digests) of one direction, read as if these
    digests were on. Ends where the bytes make no sense any more."""
    pdus = headers = parts = right = at = 0
    while at + 48 <= len(data):
        header = bytes(data[at:at + 48])
        login = header[0] & 0x3F in (LOGIN_REQUEST, LOGIN_RESPONSE)
        with_header, with_data = header_digest and not login, data_digest and not login
        length = int.from_bytes(header[5:8], "big")
        start = at + 48 + header[4] * 4 + 4 * with_header
        end = start + (length + 3) // 4 * 4
        if end + 4 * (with_data and length > 0) > len(data):
            break
        if with_header and crc32c(data[at:start - 4]) != bytes(data[start - 4:start]):
            break
        pdus += not login
        headers += with_header
        if length and not login:
            parts += 1
            right += with_data and crc32c(data[start:end]) == bytes(data[end:end + 4])
        at = end + 4 * (with_data and length > 0)
    return pdus, headers, parts, right


def digests(path, port, header_digest=True, data_digest=True):
    """count() of both directions of the port's connections together: (from the initiator, from the target)."""
    sums = [[0, 0, 0, 0], [0, 0, 0, 0]]
    for from_target, data in streams(path, port):
        counted = count(data, header_digest, data_digest)
        sums[from_target] = [before + now for before, now in zip(sums[from_target], counted)]
    return tuple(sums[0]), tuple(sums[1])
