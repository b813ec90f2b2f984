# SPDX-License-Identifier: MIT
"""A target that lies about what is on its disk, or is late with it, as long as the disk itself is right."""

import time

from between import Between

COMMAND, DATA_IN = 0x01, 0x25
READS = {0x28: (2, 6), 0x88: (2, 10)}  # READ(10) and READ(16): where in the CDB the address is, SBC-3
SECTOR = 512


class Liar(Between):
    """lies: a list of (first byte on the disk, how many, a function that makes of these bytes what is sent)."""

    def __init__(self, rig, luns, lies, **options):
        self.lies, self.reads, self.told = lies, {}, []
        super().__init__(rig, luns, **options)

    def change(self, header, data, from_target):
        opcode, tag = header[0] & 0x3F, bytes(header[16:20])
        if not from_target and opcode == COMMAND and header[32] in READS:
            first, end = READS[header[32]]
            self.reads[tag] = int.from_bytes(header[32 + first:32 + end], "big") * SECTOR
        if from_target and opcode == DATA_IN and tag in self.reads:
            data = bytearray(data)
            begin = self.reads[tag] + int.from_bytes(header[40:44], "big")
            for at, size, lie in self.lies:
                if begin <= at and at + size <= begin + len(data):
                    data[at - begin:at - begin + size] = lie(bytes(data[at - begin:at - begin + size]))
                    self.told.append(at)
        return bytes(data)


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


def replace_by(other):
    return lambda data: other


def delay(seconds):
    def wait(data):
        time.sleep(seconds)
        return data
    return wait
