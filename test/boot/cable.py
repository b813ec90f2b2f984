# SPDX-License-Identifier: MIT
"""A network of our own for one guest: a tap on our end, QEMU's frames on the other, and a cable between that delays, loses or
carries nothing, as it is told. Needs root."""

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time

from rig import run

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_MAX = 65536
WAITING_MAX = 4096  # frames; what comes beyond is lost, as on any cable


class Cable:
    """Whoever makes it, and all children from then on, are in a network namespace that ends with them."""

    interface = "tap0"

    def __init__(self, rig, address, seed):
        self.delay, self.loss, self.cut = 0.0, 0.0, False  # seconds for each way; 0 to 1; nothing passes
        self.random = random.Random(seed)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "a network namespace needs root")
        self.tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH22x", self.interface.encode(), IFF_TAP | IFF_NO_PI))
        for command in ("link set lo up", "addr add %s/24 dev %s" % (address, self.interface),
                        "link set %s up" % self.interface):
            run("ip", *command.split())
        self.guest_path, own_path = rig.path("guest", ".sock"), rig.path("cable", ".sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(own_path)
        self.options = ["-netdev", "dgram,id=n0,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s" %
                        (self.guest_path, own_path), "-device", "virtio-net-pci,netdev=n0,romfile="]
        threading.Thread(target=self.carry, daemon=True).start()

    def deliver(self, to_guest, frame):
        try:
            if to_guest:
                self.socket.sendto(frame, self.guest_path)
            else:
                os.write(self.tap, frame)
        except OSError:
            pass  # nobody is there, or the queue is full

    def frames(self, readable):
        """What has come: whether it goes to the guest, and its bytes."""
        for end in readable:
            try:
                while True:
                    yield end is self.tap, os.read(self.tap, FRAME_MAX) if end is self.tap else self.socket.recv(FRAME_MAX)
            except OSError:
                pass  # no more

    def carry(self):
        waiting, number = [], 0  # (when, in which order, to whom, what)
        while True:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                self.deliver(*heapq.heappop(waiting)[2:])
            readable, _, _ = select.select([self.tap, self.socket], [], [], waiting[0][0] - now if waiting else None)
            for to_guest, frame in self.frames(readable):
                if self.cut or self.random.random() < self.loss or len(waiting) >= WAITING_MAX:
                    continue
                number += 1
                if not self.delay and not waiting:
                    self.deliver(to_guest, frame)
                else:
                    heapq.heappush(waiting, (time.monotonic() + self.delay, number, to_guest, frame))
