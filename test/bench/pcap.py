#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""iSCSI in a capture of one guest's network device: how many round trips, and how long, in each phase of a boot.

	pcap.py CAPTURE [-v]

connect: SYN to its answer; login: first login request to the last response; scan: from there to the first READ;
parts: READs outside of the root's partition (partition tables); root: from the first READ in it to the answer of the last
command before the disks are synced.
A round trip is a turn: what the initiator sends after it has heard something, up to the next thing that it hears.
Phases are of the first connection that carries a READ. Not for sessions with digests.
"""

import struct
import sys

ROOT_SECTOR = 2048
PORT = 3260
PHASES = ("connect", "login", "scan", "parts", "root")
LOGIN, COMMAND = 0x03, 0x01
LOGIN_ANSWER = 0x23
READS = {0x08, 0x28, 0xA8, 0x88}
NO_WORK = {0x35, 0x91, 0x1B}  # SYNCHRONIZE CACHE, START STOP UNIT: power off
NAMES = {0x00: "TEST UNIT READY", 0x12: "INQUIRY", 0x1A: "MODE SENSE", 0x25: "READ CAPACITY", 0x28: "READ", 0x35: "SYNC CACHE",
         0x88: "READ", 0x9E: "READ CAPACITY 16", 0xA0: "REPORT LUNS", 0xA3: "MAINTENANCE IN"}


def frames(path):
    """(seconds, bytes) of each frame of an Ethernet capture."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    unit = 1e-9 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e-6
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, size = struct.unpack(order + "III", data[at:at + 12])
        yield seconds + fraction * unit, data[at + 16:at + 16 + size]
        at += 16 + size


def segments(path, port):
    """(seconds, connection, from the target, flags, sequence, payload) of TCP over IPv4 to or from the port."""
    for seconds, frame in frames(path):
        if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        tcp = 14 + (frame[14] & 15) * 4
        length = struct.unpack(">H", frame[16:18])[0]
        source, destination, sequence = struct.unpack(">HHI", frame[tcp:tcp + 8])
        if port not in (source, destination):
            continue
        from_target = source == port
        payload = frame[tcp + (frame[tcp + 12] >> 4) * 4:14 + length]
        yield seconds, destination if from_target else source, from_target, frame[tcp + 13], sequence, payload


class Stream:
    """One direction of a connection, put in order, cut into PDUs."""

    def __init__(self):
        self.next, self.waiting, self.bytes = None, {}, b""

    def take(self, flags, sequence, payload):
        if flags & 2:
            self.next = (sequence + 1) & 0xFFFFFFFF
            return
        if payload:
            self.waiting[sequence] = payload
        while self.next in self.waiting:
            part = self.waiting.pop(self.next)
            self.bytes += part
            self.next = (self.next + len(part)) & 0xFFFFFFFF

    def pdus(self):
        while len(self.bytes) >= 48:
            data = int.from_bytes(self.bytes[5:8], "big")
            size = 48 + self.bytes[4] * 4 + (data + 3) // 4 * 4
            if len(self.bytes) < size:
                return
            header, self.bytes = self.bytes[:48], self.bytes[size:]
            yield header


class Connection:
    def __init__(self, syn):
        self.syn, self.answered = syn, None
        self.streams = (Stream(), Stream())  # from the initiator, from the target
        self.pdus = []  # (seconds, from the target, header)


def connections(path, port=PORT):
    """Of each connection attempt, in order, its PDUs."""
    found, current = [], {}
    for seconds, name, from_target, flags, sequence, payload in segments(path, port):
        if flags & 0x12 == 2 and (name not in current or current[name].answered):
            current[name] = Connection(seconds)
            found.append(current[name])
        connection = current.get(name)
        if not connection:
            continue
        if flags & 0x12 == 0x12 and connection.answered is None:
            connection.answered = seconds
        stream = connection.streams[from_target]
        stream.take(flags, sequence, payload)
        connection.pdus += [(seconds, from_target, header) for header in stream.pdus()]
    return found


def sector(command):
    operation = command[0]
    if operation == 0x08:
        return int.from_bytes(command[1:4], "big") & 0x1FFFFF
    return int.from_bytes(command[2:10] if operation == 0x88 else command[2:6], "big")


def phase_of(pdu, phase, root_lun):
    """The phase after this PDU was sent: phases only go forward."""
    _, from_target, header = pdu
    if from_target or header[0] & 0x3F != COMMAND:
        return phase
    command = header[32:48]
    if command[0] not in READS or header[9] != root_lun:
        return max(phase, 2)
    return 4 if sector(command) >= ROOT_SECTOR and sector(command) < ROOT_SECTOR + 8192 and phase >= 3 or phase == 4 else 3


def count_turns(directions):
    """directions: for each PDU, whether it came from the target."""
    turns, heard = 0, True
    for from_target in directions:
        if from_target:
            heard = True
        elif heard:
            turns, heard = turns + 1, False
    return turns


def analyse(path, port=PORT, root_lun=1):
    """{phase: (round trips, milliseconds)}, and {name: {phase: count}} of the commands; None when the root was never read."""
    for connection in connections(path, port):
        result = analyse_connection(connection, root_lun)
        if result:
            return result
    return None


def analyse_connection(connection, root_lun):
    phase, begins = 1, {}
    turns = {name: [] for name in PHASES}
    commands = {}
    last = None
    for pdu in connection.pdus:
        seconds, from_target, header = pdu
        operation = header[0] & 0x3F
        if operation not in (LOGIN, LOGIN_ANSWER):
            phase = phase_of(pdu, max(phase, 2), root_lun)
        if operation == COMMAND and header[32] in NO_WORK and phase == 4:
            break
        if operation in (0x00, 0x20):
            continue  # NOPs
        begins.setdefault(phase, seconds)
        turns[PHASES[phase]].append(from_target)
        if operation == COMMAND:
            name = NAMES.get(header[32], "%02x" % header[32])
            by_phase = commands.setdefault(name, {})
            by_phase[PHASES[phase]] = by_phase.get(PHASES[phase], 0) + 1
        last = seconds
    if 4 not in begins or connection.answered is None:
        return None
    edges = [connection.syn, connection.answered]
    edges += [begins.get(number) for number in (2, 3, 4)] + [last]
    for number in (4, 3, 2):  # a phase that did not happen takes no time
        edges[number] = edges[number] if edges[number] is not None else edges[number + 1]
    out = {}
    for number, name in enumerate(PHASES):
        out[name] = (1 if number == 0 else count_turns(turns[name]), (edges[number + 1] - edges[number]) * 1000)
    return out, commands


def main():
    result = analyse(sys.argv[1])
    if not result:
        sys.exit("pcap.py: no connection to port %d reads a root" % PORT)
    phases, commands = result
    for name in PHASES:
        print("%-8s %4d round trips %9.2f ms" % (name, *phases[name]))
    print("%-8s %4d             %9.2f ms" % ("all", sum(p[0] for p in phases.values()), sum(p[1] for p in phases.values())))
    if "-v" in sys.argv:
        print(", ".join("%s %d" % (name, sum(count.values())) for name, count in sorted(commands.items())))


if __name__ == "__main__":
    main()
