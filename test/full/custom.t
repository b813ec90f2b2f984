#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A kernel of one's own that has everything built in and no modules (custom.config): with an initramfs beside it,
compressed in each way, and with iscsi-init inside it."""

import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from rig import IMAGE_TOOL, Rig, Target, run  # noqa: E402
from booted import Booted  # noqa: E402

SHOW = "[ -e /proc/modules ] || echo none | show modules\n"


def custom(*program):
    folder = run(os.path.join(HERE, "custom-kernel"), *program).split("\n")[-2]
    with open(os.path.join(folder, "version")) as file:
        return types.SimpleNamespace(arch="amd64", version=file.read().strip(), image=os.path.join(folder, "vmlinuz"))


def boots(rig, kernel, initrd, name):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet root=UUID=%s %s" % (disk.UUID, target.word()))
    reached = guest.expect("^ROOT-OK", 60)
    seconds = guest.seconds()
    rig.check(guest, reached, "a kernel without modules boots, " + name)
    rig.check(guest, guest.wait(), "and powers off")
    rig.ok(guest.section("modules").strip() == "none", "and has no modules", guest.section("modules"))
    rig.note("%s: %d KiB of kernel" % (name, os.path.getsize(kernel.image) // 1024))
    return ["custom", kernel.version, "none", "amd64", "QEMU, " + name, reached, seconds]


with Rig() as rig:
    booted = Booted(rig)
    kernel = custom()
    for how in ("none", "xz", "zstd", "gzip"):
        initrd = rig.path("custom", ".initrd")
        run(IMAGE_TOOL, "--modules", "none", "--binary", rig.binary, "--compress", how, "-o", initrd)
        row = boots(rig, kernel, initrd, "an initramfs beside it" + (" (%s)" % how if how != "gzip" else ""))
    booted.add(*row)
    booted.add(*boots(rig, custom(rig.binary), None, "iscsi-init inside it"))
    booted.finish()
