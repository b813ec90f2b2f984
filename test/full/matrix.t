#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every kernel and architecture that test/boot/kernels knows, from tgtd to the real init; and a 32-bit program under a
64-bit kernel."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from rig import TOP, Kernel, Rig, Target, run  # noqa: E402
from booted import Booted, form_of  # noqa: E402

FOLDERS = {"amd64": "x86_64"}


def binary_for(arch):
    folder = FOLDERS.get(arch, arch)
    path = os.path.join(TOP, "build", folder, "iscsi-init")
    if not os.path.exists(path):
        run("make", "-C", TOP, "ARCH=" + folder)
    return path


def boots(rig, booted, name, arch=None):
    """arch: of the program and the root, where it is not the kernel's."""
    kernel = Kernel(name)
    arch = arch or kernel.arch
    rig.binary = binary_for(arch)
    disk = rig.disk(arch=arch)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet root=UUID=%s %s" % (disk.UUID, target.word()))
    reached = guest.expect("^ROOT-OK", 120)
    seconds = guest.seconds()
    rig.check(guest, reached, "%s (%s) boots with iscsi-init for %s" % (name, kernel.version, arch))
    rig.check(guest, guest.wait(), name + ": powers off")
    booted.add(name, kernel.version, form_of(kernel), arch, "QEMU", reached, seconds)


with Rig() as rig:
    booted = Booted(rig)
    for name in sys.argv[1:] or run(os.path.join(HERE, "..", "boot", "kernels"), "--list").split():
        boots(rig, booted, name)
    if not sys.argv[1:]:
        boots(rig, booted, "6.12-arm64", "armhf")
    booted.finish()
