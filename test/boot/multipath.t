#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk that two portals show is one device: whichever of them is there, it boots, and when one is lost it goes on."""

import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from lab import Lab  # noqa: E402
from rig import HOST, TARGET_NAME, Target, run_cases  # noqa: E402
from target import DISCOVERY_ANSWERS, Listener  # noqa: E402

SHOW = """
for d in /sys/block/dm-*; do echo $(cat $d/dm/name) $(cat $d/dm/uuid) $(ls $d/slaves); done | show maps
ls /dev/mapper | show names
ls /dev/sd* | show disks
grep -h . $(ls /run/udev/data/b*) | show udev
mkdir -p /p; mount /dev/sda1 /p 2>&1 | show path
"""
WWID = "360000000000000000e00000000010001"


class Pair:
    """Two portals of one target over one disk, as an array has them: each has a server of its own."""

    def __init__(self, rig, disk, up=(True, True), name=None):
        more = {"name": name} if name else {}
        self.one, self.two = [Target(rig, {1: disk}, start=start, **more) for start in up]

    def word(self, *options):
        return " ".join(target.word(*options) for target in (self.one, self.two))


def is_map(guest, paths):
    """Root is the partition of a map that has these paths."""
    match = re.search(r"^(\S+) part1-mpath-%s (dm-\d+)$" % WWID, guest.section("maps"), re.M)
    return match and re.search(r"^\S+ mpath-%s %s$" % (WWID, paths), guest.section("maps"), re.M) and \
        re.search(r"^/dev/dm-\d+ / ext4", guest.section("mounts"), re.M)


def both(rig, kernel, initrd):
    pair = Pair(rig, rig.disk(script=SHOW))
    guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot " + pair.word())
    rig.check(guest, guest.expect("^DONE", 90), "two portals: the machine boots")
    rig.check(guest, is_map(guest, "sda sdb"), "from a map with both paths")
    rig.check(guest, guest.section("names").split() == [WWID, WWID + "-part1", "control"], "which has the names that others give it")
    rig.check(guest, "DM_UDEV_PRIMARY_SOURCE_FLAG=1" in guest.section("udev"), "and udev's database knows it")
    rig.check(guest, "busy" in guest.section("path"), "a path cannot be mounted")
    guest.wait()


def names(rig, kernel, initrd):
    """Other words for the same; and those that switch it off."""
    pair = Pair(rig, rig.disk(script=SHOW))
    for words, name in (("root=/dev/mapper/mpatha-part1 rd.multipath=default", "mpatha"),
                        ("root=/dev/mapper/%s-part1" % WWID, WWID)):
        guest = rig.boot(kernel, initrd, "quiet rw %s %s" % (words, pair.word()))
        guest.expect("^DONE", 90)
        rig.check(guest, is_map(guest, "sda sdb") and name + "-part1" in guest.section("names").split(), "boots with " + words)
        guest.wait()
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 multipath=off " + pair.word())
    guest.expect("^DONE", 90)
    rig.check(guest, "/dev/sda1 / ext4" in guest.section("mounts") and "mpath" not in guest.section("maps"),
              "multipath=off: the disks stay apart")
    guest.wait()


def strangers(rig, kernel, initrd):
    """Every tgtd calls its first disk the same."""
    pair = [Target(rig, {1: rig.disk(script=SHOW)}), Target(rig, {1: rig.disk(table="none", script="echo wrong")}, name="iqn.2026-11.test:b")]
    guest = rig.boot(kernel, initrd, "quiet rw root=PARTLABEL=rigpart " + " ".join(target.word() for target in pair))
    guest.expect("^DONE", 90)
    rig.check(guest, "1 / ext4" in guest.section("mounts") and "mpath" not in guest.section("maps"),
              "two disks of two targets with one identity are not joined")
    guest.wait()
    guest = rig.boot(kernel, initrd, "quiet rw root=PARTLABEL=rigpart iscsi.multipath=yes " + " ".join(target.word() for target in pair))
    guest.expect("^DONE", 90)
    rig.check(guest, guest.said("are both called naa.6.* not joined") and is_map(guest, "sd[ab]"), "not even where the command line asks for it")
    guest.wait()


def start(rig, kernel, initrd, options=(), up=(True, True)):
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=1"] + list(options),
              target=lambda disk: Pair(rig, disk, up))
    lab.shell('errors() { dmesg | grep -E "Buffer I/O|EXT4-fs (error|warning)|emount|error, dev dm-"; }')
    rig.check(lab.guest, re.search(r"/dev/dm-\d+ / ext4", lab.shell("cat /proc/mounts") or ""), "root is on the map")
    return lab


def slaves(lab, count, seconds=20):
    """The map's paths."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len((lab.shell("ls /sys/block/dm-0/slaves") or "").split()) == count:
            return True
        time.sleep(0.3)
    return False


def down_at_boot(rig, kernel, initrd):
    """Each portal in turn: the other one boots the machine, and the missing one is a path when it comes."""
    for up in ((False, True), (True, False)):
        lab = start(rig, kernel, initrd, up=up)
        rig.ok(slaves(lab, 1), "one path, with portal %d" % (1 + up[1]))
        first, second = (lab.target.one, lab.target.two) if up[0] else (lab.target.two, lab.target.one)
        lab.start_writer()
        second.start()
        rig.check(lab.guest, slaves(lab, 2), "the other is added when it comes")
        lab.wrote()
        first.kill()
        rig.check(lab.guest, lab.wrote(4), "and carries on when the first is lost")
        lab.verify("down at boot")


def stall(lab, begun):
    """The longest time between two files since then, by the guest's clock, beside the usual."""
    times = [float(at) for at in re.findall(r"^WROTE \d+ [0-9a-f]{32} ([\d.]+)$", lab.guest.console[begun:], re.M)]
    gaps = sorted(b - a for a, b in zip(times, times[1:]))
    return (gaps[-1], gaps[len(gaps) // 2]) if gaps else (99, 0)


def lost(rig, kernel, initrd):
    lab = start(rig, kernel, initrd)
    one, two = lab.target.one, lab.target.two
    lab.start_writer()
    for target, name in ((one, "the first"), (two, "the second")):
        lab.wrote(4)
        begun = len(lab.guest.console)
        target.kill()
        lab.expect("event=lost", name + " portal is lost")
        rig.check(lab.guest, lab.wrote(6), "writing goes on")
        longest, usual = stall(lab, begun)
        rig.note("longest gap %.2f s, usual %.2f s" % (longest, usual))
        rig.ok(longest < usual + 1, "at once", "%.2f s, usual %.2f s" % (longest, usual))
        target.start()
        lab.expect("is back at", name + " comes back")
    begun = len(lab.guest.console)
    one.process.popen.send_signal(signal.SIGSTOP)
    lab.expect("event=lost", "the first is silent and lost")
    rig.check(lab.guest, lab.wrote(6), "writing goes on")
    longest, usual = stall(lab, begun)
    rig.note("longest gap %.2f s, usual %.2f s" % (longest, usual))
    rig.ok(longest < usual + 3, "after the two seconds that its NOP has", "%.2f s" % longest)
    two.kill()
    time.sleep(5)
    one.process.popen.send_signal(signal.SIGCONT)
    rig.check(lab.guest, lab.wrote(4), "both are away for some seconds: it goes on when one is back")
    two.start()
    lab.expect("is back at", "and the other")
    lab.verify("lost")


def portals(rig, kernel, initrd):
    """One word for a list of portals, or for all that a portal lists; one that is dead or useless holds nobody up."""
    pair = Pair(rig, rig.disk(script=SHOW))
    words = pair.one.word("portals=%s:%d+%s" % (HOST, Target.free_port(), pair.two.portal()))
    guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot " + words)
    guest.expect("^DONE", 90)
    rig.check(guest, is_map(guest, "sda sdb"), "portals= with a list, one of them dead: two paths")
    rig.ok(guest.said("going on without .*Connection refused"), "which is said")
    guest.wait()

    def script(peer):
        request = peer.read()
        if request.keys["SessionType"] != "Discovery":
            peer.answer(request, status=0x0203)
            return
        peer.answer(request, DISCOVERY_ANSWERS)
        listed = "TargetName=iqn.2026-01.test.rig:t0\0TargetName=%s\0TargetAddress=%s,1\0TargetAddress=%s,2\0" % (
            TARGET_NAME, pair.one.portal(), pair.two.portal())
        peer.send(peer.text_response(peer.read(), listed.encode()))
        peer.wait_for_the_end()

    portal = Listener(script)
    guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot iscsi=%s:%d,%s,portals=all" % (HOST, portal.port, TARGET_NAME))
    guest.expect("^DONE", 90)
    rig.check(guest, is_map(guest, "sda sdb"), "portals=all: a path by each portal that is listed")
    rig.ok(guest.said("going on without .*target not found"), "without the one that was asked, which does not let us in")
    guest.wait()
    portal.close()


CASES = {"portals": portals, "both": both, "names": names, "strangers": strangers, "down_at_boot": down_at_boot, "lost": lost}

if __name__ == "__main__":
    run_cases(CASES)
