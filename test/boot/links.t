#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Links that the command line makes: the root disk through a bond, a VLAN beside the boot interface, another name."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Kernel, Rig, Target  # noqa: E402

SHOW = """ip addr | show addr
cat /proc/net/vlan/eth0.7 | show vlan
cd /sys/class/net/bond0/bonding && cat mode slaves arp_ip_target lacp_rate xmit_hash_policy | show bond; cd /
"""


# LACP wants to know how fast a port is
NETWORK = ["-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=,speed=1000,duplex=full"]


def boot(rig, kernel, initrd, words, name, *expected):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet root=/dev/sda1 %s %s" % (target.word(), words), network=NETWORK)
    guest.expect("^DONE")
    shown = guest.section("addr") + guest.section("vlan") + guest.section("bond")
    rig.check(guest, all(text in shown for text in expected), name)
    guest.wait()


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    boot(rig, kernel, initrd, "bond=bond0:eth0:mode=active-backup,miimon=100 ip=bond0:dhcp",
         "the root disk through a bond", "inet 10.0.2.15/24", "active-backup 1", "eth0")
    boot(rig, kernel, initrd, "bond=bond0:eth0:mode=active-backup,arp_interval=200,arp_ip_target=10.0.2.2;10.0.2.3 "
         "ip=10.0.2.15::10.0.2.2:24::bond0:none", "a bond watched by ARP, with several targets", "inet 10.0.2.15/24",
         "10.0.2.2 10.0.2.3")
    boot(rig, kernel, initrd, "bond=bond0:eth0:mode=802.3ad,miimon=100,lacp_rate=fast,xmit_hash_policy=layer3+4 "
         "ip=bond0:dhcp", "a bond by LACP", "inet 10.0.2.15/24", "802.3ad 4", "fast 1", "layer3+4 1")
    boot(rig, kernel, initrd, "ip=eth0:dhcp bootdev=eth0 vlan=eth0.7:eth0 ip=192.0.2.9:::255.255.255.0::eth0.7:off",
         "a VLAN beside the boot interface", "inet 192.0.2.9/24", "VID: 7", "inet 10.0.2.15/24")
    boot(rig, kernel, initrd, "ifname=san0:52:54:00:12:34:56 ip=san0:dhcp", "the root disk by an interface renamed",
         "san0:", "inet 10.0.2.15/24")
