#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13's kernel boots too: its modules are .ko.xz; and a full kernel, where ext4 and its crc32c are modules."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Kernel, Rig, Target  # noqa: E402


def boots(rig, name):
    kernel = Kernel(name)
    disk = rig.disk()
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet root=UUID=%s %s" % (disk.UUID, target.word()))
    rig.check(guest, guest.expect("^ROOT-OK"), "%s (%s) boots" % (name, kernel.version))
    rig.check(guest, guest.wait(), name + " powers off")


with Rig() as rig:
    for name in ("6.12-cloud-amd64", "6.1-amd64"):
        boots(rig, name)
