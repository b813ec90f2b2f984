# SPDX-License-Identifier: MIT
"""A target whose portal is ours: every PDU passes through here, and what a test wants to slip in, break or send elsewhere."""

import os
import socket
import struct
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "target"))
from rig import HOST, Target  # noqa: E402
from target import Closed, Peer  # noqa: E402

ASYNC, LOGOUT_REQUEST = 0x32, 0x06
REQUEST_LOGOUT, DROPS_CONNECTION, DROPS_ALL, NEGOTIATE, OF_VENDOR = 1, 2, 3, 4, 255
WITH_STATSN = (0x20, 0x21, 0x23, 0x25)  # their StatSN is always meant
MOVED_FOR_NOW = 0x0101


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class Link:
    """One connection of the guest's and the one to the target that belongs to it."""

    def __init__(self, guest, target, opcodes, change):
        self.guest, self.target, self.opcodes, self.change = guest, target, opcodes, change
        self.lock = threading.Lock()
        self.numbers = b"\0" * 12
        self.ended = False
        for one, other, from_target in ((guest, target, False), (target, guest, True)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.carry, args=(one, other, from_target), daemon=True).start()

    def carry(self, source, destination, from_target):
        try:
            while True:
                header = bytearray(read_exactly(source, 48))  # change() may write into it
                length = int.from_bytes(header[5:8], "big")
                data = read_exactly(source, header[4] * 4 + length + (-length & 3))
                opcode = header[0] & 0x3F
                data = self.change(header, data, from_target)
                if data is None:
                    continue
                with self.lock:
                    if from_target and opcode in WITH_STATSN:
                        self.numbers = header[24:36]
                    if not from_target:
                        self.opcodes.append(opcode)
                    destination.sendall(header + data)
        except OSError:
            pass
        self.end()

    def end(self):
        self.ended = True
        for one in (self.guest, self.target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Between(Target):
    """The portal's address for the guest is host; its second port is where the first sends logins while .redirects is set."""

    host, listen_on = HOST, "127.0.0.1"

    def __init__(self, rig, luns, **options):
        self.listeners = [socket.create_server((self.listen_on, 0)) for _ in range(2)]
        self.redirects, self.links, self.opcodes = False, [], []
        super().__init__(rig, luns, **options)
        for listener in self.listeners:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def portal(self, number=0):
        return "%s:%d" % (self.host, self.listeners[number].getsockname()[1])

    def change(self, header, data, from_target):
        """The data of a PDU as the other side gets it, with this header. None: it does not get it."""
        return data

    def send_on(self, guest):
        try:
            peer = Peer(guest, 0, 0)
            peer.answer(peer.read(), {"TargetAddress": self.portal(1)}, status=MOVED_FOR_NOW)
            peer.wait_for_the_end()
        except Closed:
            pass
        guest.close()

    def accept(self, listener):
        while True:
            guest, _ = listener.accept()
            if self.redirects and listener is self.listeners[0]:
                threading.Thread(target=self.send_on, args=(guest,), daemon=True).start()
                continue
            try:
                target = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                guest.close()
                continue
            self.links = [link for link in self.links if not link.ended] + [Link(guest, target, self.opcodes, self.change)]

    def say(self, event, count=1, ends=False):
        """Async Messages, with the StatSN of the last answer: the numbers that follow stay right. ends: and nothing more."""
        link = [link for link in self.links if not link.ended][-1]  # that of a proof has come and gone
        header = struct.pack(">BBH4x8sI4x", ASYNC, 0x80, 0, b"\xff" * 8, 0xFFFFFFFF)
        with link.lock:
            link.guest.sendall((header + link.numbers + struct.pack(">BBHHH4x", event, 0, 0, 0, 5)) * count)
            if ends:
                link.guest.shutdown(socket.SHUT_RDWR)

    def flood(self, count):
        """So many Async Messages that ask for nothing, as fast as they go, and then the end of the connection."""
        link = self.links[-1]
        header = struct.pack(">BBH4x8sI4x", ASYNC, 0x80, 0, b"\xff" * 8, 0xFFFFFFFF)
        message = header + link.numbers + struct.pack(">BBHHH4x", OF_VENDOR, 0, 0, 0, 5)
        with link.lock:
            link.guest.sendall(message * count)
            link.guest.shutdown(socket.SHUT_RDWR)

    def drop(self):
        """Ends every connection, from the middle."""
        for link in self.links:
            link.end()
