#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A kernel whose pages have 16 KiB (the Raspberry Pi 5's, Debian's arm64-16k): it boots, what the boot needed and the resident
process does not is given back and wiped, and the session is repaired with all bytes."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from lab import Lab  # noqa: E402
from rig import TOP, Kernel, Rig, run  # noqa: E402

# The resident process's memory, as root sees it: every writable part, read whole.
SEARCH = """. /lab.sh
p=$(resident)
grep ' rw' /proc/$p/maps | while read -r range rest; do
	from=$((0x${range%-*} / 16384))
	to=$((0x${range#*-} / 16384))
	dd if=/proc/$p/mem bs=16384 skip=$from count=$((to - from)) 2>/dev/null
done >/run/memory
wc -c </run/memory
grep -c "$1" /run/memory
"""


def main(rig):
    kernel = Kernel("6.12-16k-arm64")
    rig.binary = os.path.join(TOP, "build", "arm64", "iscsi-init")
    run("make", "-C", TOP, "ARCH=arm64")
    lab = Lab(rig, kernel, rig.initrd(kernel), words="iscsi.timeout=97531", files={"/search.sh": SEARCH})
    rig.ok((lab.shell("grep -m 1 KernelPageSize /proc/self/smaps") or "").split()[1:2] == ["16"], "the kernel's pages have 16 KiB")
    rig.ok(len((lab.shell("resident") or "").split()) == 1, "the resident process is there")
    size, found = (lab.shell("sh /search.sh iscsi.timeout=97531") or "0 1").split()
    rig.ok(int(size) > 100000 and found == "0", "nothing of the command line is left in its memory", size + " bytes")
    rig.ok((lab.shell("sh /search.sh iqn.2026-01.test.rig:t1") or "0 0").split()[1] != "0", "where the target's name is found")
    lab.start_writer()
    for seconds in (2, 8):
        lab.lasts()
        lab.target.kill()
        time.sleep(seconds)
        lab.target.start()
        lab.since = time.monotonic()
        rig.check(lab.guest, lab.guest.expect(r"is back at .*\(event=back", 60), "away for %d s: the session is back" % seconds)
        rig.ok(lab.wrote(2), "and files are written again")
    lab.verify("the files")


with Rig() as test:
    main(test)
