# SPDX-License-Identifier: MIT
"""A switch between a guest's card and QEMU's user network, which knows no VLANs."""

import socket
import struct
import threading

MAC = "52:54:00:12:34:56"


class Switch(threading.Thread):
    """Between the guest's card and the user network: what comes from the guest must be tagged, the network sees no tag."""

    def __init__(self, rig, vlan):
        super().__init__(daemon=True)
        self.tag = struct.pack(">HH", 0x8100, vlan)
        self.ends = []
        self.paths = []
        for _ in range(2):
            ours, theirs = rig.path("switch", ""), rig.path("switch", "")
            end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            end.bind(ours)
            self.ends.append(end)
            self.paths.append((ours, theirs))
        self.dropped = 0

    def qemu(self, name, index):
        ours, theirs = self.paths[index]
        return "dgram,id=%s,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s" % (name, theirs, ours)

    def network(self):
        return ["-netdev", self.qemu("n0", 0), "-device", "virtio-net-pci,netdev=n0,romfile=,mac=" + MAC,
                "-netdev", self.qemu("d1", 1), "-netdev", "user,id=u1", "-netdev", "hubport,id=h0,hubid=0,netdev=d1",
                "-netdev", "hubport,id=h1,hubid=0,netdev=u1"]

    def to_guest(self):
        while True:
            frame = self.ends[1].recv(65536)
            self.send(0, frame[:12] + self.tag + frame[12:])

    def run(self):
        threading.Thread(target=self.to_guest, daemon=True).start()
        while True:
            frame = self.ends[0].recv(65536)
            if frame[12:16] == self.tag:
                self.send(1, frame[:12] + frame[16:])
            else:
                self.dropped += 1

    def send(self, index, frame):
        try:
            self.ends[index].sendto(frame, self.paths[index][1])
        except OSError:
            pass  # the guest is not there yet, or no more
