#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cards by the names that udev would give, several cards, kernels without IPv6, and links without an ip= of their own."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import HOST, Kernel, Rig, Target  # noqa: E402
from switch import Switch  # noqa: E402

SHOW = """ip addr | show addr
cat /proc/net/vlan/* | show vlan
"""


def card(number, kind="user", net="10.0.2", extra=""):
    return ["-netdev", "user,id=n%d,net=%s.0/24,host=%s.2" % (number, net, net) if kind == "user"
            else "hubport,id=n%d,hubid=%d" % (number, number),
            "-device", "virtio-net-pci,netdev=n%d,romfile=,mac=52:54:00:12:34:%02x%s" % (number, 0x56 + number, extra)]


def boot(rig, name, words, *expected, option=(), **more):
    kernel = Kernel("6.1-cloud-amd64")
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet root=/dev/sda1 %s %s" % (target.word(*option), words), **more)
    guest.expect("^DONE")
    shown = guest.section("addr") + guest.section("vlan")
    rig.check(guest, shown and all(text in shown for text in expected), name)
    guest.wait()


def names(rig):
    network = card(0, extra=",addr=9")
    boot(rig, "a card by its path, and a connection bound to it", "ip=enp0s9:dhcp", "inet 10.0.2.15/24",
         option=["interface=enp0s9"], network=network)
    kernel = Kernel("6.1-cloud-amd64")
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet iscsi=%s,iqn.2026-01.test.rig:x ip=lan0:dhcp iscsi.timeout=9 "
                     "root=/dev/sda1 panic=-1" % HOST, network=network)
    rig.check(guest, guest.expect(r'no network interface has the name "lan0"; there are: eth0 \(52:54:00:12:34:56, enp0s9, '
                                  r"enx525400123456\)", 30), "a name that no card has is reported, with those there are")
    guest.wait()


def several(rig):
    boot(rig, "of two named cards the second has a server", "ip=eth0:dhcp ip=eth1:dhcp", "inet 10.0.2.15/24",
         network=card(0, "hub") + card(1))
    boot(rig, "and of two that nobody named", "ip=dhcp", "inet 10.0.2.15/24", network=card(0, "hub") + card(1))
    kernel = Kernel("6.1-cloud-amd64")
    first, second = rig.disk(table="none"), rig.disk(script=SHOW)
    here = Target(rig, {1: first}, name="iqn.2026-01.test.rig:here")
    there = Target(rig, {1: second}, name="iqn.2026-01.test.rig:there")
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet ip=dhcp root=PARTUUID=%s iscsi=10.0.2.2:%d,%s iscsi=10.0.3.2:%d,%s" % (
        second.PARTUUID, here.port, here.name, there.port, there.name),
        network=card(0) + card(1, net="10.0.3"))
    rig.check(guest, guest.expect("^DONE") and "inet 10.0.2.15/24" in guest.section("addr") and
              "inet 10.0.3.15/24" in guest.section("addr"), "two targets, each in the network of another card")
    guest.wait()


def families(rig):
    boot(rig, "ip=dhcp,dhcp6 where IPv6 gives no address", "ip=dhcp,dhcp6", "inet 10.0.2.15/24",
         network=["-netdev", "user,id=n0,ipv6=off", "-device", "virtio-net-pci,netdev=n0,romfile="])
    boot(rig, "ip=dhcp,dhcp6 with a kernel whose IPv6 is off", "ip=dhcp,dhcp6 ipv6.disable=1", "inet 10.0.2.15/24")
    boot(rig, "ip=dhcp,auto6 with a kernel whose IPv6 is off", "ip=dhcp,auto6 ipv6.disable=1", "inet 10.0.2.15/24")


def links(rig):
    boot(rig, "a bond without ip=", "bond=bond0:eth0:mode=active-backup,miimon=100", "bond0: ", "global bond0")
    boot(rig, "a bridge without ip=", "bridge=br0:eth0", "br0: ", "global br0")
    boot(rig, "a bridge with an address of its own", "bridge=br0:eth0 ip=10.0.2.80::10.0.2.2:255.255.255.0::br0:off",
         "inet 10.0.2.80/24")
    boot(rig, "a team, as a bond", "team=team0:eth0", "global team0")
    for words in ("vlan=bond0.7:bond0 bond=bond0:eth0:mode=active-backup,miimon=100", "vlan=vlan.0007:eth0",
                  "ip=eth0:dhcp vlan=vlan0007:eth0"):
        switch = Switch(rig, 7)
        switch.start()
        boot(rig, words + ": the VLAN asks for its address", words, "VID: 7", "inet 10.0.2.15/24", network=switch.network())


with Rig() as rig:
    for test in (names, several, families, links):
        if not sys.argv[1:] or test.__name__ in sys.argv[1:]:
            test(rig)
