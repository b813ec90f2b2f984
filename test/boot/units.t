#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Units that cannot be used yet, or are no longer what they were: reserved by another initiator, busy, in standby beside one
that is no root, larger than at the boot, without a size then."""

import os
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from holder import Holder  # noqa: E402
from lab import Lab  # noqa: E402
from moody import (BUSY, CHECK_CONDITION, READ_10, READ_CAPACITY_10, READ_CAPACITY_16, TEST_UNIT_READY, Moody, sense)  # noqa: E402
from rig import MIB, Target, run_cases  # noqa: E402

OF_DISKS = (TEST_UNIT_READY, READ_CAPACITY_10, READ_CAPACITY_16, READ_10)
OF_SIZE = (READ_CAPACITY_10, READ_CAPACITY_16)
SECTORS = 64 * MIB // 512
BY_LABEL = "loglevel=6 rw root=LABEL=rigroot "


def reserved(rig, kernel, initrd):
    """By another initiator, until that one leaves."""
    target = Target(rig, {1: rig.disk()})
    holder = Holder(target.port, target.name, 1)
    guest = rig.boot(kernel, initrd, BY_LABEL + target.word("scan_timeout=60"))
    rig.check(guest, guest.expect("LUN 1 says: another initiator has reserved it", 60), "a unit that is reserved is named so")
    holder.release()
    rig.check(guest, guest.expect("^ROOT-OK", 60), "and used when it is not any more")
    guest.wait()


def never_released(rig, kernel, initrd):
    target = Target(rig, {1: rig.disk()})
    holder = Holder(target.port, target.name, 1)
    guest = rig.boot(kernel, initrd, BY_LABEL + "iscsi.onfail=poweroff " + target.word("scan_timeout=5"))
    rig.check(guest, guest.expect("within 5 s: .*LUN 1 says: another initiator has reserved it", 60),
              "one that stays reserved fails the boot, with the reason")
    rig.ok(guest.wait(30), "which powers off as was asked for")
    holder.release()


def busy(rig, kernel, initrd):
    """To everything that a disk is asked, for 25 seconds from the first question on. The kernel asks on and on by itself."""
    target = Moody(rig, {1: rig.disk()})
    asked = []

    def says(command):
        asked.append(time.monotonic())
        return (BUSY, b"") if command in OF_DISKS and asked[-1] < asked[0] + 25 else None

    target.says = says
    guest = rig.boot(kernel, initrd, BY_LABEL + target.word("scan_timeout=60"))
    # 5.10 gives up a command that is answered so, 6.1 and later do not
    rig.check(guest, guest.expect("its unit is busy, or slow: it does not answer|LUN 1 says: it is busy", 60), "a unit that is busy is named so")
    rig.check(guest, guest.expect("^ROOT-OK", 60), "and used when it is not any more")
    rig.note("asked %d times in vain" % len(target.asked))
    guest.wait()


def larger(rig, kernel, initrd):
    """After the boot (UNIT ATTENTION 2A/09): root's own disk."""
    def moody(disk):
        with open(disk.path, "r+b") as file:
            file.truncate(96 * MIB)
        target = Moody(rig, {1: disk})
        target.sectors = SECTORS
        return target

    lab = Lab(rig, kernel, initrd, target=moody)
    rig.ok(lab.shell("cat /sys/block/sda/size") == str(SECTORS), "at the boot the disk has its size")
    attentions = [(CHECK_CONDITION, sense(6, 0x2A, 0x09))]
    lab.target.sectors = None
    lab.target.says = lambda command: attentions.pop() if command == READ_10 and attentions else None
    begun = len(lab.guest.console)
    lab.shell("dd if=/dev/sda of=/dev/null bs=4096 count=1 iflag=direct")
    lab.shell("n=0; while grep -q '^%d$' /sys/block/sda/size && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done" % SECTORS)
    rig.check(lab.guest, lab.shell("cat /sys/block/sda/size") == str(96 * MIB // 512), "a capacity that has changed is looked at")
    rig.ok(lab.guest.console[begun:].count("event=changed") == 1, "what the unit says of it is said once")
    lab.start_writer()
    rig.check(lab.guest, lab.wrote(), "root goes on")
    lab.verify("larger")


def beside(rig, kernel, initrd):
    """Root's unit is not ready, and another one of the same target is, at once."""
    target = Moody(rig, {1: rig.disk(table="none", script="echo wrong"), 2: rig.disk()})
    target.units = {2: lambda command: (CHECK_CONDITION, sense(2, 0x04, 0x0B)) if command in OF_DISKS else None}
    words = "loglevel=6 rw root=PARTUUID=0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01 iscsi.onfail=poweroff "
    guest = rig.boot(kernel, initrd, words + "iscsi.timeout=12 " + target.word())
    rig.check(guest, guest.expect("10 s, still waiting for root: .*LUN 2 says: its port is in standby", 60),
              "a unit beside one that can be used is asked, too")
    rig.check(guest, guest.expect("gave up after 12 s.*is not there.*LUN 2 says: its port is in standby", 60), "a boot that fails tells what it says")
    guest.kill()
    guest = rig.boot(kernel, initrd, words + target.word())
    guest.expect("LUN 2 says: its port is in standby", 60)
    target.units = {}
    rig.check(guest, guest.expect("^ROOT-OK", 60), "one that gets ready is booted from")
    guest.wait()


def rescanned(rig, kernel, initrd):
    """By hand, after the boot: units that had no size when they were attached."""
    says = {
        "is in standby": lambda command: (CHECK_CONDITION, sense(2, 0x04, 0x0B)) if command in OF_DISKS else None,
        "has no medium": lambda command: (CHECK_CONDITION, sense(2, 0x3A, 0x00)) if command in OF_DISKS else None,
        "does not tell its size": lambda command: (CHECK_CONDITION, sense(4, 0x44, 0x00)) if command in OF_SIZE else None,
    }

    def moody(disk):
        luns = {2 + number: rig.disk(size=(8 + number) * MIB) for number in range(len(says))}
        luns[3].params = "removable=1"
        target = Moody(rig, {1: disk, **luns})
        target.units = dict(zip(luns, says.values()))
        return target

    with open(rig.binary, "rb") as file:
        lab = Lab(rig, kernel, initrd, target=moody, by_path=True, files={"/sbin/iscsi-init": file.read()})
    sizes = "for n in 2 3 4; do cat /sys/class/scsi_device/*:0:0:$n/device/block/*/size; done"
    rig.check(lab.guest, lab.shell(sizes) == "0\n0\n0", "three units are attached without a size")
    lab.target.units = {}
    rig.check(lab.guest, lab.shell("iscsi-init rescan 1") == "" and lab.status == 0, "rescan looks at them again")
    shown = (lab.shell(sizes) or "").split()
    for number, name in enumerate(says):
        rig.check(lab.guest, shown[number:number + 1] == [str((8 + number) * MIB // 512)], "what has a size by now has it: a unit that " + name)
    lab.shell("n=0; while grep -q 5 /sys/class/scsi_disk/*/max_retries && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done")
    shown = lab.shell("ls /dev | grep sd.1; cat /sys/block/sd*/queue/scheduler /sys/class/scsi_disk/*/max_retries")
    rig.check(lab.guest, shown and shown.count("1") == 4 + 4 and shown.count("[none]") == 4 and shown.count("-1") == 4,
              "their partitions are there, and they get the session's settings")
    rig.note(shown or "")
    lab.guest.kill()


CASES = {"reserved": reserved, "never": never_released, "busy": busy, "larger": larger, "beside": beside, "rescanned": rescanned}

SLOW = ("never", "busy")  # test/full/units.t

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or [name for name in CASES if name not in SLOW]
    run_cases(CASES)
