#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk with several paths, longer: eight of them, twenty losses in a row with the stall of each, all lost for two minutes, a
path that comes back as another disk, and Debian systems with and without multipath-tools. `test/full/multipath.t flapping` runs
just that."""

import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from lab import Paths, Portals  # noqa: E402
from rig import MIB, Disk, Kernel, run, run_cases  # noqa: E402

LOSSES = 20
FSTAB = "UUID=%s / ext4 errors=remount-ro 0 1\nLABEL=srv /srv ext4 defaults 0 2\n" % Disk.UUID
SYSTEMS = {"bookworm-dmsetup": ["dmsetup"], "trixie-dmsetup": ["dmsetup"],
           "bookworm-multipath": ["multipath-tools"], "trixie-multipath": ["multipath-tools"]}


def eight(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd, up=(True,) * 8)
    rig.check(lab.guest, lab.has_paths(8), "eight paths")
    lab.start_writer()
    for target in lab.portals[:7]:
        target.kill()
    for _ in range(7):
        lab.guest.expect("event=lost", 30)
    rig.check(lab.guest, lab.wrote(4), "seven are lost: the eighth carries on")
    for target in lab.portals[:7]:
        target.start()
    for _ in range(7):
        lab.guest.expect("is back at", 60)
    lab.portals[7].kill()
    rig.check(lab.guest, lab.wrote(4), "and the seven when it is lost")
    lab.verify("eight")


def flapping(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    stalls = []
    for number in range(LOSSES):
        target = lab.portals[number % 2]
        lab.wrote(4)
        begun = len(lab.guest.console)
        target.kill()
        if not lab.guest.expect("event=lost", 30) or not lab.wrote(6):
            break
        stalls.append(lab.stall(begun))
        target.start()
        if not lab.guest.expect("is back at", 60):
            break
    rig.check(lab.guest, len(stalls) == LOSSES, "%d losses of one path by turns: writing goes on" % LOSSES)
    longest = sorted(gap for gap, _ in stalls)
    rig.note("the longest gap between two files of 128 KiB, ms: median %.0f, worst %.0f; the usual gap %.0f" % (
        1000 * statistics.median(longest), 1000 * longest[-1], 1000 * statistics.median(usual for _, usual in stalls)))
    rig.ok(longest[-1] < 1.5, "and never waits for a session to come back", str(longest))
    lab.verify("flapping")


def all_away(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    lab.target.kill()
    time.sleep(120)
    rig.ok(lab.guest.process.running(), "two minutes without any path")
    lab.portals[1].start()
    rig.check(lab.guest, lab.wrote(4), "one is back: writing goes on")
    lab.portals[0].start()
    lab.expect("is back at", "and the other")
    lab.verify("all away")


def another_disk(rig, kernel, initrd):
    """A portal that comes back with a disk of another size: none of the writes may go there."""
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    wrong = Disk(rig.path("wrong", ".img"))
    with open(wrong.path, "wb") as file:
        file.truncate(32 * MIB)
    two = lab.portals[1]
    two.kill()
    two.luns = {1: wrong}
    two.start()
    lab.expect("event=held", "a path comes back as another disk: it is held")
    rig.check(lab.guest, lab.wrote(8), "and the other path carries on")
    rig.ok(lab.states().get("sdb") == "failed", "it is not used", str(lab.states()))
    two.kill()
    two.luns = {1: lab.disk}
    two.start()
    lab.expect("is back at", "until it is the right one again")
    rig.ok(lab.states() == {"sda": "active", "sdb": "active"}, "then it is", str(lab.states()))
    with open(wrong.path, "rb") as file:
        rig.ok(not file.read().strip(b"\0"), "the other disk has got no byte")
    lab.verify("another disk")


class System(distro.Machine):
    """A Debian system with a second disk, both by two portals."""

    def __init__(self, rig, kernel, disk, data, seconds=400):
        self.rig, self.disk = rig, disk
        self.target = Portals(rig, {1: disk, 2: data})
        self.booted = self.ended = None
        self.guest = rig.boot(kernel, distro.initrd(rig, kernel, "own"), distro.words("own", self.target), memory=1024)
        if self.guest.expect("^LAB-READY", seconds):
            self.booted = self.guest.seconds()


def data_disk(rig):
    disk = Disk(rig.path("data", ".img"))
    with open(disk.path, "wb") as file:
        file.truncate(64 * MIB)
    run("mkfs.ext4", "-q", "-F", "-L", "srv", disk.path)
    return disk


def prepare(rig, name):
    suite = name.split("-")[0]
    distro.MANAGERS[name] = (SYSTEMS[name],) + distro.MANAGERS["networkd"][1:]
    return distro.root(rig, suite, name, False, Kernel(distro.KERNELS[suite]), {"/etc/fstab": FSTAB})


def system(rig, name):
    kernel = Kernel(distro.KERNELS[name.split("-")[0]])
    machine = System(rig, kernel, prepare(rig, name), data_disk(rig))
    guest = machine.guest
    rig.check(guest, machine.booted, name + ": boots to multi-user")
    rig.ok(machine.failed() == "" and guest.section("state").strip().endswith("running"), name + ": no unit has failed, no job waits",
           guest.section("state") + "\n" + machine.failed())
    mounts = machine.shell("findmnt -n -r -o TARGET,SOURCE / /srv; findmnt -n -r -o TARGET,SOURCE /srv; ls -l /dev/disk/by-* /dev/mapper; "
                           "iscsi-init list || /run/initramfs/shutdown list") or ""
    rig.ok(re.search(r"^/ /dev/(mapper/|dm-)", mounts, re.M) and re.search(r"^/srv /dev/(mapper/|dm-)", mounts, re.M),
           name + ": root and another file system of fstab are on maps", mounts)
    machine.target.all[0].kill()
    rig.ok(machine.guest.expect("event=lost", 60), name + ": a portal is lost")
    rig.check(guest, machine.write("after-the-loss"), name + ": root can be written to")
    machine.target.all[0].start()
    guest.expect("is back at", 60)
    machine.target.all[1].kill()
    guest.expect("event=lost", 60)
    rig.check(guest, machine.write("after-another"), name + ": and when the other one is lost")
    machine.target.all[1].start()
    guest.expect("is back at", 60)
    rig.check(guest, machine.end(), name + ": powers off")
    rig.ok(machine.is_clean(), name + ": the file system was unmounted")
    rig.note("%s: multi-user after %.0f s, off after %.0f s" % (name, machine.booted or 0, machine.ended or 0))


CASES = {"eight": eight, "flapping": flapping, "all_away": all_away, "another_disk": another_disk}
CASES.update({name: lambda rig, _kernel, _initrd, name=name: system(rig, name) for name in SYSTEMS})

if __name__ == "__main__":
    run_cases(CASES)
