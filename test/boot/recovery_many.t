#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One supervisor, several sessions: each has its own outages, its own recovery, and its own bytes. One of the disks is root,
one is reached over IPv6."""

import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import MIB, Target, run_cases  # noqa: E402

DATA_DISKS = 3


def network(ipv4):
    return ["-netdev", "user,id=n0,ipv4=%s,ipv6=on,ipv6-net=fec0::/64" % ipv4, "-device", "virtio-net-pci,netdev=n0,romfile="]


class DataDisk:
    """A disk without a file system, its number in the size: nothing else tells them apart in the guest."""

    def __init__(self, rig, number):
        self.path = rig.path("data", ".img")
        self.mebibytes = 20 + number
        with open(self.path, "wb") as file:
            file.truncate(self.mebibytes * MIB)


class TargetV6(Target):
    """Its portal is the host's ::1, which the guest reaches at its router's address."""

    address = "[::1]"

    def portal(self):
        return "[fec0::2]:%d" % self.port


def lab_with_targets(rig, kernel, initrd):
    targets, disks = [], [DataDisk(rig, n) for n in range(DATA_DISKS)]
    for number, disk in enumerate(disks):
        kind = TargetV6 if number == 0 else Target
        targets.append(kind(rig, {1: disk}, name="iqn.2026-11.test:data%d" % number))
    words = "root=LABEL=rigroot loglevel=7 ip=eth0:dhcp ip=eth0:auto6 " + " ".join(
        target.word("noop_out_interval=1", "noop_out_timeout=2") for target in targets)
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"], words=words, network=network("on"))
    return lab, targets, disks


def write_data(lab, seed):
    """Every data disk is written, all at once, each with bytes of its own; what the guest says they are."""
    lab.shell("names=; for b in /sys/block/sd*; do [ $(cat $b/size) -gt %d ] || names=\"$names ${b##*/}\"; done" %
              (40 * 2048))
    begin = ("for n in $names; do (dd if=/dev/urandom of=/run/$n.%d bs=1M count=8; "
             "dd if=/run/$n.%d of=/dev/$n bs=256k seek=%d conv=fsync || echo DATA-ERROR $n; echo DATA-DONE $n) "
             ">/dev/console 2>&1 & done")
    lab.shell(begin % (seed, seed, 4 * seed))


def data_done(lab, name, turn=1):
    """After the turn-th write_data. Disks whose target was there are done before the other's session is back."""
    while len(re.findall("^DATA-DONE sd", lab.guest.console, re.M)) < turn * DATA_DISKS:
        if not lab.guest.expect("^DATA-DONE sd", 90):
            break
    done = len(re.findall("^DATA-DONE sd", lab.guest.console, re.M)) == turn * DATA_DISKS
    lab.rig.check(lab.guest, done and "DATA-ERROR" not in lab.guest.console, name)


def all_back(lab, name, sessions):
    """Every session says that it is back, once for each time that it was lost: on a busy machine a NOP-Out may be late."""
    seen = set()
    while len(seen) < sessions:
        match = lab.guest.expect(r"event=back sid=(\d+) ", 60)
        if not match:
            break
        seen.add(match.group(1))
    losses, returns = (re.findall("event=%s (sid=\\d+) " % event, lab.guest.console) for event in ("lost", "back"))
    once = all(returns.count(sid) <= losses.count(sid) for sid in returns)
    lab.rig.check(lab.guest, len(seen) == sessions and once, "%s: sessions back: %d of %d" % (name, len(seen), sessions))


def holds(rig, lab, disks, seed):
    sums = lab.shell("md5sum /run/sd*.%d; for n in $names; do echo $n $(cat /sys/block/$n/size); done" % seed) or ""
    sizes = dict(re.findall(r"^(sd\w+) (\d+)$", sums, re.M))
    wanted = {int(sizes[name]) // 2048: digest for digest, name in re.findall(r"^([0-9a-f]{32})  /run/(sd\w+)\.", sums, re.M)}
    right = []
    for disk in disks:
        with open(disk.path, "rb") as file:
            file.seek(seed * MIB)
            right.append(wanted.get(disk.mebibytes) == hashlib.md5(file.read(8 * MIB)).hexdigest())
    rig.ok(len(wanted) == len(set(wanted.values())) == DATA_DISKS and all(right),
           "what was written to each disk is on that disk and no other", "%s %s" % (right, sums))


def several(rig, kernel, initrd):
    lab, targets, disks = lab_with_targets(rig, kernel, initrd)
    shown = lab.shell("/run/initramfs/shutdown list") or ""
    rig.ok(shown.count("LOGGED_IN") == 1 + DATA_DISKS and "at [fec0:" in shown, "four sessions, one of them over IPv6", shown)
    lab.start_writer()
    write_data(lab, 1)
    everyone = [lab.target] + targets
    for target in everyone:
        target.kill()
    for target in reversed(everyone):
        target.start()
    all_back(lab, "every target was killed and started again", len(everyone))
    data_done(lab, "and what was being written to the disks is written")
    holds(rig, lab, disks, 1)

    write_data(lab, 10)
    targets[0].kill()
    lab.expect(r"event=lost sid=\d+", "one target goes away, that of IPv6")
    rig.check(lab.guest, lab.wrote(3), "root does not notice")
    targets[0].start()
    all_back(lab, "it comes back by itself", 1)
    data_done(lab, "and its disk is written, too", 2)
    holds(rig, lab, disks, 10)

    lab.guest.monitor("set_link", name="n0", up=False)
    for _ in everyone:
        lab.guest.expect(r"event=lost sid=\d+", 30)
    lab.guest.monitor("set_link", name="n0", up=True)
    all_back(lab, "the cable was out", len(everyone))
    lab.verify("several sessions")


def over_ipv6(rig, kernel, initrd):
    """Nothing but IPv6: the address by router advertisement, root's target behind it, and its outage."""
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"], words="loglevel=7 ip=auto6",
              target=lambda disk: TargetV6(rig, {1: disk}), network=network("off"))
    addresses = lab.shell("ip -4 -o addr show dev eth0 | wc -l; ip -6 -o addr show dev eth0 scope site | wc -l") or ""
    rig.ok(addresses == "0\n1", "the interface has an IPv6 address and no IPv4 one", addresses)
    lab.start_writer()
    lab.target.kill()
    lab.target.start()
    all_back(lab, "over IPv6 alone", 1)
    rig.check(lab.guest, lab.wrote(2), "and files are written again")
    lab.verify("over IPv6 alone")


CASES = {"several": several, "ipv6": over_ipv6}

if __name__ == "__main__":
    run_cases(CASES)
