# SPDX-License-Identifier: MIT
"""Parts of the bench that need no peer's initramfs: the floor of a boot, many sessions with many LUNs, a thousand logins, and how
soon a target that was away is used again."""

import os
import random
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "target"))
import peers as candidates  # noqa: E402
from instructions import COUNTING  # noqa: E402
from measure import PREFIX, Link, Targets, contents, program  # noqa: E402
from report import median, number, ratio, spread, table, write_tsv  # noqa: E402
from rig import TARGET_NAME, Target, cached, digest_of, newc_archive  # noqa: E402

FLOOR_BOOTS = int(os.environ.get("FLOOR_BOOTS", 5))
PROCESSORS = (1, 2, 4)
GRID_LUNS = int(os.environ.get("GRID_LUNS", 16))
LOGIN_ROUNDS = int(os.environ.get("LOGIN_ROUNDS", 2))
# seconds without the target: how often
OUTAGES = {int(words.split("x")[1]): int(words.split("x")[0])
           for words in os.environ.get("OUTAGES", "10x2,14x10,8x30,3x120").split(",")}

# ---- floor: the kernel's own work for the same modules


def floor_peer(kernel, loaded):
    """loaded: names of modules. In the order that their dependencies ask for, one after the other."""
    paths = [path for path in candidates.module_files(kernel, loaded)
             if os.path.basename(path)[:-len(".ko")].replace("-", "_") in loaded]
    files = {name: None for name in ("dev", "proc", "sys", "mnt", "sbin", "modules", "run")}
    files.update({"modules/" + os.path.basename(path): contents(path) for path in paths})
    files["modules/order"] = "".join(os.path.basename(path) + "\n" for path in paths).encode()
    files.update({"init": contents(program("floor")), "sbin/init": contents(program("root"))})

    def make(path):
        with open(path, "wb") as file:
            file.write(newc_archive(files))

    key = "".join([kernel.version, digest_of(__file__), digest_of(program("floor")), digest_of(program("root"))] + paths)
    return candidates.Peer("the floor", lambda *_: "", lambda: cached(key, ".bench", make)), len(paths)


def floor(bench):
    disk = bench.lab.disk(files={"/modules.sh": "sed 's/^/bench: module /' /proc/modules\n"})
    Targets(bench.rig, link := Link(bench.rig), disk)
    ours = bench.peers.get("ours")
    figures = bench.boot(ours, link, disk, more="BENCH_THEN=/modules.sh")
    if not figures:
        return
    least, count = floor_peer(bench.kernel, re.findall(r"^bench: module (\w+)", figures["console"], re.M))
    counted = {peer.name: [bench.boot(peer, link, disk, seconds=240, options=COUNTING) for _ in range(3)]
               for peer in [least, *bench.named("ours", "lean")]}
    timed = {}
    for turn in range(FLOOR_BOOTS):
        for processors in PROCESSORS:
            for peer in (least, ours) if turn % 2 else (ours, least):
                found = bench.boot(peer, link, disk, options=("-smp", str(processors)))
                if found:
                    timed.setdefault((peer.name, processors), []).append(found)
    report_floor(bench, least.name, count, {name: [one for one in boots if one] for name, boots in counted.items()}, timed)


def report_floor(bench, least, count, counted, timed):
    ours = bench.peers["ours"].name
    value = {name: median([one["total"] for one in boots]) for name, boots in counted.items()}
    text = "The floor is a program that loads the %d modules that iscsi-init's boot has loaded in the end, by `finit_module`, one after " \
        "the other in the order of their dependencies, with RCU expedited as iscsi-init has it, and then starts the same real init: no " \
        "network, no disk. User space to real init in instructions (`-icount shift=0`: a nanosecond each), median " \
        "(smallest–largest) of 3 boots.\n\n" % count
    text += table(["", "millions of instructions", "to the session", "× floor", "of that idle, ms"], [
        [name, spread([one["total"] for one in boots], 1), number(median([one.get("session") for one in boots]), 1),
         ratio(value[name], value[least]), number(median([one["idle"] for one in boots]))] for name, boots in counted.items()])
    text += "\n*to the session* has the modules, DHCP, the connection and the login in it; what is behind it is the kernel's scan, its " \
        "look at the disk and the mount.\n\n"
    total = {key: median([one["total"] for one in boots]) for key, boots in timed.items()}
    modules = {processors: median([one["phases"].get("modules") for one in timed.get((ours, processors), [])])
               for processors in PROCESSORS}
    text += "With more processors (milliseconds in the guest, without counting; median (smallest–largest) of %d boots in turns; this " \
        "machine has %d for all of them). iscsi-init loads modules in two processes beside the boot, the floor in one. Each emulated " \
        "processor is a thread of this machine: where these wait for their turn, more of them make the floor slower, too, and what two " \
        "loaders gain is not to be seen: compare a line with the floor beside it.\n\n" % (FLOOR_BOOTS, os.cpu_count())
    text += table(["processors", "floor", "iscsi-init, user space to real init", "all modules there", "× one processor: floor",
                   "iscsi-init", "modules"], [
        [processors] + [spread([one["total"] for one in timed.get((name, processors), [])]) for name in (least, ours)] +
        [number(modules[processors])] +
        [ratio(total.get((name, processors)), total.get((name, 1))) for name in (least, ours)] +
        [ratio(modules[processors], modules[1])] for processors in PROCESSORS])
    write_tsv("floor.tsv", ["candidate", "processors", "counted", "total_ms", "session_ms", "modules_ms"], [
        [name, processors, how, number(one["total"], 3), number(one.get("session"), 3), one["phases"].get("modules", "-")]
        for how, taken in (("yes", {(name, 1): boots for name, boots in counted.items()}), ("no", timed))
        for (name, processors), boots in taken.items() for one in boots])
    bench.page("floor", "The floor, and more processors", "FLOOR_BOOTS=%d" % FLOOR_BOOTS, text)


# ---- grid: sessions with LUNs


def grid(bench, counts):
    disk = bench.lab.disk()
    rows = []
    for sessions in counts:
        link = Link(bench.rig)
        target = Targets(bench.rig, link, disk, sessions, GRID_LUNS, threads=1)
        found = bench.boot(bench.many(sessions), link, disk, sessions, sessions * GRID_LUNS, seconds=580)
        target.kill()
        link.process.kill()
        if found:
            rows.append((sessions, found))
    write_tsv("grid.tsv", ["sessions", "luns", "disks_found", "total_ms", "user_ms", "busy_since_power_on_ms", "idle_since_power_on_ms"], [
        [sessions, GRID_LUNS, found["disks"], number(found["total"], 3), number(found["user"]), found["busy"], found["idle"]]
        for sessions, found in rows])
    text = "User space to real init, all disks there: milliseconds in the guest, one boot each. *more* is what each disk took that the line " \
        "before did not have: where it does not grow, growth is linear. Hardly any of it is idle, and what user space has of it is small: " \
        "it is the kernel's work for that many disks on an emulated CPU, and slower where this machine is busy.\n\n"
    text += table(["sessions × LUNs", "disks", "ms", "for each disk, ms", "more, ms", "idle, ms", "user space's CPU, ms"], [
        ["%d × %d" % (sessions, GRID_LUNS), found["disks"], number(found["total"]), number(found["total"] / found["disks"], 1),
         number((found["total"] - before["total"]) / (found["disks"] - before["disks"]), 1) if before else "-",
         number(found["idle"]), number(found["user"])] for (sessions, found), before in zip(rows, [None] + [row[1] for row in rows])])
    bench.page("grid", "Sessions with LUNs", "SESSIONS=%s GRID_LUNS=%d" % (",".join(map(str, counts)), GRID_LUNS), text)


# ---- logins: a thousand at once, real ones


def logins(bench):
    import driver  # pylint: disable=import-outside-toplevel
    import logins as storms  # pylint: disable=import-outside-toplevel
    library = storms.Libiscsi()
    programs = {"iscsi-init": (driver.Driver(bench.rig.folder, "crowd", fast=True).path, None),
                "libiscsi": (library.build(bench.rig.folder), library.environment)}
    taken = {}
    for name in ("tgtd", "LIO"):
        def told(which, figures, _said):
            taken.setdefault((name, which), []).append(figures)  # noqa: B023
        wrong = storms.Logins(bench.rig, bench.kernel, programs).storm(name, LOGIN_ROUNDS, told)
        bench.rig.ok(wrong["failed"] == 20, name + ": a wrong password lets nobody in")
    bench.missed += ["iscsi-init (login to %s)" % name for (name, which), rounds in taken.items()
                     for figures in rounds if which == "iscsi-init" and figures["done"] != storms.COUNT]
    names = ("done", "attempts", "p50_ms", "p99_ms", "last_ms", "cpu_ms")
    write_tsv("logins.tsv", ["target", "initiator", *names], [
        [*key] + [number(figures[name], 2 if name == "cpu_ms" else 0) for name in names]
        for key, rounds in taken.items() for figures in rounds])
    text = "%d initiators with CHAP log in in the same moment over TCP, each a name of its own: iscsi-init's attempts (connect, log in, " \
        "pause, again) beside libiscsi's (connect, log in, after a failure again in a second), in turns, %d rounds. tgtd is a process " \
        "of this machine, LIO the kernel of an emulated guest, so that its times are not to be held against tgtd's. Medians; CPU is the " \
        "target's (LIO: the whole guest's, emulated) for each machine.\n\n" % (storms.COUNT, LOGIN_ROUNDS)
    text += table(["target", "initiator", "logged in", "connections", "half, ms", "99 %, ms", "all, ms", "CPU, ms"], [
        [*key] + [number(median([figures[name] for figures in rounds]), 2 if name == "cpu_ms" else 0) for name in names]
        for key, rounds in taken.items()])
    text += "\ntgtd refuses a list of CHAP algorithms and breaks off: iscsi-init offers SHA3-256, SHA-256 and SHA-1 before MD5, and " \
        "needs a second connection for each; libiscsi offers MD5 alone.\n"
    bench.page("logins", "A thousand logins", "LOGIN_ROUNDS=%d" % LOGIN_ROUNDS, text)


# ---- recovery: from the target's listen() to the first completed read

ROOT_LOOP = """while :; do
	dd if=/dev/sda of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null && echo "IO done" >/dev/console
	usleep 50000
done &
"""


class LateTarget(Target):
    """All is set up before it listens where the initiators ask."""

    def listen(self):
        """Starts it; the moment in which it was told to listen."""
        asked, self.port = self.port, self.free_port()
        try:
            self.start()
        finally:
            self.port = asked
        begun = time.monotonic()
        self.admin("--mode", "portal", "--op", "new", "--param", "portal=%s:%d" % (self.address, asked))
        return begun


class Watched:
    """A machine whose root is a LUN of the target, and that reads from it all the time."""

    def __init__(self, bench, initrd, target, lun, words):
        self.guest = bench.rig.boot(bench.kernel, initrd, "loglevel=5 no_timer_check rw root=/dev/sda1 %s" % target.word(
            "lun=%d" % lun, *words), memory=256)

    def read_past(self):
        """Forgets what has come so far."""
        while self.guest.read_console(time.monotonic() + 0.001):
            pass
        self.guest.seen = len(self.guest.console)

    def reads(self):
        self.guest.read_console(time.monotonic() + 0.003)
        return re.compile("^IO done", re.M).search(self.guest.console, self.guest.seen)


def outage(target, machines, seconds):
    """Name -> seconds from the target's return to the first read; missing: none within a minute."""
    target.kill()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for machine in machines.values():
            machine.guest.read_console(time.monotonic() + 0.1)
    for machine in machines.values():
        machine.read_past()
    begun = target.listen()
    took = {}
    while len(took) < len(machines) and time.monotonic() < begun + 60:
        for name, machine in machines.items():
            if name not in took and machine.reads():
                took[name] = time.monotonic() - begun
    return took


def recovery_files(bench):
    from lab import programs  # pylint: disable=import-outside-toplevel
    files = programs("/sbin/iscsid", "/sbin/iscsiadm")
    with open("/etc/iscsi/iscsid.conf", encoding="utf-8") as file:
        files["/etc/iscsi/iscsid.conf"] = re.sub(r"(?m)^(node\.session\.timeo\.replacement_timeout) *=.*", r"\1 = -1", file.read())
    files["/etc/passwd"] = "root:x:0:0::/:/bin/sh\n"
    files["/loop.sh"] = ROOT_LOOP
    script = """stty -echo </dev/console
echo READY
while read -r line; do eval "$line"; done </dev/console
"""
    return script, files


def recovery(bench):
    script, files = recovery_files(bench)
    machines, names = {}, {}
    disks = {}
    for lun, name in enumerate(("iscsi-init", "iscsid"), 1):
        names[name] = "iqn.2026-01.test.rig:" + name
        disks[lun] = bench.rig.disk(script=script, size=96 << 20, files=dict(files, **{
            "/etc/iscsi/initiatorname.iscsi": "InitiatorName=%s\n" % names[name]}))
    target = LateTarget(bench.rig, disks, name=TARGET_NAME)
    initrd = bench.rig.initrd(bench.kernel)
    for lun, name in enumerate(names, 1):
        machines[name] = Watched(bench, initrd, target, lun, ["initiator=" + names[name]])
    for machine in machines.values():
        if not machine.guest.expect("^READY", 120):
            bench.missed.append("iscsi-init (recovery)")
            return
    machines["iscsid"].guest.send("mkdir -p /run/lock/iscsi; iscsid\n")
    parked = machines["iscsid"].guest.expect("event=parked", 60)
    bench.rig.ok(parked, "iscsid looks after the second machine's session")
    for machine in machines.values():
        machine.guest.send(". /loop.sh\n")
        machine.guest.expect("^IO done", 30)
    taken = {}
    for seconds, times in OUTAGES.items():
        for _ in range(times):
            time.sleep(7)  # a session that breaks within 5 s of its login is not taken up at once
            took = outage(target, machines, seconds + random.random())
            print("away for %d s: %s" % (seconds, took), file=sys.stderr, flush=True)
            for name in machines:
                taken.setdefault((seconds, name), []).append(took.get(name))
    report_recovery(bench, taken)


def report_recovery(bench, taken):
    missing = [key for key, times in taken.items() if None in times]
    bench.rig.ok(not missing, "each machine read again after each outage", str(missing))
    write_tsv("recovery.tsv", ["away_s", "initiator", "ms..."], [
        [seconds, name] + [number(time and time * 1000) for time in times] for (seconds, name), times in taken.items()])
    text = "Two machines with their roots on two LUNs of one tgtd; one session is repaired by iscsi-init, the other by Debian's iscsid with " \
        "Debian's iscsid.conf (but for replacement_timeout, so that it holds its I/O). tgtd is killed under both and started " \
        "again; it listens when all is set up. Milliseconds from its listen() to the first direct read of each that is complete, seen " \
        "on the machine's console; each reads every 50 ms. An outage is up to a second longer than said. iscsid asks at steps of its own " \
        "that do not grow, so that its time depends on where in a step the return falls: a few outages show little of that.\n\n"
    rows = []
    for seconds, times in OUTAGES.items():
        ours, theirs = ([time * 1000 for time in taken[seconds, name] if time] for name in ("iscsi-init", "iscsid"))
        if ours and theirs:
            rows.append([seconds, times, number(median(ours)), number(max(ours)), number(median(theirs)), number(max(theirs)),
                         ratio(median(ours), median(theirs)), ratio(max(ours), max(theirs))])
    text += table(["away, s", "times", "iscsi-init: median, ms", "worst", "iscsid: median, ms", "worst", "median to median",
                   "worst to worst"], rows)
    bench.page("recovery", "Recovery after a target's restart",
               "OUTAGES=" + ",".join("%dx%d" % (times, seconds) for seconds, times in OUTAGES.items()), text)
