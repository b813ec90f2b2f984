#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole Debian systems on an iSCSI root, from power on to power off with an outage of the target in between: each network
manager, with and without iscsid, predictable names on and off, booted by us alone, by us in front of a distribution's
initramfs, and, for its times, by Debian's own initramfs with open-iscsi."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

OLD_NAMES = "net.ifnames=0"
# ifname=: 6.1 cannot rename an interface that is up, so a root that knows udev's name gets it from us
NAMED = "ifname=enp0s1:" + distro.CARD

# suite, manager, iscsid, how it is booted, words, name in ifupdown's file and how: of the first three managers, any two of these go
# together in one row at least
MATRIX = [
    ("bookworm", "ifupdown", True, "own", OLD_NAMES, ("eth0", "auto")),
    ("bookworm", "ifupdown", True, "own", OLD_NAMES, ("eth0", "allow-hotplug")),
    ("bookworm", "ifupdown", True, "own", NAMED, ("enp0s1", "auto")),
    ("bookworm", "ifupdown", True, "initramfs-tools", OLD_NAMES, ("eth0", "auto")),
    ("bookworm", "ifupdown", True, "dracut", OLD_NAMES, ("eth0", "auto")),
    ("bookworm", "ifupdown", True, "debian", "", ("enp0s1", "auto no-auto-down")),  # else it never ends
    ("bookworm", "networkd", False, "own", "", None),
    ("bookworm", "networkd", False, "initramfs-tools", "", None),
    ("bookworm", "networkd", False, "dracut", OLD_NAMES, None),
    ("bookworm", "networkmanager", False, "own", OLD_NAMES, None),
    ("bookworm", "networkmanager", True, "initramfs-tools", OLD_NAMES, None),
    ("trixie", "ifupdown", False, "own", "", ("enp0s1", "allow-hotplug")),
    ("trixie", "ifupdown", False, "own", OLD_NAMES, ("eth0", "auto")),
    ("trixie", "ifupdown", False, "initramfs-tools", "", ("enp0s1", "auto")),
    ("trixie", "networkd", True, "own", "", None),
    ("trixie", "networkd", True, "debian", "", None),
    ("trixie", "networkmanager", True, "own", "", None),
    ("trixie", "networkmanager", True, "dracut", "", None),
    ("trixie", "netplan-networkd", False, "own", "", None),
    ("trixie", "netplan-networkmanager", False, "own", "", None),
    ("trixie", "dhcpcd", False, "own", "", None),
    ("trixie", "connman", False, "own", "", None),
]


def duration(seconds):
    return "%.0f s" % seconds if seconds else "never"


def play(rig, suite, manager, iscsid, way, words, names):
    name = ", ".join([suite, manager] + (["iscsid"] if iscsid else []) + [way] + ([words] if words else []) +
                     ([names[1]] if names else []))
    kernel = Kernel(distro.KERNELS[suite])
    disk = distro.root(rig, suite, manager, iscsid, kernel, distro.interfaces(*names) if names else {})
    machine = distro.Machine(rig, kernel, disk, way, words, seconds=400)
    if way != "debian":
        distro.from_on_to_off(rig, machine, name)
        return
    # a peer is measured, not judged
    failed = machine.failed() or "none"
    rig.note("%s: multi-user after %s, off after %s, failed: %s" %
             (name, duration(machine.booted), duration(machine.booted and machine.end()), failed))
    machine.guest.kill()


with Rig() as rig:
    for row in MATRIX:
        if not sys.argv[1:] or any(words in " ".join(map(str, row)) for words in sys.argv[1:]):
            play(rig, *row)
