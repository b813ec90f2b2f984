#!/usr/bin/env python3
"""Every kernel and architecture that test/boot/kernels knows, from tgtd to the real init: what the README's matrix says.
Writes its result to build/matrix.txt."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import HERE, TOP, Kernel, Rig, Target, run  # noqa: E402

FOLDERS = {"amd64": "x86_64"}


def boots(rig, name):
    kernel = Kernel(name)
    binary = os.path.join(TOP, "build", FOLDERS.get(kernel.arch, kernel.arch), "iscsi-init")
    if not os.path.exists(binary):
        run("make", "-C", TOP, "ARCH=" + FOLDERS.get(kernel.arch, kernel.arch))
    rig.binary = binary
    disk = rig.disk(arch=kernel.arch)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet root=UUID=%s %s" % (disk.UUID, target.word()))
    reached = guest.expect("^ROOT-OK", 120)
    seconds = guest.seconds()
    rig.check(guest, reached, "%s (%s) boots" % (name, kernel.version))
    rig.check(guest, guest.wait(), name + ": powers off")
    compressed = any(file.endswith(".ko.xz") for _, _, files in os.walk(kernel.modules) for file in files)
    return "%-20s %-30s %-8s %s %5.1f s" % (name, kernel.version, ".ko.xz" if compressed else ".ko",
                                            "boots" if reached else "FAILS", seconds)


with Rig() as rig:
    lines = [boots(rig, name) for name in run(os.path.join(HERE, "kernels"), "--list").split()]
    os.makedirs(os.path.join(TOP, "build"), exist_ok=True)
    with open(os.path.join(TOP, "build", "matrix.txt"), "w") as file:
        file.write(time.strftime("%Y-%m-%d\n") + "\n".join(lines) + "\n")
    rig.note("\n".join(lines))
