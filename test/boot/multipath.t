#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk that two portals show is one device: whichever of them is there, it boots, and when one is lost it goes on."""

import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paths import JOINED, SHOW, WWID, Paths, Portals, is_map  # noqa: E402
from rig import run_cases  # noqa: E402

END = """
(/run/initramfs/shutdown detach 1; /run/initramfs/shutdown detach 2) 2>&1 | show detach
echo DONE
exec /run/initramfs/shutdown shutdown poweroff
"""


def both(rig, kernel, initrd):
    pair = Portals(rig, {1: rig.disk(script=JOINED + SHOW + END)})
    guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot " + pair.word())
    rig.check(guest, guest.expect("^DONE", 90), "two portals: the machine boots")
    rig.check(guest, is_map(guest, "sda sdb"), "from a map with both paths")
    rig.check(guest, guest.section("names").split() == [WWID, WWID + "-part1", "control"], "which has the names that others give it")
    rig.check(guest, "DM_UDEV_PRIMARY_SOURCE_FLAG=1" in guest.section("udev"), "and udev's database knows it")
    rig.check(guest, "busy" in guest.section("path"), "a path cannot be mounted")
    rig.check(guest, re.search(r"^map %s \(dm-\d\):( sd[ab] active){2}$" % WWID, guest.section("list"), re.M), "list shows the map")
    rig.check(guest, re.search(r"^map=%s device=dm-\d wwid=%s group=1 paths=sd[ab]:active:1,sd[ab]:active:1 *$" % (WWID, WWID),
                               guest.section("sessions"), re.M), "and so does the status file")
    maps = json.loads(guest.section("json") or "{}").get("maps")
    rig.ok(maps and maps[0]["name"] == WWID and maps[0]["paths"] == {"sda": "active", "sdb": "active"}, "for programs, too", maps)
    rig.check(guest, re.search("^disk sd[ab]: taken out of the map", guest.section("detach"), re.M) and "session 1: stopped" in guest.section("detach"),
              "detach takes a path out of its map")
    rig.check(guest, "it is the last path" in guest.section("detach") and "session 2 stays" in guest.section("detach"), "but not the last one")
    rig.check(guest, guest.wait(60) and not guest.said("not every session"), "the machine ends with a logout")
    rig.ok(pair.sessions() == 0, "from both portals")


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
    rig.check(lab.guest, lab.has_paths(2), "two paths")
    one, two = lab.portals
    lab.start_writer()
    for target, name in ((one, "the first"), (two, "the second")):
        calm = lab.calm()
        begun = len(lab.guest.console)
        target.kill()
        lab.expect("event=lost", name + " portal is lost")
        lost = lab.disk_of(target.port)
        rig.check(lab.guest, lab.gets_record({"sda": ("active", 1), "sdb": ("active", 1), lost: ("failed", 1)}), "the status file says so")
        rig.check(lab.guest, lab.wrote(6), "writing goes on")
        longest, usual = lab.stall(begun)
        rig.note("longest gap %.2f s, usual %.2f s, before at most %.2f s" % (longest, usual, calm))
        rig.ok(longest < calm + 1, "at once", "%.2f s, before at most %.2f s" % (longest, calm))
        target.start()
        lab.expect("is back at", name + " comes back")
        rig.check(lab.guest, lab.gets_record({"sda": ("active", 1), "sdb": ("active", 1)}), "and the path is used again")
    calm = lab.calm()
    begun = len(lab.guest.console)
    one.process.popen.send_signal(signal.SIGSTOP)
    lab.expect("event=lost", "the first is silent and lost")
    rig.check(lab.guest, lab.wrote(6), "writing goes on")
    longest, usual = lab.stall(begun)
    rig.note("longest gap %.2f s, usual %.2f s, before at most %.2f s" % (longest, usual, calm))
    rig.ok(longest < calm + 3, "after the two seconds that its NOP has", "%.2f s, before at most %.2f s" % (longest, calm))
    two.kill()
    time.sleep(5)
    one.process.popen.send_signal(signal.SIGCONT)
    rig.check(lab.guest, lab.wrote(4), "both are away for some seconds: it goes on when one is back")
    two.start()
    lab.expect("is back at", "and the other")
    rig.check(lab.guest, lab.gets_states({"sda": "active", "sdb": "active"}), "both paths are used again")
    lab.verify("lost")


CASES = {"both": both, "down_at_boot": down_at_boot, "lost": lost}

if __name__ == "__main__":
    run_cases(CASES)
