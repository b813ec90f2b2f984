#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that asks for a logout or announces that it drops the connection (RFC 7143 11.9): the session leaves, comes
again, and no byte is lost. Something between guest and target slips the Async Messages in."""

import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import HOST, Kernel, Rig, Target  # noqa: E402

ASYNC, LOGOUT_REQUEST = 0x32, 0x06
REQUEST_LOGOUT, DROPS_CONNECTION, DROPS_ALL = 1, 2, 3
WITH_STATSN = (0x20, 0x21, 0x23, 0x25)  # their StatSN is always meant


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class Between(Target):
    """A target whose portal is ours: every PDU passes through here."""

    def __init__(self, rig, luns):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.lock = threading.Lock()
        self.numbers, self.guest, self.opcodes = b"\0" * 12, None, []
        super().__init__(rig, luns)
        threading.Thread(target=self.accept, daemon=True).start()

    def portal(self):
        return "%s:%d" % (HOST, self.listener.getsockname()[1])

    def accept(self):
        while True:
            guest, _ = self.listener.accept()
            try:
                target = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                guest.close()
                continue
            self.guest = guest
            for one, other, from_target in ((guest, target, False), (target, guest, True)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(one, other, from_target), daemon=True).start()

    def carry(self, source, destination, from_target):
        try:
            while True:
                header = read_exactly(source, 48)
                length = int.from_bytes(header[5:8], "big")
                data = read_exactly(source, header[4] * 4 + length + (-length & 3))
                opcode = header[0] & 0x3F
                with self.lock:
                    if from_target and opcode in WITH_STATSN:
                        self.numbers = header[24:36]
                    if not from_target:
                        self.opcodes.append(opcode)
                    destination.sendall(header + data)
        except OSError:
            pass
        for one in (source, destination):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def say(self, event):
        """One Async Message, with the StatSN of the last answer: the numbers that follow stay right."""
        header = struct.pack(">BBH4x8sI4x", ASYNC, 0x80, 0, b"\xff" * 8, 0xFFFFFFFF)
        with self.lock:
            self.guest.sendall(header + self.numbers + struct.pack(">BBHHH4x", event, 0, 0, 0, 5))

    def flood(self, count):
        """So many Async Messages as fast as they go, and then the end of the connection."""
        header = struct.pack(">BBH4x8sI4x", ASYNC, 0x80, 0, b"\xff" * 8, 0xFFFFFFFF)
        message = header + self.numbers + struct.pack(">BBHHH4x", 4, 0, 0, 0, 5)
        with self.lock:
            self.guest.sendall(message * count)
            self.guest.shutdown(socket.SHUT_RDWR)


with Rig() as rig:
    cloud = Kernel("6.1-cloud-amd64")
    lab = Lab(rig, cloud, rig.initrd(cloud), target=lambda disk: Between(rig, {1: disk}))
    lab.start_writer()
    for turn in range(2):
        lab.target.opcodes.clear()
        lab.target.say(REQUEST_LOGOUT)
        lab.expect("lost .*the target asked for a logout", "a logout that the target asks for is noticed")
        lab.expect("is back at", "and the session comes again")
        rig.ok(LOGOUT_REQUEST in lab.target.opcodes, "after a Logout Request that told the target so")
        rig.check(lab.guest, lab.wrote(2), "files are written again")
    for event, name in ((DROPS_CONNECTION, "the connection"), (DROPS_ALL, "every connection")):
        lab.target.opcodes.clear()
        lab.target.say(event)
        lab.expect("lost .*announced that it drops the connection", "a target that says it drops %s is left" % name)
        lab.expect("is back at", "and the session comes again")
        rig.check(lab.guest, lab.wrote(2), "files are written again")
    lab.target.say(4)  # asks for negotiation, which we need not
    time.sleep(0.5)
    rig.check(lab.guest, lab.wrote(2), "an Async Message that asks for nothing vital changes nothing")
    before = len(re.findall("event=back", lab.guest.console))
    spent = lab.shell("cut -d ' ' -f 1 /proc/$(resident)/schedstat") or "0"
    lab.target.flood(6000)
    rig.check(lab.guest, len(re.findall("event=back", lab.guest.console)) > before or lab.guest.expect("event=back", 60),
              "6000 Async Messages hide no lost connection")
    rig.check(lab.guest, lab.wrote(2), "files are written again")
    spent = int(lab.shell("cut -d ' ' -f 1 /proc/$(resident)/schedstat") or 0) - int(spent)
    rig.ok(0 < spent < 2e9, "and cost less than two seconds of the processor (%d ms)" % (spent / 1e6))
    lab.verify("asked to leave, and dropped")
