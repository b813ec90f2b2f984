#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The firmware's boot table: QEMU's firmware carries one that is made here (ACPI, as UEFI machines have it), with what
iPXE never writes: two targets, one target at two portals, a LUN of two digits, a VLAN, IPv6, secrets one way and both."""

import ipaddress
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import HOST, Kernel, NamespaceTarget, Rig, Target, run  # noqa: E402
from switch import Switch  # noqa: E402

MAC = "52:54:00:12:34:56"
INITIATOR = "iqn.2026-01.test.rig:firmware"
SHOW = """cd /sys/class/iscsi_session && for s in *; do echo $(cat $s/initiatorname $s/targetname $s/username $s/username_in) \\
	$(cat /sys/class/iscsi_connection/connection${s#session}:0/persistent_port); done | sort | show sessions
ip address | show addresses
ls /sys/block | show disks
grep . /proc/net/vlan/* | show vlan
"""


def address_bytes(text):
    address = ipaddress.ip_address(text)
    return address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed


class Table:
    """iBFT, version 1: a control structure, then one structure each, then the text that they point to."""

    def __init__(self, nics, targets):
        self.structures, self.heap = [], b"\0"
        self.text_at = 48 + 18 + 74 + 102 * len(nics) + 54 * len(targets)
        self.add(2, 0, 3, bytes(64) + self.text(INITIATOR))
        for index, nic in enumerate(nics):
            self.add(3, index, 3, self.nic(**nic))
        for index, target in enumerate(targets):
            self.add(4, index, 3, self.target(**target))

    def text(self, text):
        at = self.text_at + len(self.heap)
        if not text:
            return struct.pack("<HH", 0, 0)
        self.heap += text.encode() + b"\0"
        return struct.pack("<HH", len(text), at)

    def add(self, kind, index, flags, body):
        self.structures.append(struct.pack("<BBHBB", kind, 1, 6 + len(body), index, flags) + body)

    def nic(self, address, prefix, gateway="", vlan=0, dns="", mac=MAC):
        unset = bytes(16)
        return (address_bytes(address) + struct.pack("BB", prefix, 1) + (address_bytes(gateway) if gateway else unset) +
                (address_bytes(dns) if dns else unset) + unset + unset +
                struct.pack("<H", vlan) + bytes.fromhex(mac.replace(":", "")) + struct.pack("<H", 0xff << 8) +
                self.text(""))

    def target(self, address, port, name, lun, nic=0, chap=(), mutual=()):
        kind = 2 if mutual else 1 if chap else 0
        words = list(chap or ("", "")) + list(mutual or ("", ""))
        return (address_bytes(address) + struct.pack("<H", port) + struct.pack(">H", lun) + bytes(6) +
                struct.pack("BB", kind, nic) + self.text(name) + b"".join(map(self.text, words)))

    def data(self):
        """All that follows the ACPI header."""
        at, offsets = 48 + 18, {2: [], 3: [], 4: []}
        for structure in self.structures:
            offsets[structure[0]].append(at)
            at += len(structure)
        pairs = [offset for pair in zip((offsets[3] + [0, 0])[:2], (offsets[4] + [0, 0])[:2]) for offset in pair]
        control = struct.pack("<BBHBBHH4H", 1, 1, 18, 0, 0, 0, offsets[2][0], *pairs)
        return bytes(12) + control + b"".join(self.structures) + self.heap


def boot(rig, name, nics, targets, words, network=None, program=None, **expected):
    kernel = Kernel("6.1-cloud-amd64")
    path = rig.path("table", ".ibft")
    with open(path, "wb") as file:
        file.write(Table(nics, targets).data())
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet " + words, network=network, program=program,
                     options=["-acpitable", "sig=iBFT,rev=1,data=" + path])
    rig.check(guest, guest.expect("^ROOT-OK"), name)
    rig.check(guest, guest.expect("^DONE"), name + ": and its script runs to its end")
    for section, pattern in expected.items():
        shown = guest.section(section)
        rig.ok(re.search(pattern, shown, re.S), "%s: its %s" % (name, section), shown)
    return guest


STATIC = {"address": "10.0.2.77", "prefix": 24, "gateway": "10.0.2.2"}


def two_targets(rig):
    other = rig.disk(table="none")
    root = rig.disk(script=SHOW)
    first = Target(rig, {1: other}, name="iqn.2026-01.test.rig:first", accounts=[("one", "secret-of-one")])
    second = Target(rig, {16: root}, name="iqn.2026-01.test.rig:second",
                    accounts=[("two", "secret-of-two"), ("back", "secret-of-back", "--outgoing")])
    guest = boot(rig, "two targets, the second's LUN is 0x10, with CHAP and mutual CHAP", [STATIC], [
        {"address": HOST, "port": first.port, "name": first.name, "lun": 1, "chap": ("one", "secret-of-one")},
        {"address": HOST, "port": second.port, "name": second.name, "lun": 16, "chap": ("two", "secret-of-two"),
         "mutual": ("back", "secret-of-back")}], "iscsi=ibft root=PARTUUID=" + root.PARTUUID,
        sessions="%s .*:first one.* %d\n%s .*:second two back %d" % (INITIATOR, first.port, INITIATOR, second.port),
        addresses="inet 10.0.2.77/24", disks="sda.*sdb")
    rig.ok("secret-of" not in guest.console, "and no secret is shown", guest.console)


def two_portals(rig):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    port = Target.free_port()
    target.admin("--mode", "portal", "--op", "new", "--param", "portal=127.0.0.1:%d" % port)
    boot(rig, "one target at two portals, with no word on the command line", [STATIC], [
        {"address": HOST, "port": number, "name": target.name, "lun": 1} for number in (target.port, port)],
        "root=UUID=" + disk.UUID, sessions=" %d\n.* %d$" % tuple(sorted((target.port, port))), disks="sda.*sdb")


def two_cards(rig):
    """Each target by its own card: the second is in a network that the first card does not know."""
    root, other = rig.disk(script=SHOW), rig.disk(table="none")
    first = Target(rig, {1: other}, name="iqn.2026-01.test.rig:first")
    second = Target(rig, {1: root}, name="iqn.2026-01.test.rig:second")
    other_mac = "52:54:00:12:34:57"
    network = []
    for name, mac, net in (("n0", MAC, "10.0.2"), ("n1", other_mac, "10.0.3")):
        network += ["-netdev", "user,id=%s,net=%s.0/24,host=%s.2" % (name, net, net),
                    "-device", "virtio-net-pci,netdev=%s,romfile=,mac=%s" % (name, mac)]
    boot(rig, "two targets, each by its own card", [dict(STATIC, gateway=""), {
        "address": "10.0.3.77", "prefix": 24, "mac": other_mac}], [
            {"address": HOST, "port": first.port, "name": first.name, "lun": 1},
            {"address": "10.0.3.2", "port": second.port, "name": second.name, "lun": 1, "nic": 1}],
         "iscsi=ibft root=PARTUUID=" + root.PARTUUID, network=network,
         sessions=":first.*:second", addresses="inet 10.0.2.77/24.*inet 10.0.3.77/24", disks="sda.*sdb")


def vlan(rig):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    switch = Switch(rig, 7)
    switch.start()
    boot(rig, "a VLAN", [dict(STATIC, vlan=7)], [{"address": HOST, "port": target.port, "name": target.name, "lun": 1}],
         "iscsi=ibft root=UUID=" + disk.UUID, network=switch.network(), vlan="VID: 7", addresses="inet 10.0.2.77/24")


def ipv6(rig):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    port = Target.free_port()
    target.admin("--mode", "portal", "--op", "new", "--param", "portal=[::1]:%d" % port)
    boot(rig, "IPv6 addresses", [{"address": "fec0::77", "prefix": 64}],
         [{"address": "fec0::2", "port": port, "name": target.name, "lun": 1}],
         "ip=ibft root=UUID=" + disk.UUID, addresses="inet6 fec0::77/64")


def link_local(rig):
    """Oracle's cloud: the target has a link-local address that only the gateway knows. QEMU and tgtd are in a namespace
    that has the address, so that the machine's own network stays as it is."""
    disk = rig.disk(script=SHOW)
    name = "iscsi-init-ibft-%d" % os.getpid()
    run("ip", "netns", "add", name)
    try:
        for words in ("link set lo up", "address add 169.254.0.2/32 dev lo"):
            run("ip", "-n", name, *words.split())
        program = rig.path("qemu", ".sh")
        with open(program, "w") as file:
            file.write('#!/bin/sh\nexec ip netns exec %s qemu-system-x86_64 "$@"\n' % name)
        os.chmod(program, 0o755)
        target = NamespaceTarget(rig, {1: disk}, name, "169.254.0.2")
        boot(rig, "a link-local target behind the gateway", [STATIC], [
            {"address": "169.254.0.2", "port": target.port, "name": target.name, "lun": 1}],
             "rd.iscsi.firmware=1 rd.iscsi.ibft=1 ip=ibft root=UUID=" + disk.UUID, program=program,
             addresses="inet 10.0.2.77/24")
    finally:
        for process in reversed(rig.processes):
            process.kill()
        run("ip", "netns", "del", name)


def idle_card(rig):
    """A second card that the firmware configured, without gateway, cable or target."""
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    other_mac = "52:54:00:12:34:57"
    network = ["-netdev", "hubport,id=n1,hubid=3", "-device", "virtio-net-pci,netdev=n1,romfile=,mac=" + other_mac,
               "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=,mac=" + MAC]
    boot(rig, "a second card without target and gateway", [dict(STATIC), {
        "address": "10.0.9.77", "prefix": 24, "mac": other_mac}], [
            {"address": HOST, "port": target.port, "name": target.name, "lun": 1}],
         "ip=ibft iscsi=ibft root=UUID=" + disk.UUID, network=network, addresses="inet 10.0.2.77/24")


def refused(rig):
    """Bytes 01 11: the kernel shows 111000000, which may be cut as 1 11 or as 11 1, and neither is a LUN of one level."""
    kernel = Kernel("6.1-cloud-amd64")
    path = rig.path("table", ".ibft")
    with open(path, "wb") as file:
        file.write(Table([STATIC], [{"address": HOST, "port": 3260, "name": "iqn.2026-01.test.rig:t1",
                                     "lun": 0x0111}]).data())
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet iscsi=ibft root=/dev/sda1",
                     options=["-acpitable", "sig=iBFT,rev=1,data=" + path])
    guest.wait(60)
    rig.check(guest, guest.said("iBFT target0: .*lun"), "a LUN that cannot be read for sure is refused, and named")


with Rig() as rig:
    for test in (two_targets, two_portals, two_cards, vlan, ipv6, idle_card, refused, link_local):
        if not sys.argv[1:] or test.__name__ in sys.argv[1:]:
            test(rig)
