# SPDX-License-Identifier: MIT
"""A DHCPv4 server that misbehaves as asked. dhcpd.py INTERFACE [option=value]...

address=, server=, router=, lease=SECONDS, delay=SECONDS before each answer, drop=N (the first N messages are not
answered), twice=1 (each answer is sent twice), mode= silent, garbage, past-end, other-server, nak, nak-once,
zero-address, wrong-xid, no-server, wander (each offer is of another address, renewals are refused), mtu=,
renumber=ADDRESS (after a DECLINE), mask-later=MASK (after the first acknowledgement). Prints one line a message.
"""
import socket
import struct
import sys
import time

options = dict(word.split("=", 1) for word in sys.argv[2:])
interface = sys.argv[1]
mode = options.get("mode", "")
NAMES = {1: "DISCOVER", 3: "REQUEST", 4: "DECLINE", 7: "RELEASE", 8: "INFORM"}


def quad(text):
    return socket.inet_aton(text)


def parse(packet):
    found, at = {}, 240
    while at + 1 < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        found[packet[at]] = packet[at + 2:at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return found


def option(code, value):
    return bytes([code, len(value)]) + value


def reply(packet, kind, address, server):
    xid = packet[4:8] if mode != "wrong-xid" else bytes(4)
    head = bytes([2, 1, 6, 0]) + xid + bytes(4) + bytes(4) + quad(address) + bytes(8) + packet[28:44] + bytes(192)
    body = option(53, bytes([kind]))
    if mode != "no-server":
        body += option(54, quad(server))
    if kind != 6:
        body += option(1, quad(options["mask-later"] if acknowledged and "mask-later" in options else "255.255.255.0")) + option(51, struct.pack(">I", int(options.get("lease", 3600))))
        if "router" in options:
            body += option(3, quad(options["router"]))
        if "mtu" in options:
            body += option(26, struct.pack(">H", int(options["mtu"])))
    if mode == "past-end":
        return head + b"\x63\x82\x53\x63" + body + bytes([17, 200]) + b"iscsi:"
    return head + b"\x63\x82\x53\x63" + body + b"\xff"


server_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
server_socket.bind(("", 67))
print("ready", flush=True)
address = options.get("address", "192.0.2.50")
server = options.get("server", "192.0.2.1")
heard = naks = acknowledged = 0
while True:
    packet, source = server_socket.recvfrom(2000)
    asked = parse(packet)
    kind = asked.get(53, b"\0")[0]
    heard += 1
    print(NAMES.get(kind, kind), source[0], time.monotonic(), flush=True)
    if kind == 4 and "renumber" in options:
        address = options["renumber"]
    if kind not in (1, 3) or mode == "silent" or heard <= int(options.get("drop", 0)):
        continue
    if kind == 3 and 54 in asked and asked[54] != quad(server):
        continue
    time.sleep(float(options.get("delay", 0)))
    if mode == "wander" and acknowledged and kind == 1:
        address = f"192.0.2.{100 + heard % 100}"
    if mode == "garbage":
        answer = bytes((i * 37 + heard) & 255 for i in range(300))
    elif kind == 3 and (mode == "nak" or (mode == "wander" and 54 not in asked) or (mode == "nak-once" and not naks)):
        naks += 1
        answer = reply(packet, 6, "0.0.0.0", server)
    elif mode == "zero-address":
        answer = reply(packet, 2 if kind == 1 else 5, "0.0.0.0", server)
    elif mode == "other-server":
        answer = reply(packet, 2 if kind == 1 else 5, address, server if kind == 1 else "192.0.2.77")
    else:
        answer = reply(packet, 2 if kind == 1 else 5, address, server)
        acknowledged += kind == 3
    target = source[0] if source[0] != "0.0.0.0" else "255.255.255.255"
    for _ in range(2 if "twice" in options else 1):
        try:
            server_socket.sendto(answer, (target, 68))
        except OSError as error:
            print("send", error, flush=True)
