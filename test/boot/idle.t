#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The resident process costs nothing while nothing happens: its processor time and its wake-ups over four idle seconds."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

with Rig() as rig:
    cloud = Kernel("6.1-cloud-amd64")
    lab = Lab(rig, cloud, rig.initrd(cloud))
    lab.shell("sleep 2")  # what the boot left to do
    shown = lab.shell("p=$(resident); cat /proc/$p/schedstat; sleep 4; cat /proc/$p/schedstat", 60) or ""
    numbers = [int(word) for word in shown.split()]
    rig.check(lab.guest, len(numbers) == 6, "the resident process is there")
    busy_ms = (numbers[3] - numbers[0]) / 1e6
    rig.ok(busy_ms < 20, "it runs less than 20 ms in 4 s: %.1f" % busy_ms, shown)
    rig.ok(numbers[5] - numbers[2] < 20, "it wakes up less than 20 times: %d" % (numbers[5] - numbers[2]), shown)
    lab.guest.kill()
