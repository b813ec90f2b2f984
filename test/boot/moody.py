# SPDX-License-Identifier: MIT
"""A target whose unit says what a test wants: the disk is tgtd's, and its answers to chosen commands are replaced on the way."""

import struct

from between import Between

COMMAND, DATA_IN, RESPONSE, LOGIN = 0x01, 0x25, 0x21, 0x03
TEST_UNIT_READY, READ_CAPACITY_10, READ_CAPACITY_16, READ_10 = 0x00, 0x25, 0x9E, 0x28
CHECK_CONDITION, BUSY = 0x02, 0x08


def sense(key, asc, ascq):
    """The data of a SCSI Response: length, fixed format (SPC-4 4.5.3)."""
    return struct.pack(">HBBB4xB4xBB4x", 18, 0x70, 0, key, 10, asc, ascq)


class Moody(Between):
    """says(command): None, or the status and data of the SCSI Response that the guest gets to a command (its first byte) instead;
    units[lun](command): the same for one unit. sectors: what READ CAPACITY tells, None: the truth. .asked: what was replaced;
    .isids: those of the logins."""

    sectors = None

    def __init__(self, rig, luns, **options):
        self.says = lambda command: None
        self.commands, self.units, self.asked, self.isids = {}, {}, [], []
        super().__init__(rig, luns, **options)

    def change(self, header, data, from_target):
        opcode, tag = header[0] & 0x3F, bytes(header[16:20])
        if not from_target and opcode == COMMAND:
            self.commands[tag] = header[9], header[32]
        elif not from_target and opcode == LOGIN:
            self.isids.append(bytes(header[8:14]))
        if not from_target or opcode not in (DATA_IN, RESPONSE) or tag not in self.commands:
            return data
        (lun, command), ends = self.commands[tag], opcode == RESPONSE or header[1] & 1
        said = self.units.get(lun, self.says)(command) if ends else None
        if said is None:
            return self.capacity(command, data) if opcode == DATA_IN else data
        status, data = said
        self.asked.append(command)
        header[:8] = struct.pack(">BBBBI", RESPONSE, 0x80, 0, status, len(data))
        header[36:] = bytes(12)
        return data + bytes(-len(data) & 3)

    def capacity(self, command, data):
        form = {READ_CAPACITY_10: ">I", READ_CAPACITY_16: ">Q"}.get(command)
        return struct.pack(form, self.sectors - 1) + data[struct.calcsize(form):] if form and self.sectors else data
