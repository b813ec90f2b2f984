# SPDX-License-Identifier: MIT
"""A thousand logins with CHAP in the same moment, to tgtd and to the kernel's LIO in a guest: the product's attempts (crowd.c)
beside libiscsi's (peer_crowd.c). Figures for test/bench; test/full/logins.t says what must hold."""

import importlib.util
import os
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("boot", "bench")] + [HERE]
from lio import Lio  # noqa: E402
from measure import Link  # noqa: E402
from rig import MIB, TARGET_NAME, Disk, NamespaceTarget, run  # noqa: E402

COUNT = 1000
USER, PASSWORD = "inuser", "insecret1234"
FIGURES = ("done", "failed", "attempts", "p50_ms", "p99_ms", "last_ms")
LIO_SCRIPT = "target %s; open; account %s %s; enable" % (TARGET_NAME, USER, PASSWORD)
RETAIN_SECONDS = 22  # LIO keeps a session that broke for DefaultTime2Retain, 20 s


class Libiscsi:
    """libiscsi's headers and library, unpacked beside the system, and peer_crowd.c with it."""

    def __init__(self):
        found = importlib.util.spec_from_file_location("net_lab", os.path.join(HERE, "..", "net", "lab.py"))
        module = importlib.util.module_from_spec(found)  # not the lab.py of boot/
        found.loader.exec_module(module)
        packages = module.Packages("libiscsi-dev")
        self.folder, self.environment = packages.folder, packages.environment

    def build(self, folder):
        path = os.path.join(folder, "peer_crowd")
        libraries = self.environment["LD_LIBRARY_PATH"].split(":")
        run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-I%s/usr/include" % self.folder, "-o", path,
            os.path.join(HERE, "peer_crowd.c"), *["-L" + name for name in libraries], *["-Wl,-rpath-link=" + name for name in libraries],
            "-l:libiscsi.so.7")
        return path


class Tgtd(NamespaceTarget):
    """In the link's namespace, at its own end of it."""

    def __init__(self, rig, link, disk):
        self.link = link
        super().__init__(rig, {1: disk}, None, link.target, accounts=[(USER, PASSWORD)])

    @staticmethod
    def free_port():
        return 3260

    def try_start(self):
        with self.link.inside():
            return super(NamespaceTarget, self).try_start()  # pylint: disable=bad-super-call


def cpu_s(pid):
    """Of a process with all its threads: a target's, or the whole machine's that emulates it."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Logins:
    """The programs, the link, and one target at a time."""

    def __init__(self, rig, kernel, programs):
        """programs: name -> (path, environment)."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        self.rig, self.kernel, self.programs = rig, kernel, programs
        path = rig.path("disk", ".img")
        with open(path, "wb") as image:
            image.truncate(MIB)
        self.disk = Disk(path)

    def start(self, name):
        """The process id of whose CPU is counted, and the address."""
        link = Link(self.rig, bare=True)
        if name == "tgtd":
            target = Tgtd(self.rig, link, self.disk)
            return link, link.target, target.process, 0
        with link.inside():
            lio = Lio(self.rig, self.kernel, [self.disk], LIO_SCRIPT, network=link.options, address=link.guest, memory=2048)
        return link, link.guest, lio.guest.process, RETAIN_SECONDS

    def crowd(self, link, address, program, count=COUNT, password=PASSWORD):
        """Figure -> value, and what was said of attempts that failed."""
        path, environment = self.programs[program]
        with link.inside():
            done = subprocess.run([path, str(count), TARGET_NAME, USER, password, address, "3260"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240, check=False, env=environment)
        words = done.stdout.decode().split()
        if done.returncode or words[::2] != list(FIGURES):
            raise RuntimeError("the crowd has no end: %d\n%s%s" % (done.returncode, done.stdout, done.stderr[-2000:]))
        return dict(zip(FIGURES, map(int, words[1::2]))), done.stderr.decode()

    def storm(self, name, rounds, told):
        """told(program, figures, said) for each crowd, in turns; the figures with the target's CPU."""
        link, address, process, pause = self.start(name)
        for number in range(rounds):
            order = list(self.programs)
            for program in order[number % len(order):] + order[:number % len(order)]:
                before = cpu_s(process.popen.pid)
                figures, said = self.crowd(link, address, program)
                figures["cpu_ms"] = (cpu_s(process.popen.pid) - before) * 1000 / COUNT
                told(program, figures, said)
                time.sleep(pause)
        wrong = self.crowd(link, address, list(self.programs)[0], count=20, password="wrongsecret12")[0]
        process.kill()
        link.process.kill()
        return wrong
