#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long does a recovery take beside the fork bomb of a user without rights, from the moment when the target is there again? In one
boot: on the idle machine; while no process at all can be begun, not even by root; beside as many processes as the user may have; and
the same with the resident process's priority taken away, which shows what that is worth. The portal has a name. A writer runs all the
time, and in the end each of its bytes is there.

PROCESSES=1000: a larger bomb. KERNEL=6.1-cloud-amd64: another kernel."""

import hashlib
import os
import re
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from bomb import SustainedBomb  # noqa: E402
from lab import Lab, programs  # noqa: E402
from rig import Kernel, Rig, Target, newc_archive  # noqa: E402

PROCESSES = int(os.environ.get("PROCESSES") or 200)
TIMES = int(os.environ.get("TIMES") or 3)
PAGES = 64  # of memory, each process's own
OUTAGE = 2  # seconds
PATIENCE = 120
# More than on the idle machine: four attempts that fail, each with its pause (session/attempt.c: CONNECT_MS, PAUSE_SHORT_MS).
LONGER = 4 * (1.9 + 0.9)
FIRST_PID = 300  # the kernel's: where it begins again (RESERVED_PIDS)
HOSTS = b"10.0.2.2 portal.example\n"
POLICY = "for p in $(resident); do /usr/bin/chrt -p $p; done"
ORDINARY = "for p in $(resident); do /usr/bin/chrt -o -p 0 $p; renice -n 0 -p $p; done"
COUNT = "set -- /proc/[0-9]*; echo $#"


class Named(Target):
    def portal(self):
        return "portal.example:%d" % self.port


def outage(lab):
    """Seconds from the target's start to the session's return; None: not in time."""
    lab.lasts()
    lab.target.kill()
    if not lab.guest.expect("event=lost", PATIENCE):
        return None
    time.sleep(OUTAGE)
    lab.target.start()
    begun = time.monotonic()
    if not lab.guest.expect("event=back", PATIENCE):
        return None
    lab.since = time.monotonic()
    return lab.since - begun


def outages(rig, lab, name):
    """The longest of some."""
    took = []
    while len(took) < TIMES and None not in took:
        took.append(outage(lab))
    rig.note("%s: back after %s" % (name, ", ".join("NEVER" if t is None else "%.1f s" % t for t in took)))
    return PATIENCE if None in took else max(took)


def beside_bomb(rig, lab, name):
    bomb = SustainedBomb(lab, PATIENCE)
    bomb.explode(TIMES, (TIMES + 1) * PATIENCE, PROCESSES, PAGES)
    longest = outages(rig, lab, name)
    went = bomb.ended()
    rig.note("meanwhile %(least)d to %(most)d processes, %(begun)d begun in %(in_ms)d ms; root was refused %(refused)d of %(looks)d" % went)
    return longest, went


def content(n):
    """What test/boot/bomb.c writes into its n-th file."""
    out = b""
    for block in range(16):
        x, words = (n << 8 | block) + 1, [n, block]
        for _ in range(510):
            x ^= x << 13 & (1 << 64) - 1
            x ^= x >> 7
            x ^= x << 17 & (1 << 64) - 1
            words.append(x)
        out += struct.pack("<512Q", *words)
    return out


def verify(rig, lab):
    rig.check(lab.guest, lab.wrote(4), "files are written again")
    end = lab.saw("touch /run/stop-writing", r"^WRITER-ENDS (\d+)", PATIENCE)
    total = int(end.group(1)) if end else 0
    expected = [content(max(n for n in range(i, total, 16))) for i in range(16)] if total > 16 else []
    read = lab.shell("echo 3 >/proc/sys/vm/drop_caches; cat /w/* | md5sum", PATIENCE) or ""
    rig.ok(expected and read[:32] == hashlib.md5(b"".join(expected)).hexdigest(), "%d files were written, and are right" % total, read)
    rig.ok("WRITE-ERROR" not in lab.guest.console and lab.shell("errors") == "", "nobody saw an error")
    lab.guest.send("sync; echo o >/proc/sysrq-trigger\n")
    rig.check(lab.guest, lab.guest.wait(60), "the machine ends")
    rig.ok(expected and all(lab.disk.read_bytes("/w/%02d" % i) == expected[i] for i in range(16)), "the image holds the same bytes")


with Rig() as rig:
    kernel = Kernel(os.environ.get("KERNEL") or "6.12-cloud-amd64")
    lab = Lab(rig, kernel, rig.joined(rig.initrd(kernel), newc_archive({"etc": None, "etc/hosts": HOSTS})), memory=384,
              files=dict(SustainedBomb.files(rig), **programs("/usr/bin/chrt")), target=lambda disk: Named(rig, {1: disk}))
    policy = lab.shell(POLICY) or ""
    rig.ok(re.search("SCHED_FIFO.*\n.*priority: 1", policy), "the resident process has the lowest real-time priority", policy)
    lab.saw("bomb write >/dev/console 2>&1 &", "^WROTE 20$")
    before = int(lab.shell(COUNT))
    idle = outages(rig, lab, "on the idle machine")
    rig.check(lab.guest, idle < PATIENCE, "the idle machine has its session back")

    lab.shell("cat /proc/sys/kernel/pid_max >/run/pid_max; echo %d >/proc/sys/kernel/pid_max" % (FIRST_PID + PROCESSES // 4))
    longest, went = beside_bomb(rig, lab, "while no process can be begun")
    rig.ok(went["refused"] * 10 > went["looks"] * 9, "a bomb beside which root can begin no process")
    rig.check(lab.guest, longest < idle + LONGER, "the session comes back as soon as on the idle machine, but for %.1f s" % LONGER)
    lab.shell("cat /run/pid_max >/proc/sys/kernel/pid_max")

    longest, went = beside_bomb(rig, lab, "beside the bomb")
    rig.ok(went["least"] * 10 > PROCESSES * 9, "a bomb of %d processes at any time" % PROCESSES)
    rig.check(lab.guest, longest < idle + LONGER, "beside it, too")

    lab.shell(ORDINARY)
    beside_bomb(rig, lab, "beside the bomb, without the priority")
    after = int(lab.shell(COUNT) or 0)
    rig.ok(0 < after < before + 10, "when the bomb is gone, there are %d processes; before it there were %d" % (after, before))
    verify(rig, lab)
