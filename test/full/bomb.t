#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A user without rights starts as many processes as the kernel lets him, and each starts more: how long does a recovery take
beside that? In one boot: on the idle machine, under the bomb, and under the bomb with the resident process's priority taken
away, which shows what the bomb would do. Measured from the moment when the target is started."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from lab import Bomb, Lab  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

TIMES = 3
OUTAGE = 2  # seconds
ENOUGH = 100  # processes that are a bomb
LIMIT = 15  # seconds that a recovery may take; attempts are some seconds apart
PATIENCE = 240
POLICY = "for p in $(resident); do /usr/bin/chrt -p $p; done"
ORDINARY = "for p in $(resident); do /usr/bin/chrt -o -p 0 $p; renice -n 0 -p $p; done"


def outage(lab):
    """Seconds from the target's start to the session's return; None: not within PATIENCE."""
    lab.lasts()
    lab.skip()
    lab.target.kill()
    if not lab.guest.expect("event=lost", PATIENCE):
        return None
    time.sleep(OUTAGE)
    begun = time.monotonic()
    lab.target.start()
    if not lab.guest.expect("event=back", PATIENCE):
        return None
    lab.since = time.monotonic()
    return lab.since - begun


def measure(rig, lab, name):
    """The longest of TIMES outages."""
    took = [outage(lab) for _ in range(TIMES)]
    rig.note("%s: back after %s" % (name, ", ".join("NEVER" if t is None else "%.1f s" % t for t in took)))
    return PATIENCE if None in took else max(took)


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    # Without NOP-Out, whose own processes of the kernel are late under a bomb, too: only the target's end is a loss.
    lab = Lab(rig, kernel, rig.initrd(kernel), ["noop_out_interval=0", "noop_out_timeout=0"], files=Bomb.files(), memory=384)
    bomb = Bomb(lab, PATIENCE)
    policy = lab.shell(POLICY) or ""
    rig.ok(re.search("SCHED_FIFO.*\n.*priority: 1", policy), "the resident process has the lowest real-time priority", policy)
    rig.check(lab.guest, measure(rig, lab, "on the idle machine") <= LIMIT, "recoveries take %d s at most" % LIMIT)
    parts = bomb.explode()
    rig.ok(parts >= ENOUGH, "a fork bomb of %d processes" % parts)
    rig.check(lab.guest, measure(rig, lab, "under the bomb") <= LIMIT, "and so do they under it")
    rig.note("and then it has %d processes" % bomb.parts())
    bomb.run(ORDINARY)
    measure(rig, lab, "under the bomb, as an ordinary process")
    rig.note("and then it has %d processes" % bomb.parts())
    bomb.clear()
    rig.check(lab.guest, lab.shell("echo lives", PATIENCE) == "lives", "the machine is itself again when the bomb is gone")
