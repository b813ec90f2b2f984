#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Network cards other than virtio's: of a PC, of VMware, on USB, and one that must not be opened while its driver is at it;
and four processors, where modules, link and events are really side by side."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from rig import Kernel, Rig, Target  # noqa: E402

CARDS = {  # module: QEMU's device, processors, boots
    "e1000e": ("e1000e", 4, 1),
    "8139cp": ("rtl8139", 4, 1),
    "vmxnet3": ("vmxnet3", 4, 1),
    "cdc_ether": ("usb-net", 4, 1),
    "e100": ("i82559c", 1, 4),  # without await_driver (net.c) the kernel oopses in every other boot
}


def boots(rig, kernel, module, device, processors):
    disk = rig.disk(script="cat /sys/class/net/*/device/uevent | show driver; nproc | show processors\n")
    target = Target(rig, {1: disk})
    card = "%s,netdev=n0%s" % (device, "" if device == "usb-net" else ",romfile=")
    host = ["-device", "qemu-xhci"] if device == "usb-net" else []
    guest = rig.boot(kernel, rig.initrd(kernel, nic=module), "quiet root=LABEL=rigroot " + target.word(),
                     options=["-smp", str(processors)], network=["-netdev", "user,id=n0"] + host + ["-device", card])
    rig.check(guest, guest.expect("^DONE"), "boots through QEMU's %s" % device)
    shown = guest.section("driver") + guest.section("processors")
    rig.ok("DRIVER=" + module in shown and shown.endswith("\n%d\n" % processors),
           "with the driver %s, on %d processors" % (module, processors), shown)
    guest.wait()


with Rig() as test:
    debian = Kernel("6.1-amd64")
    for name, (model, count, times) in CARDS.items():
        for _ in range(times):
            boots(test, debian, name, model, count)
