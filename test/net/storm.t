#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thousand machines log in to one tgtd in the same moment, with CHAP, over loopback: the product's own attempts (connect,
log in, pause, try again). Once while it is there; once while it is stopped for two seconds; once while it is killed and
comes back."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot"), os.path.join(HERE, "..", "target")]
from driver import Driver  # noqa: E402
from rig import TARGET_NAME, Disk, Rig, Target  # noqa: E402

COUNT = 1000
USER, PASSWORD = "inuser", "insecret1234"
FIGURES = ("done", "failed", "attempts", "p50_ms", "p99_ms", "last_ms")


def crowd(rig, driver, target, count=COUNT, password=PASSWORD):
    """Figure -> value, and what was said of attempts that failed."""
    done = subprocess.run([driver.path, str(count), TARGET_NAME, USER, password, "127.0.0.1", str(target.port)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180, check=False)
    words = done.stdout.decode().split()
    if done.returncode or words[::2] != list(FIGURES):
        rig.ok(False, "the crowd came to an end", "%d\n%s%s" % (done.returncode, done.stdout, done.stderr[-2000:]))
        sys.exit(1)
    return dict(zip(FIGURES, map(int, words[1::2]))), done.stderr.decode()


def port_of_no_client():
    """A thousand clients would sooner or later be given a port of the usual kind, while the target is down."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        return int(file.read().split()[0]) - 1 - os.getpid() % 1000


def cpu_s(target):
    with open("/proc/%d/stat" % target.process.popen.pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def judge(rig, figures, said, name, p99_ms):
    rig.ok(figures["done"] == COUNT and figures["failed"] == 0, "%s: all %d are logged in" % (name, COUNT), "%s\n%s" % (
        figures, said[-2000:]))
    rig.ok(figures["p99_ms"] <= p99_ms, "%s: 99 %% of them within %d s" % (name, p99_ms // 1000), str(figures))
    rig.note("%s: half of them in %d ms, 99 %% in %d ms, all in %d ms, %d attempts" % (
        name, figures["p50_ms"], figures["p99_ms"], figures["last_ms"], figures["attempts"]))


with Rig() as test:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    program = Driver(test.folder, "crowd")
    path = test.path("disk", ".img")
    with open(path, "wb") as image:
        image.truncate(1 << 20)
    portal = Target(test, {1: Disk(path)}, accounts=[(USER, PASSWORD)], start=False)
    portal.port = port_of_no_client()
    portal.start()

    before = cpu_s(portal)
    taken, text = crowd(test, program, portal)
    judge(test, taken, text, "a thousand at once", 10000)
    # tgt refuses the list of algorithms, and takes MD5 alone
    test.ok(taken["attempts"] == 2 * COUNT, "and each with its second connection", "%s\n%s" % (taken, text[-2000:]))
    used = cpu_s(portal) - before
    test.note("the target's CPU: %.2f s, %.2f ms for each login" % (used, used * 1000 / COUNT))

    wrong, text = crowd(test, program, portal, count=20, password="wrongsecret12")
    test.ok(wrong["done"] == 0 and wrong["failed"] == 20, "a wrong password lets nobody in", str(wrong))

    portal.process.popen.send_signal(signal.SIGSTOP)
    threading.Timer(2, portal.process.popen.send_signal, (signal.SIGCONT,)).start()
    judge(test, *crowd(test, program, portal), "a target that hangs for 2 s", 15000)

    # whoever starts the target has to live as long as it does: the crowd is a thread's
    portal.kill()
    told = []
    beside = threading.Thread(target=lambda: told.extend(crowd(test, program, portal)))
    beside.start()
    time.sleep(3)
    portal.start()
    beside.join()
    judge(test, *told, "a target that starts after 3 s", 15000)
