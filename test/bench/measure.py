# SPDX-License-Identifier: MIT
"""The measured boot: links, targets of any size, and what a boot tells.

The guest's root runs root.c as its init; before every candidate's own first program runs start.c.
"""

import contextlib
import ctypes
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "boot"))
from rig import MIB, TOP, Process, cached, digest_of, newc_archive, run  # noqa: E402

PREFIX = "iqn.2026-01.test.rig:t"  # targets are PREFIX1, PREFIX2...
CLONE_NEWNET = 0x40000000
# Marks in the kernel's own log, the same for every candidate; each phase ends with its mark.
MARKS = (
    ("session", r"scsi host\d+: iSCSI Initiator"),  # user space's part: modules, network; then connect and login
    ("lun", r"scsi \d+:0:0:1: Direct-Access"),
    ("disk", r"sd .*Attached SCSI disk"),
    ("mount", r"EXT4-fs \(sda1\): mounted"),
)


def program(name):
    """One of our three C programs, built once. Static ones need no file of the root that they stand in."""
    source = os.path.join(HERE, name + ".c")
    compiler = os.path.join(TOP, "build", "x86_64", "libs", "bin", "musl-gcc")
    static = [compiler, "-static", "-s"] if name != "delay" else ["gcc"]
    return cached(digest_of(source), "." + name, lambda path: run(
        *static, "-std=gnu11", "-D_GNU_SOURCE", "-Os", "-o", path, source))


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Link:
    """A network namespace of its own for one guest and one target; it goes when its process goes.

    milliseconds None: QEMU's user network, with its DHCP server, and connections answered at once.
    bare: a tap, for throughput. Else a wire with that round-trip time.
    """

    target, port, guest_socket = "10.9.0.1", 3260, None

    def __init__(self, rig, milliseconds=None, bare=False):
        command = [program("delay"), self.target]
        self.dhcp = milliseconds is None and not bare
        self.guest = "10.9.0.2"
        if self.dhcp:
            netdev = "user,id=n0,net=10.0.2.0/24"
        elif bare:
            netdev = "tap,id=n0,ifname=bench0,script=no,downscript=no"
        else:
            self.guest_socket, relay = rig.path("guest", ".sock"), rig.path("relay", ".sock")
            command += [self.guest_socket, relay, str(int(milliseconds * 1000))]
            netdev = "dgram,id=n0,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s" % (
                self.guest_socket, relay)
        self.options = ["-netdev", netdev, "-device", "virtio-net-pci,netdev=n0,romfile="]
        read_end, write_end = os.pipe()
        self.process = Process(command, write_end)
        rig.processes.append(self.process)
        os.close(write_end)
        with os.fdopen(read_end) as said:
            line = said.readline()
        if line != "ready\n":
            raise RuntimeError("no network of our own: " + line)

    @contextlib.contextmanager
    def inside(self):
        """What is started in here is in this network."""
        if self.guest_socket and os.path.exists(self.guest_socket):
            os.unlink(self.guest_socket)  # the last guest's
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as own, open("/proc/%d/ns/net" % self.process.popen.pid) as other:
            if libc.setns(other.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(own.fileno(), CLONE_NEWNET)


class Targets:
    """One tgtd with some targets; the first one's LUN 1 is the root disk, all others are small blank disks."""

    def __init__(self, rig, link, disk, targets=1, luns=1, second=None, threads=16):
        self.environment = dict(os.environ, TGT_IPC_SOCKET=rig.path("tgt", ""))
        self.link = link
        blank = rig.path("blank", ".img")
        with open(blank, "wb") as file:
            file.truncate(8 * MIB)
        with link.inside(), open(rig.path("tgtd", ".log"), "wb") as log:
            self.process = Process(["tgtd", "-f", "-C", "0", "-t", str(threads), "--iscsi",
                                    "portal=%s:%d" % (link.target, link.port)], log, env=self.environment)
            rig.processes.append(self.process)
            self.wait()
        for number in range(1, targets + 1):
            self.admin("target", "new", "--tid", number, "--targetname", PREFIX + str(number))
            for lun in range(1, luns + 1):
                image = disk.path if (number, lun) == (1, 1) else second if second and lun == 2 else blank
                self.admin("logicalunit", "new", "--tid", number, "--lun", lun, "--backing-store", image)
            self.admin("target", "bind", "--tid", number, "--initiator-address", "ALL")

    def admin(self, mode, operation, *more):
        return run("tgtadm", "--lld", "iscsi", "--mode", mode, "--op", operation, *map(str, more), env=self.environment)

    def wait(self):
        """Until it listens: tgtadm answers then. tgtd tells nobody, so this asks again."""
        deadline = time.monotonic() + 10
        while True:
            try:
                if ":%d" % self.link.port in self.admin("portal", "show"):
                    return
            except RuntimeError:
                pass
            if not self.process.running() or time.monotonic() > deadline:
                raise RuntimeError("tgtd does not start")

    def kill(self):
        self.process.kill()


class Lab:
    """Boots candidates and reads what their root's init tells."""

    def __init__(self, rig, kernel):
        self.rig, self.kernel = rig, kernel
        self.start = newc_archive({"bench-start": contents(program("start"))})
        self.images = {}

    def disk(self, **options):
        files = {"/sbin/init": contents(program("root")), "/etc/os-release": "ID=bench\n"}
        files.update(options.pop("files", {}))
        return self.rig.disk(files=files, **options)

    def image(self, peer):
        if peer not in self.images:  # not by its name: the same candidate with other words has another image
            self.images[peer] = self.rig.joined(peer.image(), self.start)
        return self.images[peer]

    def boot(self, peer, link, disk, targets=1, disks=1, more="", seconds=120, **options):
        """One boot: a dictionary of figures, or None with a note when the candidate did not come to its root."""
        words = "quiet log_buf_len=8M rdinit=/bench-start %s %s" % (peer.words(link, disk, targets, disks), more)
        with link.inside():
            guest = self.rig.boot(self.kernel, self.image(peer), words, memory=1024, network=link.options, **options)
        ended = guest.wait(seconds)
        if not ended or "bench: done" not in guest.console:
            self.rig.note("%s: no boot within %d s, or no end to it" % (peer.name, seconds))
            self.rig.show_console(guest)
            return None
        figures = self.figures(guest.console)
        figures["console"], figures["capture"] = guest.console, guest.capture
        return figures

    @staticmethod
    def figures(console):
        """Times in milliseconds since the first instruction of user space."""
        found = re.findall(r"^bench: (\w+) (.*)$", console, re.M)
        said = {}
        for word, rest in found:
            said.setdefault(word, []).append(rest)
        log = [(int(stamp), text) for stamp, text in re.findall(r"^bench: log (\d+) (.*)$", console, re.M)]
        begin = next(stamp for stamp, text in log if text.startswith("bench: start"))
        started = int(next(text for _, text in log if text.startswith("bench: start")).split()[2])
        out = {"total": (int(said["init"][0]) - started) / 1000}
        before = 0
        for name, pattern in MARKS:
            stamps = [stamp for stamp, text in log if re.match(pattern, text)]
            if stamps:  # some mount their root twice: the last one counts
                out[name] = ((stamps[-1] if name == "mount" else stamps[0]) - begin) / 1000 - before
                before += out[name]
        out["handover"] = out["total"] - before
        out["kernel"] = started / 1000
        own, children = map(int, said["cpu"][0].split())
        peaks = list(map(int, said["peak"][0].split()))
        survivors = [line.split(None, 2) for line in said.get("survivor", [])]
        out["user"] = (own + children + sum(int(line[0]) for line in survivors)) / 1000
        out["peak"] = max(peaks + [int(line[1]) for line in survivors])
        # /proc/stat: user, nice, system, idle, iowait, irq, softirq, in ticks of 10 ms since the kernel's start
        ticks = [int(word) * 10 for word in said["stat"][0].split()[1:8]]
        out["busy"], out["idle"] = sum(ticks) - sum(ticks[3:5]), sum(ticks[3:5])
        out["sessions"], out["disks"] = map(int, said["found"][0].split())
        out["phases"] = {line.split()[0]: int(line.split()[1]) for line in said.get("phase", [])}
        calls = re.search(r"^bench: calls +Hits: (\d+)", console, re.M)
        out["calls"] = int(calls.group(1)) if calls else 0
        naps = re.findall(r"^bench: naps \{ id: +(\d+) .*hitcount: +(\d+) +lat: +(\d+)", console, re.M)
        out["naps"] = {int(call): (int(count), int(us) / 1000) for call, count, us in naps}
        return out
