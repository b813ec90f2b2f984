#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logins to the Linux kernel's own target, LIO: every CHAP algorithm, mutual CHAP, access lists, digests, discovery; then a
guest that boots from it over IPv6 with mutual CHAP and both digests, several LUNs, and the wire to prove the digests."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from driver import Driver  # noqa: E402
from lio import Lio  # noqa: E402
from rig import MIB, Disk, Kernel, Rig  # noqa: E402
from wire import digests  # noqa: E402

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
target {0}far 300; open; enable
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
    has(rig, driver.run(port, "timeout=10000", *MUTUAL), ["done ", IQN + "none"], "discovery does without CHAP where LIO does")


def boots(rig, kernel, cable):
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet rw ip=[fd00::2]:::64::eth0:off root=LABEL=rigroot "
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
    for counted, who in zip(digests(guest.capture, 3261), ("the guest", "the target")):
        pdus, headers, parts, right = counted
        rig.ok(headers == pdus > 50 and right == parts > 0, "on the wire, every PDU of %s has its digests" % who,
               "%d PDUs, %d header digests; %d data segments, %d data digests" % counted)


def boots_far(rig, kernel, port):
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet root=LABEL=rigroot iscsi=10.0.2.2:%d,%sfar,lun=300" % (port, IQN))
    rig.check(guest, guest.expect("^DONE", 60), "a guest boots from LUN 300, which LIO puts in the peripheral device's address")
    disks = guest.section("disks").split()
    rig.ok("/dev/sda1 / ext4" in guest.section("mounts") and "sda" in disks and "sdb" not in disks, "and attaches no other",
           " ".join(disks))
    guest.wait()


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
    boots_far(test, cloud, lio.port)
    lio.guest.kill()
