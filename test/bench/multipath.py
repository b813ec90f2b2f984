# SPDX-License-Identifier: MIT
"""Parts of the bench about a disk with two paths: how long its I/O stands still when one of them is lost, beside multipathd with
iscsid, and what the second path adds."""

import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "boot"))
import distro  # noqa: E402
from measure import Link, contents, program  # noqa: E402
from report import bounds, median, number, ratio, table, write_tsv  # noqa: E402
from rig import MIB, TARGET_NAME, Disk, Target, run  # noqa: E402

LOSS_ROUNDS = int(os.environ.get("LOSS_ROUNDS", 20))
PATH_ROUNDS = int(os.environ.get("PATH_ROUNDS", 6))
NOP = int(os.environ.get("NOP", 1))  # seconds, of the interval and of the timeout
DATA = TARGET_NAME + ".data"
LUN = 2  # tgtd calls the first unit of every server the same, and root is one
SUITE = "bookworm"
DEPTH = 8  # reads under way at once: a single one goes by the same path each time, which need not be the one that is lost
CALM = 1.0  # seconds of reading before a loss
RATE = "64mbit"  # of a wire that is slow
SETTLED = 1.0  # seconds for which both paths are used
MASKED = " ".join("systemd.mask=" + unit for unit in (
    "multipathd.service", "multipathd.socket", "iscsid.service", "iscsid.socket", "open-iscsi.service"))
# Prints which portal, disk and number each path has, and what the map says of them.
LIBRARY = """
paths() {
	for s in /sys/class/iscsi_session/session*; do
		for b in $s/device/target*/*:%d/block/*; do
			[ ! -e $b ] || echo "path $(cat /sys/class/iscsi_connection/connection${s##*session}:0/persistent_address) ${b##*/} $(cat $b/dev)"
		done
	done
	dmsetup status --target multipath
}
log_in() {
	systemctl start iscsid multipathd
	for portal in "$@"; do
		iscsiadm -m node -o new -T %s -p $portal
		for name in interval timeout; do
			iscsiadm -m node -T %s -p $portal -o update -n "node.conn[0].timeo.noop_out_$name" -v %d
		done
		iscsiadm -m node -T %s -p $portal --login
	done
}
""" % (LUN, DATA, DATA, NOP, DATA)


class Wires(Link):
    """Beside the link of the root, a wire of its own for each of two paths."""

    def __init__(self, rig):
        super().__init__(rig, bare=True)
        self.hosts = ["10.9.%d.1" % number for number in (1, 2)]
        self.words = "ip=%s::%s:255.255.255.0::eth0:none" % (self.guest, self.target)
        for number, host in enumerate(self.hosts, 1):
            tap = "path%d" % number
            self.ip("tuntap add dev %s mode tap" % tap)
            self.ip("address add %s/24 dev %s" % (host, tap))
            self.ip("link set %s up" % tap)
            self.options += ["-netdev", "tap,id=w%d,ifname=%s,script=no,downscript=no" % (number, tap),
                             "-device", "virtio-net-pci,netdev=w%d,romfile=" % number]
            self.words += " ip=10.9.%d.2:::255.255.255.0::eth%d:none" % (number, number)

    def ip(self, words):
        with self.inside():
            run("ip", *words.split())

    def limit(self, rate):
        """What each wire carries to the guest, None: all that it can."""
        with self.inside():
            for number in (1, 2):
                words = "tbf rate %s burst 64kb latency 100ms" % rate if rate else "pfifo_fast"
                run("tc", *("qdisc replace dev path%d root %s" % (number, words)).split())


class Portal(Target):
    """A tgtd at an address of these wires."""

    def __init__(self, rig, wires, address, luns, **more):
        self.wires, self.address = wires, address
        super().__init__(rig, luns, **more)

    def portal(self):
        return "%s:%d" % (self.address, self.port)

    def try_start(self):
        with self.wires.inside():
            return super().try_start()


class System(distro.Machine):
    """A Debian system with a disk that two portals show, root elsewhere. conf: of multipathd and iscsid, which have that disk; None:
    they are switched off, and iscsi-init has it."""

    def __init__(self, bench, name, data, conf=None):
        self.rig, self.name = bench.rig, name
        self.wires = Wires(bench.rig)
        distro.MANAGERS["bench-paths"] = (["multipath-tools"], [], {})
        files = {"/lib.sh": LIBRARY, "/reads": contents(program("reads"))}
        if conf is not None:
            files["/etc/multipath.conf"] = "defaults {\n\tfind_multipaths yes\n%s}\n" % conf
        self.disk = distro.root(bench.rig, SUITE, "bench-paths", True, bench.kernel, files)
        self.target = Portal(bench.rig, self.wires, self.wires.target, {1: self.disk})
        self.portals = [Portal(bench.rig, self.wires, host, {LUN: data}, name=DATA) for host in self.wires.hosts]
        ours = " ".join(portal.word("noop_out_interval=%d" % NOP, "noop_out_timeout=%d" % NOP) for portal in self.portals)
        line = distro.words("own", self.target, self.wires.words, lambda target: target.word("lun=1"))
        line += " net.ifnames=0 " + (ours + " " + MASKED if conf is None else "")
        with self.wires.inside():
            self.guest = bench.rig.boot(bench.kernel, distro.initrd(bench.rig, bench.kernel, "own"), line, memory=768,
                                        network=self.wires.options)
        self.theirs = conf is not None
        self.since = self.lost = None
        self.map = ""

    def start(self):
        """Up, with both paths in a map."""
        if not self.guest.expect("^LAB-READY", 600):
            return False
        self.shell(". /lib.sh; chmod 755 /reads")
        if self.theirs:
            self.shell("log_in " + " ".join(portal.portal() for portal in self.portals), 180)
        if not self.settles(120):
            self.rig.note(self.shell("paths; iscsiadm -m session; multipath -ll; journalctl -b -u multipathd -u iscsid --no-pager | tail -30") or "")
            return False
        name = self.shell("dmsetup ls --target multipath").split()[0]
        self.map = os.path.basename(self.shell("readlink -f /dev/mapper/" + name).strip())
        return True

    def paths(self):
        """Which portal (0, 1) is path 8:16, whether the map uses it, and those of the group in use."""
        shown = self.shell("paths") or ""
        owner = {number: self.wires.hosts.index(host) for host, _, number in re.findall(r"^path (\S+) (\S+) (\S+)", shown, re.M)
                 if host in self.wires.hosts}
        words = shown.partition(" multipath ")[2].split()  # none: there is no map
        states, groups = {}, []
        for before, word in zip(words, words[1:]):
            if ":" in before:
                states[owner.get(before)] = word
                groups[-1][1].append(owner.get(before))
            elif word in ("A", "E", "D"):
                groups.append((word, []))
        used = next((members for state, members in groups if state == "A"), groups[0][1] if groups else [])
        return states, used

    def settles(self, seconds=90):
        """Both paths are used, and stay so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.paths()[0] != {0: "A", 1: "A"}:
                self.since = None
            elif self.since is None:
                self.since = time.monotonic()
            elif time.monotonic() >= self.since + SETTLED:
                return True
            time.sleep(SETTLED)
        return False

    def read(self, device, size, depth, seconds, meanwhile=None):
        """What reads says, as a dictionary; meanwhile() is called when it has begun."""
        self.shell("/reads /dev/%s %d %d %d >/run/reads 2>&1 &" % (device, size, depth, seconds))
        self.shell("until grep -q . /run/reads; do sleep .1; done")
        if meanwhile:
            meanwhile()
        said = self.shell("wait; cat /run/reads", 300) or ""
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", said)}

    def lose(self, how, portal):
        time.sleep(CALM)
        self.lost = how, portal
        if how == "RST":
            self.portals[portal].kill()
        elif how == "black hole":
            self.wires.ip("link set path%d down" % (portal + 1))
        else:
            self.guest.monitor("set_link", name="w%d" % (portal + 1), up=False)

    def restore(self):
        how, portal = self.lost
        if how == "RST":
            self.portals[portal].start()
        elif how == "black hole":
            self.wires.ip("link set path%d up" % (portal + 1))
        else:
            self.guest.monitor("set_link", name="w%d" % (portal + 1), up=True)
        self.since = None


# ---- stalls: the longest read when a path is lost

LOSSES = ("RST", "black hole", "cable")
SYSTEMS = {"iscsi-init": None, "multipathd, as shipped": "", "multipathd, fast_io_fail_tmo 1": "\tfast_io_fail_tmo 1\n"}


def data_disk(rig):
    disk = Disk(rig.path("data", ".img"))
    with open(disk.path, "wb") as file:
        for _ in range(64):
            file.write(os.urandom(MIB))
    return disk


def lose_once(system, how, turn):
    """One loss of a path that is in use: what reads says of it, and of as much time without."""
    if not system.settles():
        return None
    calm = system.read(system.map, 4096, DEPTH, 2)
    used = system.paths()[1]
    taken = system.read(system.map, 4096, DEPTH, 2 * NOP + 2, lambda: system.lose(how, used[turn % len(used)]))
    system.restore()
    if not taken.get("reads") or taken["failed"]:
        return None
    return taken["worst_us"] / 1000, taken["usual_us"] / 1000, calm["worst_us"] / 1000


def stalls(bench):
    data = data_disk(bench.rig)
    systems = [System(bench, name, data, conf) for name, conf in SYSTEMS.items()]
    bench.missed += [system.name + " (stalls)" for system in systems if not system.start()]
    if bench.missed:
        for system in systems:
            bench.rig.show_console(system.guest)
        return
    tmo = {system.name: (system.shell("cat /sys/class/iscsi_session/session*/recovery_tmo") or "").split() for system in systems}
    taken = {(how, system.name): [] for how in LOSSES for system in systems}
    for turn in range(LOSS_ROUNDS):
        for how in LOSSES:
            for system in systems[turn % len(systems):] + systems[:turn % len(systems)]:
                found = lose_once(system, how, turn)
                taken[how, system.name].append(found)
                print("%d: %s, %s: %s ms" % (turn + 1, how, system.name, found and "%.1f (usual %.2f, calm %.1f)" % found),
                      file=sys.stderr, flush=True)
        report_stalls(bench, taken, turn + 1, tmo)


def report_stalls(bench, taken, rounds, tmo):
    write_tsv("stalls.tsv", ["loss", "system", "figure", "ms..."], [
        [how, name, figure] + [number(one and one[at], 1) for one in found]
        for (how, name), found in taken.items() for at, figure in enumerate(("stall", "usual", "calm"))])
    rows = []
    for how in LOSSES:
        ours = [one[0] for one in taken[how, "iscsi-init"] if one]
        for name in SYSTEMS:
            found = [one for one in taken[how, name] if one]
            longest = [one[0] for one in found]
            if ours and found:
                rows.append([how, name, "%d of %d" % (len(found), rounds), number(median(longest)), number(max(longest)),
                             "-" if name == "iscsi-init" else ratio(median(longest), median(ours)),
                             "-" if name == "iscsi-init" else ratio(max(longest), max(ours)),
                             bounds([one[2] for one in found], 1)])
    text = "Three Debian 12 systems side by side, each with its root elsewhere and a disk by two portals (a tgtd each), over a card and a " \
        "wire of its own each; in the first iscsi-init has the disk, in the others Debian's iscsid and multipathd (`find_multipaths " \
        "yes`; the last also `fast_io_fail_tmo 1`). NOPs are sent after %d s and waited for for %d s in all of them; recovery_tmo of " \
        "the sessions (root's too): %s. A program reads 4 KiB pieces from the map, %d at once; a second later a path that the " \
        "map uses is lost: *RST*: its tgtd is killed; *black hole*: the wire carries no frame in either direction; *cable*: the " \
        "guest's card loses its link. Milliseconds of the longest read, median and worst of the rounds, in turns. *calm*: the longest " \
        "read of 2 s without a loss, smallest–largest of the rounds.\n\n" % (
            NOP, NOP, "; ".join("%s %s" % (name, "/".join(values)) for name, values in tmo.items()), DEPTH)
    text += table(["loss", "system", "rounds", "median, ms", "worst, ms", "× iscsi-init's median", "× its worst", "calm, ms"], rows)
    bench.page("stalls", "Loss of one of two paths", "LOSS_ROUNDS=%d NOP=%d" % (rounds, NOP), text)


# ---- paths: reading by two paths beside one of them

JOBS = [(4096, 1), (4096, 32), (131072, 1), (131072, 32)]


def busiest_thread(process):
    """CPU seconds of the QEMU thread that has used most: the guest's processor."""
    folder = "/proc/%d/task" % process.popen.pid
    most = 0
    for thread in os.listdir(folder):
        with open("%s/%s/stat" % (folder, thread), encoding="utf-8") as file:
            words = file.read().rpartition(")")[2].split()
        most = max(most, int(words[11]) + int(words[12]))
    return most / os.sysconf("SC_CLK_TCK")


def paths(bench):
    system = System(bench, "iscsi-init", data_disk(bench.rig))
    if not system.start():
        bench.missed.append("iscsi-init (paths)")
        bench.rig.show_console(system.guest)
        return
    one = re.search(r"^path \S+ (\S+)", system.shell("paths"), re.M).group(1)
    taken = {}
    for rate in (None, RATE):
        system.wires.limit(rate)
        for turn in range(PATH_ROUNDS):
            for size, depth in JOBS:
                for device in (one, system.map) if turn % 2 else (system.map, one):
                    begun, used = time.monotonic(), busiest_thread(system.guest.process)
                    said = system.read(device, size, depth, 2)
                    said["thread"] = 1000 * (busiest_thread(system.guest.process) - used) / (time.monotonic() - begun)
                    taken.setdefault((rate, size, depth, device == system.map), []).append(said)
    report_paths(bench, taken)


def report_paths(bench, taken):
    write_tsv("paths.tsv", ["wire", "bytes", "depth", "paths", "figure", "..."], [
        [rate or "free", size, depth, 1 + two, figure] + [number(said[figure]) for said in found]
        for (rate, size, depth, two), found in taken.items() for figure in ("kib_s", "busy", "thread")])
    rows = []
    for rate in (None, RATE):
        for size, depth in JOBS:
            single, double = taken[rate, size, depth, False], taken[rate, size, depth, True]
            pairs = [b["kib_s"] / a["kib_s"] for a, b in zip(single, double)]
            rows.append([rate or "free", "%d KiB, depth %d" % (size // 1024, depth)] +
                        [number(median([said["kib_s"] for said in found]) / 1024, 1) for found in (single, double)] +
                        [ratio(median(pairs), 1), bounds(pairs, 2)] +
                        ["%s %%" % number(median([said["busy"] for said in found]) / 10) for found in (single, double)])
    text = "Direct reads (`reads.c`, 2 s each, all over the disk) in one guest, of one path alone and of the map with both, in turns, %d " \
        "rounds; each path has a card, a wire and a tgtd of its own. A wire is free, or carries %s to the guest. *busy* is the guest's " \
        "one emulated processor, by its own /proc/stat: where it is at 100 %%, no path can add anything, and the wire is not what is " \
        "measured.\n\n" % (PATH_ROUNDS, RATE)
    text += table(["wire", "reads", "one path, MiB/s", "two paths, MiB/s", "ratio (median)", "all rounds", "busy, one path",
                   "busy, two"], rows)
    bench.page("paths", "Two paths beside one", "PATH_ROUNDS=%d" % PATH_ROUNDS, text)
