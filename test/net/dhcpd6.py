# SPDX-License-Identifier: MIT
"""An IPv6 router and DHCPv6 server that misbehave as asked. dhcpd6.py INTERFACE [option=value]...

The router answers each solicitation: ra=0 (it does not), managed=1, router=LIFETIME, prefix=LENGTH, auto=VALID,
preferred=SECONDS, ra-delay=SECONDS, ra-drop=N, ra-twice=1, ra-every=SECONDS (also when nobody asks).
The server: address=, valid=, t1=, t2=, delay=SECONDS, drop=N, twice=1, second=ADDRESS (a second server, which offers this
one), mode= silent, garbage, past-end, other-server, wrong-xid, no-client, no-addresses, no-binding (to the first RENEW).
Prints one line a message.
"""
import select
import socket
import struct
import sys
import time

options = dict(word.split("=", 1) for word in sys.argv[2:])
interface = sys.argv[1]
index = socket.if_nametoindex(interface)
mode = options.get("mode", "")
NAMES = {1: "SOLICIT", 3: "REQUEST", 4: "CONFIRM", 5: "RENEW", 6: "REBIND", 8: "RELEASE", 9: "DECLINE", 11: "INFORMATION"}
counts = {"heard": 0, "solicited": 0, "renewed": 0}


def number(name, default):
    return int(options.get(name, default))


def option(code, value):
    return struct.pack(">HH", code, len(value)) + value


def duid(last):
    return bytes([0, 3, 0, 1, 2, 0, 0, 0, 0, last])


def advertisement():
    valid = number("auto", 3600)
    head = bytes([134, 0, 0, 0, 64, 0x80 if "managed" in options else 0]) + struct.pack(
        ">HII", number("router", 1800), 0, 0)
    flags = 0x80 if "managed" in options else 0xC0
    return head + bytes([3, 4, number("prefix", 64), flags]) + struct.pack(
        ">III", valid, number("preferred", valid), 0) + socket.inet_pton(socket.AF_INET6, options.get("net", "2001:db8::"))


def parse(packet):
    found, at = {}, 4
    while at + 4 <= len(packet):
        code, length = struct.unpack_from(">HH", packet, at)
        found[code] = packet[at + 4:at + 4 + length]
        at += 4 + length
    return found


def reply(kind, packet, asked, address, server):
    xid = bytes(3) if mode == "wrong-xid" else packet[1:4]
    body = bytes([kind]) + xid
    if mode != "no-client":
        body += option(1, asked.get(1, b""))
    body += option(2, duid(server))
    valid = number("valid", 3600)
    if mode == "no-addresses":
        inside = option(13, struct.pack(">H", 2) + b"none left")
    elif mode == "no-binding" and packet[0] == 5 and counts["renewed"] == 1:
        inside = option(13, struct.pack(">H", 3) + b"who?")
    else:
        inside = option(5, socket.inet_pton(socket.AF_INET6, address) + struct.pack(">II", valid, valid))
    if 3 in asked:
        body += option(3, asked[3][:4] + struct.pack(">II", number("t1", 0), number("t2", 0)) + inside)
    if mode == "past-end":
        body += struct.pack(">HH", 23, 500) + b"x"
    return body


def answers(packet, asked):
    kind = 2 if packet[0] == 1 else 7
    if mode == "garbage":
        return [b"", b"\x02", bytes((i * 37 + counts["heard"]) & 255 for i in range(200)), packet[:4] + b"\xff" * 60]
    servers = [(1, options.get("address", "2001:db8::50"))]
    if "second" in options:
        servers.append((2, options["second"]))
    if mode == "other-server" and kind == 7:
        servers = [(9, servers[0][1])]
    elif 2 in asked:
        servers = [(n, address) for n, address in servers if asked[2] == duid(n)]
    return [reply(kind, packet, asked, address, n) for n, address in servers]


router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
router.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                  socket.inet_pton(socket.AF_INET6, "ff02::2") + struct.pack("@I", index))
server_socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
server_socket.bind(("::", 547))
server_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                         socket.inet_pton(socket.AF_INET6, "ff02::1:2") + struct.pack("@I", index))


def advertise():
    for _ in range(2 if "ra-twice" in options else 1):
        router.sendto(advertisement(), ("ff02::1", 0, 0, index))


def solicited():
    packet, _ = router.recvfrom(2000)
    if packet[0] != 133 or options.get("ra") == "0":
        return
    counts["solicited"] += 1
    print("ROUTER", time.monotonic(), flush=True)
    if counts["solicited"] <= number("ra-drop", 0):
        return
    time.sleep(float(options.get("ra-delay", 0)))
    advertise()


def asked_for():
    packet, source = server_socket.recvfrom(2000)
    counts["heard"] += 1
    counts["renewed"] += packet[0] == 5
    print(NAMES.get(packet[0], packet[0]), source[0], time.monotonic(), flush=True)
    if packet[0] == 8 or mode == "silent" or counts["heard"] <= number("drop", 0):
        return
    time.sleep(float(options.get("delay", 0)))
    for answer in answers(packet, parse(packet)):
        for _ in range(2 if "twice" in options else 1):
            server_socket.sendto(answer, source)


print("ready", flush=True)
every = float(options["ra-every"]) if "ra-every" in options else None
while True:
    asking = select.select([router, server_socket], [], [], every)[0]
    for ready in asking:
        solicited() if ready is router else asked_for()
    if not asking:
        advertise()
