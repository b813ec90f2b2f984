#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sixteen machines (GUESTS=n) of 96 MiB (MEMORY=n) and one tgtd: all boot at once, each from a disk of its own, and write to it.
The target is killed under all of them, twice; all come back, and each byte is there in the end. BOOT=seconds: how long all of
them may take to boot."""

import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot")]
from lab import LIBRARY, SHELL, Lab  # noqa: E402
from rig import Kernel, Rig, Target  # noqa: E402

GUESTS = int(os.environ.get("GUESTS", 16))
MEMORY = int(os.environ.get("MEMORY", 96))
BOOT_SECONDS = int(os.environ.get("BOOT", 300))


class Member(Lab):
    """One of them: LUN number of the target that all share. It is not waited for.

    no_timer_check: so many emulated processors on a few real ones tick too late for the kernel's test of its timer.
    """

    def __init__(self, rig, kernel, initrd, target, number, disk):  # pylint: disable=super-init-not-called
        self.rig, self.target, self.disk = rig, target, disk
        self.name = "machine %d" % number
        self.guest = rig.boot(kernel, initrd, "loglevel=5 no_timer_check rw root=/dev/sda1 %s" %
                              target.word("lun=%d" % number), memory=MEMORY)

    def end_writing(self):
        return self.saw("touch /run/stop-writing", "^WRITER-ENDS", 120)

    def stop_writer(self, name):
        """All have stopped together."""


def all_of(rig, members, does, name):
    """One check for all of them; whose it fails for is shown."""
    failed = [member for member in members if not does(member)]
    for member in failed[:2]:
        rig.show_console(member.guest)
    rig.ok(not failed, name, ", ".join(member.name for member in failed))
    if failed:
        sys.exit(1)


def outage(rig, members, target, seconds):
    target.kill()
    begun = time.monotonic()
    time.sleep(seconds)
    target.start()
    down_ms = (time.monotonic() - begun) * 1000
    took = []

    def is_back(member):
        found = member.guest.expect(r"is back at .*\(event=back sid=\d+ outage_ms=(\d+)", 60)
        if found:
            took.append(int(found.group(1)) - down_ms)
        return found
    all_of(rig, members, is_back, "the target is gone for %d s: all are back" % seconds)
    rig.note("back after the target's return, in the guests' time: median %.0f ms, longest %.0f ms" % (
        statistics.median(took), max(took)))
    all_of(rig, members, lambda member: member.wrote(2), "and all write again")


with Rig() as test:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = test.initrd(kernel)
    disks = {number: test.disk(script=SHELL, files={"/lab.sh": LIBRARY, "/number": "%d\n" % number}, size=64 << 20)
             for number in range(1, GUESTS + 1)}
    shared = Target(test, disks)
    begun = time.monotonic()
    crowd = [Member(test, kernel, initrd, shared, number, disk) for number, disk in disks.items()]
    all_of(test, crowd, lambda member: member.guest.expect("^LAB-READY", BOOT_SECONDS), "all %d boot, with %d MiB each" % (GUESTS, MEMORY))
    test.note("in %.0f s" % (time.monotonic() - begun))
    all_of(test, crowd, lambda member: (member.shell("cat /number") or "").strip() == member.name.split()[1],
           "each from its own disk")
    for one in crowd:
        one.start_writer()
    outage(test, crowd, shared, 10)
    outage(test, crowd, shared, 2)
    all_of(test, crowd, Member.end_writing, "all stop writing")
    lost = [re.findall("WRITE-ERROR.*", one.guest.console) for one in crowd]
    test.ok(not any(lost), "no write failed", str(lost))
    for one in crowd:
        one.verify(one.name)
