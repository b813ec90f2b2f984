#!/usr/bin/env python3
"""Logins to the Linux kernel's own target, LIO: every CHAP algorithm, mutual CHAP, access lists, digests, discovery; then a
guest that boots from it over IPv6 with mutual CHAP and both digests, several LUNs, and the wire to prove the digests."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from driver import Driver  # noqa: E402
from lio import Lio  # noqa: E402
from rig import MIB, Disk, Kernel, Rig  # noqa: E402

IQN = "iqn.2026-01.test.lio:"
ME = "iqn.2026-01.test.driver:i"
CHAP = ("username=inuser", "password=insecret1234")
MUTUAL = CHAP + ("username_in=outuser", "password_in=outsecret1234")
SECRETS = "inuser insecret1234"
BOTH = SECRETS + " outuser outsecret1234"

TARGETS = """
target {0}none; open; enable
target {0}chap; allow {1} {2}; enable
target {0}mutual; allow {1} {3}; allow iqn.2026-01.test.guest:i {3}; enable
target {0}other; allow iqn.2026-01.test.somebody:else; enable
""".format(IQN, ME, SECRETS, BOTH)


def has(rig, text, wanted, name):
    rig.ok(all(word in text for word in wanted), name, "expected: %s\ngot: %s" % (" ".join(wanted), text))


def logins(rig, driver, port):
    def log_in(name, *options):
        return driver.run(port, "target=" + IQN + name, "timeout=10000", "logout=1", *options)

    has(rig, log_in("none"), ["done tsih=", "tpgt=1", "alias=LIO Target"], "no authentication")
    has(rig, log_in("none", "HeaderDigest=CRC32C", "DataDigest=CRC32C"), ["done", "HeaderDigest=CRC32C DataDigest=CRC32C"],
        "digests, and the logout's header says so")
    has(rig, log_in("none", "HeaderDigest=CRC32C:None"), ["done", "HeaderDigest=CRC32C DataDigest=None"], "a list of digests")
    has(rig, log_in("nowhere"), ["failed L0301 "], "a target that is not there: LIO calls it 'service unavailable'")
    has(rig, log_in("other"), ["failed L0202 "], "a target whose access list does not have us")
    has(rig, log_in("chap"), ["failed LNOAUTH "], "CHAP is wanted and we have no password")
    has(rig, log_in("chap", *CHAP), ["done tsih="], "CHAP with the whole list of algorithms")
    for number, name in ((5, "MD5"), (6, "SHA1"), (7, "SHA256"), (8, "SHA3-256")):
        has(rig, log_in("chap", "chap_algs=%d" % number, *CHAP), ["done tsih="], "CHAP with %s" % name)
        has(rig, log_in("mutual", "chap_algs=%d" % number, *MUTUAL), ["done tsih="], "mutual CHAP with %s" % name)
    has(rig, log_in("chap", CHAP[0], "password=wrongsecret12"), ["failed L0201 "], "a wrong password")
    has(rig, log_in("mutual", *MUTUAL[:3], "password_in=wrongsecret12"), ["failed LAUTH ", "password_in"],
        "a wrong password of the target's")
    has(rig, log_in("none", *CHAP), ["failed "], "a target that does not authenticate us, when we want it to")
    has(rig, driver.run(port, "timeout=10000"), ["done ", IQN + "none"], "discovery")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "little")


def streams(path, port):
    """The bytes of both directions of the TCP connections over IPv6 to a port, as a capture has them: to it, from it."""
    with open(path, "rb") as file:
        capture = file.read()
    parts, at = ({}, {}), 24
    while at + 16 <= len(capture):
        size = int.from_bytes(capture[at + 8:at + 12], "little")
        frame = capture[at + 16:at + 16 + size]
        at += 16 + size
        if frame[12:14] != b"\x86\xdd" or frame[20] != 6:
            continue
        tcp = frame[54:54 + int.from_bytes(frame[18:20], "big")]
        ends = int.from_bytes(tcp[0:2], "big"), int.from_bytes(tcp[2:4], "big")
        if port in ends and tcp[tcp[12] // 16 * 4:]:
            parts[ends[0] == port][int.from_bytes(tcp[4:8], "big")] = tcp[tcp[12] // 16 * 4:]
    return [in_order(direction) for direction in parts]


def in_order(segments):
    data, following = b"", None
    for sequence in sorted(segments):
        if following is None or sequence == following:
            data += segments[sequence]
            following = sequence + len(segments[sequence])
    return data


def count_digests(data, most=120):
    """Of the first PDUs after the login: how many header and data digests are right, and how many are not."""
    right = wrong = at = 0
    while at + 52 <= len(data) and right + wrong < most:
        header, length = data[at:at + 48], int.from_bytes(data[at + 5:at + 8], "big")
        padded = length + 3 & ~3
        if header[0] & 0x3F in (0x03, 0x23):
            at += 48 + padded
            continue
        checked = [(header, data[at + 48:at + 52])]
        at += 52
        if length:
            checked.append((data[at:at + padded], data[at + padded:at + padded + 4]))
            at += padded + 4
        for body, digest in checked:
            right, wrong = right + (crc32c(body) == digest), wrong + (crc32c(body) != digest)
    return right, wrong


def boots(rig, kernel, cable):
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet rw ip=[fd00::2]:::64::eth0:off root=/dev/sda1 "
                     "iscsi=[fd00::1]:3261,%smutual,initiator=iqn.2026-01.test.guest:i,HeaderDigest=CRC32C,DataDigest=CRC32C,%s"
                     % (IQN, ",".join(MUTUAL)),
                     network=["-netdev", "stream,id=n0,server=off,addr.type=unix,addr.path=" + cable,
                              "-device", "virtio-net-pci,netdev=n0,romfile="], capture=True)
    rig.check(guest, guest.expect("^DONE", 60), "a guest boots from it over IPv6, with mutual CHAP")
    rig.ok(guest.section("digests").split() == ["1", "1"], "both digests are on", guest.section("digests"))
    rig.ok({"sda", "sdb"} <= set(guest.section("disks").split()), "both LUNs are there", guest.section("disks"))
    rig.ok("10.0.2" not in guest.section("address") and guest.section("address").startswith("fd00:"), "the session is IPv6's",
           guest.section("address"))
    guest.wait()
    for data, who in zip(streams(guest.capture, 3261), ("the guest", "the target")):
        right, wrong = count_digests(data)
        rig.ok(right > 50 and not wrong, "on the wire, every PDU of %s has its digests" % who, "%d right, %d wrong" % (right, wrong))


SCRIPT = """
c=/sys/class/iscsi_connection/connection1:0
cat $c/header_digest $c/data_digest | show digests
cat $c/address | show address
ls /sys/block | show disks
"""

with Rig() as test:
    cloud = Kernel("6.1-cloud-amd64")
    second = test.path("disk", ".img")
    with open(second, "wb") as file:
        file.truncate(8 * MIB)
    wire = test.path("cable", "")
    lio = Lio(test, cloud, [test.disk(script=SCRIPT), Disk(second)], TARGETS, cable=wire)
    logins(test, Driver(test.folder), lio.port)
    boots(test, cloud, wire)
    lio.guest.kill()
