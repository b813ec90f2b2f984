#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Swap on the very disk that is lost: memory is tight, pages of the root's own swap are wanted all the time, and the target
goes away again and again. The resident process brings it back each time, since it waits for nothing that lies there."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

MIB = 1 << 20
OUTAGES = int(sys.argv[1]) if sys.argv[1:] else 3  # test/full/swap.t: 20
LASTING = 6  # seconds: after a shorter session a recovery waits
# More than the machine has memory, read and written all the time: a tmpfs is swapped out like any other memory.
PRESSURE = """
mkdir -p /hog
mount -t tmpfs -o size=400m none /hog
n=0
while [ ! -e /run/stop-writing ]; do
	n=$(((n + 1) % 36))
	cat /hog/* >/dev/null
	dd if=/dev/urandom of=/hog/$n bs=1M count=8 2>/dev/null
done
"""


def back(lab):
    return len(re.findall("event=back", lab.guest.console))


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    lab = Lab(rig, kernel, rig.initrd(kernel), ["noop_out_interval=2", "noop_out_timeout=3"], size=640 * MIB, memory=192,
              files={"/pressure.sh": PRESSURE})
    lab.shell("dd if=/dev/zero of=/swap bs=1M count=400 && chmod 600 /swap && mkswap /swap && swapon /swap", 300)
    rig.ok(lab.status == 0, "the root has a swap file")
    lab.shell("sh /pressure.sh >/dev/null 2>&1 &")
    used = 0
    for _ in range(60):
        used = int(lab.shell("sleep 1; awk '/swap/ {print $4}' /proc/swaps", 120) or 0)
        if used > 40000:
            break
    rig.ok(used > 40000, "and %d MiB of memory are swapped out to it" % (used >> 10))
    lab.start_writer()
    for number in range(OUTAGES):
        before = back(lab)
        lab.target.kill()
        lab.guest.expect("event=lost", 30)
        lab.target.start()
        if back(lab) == before and not lab.guest.expect("event=back", 90):
            break
        lab.wrote(1)
        lab.shell("sleep %d" % LASTING, 60)
    rig.check(lab.guest, number == OUTAGES - 1 and back(lab) >= OUTAGES, "%d outages, %d recoveries" % (number + 1, back(lab)))
    rig.check(lab.guest, lab.wrote(2), "and files go on being written")
    lab.verify("with swap on the disk")
