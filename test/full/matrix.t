#!/usr/bin/env python3
"""Every kernel and architecture that test/boot/kernels knows, from tgtd to the real init; and a 32-bit program under a
64-bit kernel. UPDATE=1 writes what it saw to test/full/matrix.md."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from rig import TOP, Kernel, Rig, Target, run  # noqa: E402

FOLDERS = {"amd64": "x86_64"}
HEAD = """# Booted

Each line is a boot in QEMU (emulated) from tgtd to the root's own init, by `test/full/matrix.t` on %s. Seconds
are from the start of QEMU to that init on a busy machine of two cores: a bound, not a measure.

| kernel package | version | modules | iscsi-init for | result | s |
|---|---|---|---|---|---|
%s
"""


def binary_for(arch):
    folder = FOLDERS.get(arch, arch)
    path = os.path.join(TOP, "build", folder, "iscsi-init")
    if not os.path.exists(path):
        run("make", "-C", TOP, "ARCH=" + folder)
    return path


def boots(rig, name, arch=None):
    """arch: of the program and the root, where it is not the kernel's. One line of the table."""
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
    files = " ".join(file for _, _, names in os.walk(kernel.modules) for file in names)
    return "| %s | %s | %s | %s | %s | %.1f |" % (name, kernel.version, ".ko.xz" if ".ko.xz" in files else ".ko", arch,
                                                 "boots" if reached else "**fails**", seconds)


with Rig() as rig:
    lines = [boots(rig, name) for name in run(os.path.join(HERE, "..", "boot", "kernels"), "--list").split()]
    lines.append(boots(rig, "6.12-arm64", "armhf"))
    rig.note("\n".join(lines))
    if os.environ.get("UPDATE"):
        with open(os.path.join(HERE, "matrix.md"), "w") as file:
            file.write(HEAD % (time.strftime("%Y-%m-%d"), "\n".join(lines)))
