#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole Debian systems whose network manager gives the lease of root's interface back, and takes the interface down, by its
own command: root keeps its network, an outage is survived afterwards, and the system powers off."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

# suite, manager, name of the interface, file of ifupdown's, what gives the lease back
SYSTEMS = [
    ("bookworm", "ifupdown", "eth0", distro.interfaces("eth0"), ("dhclient -r -v eth0", "ifdown --force eth0")),
    ("bookworm", "networkd", "eth0", {}, ("systemctl restart systemd-networkd", "networkctl down eth0", "systemctl stop systemd-networkd")),
    ("trixie", "networkd", "eth0", {}, ("networkctl reconfigure eth0", "networkctl down eth0", "systemctl stop systemd-networkd")),
    ("trixie", "networkmanager", "eth0", {}, ("nmcli device disconnect eth0", "systemctl stop NetworkManager")),
    ("trixie", "dhcpcd", "eth0", {}, ("dhcpcd -k eth0", "systemctl stop dhcpcd")),
    ("trixie", "connman", "eth0", {}, ("connmanctl disable ethernet", "systemctl stop connman")),
]


def is_released(rig, machine, name, command):
    """What the manager answers is shown, not judged: it may refuse, since the interface is not its own."""
    said = machine.shell(command, 120)
    rig.note("%s: %s: %s" % (name, command, " / ".join((said or "no word").splitlines()[-3:])))
    rig.check(machine.guest, machine.write("after") == "written", "%s: after %s root can be written" % (name, command))
    distro.outage(rig, machine, "%s, after %s" % (name, command))


def play(rig, suite, manager, card, files, commands):
    name = "%s, %s" % (suite, manager)
    kernel = Kernel(distro.KERNELS[suite])
    disk = distro.root(rig, suite, manager, False, kernel, files)
    machine = distro.Machine(rig, kernel, disk, more="net.ifnames=0", seconds=400)

    def during(machine):
        rig.ok(card in machine.guest.section("network"), name + ": the interface is " + card, machine.guest.section("network"))
        for command in commands:
            is_released(rig, machine, name, command)

    distro.from_on_to_off(rig, machine, name, during)


with Rig() as rig:
    for system in SYSTEMS:
        if not sys.argv[1:] or " ".join(system[:2]) in sys.argv[1:]:
            play(rig, *system)
