# SPDX-License-Identifier: MIT
"""Disks with several paths: a target at several portals, a lab whose root is on such a disk, and how its map looks."""

import re
import time

from lab import Lab
from rig import Target

SHOW = """
for d in /sys/block/dm-*; do echo $(cat $d/dm/name) $(cat $d/dm/uuid) $(ls $d/slaves); done | show maps
ls /dev/mapper | show names
ls /dev/sd* | show disks
/run/initramfs/shutdown list | show list
/run/initramfs/shutdown list --json | show json
cat /run/udev/data/b* 2>/dev/null | show udev
mkdir -p /p; mount /dev/sda1 /p 2>&1 | show path
"""
WWID = "360000000000000000e00000000010001"


def is_map(guest, paths):
    """Root is the partition of a map that has these paths."""
    match = re.search(r"^(\S+) part1-mpath-%s (dm-\d+)$" % WWID, guest.section("maps"), re.M)
    return match and re.search(r"^\S+ mpath-%s %s$" % (WWID, paths), guest.section("maps"), re.M) and \
        re.search(r"^/dev/dm-\d+ / ext4", guest.section("mounts"), re.M)


class Portals:
    """Several portals of one target over the same disks, as an array has them: each has a server of its own."""

    def __init__(self, rig, luns, up=(True, True)):
        self.all = [Target(rig, luns, start=start) for start in up]

    def word(self, *options):
        return " ".join(target.word(*options) for target in self.all)

    def kill(self):
        for target in self.all:
            target.kill()

    def start(self):
        for target in self.all:
            target.start()

    def sessions(self):
        return sum(target.sessions() for target in self.all)


class Paths(Lab):
    """A lab whose root is on such a disk."""

    def __init__(self, rig, kernel, initrd, options=(), up=(True, True), **more):
        super().__init__(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=1"] + list(options),
                         target=lambda disk: Portals(rig, {1: disk}, up), **more)
        self.portals = self.target.all
        # a path's own errors are nobody's: the map's count
        self.shell('errors() { dmesg | grep -E "Buffer I/O|EXT4-fs (error|warning)|emount|error, dev dm-"; }')
        rig.check(self.guest, re.search(r"/dev/dm-\d+ / ext4", self.shell("cat /proc/mounts") or ""), "root is on the map")

    def has_paths(self, count, seconds=20):
        """The map gets so many."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len((self.shell("ls /sys/block/dm-0/slaves") or "").split()) == count:
                return True
            time.sleep(0.3)
        return False

    def states(self):
        """"active" or "failed" of each path, as list shows them."""
        shown = self.shell("/run/initramfs/shutdown list") or ""
        return dict(re.findall(r" (sd\w+) (active|failed)", "".join(re.findall(r"^map \S+ \(dm-\d+\):(.*)$", shown, re.M))))

    def stall(self, begun):
        """The longest time between two files since then, by the guest's clock, and the usual."""
        times = [float(at) for at in re.findall(r"^WROTE \d+ [0-9a-f]{32} ([\d.]+)$", self.guest.console[begun:], re.M)]
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        return (gaps[-1], gaps[len(gaps) // 2]) if gaps else (99, 0)
