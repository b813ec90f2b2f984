#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks unlike the usual one: sectors of 4 KiB, more than 2 TiB, read-only, with a LUN above 255, not ready at first, tiny."""

import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from rig import MIB, Disk, Target, run_cases, write_table  # noqa: E402

TIB = 1 << 40


class SectorTarget(Target):
    """LUN 1, with what tgtadm is to be told of it."""

    def __init__(self, rig, disk, *options):
        self.options = options
        super().__init__(rig, {1: disk})

    def admin(self, *arguments, check=True):
        more = self.options if "logicalunit" in arguments and "new" in arguments else ()
        return super().admin(*arguments, *more, check=check)


def retable(disk, table, sector, size):
    """Another partition table on a copy of the usual disk, whose file system begins at 1 MiB."""
    with open(disk.path, "r+b") as file:
        file.write(b"\0" * 32768)
        file.seek(-32768, os.SEEK_END)
        file.write(b"\0" * 32768)
        file.truncate(size)
    write_table(disk.path, table, sector)


def boots(rig, kernel, initrd, words, expected, name):
    guest = rig.boot(kernel, initrd, "quiet " + words)
    guest.expect("^DONE")
    mounts = guest.section("mounts")
    rig.check(guest, re.search("^%s / ext4" % expected, mounts, re.M), name)
    guest.wait()
    return guest


def sectors(rig, kernel, initrd):
    """tgtd's units with logical sectors of 4096 bytes: every number in the tables counts those."""
    for table, word in (("gpt", "root=PARTLABEL=rigpart"), ("mbr", "root=PARTUUID=1b2c3d4e-01")):
        disk = rig.disk(script="cat /sys/block/sda/queue/logical_block_size | show sector\n")
        retable(disk, table, 4096, 64 * MIB)
        target = SectorTarget(rig, disk, "--blocksize", "4096")
        guest = boots(rig, kernel, initrd, target.word() + " " + word, "/dev/sda1",
                      "boots from sectors of 4 KiB, table %s, %s" % (table, word))
        rig.ok(guest.section("sector").strip() == "4096", "and that is what the kernel sees", guest.section("sector"))


def large(rig, kernel, initrd):
    """READ CAPACITY (16), READ (16) for the second header; a file with a hole."""
    disk = rig.disk()
    retable(disk, "gpt", 512, 5 * TIB)
    target = Target(rig, {1: disk})
    boots(rig, kernel, initrd, target.word() + " root=PARTLABEL=rigpart", "/dev/sda1", "boots from a disk of 5 TiB")
    with open(disk.path, "r+b") as file:
        file.seek(512)
        file.write(b"\0" * 512)
    boots(rig, kernel, initrd, target.word() + " gpt root=PARTUUID=" + Disk.PARTUUID, "/dev/sda1",
          "and by its second table, at the end, when the first is broken and the kernel is told so (gpt)")


def numbers(rig, kernel, initrd):
    """Peripheral device addressing ends at 255 for tgtd; beyond it is flat space addressing (LIO: lio.t)."""
    disk = rig.disk()
    for lun in (256, 4097):
        target = Target(rig, {lun: disk})
        boots(rig, kernel, initrd, target.word("lun=%d" % lun) + " root=LABEL=rigroot", "/dev/sda1",
              "boots from LUN %d" % lun)
        target.kill()


def protected(rig, kernel, initrd):
    """A unit that must not be written: mounted read-only whatever the words say, which is said where they say rw."""
    disk = rig.disk(script="cat /sys/block/sda/ro | show protected; dmesg | grep -i -e write -e iscsi-init | show log\n")
    target = Target(rig, {1: disk})
    target.admin("--mode", "logicalunit", "--op", "update", "--tid", 1, "--lun", 1, "--params", "readonly=1")
    for words in ("ro", "rw"):
        guest = boots(rig, kernel, initrd, "%s root=LABEL=rigroot %s" % (target.word(), words), "/dev/sda1",
                      "boots from a read-only LUN with " + words)
        rig.ok(guest.section("protected").strip() == "1" and "/dev/sda1 / ext4 ro" in guest.section("mounts"), "read-only",
               guest.section("protected") + guest.section("mounts"))
        rig.check(guest, ("read-only, not rw" in guest.section("log")) == (words == "rw"),
                  "which is %s" % ("said" if words == "rw" else "not said"))


def not_ready(rig, kernel, initrd):
    """A unit in standby is attached with size 0. Another scan of the host does not look at it."""
    target = Target(rig, {1: rig.disk()})
    update = ("--mode", "logicalunit", "--op", "update", "--tid", "1", "--lun", "1", "--params")
    target.admin(*update, "removable=1,online=0")
    guest = rig.boot(kernel, initrd, "loglevel=6 rw root=LABEL=rigroot " + target.word("scan_timeout=60"))
    rig.check(guest, guest.expect(r"still waiting for the disk .* not ready \(size 0\).*LUN 1 says: it has no medium", 60),
              "a unit without a medium is waited for, and named so")
    target.admin(*update, "online=1")
    rig.check(guest, guest.expect("^DONE", 60), "and used once it is ready")
    guest.wait(30)


def small(rig, kernel, initrd):
    """Not every look for a table or a file system fits into it."""
    little = Disk(rig.path("little", ".img"))
    with open(little.path, "wb") as file:
        file.truncate(MIB)
    target = Target(rig, {1: little, 2: rig.disk(script="cat /sys/class/scsi_device/*:1/device/block/*/size | show size\n")})
    guest = boots(rig, kernel, initrd, target.word() + " root=LABEL=rigroot", "/dev/sd[ab]1", "boots beside a disk of 1 MiB")
    rig.ok(guest.section("size").strip() == "2048", "which is there, too", guest.section("size"))


def becomes_ready(rig, kernel, initrd):
    """While a unit says that it is becoming ready, the kernel does not attach it."""
    target = Target(rig, {1: rig.disk()})
    target.admin("--mode", "logicalunit", "--op", "update", "--tid", "1", "--lun", "1", "--params", "online=0")
    guest = rig.boot(kernel, initrd, "loglevel=4 rw root=LABEL=rigroot iscsi.onfail=poweroff " + target.word("scan_timeout=5"))
    rig.check(guest, guest.expect(r"no.* usable .*within 5 s.*LUN 1 says: it is becoming ready|no disk within 5 s.*LUN 1 says: it is becoming ready", 60),
              "a unit that is becoming ready is named so")
    guest.kill()


CASES = {"becoming": becomes_ready, "standby": not_ready, "protected": protected, "sectors": sectors, "large": large,
         "numbers": numbers, "small": small}

if __name__ == "__main__":
    run_cases(CASES)
