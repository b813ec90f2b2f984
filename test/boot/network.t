#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the boot interface gets its address: DHCP unasked, DHCP asked for, static, by name and by MAC; LUN choice."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import HOST, Kernel, Rig, Target  # noqa: E402

SHOW = "ip -4 addr show | show addr; ip route | show route; cat /etc/hostname /proc/sys/kernel/hostname | show host\n"
MAC = "52-54-00-12-34-56"  # colons separate the fields


def address(rig, kernel, initrd, words, expected, name):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet root=/dev/sda1 %s %s" % (target.word(), words))
    guest.expect("^DONE")
    shown = guest.section("addr") + guest.section("route") + guest.section("host")
    rig.check(guest, guest.section("addr") and all(text in shown for text in expected), name)
    guest.wait()


def choice_of_lun(rig, kernel, initrd):
    script = "ls -d /sys/class/scsi_disk/* | show disks\n"
    empty, disk = rig.disk(table="none", files={"/other": "x"}), rig.disk(script=script)
    target = Target(rig, {1: empty, 5: disk})
    guest = rig.boot(kernel, initrd, "quiet root=UUID=%s %s" % (disk.UUID, target.word("lun=5")))
    guest.expect("^DONE")
    disks = guest.section("disks").split()
    rig.check(guest, len(disks) == 1 and disks[0].endswith(":5"), "lun=5 attaches that disk and no other")
    guest.wait()
    guest = rig.boot(kernel, initrd, "quiet root=PARTUUID=%s %s" % (disk.PARTUUID, target.word()))
    guest.expect("^DONE")
    rig.check(guest, len(guest.section("disks").split()) == 2, "without lun= every LUN is attached")
    guest.wait()


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    address(rig, kernel, initrd, "", ["inet 10.0.2.15/24", "default via " + HOST], "no ip= at all: DHCP")
    address(rig, kernel, initrd, "ip=dhcp", ["inet 10.0.2.15/24"], "ip=dhcp: DHCP")
    address(rig, kernel, initrd, "ip=10.0.2.77::10.0.2.2:255.255.255.0:myname:eth0:off",
            ["inet 10.0.2.77/24", "default via " + HOST, "myname"], "ip= static, device by name, gateway and host name")
    address(rig, kernel, initrd, "ip=10.0.2.78:::255.255.0.0::%s:none" % MAC, ["inet 10.0.2.78/16"],
            "ip= static, device by its MAC address, no gateway")
    choice_of_lun(rig, kernel, initrd)
