#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Behind our archive stands somebody else's initramfs: Debian's initramfs-tools, dracut, a plain busybox script. Each
finds its root by UUID as if the disk were local, with no iSCSI tool and no network configuration of its own."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from builders import distribution_initrd  # noqa: E402
from rig import IMAGE_TOOL, Kernel, Rig, Target, newc_archive, run  # noqa: E402

# Looks for the disk once: what is not there at once is not there "as if it were local".
BUSYBOX_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devtmpfs /dev
for word in $(/bin/busybox cat /proc/cmdline); do
	case $word in root=UUID=*) root=$(/bin/busybox findfs ${word#root=}) ;; esac
done
echo "THEIRS: $root $*"
/bin/busybox mount -t ext4 $root /sysroot
exec /bin/busybox switch_root /sysroot /sbin/init
"""
SCRIPT = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | show processes\n"


def busybox_initrd():
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    folders = dict.fromkeys(["bin", "dev", "proc", "sys", "sysroot"])
    return newc_archive(dict(folders, **{"bin/busybox": busybox, "init": BUSYBOX_INIT}))


def chain(rig, kernel, name, theirs, expected):
    appended = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append", theirs,
        "-o", appended)
    disk = rig.disk(script=SCRIPT)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, appended, "quiet rdinit=/iscsi-init %s root=UUID=%s rw -- single" %
                     (target.word(), disk.UUID), memory=768)
    rig.check(guest, guest.expect("^ROOT-OK", 120), name + " finds the root by UUID and runs its init")
    if expected:
        rig.check(guest, expected in guest.console, name + " was given the kernel's arguments")
    rig.check(guest, guest.wait(), name + ": powers off")
    rig.ok("@iscsi-init" in guest.section("processes"), name + ": the resident process has lived through it all",
           guest.section("processes"))
    rig.ok("/dev/sda1 / ext4" in guest.section("mounts"), name + ": from the iSCSI disk", guest.section("mounts"))


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    chain(rig, kernel, "a busybox script", rig.joined(busybox_initrd()), "THEIRS: /dev/sda1 single")
    for builder in ("initramfs-tools", "dracut"):
        chain(rig, kernel, builder, distribution_initrd(builder, kernel), None)
