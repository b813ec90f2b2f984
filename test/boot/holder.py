# SPDX-License-Identifier: MIT
"""Another initiator, which reserves a logical unit for as long as its session lasts (SPC-2 7.21, RESERVE(6))."""

import socket
import struct

LOGIN, COMMAND, FULL, OPERATIONAL = 0x43, 0x01, 3, 1
RESERVE_6 = 0x16


class Holder:
    def __init__(self, port, target, lun):
        self.socket = socket.create_connection(("127.0.0.1", port))
        keys = {"InitiatorName": "iqn.2026-01.test.rig:holder", "TargetName": target, "SessionType": "Normal"}
        self.send(struct.pack(">BBBB", LOGIN, 0x80 | OPERATIONAL << 2 | FULL, 0, 0), b"\x80\0\0\0\0\x07" + bytes(2), keys, bytes(12))
        if self.answer()[36:38] != b"\0\0":
            raise RuntimeError("the holder's login failed")
        for number in range(8):  # until the unit has reported its attentions
            self.send(struct.pack(">BBBB", COMMAND, 0x80, 0, 0), struct.pack(">BB6x", 0, lun), {},
                      struct.pack(">III", 0, number, 0) + bytes([RESERVE_6]) + bytes(15))
            if not self.answer()[3]:
                return
        raise RuntimeError("the unit cannot be reserved")

    def send(self, begin, lun_or_isid, keys, rest):
        data = b"".join(b"%s=%s\0" % (name.encode(), value.encode()) for name, value in keys.items())
        header = begin + struct.pack(">I", len(data)) + lun_or_isid + struct.pack(">I", 1) + rest
        self.socket.sendall(header.ljust(48, b"\0") + data + bytes(-len(data) & 3))

    def answer(self):
        header = self.socket.recv(48, socket.MSG_WAITALL)
        length = int.from_bytes(header[5:8], "big")
        self.socket.recv(length + (-length & 3), socket.MSG_WAITALL)
        return header

    def release(self):
        self.socket.close()
