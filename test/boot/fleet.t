#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make fleet` with three machines: DHCP names the disk, the machine and the log server (option 7), and no bit of the image changes."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from fleet import demonstrate  # noqa: E402
from rig import Rig  # noqa: E402

with Rig() as rig:
    demonstrate(rig, 3, 1, rig.path("fleet", ".svg"), rig.note, rig.note, rig.ok)
