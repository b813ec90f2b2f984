#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions as the kernel sees them: digests on and off, on a kernel where crc32c is a module; attach, list and detach
of a second session from the running system."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire  # noqa: E402
from rig import Kernel, Rig, Target  # noqa: E402

SHOW = """
c=/sys/class/iscsi_connection/connection1:0
cat $c/header_digest $c/data_digest | tr '\\n' ' ' | show digests
cat /sys/class/iscsi_session/session1/* 2>/dev/null | show session
dd if=/dev/zero of=/blob bs=64k count=64 2>/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches
md5sum /blob | show sum
"""
SYNCHRONIZE_CACHE, LOGOUT = 0x35, -0x06
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


def commands(path, port):
    """What the initiator sent on its first connection to the port: SCSI commands by their first byte, others as -opcode."""
    data = [data for from_target, data in wire.streams(path, port) if not from_target][0]
    at, found = 0, []
    while at + 48 <= len(data):
        opcode = data[at] & 0x3F
        found.append(data[at + 32] if opcode == 0x01 else -opcode)
        at += 48 + data[at + 4] * 4 + (int.from_bytes(data[at + 5:at + 8], "big") + 3) // 4 * 4
    return found


def last(items, item):
    return len(items) - 1 - items[::-1].index(item)


def second_session(rig, kernel, initrd):
    other_disk = rig.disk(table="none")
    other = Target(rig, {1: other_disk}, name="iqn.2026-01.test.rig:second")
    script = """
i=/sbin/iscsi-init
what=%s,%s
$i attach $what 2>&1 | show attach
$i list 2>&1 | show list
cat /sys/class/iscsi_session/*/targetname | show names
sid=$(basename $(dirname $(grep -l second /sys/class/iscsi_session/*/targetname)))
sid=${sid#session}
echo ATTACHED; read line
($i attach $what; echo "exit $?"; $i attach $what,lun=7; echo "exit $?"; ls /sys/class/iscsi_session) 2>&1 | show again
try() { ($i detach $sid; echo "exit $?") 2>&1 | show "$1"; }
mkdir -p /mnt; mount /dev/sdb /mnt; try mounted; $i list --json | show json; umount /mnt
exec 9<>/dev/sdb; try open; exec 9>&-
($i detach 1; echo "exit $?") 2>&1 | show root
mkswap /dev/sdb >/dev/null; swapon /dev/sdb; try swapped; swapoff /dev/sdb
dd if=/dev/zero bs=4k count=1 2>/dev/null | tr '\\0' Z | dd of=/dev/sdb bs=4k seek=1 2>/dev/null
try detach
cat /sys/class/iscsi_session/*/targetname | show left
ls /sys/block | show blocks
$i attach $what >/dev/null; mount -o ro /dev/sda1 /mnt 2>/dev/null; sid=$(ls /sys/class/iscsi_session | sed s/session// | sort -n | tail -n 1)
echo CUT; read line
($i detach $sid; echo "exit $?") 2>&1 | show away
""" % (other.portal(), other.name)
    with open(rig.binary, "rb") as file:
        disk = rig.disk(script=script, files={"/sbin/iscsi-init": file.read()})
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 " + target.word(), capture=True)
    guest.expect("^ATTACHED")
    rig.check(guest, other.sessions() == 1, "attach: the second target has a session")
    rig.ok(other.name in guest.section("list") and target.name in guest.section("list"), "list shows both",
           guest.section("list"))
    listed = guest.section("list")
    for pattern in (r"^session 1: \S+ at 10\.0\.2\.2:%d, LOGGED_IN$" % target.port, r"^  repaired by: resident \(process \d+\)$",
                    r"^  digests: header None, data None; CHAP: none$", r"^  disk sda: LUN 1, 64 MiB, naa\.\S+$",
                    r"^    sda1 is mounted at /$", r"^  state: logged in since 20\S+ \S+Z \(\d+ s\), 0 recoveries, last error none$",
                    r"^  repaired by: nobody$", r"^  disk sdb: LUN 1, 64 MiB"):
        rig.ok(re.search(pattern, listed, re.M), "list has a line " + pattern, listed)
    guest.send("\n")
    rig.check(guest, guest.expect("^CUT", 60), "detach comes back")
    again = guest.section("again")
    rig.ok(re.search(r"^session 2: %s /dev/sdb \(attached already\)\nexit 0$" % re.escape(other.name), again, re.M) and
           "session3" not in again, "attach of what is attached says so and does nothing", again)
    rig.ok(re.search(r"without a disk at LUN 7; .*rescan 2.*\nexit 1$", again, re.M), "and which LUN is not there", again)
    for name, said in (("mounted", "sdb is mounted at /mnt"), ("open", r"sdb is open in process \d+ \(\S+\)"),
                       ("root", "sda1 is mounted at /"), ("swapped", "sdb is used as swap")):
        text = guest.section(name)
        rig.ok(re.search(said, text) and "exit 1" in text and "--force" in text, "detach is refused: " + said, text)
    view = json.loads(guest.section("json"))
    second = [session for session in view["sessions"] if session["target"] == other.name][0]
    rig.ok(second["disks"][0]["users"] == [{"device": "sdb", "kind": "mount", "what": "/mnt"}] and
           second["disks"][0]["bytes"] == 64 << 20 and second["repaired_by"] == "nobody" and view["boot_ms"]["handover"] > 0,
           "list --json has the same", str(view))
    rig.ok(guest.section("detach").strip().splitlines() == ["disk sdb (LUN 1): cache synced, removed",
                                                  "session 2: logging out of " + other.name,
                                                  "session 2: stopped and removed", "exit 0"],
           "detach says each step", guest.section("detach"))
    rig.ok(guest.section("left").split() == [target.name], "only the root's session is left", guest.section("left"))
    rig.ok("sdb" not in guest.section("blocks").split(), "and only its disk", guest.section("blocks"))
    seen = commands(guest.capture, other.port)
    rig.ok(SYNCHRONIZE_CACHE in seen and LOGOUT in seen and seen.index(LOGOUT) - 1 == last(seen, SYNCHRONIZE_CACHE),
           "the last command before the Logout synchronises the cache", " ".join("%02x" % op for op in seen))
    with open(other_disk.path, "rb") as file:
        rig.ok(file.read()[4096:8192] == b"Z" * 4096, "and what was written before is on the target")
    other.kill()
    guest.send("\n")
    rig.check(guest, guest.expect("^DONE", 60), "detach comes back although the target is away")
    away = guest.section("away")
    rig.ok("exit 0" in away and "is not connected" in away, "and says what that means", away)
    guest.wait()


with Rig() as rig:
    full = Kernel(os.environ.get("KERNEL", "6.1-amd64"))
    initrd = rig.initrd(full)
    digests(rig, full, initrd, ["HeaderDigest=CRC32C", "DataDigest=CRC32C"], "CRC32C,None", "CRC32C,None", ["1", "1"])
    digests(rig, full, initrd, ["HeaderDigest=CRC32C:None", "DataDigest=CRC32C:None"], "CRC32C", "None", ["1", "0"])
    digests(rig, full, initrd, [], "None", "None", ["0", "0"])
    cloud = Kernel(os.environ.get("KERNEL", "6.1-cloud-amd64"))
    second_session(rig, cloud, rig.initrd(cloud))
