#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk that two portals show is one device: whichever of them is there, it boots, and when one is lost it goes on."""

import json
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from lab import Paths, Portals  # noqa: E402
from rig import HOST, TARGET_NAME, Target, run_cases  # noqa: E402
from target import DISCOVERY_ANSWERS, Listener  # noqa: E402

SHOW = """
for d in /sys/block/dm-*; do echo $(cat $d/dm/name) $(cat $d/dm/uuid) $(ls $d/slaves); done | show maps
ls /dev/mapper | show names
ls /dev/sd* | show disks
/run/initramfs/shutdown list | show list
/run/initramfs/shutdown list --json | show json
grep -h . $(ls /run/udev/data/b*) | show udev
mkdir -p /p; mount /dev/sda1 /p 2>&1 | show path
"""
END = """
(/run/initramfs/shutdown detach 1; /run/initramfs/shutdown detach 2) 2>&1 | show detach
echo DONE
exec /run/initramfs/shutdown shutdown poweroff
"""
WWID = "360000000000000000e00000000010001"


def is_map(guest, paths):
    """Root is the partition of a map that has these paths."""
    match = re.search(r"^(\S+) part1-mpath-%s (dm-\d+)$" % WWID, guest.section("maps"), re.M)
    return match and re.search(r"^\S+ mpath-%s %s$" % (WWID, paths), guest.section("maps"), re.M) and \
        re.search(r"^/dev/dm-\d+ / ext4", guest.section("mounts"), re.M)


def both(rig, kernel, initrd):
    pair = Portals(rig, {1: rig.disk(script=SHOW + END)})
    guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot " + pair.word())
    rig.check(guest, guest.expect("^DONE", 90), "two portals: the machine boots")
    rig.check(guest, is_map(guest, "sda sdb"), "from a map with both paths")
    rig.check(guest, guest.section("names").split() == [WWID, WWID + "-part1", "control"], "which has the names that others give it")
    rig.check(guest, "DM_UDEV_PRIMARY_SOURCE_FLAG=1" in guest.section("udev"), "and udev's database knows it")
    rig.check(guest, "busy" in guest.section("path"), "a path cannot be mounted")
    rig.check(guest, re.search(r"^map %s \(dm-\d\): sda active sdb active$" % WWID, guest.section("list"), re.M), "list shows the map")
    maps = json.loads(guest.section("json") or "{}").get("maps")
    rig.ok(maps and maps[0]["name"] == WWID and maps[0]["paths"] == {"sda": "active", "sdb": "active"}, "for programs, too", maps)
    rig.check(guest, "sda: taken out of the map" in guest.section("detach") and "session 1: stopped" in guest.section("detach"),
              "detach takes a path out of its map")
    rig.check(guest, "it is the last path" in guest.section("detach") and "session 2 stays" in guest.section("detach"), "but not the last one")
    rig.check(guest, guest.wait(60) and guest.said("flushing") and not guest.said("not every session"), "the machine ends with a logout")
    rig.ok(pair.sessions() == 0, "from both portals")


def names(rig, kernel, initrd):
    """Other words for the same; and those that switch it off."""
    pair = Portals(rig, {1: rig.disk(script=SHOW)})
    dracut = " ".join("netroot=iscsi:%s::%d:1:%s" % (HOST, target.port, TARGET_NAME) for target in pair.all)
    for words, name in (("root=/dev/mapper/mpatha1 rd.multipath=default " + dracut, "mpatha1"),
                        ("root=/dev/mapper/%s-part1 %s" % (WWID, pair.word()), WWID + "-part1")):
        guest = rig.boot(kernel, initrd, "quiet rw ip=dhcp rd.iscsi.initiator=iqn.2026-11.test:me " + words)
        guest.expect("^DONE", 90)
        rig.check(guest, is_map(guest, "sda sdb") and name in guest.section("names").split(), "boots with " + words)
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


def down_at_boot(rig, kernel, initrd):
    """Each portal in turn: the other one boots the machine, and the missing one is a path when it comes."""
    for up in ((False, True), (True, False)):
        lab = Paths(rig, kernel, initrd, up=up)
        rig.ok(lab.has_paths(1), "one path, with portal %d" % (1 + up[1]))
        first, second = lab.portals if up[0] else reversed(lab.portals)
        lab.start_writer()
        second.start()
        rig.check(lab.guest, lab.has_paths(2), "the other is added when it comes")
        lab.wrote()
        first.kill()
        rig.check(lab.guest, lab.wrote(4), "and carries on when the first is lost")
        lab.verify("down at boot")


def lost(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd)
    one, two = lab.portals
    lab.start_writer()
    for target, name in ((one, "the first"), (two, "the second")):
        lab.wrote(4)
        begun = len(lab.guest.console)
        target.kill()
        lab.expect("event=lost", name + " portal is lost")
        rig.check(lab.guest, lab.wrote(6), "writing goes on")
        longest, usual = lab.stall(begun)
        rig.note("longest gap %.2f s, usual %.2f s" % (longest, usual))
        rig.ok(longest < usual + 1, "at once", "%.2f s, usual %.2f s" % (longest, usual))
        target.start()
        lab.expect("is back at", name + " comes back")
    begun = len(lab.guest.console)
    one.process.popen.send_signal(signal.SIGSTOP)
    lab.expect("event=lost", "the first is silent and lost")
    rig.check(lab.guest, lab.wrote(6), "writing goes on")
    longest, usual = lab.stall(begun)
    rig.note("longest gap %.2f s, usual %.2f s" % (longest, usual))
    rig.ok(longest < usual + 3, "after the two seconds that its NOP has", "%.2f s" % longest)
    two.kill()
    time.sleep(5)
    one.process.popen.send_signal(signal.SIGCONT)
    rig.check(lab.guest, lab.wrote(4), "both are away for some seconds: it goes on when one is back")
    two.start()
    lab.expect("is back at", "and the other")
    rig.check(lab.guest, lab.states() == {"sda": "active", "sdb": "active"}, "both paths are used again")
    lab.verify("lost")


def portals(rig, kernel, initrd):
    """One word for a list of portals, or for all that a portal lists; one that is dead or useless holds nobody up."""
    pair = Portals(rig, {1: rig.disk(script=SHOW)})
    words = pair.all[0].word("portals=%s:%d+%s" % (HOST, Target.free_port(), pair.all[1].portal()))
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
            TARGET_NAME, pair.all[0].portal(), pair.all[1].portal())
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
