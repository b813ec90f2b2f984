#!/usr/bin/env python3
"""A target that comes back with another disk behind the same LUN gets none of the writes that were held for the first one;
root goes on, whole, as soon as the right disk is there again and ready. A writer runs all the time."""

import hashlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from lab import Lab  # noqa: E402
from rig import MIB, Disk, run_cases  # noqa: E402

FOREIGN = bytes(range(256)) * 4096  # 1 MiB that nobody may touch


def foreign_disk(rig, size=64 * MIB, params=""):
    path = rig.path("foreign", ".img")
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(FOREIGN)
    return Disk(path, params)


def is_untouched(disk):
    with open(disk.path, "rb") as file:
        return all(piece == FOREIGN for piece in iter(lambda: file.read(MIB), b""))


def exchange(lab, luns):
    lab.target.kill()
    lab.target.luns = luns
    lab.target.start()


def comes_back(lab, name):
    lab.expect(r"is back at .*\(event=back", name)
    lab.rig.check(lab.guest, lab.wrote(2), name + ", and files are written again")


def is_held(lab, luns, says, name, seconds=3):
    """With these LUNs the session is held: it says so, once, and nothing is written for a while."""
    exchange(lab, luns)
    lab.expect(says + r".*\(event=held sid=\d+\)", name + ": it is held, and says why")
    begun = len(lab.guest.console)
    lab.guest.expect("is back at|^WROTE ", seconds)
    said = lab.guest.console[begun:]
    lab.rig.ok("is back at" not in said and "WROTE" not in said, name + ": nothing is written meanwhile", said)
    lab.rig.ok(said.count("event=held") == 0, name + ": said once, not at every try", said)


def exchanged(rig, kernel, initrd):
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"])
    right = {1: lab.disk}
    lab.start_writer()
    for name, disk, says in (
            ("another identity", foreign_disk(rig, params="scsi_id=other-disk,scsi_sn=other"),
             r"LUN 1 is another unit: naa\.6\w+, it was naa\.6\w+"),
            ("a smaller disk of the same identity", foreign_disk(rig, 32 * MIB), r"LUN 1 is smaller: 65536 blocks, it had 131072"),
            ("a write-protected disk of the same identity", foreign_disk(rig, params="readonly=1"),
             r"LUN 1 is write-protected"),
            ("another kind of unit", foreign_disk(rig, params="vendor_id=FOREIGN,scsi_id=x"), r"LUN 1 is another unit")):
        is_held(lab, {1: disk}, says, name)
        state = lab.shell("cat /run/iscsi-init/sessions") or ""
        rig.ok('state="held: another disk"' in state or "proving" in state or "logging" in state, name + ": its record says so", state)
        exchange(lab, right)
        comes_back(lab, name + ": the right disk is taken up")
        rig.ok(is_untouched(disk), name + ": not a byte of the foreign disk is touched")
    lab.verify("exchanged")


def missing(rig, kernel, initrd):
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"])
    lab.start_writer()
    is_held(lab, {}, "LUN 1 is not there", "a target without its LUN", 20)
    exchange(lab, {1: lab.disk})
    comes_back(lab, "the LUN is there again")
    lab.verify("a LUN that came later")


CASES = {"exchanged": exchanged, "missing": missing}

if __name__ == "__main__":
    run_cases(CASES)
