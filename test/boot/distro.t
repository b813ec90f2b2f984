#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two whole Debian systems, from power on to power off, with an outage of the target in between: one whose ifupdown takes
root's interface down although udev has renamed it, and one whose systemd waits until networkd is online. In the second the
network is also taken away by hand. test/full/distro.t has the others."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import distro  # noqa: E402
from rig import Kernel, Rig  # noqa: E402


def ifupdown(rig):
    name = "Debian 13, ifupdown"
    kernel = Kernel(distro.KERNELS["trixie"])
    disk = distro.root(rig, "trixie", "ifupdown", False, kernel, distro.interfaces("enp0s1"))
    machine = distro.Machine(rig, kernel, disk)
    rig.ok("enp0s1" in machine.guest.section("network"), name + ": udev has renamed the interface while it was up",
           machine.guest.section("network"))
    distro.from_on_to_off(rig, machine, name)


def take_away(rig, name, machine):
    """As an administrator or a script may. What waits for the repair is a program on the root that is gone."""
    said = machine.shell("ip link set eth0 down; ip address flush dev eth0; "
                         "until dmesg | grep -q event=network-healed; do sleep 1; done", 90)
    rig.check(machine.guest, said is not None, name + ": root's network is set up again, and the system goes on")
    rig.check(machine.guest, machine.write("after") == "written", name + ": and writes")


def networkd(rig):
    name = "Debian 12, networkd"
    kernel = Kernel(distro.KERNELS["bookworm"])
    disk = distro.root(rig, "bookworm", "networkd", False, kernel)
    machine = distro.Machine(rig, kernel, disk, more="net.ifnames=0")
    distro.from_on_to_off(rig, machine, name, lambda machine: take_away(rig, name, machine))


CASES = {"ifupdown": ifupdown, "networkd": networkd}

if __name__ == "__main__":
    with Rig() as rig:
        for case in sys.argv[1:] or CASES:
            CASES[case](rig)
