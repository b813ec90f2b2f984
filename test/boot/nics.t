#!/usr/bin/env python3
"""Network cards other than virtio's: of a PC, of VMware, on USB, and one that must not be opened while its driver is at it."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from rig import Kernel, Rig, Target  # noqa: E402

CARDS = {  # module: QEMU's device, boots
    "e1000e": ("e1000e", 1),
    "8139cp": ("rtl8139", 1),
    "vmxnet3": ("vmxnet3", 1),
    "cdc_ether": ("usb-net", 1),
    "e100": ("i82559c", 4),  # without await_driver (net.c) the kernel oopses in every other boot
}


def boots(rig, kernel, module, device):
    disk = rig.disk(script="cat /sys/class/net/*/device/uevent | show driver\n")
    target = Target(rig, {1: disk})
    card = "%s,netdev=n0%s" % (device, "" if device == "usb-net" else ",romfile=")
    host = ["-device", "qemu-xhci"] if device == "usb-net" else []
    guest = rig.boot(kernel, rig.initrd(kernel, nic=module), "quiet root=LABEL=rigroot " + target.word(),
                     network=["-netdev", "user,id=n0"] + host + ["-device", card])
    rig.check(guest, guest.expect("^DONE"), "boots through QEMU's %s" % device)
    rig.ok("DRIVER=" + module in guest.section("driver"), "with the driver %s" % module, guest.section("driver"))
    guest.wait()


with Rig() as test:
    debian = Kernel("6.1-amd64")
    for name, (model, times) in CARDS.items():
        for _ in range(times):
            boots(test, debian, name, model)
