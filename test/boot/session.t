#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions as the kernel sees them: digests on and off, on a kernel where crc32c is a module; attach, list and detach
of a second session from the running system."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Kernel, Rig, Target  # noqa: E402

SHOW = """
c=/sys/class/iscsi_connection/connection1:0
cat $c/header_digest $c/data_digest | tr '\\n' ' ' | show digests
cat /sys/class/iscsi_session/session1/* 2>/dev/null | show session
dd if=/dev/zero of=/blob bs=64k count=64 2>/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches
md5sum /blob | show sum
"""
SUM = "b5cfa9d6c8febd618f91ac2843d50a1c" # of 4 MiB of zeros


def digests(rig, kernel, initrd, offer, header, data, expected):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk}, parameters=[("HeaderDigest", header), ("DataDigest", data)])
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 " + target.word(*offer))
    guest.expect("^DONE")
    shown = guest.section("digests").split()
    rig.check(guest, shown == expected, "'%s' to a target with %s and %s: %s" % (" ".join(offer), header, data, expected))
    rig.ok(SUM in guest.section("sum"), "and 4 MiB come back as they were written", guest.section("sum"))
    guest.wait()


def second_session(rig, kernel, initrd):
    other = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:second")
    script = """
i=/sbin/iscsi-init
$i attach %s,%s 2>&1 | show attach
$i list 2>&1 | show list
cat /sys/class/iscsi_session/*/targetname | show names
sid=$(basename $(dirname $(grep -l second /sys/class/iscsi_session/*/targetname)))
echo ATTACHED; read line
$i detach ${sid#session} 2>&1 | show detach
cat /sys/class/iscsi_session/*/targetname | show left
ls /sys/block | show blocks
""" % (other.portal(), other.name)
    with open(rig.binary, "rb") as file:
        disk = rig.disk(script=script, files={"/sbin/iscsi-init": file.read()})
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 " + target.word())
    guest.expect("^ATTACHED")
    rig.check(guest, other.sessions() == 1, "attach: the second target has a session")
    rig.ok(other.name in guest.section("list") and target.name in guest.section("list"), "list shows both",
           guest.section("list"))
    guest.send("\n")
    rig.check(guest, guest.expect("^DONE", 30), "detach comes back")
    rig.note(guest.section("detach"))
    rig.ok(guest.section("left").split() == [target.name], "only the root's session is left", guest.section("left"))
    rig.ok("sdb" not in guest.section("blocks").split(), "and only its disk", guest.section("blocks"))
    rig.ok(other.sessions() == 0, "the second target has none any more")
    guest.wait()


with Rig() as rig:
    full = Kernel("6.1-amd64")
    initrd = rig.initrd(full)
    digests(rig, full, initrd, ["HeaderDigest=CRC32C", "DataDigest=CRC32C"], "CRC32C,None", "CRC32C,None", ["1", "1"])
    digests(rig, full, initrd, ["HeaderDigest=CRC32C:None", "DataDigest=CRC32C:None"], "CRC32C", "None", ["1", "0"])
    digests(rig, full, initrd, [], "None", "None", ["0", "0"])
    cloud = Kernel("6.1-cloud-amd64")
    second_session(rig, cloud, rig.initrd(cloud))
