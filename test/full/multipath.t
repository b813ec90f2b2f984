#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk with several paths, longer: other words for it, portals that are listed, eight of them, twenty losses in a row with the stall of each, all lost for two minutes, a
path that comes back as another disk or by another portal, and Debian systems with and without multipath-tools. `test/full/multipath.t flapping` runs
just that."""

import os
import re
import statistics
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot"), os.path.join(HERE, "..", "target")]
import distro  # noqa: E402
from builders import distribution_initrd  # noqa: E402
from paths import JOINED, SHOW, WWID, Groups, Paths, Portals, Reported, is_map  # noqa: E402
from rig import HOST, IMAGE_TOOL, MIB, TARGET_NAME, Disk, Kernel, Target, run, run_cases  # noqa: E402
from target import DISCOVERY_ANSWERS, Listener  # noqa: E402

LOSSES = 20
FSTAB = "UUID=%s / ext4 errors=remount-ro 0 1\nLABEL=srv /srv ext4 defaults 0 2\n" % Disk.UUID
SYSTEMS = {"bookworm-dmsetup": ["dmsetup"], "trixie-dmsetup": ["dmsetup"],
           "bookworm-multipath": ["multipath-tools"], "trixie-multipath": ["multipath-tools"]}


def names(rig, kernel, initrd):
    """Other words for the same; and those that switch it off."""
    pair = Portals(rig, {1: rig.disk(script=JOINED + SHOW)})
    dracut = " ".join("netroot=iscsi:%s::%d:1:%s" % (HOST, target.port, TARGET_NAME) for target in pair.all)
    for words, name in (("root=/dev/mapper/mpatha1 rd.multipath=default " + dracut, "mpatha1"),
                        ("root=/dev/mapper/%s-part1 %s" % (WWID, pair.word()), WWID + "-part1"),
                        ("root=/dev/disk/by-label/dm-mpath-rigroot rd.multipath=default " + dracut, WWID + "-part1"),
                        ("root=/dev/disk/by-partlabel/dm-mpath-rigpart " + pair.word(), WWID + "-part1"),
                        ("root=/dev/disk/by-id/wwn-0x%s-part1 %s" % (WWID[1:], pair.word()), WWID + "-part1")):
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


def portals(rig, kernel, initrd):
    """One word for a list of portals, or for all that a portal lists; one that is dead or useless holds nobody up."""
    pair = Portals(rig, {1: rig.disk(script=JOINED + SHOW)})
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


def eight(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd, up=(True,) * 8)
    rig.check(lab.guest, lab.has_paths(8), "eight paths")
    lab.start_writer()
    for target in lab.portals[:7]:
        target.kill()
    for _ in range(7):
        lab.guest.expect("event=lost", 30)
    rig.check(lab.guest, lab.wrote(4), "seven are lost: the eighth carries on")
    for target in lab.portals[:7]:
        target.start()
    for _ in range(7):
        lab.guest.expect("is back at", 60)
    lab.portals[7].kill()
    rig.check(lab.guest, lab.wrote(4), "and the seven when it is lost")
    lab.verify("eight")


def flapping(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    stalls = []
    for number in range(LOSSES):
        target = lab.portals[number % 2]
        time.sleep(6)  # a session that ends within 5 s of its login is not taken up again at once
        lab.wrote(4)
        begun = len(lab.guest.console)
        target.kill()
        if not lab.guest.expect("event=lost", 30) or not lab.wrote(6):
            break
        stalls.append(lab.stall(begun))
        target.start()
        if not lab.guest.expect("is back at", 60):
            break
    rig.check(lab.guest, len(stalls) == LOSSES, "%d losses of one path by turns: writing goes on" % LOSSES)
    longest = sorted(gap for gap, _ in stalls)
    rig.note("the longest gap between two files of 128 KiB, ms: median %.0f, worst %.0f; the usual gap %.0f" % (
        1000 * statistics.median(longest), 1000 * longest[-1], 1000 * statistics.median(usual for _, usual in stalls)))
    rig.ok(longest[-1] < 1.5, "and never waits for a session to come back", str(longest))
    lab.verify("flapping")


def all_away(rig, kernel, initrd):
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    lab.target.kill()
    time.sleep(120)
    rig.ok(lab.guest.process.running(), "two minutes without any path")
    lab.portals[1].start()
    rig.check(lab.guest, lab.wrote(4), "one is back: writing goes on")
    lab.portals[0].start()
    lab.expect("is back at", "and the other")
    lab.verify("all away")


def another_disk(rig, kernel, initrd):
    """A portal that comes back with a disk of another size: none of the writes may go there."""
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    wrong = Disk(rig.path("wrong", ".img"))
    with open(wrong.path, "wb") as file:
        file.truncate(32 * MIB)
    two = lab.portals[1]
    two.kill()
    two.luns = {1: wrong}
    two.start()
    lab.expect("event=held", "a path comes back as another disk: it is held")
    rig.check(lab.guest, lab.wrote(8), "and the other path carries on")
    rig.ok(sorted(lab.states().values()) == ["active", "failed"], "it is not used", str(lab.states()))
    two.kill()
    two.luns = {1: lab.disk}
    two.start()
    lab.expect("is back at", "until it is the right one again")
    rig.ok(lab.states() == {"sda": "active", "sdb": "active"}, "then it is", str(lab.states()))
    with open(wrong.path, "rb") as file:
        rig.ok(not file.read().strip(b"\0"), "the other disk has got no byte")
    lab.verify("another disk")


def moved(rig, kernel, initrd):
    """A portal sends its session elsewhere when it comes back, for now or for good: that is the same path, and the map uses it."""
    lab = Paths(rig, kernel, initrd, words="loglevel=7")
    lab.start_writer()
    for target, stays, reason, said in zip(lab.portals, reversed(lab.portals), ("Temporary", "Permanent"), ("now", "good")):
        new = Target(rig, {1: lab.disk})
        path = lab.disk_of(target.port)
        lab.lasts()
        target.kill()
        lab.expect("event=lost", "a portal is lost")
        target.parameters = (("RedirectAddress", HOST), ("RedirectPort", new.port), ("RedirectReason", reason))
        target.start()
        lab.expect(r"sends us to %s:%d \(for %s\)" % (HOST, new.port, said), "and sends us to another, for " + said)
        lab.expect("is back at %s:%d" % (HOST, new.port), "the session is there")
        rig.ok((target.sessions(), new.sessions()) == (0, 1), "as both see", "%d %d" % (target.sessions(), new.sessions()))
        rig.check(lab.guest, lab.gets_record({"sda": ("active", 1), "sdb": ("active", 1)}), "its disk is a path that can be used")
        lab.lasts()
        stays.kill()
        lab.expect("event=lost", "the other portal is lost")
        rig.check(lab.guest, lab.wrote(4) and lab.writes_by() == path, "and everything is written by the one that has moved")
        stays.start()
        lab.expect("is back at", "the other is back")
        lab.lasts()
        target.kill()
        target.parameters = ()
        target.start()
        new.kill()
        lab.expect("is back at %s:%d" % (HOST, target.port), "the portal is where it was, and is asked again")
    lab.verify("moved")


def turn(lab, name):
    """Each path is lost once, and writing goes on."""
    for target in lab.portals:
        target.kill()
        lab.expect("event=lost", name + ": a portal is lost")
        lab.rig.check(lab.guest, lab.wrote(4), name + ": writing goes on")
        target.start()
        lab.expect("is back at", name + ": it is back")
    lab.rig.ok(lab.states() == {"sda": "active", "sdb": "active"}, name + ": both paths are used", str(lab.states()))


def successors(rig, kernel, initrd):
    """The resident process is killed: its keeper knows the maps, and so does one that a person starts."""
    lab = Paths(rig, kernel, initrd)
    lab.start_writer()
    time.sleep(2)  # a keeper is there
    lab.shell("kill -9 $(resident | head -n 1)")
    lab.wrote(4)
    rig.check(lab.guest, "event=restarted" in lab.guest.console, "the keeper takes the place of the resident process")
    turn(lab, "keeper")
    lab.shell("for p in $(pidof iscsi-init iscsi-keeper); do grep -q '^@' /proc/$p/cmdline && kill -9 $p; done; sleep 1")
    lab.shell("/run/initramfs/shutdown supervise </dev/null >/run/supervise 2>&1 &")
    time.sleep(3)
    turn(lab, "supervise")
    lab.verify("successors")


def alua(rig, kernel, initrd, listed=True):
    """Two target port groups of LIO: the better one is used, whichever that is now."""
    lab = Paths(rig, kernel, initrd, target=lambda disk: Groups(rig, disk, (Groups.OPTIMIZED, Groups.STANDBY), listed))
    target, guest = lab.target, lab.guest
    one, two = (lab.disk_of(port) for port in target.all)
    rig.check(guest, lab.has_paths(2) and lab.groups() == {one: 1, two: 2}, "the optimized path is in a group before that in standby")
    lab.start_writer()
    rig.ok(lab.writes_by() == one, "and is used")
    target.set(1, Groups.STANDBY)
    target.set(2, Groups.OPTIMIZED)
    rig.check(guest, lab.wrote(4), "they change places: writing goes on")
    rig.check(guest, lab.gets_groups({one: 2, two: 1}), "the groups, too")
    rig.ok(lab.writes_by() == two, "the other path is used")
    target.set(1, Groups.NON_OPTIMIZED)
    lab.lasts()
    target.shell("power 2 0")
    lab.expect("event=lost", "its portal is lost")
    rig.check(guest, lab.wrote(4) and lab.writes_by() == one, "the one that is not optimized carries on")
    target.shell("power 2 1")
    lab.expect("is back at", "the portal comes back")
    rig.ok(lab.writes_by() == two, "and is used again", str(lab.groups()))
    target.set(1, Groups.OPTIMIZED)
    target.shell("power 2 0")
    lab.expect("event=lost", "it is lost again")
    lab.wrote(2)
    target.shell("power 2 1")
    lab.expect("is back at", "and back")
    rig.check(guest, lab.gets_groups({}), "both are optimized now: one group")
    lab.verify("alua")


def alua_handler(rig, _kernel, _initrd):
    """The same by a kernel that has a handler for it, and a target that does not tell when a state changes."""
    kernel = Kernel("6.12-amd64")
    alua(rig, kernel, rig.initrd(kernel), listed=False)


def explicit(rig, kernel, initrd):
    """A target that changes its ports' states only when it is told to, and a kernel without a handler for it: the active path is used,
    I/O waits for it when it is lost, and one line says why."""
    lab = Paths(rig, kernel, initrd, target=lambda disk: Groups(rig, disk, (Groups.OPTIMIZED, Groups.STANDBY), True, explicit=True))
    target, guest = lab.target, lab.guest
    one, two = (lab.disk_of(port) for port in target.all)
    rig.check(guest, lab.has_paths(2) and lab.groups() == {one: 1, two: 2}, "explicit: both paths are in the map, the active one first")
    said = lab.shell("dmesg | grep -c 'explicit ALUA.*scsi_dh_alua: without it no path in standby takes over'")
    rig.check(guest, said == "1", "explicit: one line says that the other cannot take over")
    lab.start_writer()
    rig.ok(lab.writes_by() == one, "explicit: the active one is used")
    for turn in (1, 2):
        lab.lasts()
        target.shell("power 1 0")
        lab.expect("event=lost", "explicit: its portal is lost, %d" % turn)
        lab.shell("sleep 5")
        target.shell("power 1 1")
        lab.expect("is back at", "explicit: and back")
        rig.check(guest, lab.wrote(4), "explicit: writing has waited, and goes on")
    rig.ok(lab.groups() == {one: 1, two: 2}, "explicit: the groups are as they were", str(lab.groups()))
    lab.verify("explicit")


def explicit_handler(rig, _kernel, _initrd):
    """The same with a kernel that has the handler: the path in standby is made active, which no line of ours denies."""
    kernel = Kernel("6.12-amd64")
    lab = Paths(rig, kernel, rig.initrd(kernel), target=lambda disk: Groups(rig, disk, (Groups.OPTIMIZED, Groups.STANDBY), True, explicit=True))
    target, guest = lab.target, lab.guest
    two = lab.disk_of(target.all[1])
    rig.check(guest, lab.has_paths(2), "with the handler: both paths are in the map")
    rig.ok(lab.shell("dmesg | grep -c 'explicit ALUA'") == "0", "with the handler: nobody has to be warned")
    lab.start_writer()
    lab.lasts()
    target.shell("power 1 0")
    lab.expect("event=lost", "with the handler: the active portal is lost")
    rig.check(guest, lab.wrote(4) and lab.writes_by() == two, "with the handler: the other is made active and used")
    target.shell("power 1 1")
    lab.expect("is back at", "with the handler: it is back")
    rig.check(guest, lab.wrote(4), "with the handler: writing goes on")
    lab.verify("with the handler")


def group(number, state, ports=b""):
    """A descriptor of a target port group (SPC-4 6.37)."""
    return struct.pack(">BBHBBBB", state, 0xFF, number, 0, 0, 0, len(ports) // 4) + ports


def listed(*groups, length=None):
    data = b"".join(groups)
    return struct.pack(">I", len(data) if length is None else length) + data


STRANGE = {
    "nothing": lambda _: b"",
    "three bytes": lambda data: data[:3],
    "a list that ends in a group": lambda data: data[:9],
    "a list without groups": lambda _: listed(),
    "a length of 4 GiB": lambda data: b"\xff" * 4 + data[4:],
    "a length beyond what is sent": lambda _: listed(group(7, 0), length=2000),
    "a group with 255 ports that are not sent": lambda _: listed(struct.pack(">BBHBBBB", 0, 0xFF, 7, 0, 0, 0, 255)),
    "groups without end": lambda _: listed(*[group(1000 + number, 0) for number in range(255)], length=0xFFFFFFF0),
    "groups that are listed twice": lambda _: listed(*[group(number, state) for state in (2, 0, 1, 3) for number in (1, 2, 2, 1)]),
    "states that there are not": lambda _: listed(group(1, 9), group(2, 0x0D)),
    "a reserved state and all bits": lambda _: listed(group(1, 0xFF), group(2, 0x75)),
}
ON_SIGHT = {"three bytes": "list of target port groups breaks off", "groups without end": "list of target port groups breaks off",
            "states that there are not": "access state (9|13), which there is not"}


def hostile_groups(rig, kernel, initrd):
    """What a unit says of its target port groups makes no sense: from the first look on, or later, by one path or by both."""
    def target(disk):
        out = Reported(rig, disk, (Groups.OPTIMIZED, Groups.NON_OPTIMIZED), True)
        out.answer(STRANGE.get(name, lambda data: data))
        return out

    def half_made():
        return lab.shell("cat /sys/block/dm-*/dm/suspended | sort -u; ls /sys/block/dm-*/dm/name | wc -l")

    for name, says in ON_SIGHT.items():
        lab = Paths(rig, kernel, initrd, target=target)
        rig.check(lab.guest, lab.has_paths(2), name + ": both paths are in the map")
        said = lab.shell("dmesg | grep -cE 'iscsi-init: sd[ab]: .*%s'" % says)
        rig.check(lab.guest, said == "2", name + ": each is said once")
        rig.ok(half_made() == "0\n2", name + ": a map and its partition, and both in use", half_made())
        lab.start_writer()
        rig.check(lab.guest, lab.wrote(4), name + ": writing goes on")
        lab.verify(name)
    name = ""
    lab = Paths(rig, kernel, initrd, target=target)
    lab.has_paths(2)
    lab.start_writer()
    for number, (name, answer) in enumerate(STRANGE.items()):
        asked = lab.target.answer(answer)
        lab.target.set(1, Groups.OPTIMIZED if number % 2 else Groups.NON_OPTIMIZED)
        rig.check(lab.guest, lab.becomes(lambda: [a > b for a, b in zip(lab.target.answer(answer), asked)], [True, True], 20),
                  name + ": both are asked")
        rig.check(lab.guest, lab.wrote(3), name + ": writing goes on")
        rig.ok(set(lab.states().values()) == {"active"}, name + ": both paths can be used", str(lab.states()))
    lab.target.answer(lambda data: data)
    lab.target.set(1, Groups.STANDBY)
    lab.target.set(1, Groups.OPTIMIZED)
    one, two = (lab.disk_of(port) for port in lab.target.all)
    rig.check(lab.guest, lab.gets_groups({one: 1, two: 2}), "what makes sense again is believed")
    rig.ok(half_made() == "0\n2", "nothing is left half made", half_made())
    lab.lasts()
    lab.target.shell("power 1 0")
    lab.expect("event=lost", "a portal is lost")
    rig.check(lab.guest, lab.wrote(4), "and the other carries on")
    lab.target.shell("power 1 1")
    lab.expect("is back at", "it is back")
    lab.verify("hostile groups")


def mute_groups(rig, kernel, initrd):
    """A unit that never answers that question, and one that answers with more than was asked for, which ends its session each time:
    by one path. Root is there by the other, or by both in the end."""
    for name, answer in (("mute", lambda data: None), ("too much", lambda data: data + bytes(8192))):
        def target(disk, answer=answer):
            out = Reported(rig, disk, (Groups.OPTIMIZED, Groups.OPTIMIZED), True)
            out.before[1].answer = answer
            return out

        lab = Paths(rig, kernel, initrd, target=target)
        lab.start_writer()
        rig.check(lab.guest, lab.wrote(6), name + ": root is there and written to")
        rig.ok(lab.target.before[1].asked > 0, name + ": the unit was asked")
        lab.target.before[1].answer = lambda data: data
        rig.check(lab.guest, lab.has_paths(2, 60) and lab.gets_states({"sda": "active", "sdb": "active"}, 60), name + ": in the end both paths are used")
        lab.verify(name)


class Cables(Portals):
    """Two portals, each behind a network of its own."""

    HOSTS = ("10.0.2.2", "10.0.3.2")
    NETWORK = [word for number, host in enumerate(HOSTS) for word in (
        "-netdev", "user,id=n%d,net=%s/24" % (number, host[:-1] + "0"), "-device", "virtio-net-pci,netdev=n%d,romfile=" % number)]

    def word(self, *options):
        return " ".join(target.word(*options).replace(HOST, host) for host, target in zip(self.HOSTS, self.all))


def cables(rig, kernel, initrd):
    """Two cards, two networks, two portals: each cable is pulled once under the writer, then both."""
    lab = Paths(rig, kernel, initrd, words="ip=eth0:dhcp ip=eth1:dhcp", network=Cables.NETWORK, target=lambda disk: Cables(rig, {1: disk}))
    rig.check(lab.guest, lab.has_paths(2), "a path by each card")
    lab.start_writer()
    for name in ("n0", "n1"):
        lab.lasts()
        begun = len(lab.guest.console)
        lab.guest.monitor("set_link", name=name, up=False)
        lab.expect("event=lost", name + ": its cable is pulled, and the session is lost")
        rig.check(lab.guest, lab.wrote(6), name + ": writing goes on")
        rig.note("longest gap %.2f s, usual %.2f s" % lab.stall(begun))
        lab.guest.monitor("set_link", name=name, up=True)
        lab.expect("is back at", name + ": the cable is back")
    for up in (False, True):
        for name in ("n0", "n1"):
            lab.guest.monitor("set_link", name=name, up=up)
        for _ in range(2):
            lab.expect("is back at" if up else "event=lost", "both are " + ("back" if up else "lost"))
    rig.check(lab.guest, lab.wrote(4), "writing goes on")
    lab.verify("cables")


def chain(rig, kernel, initrd):
    """Another initramfs follows, and the disk's paths are joined before it: it finds root by UUID, and that is the map."""
    del initrd
    theirs = distribution_initrd("initramfs-tools", kernel)
    appended = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append", theirs, "-o", appended)
    for words, joined in (("iscsi.multipath=yes", True), ("", False)):
        pair = Portals(rig, {1: rig.disk(script=JOINED + SHOW)})
        guest = rig.boot(kernel, appended, "quiet rdinit=/iscsi-init rw root=UUID=%s %s %s" % (Disk.UUID, pair.word(), words), memory=768)
        rig.check(guest, guest.expect("^DONE", 180), "%s: the initramfs behind us boots" % (words or "no word"))
        rig.check(guest, bool(is_map(guest, "sda sdb")) == joined, "%s: root is %s" % (words or "no word", "on the map" if joined else "on a disk"))
        rig.check(guest, ("mpath" in guest.section("maps")) == joined, "%s: %s" % (words or "no word", "there is a map" if joined else "no map"))
        guest.wait()


class System(distro.Machine):
    """A Debian system with a second disk, both by two portals."""

    def __init__(self, rig, kernel, disk, data, seconds=400):
        self.rig, self.disk = rig, disk
        self.target = Portals(rig, {1: disk, 2: data})
        self.booted = self.ended = None
        self.guest = rig.boot(kernel, distro.initrd(rig, kernel, "own"), distro.words("own", self.target), memory=1024)
        if self.guest.expect("^LAB-READY", seconds):
            self.booted = self.guest.seconds()


def data_disk(rig):
    disk = Disk(rig.path("data", ".img"))
    with open(disk.path, "wb") as file:
        file.truncate(64 * MIB)
    run("mkfs.ext4", "-q", "-F", "-L", "srv", disk.path)
    return disk


def prepare(rig, name):
    suite = name.split("-")[0]
    distro.MANAGERS[name] = (SYSTEMS[name],) + distro.MANAGERS["networkd"][1:]
    return distro.root(rig, suite, name, False, Kernel(distro.KERNELS[suite]), {"/etc/fstab": FSTAB, "/etc/multipath.conf": "defaults {\n\tfind_multipaths yes\n}\n"})


def left_to_multipathd(rig, machine, name):
    """It has the maps while it runs. What it leaves behind, a path less and I/O that is not held, is put in order."""
    def said(event):
        return int(machine.shell("dmesg | grep -c 'event=maps-%s'" % event) or 0)

    def gets(what, seconds=30):
        deadline = time.monotonic() + seconds
        while not what() and time.monotonic() < deadline:
            time.sleep(0.5)
        return what()

    def paths():
        return (machine.shell("ls /sys/block/dm-*/slaves | grep -c ^sd") or "").strip()

    rig.check(machine.guest, gets(lambda: said("left") == 1), name + ": the maps are left to multipathd")
    shown = machine.shell("multipathd del path sda; sleep 3; multipathd show maps; dmsetup table") or ""
    rig.ok(paths() == "3" and said("back") == 0, name + ": which takes a path out, and nobody puts it back", shown)
    machine.shell("systemctl stop multipathd.socket multipathd.service")
    rig.check(machine.guest, gets(lambda: said("back") == 1 and paths() == "4"), name + ": it is stopped: the path is put back")
    tables = machine.shell("dmsetup table --target multipath") or ""
    rig.ok(len(re.findall(r"^\S+: 0 \d+ multipath \d+.* queue_if_no_path ", tables, re.M)) == 2, name + ": and both maps hold I/O", tables)
    machine.shell("systemctl start multipathd.socket multipathd.service")
    rig.check(machine.guest, gets(lambda: said("left") == 2), name + ": it is started again, and has them")
    machine.shell("kill -9 $(pidof multipathd)")
    rig.check(machine.guest, gets(lambda: said("back") == 2), name + ": it is killed: they are looked after again")
    machine.shell("systemctl start multipathd.socket multipathd.service")


def system(rig, name):
    kernel = Kernel(distro.KERNELS[name.split("-")[0]])
    machine = System(rig, kernel, prepare(rig, name), data_disk(rig))
    guest = machine.guest
    rig.check(guest, machine.booted, name + ": boots to multi-user")
    rig.ok(machine.failed() == "" and guest.section("state").strip().endswith("running"), name + ": no unit has failed, no job waits",
           guest.section("state") + "\n" + machine.failed())
    mounts = machine.shell("findmnt -n -r -o TARGET,SOURCE /; findmnt -n -r -o TARGET,SOURCE /srv; ls -l /dev/disk/by-* /dev/mapper; "
                           "iscsi-init list || /run/initramfs/shutdown list") or ""
    rig.ok(re.search(r"^/ /dev/(mapper/|dm-)", mounts, re.M) and re.search(r"^/srv /dev/(mapper/|dm-)", mounts, re.M),
           name + ": root and another file system of fstab are on maps", mounts)
    if "-multipath" in name:
        left_to_multipathd(rig, machine, name)
    machine.target.all[0].kill()
    rig.ok(machine.guest.expect("event=lost", 60), name + ": a portal is lost")
    rig.check(guest, machine.write("after-the-loss"), name + ": root can be written to")
    machine.target.all[0].start()
    guest.expect("is back at", 60)
    machine.target.all[1].kill()
    guest.expect("event=lost", 60)
    rig.check(guest, machine.write("after-another"), name + ": and when the other one is lost")
    machine.target.all[1].start()
    guest.expect("is back at", 60)
    rig.check(guest, machine.end(), name + ": powers off")
    rig.ok(machine.is_clean(), name + ": the file system was unmounted")
    rig.note("%s: multi-user after %.0f s, off after %.0f s" % (name, machine.booted or 0, machine.ended or 0))


CASES = {"names": names, "strangers": strangers, "portals": portals, "eight": eight, "flapping": flapping, "all_away": all_away, "another_disk": another_disk, "moved": moved, "successors": successors, "cables": cables, "chain": chain, "alua": alua, "alua_handler": alua_handler,
         "explicit": explicit, "explicit_handler": explicit_handler, "hostile_groups": hostile_groups, "mute_groups": mute_groups}
CASES.update({name: lambda rig, _kernel, _initrd, name=name: system(rig, name) for name in SYSTEMS})

if __name__ == "__main__":
    run_cases(CASES)
