#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two machines with one initiator name at one target (LIO), a LUN each: each login ends the other's session, as the target takes it for
the same initiator port (RFC 7143 6.3.5). They take turns ever more slowly, say why, and no write fails."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from lab import LIBRARY, SHELL, Lab  # noqa: E402
from lio import Lio  # noqa: E402
from rig import HOST, run_cases  # noqa: E402

TARGET = "iqn.2026-01.test.lio:root"
NAME = "initiator=iqn.2026-01.test.rig:twin"
SECONDS = 60


class Shared(Lio):
    """As rig.Target, as far as Lab needs it."""

    def __init__(self, rig, kernel, disks):
        super().__init__(rig, kernel, disks, "target %s; open; enable" % TARGET)

    def word(self, *options):
        return "iscsi=" + ",".join(["%s:%d" % (HOST, self.port), TARGET] + list(options))


def twins(rig, kernel, initrd):
    other = rig.disk(script=SHELL, files={"/lab.sh": LIBRARY})
    lab = Lab(rig, kernel, initrd, options=["lun=0", NAME], target=lambda disk: Shared(rig, kernel, [disk, other]))
    lab.start_writer()
    begun = len(lab.guest.console)
    twin = rig.boot(kernel, initrd, "loglevel=5 rw root=/dev/sda1 " + lab.target.word("lun=1", NAME))
    lab.expect("event=lost", "the second machine's login ends the first one's session", 60)
    end = time.monotonic() + SECONDS
    while lab.guest.read_console(end):
        twin.read_console(time.monotonic())
    both = lab.guest.console[begun:] + twin.console
    why = "another machine may be using initiator name iqn.2026-01.test.rig:twin"
    rig.check(twin, any(why in line and "event=storm" in line for line in both.splitlines()), "one of them says why")
    rig.ok(3 < both.count("event=lost") < 30, "they take turns ever more slowly: %d times" % both.count("event=lost"))
    twin.kill()
    rig.check(lab.guest, lab.wrote(4), "when the other one is gone, files are written")
    lab.verify("afterwards")


CASES = {"twins": twins}

if __name__ == "__main__":
    run_cases(CASES)
